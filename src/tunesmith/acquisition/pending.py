"""Expected improvement when losses are noisy and other trials are still running.

| symbol | meaning | shape |
|---|---|---|
| B, P | finished configs that may be the best, running configs | (b, p), (q, p) |
| F | joint samples of the noise-free loss at B and P together | (s, b + q) |
| f*_s | incumbent of sample s, min of F_s | (s,) |
| μ_s, σ | mean given the data and F_s, standard deviation given the data and B, P | (s, m), (m,) |
| R | L⁻¹ k(rows, X), L the factor that has rows for B and P | (n + b + q, m) |

log NEI(x) = log mean_s σ h((f*_s - μ_s) / σ). The variance does not depend on the sampled values, so that one
factor serves all samples; a candidate costs O((n + b + q)² + s (n + b + q)).

What is not here: which configs go into B; `baseline` picks them from scores of the method's choosing.

References:
    [Letham2019] B. Letham and others, Constrained Bayesian Optimization with Noisy Experiments, 2019,
    equation 7.
    [Ament2023] S. Ament and others, Unexpected Improvements to Expected Improvement, 2023.
"""

from dataclasses import dataclass

import numpy as np
from scipy.linalg import lapack
from scipy.special import ndtri

from tunesmith.acquisition.confidence import joint_samples
from tunesmith.acquisition.improvement import log_improvement, log_improvement_with_slopes
from tunesmith.surrogate.gp import GP, VARIANCE_FLOOR
from tunesmith.surrogate.kernels import BoolArray, FloatArray, IntArray

ANCHOR_NOISE = 1e-8  # of the amplitude, on the rows of B and P: sampled values are taken as exact


def normal_draws(rng: np.random.Generator, samples: int, dimensions: int) -> FloatArray:
    """Standard normal draws, spread evenly in each coordinate (Latin hypercube), fixed for one ask.

    Args:
        rng: Generator.
        samples: s.
        dimensions: Columns.

    Returns:
        Shape (samples, dimensions).

    Example:
        >>> draws = normal_draws(np.random.default_rng(0), 64, 3)
        >>> bool(abs(draws.mean(axis=0)).max() < 0.05)
        True
    """
    cells = np.tile(np.arange(samples, dtype=np.float64)[:, None], (1, dimensions))
    cells = rng.permuted(cells, axis=0) + rng.random((samples, dimensions))
    return ndtri(np.clip(cells / samples, 1e-12, 1.0 - 1e-12))


def baseline(samples: FloatArray, share: float = 0.01, most: int = 20) -> IntArray:
    """Pick the configs that are the best one in at least a share of samples.

    Args:
        samples: Joint samples of the loss at n configs, shape (s, n).
        share: Least share of samples, 0 to 1.
        most: Most configs to keep.

    Returns:
        Indices, the most probable best first; never empty when n is at least 1.

    Example:
        >>> baseline(np.array([[0.0, 1.0, 2.0], [0.5, 0.2, 2.0], [0.0, 1.0, 2.0]])).tolist()
        [0, 1]
    """
    wins = np.bincount(samples.argmin(axis=1), minlength=samples.shape[1])
    order = np.argsort(-wins, kind="stable")[:most]
    kept = order[wins[order] >= max(1.0, share * len(samples))]
    return kept if len(kept) else order[:1]


