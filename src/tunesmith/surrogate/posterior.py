"""What the fits of the processes share: the prior of θ, and the likelihood with what its gradient needs.

θ are the logs of hyperparameters: the lengthscales ℓ of G parameters first, then those that a kernel has
beside, its tail. What they are is said in `fit` and `curve_fit`, which hold the search for the maximum.

References:
    [Rasmussen2006] C. E. Rasmussen and C. K. I. Williams, Gaussian Processes for Machine Learning, 2006.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.linalg import lapack

from tunesmith.surrogate.kernels import FloatArray, IntArray

FAILED = 1e25  # objective where the covariance cannot be factored: finite, so that a line search backs off


@dataclass(frozen=True, slots=True)
class Priors:
    """Priors of the logs of the hyperparameters: two-piece normal for ℓ, normal for the others.

    Args:
        length_centre: Centre of ℓ in units of √D.
        length_below: Standard deviation of log ℓ below the centre.
        length_above: Standard deviation of log ℓ above the centre.
        amplitude: Centre and standard deviation of log a.
        noise: Centre and standard deviation of log σ².
        linear: Centre and standard deviation of log b.
    """

    length_centre: float = 0.35
    length_below: float = 0.8
    length_above: float = 1.2
    amplitude: tuple[float, float] = (0.0, 0.75)
    noise: tuple[float, float] = (-5.0, 1.5)
    linear: tuple[float, float] = (-2.0, 1.0)


class ThetaPrior(NamedTuple):
    """Prior of θ: centre, deviations below and above it, bounds; each of the shape of θ."""

    centre: FloatArray
    below: FloatArray
    above: FloatArray
    lower: FloatArray
    upper: FloatArray

    def add(self, theta: FloatArray, value: float, gradient: FloatArray) -> tuple[float, FloatArray]:
        """Negative log posterior and gradient from those of the likelihood; `FAILED` where not finite."""
        offset = theta - self.centre
        spread = np.where(offset < 0.0, self.below, self.above)
        offset /= spread
        total = value + 0.5 * float(offset @ offset)
        gradient = gradient + offset / spread
        if not (math.isfinite(total) and np.isfinite(gradient).all()):
            return FAILED, np.zeros_like(theta)
        return total, gradient


def make_prior(
    priors: Priors,
    count: int,
    dimension: float,
    tail: Sequence[tuple[float, float]],
    bounds: Sequence[tuple[float, float]],
) -> ThetaPrior:
    """Prior of the lengthscales of `count` parameters, of which D = `dimension` are active, and of a tail.

    Args:
        priors: Gives the lengthscales' prior.
        count: G.
        dimension: D, above 0.
        tail: Centre and standard deviation of each further hyperparameter.
        bounds: Lower and upper bound of each.
    """
    root = math.sqrt(max(1.0, dimension))
    lengths = (math.log(priors.length_centre * root), priors.length_below, priors.length_above)
    ends = (math.log(0.03), math.log(30.0 * root))
    parts = [[c for c, _ in tail], *[[sd for _, sd in tail]] * 2, *zip(*bounds, strict=True)]
    return ThetaPrior(
        *(np.append(np.full(count, x), part) for x, part in zip((*lengths, *ends), parts, strict=True))
    )


def likelihood(C: FloatArray, y: FloatArray) -> tuple[float, FloatArray] | None:
    """Negative log likelihood of y (n,) with covariance C (n, n), the mean profiled out, up to a constant.

    Returns:
        Value, and M (n, n) of its gradient ½ tr(M ∂C/∂θ); None where C cannot be factored.
    """
    L, info = lapack.dpotrf(C.T, lower=1, clean=1, overwrite_a=0)
    if info != 0:
        return None
    inverse, _ = lapack.dpotri(L, lower=1)
    diagonal = inverse.diagonal().copy()
    inverse = inverse + inverse.T
    inverse.flat[:: len(y) + 1] = diagonal
    weights, solved = inverse.sum(axis=1), inverse @ y
    mean = float(solved.sum() / weights.sum())
    alpha = solved - mean * weights
    value = 0.5 * float((y - mean) @ alpha) + float(np.log(L.diagonal()).sum())
    return value, inverse - np.outer(alpha, alpha)


def by_lengthscale(W: FloatArray, scaled: FloatArray, groups: IntArray, count: int) -> FloatArray:
    """Σ_ij W_ij (scaled_i - scaled_j)² over the columns of each of `count` groups, shape (count,).

    With W = M ∘ ∂C/∂r² this is, up to a factor, ½ tr(M ∂C/∂log ℓ_g).
    """
    columns = 2.0 * (W.sum(axis=1) @ (scaled * scaled) - np.einsum("ij,ij->j", scaled, W @ scaled))
    return np.bincount(groups, weights=columns, minlength=count).astype(np.float64, copy=False)
