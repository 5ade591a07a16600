"""A search played on, many times over, on functions drawn from a model's posterior.

| symbol | meaning | shape |
|---|---|---|
| C, S, T | candidates; functions, each with a search of its own; trials | |
| mean, covariance | what each search knows of the candidates | (S, C), (S, C, C) |
| f | the functions, which no search knows | (S, C) |

Each search tries the candidate of highest expected improvement by what it knows, is told the function's value
with noise, and learns from it; all of it in closed form, since the candidates are few and everything about
them is normal. That is what the real search will do, on functions that may be the real one.

What is not here: the candidates, the model, and what people are told (`forecast`).
"""

# ruff: noqa: N806 - symbols of the notation table

from dataclasses import dataclass

import numpy as np

from tunesmith.acquisition.improvement import log_h
from tunesmith.learning.scales import Floats
from tunesmith.surrogate.gp import cholesky

NEVER = -1e18  # log improvement of what cannot be tried (again)


@dataclass(frozen=True, slots=True, eq=False)
class Rollouts:
    """What searches saw and found.

    Args:
        told: Lowest loss told up to each trial, inf before any, shape (S, T).
        found: Lowest true loss tried up to each trial, inf before any, shape (S, T).
        incumbent: True loss of the candidate that was best before, shape (S,).
    """

    told: Floats
    found: Floats
    incumbent: Floats


def play_on(
    mean: Floats,
    covariance: Floats,
    noise: float,
    success: Floats,
    trials: int,
    searches: int,
    rng: np.random.Generator,
    *,
    known: int = 1,
) -> Rollouts:
    """Play a search on.

    Args:
        mean: Expected losses of the candidates, shape (C,).
        covariance: Of their true losses, shape (C, C).
        noise: Variance of what a trial tells.
        success: Chance of each candidate not to fail, shape (C,).
        trials: T; a search that has tried everything waits.
        searches: S.
        rng: Generator.
        known: The first so many candidates have been tried already; the first of all is the best of them.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> played = play_on(np.zeros(9), np.eye(9), 1e-9, np.ones(9), 8, 200, rng)
        >>> bool((np.diff(played.found) <= 0).all()), bool(-1.7 < played.found[:, -1].mean() < -1.3)
        (True, True)
    """
    C, S = len(mean), searches
    factor, _ = cholesky(covariance + 1e-10 * np.eye(C) * float(np.diagonal(covariance).mean()))
    f = mean + rng.standard_normal((S, C)) @ factor.T
    fails = rng.random((S, C)) > success
    belief, unsure = np.repeat(mean[None], S, axis=0), np.repeat(covariance[None], S, axis=0)
    open_ = np.ones((S, C), dtype=bool)
    open_[:, :known] = False
    incumbent = belief[:, :known].min(axis=1)
    told, found = np.full((S, trials), np.inf), np.full((S, trials), np.inf)
    rows = np.arange(S)
    chance = np.log(np.maximum(success, 1e-12))
    for t in range(trials):
        sigma = np.sqrt(np.maximum(np.einsum("scc->sc", unsure), 1e-16))
        score = np.log(sigma) + log_h((incumbent[:, None] - belief) / sigma) + chance
        tried = np.where(open_, score, NEVER).argmax(axis=1)
        works = open_[rows, tried] & ~fails[rows, tried]
        open_[rows, tried] = False
        true = f[rows, tried]
        y = true + np.sqrt(noise) * rng.standard_normal(S)
        told[:, t], found[:, t] = np.where(works, y, np.inf), np.where(works, true, np.inf)
        column = unsure[rows, :, tried]
        gain = column / (column[rows, tried] + noise + 1e-12)[:, None] * works[:, None]
        belief = belief + gain * (y - belief[rows, tried])[:, None]
        unsure -= gain[:, :, None] * column[:, None, :]
        incumbent = np.where(works, np.minimum(incumbent, belief[rows, tried]), incumbent)
    return Rollouts(np.minimum.accumulate(told, axis=1), np.minimum.accumulate(found, axis=1), f[:, 0])
