"""Which config to ship: the best by what the model expects of it, not by its luckiest result.

How configs are judged is `tunesmith.learning.standing`. Among near equals the one that is known better is
taken. The lowest of many estimates is too low on average; by how much is found by simulation, and `value` is
corrected for it.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from tunesmith.history import History
from tunesmith.learning.observed import Observed
from tunesmith.learning.scales import Floats, Ints
from tunesmith.learning.standing import Standing, find_standing
from tunesmith.seeds import generator
from tunesmith.space import Config, Parameter
from tunesmith.surrogate.gp import cholesky
from tunesmith.threads import one_thread
from tunesmith.wording import literal, number

CAUTION = 0.3  # standard deviations added when configs are compared: of two equals, the better known one
SAMPLES = 512  # of all their losses, to find how much the chosen one owes to luck
WIDTH = 1.6  # standard deviations to each end of the interval; 1.28 if the model's own were the whole truth
TIE = 1.28  # standard deviations of a difference within which two configs are as good as each other


@dataclass(frozen=True, slots=True)
class Recommendation:
    """The config to ship.

    Args:
        config: Values of the active parameters.
        value: What to expect of it, in the study's direction.
        low: Lower end of the interval that holds the true value with 80 % probability; equal to `value` while
            there are too few results to tell.
        high: Upper end.
        number: Trial that ran it, the first of several.
        ties: Other trials whose configs are as good as far as one can tell, best first.
        seen: Its best single result, which is partly luck.
        cheapest: Trial whose config took the least time, among this one and its ties; None when no times are
            known.
        closest: Trial whose config is closest to the defaults of the space, among the same; None when there
            are no defaults.
        sentence: What to expect in words: the winner's curse in numbers, and what the tied ones offer.
    """

    config: Config
    value: float
    low: float
    high: float
    number: int
    ties: tuple[int, ...]
    seen: float
    cheapest: int | None
    closest: int | None
    sentence: str

    def __str__(self) -> str:
        """Which config, and what to expect of it."""
        values = ", ".join(f"{name}={literal(value)}" for name, value in self.config.items())
        return f"Trial {self.number}: {values}. {self.sentence}"


@one_thread()
def recommend(history: History) -> Recommendation | None:
    """Choose among the configs that were run to the end and meet the constraints; None when there is none."""
    standing = find_standing(history)
    if standing is None:
        return None
    groups = standing.groups
    judged = _judge(standing, len(history))
    best = judged.order[0]
    low, high = sorted((history.sign * judged.ends).tolist())
    value = min(max(history.sign * judged.expected, low), high)
    tied = [groups[k] for k in judged.order[1:] if judged.is_tie[k]]
    alike = [groups[best], *tied]
    number = int(groups[best][0])
    seen_value = history.sign * float(history.loss[groups[best]].min())
    cheapest, closest = _cheapest(history, alike), _closest(history, alike)
    return Recommendation(
        config=dict(history[number].config),
        value=value,
        low=low,
        high=high,
        number=number,
        ties=tuple(int(numbers[0]) for numbers in tied),
        seen=seen_value,
        cheapest=cheapest,
        closest=closest,
        sentence=_expectation(seen_value, value, low, high)
        + _offers(history, number, len(tied), cheapest, closest),
    )


def _cheapest(history: History, groups: list[Ints]) -> int | None:
    """First trial of the config that took the least time on average; the earlier in the list of equals."""
    times = []
    for numbers in groups:
        known = [s for s in (history[n].seconds for n in numbers.tolist()) if s is not None]
        times.append(float(np.mean(known)) if known else np.inf)
    k = int(np.argmin(times))
    return int(groups[k][0]) if np.isfinite(times[k]) else None


def _closest(history: History, groups: list[Ints]) -> int | None:
    """First trial of the config closest to the defaults, each parameter that has one counting alike."""
    parameters = history.space.parameters.values()
    defaults = [_encoded(p, p.default) if p.has_default else np.nan for p in parameters]
    if np.isnan(defaults).all():
        return None
    seen = Observed(history)
    seen.update(history)
    at = seen.encoding.positions(np.array([defaults]))[0]
    rows = [numbers[0] for numbers in groups]
    places = seen.U[rows]
    gaps = np.where(seen.encoding.is_options, places != at, np.abs(places - at))
    counted = seen.A[rows] & ~np.isnan(defaults)
    return int(groups[int(np.argmin((gaps * counted).sum(axis=1)))][0])


def _encoded(parameter: Parameter, value: Any) -> float:
    return float(parameter.encode(value))


def _expectation(seen: float, value: float, low: float, high: float) -> str:
    """The winner's curse in numbers, each to the figures that its uncertainty leaves."""
    half = 0.5 * (high - low)
    if half <= 0.0:
        return f"Its value is {number(seen)}; too little is known to tell luck from merit."
    digits = max(0, 1 - int(np.floor(np.log10(half))))
    if digits > 12 or abs(seen) > 1e12:
        return f"Its best single run said {number(seen)}; expect {number(value)}."
    return f"Its best single run said {seen:.{digits}f}; expect {value:.{digits}f} ± {half:.{digits}f}."


def _offers(history: History, number: int, ties: int, cheapest: int | None, closest: int | None) -> str:
    """What the configs that are as good offer beside."""
    if not ties:
        return ""
    text = f" {ties} other config{'s are' if ties > 1 else ' is'} as good, as far as one can tell"
    if cheapest not in (None, number):
        factor = (history[number].seconds or 0.0) / max(history[cheapest].seconds or 0.0, 1e-9)
        text += f"; trial {cheapest} is the cheapest" + (
            f" ({factor:.1f} times faster)" if factor >= 1.1 else ""
        )
    if closest not in (None, number):
        text += f"; trial {closest} is the closest to the defaults"
    return text + "."


@dataclass(frozen=True, slots=True, eq=False)
class _Judged:
    """Configs compared: their order, best first, which are as good as the best, and the best one's loss."""

    order: list[int]
    is_tie: list[bool]
    expected: float
    ends: Floats


def _judge(standing: Standing, n: int) -> _Judged:
    expected, covariance = standing.expected, standing.covariance
    sigma = np.sqrt(np.maximum(np.diagonal(covariance), 0.0))
    order = np.argsort(expected + CAUTION * sigma, kind="stable").tolist()
    best = order[0]
    apart = sigma**2 + sigma[best] ** 2 - 2.0 * covariance[best]
    is_tie = expected - expected[best] <= TIE * np.sqrt(np.maximum(apart, 0.0))
    honest = expected[best] - _luck(expected, covariance, n)
    ends = np.array([honest - WIDTH * sigma[best], honest, honest + WIDTH * sigma[best]])
    low, middle, high = standing.back(ends)
    return _Judged(order, is_tie.tolist(), float(middle), np.array([low, high]))


def _luck(expected: Floats, covariance: Floats, n: int) -> float:
    """How much better the lowest of several estimates looks than it is, on average; 0 or less."""
    if not covariance.any():  # nothing is unsure; below, the jitter alone would look like luck
        return 0.0
    factor, _ = cholesky(covariance + 1e-10 * np.eye(len(expected)))
    errors = generator(0, n, "luck").standard_normal((SAMPLES, len(expected))) @ factor.T
    chosen = (expected + errors).argmin(axis=1)
    return min(0.0, float(errors[np.arange(SAMPLES), chosen].mean()))
