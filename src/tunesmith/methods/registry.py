"""Methods by name: our own, and those of other packages through the entry point group "tunesmith.methods".

A method's module is imported only when the method is used.
"""

import inspect
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

from tunesmith.errors import OptionError, did_you_mean, message
from tunesmith.methods.base import Method

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP = "tunesmith.methods"

_OURS = {
    "auto": "tunesmith.methods.auto:Auto",
    "manual": "tunesmith.methods.manual:Manual",
    "walk": "tunesmith.methods.walk:Walk",
    "grid": "tunesmith.methods.grid:Grid",
    "random": "tunesmith.methods.random:Random",
    "sobol": "tunesmith.methods.sobol:Sobol",
    "evolution": "tunesmith.methods.evolution:Evolution",
    "bayes": "tunesmith.methods.bayes:Bayes",
}


def method_names() -> list[str]:
    """Names of all methods, ours first."""
    others = sorted({entry.name for entry in _entry_points()} - set(_OURS))
    return [*_OURS, *others]


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
    if isinstance(value, str):
        return _build(value, {})
    if isinstance(value, Mapping):
        if not isinstance(value.get("name"), str):
            raise OptionError(
                message("method has no name", allowed=", ".join(method_names()), given=repr(dict(value)))
            )
        return _build(value["name"], {str(k): v for k, v in value.items() if k != "name"})
    if isinstance(value, type) or not callable(getattr(value, "propose", None)):
        fix = f"Write {value.__name__}()." if isinstance(value, type) else None
        raise OptionError(
            message("method is no method", allowed=", ".join(method_names()), given=repr(value), fix=fix)
        )
    return value


def method_settings(method: Method) -> dict[str, Any]:
    """Name and settings of a method as JSON values; `make_method` makes the same method of them.

    Example:
        >>> method_settings(make_method("random"))
        {'name': 'random'}
    """
    return {"name": method.name, **method.settings}


def _build(name: str, settings: dict[str, Any]) -> Method:
    made = _find(name)
    from_settings = getattr(made, "from_settings", None)
    known = [p for p in inspect.signature(made).parameters.values() if p.kind is not p.VAR_POSITIONAL]
    names = [p.name for p in known if p.kind is not p.VAR_KEYWORD]
    takes_any = len(names) < len(known)
    for key in settings:
        if key not in names and not takes_any:
            raise OptionError(
                message(
                    f"method {name!r} has no setting {key!r}",
                    allowed=", ".join(names) or "none",
                    fix=did_you_mean(key, names),
                )
            )
    missing = [p.name for p in known if p.default is p.empty and p.kind is not p.VAR_KEYWORD]
    for key in missing:
        if key not in settings:
            raise OptionError(
                message(f"method {name!r} needs the setting {key!r}", given=", ".join(settings) or "none")
            )
    method: Method = from_settings(settings) if callable(from_settings) else made(**settings)
    return method


def _find(name: str) -> Callable[..., Any]:
    if name in _OURS:
        module, _, attribute = _OURS[name].partition(":")
        found: Callable[..., Any] = getattr(import_module(module), attribute)
        return found
    for entry in _entry_points():
        if entry.name == name:
            loaded: Callable[..., Any] = entry.load()
            return loaded
    names = method_names()
    raise OptionError(
        message(
            "method is unknown", allowed=", ".join(names), given=repr(name), fix=did_you_mean(name, names)
        )
    )


def _entry_points() -> "list[EntryPoint]":
    from importlib.metadata import entry_points  # slow to import, and needed for other packages' methods only

    return list(entry_points(group=GROUP))
