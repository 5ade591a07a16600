"""Labels of the options of a Choice: stable text by which a store, table or page knows an object.

A label is the text of a string or number, and the qualified name of a class or function. An object whose only
text is an address in memory has none, and the user is asked for one.
"""

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Final, cast

from tunesmith.errors import SpaceError, did_you_mean, message


class _Unset:
    """Type of UNSET, which tells "no default" from a default of None."""

    def __repr__(self) -> str:
        return "UNSET"

    def __copy__(self) -> "_Unset":
        return self

    def __deepcopy__(self, memo: object) -> "_Unset":
        return self

    def __reduce__(self) -> str:
        return "UNSET"  # pickled by name, so that identity survives


UNSET: Final[Any] = _Unset()

_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")


def make_labels(options: object) -> tuple[tuple[Any, ...], tuple[str, ...]]:
    """Check the options of a Choice and give each its label.

    Args:
        options: A sequence of options, or a mapping from label to option.

    Returns:
        The options, NumPy scalars turned into plain values, and as many labels, all different.

    Raises:
        SpaceError: No options, the same one twice, one without a readable name, or a set of options.
    """
    if isinstance(options, (set, frozenset)):
        raise SpaceError(
            message(
                "Choice: options must be a list, since the order of a set changes from run to run",
                given=repr(options),
                fix="Write [...], or sorted(...).",
            )
        )
    if isinstance(options, Mapping):
        values, labels = [plain(v) for v in options.values()], [str(k) for k in options]
        if len(set(labels)) < len(labels):
            raise SpaceError(message("Choice: two labels are alike", given=repr(labels)))
    elif isinstance(options, (str, bytes)) or not isinstance(options, Sequence):
        if isinstance(options, (str, bytes)) or not hasattr(options, "__iter__"):
            raise SpaceError(
                message("Choice: options must be a list", given=repr(options), fix=f"Write [{options!r}].")
            )
        return make_labels(list(options))
    else:
        values = [plain(v) for v in options]
        labels = _distinct_labels(values)
    if not values:
        raise SpaceError(message("Choice: there are no options", allowed="one option or more"))
    _refuse_equals(values, options)
    return tuple(values), tuple(labels)


def find_option(options: Sequence[Any], value: object) -> int | None:
    """Find an option by identity, else by type and value, else by value alone where no bool is mixed in.

    Example:
        >>> find_option([1, True, None], True), find_option([1, 2], 2.0), find_option([(1, 2)], [1, 2])
        (1, 1, 0)
    """
    value = plain(value)
    for strict in (True, False):
        for index, option in enumerate(options):
            if option is value or _same(option, value, strict):
                return index
    return None


def find_named(options: Sequence[Any], labels: Sequence[str], value: object) -> int | None:
    """Find an object among options by its label, or by another object that reads the same.

    The latter where a class knows no equality but identity, as estimators do. Numbers and text stand for
    themselves: no label is looked up for them.

    Example:
        >>> find_named([len, 1], ["len", "1"], "len"), find_named([len, 1], ["len", "1"], "1")
        (0, None)
    """
    for index, (option, label) in enumerate(zip(options, labels, strict=True)):
        if isinstance(option, (str, int, float, type(None))):
            continue
        if isinstance(value, str):
            if value == label:
                return index
        elif type(option) is type(value) and type(value).__eq__ is object.__eq__:
            with suppress(SpaceError):  # it has no readable name
                if exact_label(option) == exact_label(value):
                    return index
    return None


def first_equals(values: Sequence[Any]) -> list[int]:
    """Position of the first value that each one equals, as configs tell options apart: its own, if none.

    Example:
        >>> first_equals([0.0, -0.0, 0, False, [1], [1]])
        [0, 0, 2, 3, 4, 4]
    """
    places: dict[Any, int] = {}
    found = []
    for index, value in enumerate(values):
        try:
            found.append(places.setdefault((type(value), value), index))
        except TypeError:  # unhashable
            found.append(cast(int, find_option(values, value)))
    return found


