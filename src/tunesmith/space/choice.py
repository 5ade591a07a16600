"""Choice: a parameter that takes one of several options, of any type. Their labels are `labels.py`."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from tunesmith.errors import ConfigError, SpaceError
from tunesmith.space import definition
from tunesmith.space.definition import Condition, outside
from tunesmith.space.labels import UNSET, find_named, find_option, make_labels
from tunesmith.space.naming import named

SHOWN_OPTIONS = 12  # in messages
_PLAIN = frozenset({str, int, bool, type(None)})  # values of these types that are equal cannot be told apart


@dataclass(frozen=True, init=False)
class Choice:
    """A parameter that takes one of several options, of any type.

    The objective gets the very object given here, but for lists, dicts and sets, of which it gets a copy that
    it may change. The store keeps the option's label: the text of a string or number, the name of a class or
    function. Objects without a readable name need labels of their own, given as a mapping from label to
    object. In conditions, defaults and configs an object may be given by its label, and an estimator by
    another one that is set alike.

    Args:
        options: The options, a sequence; or a mapping from label to option.
        ordered: The options have an order, as sizes have: neighbours are alike.
        default: An option known to work; tried early.
        when: Condition for the parameter to be active, see `Space`.

    Raises:
        SpaceError: At definition: no options, one twice, one without a label, or an unknown default.

    Example:
        >>> Choice(["adam", None, (2, 3)]).labels
        ('adam', 'None', '(2, 3)')
    """

    options: tuple[Any, ...]
    labels: tuple[str, ...]
    ordered: bool
    default: Any
    when: Condition
    absent: frozenset[str]  # labels that stand for themselves, since the store had no more of their options

    def __init__(
        self,
        options: Sequence[Any] | Mapping[str, Any],
        *,
        ordered: bool = False,
        default: Any = UNSET,
        when: Condition = None,
    ) -> None:
        try:
            self._settle(options, ordered, default, when)
        except SpaceError as error:
            raise named(error) from error.__cause__

    def _settle(self, options: object, ordered: bool, default: Any, when: Condition) -> None:
        values, labels = make_labels(options)
        object.__setattr__(self, "options", values)
        object.__setattr__(self, "labels", labels)
        object.__setattr__(self, "ordered", definition.switch(self, "ordered", ordered))
        object.__setattr__(self, "default", default)
        object.__setattr__(self, "when", when)
        object.__setattr__(self, "absent", frozenset())
        if default is None and find_option(values, None) is None:
            object.__setattr__(self, "default", UNSET)
        elif default is not UNSET:
            definition.settle_default(self)

    def __hash__(self) -> int:
        """Hash by label, since options may be unhashable."""
        return hash((self.labels, self.ordered))

    def __eq__(self, other: object) -> bool:
        """Two choices are equal when their labels, order, default and condition are."""
        if not isinstance(other, Choice):
            return NotImplemented
        return (self.labels, self.ordered, self.default_label, self.when) == (
            other.labels,
            other.ordered,
            other.default_label,
            other.when,
        )

    @property
    def has_default(self) -> bool:
        """Whether a default was given; it may be None, where None is an option."""
        return self.default is not UNSET

    @property
    def default_label(self) -> str | None:
        """Label of the default; None when there is none."""
        return None if self.default is UNSET else self.labels[self.index(self.default)]

    @property
    def size(self) -> int:
        """Number of options."""
        return len(self.options)

    @cached_property
    def _places(self) -> dict[tuple[type, Any], int]:
        made = {}
        for index, option in enumerate(self.options):
            with suppress(TypeError):  # it cannot be hashed
                made[type(option), option] = index
        return made

    def value_at(self, index: int) -> Any:
        """Option number `index`, the very object given."""
        return self.options[index]

    def index(self, value: object) -> int:
        """Position of an option.

        Raises:
            ConfigError: The value is not among the options.
        """
        try:
            found = self._places.get((type(value), value))
        except TypeError:  # it cannot be hashed
            found = None
        if found is None:
            found = find_option(self.options, value)
        if found is None:
            found = find_named(self.options, self.labels, value)
        if found is None:
            raise ConfigError(outside(self, value))
        return found

    def is_plain(self, value: object) -> bool:
        """Whether `check` would return this very value; a quick test that may say no too often."""
        return type(value) in _PLAIN and (type(value), value) in self._places

    def check(self, value: object) -> Any:
        """Turn a value into the very option that it equals.

        Raises:
            ConfigError: The value is not among the options.
        """
        return self.options[self.index(value)]

    def describe(self) -> str:
        """Say in words which options there are."""
        more = f" and {self.size - SHOWN_OPTIONS} more" if self.size > SHOWN_OPTIONS else ""
        return f"one of {', '.join(self.labels[:SHOWN_OPTIONS])}{more}"

    def encode(self, value: object) -> float:
        """Map an option to u in [0, 1], the centre of its cell."""
        return (self.index(value) + 0.5) / self.size

    def decode(self, u: float) -> Any:
        """Map u in [0, 1] to the option whose cell holds it."""
        last = len(self.options) - 1
        return self.options[min(max(int(u * (last + 1)), 0), last)]
