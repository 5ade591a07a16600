"""Expected improvement in log space, accurate where improvement is all but impossible.

| symbol | meaning | shape |
|---|---|---|
| μ, σ | posterior mean and standard deviation of the loss | (m,) |
| f* | incumbent: the loss to beat | scalar |
| z | (f* - μ) / σ | (m,) |
| φ, Φ | density and distribution function of the standard normal | |
| h(z) | φ(z) + z Φ(z), so that EI = σ h(z) | (m,) |

What is not here: noise and running trials (`pending`), other criteria (`confidence`).

References:
    [Ament2023] S. Ament and others, Unexpected Improvements to Expected Improvement, 2023, equation 9 and
    appendix A.
"""

import math

import numpy as np
from scipy.special import erfcx, log_ndtr, ndtr

from tunesmith.surrogate.kernels import FloatArray

LOG_SQRT_2PI = 0.5 * math.log(2.0 * math.pi)
SQRT_HALF_PI = math.sqrt(0.5 * math.pi)
FAR = -1e6  # below, 1 - √(π/2)|z| erfcx(|z|/√2) has lost its digits and z⁻² is exact to 1e-12


def log_h(z: FloatArray) -> FloatArray:
    """log(φ(z) + z Φ(z)).

    Accurate to a relative error of the *logarithm* of 1e-10 for z in [-1e150, 1e150]. Three branches: the
    plain form above -1, where nothing cancels; the scaled complementary error function down to -1e6; its
    expansion below.

    Args:
        z: Any shape, finite.

    Returns:
        Same shape.

    Example:
        >>> np.round(log_h(np.array([0.0, -10.0, -1e10])), 4).tolist()
        [-0.9189, -55.5531, -5e+19]

    References:
        [Ament2023] equation 9.
    """
    z = np.asarray(z, dtype=np.float64)
    out = np.empty_like(z)
    near, far = z > -1.0, z <= FAR
    x = z[near]
    out[near] = np.log(np.exp(-0.5 * x * x - LOG_SQRT_2PI) + x * ndtr(x))
    x = z[~near & ~far]
    out[~near & ~far] = -0.5 * x * x - LOG_SQRT_2PI + _log_rest(-x)
    x = z[far]
    out[far] = -0.5 * x * x - LOG_SQRT_2PI - 2.0 * np.log(-x)
    return out


def _log_rest(x: FloatArray) -> FloatArray:
    """log(1 - √(π/2) x erfcx(x/√2)) for x in [1, 1e6].

    The difference is about x⁻², so it keeps 16 - 2 log10 x digits; beyond x = 100 the asymptotic series has
    more.
    """
    series = x > 100.0
    out = np.empty_like(x)
    near = x[~series]
    out[~series] = np.log1p(-SQRT_HALF_PI * near * erfcx(near * math.sqrt(0.5)))
    t = x[series] ** -2.0
    out[series] = np.log(t) + np.log1p(-t * (3.0 - t * (15.0 - t * 105.0)))
    return out


def log_improvement(mean: FloatArray, sigma: FloatArray, incumbent: float | FloatArray) -> FloatArray:
    """Log of the expected improvement on the incumbent, for losses.

    Args:
        mean: μ, shape (m,).
        sigma: σ, shape (m,), above 0.
        incumbent: f*, a scalar or of a shape that broadcasts with the others.

    Returns:
        log EI, shape (m,) or the broadcast shape.

    Example:
        >>> log_improvement(np.array([0.0]), np.array([1.0]), 0.0).round(4).tolist()
        [-0.9189]
    """
    return np.log(sigma) + log_h((incumbent - mean) / sigma)


def log_improvement_with_slopes(
    mean: FloatArray, sigma: FloatArray, incumbent: float | FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Log expected improvement and its derivatives by μ and σ.

    Args:
        mean: μ, shape (m,).
        sigma: σ, shape (m,), above 0.
        incumbent: f*, broadcasts with the others.

    Returns:
        log EI, ∂/∂μ = -Φ/(σh) (at most 0) and ∂/∂σ = φ/(σh) (at least 0), each of the broadcast shape. The
        ratios are taken as exponentials of differences of logarithms for z above -1e4, and by Φ/h ≈ |z|, φ/h
        ≈ z² below.
    """
    z = np.asarray((incumbent - mean) / sigma)
    log_value = log_h(z)
    far = z <= -1e4
    near = np.where(far, 0.0, z)
    log_near = np.where(far, -LOG_SQRT_2PI, log_value)
    by_mean = np.where(far, -z, np.exp(np.minimum(log_ndtr(near) - log_near, 700.0)))
    by_sigma = np.where(far, z * z, np.exp(np.minimum(-0.5 * near * near - LOG_SQRT_2PI - log_near, 700.0)))
    return np.log(sigma) + log_value, -by_mean / sigma, by_sigma / sigma
