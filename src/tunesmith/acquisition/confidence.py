"""Optimism in the face of uncertainty: confidence bounds; and joint samples of the loss.

| symbol | meaning | shape |
|---|---|---|
| μ, σ | posterior mean and standard deviation of the loss | (m,) |
| κ | width of the bound in standard deviations | scalar |
| X | encoded configs | (m, p) |

What is not here: expected improvement (`improvement`).

References:
    [Srinivas2010] N. Srinivas and others, Gaussian Process Optimization in the Bandit Setting, 2010,
    equation 6.
"""

import numpy as np

from tunesmith.surrogate.gp import GP, cholesky
from tunesmith.surrogate.kernels import FloatArray


def confidence_bound(mean: FloatArray, sigma: FloatArray, kappa: float) -> FloatArray:
    """Negative lower confidence bound of the loss, κσ - μ.

    Args:
        mean: μ, shape (m,).
        sigma: σ, shape (m,).
        kappa: κ, 0 or more; 0 asks for the best mean.

    Returns:
        Score, shape (m,).

    Example:
        >>> confidence_bound(np.array([1.0, 2.0]), np.array([0.1, 1.0]), 2.0).tolist()
        [-0.8, 0.0]

    References:
        [Srinivas2010] equation 6, with the sign turned.
    """
    return kappa * sigma - mean


def joint_samples(gp: GP, X: FloatArray, normals: FloatArray) -> FloatArray:
    """Draw the noise-free loss at several points at once.

    Args:
        gp: The model.
        X: Shape (m, p); costs O(m³), so some hundreds.
        normals: Standard normal draws, shape (s, m).

    Returns:
        Samples, shape (s, m).
    """
    mean, covariance = gp.predict_joint(X)
    factor, _ = cholesky(covariance + 1e-10 * gp.kernel.amplitude * np.eye(len(X)))
    return mean + normals @ factor.T