@dataclass(frozen=True, slots=True, eq=False)
class NoisyImprovement:
    """Score by log NEI over a fixed set of anchors; `noisy_improvement` makes one, calling it scores configs.

    Args:
        gp: The model given the data.
        anchors: B and P, shape (b + q, p).
        rows: Z of the model, then the anchors, shape (n + b + q, p).
        L: Factor over those rows.
        weights: C⁻¹ (values - mean) for each sample, shape (n + b + q, s).
        u: L⁻¹ 1, shape (n + b + q,).
        means: GLS constant mean of each sample, shape (s,).
        mean_variance: Variance of that constant.
        incumbents: f*_s, shape (s,).
    """

    gp: GP
    anchors: FloatArray
    rows: FloatArray
    L: FloatArray
    weights: FloatArray
    u: FloatArray
    means: FloatArray
    mean_variance: float
    incumbents: FloatArray

    def __call__(self, X: FloatArray) -> FloatArray:
        """Score by log NEI at each row of X (m, p), shape (m,)."""
        K = self.gp.kernel(X, self.rows)
        _, _, sigma = self._spread(X, K)
        value = log_improvement(
            self.means[:, None] + (K @ self.weights).T, sigma[None, :], self.incumbents[:, None]
        )
        return _log_mean_exp(value)[0]

    def with_gradients(self, X: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Score by log NEI at each row of X (m, p) and its gradient, shapes (m,) and (m, p)."""
        kernel = self.gp.kernel
        K, slope = kernel.value_and_slope(X, self.rows)
        R, gap, sigma = self._spread(X, K)
        value, by_mean, by_sigma = log_improvement_with_slopes(
            self.means[:, None] + (K @ self.weights).T, sigma[None, :], self.incumbents[:, None]
        )
        score, shares = _log_mean_exp(value)
        inner = R + self.mean_variance * self.u[:, None] * gap[None, :]
        solved, _ = lapack.dtrtrs(self.L, inner, lower=1, trans=1)
        half = 0.5 * (shares * by_sigma).sum(axis=0) / sigma  # derivative by the variance
        S = (shares * by_mean).T @ self.weights.T - 2.0 * half[:, None] * solved.T
        gradient = kernel.pullback(X, self.rows, slope, S)
        return score, gradient + half[:, None] * kernel.diagonal_gradient(X)

    def _spread(self, X: FloatArray, K: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """R, gap and σ at X."""
        R, _ = lapack.dtrtrs(self.L, K.T, lower=1)
        gap = 1.0 - self.u @ R
        prior = self.gp.kernel.diagonal(X)
        variance = prior - np.einsum("ij,ij->j", R, R) + self.mean_variance * gap**2
        return R, gap, np.sqrt(np.maximum(variance, VARIANCE_FLOOR * prior))


def noisy_improvement(
    gp: GP,
    candidates_for_best: FloatArray,
    pending: FloatArray,
    normals: FloatArray,
    *,
    ends_well: BoolArray | None = None,
) -> NoisyImprovement:
    """Set up log NEI: sample the loss at the anchors and condition on every sample.

    Args:
        gp: The model given the finished trials, at least one row.
        candidates_for_best: B, shape (b, p), b at least 1.
        pending: P, shape (q, p), q may be 0.
        normals: Standard normal draws, shape (s, b + q); the same draws give a smooth function of X.
        ends_well: Whether each running config will have a loss, in each sample, shape (s, q); one that fails
            is no incumbent. None where none fails.

    Returns:
        The acquisition function.
    """
    anchors = np.concatenate([candidates_for_best, pending])
    assert normals.shape[1] == len(anchors) > 0
    samples = joint_samples(gp, anchors, normals)
    L, _ = gp.extend_factor(anchors, np.full(len(anchors), ANCHOR_NOISE * gp.kernel.amplitude))
    values = np.concatenate([np.broadcast_to(gp.y[:, None], (len(gp.y), len(samples))), samples.T])
    u, _ = lapack.dtrtrs(L, np.ones((len(L), 1)), lower=1)
    u = u[:, 0]
    v, _ = lapack.dtrtrs(L, values, lower=1)
    precision = float(u @ u)
    means = (u @ v) / precision
    weights, _ = lapack.dtrtrs(L, v - u[:, None] * means[None, :], lower=1, trans=1)
    if ends_well is not None:  # from here on the samples only say who may win
        samples[:, len(candidates_for_best) :][~ends_well] = np.inf
    return NoisyImprovement(
        gp=gp,
        anchors=anchors,
        rows=np.concatenate([gp.Z, anchors]),
        L=L,
        weights=weights,
        u=u,
        means=means,
        mean_variance=1.0 / precision,
        incumbents=samples.min(axis=1),
    )


def _log_mean_exp(values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Give the log of the mean over the first axis of exp(values), and each row's share of it."""
    top = values.max(axis=0)
    shares = np.exp(values - top)
    total = shares.sum(axis=0)
    return top + np.log(total / len(values)), shares / total
