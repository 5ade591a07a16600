"""The three kinds of parameter: Float, Int, Choice. Each is an immutable description of one knob.

A parameter knows its values and its scale: it checks a value, and maps it to and from one coordinate `u` of
the unit cube. `ranges.py` and `choice.py` hold the kinds themselves. How parameters depend on each other
(`when`) is `conditions.py`; what makes a whole config is `space.py`.
"""

from typing import Any, TypeAlias

from tunesmith.space.choice import Choice
from tunesmith.space.definition import Condition
from tunesmith.space.ranges import Float, Int, Prior

__all__ = ["Choice", "Condition", "Float", "Int", "Parameter", "Prior", "describe", "draw", "nearest"]

Parameter: TypeAlias = Float | Int | Choice


def describe(parameter: Parameter) -> str:
    """Say in words which values a parameter allows."""
    return parameter.describe()


def draw(parameter: Parameter, u: float) -> Any:
    """Map u in [0, 1] to a value by the parameter's prior, or by its scale when it has none."""
    prior = None if isinstance(parameter, Choice) else parameter.prior
    if prior is None or isinstance(parameter, Choice):
        return parameter.decode(u)
    below, above = parameter.prior_mass
    return nearest(parameter, float(prior.ppf(below + u * (above - below))))


def nearest(parameter: Float | Int, number: float) -> Any:
    """The value of a range that is nearest to a number.

    Example:
        >>> nearest(Int(1, 10, step=3), 8.0), nearest(Float(0, 1), 1.5)
        (7, 1.0)
    """
    number = min(max(number, parameter.low), parameter.high)
    if parameter.step is None:
        return number
    index = round((number - parameter.low) / parameter.step)
    return parameter.value_at(min(index, (parameter.size or 1) - 1))
