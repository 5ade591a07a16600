"""Float and Int: parameters whose values are the numbers of a range.

Both ends of every range are included. A step counts from `low`; if it does not divide the range exactly, the
highest value is the last step at or below `high`. How values map to the unit interval is `scales.py`; what is
checked at definition is `definition.py`.
"""

import math
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol, cast

from tunesmith.errors import ConfigError, SpaceError, message
from tunesmith.space import definition, scales
from tunesmith.space.definition import Condition, outside
from tunesmith.space.naming import named

KNOWN_STEPS = 10_000  # values of a stepped Float that are kept for quick tests


class Prior(Protocol):
    """What we use of a frozen `scipy.stats` distribution."""

    def ppf(self, q: float, /) -> Any:
        """Quantile of probability q."""

    def cdf(self, x: float, /) -> Any:
        """Probability of a value at or below x."""


@dataclass(frozen=True)
class Float:
    """A real parameter between two ends, both included.

    Args:
        low: Lower end, finite; above 0 when `log` is set.
        high: Upper end, finite, at or above `low`.
        log: Search on a log scale.
        step: Distance between neighbouring values, counted from `low`; None for any real value.
        default: A value known to work; tried early.
        prior: Frozen `scipy.stats` distribution of where good values are expected; `low` and `high` may then
            be left out and come from its support (an endless tail is cut at probability 0.0005).
        when: Condition for the parameter to be active, see `Space`.

    Raises:
        SpaceError: At definition, when the range, step, default or prior cannot be.

    Example:
        >>> Float(0, 1, step=0.1).decode(0.35)
        0.3
    """

    low: float = None  # type: ignore[assignment]  # or from the prior
    high: float = None  # type: ignore[assignment]
    log: bool = field(default=False, kw_only=True)
    step: float | None = field(default=None, kw_only=True)
    default: float | None = field(default=None, kw_only=True)
    prior: Prior | None = field(default=None, kw_only=True)
    when: Condition = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        """Check the definition once, and turn every number into a plain float."""
        try:
            self._settle()
        except SpaceError as error:
            raise named(error) from error.__cause__

    def _settle(self) -> None:
        definition.settle_range(self, is_whole=False)
        if self.log and self.low <= 0:
            given = f"low={self.low!r}"
            raise definition.refuse(
                self, "low must be above 0 on a log scale", given=given, fix=definition.LOG_FIX
            )
        if self.step is not None:
            object.__setattr__(self, "step", definition.finite(self, "step", self.step))
            definition.check_step(self, self.step)
            definition.warn_of_ragged_end(self)
        if self.default is not None:
            definition.settle_default(self)
        if self.prior is not None:
            _ = self.prior_mass  # refuses a prior that gives the range no probability

    @property
    def has_default(self) -> bool:
        """Whether a default was given."""
        return self.default is not None

    @cached_property
    def size(self) -> int | None:
        """Number of values; None when there is no end of them."""
        if self.low == self.high:
            return 1
        return None if self.step is None else scales.step_count(self.low, self.high, self.step)

    @cached_property
    def _steps(self) -> frozenset[float]:
        count = self.size or 0
        return frozenset(map(self.value_at, range(count))) if count <= KNOWN_STEPS else frozenset()

    @cached_property
    def cells(self) -> scales.Cells:
        """Cells of the unit interval of a stepped range."""
        if self.step is None:
            raise AssertionError("a range without steps has no cells")
        count = self.size or 1
        return scales.Cells(self.low, self.value_at(count - 1), self.step, count, self.log)

    @cached_property
    def prior_mass(self) -> tuple[float, float]:
        """Share of the prior below the range, and share up to its end."""
        return definition.prior_mass(self, half_step=0.0)

    def value_at(self, index: int) -> float:
        """Value number `index` of a stepped (or one-value) range, printed as cleanly as it was defined."""
        if self.step is None:
            return self.low
        return scales.step_value(self.low, self.high, self.step, index)

    def is_plain(self, value: object) -> bool:
        """Whether `check` would return this very value; a quick test that may say no too often."""
        if type(value) is not float:
            return False
        return self.low <= value <= self.high if self.step is None else value in self._steps

    def check(self, value: object) -> float:
        """Turn a value into a plain float of this range.

        Raises:
            ConfigError: The value is no finite number, is outside the range, or lies between two steps.
        """
        number = _as_number(self, value)
        if not self.low <= number <= self.high:
            raise ConfigError(outside(self, value))
        if self.step is None:
            return number
        index = round((number - self.low) / self.step)
        nearest = self.value_at(min(index, (self.size or 1) - 1))
        if abs(nearest - number) > max(scales.GRID_TOLERANCE * self.step, 4 * math.ulp(number)):
            raise ConfigError(
                message(
                    f"{number!r} lies between two steps",
                    allowed=self.describe(),
                    given=repr(value),
                    fix=f"The nearest is {nearest!r}.",
                )
            )
        return nearest

    def describe(self) -> str:
        """Say in words which values are allowed."""
        steps = "" if self.step is None else f" in steps of {self.step!r}"
        return f"numbers from {self.low!r} to {self.high!r}{steps}"

    def encode(self, value: float) -> float:
        """Map a checked value to u in [0, 1]."""
        if self.step is not None:
            return self.cells.encode(round((value - self.low) / self.step))
        return scales.scale(value, self.low, self.high, self.log)

    def decode(self, u: float) -> float:
        """Map u in [0, 1] to a value; never outside the range, whatever the rounding."""
        if self.step is not None:
            return self.value_at(self.cells.decode(u))
        return scales.unscale(u, self.low, self.high, self.log)


