"""The config to start from when nothing is known: defaults where given, else the middle."""

from collections.abc import Mapping
from typing import Any

from tunesmith.space import Choice, Config, Parameter, Space
from tunesmith.space.parameters import draw

MIDDLE = 0.5  # of the prior, or of the range on its scale


def starting_config(space: Space, fixed: Mapping[str, Any] | None = None) -> Config:
    """Complete a config with defaults; a parameter without default takes its middle.

    The middle of a Choice without order is its first option. Constraints are not checked.

    Args:
        space: The space.
        fixed: Checked values that are kept; those of parameters that turn out inactive are left out.

    Example:
        >>> from tunesmith.space import Float, Int
        >>> starting_config(Space(a=Float(0, 1, default=0.9), b=Int(1, 3), c=Int(0, 9)), {"c": 0})
        {'a': 0.9, 'b': 2, 'c': 0}
    """
    config: Config = {}
    for name, parameter in space.parameters.items():
        if not space.is_active(name, config):
            continue
        config[name] = fixed[name] if fixed and name in fixed else start_of(parameter)
    return config


def start_of(parameter: Parameter) -> Any:
    """Default of a parameter, or else its middle."""
    if parameter.has_default:
        return parameter.default
    if isinstance(parameter, Choice) and not parameter.ordered:
        return parameter.options[0]
    return draw(parameter, MIDDLE)
