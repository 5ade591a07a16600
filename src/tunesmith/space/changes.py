"""What changed between an older space and a newer one, in words."""

from typing import TYPE_CHECKING, Any

from tunesmith.space.parameters import describe

if TYPE_CHECKING:
    from tunesmith.space.space import Space

_WORDS = {"log": "scale", "when": "condition", "ordered": "order", "options": "set of options"}


def differences(old: "Space", new: "Space") -> list[str]:
    """Say in words what is not as in an older space; empty when nothing is."""
    lines = [f"{n} is gone" for n in old.names if n not in new]
    stored, old_stored = (
        s.to_dict()["parameters"] for s in (new, old)
    )  # priors compare by name and arguments
    for name, parameter in new.parameters.items():
        if name in old:
            stored[name] = _as_known(stored[name], old_stored[name])
        if name not in old:
            counted = f": earlier trials count with its default {parameter.default!r}"
            lines.append(f"{name} is new ({describe(parameter)}){counted if parameter.has_default else ''}")
        elif stored[name] != old_stored[name]:
            now, before = describe(parameter), describe(old[name])
            lines.append(
                f"{name} is now {now}, was {before}"
                if now != before
                else f"{name} has another {_changed(old_stored[name], stored[name])}"
            )
    texts, old_texts = ([c.text for c in s.constraints] for s in (new, old))
    lines += [f"new constraint {t}" for t in texts if t not in old_texts]
    lines += [f"constraint {t} is gone" for t in old_texts if t not in texts]
    return lines


def _as_known(new: Any, old: Any) -> Any:
    """A stored form with what the older one has only labels of as labels, too."""
    if not isinstance(new, dict) or not isinstance(old, dict):
        both = isinstance(new, list) and isinstance(old, list) and len(new) == len(old)
        return [_as_known(n, o) for n, o in zip(new, old, strict=True)] if both else new
    if set(old) == {"label"} and new.get("label") == old["label"]:
        return old
    return {key: _as_known(value, old.get(key)) for key, value in new.items()}


def _changed(old: dict[str, Any], new: dict[str, Any]) -> str:
    keys = [key for key in new | old if old.get(key) != new.get(key)]
    return " and another ".join(_WORDS.get(key, key) for key in keys)
