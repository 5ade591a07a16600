"""The first configs of a search that learns: a start from what is known, then points spread over the space.

The points are a Latin hypercube: of k points each parameter has one in each k-th of its range, so that every
option and every branch gets its share. Of many such designs the one of lowest centred discrepancy is taken,
which spreads pairs of parameters evenly, too; on tables of real networks that found better configs than Sobol
points, the largest least distance, or a single hypercube.

What is not here: long designs (`sobol`).
"""

# ruff: noqa: N803, N806 - symbols of the notation in `encoding`

from collections.abc import Collection

import numpy as np

from tunesmith.history import History
from tunesmith.learning.encoding import Encoding
from tunesmith.learning.scales import Floats
from tunesmith.methods.base import Proposal
from tunesmith.methods.candidates import draw_positions
from tunesmith.methods.nearest import allowed_start
from tunesmith.methods.starting import known_start, starting_config
from tunesmith.methods.untried import first_new
from tunesmith.seeds import generator

FEWEST, MOST = 3, 10  # configs
SLOWLY = 20  # parameters for each config more
DESIGNS = 100  # that are compared
SPARE = 64  # draws in place of points that break a constraint or were tried


def first_count(encoding: Encoding) -> int:
    """Number of configs to try before there is a model.

    Few, since a model of three losses already knows better than chance where to look; but each option that
    decides over other parameters gets a point.

    Args:
        encoding: Layout of the space.
    """
    count = FEWEST + len(encoding.owners) // SLOWLY
    branches = encoding.counts[encoding.is_parent & encoding.is_options]
    if len(branches):
        count = max(count, 1 + int(branches.max()))
    return min(count, MOST)


def first_proposal(
    history: History, encoding: Encoding, seed: int, without: Collection[str] = ()
) -> Proposal | None:
    """The next of the first configs that is new and allowed; None when there is none left.

    Args:
        history: The trials.
        encoding: Layout of the space.
        seed: Seed of the study.
        without: "middle" leaves out the start, "names" what is usual by the names, "spread" the even spread.
    """
    space = history.space
    if "middle" not in without:
        start = known_start(space, by_names="names" not in without)
        start = start or Proposal(starting_config(space), "the middle of the space")
        start = allowed_start(start, space, seed)
        if start is not None and first_new(history, [start.config]) is not None:
            return start
    design = spread_points(encoding, first_count(encoding) - 1, seed)
    spare = draw_positions(encoding, generator(seed, 0, "spare points"), SPARE)
    points = spare if "spread" in without else np.concatenate([design, spare])
    config = first_new(history, encoding.configs(points))
    return None if config is None else Proposal(config, "one of the first points, spread over the space")


def spread_points(encoding: Encoding, count: int, seed: int) -> Floats:
    """Positions (count, d) spread over the space; the same for the same seed.

    Priors have no say: one that is wrong would leave the model without a look at the rest of the space, and
    one that is right is heard at the start and by the acquisition (`python benchmarks/priors.py`).
    """
    rng = generator(seed, 0, "first points")
    best, best_value = np.empty((0, encoding.d)), np.inf
    for _ in range(DESIGNS):
        order = rng.permuted(np.tile(np.arange(count, dtype=np.float64)[:, None], (1, encoding.d)), axis=0)
        X = (order + rng.random(order.shape)) / count
        value = centred_discrepancy(X)
        if value < best_value:
            best, best_value = X, value
    return encoding.settle(encoding.positions(best))[0]


def centred_discrepancy(X: Floats) -> float:
    """How unevenly points fill the unit cube, up to a constant; the lower the better.

    Args:
        X: Points (n, d).

    Returns:
        The squared centred L2 discrepancy without its first term, which depends on d alone.

    References:
        F. J. Hickernell, A generalized discrepancy and quadrature error bound, 1998, equation 5.1c.
    """
    off = np.abs(X - 0.5)
    single = np.log1p(0.5 * off - 0.5 * off**2).sum(axis=1)
    apart = np.abs(X[:, None, :] - X[None, :, :])
    pairs = np.log1p(0.5 * off[:, None, :] + 0.5 * off[None, :, :] - 0.5 * apart).sum(axis=2)
    top = max(float(single.max()), float(pairs.max()))  # many dimensions would overflow
    terms = np.exp(pairs - top).mean() - 2.0 * np.exp(single - top).mean()
    return float(terms * np.exp(min(top, 600.0)))
