"""Robust monotone transform of the losses, fitted to them, with its inverse.

| symbol | meaning | shape |
|---|---|---|
| y | finite losses, smaller is better | (n,) |
| q1, q3 | quartiles of the better three quarters of y | scalars |
| F, c | fence q3 + 1.5 (q3 - q1) and scale q3 - q1 of the bad side | scalars |
| λ | exponent of Yeo and Johnson; 1 changes nothing | scalar |
| z | transformed losses, mean 0 and variance 1 | (n,) |

Steps: divide by the largest size (so that 1e300 and 1e-300 are safe); beyond F grow like a logarithm; centre
and scale; bend by Yeo-Johnson with the λ of highest profile likelihood; standardise. Every step keeps the
order.

What is not here: failed trials, which have no loss (`feasibility`).

References:
    [YeoJohnson2000] I.-K. Yeo and R. A. Johnson, A new family of power transformations, Biometrika 87,
    equation 2.1 and section 3.
"""

import math
from dataclasses import dataclass

import numpy as np

from tunesmith.surrogate.kernels import FloatArray

MIN_WINSORISE = 5  # values; below, quartiles say nothing
MIN_BEND = 8  # values; below, an exponent is mostly luck
LAMBDAS = np.linspace(-3.0, 4.0, 29)
SECOND_FENCE = 4.0  # scales beyond F where the logarithm is taken once more
ABSURD = 1000.0  # scales beyond F from where a loss is of another size than the others
MAX_FITTED = 500  # values used to find λ; more say the same
MAX_SKEWNESS = 2.0  # left at an end of LAMBDAS: the transform did not fit


@dataclass(frozen=True, slots=True)
class TargetTransform:
    """A strictly increasing map from losses to standardised losses; `fit_targets` makes one.

    Args:
        size: Losses are divided by this first, above 0.
        fence: F of the divided losses; inf when there is none.
        spread: c, above 0.
        centre: Subtracted before bending.
        scale: Divided by before bending, above 0.
        exponent: λ.
        mean: Subtracted at the end.
        deviation: Divided by at the end, above 0.
        is_constant: Whether all losses were equal; then that loss maps to 0 and others by their difference.
    """

    size: float
    fence: float
    spread: float
    centre: float
    scale: float
    exponent: float
    mean: float
    deviation: float
    is_constant: bool = False

    def __call__(self, y: FloatArray) -> FloatArray:
        """Transform losses of any shape; finite in, finite out."""
        with np.errstate(over="ignore"):  # infinite is as far as the clip
            return self._of_divided(np.asarray(y, dtype=np.float64) / self.size)

    def _of_divided(self, x: FloatArray) -> FloatArray:
        x = _winsorise(x, self.fence, self.spread)
        x = _bend((x - self.centre) / self.scale, self.exponent)
        return np.clip((x - self.mean) / self.deviation, -1e6, 1e6)

    @property
    def absurd(self) -> float:
        """Transformed loss beyond which losses are of another size than the others; inf without a fence."""
        if self.fence == math.inf:
            return math.inf
        return float(self._of_divided(np.array(self.fence + self.spread * ABSURD)))

    def inverse(self, z: FloatArray) -> FloatArray:
        """Turn standardised losses of any shape back; beyond the transform's range the end of it is given."""
        x = _unbend(np.asarray(z, dtype=np.float64) * self.deviation + self.mean, self.exponent)
        x = _unwinsorise(x * self.scale + self.centre, self.fence, self.spread)
        limit = np.finfo(np.float64).max
        with np.errstate(over="ignore"):
            return np.clip(x * self.size, -limit, limit)

    def slope(self, y: FloatArray) -> FloatArray:
        """Slope at losses of any shape, by differences: turns errors of y into those of z."""
        y = np.asarray(y, dtype=np.float64)
        step = 1e-4 * self.size * self.scale
        return (self(y + step) - self(y - step)) / (2.0 * step)


def fit_targets(y: FloatArray, *, bend: bool = True) -> TargetTransform:
    """Fit the transform to losses.

    Args:
        y: Losses, shape (n,), n at least 1, all finite.
        bend: Whether to look for an exponent; without it the exponent is 1.

    Returns:
        The transform; `transform(y)` has mean 0 and variance 1, or is all 0 when y is constant.

    Example:
        >>> transform = fit_targets(np.array([3.0, 1.0, 2.0, 1e300]))
        >>> bool(np.isfinite(transform(np.array([1.0, 1e300]))).all())
        True
        >>> fit_targets(np.array([5.0, 5.0]))(np.array([5.0])).tolist()
        [0.0]
    """
    y = np.asarray(y, dtype=np.float64)
    assert y.ndim == 1
    assert len(y) > 0
    assert np.isfinite(y).all()
    size = max(float(np.abs(y).max()), np.finfo(np.float64).tiny)
    x = y / size
    if x.max() == x.min():
        return TargetTransform(size, math.inf, 1.0, float(x[0]), 1.0, 1.0, 0.0, 1.0, is_constant=True)
    fence, spread = _fence(x)
    x = _winsorise(x, fence, spread)
    centre, scale = _moments(x)
    x = (x - centre) / scale
    exponent = _best_exponent(x) if bend and len(x) >= MIN_BEND else 1.0
    mean, deviation = _moments(_bend(x, exponent))
    return TargetTransform(size, fence, spread, centre, scale, exponent, mean, deviation)


