"""Matérn covariance with one lengthscale per parameter, and an optional linear part.

| symbol | meaning | shape |
|---|---|---|
| A, B | encoded configs, one per row | (n, p), (m, p) |
| groups | index of the parameter that owns each column | (p,), values 0..G-1 |
| ℓ | lengthscale of each parameter, in units of the encoding | (G,) |
| w | 1/ℓ² of the parameter that owns each column | (p,) |
| r² | Σ_c w_c (A_ic - B_jc)², the squared scaled distance | (n, m) |
| a | amplitude: variance of the Matérn part | scalar |
| b, s | variance of the linear part, weight of each column in it | scalar, (p,) |
| S | derivative of some scalar by the covariance matrix | (n, m) |

k(x, x') = a m(r²) + b Σ_c s_c² (x_c - ½)(x'_c - ½), with m the Matérn function of smoothness 5/2 or 3/2.
On one-hot columns the linear part is a main effect for each category; it costs one matrix product.

What is not here: priors of the hyperparameters (`fit`) and predictions (`gp`).

References:
    [Rasmussen2006] C. E. Rasmussen and C. K. I. Williams, Gaussian Processes for Machine Learning, 2006,
    equations 4.16 and 4.17 (Matérn) and 4.2.2 (dot product).
"""

import math
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]
Smoothness = Literal["3/2", "5/2"]

SQRT3 = math.sqrt(3.0)
SQRT5 = math.sqrt(5.0)


def matern(r2: FloatArray, smoothness: Smoothness = "5/2") -> tuple[FloatArray, FloatArray]:
    """Evaluate the Matérn function of the squared distance, and its derivative by that square.

    The derivative by r² (not by r) is finite at r = 0, so equal points need no special case.

    Args:
        r2: Squared scaled distances, any shape, each 0 or more.
        smoothness: "5/2" for (1 + √5 r + 5r²/3) e^{-√5 r}, "3/2" for (1 + √3 r) e^{-√3 r}.

    Returns:
        Correlation in [0, 1] and its derivative by r², at most 0; both of the shape of r2.

    Example:
        >>> value, slope = matern(np.array([0.0, 1.0]))
        >>> [round(float(v), 4) for v in (*value, *slope)]
        [1.0, 0.524, -0.8333, -0.2882]

    References:
        [Rasmussen2006] equation 4.17.
    """
    if smoothness == "3/2":
        scaled = SQRT3 * np.sqrt(r2)
        decay = np.exp(-scaled)
        return (1.0 + scaled) * decay, -1.5 * decay
    scaled = SQRT5 * np.sqrt(r2)
    decay = np.exp(-scaled)
    scaled += 1.0
    scaled *= decay
    decay *= r2
    decay *= 5.0 / 3.0
    decay += scaled
    scaled *= -5.0 / 6.0
    return decay, scaled


def squared_distances(A: FloatArray, B: FloatArray) -> FloatArray:
    """Squared Euclidean distances between the rows of A and of B.

    By |a|² + |b|² - 2ab, one matrix product: accurate to about 1e-16 (|a|² + |b|²), which the Matérn function
    turns into an error of the same size, since it is linear in r² near 0.

    Args:
        A: Shape (n, p).
        B: Shape (m, p).

    Returns:
        Shape (n, m), each 0 or more.

    Example:
        >>> squared_distances(np.array([[0.0, 0.0]]), np.array([[3.0, 4.0]]))
        array([[25.]])
    """
    r2: FloatArray = A @ B.T
    r2 *= -2.0
    r2 += np.einsum("ij,ij->i", A, A)[:, None]
    r2 += np.einsum("ij,ij->i", B, B)[None, :]
    np.maximum(r2, 0.0, out=r2)
    return r2


