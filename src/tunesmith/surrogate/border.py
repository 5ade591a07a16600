"""Probability of failure beyond a straight border: logistic regression with a normal prior on its slope.

What fails is often the sum or, on log scales, the product of several parameters: memory is batch size times
width times depth. Votes of neighbours see such a border only where trials lie beside it; a straight one goes
on beyond them.

| symbol | meaning | shape |
|---|---|---|
| A | encoded configs less 1/2, behind a column of ones | (n, p + 1) |
| f | 1 where the config failed, else 0 | (n,) |
| w | weights, with prior N(0, 3²) for the first and N(0, τ²) for the others | (p + 1,) |
| H | second derivative of the negative log posterior at the most probable w | (p + 1, p + 1) |
| η, v | w·a and its variance aᵀH⁻¹a at a config | (m,) |
| s | predictive factor 1/√(1 + π v / 8) | (m,) |

τ, how sharp the border may be, is chosen by the likelihood of each outcome given all others.

What is not here: how much this opinion counts beside the votes (`feasibility`).

References:
    [MacKay1992] D. J. C. MacKay, The evidence framework applied to classification networks, 1992: p = σ(s η).
    [Vehtari2016] A. Vehtari and others, Bayesian leave-one-out cross-validation approximations for Gaussian
    latent variable models, 2016: Laplace's approximation without one outcome.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, log_expit

from tunesmith.surrogate.kernels import FloatArray

SHARPNESS = (2.0, 6.0, 20.0, 60.0)  # τ, for parameters from 0 to 1
OFFSET = 3.0  # standard deviation of the first weight
MOST_COLUMNS = 60  # beyond, no border is looked for: a hundred trials draw none, and it would take long
STEPS = 25  # of Newton's method, each halved until it goes down
CLOSE = 1e-6  # decrease of the negative log posterior at which it has arrived


@dataclass(frozen=True, slots=True, eq=False)
class Border:
    """A fitted border; `fit_border` makes one.

    Args:
        w: Weights, shape (p + 1,).
        covariance: H⁻¹, shape (p + 1, p + 1).
    """

    w: FloatArray
    covariance: FloatArray

    def failure(self, X: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Probability that each encoded config (m, p) fails, (m,), and its gradient (m, p)."""
        A = _rows(X)
        eta, spread = A @ self.w, A @ self.covariance
        factor = 1.0 / np.sqrt(1.0 + np.pi / 8.0 * np.einsum("ij,ij->i", spread, A))
        p = expit(factor * eta)
        by_spread = -np.pi / 8.0 * eta * factor**3
        slope = factor[:, None] * self.w[1:] + by_spread[:, None] * spread[:, 1:]
        return p, (p * (1.0 - p))[:, None] * slope


def fit_border(Z: FloatArray, failed: FloatArray) -> tuple[Border, float] | None:
    """Fit a border to what finished and what failed.

    Args:
        Z: Encoded configs, shape (n, p).
        failed: 1.0 for failed, 0.0 for finished, shape (n,), some of both.

    Returns:
        The border and the log likelihood of each outcome by all others; None in more than `MOST_COLUMNS`.

    Example:
        >>> Z = np.array([[0.1, 0.2], [0.3, 0.4], [0.8, 0.9], [0.9, 0.6]])
        >>> border, _ = fit_border(Z, np.array([0.0, 0.0, 1.0, 1.0]))
        >>> p, _ = border.failure(np.array([[0.0, 0.0], [1.0, 1.0]]))
        >>> bool(p[0] < 0.3 and p[1] > 0.6)
        True
    """
    if Z.shape[1] > MOST_COLUMNS:
        return None
    A, w = _rows(Z), np.zeros(Z.shape[1] + 1)
    fits = []
    for sharpness in SHARPNESS:
        precision = np.full(len(w), sharpness**-2.0)
        precision[0] = OFFSET**-2.0
        w = _most_probable(A, failed, precision, w)
        fits.append(_left_out(A, failed, precision, w))
    return max(fits, key=lambda fit: fit[1])


def _rows(X: FloatArray) -> FloatArray:
    return np.column_stack([np.ones(len(X)), X - 0.5])


def _most_probable(A: FloatArray, f: FloatArray, precision: FloatArray, w: FloatArray) -> FloatArray:
    sign = 2.0 * f - 1.0

    def value(w: FloatArray) -> float:
        return float(-log_expit(sign * (A @ w)).sum() + 0.5 * precision @ w**2)

    now = value(w)
    for _ in range(STEPS):
        gradient = A.T @ (expit(A @ w) - f) + precision * w
        step = np.linalg.solve(_curvature(A, precision, w), gradient)
        while (then := value(w - step)) > now:
            step = 0.5 * step
            if np.abs(step).max() < CLOSE:
                return w
        w, gain, now = w - step, now - then, then
        if gain < CLOSE:
            break
    return w


def _curvature(A: FloatArray, precision: FloatArray, w: FloatArray) -> FloatArray:
    p = expit(A @ w)
    H: FloatArray = (A.T * (p * (1.0 - p))) @ A + np.diag(precision)
    return H


def _left_out(A: FloatArray, f: FloatArray, precision: FloatArray, w: FloatArray) -> tuple[Border, float]:
    """The border at w, and the likelihood of each outcome given the others [Vehtari2016]."""
    covariance: FloatArray = np.linalg.inv(_curvature(A, precision, w)).astype(np.float64)
    eta = A @ w
    p = expit(eta)
    variance = np.einsum("ij,jk,ik->i", A, covariance, A)
    without = eta + variance * (p - f) / np.maximum(1.0 - p * (1.0 - p) * variance, 1e-3)
    return Border(w, covariance), float(log_expit((2.0 * f - 1.0) * without).sum())
