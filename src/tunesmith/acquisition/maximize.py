"""Maximise a score over encoded configs: gradient polish and discrete sweeps from the best of a pool.

| symbol | meaning | shape |
|---|---|---|
| pool | valid encoded configs to start from, made by the method | (m, p) |
| X | the configs being improved | (k, p) |
| active | whether each parameter of a config may be moved | (k, d) |
| levels | allowed values of a discrete parameter in its columns | (v, width) |

What is not here: pools, and moves that switch a branch: those need the space and live in `methods`. A
parameter that decides others is left alone here unless the method says that it may move.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import fmin_l_bfgs_b

from tunesmith.surrogate.kernels import BoolArray, FloatArray, IntArray

Score = Callable[[FloatArray], FloatArray]  # (m, p) -> (m,)
ScoreWithGradient = Callable[[FloatArray], tuple[FloatArray, FloatArray]]  # (m, p) -> (m,), (m, p)
Valid = Callable[[FloatArray], BoolArray]  # (m, p) -> (m,)

EXHAUSTIVE = 24  # levels up to which a sweep tries them all; above, steps of 1, 2, 4, ... and the ends
WORST = -1e30  # stands in for a score that is not finite


@dataclass(frozen=True, slots=True, eq=False)
class Axis:
    """One parameter as the maximiser sees it.

    Args:
        columns: Its columns, shape (width,).
        levels: Allowed rows of those columns in their natural order, shape (v, width); None when continuous,
            and then every value from 0 to 1 is allowed in its one column.
        is_ordered: Whether neighbouring levels are alike, so that a long list may be walked instead of tried
            out.
        is_relaxed: Whether the gradient polish may move a discrete parameter and then snap it to the nearest
            level.
    """

    columns: IntArray
    levels: FloatArray | None = None
    is_ordered: bool = False
    is_relaxed: bool = False


def pick_starts(pool: FloatArray, scores: FloatArray, count: int, least_distance: float = 0.05) -> IntArray:
    """Pick high scores that are not all in one place.

    Args:
        pool: Shape (m, p).
        scores: Shape (m,).
        count: Most to pick.
        least_distance: Largest coordinate difference below which two configs count as one place.

    Returns:
        Indices, best first; the best is always among them.

    Example:
        >>> pool = np.array([[0.0], [0.01], [0.5]])
        >>> pick_starts(pool, np.array([3.0, 2.0, 1.0]), 2).tolist()
        [0, 2]
    """
    order = np.argsort(-scores, kind="stable")
    order = order[: max(count * 20, 64)]
    picked: list[int] = []
    near = np.zeros(len(order), dtype=bool)
    rows = pool[order]
    for position in range(len(order)):
        if near[position]:
            continue
        picked.append(int(order[position]))
        if len(picked) == count:
            break
        near |= np.abs(rows - rows[position]).max(axis=1) < least_distance
    return np.array(picked, dtype=np.int64)


def polish(
    score: ScoreWithGradient,
    X: FloatArray,
    axes: list[Axis],
    active: BoolArray,
    *,
    scale: FloatArray | None = None,
    max_iterations: int = 25,
) -> FloatArray:
    """Improve the continuous coordinates of several configs at once by L-BFGS-B.

    The configs are stacked into one vector whose objective is the sum of their scores; bounds are reached
    exactly. A config that did not get better is returned as it came.

    Args:
        score: Score and gradient of a batch.
        X: Starts, shape (k, p).
        axes: The d parameters.
        active: Which parameters may move in each start, shape (k, d).
        scale: Typical length of each column, shape (p,), such as lengthscales; None means 1.
        max_iterations: Of L-BFGS-B.

    Returns:
        Improved configs, shape (k, p).
    """
    movable = np.zeros(X.shape, dtype=bool)
    for j, axis in enumerate(axes):
        if axis.levels is None or axis.is_relaxed:
            movable[np.ix_(active[:, j], axis.columns)] = True
    if not movable.any():
        return X.copy()
    lower, upper = _column_bounds(X.shape[1], axes)
    stretch = np.broadcast_to(np.ones(X.shape[1]) if scale is None else scale, X.shape)[movable]

    def objective(v: FloatArray) -> tuple[float, FloatArray]:
        moved = X.copy()
        moved[movable] = v * stretch
        value, gradient = score(moved)
        total = float(np.where(np.isfinite(value), value, WORST).sum())
        slope = gradient[movable] * stretch
        return -total, -np.where(np.isfinite(slope), slope, 0.0)

    low = np.broadcast_to(lower, X.shape)[movable] / stretch
    high = np.broadcast_to(upper, X.shape)[movable] / stretch
    best, _, _ = fmin_l_bfgs_b(
        objective,
        np.clip(X[movable] / stretch, low, high),
        bounds=list(zip(low.tolist(), high.tolist(), strict=True)),
        maxiter=max_iterations,
        factr=1e-4 / 2.2e-16,
        pgtol=1e-4,
    )
    out = X.copy()
    out[movable] = np.clip(
        np.asarray(best) * stretch,
        np.broadcast_to(lower, X.shape)[movable],
        np.broadcast_to(upper, X.shape)[movable],
    )
    out = snap(out, axes, active)
    both = score(np.concatenate([X, out]))[0]
    worse = ~(both[len(X) :] > both[: len(X)])
    out[worse] = X[worse]
    return out


def _column_bounds(p: int, axes: list[Axis]) -> tuple[FloatArray, FloatArray]:
    lower, upper = np.zeros(p), np.ones(p)
    for axis in axes:
        if axis.levels is not None:
            lower[axis.columns], upper[axis.columns] = axis.levels.min(axis=0), axis.levels.max(axis=0)
    return lower, upper


def snap(X: FloatArray, axes: list[Axis], active: BoolArray) -> FloatArray:
    """Move every active discrete parameter to its nearest level.

    Args:
        X: Shape (k, p).
        axes: The d parameters.
        active: Shape (k, d).

    Returns:
        Shape (k, p).
    """
    out = X.copy()
    for j, axis in enumerate(axes):
        if axis.levels is None or not axis.is_relaxed or not active[:, j].any():
            continue
        rows = np.flatnonzero(active[:, j])
        gaps = X[np.ix_(rows, axis.columns)][:, None, :] - axis.levels[None, :, :]
        nearest = np.einsum("kvw,kvw->kv", gaps, gaps).argmin(axis=1)
        out[np.ix_(rows, axis.columns)] = axis.levels[nearest]
    return out


def sweep(
    score: Score,
    X: FloatArray,
    axes: list[Axis],
    active: BoolArray,
    *,
    valid: Valid | None = None,
    max_rounds: int = 3,
) -> tuple[FloatArray, FloatArray]:
    """Improve the discrete parameters of several configs by their best single change, again and again.

    Each round scores every single change of every config in one batch and makes the best one of each config.

    Args:
        score: Score of a batch.
        X: Starts, shape (k, p).
        axes: The d parameters.
        active: Which parameters may move in each start, shape (k, d).
        valid: Which encoded configs are allowed; None means all.
        max_rounds: Most changes to make to a config.

    Returns:
        Improved configs (k, p) and their scores (k,).
    """
    X = X.copy()
    best = _finite(score(X))
    live = np.arange(len(X))
    for _ in range(max_rounds):
        owners, moved = _single_changes(X, live, axes, active)
        if valid is not None and len(moved):
            kept = valid(moved)
            owners, moved = owners[kept], moved[kept]
        if not len(moved):
            break
        values = _finite(score(moved))
        order = np.lexsort((-values, owners))
        first = np.ones(len(order), dtype=bool)
        first[1:] = owners[order][1:] != owners[order][:-1]
        winners = order[first]
        better = winners[values[winners] > best[owners[winners]] + 1e-9]
        if not len(better):
            break
        X[owners[better]], best[owners[better]] = moved[better], values[better]
        live = owners[better]
    return X, best


def _finite(values: FloatArray) -> FloatArray:
    return np.where(np.isfinite(values), values, WORST)


def _single_changes(
    X: FloatArray, live: IntArray, axes: list[Axis], active: BoolArray
) -> tuple[IntArray, FloatArray]:
    """Every config that differs from a live one in one discrete parameter, and the index of its origin."""
    owners: list[IntArray] = []
    moved: list[FloatArray] = []
    for j, axis in enumerate(axes):
        rows = live[active[live, j]]
        if axis.levels is None or not len(rows):
            continue
        gaps = X[np.ix_(rows, axis.columns)][:, None, :] - axis.levels[None, :, :]
        at = np.einsum("kvw,kvw->kv", gaps, gaps).argmin(axis=1)
        targets = targets_from(at, len(axis.levels), axis.is_ordered)
        origin, column = np.nonzero(targets != at[:, None])
        block = X[rows[origin]]
        block[:, axis.columns] = axis.levels[targets[origin, column]]
        moved.append(block)
        owners.append(rows[origin])
    if not moved:
        return np.zeros(0, dtype=np.int64), np.zeros((0, X.shape[1]))
    return np.concatenate(owners), np.concatenate(moved)


def targets_from(at: IntArray, count: int, is_ordered: bool) -> IntArray:
    """Levels to try from each of some levels.

    Args:
        at: Levels, shape (k,), values 0..count-1.
        count: Number of levels.
        is_ordered: Whether neighbours are alike.

    Returns:
        Shape (k, t): all levels; of a long ordered list those at growing steps, and both ends. A level to
        stay at, or one that comes twice, may be among them.

    Example:
        >>> targets_from(np.array([1]), 3, is_ordered=True).tolist()
        [[0, 1, 2]]
    """
    if count <= EXHAUSTIVE or not is_ordered:
        return np.broadcast_to(np.arange(count, dtype=np.int64), (len(at), count))
    steps = 2 ** np.arange(int(np.log2(count)) + 1)
    steps = np.concatenate([-steps, steps, [-count, count]])
    reached: npt.NDArray[np.int64] = np.clip(at[:, None] + steps, 0, count - 1)
    return reached


def count_changes(axes: list[Axis]) -> int:
    """How many single changes of discrete parameters a config has, at most.

    Example:
        >>> count_changes([Axis(np.array([0])), Axis(np.array([1]), np.array([[0.0], [1.0]]))])
        2
    """
    first = np.zeros(1, dtype=np.int64)
    return sum(
        targets_from(first, len(a.levels), a.is_ordered).shape[1] for a in axes if a.levels is not None
    )
