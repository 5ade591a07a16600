"""The config to start from: defaults where given, then what the names of parameters say, else the middle."""

from collections.abc import Mapping
from typing import Any

from tunesmith.methods.base import Proposal
from tunesmith.methods.usual import Usual, usual_values
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


def known_start(space: Space, by_names: bool = True) -> Proposal | None:
    """The config that a search should start from, and why; None where nothing is known of the space.

    Args:
        space: The space. Constraints are not checked.
        by_names: Whether parameters without default take the value that is usual for their name.

    Example:
        >>> from tunesmith.space import Float, Int
        >>> start = known_start(Space(eta=Float(1e-3, 1, log=True), max_depth=Int(1, 15), x=Float(0, 1)))
        >>> start.config
        {'eta': 0.1, 'max_depth': 6, 'x': 0.5}
        >>> start.reason
        'what is usual for XGBoost, as 2 of 3 names are known; the rest in the middle'
    """
    usual = usual_values(space) if by_names else Usual()
    config = starting_config(space, usual.values)
    given = [name for name in config if space.parameters[name].has_default]
    known = [name for name in config if name in usual.values]
    if not given and not known:
        return None
    parts = ["the defaults"] if given else []
    if known:
        models = " and ".join(usual.titles)
        parts.append(f"what is usual for {models}, as {len(known)} of {len(config)} names are known")
    if len(given) + len(known) < len(config):
        parts.append("the rest in the middle")
    return Proposal(config, "; ".join(parts))
