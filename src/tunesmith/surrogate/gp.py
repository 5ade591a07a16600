"""A fitted Gaussian process: predictions, leave-one-out, conditioning. Nothing here changes in place.

| symbol | meaning | shape |
|---|---|---|
| Z, y | encoded configs and transformed losses | (n, p), (n,) |
| X | configs to predict | (m, p) |
| C | k(Z, Z) + diag(noise) = L Lᵀ | (n, n) |
| u | L⁻¹ 1 | (n,) |
| mean | GLS estimate 1ᵀC⁻¹y / 1ᵀC⁻¹1 of the constant mean | scalar |
| alpha | C⁻¹ (y - mean) | (n,) |
| V | L⁻¹ k(Z, X) | (n, m) |
| gap | 1 - 1ᵀC⁻¹k(Z, x): how little the data say about the mean at x | (m,) |

The mean has a flat prior, so every variance holds the share gap² / 1ᵀC⁻¹1 that its estimation adds
([Rasmussen2006] equation 2.41). Variances are of the noise-free loss unless said otherwise.

What is not here: finding hyperparameters (`fit`).
"""

from dataclasses import dataclass

import numpy as np
from scipy.linalg import lapack

from tunesmith.surrogate.kernels import Covariance, FloatArray

JITTERS = (0.0, 1e-10, 1e-8, 1e-6, 1e-4, 1e-2, 1.0)  # of the mean diagonal; the last cannot fail in practice
VARIANCE_FLOOR = 1e-12  # of the prior variance: keeps log σ finite at points that are known exactly


def cholesky(C: FloatArray) -> tuple[FloatArray, float]:
    """Factor a covariance matrix, adding as little jitter to its diagonal as it takes.

    Args:
        C: Symmetric, shape (n, n), finite.

    Returns:
        The lower factor (n, n) and the variance that was added to the diagonal, 0 when none was needed.

    Raises:
        numpy.linalg.LinAlgError: C is not finite, or not near any covariance matrix.

    Example:
        >>> factor, added = cholesky(np.array([[4.0, 2.0], [2.0, 2.0]]))
        >>> factor.tolist(), added
        ([[2.0, 0.0], [1.0, 1.0]], 0.0)
    """
    if len(C) == 0:
        return np.zeros((0, 0)), 0.0
    scale = float(np.mean(np.diagonal(C)))
    for jitter in JITTERS:
        added = jitter * scale
        A = C if added == 0.0 else C + added * np.eye(len(C))
        factor, info = lapack.dpotrf(A.T, lower=1, clean=1)
        if info == 0 and np.isfinite(factor[-1, -1]):
            return factor, added
    raise np.linalg.LinAlgError("the covariance matrix is not positive definite")


def _solve_lower(L: FloatArray, B: FloatArray, *, transposed: bool = False) -> FloatArray:
    """Solve L X = B, or Lᵀ X = B, for a lower triangular L without checks."""
    if len(L) == 0:
        return np.zeros_like(B)
    X: FloatArray = lapack.dtrtrs(L, B, lower=1, trans=int(transposed))[0]
    return X