class Covariance(Protocol):
    """What a Gaussian process needs of a covariance function; `Kernel` says what each part is."""

    @property
    def amplitude(self) -> float:
        """Variance of the Matérn part."""

    @property
    def lengthscales(self) -> FloatArray:
        """ℓ, shape (G,)."""

    def __call__(self, A: FloatArray, B: FloatArray) -> FloatArray:
        """Covariance."""

    def diagonal(self, A: FloatArray) -> FloatArray:
        """Prior variance."""

    def value_and_slope(self, A: FloatArray, B: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Covariance and what `pullback` wants."""

    def pullback(self, A: FloatArray, B: FloatArray, slope: FloatArray, S: FloatArray) -> FloatArray:
        """Derivatives by rows from derivatives by covariances."""

    def diagonal_gradient(self, A: FloatArray) -> FloatArray:
        """Derivative of the prior variance."""


@dataclass(frozen=True, slots=True, eq=False)
class Kernel:
    """A covariance function with its hyperparameters; see the module's notation.

    Args:
        groups: Owner of each column, shape (p,), values 0..G-1.
        lengthscales: ℓ, shape (G,), each above 0.
        amplitude: a, above 0.
        linear: b, 0 or more; 0 leaves the linear part out.
        slopes: s, shape (p,); None means 1 for every column.
        smoothness: "5/2" or "3/2".

    Example:
        >>> kernel = Kernel(np.array([0, 1]), np.array([0.5, 0.5]), amplitude=2.0)
        >>> Z = np.array([[0.0, 0.0], [0.5, 0.5]])
        >>> np.round(kernel(Z, Z), 3)
        array([[2.   , 0.635],
               [0.635, 2.   ]])
    """

    groups: IntArray
    lengthscales: FloatArray
    amplitude: float
    linear: float = 0.0
    slopes: FloatArray | None = None
    smoothness: Smoothness = "5/2"

    def __call__(self, A: FloatArray, B: FloatArray) -> FloatArray:
        """Covariance between the rows of A (n, p) and of B (m, p), shape (n, m)."""
        return self.value_and_slope(A, B)[0]

    def diagonal(self, A: FloatArray) -> FloatArray:
        """Prior variance at each row of A (n, p), shape (n,)."""
        variance = np.full(len(A), self.amplitude)
        if self.linear > 0.0:
            F = self._features(A)
            variance += self.linear * np.einsum("ij,ij->i", F, F)
        return variance

    def value_and_slope(self, A: FloatArray, B: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Covariance, and the derivative of its Matérn part by r².

        Args:
            A: Shape (n, p).
            B: Shape (m, p).

        Returns:
            Covariance and derivative, both of shape (n, m); the second is what `pullback` wants.
        """
        inverse = (1.0 / self.lengthscales)[self.groups]
        value, slope = matern(squared_distances(A * inverse, B * inverse), self.smoothness)
        value *= self.amplitude
        slope *= self.amplitude
        if self.linear > 0.0:
            value += self.linear * (self._features(A) @ self._features(B).T)
        return value, slope

    def pullback(self, A: FloatArray, B: FloatArray, slope: FloatArray, S: FloatArray) -> FloatArray:
        """Turn derivatives by covariances into derivatives by the rows of A.

        Args:
            A: Shape (n, p).
            B: Shape (m, p).
            slope: Second result of `value_and_slope(A, B)`, shape (n, m).
            S: Derivative of a scalar by k(A_i, B_j), shape (n, m).

        Returns:
            Derivative of that scalar by A through the first argument of k, shape (n, p).
        """
        T = S * slope
        w = (self.lengthscales**-2.0)[self.groups]
        out: FloatArray = T.sum(axis=1)[:, None] * A - T @ B
        out *= 2.0 * w
        if self.linear > 0.0:
            out += self.linear * (S @ self._features(B)) * self._slopes(A)
        return out

    def diagonal_gradient(self, A: FloatArray) -> FloatArray:
        """Derivative of the prior variance at each row of A (n, p) by that row, shape (n, p)."""
        if self.linear > 0.0:
            return 2.0 * self.linear * self._features(A) * self._slopes(A)
        return np.zeros_like(A)

    def _slopes(self, A: FloatArray) -> FloatArray:
        return np.ones(A.shape[1]) if self.slopes is None else self.slopes

    def _features(self, A: FloatArray) -> FloatArray:
        return (A - 0.5) * self._slopes(A)
