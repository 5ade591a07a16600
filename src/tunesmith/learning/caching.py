"""What a method may keep by history to be faster. Nothing here changes what is proposed."""

from collections.abc import Callable
from typing import Any, Generic, TypeVar
from weakref import WeakKeyDictionary

from tunesmith.history import History

T = TypeVar("T")


class PerHistory(Generic[T]):
    """One value by history, dropped with it; a copied or unpickled one starts empty.

    Example:
        >>> from tunesmith.space import Int, Space
        >>> cache, history = PerHistory[list[int]](), History(Space(a=Int(1, 2)))
        >>> cache.get(history, list).append(1)
        >>> cache.get(history, list)
        [1]
    """

    def __init__(self) -> None:
        self._values: WeakKeyDictionary[History, T] = WeakKeyDictionary()

    def get(self, history: History, make: Callable[[], T], fits: Callable[[T], bool] | None = None) -> T:
        """Value of a history, made when there is none yet, or none that `fits`."""
        if history not in self._values or (fits is not None and not fits(self._values[history])):
            self._values[history] = make()
        return self._values[history]

    def put(self, history: History, value: T) -> None:
        """Keep another value for a history."""
        self._values[history] = value

    def __reduce__(self) -> tuple[Any, ...]:
        """Copies and pickles carry nothing."""
        return (type(self), ())
