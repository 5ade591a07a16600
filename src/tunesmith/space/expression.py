"""Safe expressions over parameter names: parsed to a tree of known nodes, never handed to `eval`.

Used by constraints ("layers * lr < 0.2") and by conditions ("layers >= 2"). A name that is no Python
identifier, or is a keyword, is written in backticks: "`lambda` < 1".
"""

import ast
import math
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from tunesmith.errors import SpaceError, message
from tunesmith.space.labels import to_tuple, unknown_name

Evaluate: TypeAlias = Callable[[Mapping[str, Any]], Any]

MAX_LENGTH = 2000  # characters
MAX_BITS = 10_000  # of an integer power; more is a slip of the pen, and could fill the memory

_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "abs": abs,
    "min": min,
    "max": max,
    "round": round,
    "len": len,
    "sum": sum,
    "sqrt": math.sqrt,
    "exp": math.exp,
    "log": math.log,
    "log2": math.log2,
    "log10": math.log10,
    "floor": math.floor,
    "ceil": math.ceil,
}


def _of_numbers(operate: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """Refuse texts and lists, which `*` and `%` could blow up to any size."""

    def checked(a: Any, b: Any) -> Any:
        if not (isinstance(a, (int, float)) and isinstance(b, (int, float))):
            raise TypeError("arithmetic is for numbers")
        return operate(a, b)

    return checked


def _power(base: Any, exponent: Any) -> Any:
    if isinstance(base, int) and isinstance(exponent, int) and base.bit_length() * exponent > MAX_BITS:
        raise OverflowError("the power is too large")
    return base**exponent


def _is(a: Any, b: Any) -> bool:
    return type(a) is type(b) and bool(a == b)


_BINARY: dict[type[ast.AST], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: _of_numbers(operator.mul),
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: _of_numbers(operator.mod),
    ast.Pow: _of_numbers(_power),
}
_UNARY: dict[type[ast.AST], Callable[[Any], Any]] = {
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
    ast.Not: operator.not_,
}
_COMPARE: dict[type[ast.AST], Callable[[Any, Any], Any]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Is: _is,
    ast.IsNot: lambda a, b: not _is(a, b),
    ast.In: lambda a, b: a in b,
    ast.NotIn: lambda a, b: a not in b,
}


@dataclass(frozen=True)
class Expression:
    """A parsed expression.

    Args:
        text: The expression as it was written.
        names: Parameters that it reads, in order of appearance.
        is_quantity: Whether it is a sum or the like, which neither holds nor fails.
    """

    text: str
    names: tuple[str, ...]
    _evaluate: Evaluate
    is_quantity: bool = False

    def __reduce__(self) -> tuple[Any, ...]:
        """Copies and pickles are parsed again: nested functions cannot be pickled."""
        return parse, (self.text, self.names)

    def __call__(self, config: Mapping[str, Any]) -> bool:
        """Tell whether the expression holds for a config in which all its names are active.

        Raises:
            SpaceError: The expression cannot be computed for these values.
        """
        return bool(self.value(config))

    def value(self, config: Mapping[str, Any]) -> Any:
        """Compute the expression, which may be a number or a text, for a config that has all its names.

        Raises:
            SpaceError: The expression cannot be computed for these values.
        """
        try:
            return self._evaluate(config)
        except (ArithmeticError, TypeError, ValueError) as error:
            values = {n: config[n] for n in self.names}
            raise SpaceError(
                message(f"{self.text!r} cannot be computed: {error}", given=repr(values))
            ) from error


def parse_test(text: str, known: Sequence[str]) -> Expression:
    """Parse an expression that holds or does not: arithmetic alone would hold for every number but 0.

    Raises:
        SpaceError: As for `parse`, or the expression is a quantity.

    Example:
        >>> parse_test("layers * lr", ["lr", "layers"])
        Traceback (most recent call last):
        ...
        tunesmith.errors.SpaceError: the expression is a quantity, which neither holds nor fails; given: \
'layers * lr'. Compare it: "layers * lr < 1".
    """
    made = parse(text, known)
    if made.is_quantity:
        wrong = "the expression is a quantity, which neither holds nor fails"
        raise SpaceError(message(wrong, given=repr(text), fix=f'Compare it: "{text} < 1".'))
    return made


def parse(text: str, known: Sequence[str]) -> Expression:
    """Parse an expression over parameter names.

    Args:
        text: Comparisons, arithmetic, `and`/`or`/`not`, `in`, `x if c else y`, numbers, strings, lists, and
            the functions abs, min, max, round, len, sum, sqrt, exp, log, log2, log10, floor, ceil.
        known: Names that may appear.

    Raises:
        SpaceError: The text is no expression, or uses an unknown name or anything not listed.

    Example:
        >>> parse("layers * lr < 0.2", ["lr", "layers"])({"layers": 3, "lr": 0.01})
        True
    """
    quoted: list[str] = []

    def hide(match: re.Match[str]) -> str:
        quoted.append(match.group(1))
        return f"__quoted_{len(quoted) - 1}__"

    if len(text) > MAX_LENGTH:
        raise SpaceError(
            message(
                "the expression is too long",
                allowed=f"up to {MAX_LENGTH:,} characters",
                given=f"{len(text):,}",
                fix="Give a function of the config.",
            )
        )
    source = re.sub(r"`([^`]+)`", hide, text).strip()
    builder = _Builder(text, known, quoted, source)
    try:
        tree = ast.parse(source, mode="eval")
        evaluate = builder.build(tree.body)
    except SpaceError as error:
        odd = next((name for name in known if name in source and not name.isidentifier()), None)
        if odd is None:
            raise
        raise SpaceError(f"{error} Put the name {odd} in backticks: `{odd}`.") from None
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:  # the last two: nested too deeply
        raise SpaceError(
            message(
                "this is no expression over parameters",
                given=repr(text),
                fix='Write for example "layers * lr < 0.2"; put odd names in backticks: "`lambda` < 1".',
            )
        ) from error
    is_quantity = isinstance(tree.body, (ast.BinOp, ast.Call)) or (
        isinstance(tree.body, ast.UnaryOp) and not isinstance(tree.body.op, ast.Not)
    )
    return Expression(text, tuple(builder.names), evaluate, is_quantity)


class _Builder:
    """Turns the tree of one expression into nested functions, refusing every node that is not listed."""

    def __init__(self, text: str, known: Sequence[str], quoted: list[str], source: str) -> None:
        self.text, self.known, self.quoted, self.source = text, known, quoted, source
        self.names: dict[str, None] = {}

    def build(self, node: ast.expr) -> Evaluate:
        maker = getattr(self, f"_{type(node).__name__.lower()}", None)
        if maker is None:
            raise self._refused(ast.unparse(node))
        made: Evaluate = maker(node)
        return made

    def _refused(self, what: str) -> SpaceError:
        return SpaceError(
            message(
                f"{what!r} is not allowed in an expression",
                given=repr(self.text),
                allowed="comparisons, arithmetic, and/or/not, in, if-else, and " + ", ".join(_FUNCTIONS),
                fix="Or give a function of the config.",
            )
        )

    def _constant(self, node: ast.Constant) -> Evaluate:
        value = node.value
        if not isinstance(value, (int, float, str, bool, type(None))):
            raise self._refused(repr(value))
        return lambda config: value

    def _name(self, node: ast.Name) -> Evaluate:
        name = ast.get_source_segment(self.source, node) or node.id  # as it is written: Python makes µ a mu
        if name.startswith("__quoted_"):
            name = self.quoted[int(name[len("__quoted_") : -2])]
        if name not in self.known:
            in_quotes = f"If it is text, write it in quotes: {name!r}."
            raise unknown_name(name, self.known, f"the expression {self.text!r}", or_else=in_quotes)
        self.names[name] = None

        def read(config: Mapping[str, Any]) -> Any:
            value = config[name]
            return to_tuple(value) if type(value) is list else value  # lists in expressions are tuples

        return read

    def _tuple(self, node: ast.Tuple | ast.List | ast.Set) -> Evaluate:
        parts = [self.build(e) for e in node.elts]
        return lambda config: tuple(p(config) for p in parts)

    _list = _set = _tuple

    def _boolop(self, node: ast.BoolOp) -> Evaluate:
        parts = [self.build(v) for v in node.values]
        if isinstance(node.op, ast.And):
            return lambda config: all(p(config) for p in parts)
        return lambda config: any(p(config) for p in parts)

    def _binop(self, node: ast.BinOp) -> Evaluate:
        if type(node.op) not in _BINARY:
            raise self._refused(ast.unparse(node))
        op, left, right = _BINARY[type(node.op)], self.build(node.left), self.build(node.right)
        return lambda config: op(left(config), right(config))

    def _unaryop(self, node: ast.UnaryOp) -> Evaluate:
        if type(node.op) not in _UNARY:
            raise self._refused(ast.unparse(node))
        op, operand = _UNARY[type(node.op)], self.build(node.operand)
        return lambda config: op(operand(config))

    def _compare(self, node: ast.Compare) -> Evaluate:
        parts = [self.build(node.left), *(self.build(c) for c in node.comparators)]
        ops = [_COMPARE[type(o)] for o in node.ops]

        def evaluate(config: Mapping[str, Any]) -> bool:
            left = parts[0](config)
            for op, part in zip(ops, parts[1:], strict=True):
                right = part(config)
                if not op(left, right):
                    return False
                left = right
            return True

        return evaluate

    def _ifexp(self, node: ast.IfExp) -> Evaluate:
        test, yes, no = self.build(node.test), self.build(node.body), self.build(node.orelse)
        return lambda config: yes(config) if test(config) else no(config)

    def _call(self, node: ast.Call) -> Evaluate:
        if not isinstance(node.func, ast.Name) or node.func.id not in _FUNCTIONS or node.keywords:
            raise self._refused(ast.unparse(node))
        function, parts = _FUNCTIONS[node.func.id], [self.build(a) for a in node.args]
        return lambda config: function(*(p(config) for p in parts))
