"""Reading tables of rules, and checking every one of them against a schema.

A table is a TOML file of the folder `tables/`:

    families = ["lightgbm"]            the model families that it is for
    task = "regression"                the only task that they do, if so; and
    instead = "ridge"                  which model to name for the other

    [[parameter]]                      one knob; what stands here holds for every data set
    name = "num_leaves"
    type = "int"                       float, int or choice
    importance = 2                     1 is tuned first
    low = 2                            a number, or an expression over facts
    high = "clip(rows / 10, 32, 256)"
    log = true
    default = 31
    library = 31                       what the library itself takes; left out where it has no such value
    limits = [2, inf]                  beyond these no value makes sense, is taken, or makes a difference (a
                                       penalty below its low end is none), whatever the data
    why = "..."                        one sentence
    source = ["lightgbm-tuning"]       keys of sources.toml

    [[parameter.rule]]                 what holds for some data sets only
    when = "rows < 1000"
    default = 15
    why = "..."
    source = ["ours"]

    [[portfolio]]                      a further config worth an early try; missing values are the defaults
    when = "rows >= 500"
    config = { num_leaves = 63 }
    why = "..."
    source = ["..."]

`spread` gives a prior round the default: in units of the natural logarithm on a log scale, else as a share of
the range. `fix` takes a parameter out of the search. `active_when` is a condition on earlier parameters. A
parameter with a `when` of its own is left out where that does not hold. `require` lists constraints.

Expressions see the names of `facts.Facts.values`, `model`, and the functions of `space.expression`.
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from tunesmith.errors import RuleError, SpaceError, message
from tunesmith.rules.facts import Facts, facts_of
from tunesmith.space.expression import Expression, parse

_FOLDER = files("tunesmith.rules") / "tables"
_SOURCES = "sources.toml"
KINDS = ("float", "int", "choice")
SAYS = ("low", "high", "default", "spread", "fix", "options")  # what a rule may say
_RULE_KEYS = (*SAYS, "when", "why", "source")
_PARAMETER_KEYS = (
    *_RULE_KEYS,
    "name",
    "type",
    "importance",
    "log",
    "library",
    "limits",
    "active_when",
    "rule",
)
_PORTFOLIO_KEYS = ("when", "config", "why", "source")
_TABLE_KEYS = ("families", "task", "instead", "parameter", "portfolio", "require")


@dataclass(frozen=True, slots=True)
class Source:
    """Where a rule comes from.

    Args:
        text: Author, year and title, or whose measurement it is.
        url: Address; empty for a measurement of ours.
        measured: What was measured, and what came out; empty for a source elsewhere.
    """

    text: str
    url: str = ""
    measured: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """What is said about one parameter where a condition holds.

    Args:
        when: Condition over facts; None for always.
        says: Value by key of `SAYS`; texts of number parameters were parsed to expressions.
        why: The reason, one sentence.
        sources: Where it comes from.
    """

    when: Expression | None
    says: Mapping[str, Any]
    why: str
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class Knob:
    """All that a table says about one parameter.

    Args:
        name: The library's own name of it.
        kind: "float", "int" or "choice".
        importance: Rank, 1 first.
        log: Whether it is searched on a log scale.
        library: What the library itself takes; None where it has no such value.
        limits: Lowest and highest number that makes sense at all, infinity for none; (0, 0) for a choice.
        active_when: Condition on earlier parameters, as for `Space`.
        base: What always holds; its `when` decides whether there is such a parameter.
        rules: What holds for some data sets, in the order of the table.
    """

    name: str
    kind: str
    importance: int
    log: bool
    library: Any
    limits: tuple[float, float]
    active_when: Any
    base: Rule
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """The rules of a family.

    Args:
        families: Names of the model families that it is for.
        knobs: Parameters in the order of the table.
        portfolio: Further configs: rules whose `says` is a config.
        require: Constraints over parameters.
        task: The only task that they do; empty for both.
        instead: Model to name for the other task.
    """

    families: tuple[str, ...]
    knobs: tuple[Knob, ...]
    portfolio: tuple[Rule, ...] = ()
    require: tuple[str, ...] = ()
    task: str = ""
    instead: str = ""


def known() -> list[str]:
    """Names of all models that there are rules for."""
    return sorted(name for table in _tables() for name in table.families)


def find_table(model: str) -> Table | None:
    """Look up the rules for a model; None where there are none."""
    return next((t for t in _tables() if model in t.families), None)


def limits(model: str) -> dict[str, tuple[float, float]]:
    """Lowest and highest number that makes sense for each parameter of a model, whatever the data.

    Args:
        model: Name of the model; without rules for it nothing is known.

    Example:
        >>> limits("lightgbm")["bagging_fraction"]
        (0.05, 1.0)
        >>> limits("nothing")
        {}
    """
    table = find_table(model)
    return {} if table is None else {k.name: k.limits for k in table.knobs if k.kind != "choice"}


@cache
def _tables() -> tuple[Table, ...]:
    texts = {f.name: f.read_text(encoding="utf-8") for f in _FOLDER.iterdir() if f.name.endswith(".toml")}
    del texts[_SOURCES]
    return tuple(read_table(tomllib.loads(texts[name]), all_sources(), name) for name in sorted(texts))


@cache
def all_sources() -> dict[str, Source]:
    """All sources by key."""
    return read_sources(tomllib.loads((_FOLDER / _SOURCES).read_text(encoding="utf-8")))


def read_sources(data: Mapping[str, Any]) -> dict[str, Source]:
    """Read and check sources: each has a text, and either an address or a measurement.

    Raises:
        RuleError: One has not.
    """
    made = {}
    for key, entry in data.items():
        source = Source(**_checked(entry, ("text", "url", "measured"), f"source {key!r}"))
        if not source.text or bool(source.url) == bool(source.measured):
            raise RuleError(
                message(
                    f"source {key!r} is incomplete", allowed="text, and either url or measured", given=entry
                )
            )
        made[key] = source
    return made


def read_table(data: Mapping[str, Any], sources: Mapping[str, Source], where: str) -> Table:
    """Read and check one table.

    Args:
        data: The table as TOML gives it.
        sources: Sources by key.
        where: What to call it in errors.

    Raises:
        RuleError: A key is unknown or missing, an expression cannot be parsed, or a source is unknown.
    """
    _checked(data, _TABLE_KEYS, where)
    if not data.get("families") or not data.get("parameter"):
        raise RuleError(message(f"{where} needs families and parameters", given=sorted(data)))
    knobs = tuple(_knob(entry, sources, where) for entry in data["parameter"])
    names = [k.name for k in knobs]
    if len(set(names)) < len(names):
        raise RuleError(message(f"{where} names a parameter twice", given=", ".join(names)))
    portfolio = []
    for entry in data.get("portfolio", []):
        place = f"{where}, portfolio"
        rule = _rule(_checked(entry, _PORTFOLIO_KEYS, place), {}, sources, place)
        kinds = {k.name: k.kind for k in knobs}
        config = _checked(entry.get("config", {}), names, place)
        says = {n: _value(v, kinds[n], place) for n, v in config.items()}
        portfolio.append(Rule(rule.when, says, rule.why, rule.sources))
    return Table(
        families=tuple(data["families"]),
        knobs=knobs,
        portfolio=tuple(portfolio),
        require=tuple(data.get("require", [])),
        task=data.get("task", ""),
        instead=data.get("instead", ""),
    )


def _knob(entry: Mapping[str, Any], sources: Mapping[str, Source], where: str) -> Knob:
    where = f"{where}, parameter {entry.get('name')!r}"
    _checked(entry, _PARAMETER_KEYS, where)
    kind, importance = entry.get("type"), entry.get("importance")
    needed = ("options", "default") if kind == "choice" else ("low", "high", "default", "limits")
    missing = [k for k in ("name", *needed) if k not in entry]
    if kind not in KINDS or not isinstance(importance, int) or importance < 1 or missing:
        raise RuleError(
            message(
                f"{where} is incomplete",
                allowed=f"a name, a type ({', '.join(KINDS)}), importance from 1, {', '.join(needed)}",
                given=f"type={kind!r}, importance={importance!r}, without {missing}",
            )
        )
    rules = []
    for one in entry.get("rule", []):
        _checked(one, _RULE_KEYS, where)
        says = {k: v for k, v in one.items() if k in SAYS}
        if "when" not in one or not says:
            raise RuleError(message(f"{where} has a rule without `when`, or that says nothing", given=one))
        rules.append(_rule(one, says, sources, where, str(kind)))
    return Knob(
        name=str(entry["name"]),
        kind=str(kind),
        importance=importance,
        log=bool(entry.get("log", False)),
        library=_value(entry.get("library"), str(kind), where),
        limits=_ends(entry.get("limits", [0, 0]), where),
        active_when=entry.get("active_when"),
        base=_rule(entry, {k: v for k, v in entry.items() if k in SAYS}, sources, where, str(kind)),
        rules=tuple(rules),
    )


def _rule(
    entry: Mapping[str, Any],
    says: Mapping[str, Any],
    sources: Mapping[str, Source],
    where: str,
    kind: str = "choice",
) -> Rule:
    why, keys = entry.get("why", ""), entry.get("source", [])
    unknown = [k for k in keys if k not in sources]
    if not isinstance(why, str) or not why.endswith(".") or not isinstance(keys, list) or not keys or unknown:
        raise RuleError(
            message(
                f"{where} has a rule without a reason or a source",
                allowed="why: a sentence; source: a list of keys of sources.toml",
                given=f"why={why!r}, source={keys!r}",
            )
        )
    when = entry.get("when")
    return Rule(
        when=None if when is None else _parse(when, where),
        says={k: _value(v, kind, where) for k, v in says.items()},
        why=why,
        sources=tuple(sources[k] for k in keys),
    )


def _ends(given: Any, where: str) -> tuple[float, float]:
    is_pair = isinstance(given, list) and len(given) == 2 and all(isinstance(v, (int, float)) for v in given)
    if not is_pair or not given[0] <= given[1]:
        raise RuleError(
            message(f"{where} has wrong limits", allowed="[lowest, highest], or inf", given=given)
        )
    return given[0], given[1]


def _value(value: Any, kind: str, where: str) -> Any:
    if kind != "choice" and isinstance(value, str):
        return _parse(value, where)
    return value


def _parse(text: Any, where: str) -> Expression:
    try:
        return parse(str(text), _names())
    except SpaceError as error:
        raise RuleError(f"{where}: {error}") from error


@cache
def _names() -> tuple[str, ...]:
    facts: Facts = facts_of([[0.0]], [0.0], "regression")
    return (*facts.values(), "model")


def _checked(entry: Any, allowed: Sequence[str], where: str) -> Any:
    if not isinstance(entry, Mapping):
        raise RuleError(message(f"{where} is no table", given=repr(entry)))
    extra = [k for k in entry if k not in allowed]
    if extra:
        raise RuleError(
            message(f"{where} has an unknown key", allowed=", ".join(allowed), given=repr(extra[0]))
        )
    return entry
