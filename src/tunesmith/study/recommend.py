"""Which config to ship: the best by what the model expects of it, not by its luckiest result.

Where results are noisy, the best of many is mostly luck. A model of all results shares what neighbours say,
so a config is judged by them and by its own results together:

    expected loss = m + s (ȳ - m),  s = w / (w + (1 - w) / r)

with m the model's mean, ȳ the average of the config's r results, and w the share of what the model leaves
unexplained that belongs to the config itself and not to noise. Without repeats w cannot be told from the
data; on tables of networks that were trained several times, 0.15 to 0.5 did better than both ends.
Among near equals the one that is known better is taken. The lowest of many estimates is too low on average;
by how much is found by simulation, and `value` is corrected for it.

Without noise the model explains everything, m = ȳ, and w does not matter.

What is not here: the model (`tunesmith.learning.loss_model`).
"""

from dataclasses import dataclass

import numpy as np

from tunesmith.history import History
from tunesmith.learning.loss_model import LossModel, View, make_model
from tunesmith.learning.observed import Observed
from tunesmith.learning.scales import Floats, Ints
from tunesmith.seeds import generator
from tunesmith.space import Config
from tunesmith.surrogate.gp import cholesky
from tunesmith.trial import State

OWN = 0.2  # w
CAUTION = 0.3  # standard deviations added when configs are compared: of two equals, the better known one
VIEW = View(bend=True)
COMPARED = 50  # configs, lowest average first, that are compared
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
    groups = _same_configs(history)
    if not groups:
        return None
    averages = np.array([history.loss[numbers].mean() for numbers in groups])
    order = np.argsort(averages, kind="stable")[:COMPARED]
    groups, averages = [groups[k] for k in order], averages[order]
    seen = Observed(history)
    seen.update(history)
    model = make_model(seen, VIEW)
    judged = _by_average(averages) if model is None else _by_model(model, seen, groups)
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


def _same_configs(history: History) -> list[Ints]:
    """Numbers of the complete trials by config, for configs that meet the constraints."""
    found: dict[object, list[int]] = {}
    for number in history.numbers(State.COMPLETE).tolist():
        if np.isfinite(history.loss[number]):
            found.setdefault(history.key(number), []).append(number)
    space = history.space
    return [np.array(ns) for ns in found.values() if space.is_allowed(history[ns[0]].config)]


def _by_average(averages: Floats) -> _Judged:
    """Compare by results alone, while there is no model."""
    order = np.argsort(averages, kind="stable").tolist()
    best = float(averages[order[0]])
    return _Judged(order, (averages == best).tolist(), best, np.array([best, best]))


def _by_model(model: LossModel, seen: Observed, groups: list[Ints]) -> _Judged:
    repeats = np.array([len(numbers) for numbers in groups], dtype=np.float64)
    observed = np.array([model.transform(seen.loss[numbers]).mean() for numbers in groups])
    mean, covariance = model.gp.predict_joint(seen.Z[[numbers[0] for numbers in groups]])
    own = OWN / (OWN + (1.0 - OWN) / repeats)
    expected = mean + own * (observed - mean)
    covariance[np.diag_indices(len(groups))] += OWN * model.noise * (1.0 - own)
    sigma = np.sqrt(np.maximum(np.diagonal(covariance), 0.0))
    order = np.argsort(expected + CAUTION * sigma, kind="stable").tolist()
    best = order[0]
    apart = sigma**2 + sigma[best] ** 2 - 2.0 * covariance[best]
    is_tie = expected - expected[best] <= TIE * np.sqrt(np.maximum(apart, 0.0))
    honest = expected[best] - _luck(expected, covariance, seen.n)
    ends = np.array([honest - WIDTH * sigma[best], honest + WIDTH * sigma[best]])
    back = model.transform.inverse
    return _Judged(order, is_tie.tolist(), float(back(honest)), back(ends))


def _luck(expected: Floats, covariance: Floats, n: int) -> float:
    """How much better the lowest of several estimates looks than it is, on average; 0 or less."""
    factor, _ = cholesky(covariance + 1e-10 * np.eye(len(expected)))
    errors = generator(0, n, "luck").standard_normal((SAMPLES, len(expected))) @ factor.T
    chosen = (expected + errors).argmin(axis=1)
    return min(0.0, float(errors[np.arange(SAMPLES), chosen].mean()))
