"""A config that a person types into the page: its fields, and what was typed, read and checked.

Values come as text, so that no browser rounds a large number. Which parameters are active follows from the
ones before; what was typed for the others is left alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tunesmith import wording
from tunesmith.errors import ConfigError, message
from tunesmith.space import Choice, Config, Int, Parameter, Space
from tunesmith.space.parameters import describe


@dataclass(frozen=True, slots=True)
class Form:
    """What was typed.

    Args:
        config: The active parameters that could be read, in order.
        active: Names of all active parameters.
        errors: What is wrong, by parameter.
        broken: Constraints that a whole config breaks.
    """

    config: Config
    active: tuple[str, ...]
    errors: Mapping[str, str]
    broken: tuple[str, ...]

    @property
    def is_whole(self) -> bool:
        """Whether it can be run."""
        return not self.errors and not self.broken


def fields(space: Space) -> list[dict[str, Any]]:
    """The fields of the form, in the order of the space."""
    return [_field(name, space) for name in space.names]


def _field(name: str, space: Space) -> dict[str, Any]:
    p = space[name]
    rule = space.rules.get(name)
    made: dict[str, Any] = {
        "name": name,
        "kind": "choice" if isinstance(p, Choice) else "int" if isinstance(p, Int) else "float",
        "allowed": describe(p),
        "condition": "" if rule is None else rule.describe(),
        "default": written(p, p.default) if p.has_default else None,
    }
    if isinstance(p, Choice):
        return made | {"options": list(p.labels)}
    return made | {"low": written(p, p.low), "high": written(p, p.high), "log": p.log}


def written(parameter: Parameter | None, value: Any) -> str:
    """A value as it would be typed: an option's label, a number to its last digit.

    Example:
        >>> from tunesmith.space import Float
        >>> written(Choice(["adam", None]), None), written(Float(0, 1), 0.1)
        ('None', '0.1')
    """
    if isinstance(parameter, Choice):
        return wording.option(parameter, value)
    return repr(value) if isinstance(value, float) else str(value)


def write(space: Space, config: Mapping[str, Any]) -> dict[str, str]:
    """A config as it would be typed."""
    return {name: written(space.parameters.get(name), value) for name, value in config.items()}


def read(space: Space, values: Mapping[str, str]) -> Form:
    """Read what was typed.

    Args:
        space: The space.
        values: Text by parameter; those of inactive parameters are left alone.

    Example:
        >>> from tunesmith.space import Float
        >>> form = read(Space(x=Float(0, 1), n=Int(1, 9)), {"x": "0.5", "n": "ten"})
        >>> form.config, list(form.errors)
        ({'x': 0.5}, ['n'])
    """
    config: Config = {}
    active, errors = [], {}
    for name in space.names:
        if not space.is_active(name, config):
            continue
        active.append(name)
        try:
            config[name] = _value(space[name], values.get(name, ""))
        except ConfigError as error:
            errors[name] = str(error)
    broken = () if errors else tuple(c.text for c in space.constraints if not c.holds(config))
    return Form(config, tuple(active), errors, broken)


def _value(parameter: Parameter, text: str) -> Any:
    if isinstance(parameter, Choice):
        if text not in parameter.labels:
            raise ConfigError(message("no option", allowed=describe(parameter), given=repr(text)))
        return parameter.value_at(parameter.labels.index(text))
    try:
        number = int(text) if isinstance(parameter, Int) else float(text)
    except ValueError:
        kind = "whole number" if isinstance(parameter, Int) else "number"
        raise ConfigError(message(f"no {kind}", allowed=describe(parameter), given=repr(text))) from None
    return parameter.check(number)
