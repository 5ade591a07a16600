"""Registry: things by name, our own and those of other packages through entry points.

A module is imported only when its thing is used. Methods and schedulers are found this way
(`methods/registry.py`, `schedulers/registry.py`).
"""

import inspect
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from tunesmith.errors import OptionError, did_you_mean, message

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

T = TypeVar("T")


class Registry(Generic[T]):
    """Things of one kind by name.

    Args:
        kind: What they are, one word, for errors.
        ours: Place of each, "module:name".
        needed: Method that every thing of this kind has.
    """

    def __init__(self, kind: str, ours: Mapping[str, str], needed: str) -> None:
        self.kind = kind
        self.group = f"tunesmith.{kind}s"
        self._ours = dict(ours)
        self._needed = needed

    def names(self) -> list[str]:
        """All names, ours first."""
        others = sorted({entry.name for entry in self._entry_points()} - set(self._ours))
        return [*self._ours, *others]

    def make(self, value: "str | T | Mapping[str, Any]") -> T:
        """Make a thing of its name, or of its name and settings; one that is made is returned as it is.

        Args:
            value: A name; a mapping of "name" and settings; or the thing.

        Raises:
            OptionError: The name or a setting is unknown, or this is no such thing.
        """
        if isinstance(value, str):
            return self._build(value, {})
        if isinstance(value, Mapping):
            if not isinstance(value.get("name"), str):
                raise OptionError(
                    message(
                        f"{self.kind} has no name", allowed=", ".join(self.names()), given=repr(dict(value))
                    )
                )
            return self._build(value["name"], {str(k): v for k, v in value.items() if k != "name"})
        if isinstance(value, type) or not callable(getattr(value, self._needed, None)):
            fix = f"Write {value.__name__}()." if isinstance(value, type) else None
            wrong = f"{self.kind} is no {self.kind}"
            raise OptionError(message(wrong, allowed=", ".join(self.names()), given=repr(value), fix=fix))
        return value

    def _build(self, name: str, settings: dict[str, Any]) -> T:
        made = self._find(name)
        from_settings = getattr(made, "from_settings", None)
        known = [p for p in inspect.signature(made).parameters.values() if p.kind is not p.VAR_POSITIONAL]
        names = [p.name for p in known if p.kind is not p.VAR_KEYWORD]
        takes_any = len(names) < len(known)
        for key in settings:
            if key not in names and not takes_any:
                raise OptionError(
                    message(
                        f"{self.kind} {name!r} has no setting {key!r}",
                        allowed=", ".join(names) or "none",
                        fix=did_you_mean(key, names),
                    )
                )
        missing = [p.name for p in known if p.default is p.empty and p.kind is not p.VAR_KEYWORD]
        for key in missing:
            if key not in settings:
                wrong = f"{self.kind} {name!r} needs the setting {key!r}"
                raise OptionError(message(wrong, given=", ".join(settings) or "none"))
        thing: T = from_settings(settings) if callable(from_settings) else made(**settings)
        return thing

    def _find(self, name: str) -> Callable[..., Any]:
        if name in self._ours:
            module, _, attribute = self._ours[name].partition(":")
            found: Callable[..., Any] = getattr(import_module(module), attribute)
            return found
        for entry in self._entry_points():
            if entry.name == name:
                loaded: Callable[..., Any] = entry.load()
                return loaded
        names = self.names()
        fix = did_you_mean(name, names)
        raise OptionError(
            message(f"{self.kind} is unknown", allowed=", ".join(names), given=repr(name), fix=fix)
        )

    def _entry_points(self) -> "list[EntryPoint]":
        from importlib.metadata import entry_points  # slow to import, and needed for other packages' only

        return list(entry_points(group=self.group))
