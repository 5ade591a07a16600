"""Counting and numbering the configs of a finite space or a grid without building them.

Configs are numbered like the figures of an odometer whose wheels may be missing: the last parameter turns
fastest, and an inactive parameter has no wheel. Only parents of conditions need to be looked at value by
value, and neighbouring values on which every condition agrees count as one *run*; every other parameter
multiplies.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from tunesmith.errors import SpaceError, message
from tunesmith.space.conditions import Rule
from tunesmith.space.labels import find_option
from tunesmith.space.parameters import Choice, Parameter

MAX_VALUES = 100_000  # of a parent; with more, a space counts as endless
MAX_STATES = 20_000  # of all parents together that a count may tell apart, likewise


class _TooMany(Exception):
    """There are more states of the parents than can be counted."""


class Counter:
    """Numbering of all configs over given levels.

    `total` is None when there is no end of configs, or when their conditions are too entangled to count.

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
        self._position = {name: k for k, name in enumerate(parameters)}
        self._rules = rules
        self._levels = {n: [parameters[n].check(v) for v in vs] for n, vs in levels.items()}
        self._last_use = {p: self._position[n] for n in parameters if n in rules for p in rules[n].parents}
        self._runs: dict[str, list[tuple[int, int]]] = {}
        self._memo: dict[tuple[Any, ...], int] = {}
        self.total: int | None = None
        self.total = self._total()

    def _total(self) -> int | None:
        if any(p.size is None for n, p in self._items if n not in self._levels):
            return None
        if any(self._size(self._position[p]) > MAX_VALUES for p in self._last_use):
            return None
        self._runs = {p: self._runs_of(p) for p in self._last_use}
        try:
            return self._count(0, {})
        except _TooMany:
            return None

    def _size(self, k: int) -> int:
        name, parameter = self._items[k]
        return len(self._levels[name]) if name in self._levels else parameter.size or 0

    def _value(self, k: int, index: int) -> Any:
        name, parameter = self._items[k]
        return self._levels[name][index] if name in self._levels else parameter.value_at(index)

    # -- runs: neighbouring values of a parent that no condition tells apart -------------------------------

    def _runs_of(self, name: str) -> list[tuple[int, int]]:
        """First index and length of each run."""
        k = self._position[name]
        reading = [rule for rule in self._rules.values() if name in rule.parents]
        alike = {_asks(rule, name, self._items[k][1]): rule for rule in reading}
        readers = list(alike.values())
        runs: list[tuple[int, int]] = []
        last: object = None
        for index in range(self._size(k)):
            seen = tuple(_seen_by(rule, name, self._value(k, index), index) for rule in readers)
            if runs and seen == last:
                runs[-1] = (runs[-1][0], runs[-1][1] + 1)
            else:
                runs.append((index, 1))
            last = seen
        return runs

    # -- counting ------------------------------------------------------------------------------------------

    def _count(self, k: int, parents: Mapping[str, int]) -> int:
        """Number of ways to fill parameters k and later, given the runs of the parents before."""
        live = {p: i for p, i in parents.items() if self._last_use[p] >= k}
        key = (k, *live.items())
        if key in self._memo:
            return self._memo[key]
        if (
            self.total is None and len(self._memo) > MAX_STATES
        ):  # numbering meets few states that counting did not
            raise _TooMany
        stop = k
        while stop < len(self._items) and self._items[stop][0] not in self._last_use:
            stop += 1
        ways = 1 if stop == len(self._items) else self._count_parent(stop, live)
        for j in range(stop - 1, k - 1, -1):
            if self._is_active(j, live):
                ways *= self._size(j)
            self._memo[(j, *((p, i) for p, i in live.items() if self._last_use[p] >= j))] = ways
        self._memo[key] = ways
        return ways

    def _count_parent(self, k: int, live: Mapping[str, int]) -> int:
        if not self._is_active(k, live):
            return self._count(k + 1, live)
        name = self._items[k][0]
        runs = self._runs[name]
        return sum(length * self._count(k + 1, {**live, name: start}) for start, length in runs)

    def _is_active(self, k: int, parents: Mapping[str, int]) -> bool:
        rule = self._rules.get(self._items[k][0])
        if rule is None:
            return True
        values = {p: self._value(self._position[p], parents[p]) for p in rule.parents if p in parents}
        return rule.holds(values)

    # -- numbering -----------------------------------------------------------------------------------------

    def config(self, index: int) -> dict[str, Any]:
        """Config of a number in 0..total-1."""
        return {self._items[k][0]: self._value(k, i) for k, i, _, _ in self._wheels(index)}

    def after(self, index: int, names: Collection[str]) -> int:
        """Number of the first config behind `index` that differs in a parameter of `names`, or in one before.

        Args:
            index: Number in 0..total-1.
            names: Parameters that are active in its config.

        Example:
            >>> from tunesmith.space import Int, Space
            >>> Space(a=Int(1, 2), b=Int(1, 5)).counter().after(1, ["a"])
            5
        """
        last = max(self._position[n] for n in names)
        for k, _, rest, ways in self._wheels(index):
            if k == last:
                return index - rest + ways
        raise AssertionError("a name that is not active in the config")

    def _wheels(self, index: int) -> Iterator[tuple[int, int, int, int]]:
        """Go through the active parameters of a config.

        Yields:
            Position of the parameter, index of its value, and of how many configs that begin like this one
            it is the how-manieth: (k, i, number, of).
        """
        if self.total is None or not 0 <= index < self.total:
            raise IndexError(f"config number {index} of {self.total}")
        parents: dict[str, int] = {}
        for k, (name, _) in enumerate(self._items):
            if not self._is_active(k, parents):
                continue
            for start, length in self._runs.get(name, [(0, self._size(k))]):
                inner = {**parents, name: start} if name in self._last_use else parents
                ways = self._count(k + 1, inner)
                if index < length * ways:
                    break
                index -= length * ways
            chosen, index = divmod(index, ways)
            parents = inner
            yield k, start + chosen, index, ways

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """All configs in order of their numbers."""
        return (self.config(i) for i in range(self.total or 0))


def _asks(rule: Rule, name: str, parent: Parameter) -> object:
    """What a condition asks of one parent; equal where two conditions ask the same."""
    if rule.expression is not None:
        return rule.expression.text
    values = [v for n, vs in rule.allowed if n == name for v in vs]
    return tuple(parent.index(v) if isinstance(parent, Choice) else v for v in values)


def _seen_by(rule: Rule, name: str, value: Any, index: int) -> object:
    """What a condition can tell about one parent's value; equal where it cannot tell two values apart."""
    if rule.expression is None:
        return all(find_option(vs, value) is not None for n, vs in rule.allowed if n == name)
    return rule.expression({name: value}) if len(rule.parents) == 1 else index
