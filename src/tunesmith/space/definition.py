"""Checks at the definition of a parameter: ends, step, prior and default, each with one clear error."""

import math
import warnings
from collections.abc import Mapping
from typing import Any, TypeAlias, cast

import numpy as np

from tunesmith.errors import ConfigError, SpaceError, message
from tunesmith.space.naming import name_being_defined, with_name
from tunesmith.space.scales import GRID_TOLERANCE

Condition: TypeAlias = "str | Mapping[str, Any] | None"

MOST_STEPS = 2.0**53  # of a range of floats; beyond, neighbours cannot be told apart
PRIOR_TAIL = 5e-4  # an unbounded prior is cut at these quantiles, since a range needs two ends
LOG_PRIORS = frozenset({"loguniform", "reciprocal", "lognorm"})  # these imply a log scale
LOG_FIX = "Raise low, or leave out log=True."


def refuse(p: object, wrong: str, **parts: Any) -> SpaceError:
    """Build the error of a definition that cannot be."""
    return SpaceError(message(f"{type(p).__name__}: {wrong}", **parts))


def finite(p: object, name: str, value: object) -> float:
    """Turn an argument into a plain, finite float."""
    try:
        if isinstance(value, (bool, str, bytes)):
            raise TypeError
        number = float(cast(Any, value))
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        raise refuse(p, f"{name} must be a finite number", given=f"{name}={value!r}")
    return number


def whole(p: object, name: str, value: object) -> int:
    """Turn an argument into a plain int."""
    number = finite(p, name, value)
    if number != int(number):
        raise refuse(p, f"{name} must be a whole number", given=f"{name}={value!r}", fix="Or use Float.")
    return int(cast(Any, value))


def switch(p: object, name: str, value: object) -> bool:
    """Turn an argument into a plain bool; texts such as "false" would all be true."""
    if type(value).__name__ not in ("bool", "bool_"):  # NumPy's has either name
        raise refuse(p, f"{name} must be True or False", given=f"{name}={value!r}")
    return bool(value)


def settle_range(p: Any, is_whole: bool) -> None:
    """Check low, high, log and prior, and turn them into plain values."""
    low, high = p.low, p.high
    if p.prior is not None:
        if not _is_distribution(p.prior):
            raise _no_prior(p)
        if getattr(getattr(p.prior, "dist", None), "name", None) in LOG_PRIORS:
            object.__setattr__(p, "log", True)
        low, high = _ends_of_prior(p, low, high, is_whole)
    for end, value in (("low", low), ("high", high)):
        if value is None:
            raise refuse(p, f"{end} is missing", allowed="two ends, or a prior to take them from")
    convert = whole if is_whole else finite
    low, high = convert(p, "low", low), convert(p, "high", high)
    if low > high:
        raise refuse(p, "low must not be above high", given=f"low={low!r}, high={high!r}", fix="Swap them.")
    object.__setattr__(p, "low", low)
    object.__setattr__(p, "high", high)
    object.__setattr__(p, "log", switch(p, "log", p.log))


def _is_distribution(prior: Any) -> bool:
    """Whether it has quantiles: none where an argument, such as a scale of 0 or NaN, is not allowed."""
    try:
        with np.errstate(all="ignore"):
            return math.isfinite(prior.ppf(0.5)) and 0.0 < prior.cdf(prior.ppf(0.5)) <= 1.0
    except (AttributeError, TypeError, ValueError):  # of several numbers, or no distribution at all
        return False


def _no_prior(p: Any) -> SpaceError:
    dist = getattr(p.prior, "dist", None)  # of a frozen one, whose arguments then are not allowed
    if dist is None or not hasattr(dist, "name"):
        wrong = "prior must be a frozen scipy.stats distribution of one number"
        return refuse(p, wrong, given=repr(p.prior), fix="For example scipy.stats.norm(0, 1).")
    arguments = ", ".join([*map(repr, p.prior.args), *(f"{k}={v!r}" for k, v in p.prior.kwds.items())])
    wrong = f"prior {dist.name} has no quantiles with its arguments"
    return refuse(
        p, wrong, given=f"{dist.name}({arguments})", fix="They must be single numbers, a scale above 0."
    )


def _ends_of_prior(p: Any, low: object, high: object, is_whole: bool) -> tuple[object, object]:
    ends = [float(p.prior.ppf(q)) for q in (0.0, 1.0)]
    if is_whole:  # ppf(0) of a discrete distribution lies one below its lowest value
        support = getattr(p.prior, "support", None)
        ends = [float(e) for e in support()] if callable(support) else ends
    cut = [float(p.prior.ppf(q)) for q in (PRIOR_TAIL, 1 - PRIOR_TAIL)]
    usable = [
        e if math.isfinite(e) and not (p.log and k == 0 and e <= 0) else c
        for k, (e, c) in enumerate(zip(ends, cut, strict=True))
    ]
    if is_whole:
        usable = [float(math.floor(usable[0])), float(math.ceil(usable[1]))]
    return (usable[0] if low is None else low), (usable[1] if high is None else high)


def prior_mass(p: Any, half_step: float) -> tuple[float, float]:
    """Share of a prior below the range, and share up to its end."""
    if p.low == p.high:
        return 0.0, 1.0
    below, above = float(p.prior.cdf(p.low - half_step)), float(p.prior.cdf(p.high + half_step))
    if not above > below:
        raise refuse(
            p, "the prior gives no probability to the range", given=f"low={p.low!r}, high={p.high!r}"
        )
    return below, above


def check_step(p: Any, step: float) -> None:
    """Check a step against its range."""
    if step <= 0:
        raise refuse(p, "step must be above 0", given=f"step={step!r}")
    if p.high > p.low and step > (p.high - p.low) * (1 + GRID_TOLERANCE) and step != 1:
        raise refuse(
            p,
            "step is larger than the range",
            given=f"step={step!r}, low={p.low!r}, high={p.high!r}",
            fix="Lower the step, or give the one value as both low and high.",
        )
    if isinstance(step, float) and (p.high - p.low) / step > MOST_STEPS:
        raise refuse(
            p,
            "the range is too wide for steps of this size",
            given=f"step={step!r}, low={p.low!r}, high={p.high!r}",
            fix="Raise the step, or leave it out.",
        )


def warn_of_ragged_end(p: Any) -> None:
    """Warn, once by definition, when the steps do not reach the high end."""
    last = p.value_at((p.size or 1) - 1)
    if p.high > p.low and last != p.high:
        text = message(
            f"{type(p).__name__}: steps of {p.step!r} from {p.low!r} do not reach high={p.high!r}",
            fix=f"The highest value is {last!r}.",
        )
        # This function, _settle, __post_init__, the dataclass's __init__, and then whoever defines.
        warnings.warn(with_name(text, name_being_defined()), stacklevel=5)


def settle_default(p: Any) -> None:
    """Turn the default into a value of the parameter."""
    try:
        object.__setattr__(p, "default", p.check(p.default))
    except ConfigError as error:
        raise SpaceError(f"{type(p).__name__}: the default does not fit: {error}") from None


def outside(p: Any, value: object) -> str:
    """Message for a value that a parameter does not take."""
    return message("the value is not allowed", allowed=p.describe(), given=repr(value))
