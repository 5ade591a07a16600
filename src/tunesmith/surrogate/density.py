"""A kernel density over configs, and a pair of them: where good configs lie, and where the others do.

| symbol | meaning | shape |
|---|---|---|
| U | configs that the density is made of: numbers in [0, 1], options by index | (n, d) |
| X | configs to look at | (m, d) |
| c | number of options of each parameter; 0 for a number | (d,) |
| h | bandwidth of each parameter; of options the chance to be another one | (d,) |
| l, g | density of the good configs, and of the others | |

The kernel is a product over the parameters: normal for numbers, that of Aitchison and Aitken for options.

What is not here: which configs are good (`methods.bohb`).

References:
    [Falkner2018] S. Falkner, A. Klein, F. Hutter, BOHB: Robust and Efficient Hyperparameter Optimization at
    Scale, 2018, section 4 and appendix.
    [Aitchison1976] J. Aitchison, C. G. G. Aitken, Multivariate binary discrimination by the kernel method.
    [Scott1992] D. W. Scott, Multivariate Density Estimation, equation 6.42: the normal reference rule.
"""

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import logsumexp, ndtr, ndtri

from tunesmith.surrogate.kernels import FloatArray, IntArray

REFERENCE = 1.06  # of [Scott1992], times the standard deviation
NARROWEST = 1e-3  # bandwidth; configs that agree in a parameter say nothing of its spread
LOG_ROOT_TAU = 0.5 * math.log(2.0 * math.pi)


@dataclass(frozen=True, slots=True, eq=False)
class Density:
    """A kernel density; `estimate_density` makes one.

    Args:
        points: U, shape (n, d), n at least 1.
        widths: h, shape (d,), above 0.
        options: c, shape (d,).
    """

    points: FloatArray
    widths: FloatArray
    options: IntArray

    def log_density(self, X: FloatArray) -> FloatArray:
        """Log of the density at X (m, d), shape (m,)."""
        total = np.zeros((len(X), len(self.points)))
        for j, (h, c) in enumerate(zip(self.widths.tolist(), self.options.tolist(), strict=True)):
            x, u = X[:, j, None], self.points[None, :, j]
            if c:
                total += np.where(x == u, _log(1.0 - h), _log(h / max(1, c - 1)))  # [Aitchison1976]
            else:
                total -= 0.5 * ((x - u) / h) ** 2 + math.log(h) + LOG_ROOT_TAU
        out: FloatArray = logsumexp(total, axis=1) - math.log(len(self.points))
        return out

    def draw(self, rng: np.random.Generator, count: int, *, widening: float = 1.0) -> FloatArray:
        """Draw configs around the points; numbers from a normal cut off at 0 and 1.

        Args:
            rng: Generator.
            count: How many.
            widening: Bandwidths of numbers are multiplied by this, b_w of [Falkner2018].

        Returns:
            Shape (count, d).
        """
        centres = self.points[rng.integers(len(self.points), size=count)]
        chance = rng.random((2, *centres.shape))
        h = self.widths * widening
        low, high = ndtr(-centres / h), ndtr((1.0 - centres) / h)
        X: FloatArray = np.clip(centres + h * ndtri(low + chance[0] * (high - low)), 0.0, 1.0)
        for j in np.flatnonzero(self.options):
            other = np.floor(chance[1, :, j] * self.options[j])
            X[:, j] = np.where(chance[0, :, j] < self.widths[j], other, centres[:, j])
        return X


def estimate_density(U: FloatArray, options: IntArray) -> Density:
    """Estimate the density that configs were drawn from, with bandwidths by the normal reference rule.

    Args:
        U: Shape (n, d), n at least 1, finite.
        options: Number of options of each parameter, 0 for a number, shape (d,).

    Returns:
        The density.

    Example:
        >>> density = estimate_density(np.array([[0.2], [0.4]]), np.array([0]))
        >>> density.widths.round(3).tolist(), density.log_density(np.array([[0.3], [0.9]])).round(2).tolist()
        ([0.092], [0.88, -13.91])
    """
    n, d = U.shape
    widths = REFERENCE * U.std(axis=0) * n ** (-1.0 / (4 + d))
    most = np.where(options > 0, 1.0 - 1.0 / np.maximum(options, 1), np.inf)  # beyond, others are likelier
    return Density(U, np.maximum(np.minimum(widths, most), NARROWEST), options)


def _log(x: float) -> float:
    return math.log(x) if x > 0.0 else -math.inf
