"""Gains that more trials may bring: of the model, and of the record of the search itself.

| symbol | meaning | shape |
|---|---|---|
| S, K, D | searches played on; numbers of further trials; draws of what gains come true | |

A drawn gain is the model's with probability `MODEL`, else the record's; N is standard normal:

    model    exp(OFF N) x gain of a search that is played on, on a function drawn from the posterior
             (`rollout`)
    record   exp(OFF N) x distance from the best to the third best, if one comes: m trials bring one with
             probability m / (t + m), when the best came t trials ago

The model sees what the record cannot, such as a valley that is not tried out yet. The record knows how often
this search still finds something, whether or not the model is right. m / (t + m) is what one event in t
trials says of the next m when its rate can be anything (prior 1 / rate). Both are off by exp(OFF N).

`python benchmarks/forecast.py --fit` finds OFF and MODEL.

What is not here: what people are told (`forecast`).
"""

# ruff: noqa: N806 - symbols of the notation in `learning.encoding`

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from tunesmith.analysis.rollout import play_on
from tunesmith.history import History
from tunesmith.learning.draws import draw_models
from tunesmith.learning.failures import learn_failures
from tunesmith.learning.loss_model import VIEWS, LossModel
from tunesmith.learning.observed import Observed, Status
from tunesmith.learning.scales import Floats
from tunesmith.methods.candidates import Candidates, draw_positions, meets_constraints
from tunesmith.surrogate.paths import draw_paths

OFF, MODEL = 1.4, 0.4  # see above
MOST = 3.0  # distances from the best to the middle result: no gain is taken for more
LEAST_GAIN = 0.01  # of that distance: less is no gain
MODELS, SEARCHES = 4, 8  # models of each view, searches for each model
POOL = 1024  # configs among which candidates are chosen; as many evenly drawn, and moved from the best
DRAWN, LOWEST, ANY = 64, 64, 48  # candidates: lowest of a drawn function, lowest bound, others
KNOWN = 10  # and configs that were tried
DRAWS = 64  # for each search


@dataclass(frozen=True, slots=True, eq=False)
class Prospect:
    """What gains are drawn from, in units of the loss.

    Args:
        trials: Numbers of further trials, rising, no more than there are configs, shape (K,).
        told: Gains of the best result, as played, shape (S, K).
        real: By how much configs were found that are better than the best one, shape (S, K).
        noise: What a gain has to exceed to be real, for each search, shape (S,).
        ahead: Distance from the best to the third best result.
        since: Trials since the best came, itself one of them.
        most: No gain is taken for more.
    """

    trials: npt.NDArray[np.int64]
    told: Floats
    real: Floats
    noise: Floats
    ahead: float
    since: int
    most: float


def prospect(
    history: History, seen: Observed, trials: Sequence[int], rng: np.random.Generator
) -> Prospect | None:
    """Play a search on, and look at its record.

    Args:
        history: The trials, with a best one.
        seen: Its arrays.
        trials: Numbers of further trials, rising, each 1 or more; more than there are configs is all of them.
        rng: Generator.

    Returns:
        What gains are drawn from; None while there is no model.
    """
    best = history.best
    assert best is not None
    models = [model for view in VIEWS for model in draw_models(seen, view, MODELS, rng)]
    if not models:
        return None
    losses, loss = seen.loss[seen.numbers(Status.FINITE)], float(seen.loss[best.number])
    left = max(1, configs_left(history))
    steps = np.array([min(m, left) for m in trials])
    worse = np.sort(losses[losses >= loss])  # a config that breaks a constraint may be better than the best
    # Half of all results may equal the best.
    spread = float(np.median(worse) - loss) or float(np.abs(losses - loss).mean())
    least = LEAST_GAIN * spread
    played = [_play(history, seen, model, loss, steps, rng) for model in models]
    # Losses that never were below 0 are taken to stay there; noise beyond half the best would show below.
    limit = loss if losses.min() >= 0.0 else math.inf
    most = min(MOST * spread, limit)
    noise = np.repeat([noise for _, _, noise in played], SEARCHES)
    return Prospect(
        steps,
        np.minimum(np.concatenate([told for told, _, _ in played]), most),
        np.minimum(np.concatenate([real for _, real, _ in played]), most),
        np.maximum(least, np.minimum(noise, 0.5 * limit)),
        max(least, float(worse[min(2, len(worse) - 1)]) - loss),
        1 + int(np.count_nonzero(seen.status[best.number + 1 :] != Status.OPEN)),
        most,
    )


