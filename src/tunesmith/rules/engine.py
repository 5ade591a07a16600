"""Rules applied to facts: a first config, a space to search, further configs, and the reason for each.

Of several rules that hold and say something about the same, the last in the table counts: tables go from the
general to the special. Where two conditional rules say different things, the reason lists what was overruled.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tunesmith.errors import OptionError, RuleError, SpaceError, message
from tunesmith.rules.facts import Facts
from tunesmith.rules.tables import Knob, Rule, Source, Table
from tunesmith.space import Choice, Config, Float, Int, Parameter, Space
from tunesmith.space.expression import Expression

LIBRARY = "The library's own defaults, as near as the space has them."
IN_WORDS = {
    "task == 'classification'": "classes are predicted",
    "task == 'regression'": "a quantity is predicted",
}
MOST_PORTFOLIO = 3


@dataclass(frozen=True, slots=True)
class Reason:
    """Why one line of a suggestion is as it is.

    Args:
        parameter: Name of the parameter; empty for a config of the portfolio.
        says: What is said, such as "default 15".
        why: The reason, one sentence.
        sources: Where it comes from.
        because: The condition and the facts that met it; empty for what always holds.
        overruled: What other rules that held too said instead.
    """

    parameter: str
    says: str
    why: str
    sources: tuple[Source, ...] = ()
    because: str = ""
    overruled: tuple[str, ...] = ()

    def __str__(self) -> str:
        """What is said of which parameter, and why."""
        return f"{self.parameter}: {self.says}. {self.why}" if self.parameter else f"{self.says}: {self.why}"


@dataclass(frozen=True, slots=True, eq=False)
class Suggestion:
    """Where to start, where to search, and why.

    Args:
        model: Name of the model.
        default: Config to try first; a config of `space`.
        space: Space to search, the most important parameter first.
        reasons: Reasons in the order of the space.
        portfolio: Up to three further configs worth an early try, `library` first.
        library: The library's own defaults, as near as the space has them and allows.
        facts: What the rules looked at.
    """

    model: str
    default: Config
    space: Space
    reasons: tuple[Reason, ...]
    portfolio: tuple[Config, ...]
    library: Config
    facts: Facts

    def __repr__(self) -> str:
        """The first config and the space."""
        return f"Suggestion(model={self.model!r}, default={self.default!r},\n{self.space!r})"

    def reasons_for(self, parameter: str) -> tuple[Reason, ...]:
        """Reasons of one parameter."""
        return tuple(r for r in self.reasons if r.parameter == parameter)


def apply(table: Table, facts: Facts, model: str) -> Suggestion:
    """Apply a table of rules to facts.

    Args:
        table: Rules.
        facts: Facts of the data.
        model: Which of the table's families is meant.

    Raises:
        OptionError: The model is not for the task.
        RuleError: The rules contradict each other for these facts, for example a range that ends below its
            start; a fault of the table.
    """
    if table.task and table.task != facts.task:
        raise OptionError(
            message(f"the model {model} is not for {facts.task}", fix=f"Choose {table.instead} instead.")
        )
    values = {**facts.values(), "model": model}
    reasons: list[Reason] = []
    parameters: dict[str, Parameter] = {}
    libraries: dict[str, Any] = {}
    for knob in sorted(table.knobs, key=lambda k: k.importance):
        if knob.base.when is not None and not knob.base.when(values):
            continue
        try:
            parameters[knob.name], why = _settle(knob, values)
        except SpaceError as error:
            raise RuleError(
                message(f"the rules for {knob.name!r} of {model} contradict each other: {error}")
            ) from error
        reasons += why
        libraries[knob.name] = knob.library
    space = Space(parameters)
    for constraint in table.require:
        space.require(constraint)
    default = _complete(space, {})
    if default is None:
        raise RuleError(message(f"the default of {model} breaks a constraint", given=repr(space)))
    portfolio: list[Config] = []
    plain = Rule(None, {k: v for k, v in libraries.items() if v is not None}, LIBRARY, ())
    for entry in (plain, *table.portfolio):
        if entry.when is not None and not entry.when(values):
            continue
        config = _said_by(entry, space, values)
        if config is not None and config not in (default, *portfolio) and len(portfolio) < MOST_PORTFOLIO:
            portfolio.append(config)
            says = f"config {len(portfolio) + 1}"
            reasons.append(Reason("", says, entry.why, entry.sources, _because(entry, values)))
    library = _said_by(plain, space, values) or default
    return Suggestion(model, default, space, tuple(reasons), tuple(portfolio), library, facts)


def _said_by(rule: Rule, space: Space, values: Mapping[str, Any]) -> Config | None:
    return _complete(space, {name: _computed(value, values) for name, value in rule.says.items()})


def _settle(knob: Knob, values: Mapping[str, Any]) -> tuple[Parameter, list[Reason]]:
    """The parameter that the rules make, and the reasons for it."""
    holding = [rule for rule in knob.rules if rule.when is not None and rule.when(values)]
    said: dict[str, Any] = {k: _computed(v, values) for k, v in knob.base.says.items()}
    for rule in holding:
        said.update({k: _computed(v, values) for k, v in rule.says.items()})
    parameter = _parameter(knob, said, _computed(knob.library, values))
    reasons = [
        Reason(
            knob.name,
            f"searched over {_range_words(parameter)}" if "fix" not in said else f"fixed at {said['fix']!r}",
            knob.base.why,
            knob.base.sources,
            _because(knob.base, values),
        )
    ]
    for position, rule in enumerate(holding):
        if any(rule.says.keys() <= later.says.keys() for later in holding[position + 1 :]):
            continue  # it says nothing that counts; the one that overrules it tells of it
        reasons.append(
            Reason(
                knob.name,
                _said(rule, values, knob.kind),
                rule.why,
                rule.sources,
                _because(rule, values),
                tuple(
                    f"{_said(earlier, values, knob.kind)}, since {_because(earlier, values)}"
                    for earlier in holding[:position]
                    if _contradict(earlier, rule, values)
                ),
            )
        )
    return parameter, reasons


def _said(rule: Rule, values: Mapping[str, Any], kind: str) -> str:
    said = {k: _computed(v, values) for k, v in rule.says.items()}
    is_whole = kind == "int"
    return ", ".join(f"{k} {_shown(round(v) if is_whole and k != 'spread' else v)}" for k, v in said.items())


def _contradict(one: Rule, other: Rule, values: Mapping[str, Any]) -> bool:
    shared = one.says.keys() & other.says.keys()
    return any(_computed(one.says[k], values) != _computed(other.says[k], values) for k in shared)


def _parameter(knob: Knob, said: Mapping[str, Any], library: Any) -> Parameter:
    when = knob.active_when
    if "fix" in said:
        value = said["fix"] if knob.kind == "choice" else _of_kind(said["fix"], knob.kind)
        return Choice([value], default=value, when=when)
    if knob.kind == "choice":
        return Choice(said["options"], default=said["default"], when=when)
    low, high, default = (_of_kind(said[k], knob.kind) for k in ("low", "high", "default"))
    if knob.kind == "float" and said["default"] == library:
        default = library  # the very value: 0.3333 of 9 columns are 2 to a library that cuts off
    if low > high:
        raise SpaceError(message("low is above high", given=f"{low} and {high}"))
    default = min(max(default, low), high)
    prior = _prior(said["spread"], knob.log, low, high, default) if "spread" in said and low < high else None
    made = Int if knob.kind == "int" else Float
    return made(low, high, log=knob.log, default=default, prior=prior, when=when)


def _prior(spread: float, log: bool, low: float, high: float, default: float) -> Any:
    from scipy import stats

    if log:
        return stats.lognorm(s=float(spread), scale=float(default))
    return stats.norm(loc=float(default), scale=float(spread) * (high - low))


def _complete(space: Space, given: Mapping[str, Any]) -> Config | None:
    """A whole config of given values, moved into their ranges, and defaults; None if it is not allowed."""
    config: Config = {}
    for name, parameter in space.parameters.items():
        if not space.is_active(name, config):
            continue
        value = given.get(name, parameter.default)
        if isinstance(parameter, Choice):
            config[name] = value if value in parameter.options else parameter.default
        else:
            value = min(max(value, parameter.low), parameter.high)
            config[name] = round(value) if isinstance(parameter, Int) else float(value)
    return space.check(config) if space.is_allowed(config) else None


def _computed(value: Any, values: Mapping[str, Any]) -> Any:
    return value.value(values) if isinstance(value, Expression) else value


def _of_kind(value: Any, kind: str) -> Any:
    if kind == "int":
        return round(value)
    return rounded(float(value))


def rounded(value: float) -> float:
    """What is computed by a rule of thumb: four digits say it all.

    Example:
        >>> rounded(2 / 3)
        0.6667
    """
    return float(f"{value:.4g}")


def _because(rule: Rule, values: Mapping[str, Any]) -> str:
    if rule.when is None or rule.when.names == ("model",):  # which model it is was the reader's choice
        return ""
    words = rule.when.text
    for condition, said in IN_WORDS.items():
        words = words.replace(condition, said)
    numbers = [n for n in rule.when.names if not isinstance(values[n], str)]  # a word says itself
    facts = ", ".join(f"{n} = {_shown(values[n])}" for n in numbers)
    return f"{words} ({facts})" if facts else words


def _shown(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else f"{value:,}" if type(value) is int else str(value)


def _range_words(parameter: Parameter) -> str:
    if isinstance(parameter, Choice):
        return ", ".join(map(str, parameter.options))
    return ends(parameter)


def ends(parameter: Float | Int) -> str:
    """Say where a number is searched: "0.015 to 0.3, log scale"."""
    return f"{parameter.low:g} to {parameter.high:g}" + (", log scale" if parameter.log else "")
