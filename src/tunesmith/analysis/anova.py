"""Shares of a function's variance by parameter, of functions that can be evaluated wherever one likes.

| symbol | meaning | shape |
|---|---|---|
| B, K | backgrounds: draws of all parameters; values of the one that is looked at | |
| S | functions | |
| f | losses: background by value by function | (B, K, S) |

For each parameter a table: every background with every value of the parameter in it. It is a two-way layout
without repeats, so with ḟ the mean over backgrounds and e the residual of the additive model,

    total   = E_b Var_k f                      what is lost when the parameter is left to chance
    main    = Var_k ḟ - Var(e) / (B - 1)       unbiased: what is left of interactions in ḟ is taken off

The *share* of a parameter is the mean of main and total effect over the sum of these means. That is Shapley's
value, which gives each parameter its own effect and half of each pair's, as long as no interaction is of
three or more [Owen2014]; shares are 0 or more and sum to 1.

A conditional parameter is looked at in the backgrounds where it is active, and counts by their frequency; one
that decides whether others are active brings their change with it.

References:
    [Sobol2001] I. Sobol, Global sensitivity indices for nonlinear mathematical models, 2001.
    [Owen2014] A. Owen, Sobol' indices and Shapley value, 2014, section 3.
    [Hutter2014] F. Hutter, H. Hoos, K. Leyton-Brown, An Efficient Approach for Assessing Hyperparameter
        Importance, 2014 (functional ANOVA for hyperparameters).
"""

# ruff: noqa: N803, N806 - symbols of the notation table, and of that in `learning.encoding`

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from scipy.stats import qmc

from tunesmith.learning.encoding import Encoding
from tunesmith.learning.scales import Floats, Ints

Functions: TypeAlias = Callable[[Floats], Floats]

VALUES = 12  # K, of one parameter
PAIR_VALUES = 8  # of each of two parameters
POINTS = 16_384  # of all tables together, about
BACKGROUNDS = (24, 128)  # at least, at most
CHUNK = 4096  # points that are evaluated at once


@dataclass(frozen=True, slots=True, eq=False)
class Indices:
    """Variances of each of S functions.

    Args:
        main: Of the main effects, shape (d, S).
        total: Of the total effects, shape (d, S).
        variance: Of the whole, shape (S,).
    """

    main: Floats
    total: Floats
    variance: Floats

    @property
    def shares(self) -> Floats:
        """Share of each parameter, shape (d, S); columns sum to 1, or to 0 where nothing varies."""
        return normalised(np.maximum(0.5 * (self.main + self.total), 0.0))


def normalised(parts: Floats) -> Floats:
    """Parts (d, S), each 0 or more, as shares of their column's sum; 0 where that is 0."""
    whole = parts.sum(axis=0)
    return np.where(whole > 0.0, parts / np.where(whole > 0.0, whole, 1.0), 0.0)


def draw_backgrounds(encoding: Encoding, count: int, rng: np.random.Generator) -> Floats:
    """Points of the unit cube that fill it evenly, (count, d); a power of two, in each parameter too."""
    exponent = int(np.ceil(np.log2(count)))
    return np.asarray(qmc.Sobol(encoding.d, rng=rng).random_base2(exponent)[:count])


def background_count(encoding: Encoding) -> int:
    """Number of backgrounds that a space of this many parameters can afford, a power of two or nearly."""
    fits = POINTS / (VALUES * max(1, len(encoding.owners)))
    return int(np.clip(2 ** int(np.log2(max(fits, 1.0))), *BACKGROUNDS))


def values_of(encoding: Encoding, j: int, most: int) -> Floats:
    """Coordinates of the unit cube that stand for the values of a parameter, evenly: shape (K,)."""
    count = int(encoding.counts[j])
    K = count if 0 < count <= most else most
    return (np.arange(K) + 0.5) / K


