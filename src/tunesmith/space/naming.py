"""The name under which a parameter is being defined, read from the caller's source, for its errors.

`Space(lr=Float(1, 0))` fails inside Float, before anything knows that it would have been "lr". Only when that
happens, the line is looked up, and the keyword, dict key or assignment that the call stands in is its name.
Where the source is not at hand, errors come without a name.
"""

import ast
import linecache
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import islice
from types import FrameType

from tunesmith.errors import SpaceError

# Parameters are defined in these; whoever calls them is the one who defines.
_INSIDE = ("tunesmith.space.ranges", "tunesmith.space.choice", "tunesmith.space.definition", __name__)
_NAME: ContextVar[str | None] = ContextVar("name of the parameter being made from a table", default=None)
_Position = tuple[int | None, int | None, int | None, int | None]


@contextmanager
def defining(name: str) -> Iterator[None]:
    """Say the name of what is defined within, where it is known."""
    token = _NAME.set(name)
    try:
        yield
    finally:
        _NAME.reset(token)


def named(error: SpaceError) -> SpaceError:
    """Put the name of the parameter being defined into its error: "Float: ..." becomes "Float 'lr': ..."."""
    return SpaceError(with_name(str(error), name_being_defined()))


def with_name(text: str, name: str | None) -> str:
    """Put a name behind the kind of parameter that a message begins with.

    Example:
        >>> with_name("Float: low is missing.", "lr")
        "Float 'lr': low is missing."
    """
    kind, colon, rest = text.partition(":")
    return f"{kind} {name!r}{colon}{rest}" if name is not None and kind.isidentifier() else text


def name_being_defined() -> str | None:
    """Name of the parameter whose definition is under way, or None where it cannot be told."""
    if _NAME.get() is not None:
        return _NAME.get()
    frame: FrameType | None = sys._getframe()
    while frame is not None and frame.f_globals.get("__name__") in _INSIDE:
        frame = frame.f_back
    return None if frame is None else _name_of_call(frame)


def _name_of_call(frame: FrameType) -> str | None:
    code = frame.f_code
    position = next(islice(code.co_positions(), frame.f_lasti // 2, None), None)
    source = "".join(linecache.getlines(code.co_filename, frame.f_globals))
    if position is None or None in position or not source:
        return None
    try:
        return _search(ast.parse(source), None, position)
    except (SyntaxError, ValueError, RecursionError):  # the file has changed, or is no plain Python
        return None


def _search(node: ast.AST, name: str | None, position: _Position) -> str | None:
    """Find the call at a position; `name` is what the node stands under."""
    if isinstance(node, ast.Call):
        if (node.lineno, node.end_lineno, node.col_offset, node.end_col_offset) == position:
            return name
        name = None
    for child, its_name in _children(node, name):
        found = _search(child, its_name, position)
        if found is not None:
            return found
    return None


def _children(node: ast.AST, name: str | None) -> list[tuple[ast.AST, str | None]]:
    if isinstance(node, ast.keyword):
        return [(node.value, node.arg)]
    if isinstance(node, ast.Dict):
        keys = [
            k.value if isinstance(k, ast.Constant) and isinstance(k.value, str) else None for k in node.keys
        ]
        return list(zip(node.values, keys, strict=True))
    if isinstance(node, ast.Assign) and len(node.targets) == 1:
        return [(node.value, _target(node.targets[0]))]
    if isinstance(node, (ast.AnnAssign, ast.NamedExpr)) and node.value is not None:
        return [(node.value, _target(node.target))]
    passed_on = name if isinstance(node, ast.IfExp) else None
    return [(child, passed_on) for child in ast.iter_child_nodes(node)]


def _target(node: ast.expr) -> str | None:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return node.attr
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
        return node.slice.value if isinstance(node.slice.value, str) else None
    return None
