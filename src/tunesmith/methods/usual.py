"""Where people who know a model start: values by the names of the parameters, without any data.

A space with `eta`, `max_depth` and `subsample` is a search of XGBoost, and what its users start from is a far
better first config than the middle of every range. The values, and the names that go with them, are the table
`usual.toml`; a model is known when two of its parameters are there, one of them by a name that means nothing
else. Searches of several models, and names with a prefix such as `clf__`, are told apart.

What is not here: defaults that the user gives, which come before; rules that need the data (`rules`).
"""

import math
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any, TypeAlias

from tunesmith.space import Choice, Float, Int, Parameter, Space
from tunesmith.space.labels import UNSET
from tunesmith.space.parameters import nearest

ENOUGH = 2  # known parameters by which a model is known
NEAR = 4.0  # times that a usual value may be outside a range that ends short of it
EXACT = 0.1  # share by which a whole number may differ from it

_SEPARATOR = re.compile(r"__|[./:-]")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")  # of maxDepth
_NUMBER = re.compile(r"(_l?)?\d+$")  # of units_1, n_units_l0
Values: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Model:
    """One table of usual values.

    Args:
        title: What it is, for people.
        needs: Names of which one has to be there; empty for none.
        values: Usual value by every name of the parameter.
        ids: One name for all names of a parameter.
    """

    title: str
    needs: frozenset[str]
    values: Mapping[str, Any]
    ids: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Usual:
    """What is known of a space by its names.

    Args:
        values: Usual value of each known parameter; all fit the space.
        titles: What it is a search of, the best known first.
    """

    values: Values = field(default_factory=dict)
    titles: tuple[str, ...] = ()


def usual_values(space: Space) -> Usual:
    """Values to start from, of the parameters whose names are known.

    Args:
        space: The space; a parameter with a default is left out, as its user knows better.

    Example:
        >>> usual_values(Space(eta=Float(1e-3, 1, log=True), max_depth=Int(1, 15), x=Float(0, 1)))
        Usual(values={'eta': 0.1, 'max_depth': 6}, titles=('XGBoost',))
    """
    values: Values = {}
    titles: list[str] = []
    groups: dict[str, dict[str, str]] = {}
    for name in space.parameters:
        for prefix, word in _readings(name):
            groups.setdefault(prefix, {})[name] = word
    for words in sorted(groups.values(), key=len, reverse=True):
        left = {name: word for name, word in words.items() if name not in values}
        while found := _best_known(space, left):
            model, known = found
            values.update(known)
            titles.append(model.title)
            left = {name: word for name, word in left.items() if name not in known}
    given = [name for name, parameter in space.parameters.items() if parameter.has_default]
    return Usual({n: v for n, v in values.items() if n not in given}, tuple(dict.fromkeys(titles)))


def _readings(name: str) -> list[tuple[str, str]]:
    """Prefix and rest of a name, split at every place where it can be: clf__max_depth, svm.C, units_1."""
    parts = _SEPARATOR.split(_HUMP.sub("_", name).lower())
    made = []
    for at in range(len(parts)):
        word = "_".join(parts[at:])
        made.append(("/".join(parts[:at]), word if word in _words() else _NUMBER.sub("", word)))
    return made


def _best_known(space: Space, words: Mapping[str, str]) -> tuple[Model, Values] | None:
    """The model of which most parameters are there, with their values; None where none is known."""
    best: tuple[Model, Values] | None = None
    for model in _models():
        known = {}
        for name, word in words.items():
            if word in model.values:
                value = _fitting(space.parameters[name], model.values[word])
                if value is not UNSET:
                    known[name] = value
        ids = {model.ids[words[name]] for name in known}
        sure = any(words[name] not in _common() for name in known)
        sure = sure and (not model.needs or any(_is_there(space, name, words, model) for name in words))
        if len(ids) >= ENOUGH and sure and (best is None or len(known) > len(best[1])):
            best = model, known
    return best


def _is_there(space: Space, name: str, words: Mapping[str, str], model: Model) -> bool:
    """Whether a parameter makes the model known; not where another of its parameters may switch it off.

    Momentum that only one of several optimizers has does not make it a search of that one.
    """
    parents = space.rules[name].parents if name in space.rules else ()
    return words[name] in model.needs and not any(words.get(p) in model.values for p in parents)


def _fitting(parameter: Parameter, usual: Any) -> Any:
    """The value of a parameter that is the usual one, or the end of its range near it; UNSET for none."""
    for value in usual if isinstance(usual, list) else [usual]:
        found = UNSET
        if isinstance(parameter, Choice):
            found = _option(parameter, value)
        elif not isinstance(value, (bool, str)):
            found = _number(parameter, float(value))
        if found is not UNSET:
            return found
    return UNSET


def _option(choice: Choice, value: Any) -> Any:
    """The option of this name, or of numbers the nearest; None is the name of what has no end."""
    name = "none" if value == math.inf else str(value).lower()
    for option, label in zip(choice.options, choice.labels, strict=True):
        if label.lower() == name:
            return option
    numbers = [o for o in choice.options if isinstance(o, (int, float)) and not isinstance(o, bool)]
    if len(numbers) < len(choice.options) or isinstance(value, (bool, str)):
        return UNSET
    ends = min(numbers), max(numbers)
    aim = _within(*ends, float(value))
    return UNSET if aim is None else min(numbers, key=lambda n: abs(n - aim))


def _number(parameter: Float | Int, value: float) -> Any:
    aim = _within(parameter.low, parameter.high, value)
    if aim is None:
        return UNSET
    if isinstance(parameter, Int) and abs(round(aim) - aim) > EXACT * abs(aim):
        return UNSET  # places on a grid, not the parameter itself
    return nearest(parameter, aim)


def _within(low: float, high: float, value: float) -> float | None:
    """The value, or the end of the range that is near it."""
    if (value == 0 and low >= 0) or low <= value <= high:
        return max(value, low)
    if math.isinf(value):
        return high
    end = low if value < low else high
    is_near = end * value > 0 and max(end / value, value / end) <= NEAR
    return end if is_near else None


@cache
def _tables() -> dict[str, Any]:
    return tomllib.loads((files("tunesmith.methods") / "usual.toml").read_text(encoding="utf-8"))


@cache
def _common() -> frozenset[str]:
    return frozenset(_tables()["common"].split())


@cache
def _models() -> tuple[Model, ...]:
    """All tables, in their order."""
    tables = {name: table for name, table in _tables().items() if isinstance(table, dict)}
    made = []
    for table in tables.values():
        entries = dict(table["values"])
        if "like" in table:
            taken = {word for names in entries for word in names.split()}
            for names, value in tables[table["like"]]["values"].items():
                if taken.isdisjoint(names.split()):
                    entries[names] = value
        by_name = {word: value for names, value in entries.items() for word in names.split()}
        ids = {word: names for names in entries for word in names.split()}
        needs = frozenset(table.get("needs", "").split())
        made.append(Model(table["title"], needs, by_name, ids))
    return tuple(made)


@cache
def _words() -> frozenset[str]:
    return frozenset(word for model in _models() for word in model.values)
