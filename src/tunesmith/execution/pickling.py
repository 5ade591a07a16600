"""Pickles objectives and jobs for another process, and says what is wrong when that cannot be done.

cloudpickle sends lambdas, closures and whatever is defined in `__main__` or a notebook by value, the rest by
naming its module. Here, modules that a new process could not import (loaded by path, by a test runner) are
sent by value as well.
"""

import functools
import importlib.machinery
import io
import os
import pickle
import sys
import types
from collections.abc import Callable, Iterator
from typing import Any, cast

import cloudpickle

from tunesmith.errors import ObjectiveError, message

PROBLEMS = (pickle.PicklingError, TypeError, AttributeError, ValueError, RecursionError, NotImplementedError)
"""What pickling raises for an object that it cannot take, our own or a library's."""


NO_FILE = "<dynamic-code>"  # what newer releases of cloudpickle put in place of a file's name


def dump(thing: Any) -> bytes:
    """Pickle something for a process that has the same sys.path."""
    stream = io.BytesIO()
    pickler = _Pickler(stream)
    try:
        pickler.dump(thing)
    finally:
        for module in pickler.by_value:
            cloudpickle.unregister_pickle_by_value(module)
    return stream.getvalue()


def dump_objective(objective: Callable[..., Any]) -> bytes:
    """Pickle an objective.

    Raises:
        ObjectiveError: It holds something that cannot be sent; the error names it.
    """
    try:
        return dump(objective)
    except PROBLEMS as error:
        raise ObjectiveError(
            message(
                f"the objective cannot be sent to a worker process, because of {culprit(objective)}: {error}",
                fix="Make or open it inside the objective, or run with workers=1 and without limits.",
            )
        ) from error


def dump_job(job: Any, config: dict[str, Any]) -> bytes:
    """Pickle a job.

    Raises:
        ObjectiveError: A value of its config cannot be sent; the error names the parameter.
    """
    try:
        return dump(job)
    except PROBLEMS as error:
        bad = [name for name, value in config.items() if not _can_be_sent(value)]
        raise ObjectiveError(
            message(
                f"the config cannot be sent to a worker process, because of the value of {bad[0]!r}: {error}"
                if bad
                else f"the config cannot be sent to a worker process: {error}",
                fix="Let the option be a name, and make the object from it inside the objective.",
            )
        ) from error


class _Pickler(cloudpickle.Pickler):  # type: ignore[misc]
    """cloudpickle's, with modules that cannot be imported sent by value."""

    def __init__(self, stream: io.BytesIO) -> None:
        super().__init__(stream, protocol=pickle.HIGHEST_PROTOCOL)
        self.by_value: list[types.ModuleType] = []
        self._known: set[str] = {"__main__", "builtins"}

    def reducer_override(self, obj: Any) -> Any:
        """Look at the module of every function and class before cloudpickle does."""
        if isinstance(obj, types.CodeType):
            return self._code(obj)
        if isinstance(obj, (types.FunctionType, type)):
            self._look_at(getattr(obj, "__module__", None))
        elif isinstance(obj, types.ModuleType):
            self._look_at(obj.__name__)
        return super().reducer_override(obj)

    def _code(self, code: types.CodeType) -> Any:
        # cloudpickle drops the name of the file, and a traceback without it shows no line of the user's.
        make, parts = self.dispatch_table[types.CodeType](code)
        return make, tuple(code.co_filename if part == NO_FILE else part for part in parts)

    def _look_at(self, name: str | None) -> None:
        if not isinstance(name, str) or name in self._known:
            return
        self._known.add(name)
        module = sys.modules.get(name)
        # Modules that are no file of Python code (parts of an extension) come with the one that makes them.
        file = getattr(module, "__file__", None)
        if isinstance(module, types.ModuleType) and str(file).endswith(".py") and not is_importable(name):
            cloudpickle.register_pickle_by_value(module)
            self.by_value.append(module)


def is_importable(name: str) -> bool:
    """Whether a new process with our sys.path could import a module; what is loaded here does not count.

    Example:
        >>> is_importable("json.decoder"), is_importable("no_such_module")
        (True, False)
    """
    ours = sys.modules.get(name)
    return _is_importable(name, getattr(ours, "__file__", None), tuple(getattr(ours, "__path__", ())))


@functools.cache  # asked for the same few modules with every job
def _is_importable(name: str, ours: str | None, folders: tuple[str, ...]) -> bool:
    if name in sys.builtin_module_names or name.partition(".")[0] in sys.stdlib_module_names:
        return True
    parent, _, _ = name.rpartition(".")
    path = None
    if parent:
        if not is_importable(parent):
            return False
        path = getattr(sys.modules.get(parent), "__path__", None)
        if path is None:
            return False
    spec = _find(name, path)
    if spec is None:
        return False
    # Another file or folder of the same name would run other code than ours.
    if ours is None:
        theirs = {os.path.realpath(folder) for folder in spec.submodule_search_locations or ()}
        return all(os.path.realpath(folder) in theirs for folder in folders)
    return spec.origin is None or os.path.realpath(spec.origin) == os.path.realpath(ours)


def _find(name: str, path: Any) -> importlib.machinery.ModuleSpec | None:
    for finder in sys.meta_path:
        find_spec = getattr(finder, "find_spec", None)
        spec = find_spec(name, path, None) if find_spec is not None else None
        if spec is not None:
            return cast(importlib.machinery.ModuleSpec, spec)
    return None


def _can_be_sent(thing: Any) -> bool:
    try:
        dump(thing)
    except PROBLEMS:
        return False
    return True


def culprit(thing: Any) -> str:
    """Name the innermost part of an object that cannot be pickled, and where it is."""
    place = _describe(thing)
    seen: set[int] = set()
    while id(thing) not in seen:
        seen.add(id(thing))
        for where, part in _parts(thing):
            if not _can_be_sent(part):
                place, thing = f"{where} ({_describe(part)})", part
                break
    return place


def _describe(thing: Any) -> str:
    kind = type(thing)
    name = getattr(thing, "__qualname__", None)
    return f"the {kind.__name__} {name}" if name else f"a {kind.__module__}.{kind.__qualname__}"


def _parts(thing: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(thing, types.MethodType):
        yield "the object of the method", thing.__self__
        return
    if isinstance(thing, types.FunctionType):
        for name, cell in zip(thing.__code__.co_freevars, thing.__closure__ or (), strict=True):
            try:
                yield f"the variable {name!r} of the enclosing function", cell.cell_contents
            except ValueError:  # not bound yet
                continue
        for name in thing.__code__.co_names:
            if name in thing.__globals__:
                yield f"the global variable {name!r}", thing.__globals__[name]
        for position, value in enumerate(thing.__defaults__ or ()):
            yield f"the default of argument {position}", value
    if hasattr(thing, "func") and hasattr(thing, "keywords"):  # functools.partial
        yield "the function of the partial", thing.func
        for position, value in enumerate(thing.args):
            yield f"the bound argument {position}", value
        for name, value in thing.keywords.items():
            yield f"the bound argument {name!r}", value
    if isinstance(thing, dict):
        yield from ((f"the item {key!r}", value) for key, value in thing.items())
    elif isinstance(thing, (list, tuple, set, frozenset)):
        yield from ((f"the item {i}", value) for i, value in enumerate(thing))
    elif not isinstance(thing, (type, types.ModuleType)):
        attributes = getattr(thing, "__dict__", {})
        yield from ((f"the attribute {name!r}", value) for name, value in attributes.items())
