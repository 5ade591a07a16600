"""Constraints: what every config has to meet before it is run, as an expression or a function."""

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from tunesmith.errors import SpaceError, message
from tunesmith.space.expression import Expression, parse_test

_ANSWERS = "True or False"


@dataclass(frozen=True)
class Constraint:
    """One constraint: an expression that must hold, or a function of the config that must return true."""

    text: str
    test: Expression | Callable[[dict[str, Any]], Any]

    def holds(self, config: dict[str, Any]) -> bool:
        """Tell whether a config meets the constraint; one about inactive parameters does not apply.

        Raises:
            SpaceError: The user's function cannot cope with the config or returns nothing, or the expression
                cannot be computed.
        """
        if isinstance(self.test, Expression):
            return any(n not in config for n in self.test.names) or self.test(config)
        try:
            result = self.test(dict(config))
            holds = bool(result)
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            raise SpaceError(
                message(
                    f"the constraint {self.text} raised {type(error).__name__}: {error}",
                    given=repr(config),
                    fix="Inactive parameters are absent from the config: use .get().",
                )
            ) from error
        if result is None:  # a forgotten return would refuse every config
            fix = "Does the function end with a return?"
            raise SpaceError(message(f"the constraint {self.text} returned None", allowed=_ANSWERS, fix=fix))
        if inspect.iscoroutine(result) or inspect.isgenerator(result):  # which would allow every config
            result.close()
            kind = type(result).__name__
            fix = "Write a function without async and yield."
            raise SpaceError(
                message(f"the constraint {self.text} returned a {kind}", allowed=_ANSWERS, fix=fix)
            )
        return holds


def make_constraint(
    given: str | Callable[[dict[str, Any]], Any], names: Sequence[str], text: str | None
) -> Constraint:
    """Make a constraint of an expression over parameter names, or of a function of the config.

    Args:
        given: The expression or function.
        names: Names of all parameters.
        text: How a function is shown; by default "function NAME".

    Raises:
        SpaceError: The expression cannot be parsed, or reads no parameter or an unknown one.
    """
    if isinstance(given, str):
        test = parse_test(given, names)
        if not test.names:
            raise SpaceError(message("the constraint reads no parameter", given=repr(given)))
        return Constraint(given, test)
    if callable(given):
        name = getattr(given, "__qualname__", type(given).__name__)
        return Constraint(text or f"function {name}", given)
    raise SpaceError(
        message(
            "a constraint is an expression or a function",
            given=repr(given),
            fix='For example space.require("layers * lr < 0.2").',
        )
    )
