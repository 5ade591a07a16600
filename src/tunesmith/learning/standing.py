"""How the configs that were run stand to each other, once luck is taken out of their results.

Where results are noisy, the best of many is mostly luck. A model of all results shares what neighbours say,
so a config is judged by them and by its own results together:

    expected loss = m + s (ȳ - m),  s = w / (w + (1 - w) / r)

with m the model's mean, ȳ the average of the config's r results, and w the share of what the model leaves
unexplained that belongs to the config itself and not to noise. Without repeats w cannot be told from the
data; on tables of networks that were trained several times, 0.15 to 0.5 did better than both ends.
Without noise the model explains everything, m = ȳ, and w does not matter.

Where trials may be cut short, only those that were run to the end are looked at: what the others would have
come to is a guess (`comparable`), off by so much that it passed for noise, and a config was shipped whose own
result was bad (`benchmarks/fidelity.py`, column "shipped").

What is not here: the model (`loss_model`), and which one to ship (`analysis.recommend`).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from tunesmith.history import History
from tunesmith.learning.both_scales import BothScales
from tunesmith.learning.loss_model import View, make_model
from tunesmith.learning.scales import Floats, Ints
from tunesmith.trial import State

OWN = 0.2  # w
VIEW = View(bend=True)
COMPARED = 50  # configs, lowest average first, that are compared


@dataclass(frozen=True, slots=True, eq=False)
class Standing:
    """Configs that were run to the end and meet the constraints.

    Args:
        groups: Numbers of the trials of each config, shape (k,) of arrays; lowest average first.
        expected: Loss that is expected of each, on the model's scale, shape (k,).
        covariance: How unsure that is, shape (k, k).
        back: From the model's scale to losses.
    """

    groups: list[Ints]
    expected: Floats
    covariance: Floats
    back: Callable[[Floats], Floats]


def find_standing(history: History) -> Standing | None:
    """Judge the configs of a history; None when none was run to the end."""
    if history.fidelity is not None:
        return _of_complete(history)
    groups = _same_configs(history)
    if not groups:
        return None
    scales = BothScales(history)
    scales.update(history)
    seen = scales.likelier()
    losses = history.loss
    averages = np.array([seen.loss[ns].mean() if len(ns) > 1 else losses[ns[0]] for ns in groups])
    order = np.argsort(averages, kind="stable")[:COMPARED]
    groups, averages = [groups[k] for k in order], averages[order]
    model = make_model(seen, VIEW)
    if model is None:  # too few results, or all are equal: they are taken at their word
        return Standing(groups, averages, np.zeros((len(groups),) * 2), lambda losses: losses)
    repeats = np.array([len(numbers) for numbers in groups], dtype=np.float64)
    observed = np.array([model.transform(seen.loss[numbers]).mean() for numbers in groups])
    mean, covariance = model.gp.predict_joint(seen.Z[[numbers[0] for numbers in groups]])
    own = OWN / (OWN + (1.0 - OWN) / repeats)
    covariance[np.diag_indices(len(groups))] += OWN * model.noise * (1.0 - own)
    expected = mean + own * (observed - mean)
    return Standing(groups, expected, covariance, model.transform.inverse)


def _of_complete(history: History) -> Standing | None:
    numbers = np.array(
        [trial.number for trial in history.trials if trial.state is State.COMPLETE], dtype=np.intp
    )
    trials = [replace(history[number], number=k) for k, number in enumerate(numbers.tolist())]
    found = find_standing(History(history.space, history.direction, trials, seed=history.seed))
    return None if found is None else replace(found, groups=[numbers[group] for group in found.groups])


def _same_configs(history: History) -> list[Ints]:
    """Numbers of the complete trials by config, for configs that meet the constraints."""
    found: dict[object, list[int]] = {}
    for number in history.numbers(State.COMPLETE).tolist():
        if np.isfinite(history.loss[number]):
            found.setdefault(history.key(number), []).append(number)
    space = history.space
    return [np.array(ns) for ns in found.values() if space.is_allowed(history[ns[0]].config)]