def _moments(x: FloatArray) -> tuple[float, float]:
    """Mean and a standard deviation above 0, safe for values whose squares underflow."""
    centre = float(x.mean())
    largest = float(np.abs(x - centre).max())
    if largest == 0.0:
        return centre, 1.0
    return centre, largest * float(np.sqrt(np.mean(((x - centre) / largest) ** 2)))


def _fence(x: FloatArray) -> tuple[float, float]:
    """F and c, or inf and 1 when there are too few values or the good ones are all equal."""
    if len(x) < MIN_WINSORISE:
        return math.inf, 1.0
    better = np.sort(x)[: max(4, math.ceil(0.75 * len(x)))]
    q1, q3 = np.quantile(better, [0.25, 0.75])
    spread = float(q3 - q1)
    if spread <= 1e-300 or q3 + 1.5 * spread <= q3:
        return math.inf, 1.0
    return float(q3 + 1.5 * spread), spread


def _winsorise(x: FloatArray, fence: float, spread: float) -> FloatArray:
    """Beyond F: F + c log1p((x - F)/c), and the logarithm once more far out."""
    if fence == math.inf:
        return x
    beyond = np.log1p(np.maximum(x - fence, 0.0) / spread)
    far = np.maximum(beyond - SECOND_FENCE, 0.0)
    beyond = np.where(far > 0.0, SECOND_FENCE + np.log1p(far), beyond)
    return np.where(x > fence, fence + spread * beyond, x)


def _unwinsorise(x: FloatArray, fence: float, spread: float) -> FloatArray:
    if fence == math.inf:
        return x
    beyond = np.maximum(x - fence, 0.0) / spread
    far = np.expm1(np.minimum(np.maximum(beyond - SECOND_FENCE, 0.0), 700.0))
    beyond = np.expm1(np.minimum(np.where(far > 0.0, SECOND_FENCE + far, beyond), 700.0))
    with np.errstate(over="ignore"):
        return np.where(x > fence, np.minimum(fence + spread * beyond, 1e300), x)


def _bend(x: FloatArray, exponent: float) -> FloatArray:
    """Yeo-Johnson; equation 2.1 of [YeoJohnson2000]."""
    if exponent == 1.0:
        return x
    right, left = np.maximum(x, 0.0), np.maximum(-x, 0.0)
    return _power(right, exponent) - _power(left, 2.0 - exponent)


def _power(x: FloatArray, exponent: float) -> FloatArray:
    """((1 + x)^e - 1) / e for x of 0 or more, its limit log1p(x) at e = 0; capped where it would overflow."""
    logs = np.log1p(x)
    if abs(exponent) < 1e-9:
        return logs
    return np.expm1(np.minimum(exponent * logs, 300.0)) / exponent


def _unbend(x: FloatArray, exponent: float) -> FloatArray:
    if exponent == 1.0:
        return x
    right, left = np.maximum(x, 0.0), np.maximum(-x, 0.0)
    return _unpower(right, exponent) - _unpower(left, 2.0 - exponent)


def _unpower(x: FloatArray, exponent: float) -> FloatArray:
    if abs(exponent) < 1e-9:
        return np.expm1(np.minimum(x, 300.0))
    inner = np.maximum(x * exponent, np.nextafter(-1.0, 0.0))  # a negative exponent has a ceiling -1/e
    return np.expm1(np.clip(np.log1p(inner) / exponent, 0.0, 300.0))


def _best_exponent(x: FloatArray) -> float:
    """λ of highest profile likelihood on a grid, then on a finer one around it.

    Returns 1 when the best λ is an end of the grid and leaves the values skewed.
    """
    if len(x) > MAX_FITTED:
        x = np.quantile(x, (np.arange(MAX_FITTED) + 0.5) / MAX_FITTED)
    exponent = float(LAMBDAS[int(np.argmax(_profile(x, LAMBDAS)))])
    fine = exponent + np.linspace(-0.25, 0.25, 11)
    fine = fine[(fine >= LAMBDAS[0]) & (fine <= LAMBDAS[-1])]
    exponent = float(fine[int(np.argmax(_profile(x, fine)))])
    bent = _bend(x, exponent)
    mean, deviation = _moments(bent)
    at_end = exponent in (LAMBDAS[0], LAMBDAS[-1])
    if deviation < 1e-6 or (at_end and abs(float(np.mean(((bent - mean) / deviation) ** 3))) > MAX_SKEWNESS):
        return 1.0
    return exponent


def _profile(x: FloatArray, exponents: FloatArray) -> FloatArray:
    """Profile log likelihood of each exponent; section 3 of [YeoJohnson2000]."""
    variances = np.array([_moments(_bend(x, float(e)))[1] ** 2 for e in exponents])
    jacobian = float(np.sum(np.sign(x) * np.log1p(np.abs(x))))
    out: FloatArray = -0.5 * len(x) * np.log(np.maximum(variances, 1e-300)) + (exponents - 1.0) * jacobian
    return out