def draw_gains(
    known: Prospect, rng: np.random.Generator, *, off: float = OFF, model: float = MODEL
) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Draw gains as they come true, and whether each is real.

    Args:
        known: What they are drawn from.
        rng: Generator.
        off: Standard deviation of the log of what gains are off by.
        model: Share of the model, 0 to 1.

    Returns:
        Gains of the best result (D, K), 0 or more and rising, and whether a config is found that is better
        than the best one by more than the noise (D, K).
    """
    D = len(known.told) * DRAWS
    even = (np.arange(D) + 0.5) / D
    by = np.exp(off * ndtri(rng.permutation(even)))[:, None]
    ours, late = (rng.permutation(even)[:, None] for _ in range(2))
    record = known.ahead * (late < known.trials / (known.since + known.trials))
    told, real = (
        np.minimum(by * np.where(ours < model, np.repeat(played, DRAWS, axis=0), record), known.most)
        for played in (known.told, known.real)
    )
    return told, real > np.repeat(known.noise, DRAWS)[:, None]


def configs_left(history: History) -> int:
    """Number of configs that have not been tried; many when there is no end of them."""
    size = history.space.size
    return 10**9 if size is None else max(0, size - history.distinct)


def _play(
    history: History,
    seen: Observed,
    model: LossModel,
    loss: float,
    steps: npt.NDArray[np.int64],
    rng: np.random.Generator,
) -> tuple[Floats, Floats, float]:
    """Gains told and real (SEARCHES, K), and the noise of one result, all in units of the loss."""
    U, known = _candidates(history, seen, model, rng)
    Z = seen.encoding.encode(U)
    mean, covariance = model.gp.predict_joint(Z)
    failing = learn_failures(seen, model.gp.kernel.lengthscales)
    success = np.ones(len(Z)) if failing is None else np.exp(failing.log_success(Z)[0])
    played = play_on(mean, covariance, model.noise, success, int(steps[-1]), SEARCHES, rng, known=known)
    back = model.transform.inverse
    z, spread = float(model.transform(np.array([loss]))[0]), math.sqrt(model.noise)
    noise = float(np.diff(back(np.array([z - 0.5 * spread, z + 0.5 * spread])))[0])
    told, found = (
        np.where(np.isfinite(x), back(np.minimum(x, 1e3)), np.inf)[:, steps - 1]
        for x in (played.told, played.found)
    )
    return np.maximum(loss - told, 0.0), back(played.incumbent)[:, None] - found, noise


def _candidates(
    history: History, seen: Observed, model: LossModel, rng: np.random.Generator
) -> tuple[Floats, int]:
    """Positions of candidates, the best tried ones first; and how many those are."""
    encoding, space = seen.encoding, history.space
    tried = model.numbers[np.argsort(model.z, kind="stable")]
    best = history.best
    assert best is not None
    tried = np.concatenate([[best.number], tried[tried != best.number]])[:KNOWN]
    known = seen.U[tried]
    even = draw_positions(encoding, rng, POOL)
    even = even[meets_constraints(space, encoding, even)]
    pool = np.concatenate([Candidates(space, encoding, known, rng).pool(POOL), even])
    keys = encoding.keys(pool)
    fresh = {key: k for k, key in enumerate(keys) if key not in seen.seen}
    pool = pool[sorted(fresh.values())]
    if not len(pool):
        return known, len(known)
    Z = encoding.encode(pool)
    lowest = draw_paths(model.gp, DRAWN, rng)(Z).argmin(axis=0)
    mean, variance = model.gp.predict(Z)
    bound = np.argsort(mean - np.sqrt(variance), kind="stable")[:LOWEST]
    other = rng.integers(len(pool), size=ANY)
    chosen = np.unique(np.concatenate([lowest, bound, other]))
    return np.concatenate([known, pool[chosen]]), len(known)