def plain(value: Any) -> Any:
    """Turn a NumPy scalar into a plain value; arrays and everything else stay the very object given."""
    if type(value).__module__ == "numpy" and getattr(value, "shape", None) == () and hasattr(value, "item"):
        return value.item()
    return value


def to_tuple(value: object) -> object:
    """A list as a tuple, and so are those within it; anything else as it is."""
    return tuple(to_tuple(v) for v in value) if isinstance(value, list) else value


def exact_label(value: Any) -> str:
    """Label of an object that tells it from every other: text in quotes, classes with their module.

    Raises:
        SpaceError: The object has no readable name.
    """
    return _label(value, quoted=True)


def unknown_name(name: object, known: Sequence[str], what: str, *, or_else: str | None = None) -> SpaceError:
    """Build the error for a name that is not a parameter's, with close matches.

    Args:
        name: The name.
        known: Names of the parameters.
        what: What names it, the beginning of the error's sentence.
        or_else: What to do where no name is close.
    """
    return SpaceError(
        message(
            f"{what} names an unknown parameter",
            allowed=", ".join(known) or "none",
            given=repr(name),
            fix=did_you_mean(str(name), known) or or_else,
        )
    )


def _same(option: object, value: object, strict: bool) -> bool:
    if isinstance(option, float) and isinstance(value, float) and math.isnan(option) and math.isnan(value):
        return True
    if type(option) is not type(value):
        if strict or isinstance(option, bool) or isinstance(value, bool):
            return False
        if isinstance(option, tuple) and isinstance(value, list):  # JSON and TOML know no tuples
            value = to_tuple(value)
    try:
        return bool(option == value)
    except (TypeError, ValueError):  # arrays and the like have no single truth value
        return False


def _distinct_labels(values: list[Any]) -> list[str]:
    exact = [_label(v, quoted=True) for v in values]
    twice = next((label for label, count in Counter(exact).items() if count > 1), None)
    if twice is not None:
        raise SpaceError(message(f"Choice: the option {twice} is there twice", given=repr(values)))
    short = [_label(v, quoted=False) for v in values]
    counts = Counter(short)
    return [s if counts[s] == 1 else e for s, e in zip(short, exact, strict=True)]


def _refuse_equals(values: list[Any], given: object) -> None:
    """Refuse options with labels of their own that no config could tell apart, such as 0.0 and -0.0."""
    for index, first in enumerate(first_equals(values)):
        if first != index:
            both = f"{values[first]!r} and {values[index]!r}"
            raise SpaceError(
                message(f"Choice: the options {both} are equal", given=repr(given), fix="Keep one.")
            )


def _label(value: Any, quoted: bool) -> str:
    if isinstance(value, str) and not quoted:
        return value
    if isinstance(value, type) or (callable(value) and hasattr(value, "__qualname__")):
        name = str(value.__qualname__)
        if "<lambda>" not in name:
            return (
                name.replace("<locals>.", "").rsplit(".", 1)[-1]
                if not quoted
                else f"{value.__module__}.{name}"
            )
    text = _text(value)
    if _ADDRESS.search(text) or "<lambda>" in text:
        raise SpaceError(
            message(
                "Choice: an option has no readable name to store it by",
                given=text,
                fix='Give labels: Choice({"small": first_object, "large": second_object}).',
            )
        )
    return text


def _text(value: Any) -> str:
    """What `repr` says, the same in every process: the order of a set of texts changes from run to run."""
    kind = type(value)
    if kind in (set, frozenset) and value:
        inner = "{" + ", ".join(sorted(map(_text, value), key=lambda text: (len(text), text))) + "}"
        return inner if kind is set else f"frozenset({inner})"
    if kind is dict:
        return "{" + ", ".join(f"{_text(k)}: {_text(v)}" for k, v in value.items()) + "}"
    if kind is list:
        return "[" + ", ".join(map(_text, value)) + "]"
    if kind is tuple:
        return "(" + ", ".join(map(_text, value)) + (",)" if len(value) == 1 else ")")
    return repr(value)
