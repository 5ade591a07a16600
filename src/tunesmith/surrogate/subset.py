"""Which trials the exact model sees when there are too many of them.

| symbol | meaning | shape |
|---|---|---|
| Z, y | encoded configs and transformed losses | (n, p), (n,) |
| m | trials that the model may see | scalar |

A quarter are the best, a quarter the nearest to the best one, the rest are spread over the order of losses,
so that the model knows the good region closely and everything else roughly.

What is not here: the model (`fit`).
"""

import numpy as np

from tunesmith.surrogate.kernels import FloatArray, IntArray


def choose_subset(Z: FloatArray, y: FloatArray, most: int, scale: FloatArray | None = None) -> IntArray:
    """Choose the trials for a model of at most a given size.

    Args:
        Z: Encoded configs, shape (n, p).
        y: Losses, shape (n,), finite.
        most: m, at least 4.
        scale: 1/ℓ of each column for the distance, shape (p,); None means 1.

    Returns:
        Indices in increasing order, all n of them when n is at most m, else m.

    Example:
        >>> Z = np.linspace(0, 1, 100)[:, None]
        >>> kept = choose_subset(Z, abs(Z[:, 0] - 0.5), 12)
        >>> len(kept), bool(49 in kept and 50 in kept)
        (12, True)
    """
    n = len(y)
    if n <= most:
        return np.arange(n, dtype=np.int64)
    order = np.argsort(y, kind="stable")
    taken = np.zeros(n, dtype=bool)
    taken[order[: most // 4]] = True
    gaps = Z - Z[order[0]]
    if scale is not None:
        gaps = gaps * scale
    distance = np.einsum("ij,ij->i", gaps, gaps)
    distance[taken] = np.inf
    taken[np.argsort(distance, kind="stable")[: most // 4]] = True
    rest = order[~taken[order]]
    places = np.linspace(0, len(rest) - 1, most - int(taken.sum()))
    taken[rest[np.round(places).astype(np.int64)]] = True
    return np.flatnonzero(taken).astype(np.int64)
