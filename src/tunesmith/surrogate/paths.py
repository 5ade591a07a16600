"""Whole functions drawn from the posterior of a Gaussian process, to be evaluated wherever one likes.

| symbol | meaning | shape |
|---|---|---|
| X | configs at which the functions are wanted | (m, p) |
| S, F | functions; frequencies, each with a sine and a cosine | |
| Ω | frequencies in units of the encoding | (F, p) |
| g | prior functions, from random features | |
| r | y - g(Z) - ε, what is left for the data to correct | (n, S) |

    f(x) = g(x) + μ + k(x, Z) C⁻¹ (r - μ),  μ = 1ᵀC⁻¹r / 1ᵀC⁻¹1

which is a draw from the posterior when g is one from the prior; the estimated mean μ has a flat prior, as
everywhere in `gp`. The correction uses the exact kernel, so only g is approximate: by about 1/√F.

References:
    [Wilson2020] J. Wilson and others, Efficiently Sampling Functions from Gaussian Process Posteriors, 2020,
        equation 11 (Matheron's rule).
    [Rahimi2007] A. Rahimi and B. Recht, Random Features for Large-Scale Kernel Machines, 2007; the spectrum
        of a Matérn kernel of smoothness ν is Student's t with 2ν degrees of freedom.
"""

import math
from dataclasses import dataclass

import numpy as np
from scipy.linalg import cho_solve

from tunesmith.surrogate.gp import GP
from tunesmith.surrogate.kernels import FloatArray, Kernel

FREQUENCIES = 192
_DEGREES = {"5/2": 5.0, "3/2": 3.0}


@dataclass(frozen=True, slots=True, eq=False)
class Paths:
    """Functions drawn from a posterior; call it with X (m, p) for their values (m, S).

    Args:
        gp: The process.
        frequencies: Ω, shape (F, p).
        weights: Of sines and cosines, shape (2 F, S).
        slopes: Weights of the linear part, shape (p, S).
        means: μ of each function, shape (S,).
        corrections: C⁻¹ (r - μ), shape (n, S).
    """

    gp: GP
    frequencies: FloatArray
    weights: FloatArray
    slopes: FloatArray
    means: FloatArray
    corrections: FloatArray

    def __call__(self, X: FloatArray) -> FloatArray:
        """Values of the functions at X (m, p), shape (m, S)."""
        values: FloatArray = self._prior(X) + self.means
        return values + self.gp.kernel(X, self.gp.Z) @ self.corrections

    def _prior(self, X: FloatArray) -> FloatArray:
        # In single precision, as g is approximate anyhow: sines and cosines are quicker so.
        angles = (X @ self.frequencies.T).astype(np.float32)
        values = np.concatenate([np.sin(angles), np.cos(angles)], axis=1) @ self.weights.astype(np.float32)
        linear: FloatArray = (X - 0.5) @ self.slopes
        return np.asarray(linear + values)


def draw_paths(gp: GP, count: int, rng: np.random.Generator) -> Paths:
    """Draw functions from the posterior of the noise-free loss.

    Args:
        gp: The process, of one row or more and with a plain `Kernel`.
        count: S, how many.
        rng: Generator.

    Example:
        >>> from tunesmith.surrogate.gp import condition_on
        >>> Z, y = np.array([[0.0], [1.0]]), np.array([-1.0, 1.0])
        >>> gp = condition_on(Kernel(np.array([0]), np.array([0.5]), 1.0), Z, y, np.full(2, 1e-8))
        >>> values = draw_paths(gp, 500, np.random.default_rng(0))(np.array([[0.0], [0.5], [1.0]]))
        >>> values.std(axis=1).round(1).tolist()
        [0.0, 0.7, 0.0]
    """
    kernel = gp.kernel
    assert isinstance(kernel, Kernel)  # only its spectrum is known
    p = gp.Z.shape[1]
    degrees = _DEGREES[kernel.smoothness]
    normal = rng.standard_normal((FREQUENCIES, p)) / kernel.lengthscales[kernel.groups]
    frequencies = normal * np.sqrt(degrees / rng.chisquare(degrees, (FREQUENCIES, 1)))
    weights = rng.standard_normal((2 * FREQUENCIES, count)) * math.sqrt(kernel.amplitude / FREQUENCIES)
    each = np.ones(p) if kernel.slopes is None else kernel.slopes
    slopes = rng.standard_normal((p, count)) * (math.sqrt(kernel.linear) * each)[:, None]
    drawn = Paths(gp, frequencies, weights, slopes, np.zeros(count), np.zeros((len(gp.y), count)))
    noise = np.sqrt(gp.noise)[:, None] * rng.standard_normal((len(gp.y), count))
    residual = gp.y[:, None] - drawn(gp.Z) - noise
    solved = cho_solve((gp.L, True), np.column_stack([residual, np.ones(len(gp.y))]), check_finite=False)
    ones = solved[:, -1]
    means = gp.mean_variance * solved[:, :-1].sum(axis=0)
    corrections = solved[:, :-1] - ones[:, None] * means
    return Paths(gp, frequencies, weights, slopes, means, corrections)
