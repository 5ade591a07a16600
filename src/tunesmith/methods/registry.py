"""Methods by name: our own, and those of other packages through the entry point group "tunesmith.methods"."""

from collections.abc import Mapping
from typing import Any

from tunesmith.methods.base import Method
from tunesmith.registry import Registry

_METHODS: Registry[Method] = Registry(
    "method",
    {
        "auto": "tunesmith.methods.auto:Auto",
        "manual": "tunesmith.methods.manual:Manual",
        "walk": "tunesmith.methods.walk:Walk",
        "grid": "tunesmith.methods.grid:Grid",
        "random": "tunesmith.methods.random:Random",
        "sobol": "tunesmith.methods.sobol:Sobol",
        "evolution": "tunesmith.methods.evolution:Evolution",
        "bayes": "tunesmith.methods.bayes:Bayes",
        "bohb": "tunesmith.methods.bohb:Bohb",
    },
    needed="propose",
)
GROUP = _METHODS.group


def method_names() -> list[str]:
    """Names of all methods, ours first."""
    return _METHODS.names()


def make_method(value: "str | Method | Mapping[str, Any]") -> Method:
    """Make a method of its name, or of its name and settings; a method is returned as it is.

    Args:
        value: A name; a mapping of "name" and settings, as `method_settings` gives it and files hold it; or
            a method.

    Raises:
        OptionError: The name or a setting is unknown, or this is no method.

    Example:
        >>> make_method({"name": "grid", "levels": 3}).settings
        {'levels': 3}
    """
    return _METHODS.make(value)


def method_settings(method: Method) -> dict[str, Any]:
    """Name and settings of a method as JSON values; `make_method` makes the same method of them.

    Example:
        >>> method_settings(make_method("random"))
        {'name': 'random'}
    """
    return {"name": method.name, **method.settings}