def encoded(encoding: Encoding, X: Floats) -> Floats:
    """Z of points of the unit cube (m, d), spread as the priors say, shape (m, p)."""
    U, _ = encoding.settle(encoding.positions(encoding.by_priors(X)))
    return encoding.encode(U)


def table(encoding: Encoding, functions: Functions, X: Floats, varied: dict[int, Floats]) -> Floats:
    """Values of functions at every background with every combination of values of some parameters.

    Args:
        encoding: Layout of the space.
        functions: Values (m, S) at encoded configs (m, p).
        X: Backgrounds, shape (B, d).
        varied: Coordinates by parameter, shapes (K_1,), (K_2,), ...

    Returns:
        Shape (B, K_1, K_2, ..., S).
    """
    grids = np.meshgrid(*varied.values(), indexing="ij")
    K = grids[0].size
    points = np.repeat(X, K, axis=0)
    for j, grid in zip(varied, grids, strict=True):
        points[:, j] = np.tile(grid.ravel(), len(X))
    parts = [functions(encoded(encoding, points[at : at + CHUNK])) for at in range(0, len(points), CHUNK)]
    return np.concatenate(parts).reshape(len(X), *grids[0].shape, -1)


def indices(encoding: Encoding, functions: Functions, X: Floats, B: int) -> Indices:
    """Main and total effects of all parameters.

    Args:
        encoding: Layout of the space.
        functions: Values (m, S) at encoded configs (m, p).
        X: Points of the unit cube for the variance of the whole, shape (m, d).
        B: How many of them, from the first, are backgrounds.
    """
    values = functions(encoded(encoding, X))
    both = np.zeros((2, encoding.d, values.shape[1]))
    X = X[:B]
    active = encoding.active(encoding.positions(encoding.by_priors(X)))
    for j in encoding.owners.tolist():
        rows = np.flatnonzero(active[:, j])
        if len(rows) > 1:
            f = table(encoding, functions, X[rows], {j: values_of(encoding, j, VALUES)})
            both[:, j] = np.stack(_one_way(f)) * (len(rows) / B)
    return Indices(both[0], both[1], values.var(axis=0, ddof=1))


def _one_way(f: Floats) -> tuple[Floats, Floats]:
    """Main and total variance, each (S,), of one parameter's table (B, K, S); values are equally likely."""
    B, K, _ = f.shape
    means = f.mean(axis=0)
    rest = f - means - f.mean(axis=1, keepdims=True) + f.mean(axis=(0, 1))
    # Residuals have (B - 1)(K - 1) degrees of freedom, and Var_k has K - 1 of K.
    noise = np.einsum("bks,bks->s", rest, rest) / ((B - 1) * K) / B
    return np.maximum(means.var(axis=0) - noise, 0.0), f.var(axis=1).mean(axis=0)


def pair_index(encoding: Encoding, functions: Functions, X: Floats, pair: tuple[int, int]) -> Floats:
    """Variance of what two parameters do together beyond what each does alone, shape (S,)."""
    active = encoding.active(encoding.positions(encoding.by_priors(X)))
    i, j = pair
    rows: Ints = np.flatnonzero(active[:, i] & active[:, j])
    if len(rows) < 2:
        return np.zeros(functions(encoded(encoding, X[:1])).shape[1])
    varied = {k: values_of(encoding, k, PAIR_VALUES) for k in pair}
    f = table(encoding, functions, X[rows], varied)
    joint = (
        f - f.mean(axis=1, keepdims=True) - f.mean(axis=2, keepdims=True) + f.mean(axis=(1, 2), keepdims=True)
    )
    means = joint.mean(axis=0)
    rest = joint - means
    noise = np.einsum("bkls,bkls->s", rest, rest) / ((len(rows) - 1) * rest[0, :, :, 0].size) / len(rows)
    together = (means**2).mean(axis=(0, 1)) - noise
    return np.asarray(len(rows) / len(X) * np.maximum(together, 0.0))
