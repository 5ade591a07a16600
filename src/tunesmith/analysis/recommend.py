"""Which config to ship: the best by what the model expects of it, not by its luckiest result.

How configs are judged is `tunesmith.learning.standing`. Among near equals the one that is known better is
taken. The lowest of many estimates is too low on average; by how much is found by simulation, and `value` is
corrected for it.
"""

from dataclasses import dataclass

import numpy as np

from tunesmith.history import History
from tunesmith.learning.scales import Floats
from tunesmith.learning.standing import Standing, find_standing
from tunesmith.seeds import generator
from tunesmith.space import Config
from tunesmith.surrogate.gp import cholesky

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
    """

    config: Config
    value: float
    low: float
    high: float
    number: int
    ties: tuple[int, ...]


def recommend(history: History) -> Recommendation | None:
    """Choose among the configs that were run to the end and meet the constraints; None when there is none."""
    standing = find_standing(history)
    if standing is None:
        return None
    groups = standing.groups
    judged = _judge(standing, len(history))
    best = judged.order[0]
    low, high = sorted((history.sign * judged.ends).tolist())
    number = int(groups[best][0])
    return Recommendation(
        config=dict(history[number].config),
        value=min(max(history.sign * judged.expected, low), high),
        low=low,
        high=high,
        number=number,
        ties=tuple(int(groups[k][0]) for k in judged.order[1:] if judged.is_tie[k]),
    )


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
