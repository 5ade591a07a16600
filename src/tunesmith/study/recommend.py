"""Which config to ship: the best by what the model expects of it, not by its luckiest result.

Where results are noisy, the best of many is mostly luck. A model of all results shares what neighbours say,
so a config is judged by them and by its own results together:

    expected loss = m + s (ȳ - m),  s = w / (w + (1 - w) / r)

with m the model's mean, ȳ the average of the config's r results, and w the share of what the model leaves
unexplained that belongs to the config itself and not to noise. Without repeats w cannot be told from the
data; on tables of networks that were trained several times, 0.15 to 0.5 did better than both ends.
Without noise the model explains everything, m = ȳ, and w does not matter.

What is not here: the model (`tunesmith.methods.loss_model`).
"""

from dataclasses import dataclass

import numpy as np

from tunesmith.history import History
from tunesmith.methods.encoding import Floats, Ints
from tunesmith.methods.loss_model import LossModel, View, make_model
from tunesmith.methods.observed import Observed
from tunesmith.space import Config
from tunesmith.trial import State

OWN = 0.3  # w
VIEW = View(bend=True)
COMPARED = 50  # configs, best first, that may be ties
NINETY = 1.2816  # standard deviations to the quantile of 90 %


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
    if model is None:
        losses, ends, is_tie = averages, np.stack([averages, averages]), averages == averages.min()
    else:
        losses, ends, is_tie = _judge(model, seen, groups)
    best = int(losses.argmin())
    by_loss = np.argsort(losses, kind="stable").tolist()
    low, high = sorted((history.sign * ends[:, best]).tolist())
    number = int(groups[best][0])
    return Recommendation(
        config=dict(history[number].config),
        value=min(max(float(history.sign * losses[best]), low), high),
        low=low,
        high=high,
        number=number,
        ties=tuple(int(groups[k][0]) for k in by_loss if is_tie[k] and k != best),
    )


def _same_configs(history: History) -> list[Ints]:
    """Numbers of the complete trials by config, for configs that meet the constraints."""
    found: dict[object, list[int]] = {}
    for number in history.numbers(State.COMPLETE).tolist():
        if np.isfinite(history.loss[number]):
            found.setdefault(history.key(number), []).append(number)
    space = history.space
    return [np.array(ns) for ns in found.values() if space.is_allowed(history[ns[0]].config)]


def _judge(
    model: LossModel, seen: Observed, groups: list[Ints]
) -> tuple[Floats, Floats, np.ndarray[tuple[int], np.dtype[np.bool_]]]:
    """Expected losses (k,), both ends of their intervals (2, k), and whether each is as good as the best."""
    repeats = np.array([len(numbers) for numbers in groups], dtype=np.float64)
    observed = np.array([model.transform(seen.loss[numbers]).mean() for numbers in groups])
    mean, covariance = model.gp.predict_joint(seen.Z[[numbers[0] for numbers in groups]])
    own = OWN / (OWN + (1.0 - OWN) / repeats)
    expected = mean + own * (observed - mean)
    left = OWN * model.noise * (1.0 - own)  # variance of the config's own share, given its results
    variance = np.maximum(np.diagonal(covariance), 0.0) + left
    spread = NINETY * np.sqrt(variance)
    best = int(expected.argmin())
    apart = variance + variance[best] - 2.0 * covariance[best]
    apart[best] = 0.0
    is_tie = expected - expected[best] <= NINETY * np.sqrt(np.maximum(apart, 0.0))
    back = model.transform.inverse
    return back(expected), back(np.stack([expected - spread, expected + spread])), is_tie