@dataclass(frozen=True)
class Int:
    """An integer parameter between two ends, both included; its values are plain `int`.

    Args:
        low: Lower end; at least 1 when `log` is set.
        high: Upper end, at or above `low`.
        log: Search on a log scale.
        step: Distance between neighbouring values, an int of 1 or more, counted from `low`.
        default: A value known to work; tried early.
        prior: Frozen `scipy.stats` distribution, discrete or continuous, as for `Float`.
        when: Condition for the parameter to be active, see `Space`.

    Raises:
        SpaceError: At definition, when the range, step, default or prior cannot be.

    Example:
        >>> Int(1, 1024, log=True).decode(0.5)
        23
    """

    low: int = None  # type: ignore[assignment]
    high: int = None  # type: ignore[assignment]
    log: bool = field(default=False, kw_only=True)
    step: int = field(default=1, kw_only=True)
    default: int | None = field(default=None, kw_only=True)
    prior: Prior | None = field(default=None, kw_only=True)
    when: Condition = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        """Check the definition once, and turn every number into a plain int."""
        try:
            self._settle()
        except SpaceError as error:
            raise named(error) from error.__cause__

    def _settle(self) -> None:
        definition.settle_range(self, is_whole=True)
        if self.log and self.low < 1:
            given = f"low={self.low!r}"
            raise definition.refuse(
                self, "low must be at least 1 on a log scale", given=given, fix=definition.LOG_FIX
            )
        object.__setattr__(
            self, "step", definition.whole(self, "step", 1 if self.step is None else self.step)
        )
        definition.check_step(self, self.step)
        definition.warn_of_ragged_end(self)
        if self.default is not None:
            definition.settle_default(self)
        if self.prior is not None:
            _ = self.prior_mass  # refuses a prior that gives the range no probability

    @property
    def has_default(self) -> bool:
        """Whether a default was given."""
        return self.default is not None

    @cached_property
    def size(self) -> int:
        """Number of values."""
        return (self.high - self.low) // self.step + 1

    @cached_property
    def cells(self) -> scales.Cells:
        """Cells of the unit interval."""
        last = self.value_at(self.size - 1)
        return scales.Cells(self.low, last, self.step, self.size, self.log)

    @cached_property
    def prior_mass(self) -> tuple[float, float]:
        """Share of the prior below the range, and share up to its end."""
        return definition.prior_mass(self, half_step=self.step / 2)

    def value_at(self, index: int) -> int:
        """Value number `index`, counted from `low`."""
        return self.low + index * self.step

    def is_plain(self, value: object) -> bool:
        """Whether `check` would return this very value; a quick test that may say no too often."""
        return type(value) is int and self.low <= value <= self.high and (value - self.low) % self.step == 0

    def check(self, value: object) -> int:
        """Turn a value into a plain int of this range; 3.0 counts as 3.

        Raises:
            ConfigError: The value is no whole number, is outside the range, or lies between two steps.
        """
        number = _as_number(self, value)
        whole = int(cast(Any, value)) if number == int(number) else None
        if whole is None or not self.low <= whole <= self.high or (whole - self.low) % self.step:
            raise ConfigError(outside(self, value))
        return whole

    def describe(self) -> str:
        """Say in words which values are allowed.

        Example:
            >>> Int(2, 10, step=2).describe()
            'whole numbers from 2 to 10 in steps of 2'
        """
        steps = "" if self.step == 1 else f" in steps of {self.step!r}"
        return f"whole numbers from {self.low!r} to {self.high!r}{steps}"

    def encode(self, value: int) -> float:
        """Map a checked value to u in [0, 1], the centre of its cell."""
        return self.cells.encode((value - self.low) // self.step)

    def decode(self, u: float) -> int:
        """Map u in [0, 1] to the value whose cell holds it."""
        return self.value_at(self.cells.decode(u))


def _as_number(p: "Float | Int", value: object) -> float:
    try:
        if isinstance(value, (bool, str, bytes)) or value is None:
            raise TypeError
        number = float(cast(Any, value))
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        raise ConfigError(outside(p, value))
    return number
