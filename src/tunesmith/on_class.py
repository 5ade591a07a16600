"""Constructors by name, such as `Space.load`: called on an object they are refused, not quietly useless."""

import functools
from collections.abc import Callable
from typing import Any, NoReturn, ParamSpec, TypeVar

from tunesmith.errors import OptionError, message

P = ParamSpec("P")
R = TypeVar("R")


class _OnClass:
    """What `on_class` makes of a class method or static method."""

    def __init__(self, made: Any) -> None:
        self._made = made
        described: Any = self
        functools.update_wrapper(described, made)  # for whoever looks for docstrings

    def __get__(self, instance: object, owner: type) -> Callable[..., Any]:
        """The method on the class; on an object, what says so when it is called."""
        if instance is None:
            found: Callable[..., Any] = self._made.__get__(None, owner)
            return found
        name = f"{owner.__name__}.{self._made.__name__}"

        def refuse(*_args: object, **_options: object) -> NoReturn:
            wrong = f"{name} makes a new {owner.__name__}, and leaves the one that it is called on as it is"
            fix = f"Write {owner.__name__.lower()} = {name}(...)."
            raise OptionError(message(wrong, allowed="a call on the class", fix=fix))

        return refuse


def on_class(made: Callable[P, R]) -> Callable[P, R]:
    """Refuse a class method or static method that makes an object when it is called on an object.

    Example:
        >>> from tunesmith.space import Float, Space
        >>> Space(x=Float(0, 1)).from_dict({})  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        tunesmith.errors.OptionError: Space.from_dict makes a new Space, and leaves the one that ...
    """
    return _OnClass(made)  # type: ignore[return-value]
