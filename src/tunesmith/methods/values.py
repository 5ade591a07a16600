"""Parameter values in a method's settings, as JSON values; settings are kept without the space at hand.

Plain values stand for themselves; a tuple is {"tuple": [...]}, any other object {"label": "..."}. With the
space at hand they become the very options again. A label alone, as text, is understood as well, since a
file or command line has nothing else to offer for an object.
"""

import math
from collections.abc import Mapping
from typing import Any

from tunesmith.errors import ConfigError, OptionError, SpaceError, message
from tunesmith.space import Choice, Parameter, Space
from tunesmith.space.labels import exact_label, find_option, plain


def to_json(value: Any) -> Any:
    """JSON form of one value.

    Raises:
        OptionError: The value is an object without a readable name.

    Example:
        >>> to_json(0.5), to_json((1, None)), to_json(float)
        (0.5, {'tuple': [1, None]}, {'label': 'builtins.float'})
    """
    value = plain(value)
    if value is None or type(value) in (str, bool, int) or (type(value) is float and math.isfinite(value)):
        return value
    if type(value) is tuple:
        return {"tuple": [to_json(v) for v in value]}
    if type(value) is list and not any(isinstance(to_json(v), dict) for v in value):
        return list(value)  # an option itself, or a tuple as JSON and TOML write it
    label = _exact(value)
    if label is None:
        raise OptionError(
            message(
                "an object without a readable name cannot be kept in a method's settings",
                given=repr(value),
                fix="Give the label that it has in the space.",
            )
        )
    return {"label": label}


def from_json(parameter: Parameter | None, stored: Any) -> Any:
    """Value of a JSON form, not yet checked: the very option that it stands for, where there is one."""
    if isinstance(stored, Mapping) and "tuple" in stored:
        return tuple(from_json(None, v) for v in stored["tuple"])
    if isinstance(stored, Mapping) and "label" in stored:
        return _labelled(parameter, str(stored["label"]))
    if not isinstance(parameter, Choice) or find_option(parameter.options, stored) is not None:
        return stored
    return _labelled(parameter, stored) if isinstance(stored, str) else stored


def config_from_json(space: Space, stored: Mapping[str, Any]) -> dict[str, Any]:
    """Config of JSON forms, not yet checked."""
    return {n: from_json(space.parameters.get(n), v) for n, v in stored.items()}


def check_value(space: Space, name: str, stored: Any) -> Any:
    """Checked value of a JSON form.

    Raises:
        ConfigError: The parameter never takes it.
    """
    parameter = space[name]
    try:
        return parameter.check(from_json(parameter, stored))
    except ConfigError as error:
        raise ConfigError(f"parameter {name!r}: {error}") from None


def _labelled(parameter: Parameter | None, label: str) -> Any:
    if isinstance(parameter, Choice):
        for short, option in zip(parameter.labels, parameter.options, strict=True):
            if label == short or label == _exact(option):
                return option
    return float(label) if label in ("nan", "inf", "-inf") else label


def _exact(option: Any) -> str | None:
    try:
        return exact_label(option)
    except SpaceError:  # it has a label that the user gave, and no other
        return None
