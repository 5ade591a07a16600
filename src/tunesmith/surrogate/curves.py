"""Covariance of losses along learning curves: configs by steps of the fidelity.

| symbol | meaning | shape |
|---|---|---|
| A, B | encoded configs, then the step t, above 0, then the number of the curve | (n, p + 2), (m, p + 2) |
| k_x | Matérn and linear covariance of two configs, see `kernels` | (n, m) |
| T | the step that is predicted, in the unit of t | scalar |
| κ | mean of β / (β + t + t') over β = 1, √T, T: what two steps share that training takes away | (n, m) |
| q | Matérn 3/2 of log t - log t': what two steps share of anything else | (n, m) |
| h, s | shares of what a config does that decay, and that change in any way | scalars |
| c, o | the same of what one curve has of its own: variances | scalars |
| g | variance of what decays in all curves alike | scalar |

k = k_x (1 + h κ + s q) + (c κ + o q) [same curve] + g κ

κ is a mixture of decaying exponentials, from fast ones to those that are hardly through at T: a curve that is
flat now may still fall, and nothing is known of that before it was seen. q lets curves fall late, and turn
up. Both are fixed, and how much of each there is is fitted: one rate, fitted to all curves, would be told by
their many first steps, and make the model too sure of their ends. A curve of no trial yet has the number
`NO_CURVE`; of it only the part that configs share is predicted.

What is not here: finding the hyperparameters (`curve_fit`); predictions are those of `gp.GP`.

References:
    [Swersky2014] K. Swersky, J. Snoek, R. P. Adams, Freeze-Thaw Bayesian Optimization, 2014, equation 6
    (an exponential whose rate is gamma distributed) and section 3. There is one such part, by curve and
    independent given the config.
"""

import math
from dataclasses import dataclass

import numpy as np

from tunesmith.surrogate.kernels import FloatArray, Kernel, matern

NO_CURVE = -1.0
EXTRA = 2  # columns after those of the config
WIDTH = 2.0  # of q, in log steps: what is e² times as far is hardly related


