"""The three kinds of parameter: Float, Int, Choice. Each is an immutable description of one knob.

A parameter knows its values and its scale: it checks a value, and maps it to and from one coordinate `u` of
the unit cube. How parameters depend on each other (`when`) is `conditions.py`; what makes a whole config is
`space.py`.

Both ends of every range are included. A step counts from `low`; if it does not divide the range exactly, the
highest value is the last step at or below `high`. In the unit cube an Int or stepped Float of k values owns
k equal cells (on a log scale: from log(v - ½) to log(v + ½)), and a value is encoded as its cell's centre.
"""

import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Protocol, TypeAlias, cast

from tunesmith.errors import ConfigError, SpaceError, message
from tunesmith.space.labels import UNSET, find_option, make_labels

Condition: TypeAlias = "str | Mapping[str, Any] | None"

PRIOR_TAIL = 5e-4  # an unbounded prior is cut at these quantiles, since a range needs two ends
LOG_PRIORS = frozenset({"loguniform", "reciprocal", "lognorm"})  # these imply a log scale
GRID_TOLERANCE = 1e-9  # of one step: how far off the grid a value may lie by rounding alone


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

    low: float = cast(float, None)
    high: float = cast(float, None)
    log: bool = field(default=False, kw_only=True)
    step: float | None = field(default=None, kw_only=True)
    default: float | None = field(default=None, kw_only=True)
    prior: Prior | None = field(default=None, kw_only=True)
    when: Condition = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        """Check the definition once, and turn every number into a plain float."""
        _settle_range(self, _finite_float)
        if self.log and self.low <= 0:
            _refuse(self, "low must be above 0 on a log scale", given=f"low={self.low!r}", fix=_LOG_FIX)
        if self.step is not None:
            _settle_step(self, _finite_float(self, "step", self.step))
        _settle_default(self)

    @property
    def has_default(self) -> bool:
        """Whether a default was given."""
        return self.default is not None

    @property
    def size(self) -> int | None:
        """Number of values; None when there is no end of them."""
        if self.low == self.high:
            return 1
        return None if self.step is None else _step_count(self.low, self.high, self.step)

    def value_at(self, index: int) -> float:
        """Value number `index` of a stepped (or one-value) range, printed as cleanly as it was defined."""
        if self.step is None:
            return self.low
        exact = Decimal(repr(self.low)) + index * Decimal(repr(self.step))
        value = float(exact)
        return self.high if abs(value - self.high) <= GRID_TOLERANCE * self.step else value

    def check(self, value: object) -> float:
        """Turn a value into a plain float of this range.

        Raises:
            ConfigError: The value is no finite number, is outside the range, or lies between two steps.
        """
        number = _as_number(self, value)
        if not self.low <= number <= self.high:
            raise ConfigError(_outside(self, value))
        if self.step is None:
            return number
        index = round((number - self.low) / self.step)
        nearest = self.value_at(min(index, (self.size or 1) - 1))
        if abs(nearest - number) > GRID_TOLERANCE * max(self.step, abs(number)):
            raise ConfigError(
                message(
                    f"{number!r} lies between two steps",
                    allowed=describe(self),
                    given=repr(value),
                    fix=f"The nearest is {nearest!r}.",
                )
            )
        return nearest

    def encode(self, value: float) -> float:
        """Map a checked value to u in [0, 1]."""
        if self.step is not None:
            return _encode_index(self, round((value - self.low) / self.step))
        return _scale(value, self.low, self.high, self.log)

    def decode(self, u: float) -> float:
        """Map u in [0, 1] to a value; never outside the range, whatever the rounding."""
        if self.step is not None:
            return self.value_at(_decode_index(self, u))
        if u <= 0.0:
            return self.low
        if u >= 1.0:
            return self.high
        return min(max(_unscale(u, self.low, self.high, self.log), self.low), self.high)


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

    low: int = cast(int, None)
    high: int = cast(int, None)
    log: bool = field(default=False, kw_only=True)
    step: int = field(default=1, kw_only=True)
    default: int | None = field(default=None, kw_only=True)
    prior: Prior | None = field(default=None, kw_only=True)
    when: Condition = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        """Check the definition once, and turn every number into a plain int."""
        _settle_range(self, _whole)
        if self.log and self.low < 1:
            _refuse(self, "low must be at least 1 on a log scale", given=f"low={self.low!r}", fix=_LOG_FIX)
        _settle_step(self, _whole(self, "step", 1 if self.step is None else self.step))
        _settle_default(self)

    @property
    def has_default(self) -> bool:
        """Whether a default was given."""
        return self.default is not None

    @property
    def size(self) -> int:
        """Number of values."""
        return (self.high - self.low) // self.step + 1

    def value_at(self, index: int) -> int:
        """Value number `index`, counted from `low`."""
        return self.low + index * self.step

    def check(self, value: object) -> int:
        """Turn a value into a plain int of this range; 3.0 counts as 3.

        Raises:
            ConfigError: The value is no whole number, is outside the range, or lies between two steps.
        """
        number = _as_number(self, value)
        whole = int(cast(Any, value)) if number == int(number) else None
        if whole is None or not self.low <= whole <= self.high or (whole - self.low) % self.step:
            raise ConfigError(_outside(self, value))
        return whole

    def encode(self, value: int) -> float:
        """Map a checked value to u in [0, 1], the centre of its cell."""
        return _encode_index(self, (value - self.low) // self.step)

    def decode(self, u: float) -> int:
        """Map u in [0, 1] to the value whose cell holds it."""
        return self.value_at(_decode_index(self, u))


@dataclass(frozen=True, init=False)
class Choice:
    """A parameter that takes one of several options, of any type.

    The objective gets the very object given here; the store keeps its label: the text of a string or number,
    the name of a class or function. Objects without a readable name need labels of their own, given as a
    mapping from label to object.

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

    def __init__(
        self,
        options: Sequence[Any] | Mapping[str, Any],
        *,
        ordered: bool = False,
        default: Any = UNSET,
        when: Condition = None,
    ) -> None:
        values, labels = make_labels(options)
        object.__setattr__(self, "options", values)
        object.__setattr__(self, "labels", labels)
        object.__setattr__(self, "ordered", bool(ordered))
        object.__setattr__(self, "default", default)
        object.__setattr__(self, "when", when)
        if default is None and find_option(values, None) is None:
            object.__setattr__(self, "default", UNSET)
        elif default is not UNSET:
            _settle_default(self)

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

    def value_at(self, index: int) -> Any:
        """Option number `index`, the very object given."""
        return self.options[index]

    def index(self, value: object) -> int:
        """Position of an option.

        Raises:
            ConfigError: The value is not among the options.
        """
        found = find_option(self.options, value)
        if found is None:
            raise ConfigError(_outside(self, value))
        return found

    def check(self, value: object) -> Any:
        """Turn a value into the very option that it equals.

        Raises:
            ConfigError: The value is not among the options.
        """
        return self.options[self.index(value)]

    def encode(self, value: object) -> float:
        """Map an option to u in [0, 1], the centre of its cell."""
        return (self.index(value) + 0.5) / self.size

    def decode(self, u: float) -> Any:
        """Map u in [0, 1] to the option whose cell holds it."""
        return self.options[min(max(int(u * self.size), 0), self.size - 1)]


Parameter: TypeAlias = Float | Int | Choice

_LOG_FIX = "Raise low, or leave out log=True."


def describe(parameter: Parameter) -> str:
    """Say in words which values a parameter allows.

    Example:
        >>> describe(Int(2, 10, step=2))
        'whole numbers from 2 to 10 in steps of 2'
    """
    if isinstance(parameter, Choice):
        shown = ", ".join(parameter.labels[:12])
        return f"one of {shown}" + (f" and {parameter.size - 12} more" if parameter.size > 12 else "")
    kind = "whole numbers" if isinstance(parameter, Int) else "numbers"
    text = f"{kind} from {parameter.low!r} to {parameter.high!r}"
    stepped = parameter.step is not None and not (isinstance(parameter, Int) and parameter.step == 1)
    return text + (f" in steps of {parameter.step!r}" if stepped else "")


def draw(parameter: Parameter, u: float) -> Any:
    """Map u in [0, 1] to a value by the parameter's prior, or by its scale when it has none.

    Raises:
        SpaceError: The prior gives no probability to the range.
    """
    prior = None if isinstance(parameter, Choice) else parameter.prior
    if prior is None or isinstance(parameter, Choice):
        return parameter.decode(u)
    half = parameter.step / 2 if isinstance(parameter, Int) else 0.0
    below, above = float(prior.cdf(parameter.low - half)), float(prior.cdf(parameter.high + half))
    if not above > below:
        _refuse(parameter, "the prior gives no probability to the range", given=f"prior={prior!r}")
    value = float(prior.ppf(below + u * (above - below)))
    value = min(max(value, parameter.low), parameter.high)
    if parameter.step is None:
        return value
    index = round((value - parameter.low) / parameter.step)
    return parameter.value_at(min(max(index, 0), (parameter.size or 1) - 1))


def _encode_index(p: Float | Int, index: int) -> float:
    count = p.size or 1
    if count == 1:
        return 0.5
    if not p.log:
        return (index + 0.5) / count
    return _scale(p.value_at(index), *_log_cells(p), True)


def _decode_index(p: Float | Int, u: float) -> int:
    count = p.size or 1
    if not p.log or count == 1:
        return min(max(int(u * count), 0), count - 1)
    value = _unscale(min(max(u, 0.0), 1.0), *_log_cells(p), True)
    return min(max(round((value - p.low) / cast(float, p.step)), 0), count - 1)


def _log_cells(p: Float | Int) -> tuple[float, float]:
    # A stepped range on a log scale: the outer edges of the first and the last cell.
    half = min(cast(float, p.step) / 2, p.low / 2)
    return p.low - half, p.value_at((p.size or 1) - 1) + cast(float, p.step) / 2


def _scale(value: float, low: float, high: float, log: bool) -> float:
    if low == high:
        return 0.5
    if log:
        return min(max(math.log(value / low) / math.log(high / low), 0.0), 1.0)
    half = high / 2 - low / 2  # halves, since high - low may overflow
    return min(max((value / 2 - low / 2) / half, 0.0), 1.0)


def _unscale(u: float, low: float, high: float, log: bool) -> float:
    if log:
        return math.exp((1 - u) * math.log(low) + u * math.log(high))
    return (1 - u) * low + u * high


def _step_count(low: float, high: float, step: float) -> int:
    return math.floor((high - low) / step + GRID_TOLERANCE) + 1


def _refuse(p: Parameter, wrong: str, **parts: Any) -> None:
    raise SpaceError(message(f"{type(p).__name__}: {wrong}", **parts))


def _finite_float(p: Parameter, name: str, value: object) -> float:
    try:
        if isinstance(value, (bool, str, bytes)):
            raise TypeError
        number = float(cast(Any, value))
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        _refuse(p, f"{name} must be a finite number", given=f"{name}={value!r}")
    return number


def _whole(p: Parameter, name: str, value: object) -> int:
    number = _finite_float(p, name, value)
    if number != int(number):
        _refuse(p, f"{name} must be a whole number", given=f"{name}={value!r}", fix="Or use Float.")
    return int(cast(Any, value))


def _settle_range(p: Any, convert: Any) -> None:
    low, high = p.low, p.high
    if p.prior is not None:
        if not (callable(getattr(p.prior, "ppf", None)) and callable(getattr(p.prior, "cdf", None))):
            _refuse(
                p,
                "prior must be a frozen scipy.stats distribution",
                given=repr(p.prior),
                fix="For example scipy.stats.norm(0, 1).",
            )
        name = getattr(getattr(p.prior, "dist", None), "name", None)
        if name in LOG_PRIORS:
            object.__setattr__(p, "log", True)
        low, high = _ends_of_prior(p, low, high)
    for end, value in (("low", low), ("high", high)):
        if value is None:
            _refuse(p, f"{end} is missing", allowed="two ends, or a prior to take them from")
    low, high = convert(p, "low", low), convert(p, "high", high)
    if low > high:
        _refuse(p, "low must not be above high", given=f"low={low!r}, high={high!r}", fix="Swap them.")
    object.__setattr__(p, "low", low)
    object.__setattr__(p, "high", high)
    object.__setattr__(p, "log", bool(p.log))


def _ends_of_prior(p: Any, low: object, high: object) -> tuple[object, object]:
    ends = [float(p.prior.ppf(q)) for q in (0.0, 1.0)]
    if isinstance(p, Int):  # ppf(0) of a discrete distribution lies one below its lowest value
        support = getattr(p.prior, "support", None)
        ends = [float(e) for e in support()] if callable(support) else ends
    cut = [float(p.prior.ppf(q)) for q in (PRIOR_TAIL, 1 - PRIOR_TAIL)]
    usable = [
        e if math.isfinite(e) and not (p.log and k == 0 and e <= 0) else c
        for k, (e, c) in enumerate(zip(ends, cut, strict=True))
    ]
    if isinstance(p, Int):
        usable = [float(math.floor(usable[0])), float(math.ceil(usable[1]))]
    return (usable[0] if low is None else low), (usable[1] if high is None else high)


def _settle_step(p: Float | Int, step: float) -> None:
    if step <= 0:
        _refuse(p, "step must be above 0", given=f"step={step!r}")
    if p.high > p.low and step > (p.high - p.low) * (1 + GRID_TOLERANCE) and step != 1:
        _refuse(
            p,
            "step is larger than the range",
            given=f"step={step!r}, {describe_ends(p)}",
            fix="Lower the step, or give the one value as both low and high.",
        )
    object.__setattr__(p, "step", step)
    last = p.value_at((p.size or 1) - 1)
    if p.high > p.low and last != p.high:
        warnings.warn(
            message(
                f"{type(p).__name__}: steps of {step!r} from {p.low!r} do not reach high={p.high!r}",
                fix=f"The highest value is {last!r}.",
            ),
            stacklevel=5,
        )


def describe_ends(p: Float | Int) -> str:
    """Both ends of a range as they were given."""
    return f"low={p.low!r}, high={p.high!r}"


def _settle_default(p: Any) -> None:
    if p.default is None and not isinstance(p, Choice):
        return
    try:
        object.__setattr__(p, "default", p.check(p.default))
    except ConfigError as error:
        raise SpaceError(f"{type(p).__name__}: the default does not fit: {error}") from None


def _as_number(p: Parameter, value: object) -> float:
    try:
        if isinstance(value, (bool, str, bytes)) or value is None:
            raise TypeError
        number = float(cast(Any, value))
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        raise ConfigError(_outside(p, value))
    return number


def _outside(p: Parameter, value: object) -> str:
    return message("the value is not allowed", allowed=describe(p), given=repr(value))
