"""The first configs of a search that learns: the defaults, then points spread over the space.

The points are a Latin hypercube: of k points each parameter has one in each k-th of its range, so that every
option and every branch gets its share. Of several such designs the one whose points keep the largest distance
is taken.

What is not here: long designs (`sobol`).
"""

# ruff: noqa: N803, N806 - symbols of the notation in `encoding`

import math

import numpy as np

from tunesmith.history import History
from tunesmith.methods.base import Proposal
from tunesmith.methods.encoding import Encoding, Floats
from tunesmith.methods.starting import starting_config
from tunesmith.methods.untried import first_new
from tunesmith.seeds import generator

FEWEST, MOST = 4, 10
DESIGNS = 20  # that are compared
SPARE = 4  # points more than needed, for those that break a constraint


def first_count(parameters: int) -> int:
    """Number of configs to try before there is a model.

    Args:
        parameters: How many parameters have more than one value.

    Example:
        >>> first_count(2), first_count(7), first_count(200)
        (4, 6, 10)
    """
    return min(max(math.ceil(parameters / 2) + 2, FEWEST), MOST)


def first_proposal(history: History, encoding: Encoding, seed: int) -> Proposal | None:
    """The next of the first configs that is new and allowed; None when there is none left."""
    space = history.space
    config = first_new(history, [starting_config(space)])
    if config is not None:
        given = any(p.has_default for p in space.parameters.values())
        return Proposal(config, "the defaults" if given else "the middle of the space")
    design = spread_points(encoding, first_count(len(encoding.owners)) + SPARE, seed)
    config = first_new(history, encoding.configs(design))
    return None if config is None else Proposal(config, "one of the first points, spread over the space")


def spread_points(encoding: Encoding, count: int, seed: int) -> Floats:
    """Positions (count, d) spread over the space as the priors say; the same for the same seed."""
    rng = generator(seed, 0, "first points")
    middle = np.full((1, encoding.d), 0.5)
    best, best_gap = middle, -1.0
    for _ in range(DESIGNS):
        order = rng.permuted(np.tile(np.arange(count, dtype=np.float64)[:, None], (1, encoding.d)), axis=0)
        X = (order + rng.random(order.shape)) / count
        gap = _least_distance(np.concatenate([middle, X]))
        if gap > best_gap:
            best, best_gap = X, gap
    return encoding.settle(encoding.positions(encoding.by_priors(best)))[0]


def _least_distance(X: Floats) -> float:
    gaps = ((X[:, None, :] - X[None, :, :]) ** 2).sum(axis=2)
    gaps[np.diag_indices(len(X))] = np.inf
    return float(gaps.min())