@dataclass(frozen=True, slots=True, eq=False)
class CurveKernel:
    """A covariance over configs and steps; see the module's notation.

    Args:
        configs: k_x.
        horizon: T, 1 or more.
        change: h, 0 or more.
        drift: s, 0 or more.
        own: c, 0 or more.
        wander: o, 0 or more.
        common: g, 0 or more.

    Example:
        >>> configs = Kernel(np.array([0]), np.array([0.5]), amplitude=1.0)
        >>> kernel = CurveKernel(configs, 9.0, change=1.0, drift=0.1, own=0.1, wander=0.1, common=0.0)
        >>> steps, curves = np.array([1.0, 9.0, 9.0]), np.array([7.0, 7.0, NO_CURVE])
        >>> A = curve_rows(np.array([[0.3], [0.3], [0.3]]), steps, curves)
        >>> kernel(A, A).round(2)
        array([[1.84, 1.38, 1.31],
               [1.38, 1.39, 1.28],
               [1.31, 1.28, 1.28]])
    """

    configs: Kernel
    horizon: float
    change: float
    drift: float
    own: float
    wander: float
    common: float

    @property
    def lengthscales(self) -> FloatArray:
        """ℓ of the parameters, shape (G,)."""
        return self.configs.lengthscales

    @property
    def amplitude(self) -> float:
        """Variance of the Matérn part of what stays."""
        return self.configs.amplitude

    def __call__(self, A: FloatArray, B: FloatArray) -> FloatArray:
        """Covariance between the rows of A (n, p + 2) and of B (m, p + 2), shape (n, m)."""
        return self.value_and_slope(A, B)[0]

    def diagonal(self, A: FloatArray) -> FloatArray:
        """Prior variance at each row of A, shape (n,)."""
        kappa = _decay(2.0 * A[:, -2], self.horizon)
        known = A[:, -1] != NO_CURVE
        variance: FloatArray = self.configs.diagonal(A[:, :-EXTRA]) * self._factor(kappa, 1.0)
        variance += self.common * kappa + known * (self.own * kappa + self.wander)
        return variance

    def _factor(self, kappa: FloatArray, q: FloatArray | float) -> FloatArray:
        factor: FloatArray = 1.0 + self.change * kappa + self.drift * q
        return factor

    def value_and_slope(self, A: FloatArray, B: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Covariance, and the derivative of its Matérn part by the squared distance of the configs."""
        value, slope = self.configs.value_and_slope(A[:, :-EXTRA], B[:, :-EXTRA])
        kappa, q = by_steps(A[:, -2], B[:, -2], self.horizon)
        factor = self._factor(kappa, q)
        value *= factor
        slope *= factor
        value += self.common * kappa
        if (A[:, -1] != NO_CURVE).any():
            value += same_curve(A[:, -1], B[:, -1]) * (self.own * kappa + self.wander * q)
        return value, slope

    def pullback(self, A: FloatArray, B: FloatArray, slope: FloatArray, S: FloatArray) -> FloatArray:
        """Turn derivatives by covariances into derivatives by the rows of A, 0 by step and curve.

        Args:
            A: Shape (n, p + 2).
            B: Shape (m, p + 2).
            slope: Second result of `value_and_slope(A, B)`.
            S: Derivative of a scalar by k(A_i, B_j), shape (n, m).

        Returns:
            Shape (n, p + 2).
        """
        factor = self._factor(*by_steps(A[:, -2], B[:, -2], self.horizon))
        # The slope of the Matérn part holds the factor; the linear part, which has none, takes it from S.
        inner = self.configs.pullback(A[:, :-EXTRA], B[:, :-EXTRA], slope / factor, S * factor)
        return np.pad(inner, ((0, 0), (0, EXTRA)))

    def diagonal_gradient(self, A: FloatArray) -> FloatArray:
        """Derivative of the prior variance at each row of A by that row, shape (n, p + 2)."""
        factor = self._factor(_decay(2.0 * A[:, -2], self.horizon), 1.0)
        inner = self.configs.diagonal_gradient(A[:, :-EXTRA]) * factor[:, None]
        return np.pad(inner, ((0, 0), (0, EXTRA)))


def by_steps(t: FloatArray, u: FloatArray, horizon: float) -> tuple[FloatArray, FloatArray]:
    """κ and q of steps t (n,) and u (m,), both (n, m).

    Steps recur, so they are computed once for each pair of different ones.
    """
    if len(t) and (t == t[0]).all():  # candidates, all at one step
        shape = (len(t), len(u))
        return (
            np.broadcast_to(_decay(t[0] + u, horizon), shape),
            np.broadcast_to(_alike(t[0] / u), shape),
        )
    rows, i = np.unique(t, return_inverse=True)
    columns, j = np.unique(u, return_inverse=True)
    at = np.ix_(i, j)
    return (
        _decay(rows[:, None] + columns[None, :], horizon)[at],
        _alike(rows[:, None] / columns[None, :])[at],
    )


def _decay(total: FloatArray, horizon: float) -> FloatArray:
    scales = np.array([1.0, math.sqrt(horizon), horizon])
    kappa: FloatArray = (scales / (scales + total[..., None])).mean(axis=-1)
    return kappa


def _alike(ratio: FloatArray) -> FloatArray:
    return matern((np.log(ratio) / WIDTH) ** 2, "3/2")[0]


def same_curve(a: FloatArray, b: FloatArray) -> FloatArray:
    """1 where numbers of curves a (n,) and b (m,) are of one curve, else 0, shape (n, m)."""
    same: FloatArray = ((a[:, None] == b[None, :]) & (a[:, None] != NO_CURVE)).astype(np.float64)
    return same


def curve_rows(Z: FloatArray, steps: FloatArray | float, curves: FloatArray | float = NO_CURVE) -> FloatArray:
    """Append step and curve to encoded configs Z (n, p), shape (n, p + 2)."""
    extra = np.empty((len(Z), EXTRA))
    extra[:, 0], extra[:, 1] = steps, curves
    return np.concatenate([Z, extra], axis=1)