@dataclass(frozen=True, slots=True, eq=False)
class Prediction:
    """Mean and variance at m points, with their gradients by the encoded coordinates.

    Args:
        mean: Shape (m,).
        variance: Of the noise-free loss, shape (m,), above 0.
        mean_gradient: Shape (m, p).
        variance_gradient: Shape (m, p); 0 where the variance is at its floor.
    """

    mean: FloatArray
    variance: FloatArray
    mean_gradient: FloatArray
    variance_gradient: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class GP:
    """A Gaussian process given its data; make one with `condition_on`, see the module's notation.

    Args:
        kernel: Covariance with its hyperparameters.
        Z: Shape (n, p).
        y: Shape (n,).
        noise: Variance on the diagonal for each row, jitter included, shape (n,).
        L: Lower Cholesky factor of C, shape (n, n).
        u: L⁻¹ 1, shape (n,).
        alpha: C⁻¹ (y - mean), shape (n,).
        mean: GLS constant mean.
        mean_variance: 1 / 1ᵀC⁻¹1; 0 when there are no rows.
    """

    kernel: Covariance
    Z: FloatArray
    y: FloatArray
    noise: FloatArray
    L: FloatArray
    u: FloatArray
    alpha: FloatArray
    mean: float
    mean_variance: float

    def predict(self, X: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Predict the noise-free loss.

        Args:
            X: Shape (m, p).

        Returns:
            Mean (m,) and variance (m,), the latter above 0.
        """
        K = self.kernel(X, self.Z)
        V = _solve_lower(self.L, K.T)
        gap = 1.0 - self.u @ V
        prior = self.kernel.diagonal(X)
        variance = prior - np.einsum("ij,ij->j", V, V) + self.mean_variance * gap**2
        return self.mean + K @ self.alpha, np.maximum(variance, VARIANCE_FLOOR * prior)

    def predict_mean(self, X: FloatArray) -> FloatArray:
        """Predict only the mean at X (m, p), shape (m,): O(n) for each point instead of O(n²)."""
        return self.mean + self.kernel(X, self.Z) @ self.alpha

    def predict_joint(self, X: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Predict the noise-free loss with the covariance between points.

        Args:
            X: Shape (m, p).

        Returns:
            Mean (m,) and covariance (m, m).
        """
        K = self.kernel(X, self.Z)
        V = _solve_lower(self.L, K.T)
        gap = 1.0 - self.u @ V
        covariance = self.kernel(X, X) - V.T @ V + self.mean_variance * np.outer(gap, gap)
        return self.mean + K @ self.alpha, 0.5 * (covariance + covariance.T)

    def predict_with_gradients(self, X: FloatArray) -> Prediction:
        """Predict mean and variance and differentiate both by the coordinates of X (m, p)."""
        K, slope = self.kernel.value_and_slope(X, self.Z)
        V = _solve_lower(self.L, K.T)
        gap = 1.0 - self.u @ V
        prior = self.kernel.diagonal(X)
        variance = prior - np.einsum("ij,ij->j", V, V) + self.mean_variance * gap**2
        # ∂var/∂k = -2 C⁻¹k - 2 gap C⁻¹1 / 1ᵀC⁻¹1
        inner = V + self.mean_variance * self.u[:, None] * gap[None, :]
        S = -2.0 * _solve_lower(self.L, inner, transposed=True).T
        variance_gradient = self.kernel.pullback(X, self.Z, slope, S) + self.kernel.diagonal_gradient(X)
        floor = VARIANCE_FLOOR * prior
        variance_gradient[variance <= floor] = 0.0
        weights = np.broadcast_to(self.alpha, K.shape)
        return Prediction(
            mean=self.mean + K @ self.alpha,
            variance=np.maximum(variance, floor),
            mean_gradient=self.kernel.pullback(X, self.Z, slope, weights),
            variance_gradient=variance_gradient,
        )

    def leave_one_out(self) -> tuple[FloatArray, FloatArray]:
        """Predict each observation from all the others, without refitting anything but the mean.

        Returns:
            Mean (n,) and variance (n,) of the *noisy* observation. With a single row there is nothing to
            predict from: the mean is that of the model and the variance the prior's.

        References:
            [Dubrule1983] O. Dubrule, Cross validation of kriging in a unique neighborhood, equation 5, with
            C⁻¹ replaced by its projection C⁻¹ - C⁻¹11ᵀC⁻¹ / 1ᵀC⁻¹1 for the estimated mean.
        """
        if len(self.y) < 2:
            return np.full(len(self.y), self.mean), self.kernel.diagonal(self.Z) + self.noise
        inverse = _solve_lower(self.L, np.eye(len(self.y)))
        ones = inverse.T @ self.u
        diagonal = np.einsum("ij,ij->j", inverse, inverse) - self.mean_variance * ones**2
        diagonal = np.maximum(diagonal, 1e-300)
        return self.y - self.alpha / diagonal, 1.0 / diagonal

    def condition(self, Z: FloatArray, y: FloatArray, noise: FloatArray) -> "GP":
        """Add observations and return the new process; hyperparameters stay as they are.

        The factor grows by rows, O(n² k) for k new rows instead of O(n³).

        Args:
            Z: New configs, shape (k, p).
            y: Their values, shape (k,).
            noise: Variance of each, shape (k,), 0 or more; the noise of the fit is not added.

        Returns:
            A process over n + k rows.
        """
        L, added = self.extend_factor(Z, noise)
        return _assemble(
            self.kernel,
            np.concatenate([self.Z, Z]),
            np.concatenate([self.y, y]),
            np.concatenate([self.noise, noise + added]),
            L,
        )

    def extend_factor(self, Z: FloatArray, noise: FloatArray) -> tuple[FloatArray, float]:
        """Append rows to L for new configs Z (k, p) with variances noise (k,).

        Returns:
            The factor of shape (n + k, n + k) and the jitter that the new rows needed.
        """
        n, k = len(self.Z), len(Z)
        W = _solve_lower(self.L, self.kernel(self.Z, Z))
        C = self.kernel(Z, Z)
        C[np.diag_indices(k)] += noise
        corner, added = _corner(C, W)
        L = np.zeros((n + k, n + k), order="F")
        L[:n, :n], L[n:, :n], L[n:, n:] = self.L, W.T, corner
        return L, added


def _corner(C: FloatArray, W: FloatArray) -> tuple[FloatArray, float]:
    """Factor C - WᵀW, whose rounding errors are of the size of C, not of the difference."""
    schur = C - W.T @ W
    schur = 0.5 * (schur + schur.T)
    least = 1e-10 * float(np.mean(np.diagonal(C))) if len(C) else 0.0
    schur[np.diag_indices(len(C))] += least
    try:
        factor, added = cholesky(schur)
    except np.linalg.LinAlgError:  # all of it is rounding: keep the diagonal, at the prior's scale
        added = 1e-6 * float(np.mean(np.diagonal(C)))
        factor = np.diag(np.sqrt(np.maximum(np.diagonal(schur), 0.0) + added))
    return factor, least + added


def _assemble(kernel: Covariance, Z: FloatArray, y: FloatArray, noise: FloatArray, L: FloatArray) -> GP:
    """Solve for the mean and the weights, given the factor."""
    u = _solve_lower(L, np.ones(len(y)))
    v = _solve_lower(L, y)
    precision = float(u @ u)
    mean = float(u @ v) / precision if precision > 0.0 else 0.0
    alpha = _solve_lower(L, v - mean * u, transposed=True)
    mean_variance = 1.0 / precision if precision > 0.0 else 0.0
    return GP(kernel, Z, y, noise, L, u, alpha, mean, mean_variance)


def condition_on(kernel: Covariance, Z: FloatArray, y: FloatArray, noise: FloatArray) -> GP:
    """Make the Gaussian process that has seen y at Z.

    Args:
        kernel: Covariance with its hyperparameters.
        Z: Encoded configs, shape (n, p), finite.
        y: Transformed losses, shape (n,), finite.
        noise: Variance of each loss, shape (n,), 0 or more.

    Returns:
        The process; its `noise` holds what jitter was needed, too.

    Raises:
        numpy.linalg.LinAlgError: The covariance is not finite.

    Example:
        >>> from tunesmith.surrogate.kernels import Kernel
        >>> kernel = Kernel(np.array([0]), np.array([0.5]), amplitude=1.0)
        >>> Z, y = np.array([[0.0], [1.0]]), np.array([-1.0, 1.0])
        >>> mean, variance = condition_on(kernel, Z, y, np.full(2, 1e-6)).predict(Z)
        >>> np.round(mean, 3), bool(variance.max() < 1e-5)
        (array([-1.,  1.]), True)

    References:
        [Rasmussen2006] algorithm 2.1 and section 2.7.
    """
    assert Z.ndim == 2
    assert y.shape == noise.shape == (len(Z),)
    C = kernel(Z, Z)
    C[np.diag_indices(len(Z))] = kernel.diagonal(Z) + noise
    L, added = cholesky(C)
    return _assemble(kernel, Z, y, noise + added, L)
