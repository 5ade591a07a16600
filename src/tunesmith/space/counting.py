"""Counting and numbering the configs of a finite space or a grid without building them.

Configs are numbered like the figures of an odometer whose wheels may be missing: the last parameter turns
fastest, and an inactive parameter has no wheel. Only parents of conditions need to be walked value by value;
every other parameter multiplies.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tunesmith.errors import SpaceError, message
from tunesmith.space.conditions import Rule
from tunesmith.space.parameters import Parameter


class Counter:
    """Numbering of all configs over given levels.

    Args:
        parameters: Parameters by name, parents before children.
        rules: Conditions by name.
        levels: Values by name for a grid; a parameter without takes all its values.

    Raises:
        SpaceError: Levels for an unknown parameter, or none at all for a known one.

    Example:
        >>> from tunesmith.space import Choice, Int, Space
        >>> counter = Space(a=Choice(["x", "y"]), b=Int(1, 3, when={"a": "y"})).counter()
        >>> counter.total, counter.config(0), counter.config(3)
        (4, {'a': 'x'}, {'a': 'y', 'b': 3})
    """

    def __init__(
        self,
        parameters: Mapping[str, Parameter],
        rules: Mapping[str, Rule],
        levels: Mapping[str, Sequence[Any]],
    ) -> None:
        for name, values in levels.items():
            if name not in parameters or not len(values):
                raise SpaceError(
                    message(
                        "levels are given by parameter, one or more each",
                        allowed=", ".join(parameters),
                        given=f"{name}={values!r}",
                    )
                )
        self._items = list(parameters.items())
        self._rules = rules
        self._levels = {n: [parameters[n].check(v) for v in vs] for n, vs in levels.items()}
        self._last_use = {
            p: k for k, (n, _) in enumerate(self._items) if n in rules for p in rules[n].parents
        }
        self._memo: dict[tuple[Any, ...], int] = {}
        endless = [n for n, p in self._items if n not in levels and p.size is None]
        self.total: int | None = None if endless else self._count(0, {})

    def _size(self, k: int) -> int:
        name, parameter = self._items[k]
        return len(self._levels[name]) if name in self._levels else parameter.size or 0

    def _value(self, k: int, index: int) -> Any:
        name, parameter = self._items[k]
        return self._levels[name][index] if name in self._levels else parameter.value_at(index)

    def _count(self, k: int, parents: dict[str, int]) -> int:
        """Number of ways to fill parameters k and later, given the indices of the parents before."""
        product = 1
        while k < len(self._items):
            name = self._items[k][0]
            if name in self._last_use:
                return product * self._count_parent(k, parents)
            if self._is_active(k, parents):
                product *= self._size(k)
            k += 1
        return product

    def _count_parent(self, k: int, parents: dict[str, int]) -> int:
        live = {p: i for p, i in parents.items() if self._last_use[p] >= k}
        key = (k, *sorted(live.items()))
        if key not in self._memo:
            name = self._items[k][0]
            if self._is_active(k, live):
                ways = (self._count(k + 1, {**live, name: i}) for i in range(self._size(k)))
                self._memo[key] = sum(ways)
            else:
                self._memo[key] = self._count(k + 1, live)
        return self._memo[key]

    def _is_active(self, k: int, parents: Mapping[str, int]) -> bool:
        rule = self._rules.get(self._items[k][0])
        if rule is None:
            return True
        position = {n: j for j, (n, _) in enumerate(self._items)}
        return rule.holds({p: self._value(position[p], i) for p, i in parents.items() if p in rule.parents})

    def config(self, index: int) -> dict[str, Any]:
        """Config of a number in 0..total-1."""
        if self.total is None or not 0 <= index < self.total:
            raise IndexError(f"config number {index} of {self.total}")
        config: dict[str, Any] = {}
        parents: dict[str, int] = {}
        for k, (name, _) in enumerate(self._items):
            if not self._is_active(k, parents):
                continue
            if name in self._last_use:
                chosen, index = self._turn(k, parents, index)
                parents[name] = chosen
            else:
                chosen, index = divmod(index, self._count(k + 1, parents))
            config[name] = self._value(k, chosen)
        return config

    def _turn(self, k: int, parents: dict[str, int], index: int) -> tuple[int, int]:
        name = self._items[k][0]
        for i in range(self._size(k)):
            ways = self._count(k + 1, {**parents, name: i})
            if index < ways:
                return i, index
            index -= ways
        raise AssertionError("an index below the total always finds its config")

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """All configs in order of their numbers."""
        return (self.config(i) for i in range(self.total or 0))
