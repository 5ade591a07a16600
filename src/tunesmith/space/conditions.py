"""When a parameter is active: a mapping from parent to allowed values, or an expression over parents.

A parameter is active when every parent is active and the condition holds, so conditions nest to any depth.
Parents are declared before their children; that is what keeps circles out.
"""

import itertools
import math
import warnings
from collections.abc import Mapping, Sequence, Set
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np

from tunesmith.errors import ConfigError, SpaceError, message
from tunesmith.space.expression import Expression, parse_test
from tunesmith.space.labels import find_option, unknown_name
from tunesmith.space.parameters import Choice, Condition, Parameter, describe

MOST_COMBINATIONS = 1000  # of values of a condition's parents that are tried at its definition


@dataclass(frozen=True)
class Rule:
    """A checked condition.

    Args:
        parents: Parameters that it reads.
        allowed: Allowed values by parent; empty when an expression says it all.
        expression: The expression, or None.
    """

    parents: tuple[str, ...]
    allowed: tuple[tuple[str, tuple[Any, ...]], ...] = ()
    expression: Expression | None = None

    def holds(self, config: Mapping[str, Any]) -> bool:
        """Tell whether a child with this condition is active, given the config of all earlier parameters."""
        if any(p not in config for p in self.parents):
            return False
        if self.expression is not None:
            return self.expression(config)
        return all(find_option(values, config[name]) is not None for name, values in self.allowed)

    def describe(self) -> str:
        """Say the condition in words: "optimizer is sgd"."""
        if self.expression is not None:
            return self.expression.text
        return " and ".join(f"{n} is {' or '.join(str(v) for v in vs)}" for n, vs in self.allowed)


def make_rule(
    name: str, when: Condition, earlier: Mapping[str, Parameter], every: Sequence[str]
) -> Rule | None:
    """Check the condition of one parameter.

    Args:
        name: The parameter that has the condition.
        when: The condition as given, or None.
        earlier: Parameters declared before it.
        every: Names of all parameters, for the error about one declared later.

    Raises:
        SpaceError: The condition names an unknown or later parameter, or a value that its parent never takes.
    """
    if when is None:
        return None
    if isinstance(when, str):
        expression = parse_test(when, list(every))
        for parent in expression.names:
            _check_order(name, parent, earlier, every)
        if not expression.names:
            raise SpaceError(message(f"the condition of {name!r} reads no parameter", given=repr(when)))
        _warn_if_never(name, expression, earlier)
        return Rule(expression.names, expression=expression)
    if not isinstance(when, Mapping) or not when:
        raise SpaceError(
            message(
                f"the condition of {name!r} cannot be read",
                given=repr(when),
                allowed='a mapping such as {"optimizer": "sgd"}, or an expression such as "layers >= 2"',
            )
        )
    for parent in when:
        _check_order(name, parent, earlier, every)
    allowed = tuple((parent, _allowed(name, parent, earlier[parent], v)) for parent, v in when.items())
    return Rule(tuple(when), allowed)


def _warn_if_never(name: str, expression: Expression, earlier: Mapping[str, Parameter]) -> None:
    """Warn, once by definition, of a condition that holds for no values of its parents, if these are few."""
    parents = [earlier[parent] for parent in expression.names]
    if math.prod(p.size or math.inf for p in parents) > MOST_COMBINATIONS:
        return
    levels = [[p.value_at(k) for k in range(p.size or 0)] for p in parents]
    configs = (dict(zip(expression.names, values, strict=True)) for values in itertools.product(*levels))
    with suppress(SpaceError):  # what cannot be computed for some is said when it comes to that
        if not any(map(expression, configs)):
            text = message(
                f"the condition of {name!r} never holds, so that it is never active",
                given=repr(expression.text),
                fix="Are the values those of " + " and ".join(map(repr, expression.names)) + "?",
            )
            warnings.warn(text, stacklevel=4)  # whoever makes the space


def _check_order(name: str, parent: str, earlier: Mapping[str, Parameter], every: Sequence[str]) -> None:
    if parent in earlier:
        return
    if parent == name:
        raise SpaceError(message(f"the condition of {name!r} names {name!r} itself: a circle"))
    if parent in every:
        raise SpaceError(
            message(
                f"the condition of {name!r} names {parent!r}, which is declared later",
                fix=f"Declare {parent!r} before {name!r}; if each needs the other, it is a circle.",
            )
        )
    raise unknown_name(parent, list(every), f"the condition of {name!r}")


def _allowed(name: str, parent: str, parameter: Parameter, value: object) -> tuple[Any, ...]:
    several = isinstance(value, (list, tuple, Set, range, np.ndarray))
    if isinstance(parameter, Choice) and find_option(parameter.options, value) is not None:
        several = False  # a tuple may itself be an option
    values: list[Any] = list(value) if several else [value]  # type: ignore[call-overload]
    if not values:
        raise SpaceError(message(f"the condition of {name!r} allows no value of {parent!r}"))
    try:
        return tuple(parameter.check(v) for v in values)
    except ConfigError:
        raise SpaceError(
            message(
                f"the condition of {name!r} asks for a value that {parent!r} never takes",
                allowed=describe(parameter),
                given=repr(value),
            )
        ) from None
