"""Hyperparameters of the covariance of learning curves, by maximum a posteriori; never raises.

| symbol | meaning | shape |
|---|---|---|
| A, y | encoded configs with step and curve, see `curves`; standardised losses | (n, p + 2), (n,) |
| θ | log of (ℓ_1..ℓ_G, a, b, h, s, c, o, g, σ²) | (G + 8,) |
| C | covariance of y | (n, n) |
| M | C⁻¹ - α αᵀ: twice the derivative of the negative log likelihood by C | (n, n) |

Priors are those of `fit` where it has them; the others are wide, and centred where real curves were.

What is not here: fits without a fidelity (`fit`), and which reports are fitted (`learning.curve_model`).

References:
    [Rasmussen2006] equation 5.9.
"""

import math
from dataclasses import dataclass

import numpy as np

from tunesmith.surrogate.curves import EXTRA, CurveKernel, by_steps, same_curve
from tunesmith.surrogate.fit import NUGGET, minimise_from
from tunesmith.surrogate.gp import GP, condition_on
from tunesmith.surrogate.kernels import FloatArray, IntArray, Kernel, matern, squared_distances
from tunesmith.surrogate.posterior import (
    FAILED,
    Priors,
    ThetaPrior,
    by_lengthscale,
    likelihood,
    make_prior,
)

PRIORS = Priors(length_above=1.7, noise=(-6.0, 1.5), linear=(-1.0, 1.0))
TAIL = 8  # hyperparameters after the lengthscales
CHANGE = (0.0, 1.0)  # centre and standard deviation of log h
DRIFT = (math.log(0.05), 1.0)  # of log s
OWN = (math.log(0.1), 1.0)
WANDER = (math.log(0.05), 1.0)
COMMON = (0.0, 1.0)
BOUNDS = tuple(
    zip(
        np.log([0.02, 1e-4, 1e-3, 1e-4, 1e-4, 1e-4, 1e-4, 1e-6]).tolist(),
        np.log([50.0, 20.0, 50.0, 20.0, 20.0, 20.0, 50.0, 1.0]).tolist(),
        strict=True,
    )
)


@dataclass(frozen=True, slots=True, eq=False)
class CurveProblem:
    """Data and prior of one fit, and what does not depend on θ.

    Args:
        Z: Encoded configs, shape (n, p).
        y: Shape (n,).
        groups: Owner of each column of a config, shape (p,).
        linear: Linear part of k_x for b = 1, shape (n, n).
        kappa: κ, shape (n, n).
        q: Shape (n, n).
        same: 1 where two rows are of one curve, shape (n, n).
        prior: Prior of θ.
    """

    Z: FloatArray
    y: FloatArray
    groups: IntArray
    linear: FloatArray
    kappa: FloatArray
    q: FloatArray
    same: FloatArray
    prior: ThetaPrior

    @property
    def centre(self) -> FloatArray:
        """Centre of the prior of θ."""
        return self.prior.centre


def curve_problem(
    A: FloatArray,
    y: FloatArray,
    groups: IntArray,
    *,
    slopes: FloatArray,
    horizon: float,
    dimension: float,
) -> CurveProblem:
    """Gather data and prior.

    Args:
        A: Encoded configs, steps in units of the lowest one, and curves, shape (n, p + 2), finite.
        y: Losses, near mean 0 and variance 1, shape (n,), finite.
        groups: Owner of each column of a config, shape (p,), values 0..G-1, each at least once.
        slopes: Weights of the columns in the linear part, shape (p,).
        horizon: Step that is predicted, in units of the lowest one, 1 or more.
        dimension: D of the lengthscales' prior, above 0.
    """
    assert A.shape == (len(y), len(groups) + EXTRA)
    tail = [PRIORS.amplitude, PRIORS.linear, CHANGE, DRIFT, OWN, WANDER, COMMON, PRIORS.noise]
    prior = make_prior(PRIORS, int(groups.max()) + 1, dimension, tail, BOUNDS)
    Z, steps, curves = A[:, :-EXTRA], A[:, -2], A[:, -1]
    features = (Z - 0.5) * slopes
    kappa, q = by_steps(steps, steps, horizon)
    return CurveProblem(Z, y, groups, features @ features.T, kappa, q, same_curve(curves, curves), prior)


def fit_curves(problem: CurveProblem, *, max_iterations: int = 40) -> FloatArray:
    """Find hyperparameters for losses along curves.

    Args:
        problem: Data and prior.
        max_iterations: Of L-BFGS-B.

    Returns:
        θ, the prior's centre where nothing better is found.
    """
    theta, _, _ = minimise_from(
        lambda theta: negative_log_posterior(problem, theta),
        problem.centre,
        problem.prior,
        max_iterations,
    )
    return theta


def curve_process(
    theta: FloatArray,
    A: FloatArray,
    y: FloatArray,
    groups: IntArray,
    *,
    slopes: FloatArray,
    horizon: float,
) -> tuple[GP, float]:
    """Make the process that hyperparameters give for data, and the variance of its noise; never raises."""
    kernel = curve_kernel(theta, groups, slopes, horizon)
    noise = math.exp(theta[-1])
    try:
        gp = condition_on(kernel, A, y, np.full(len(y), noise + NUGGET * kernel.amplitude))
    except np.linalg.LinAlgError:  # as in `fit`: a large noise makes anything regular
        noise = 1.0
        gp = condition_on(kernel, A, y, np.full(len(y), noise))
    return gp, noise


def curve_kernel(theta: FloatArray, groups: IntArray, slopes: FloatArray, horizon: float) -> CurveKernel:
    """Covariance with the hyperparameters θ."""
    a, b, h, s, c, o, g = np.exp(theta[-TAIL:-1]).tolist()
    configs = Kernel(groups, np.exp(theta[:-TAIL]), a, b, slopes)
    return CurveKernel(configs, horizon, change=h, drift=s, own=c, wander=o, common=g)


def negative_log_posterior(problem: CurveProblem, theta: FloatArray) -> tuple[float, FloatArray]:
    """Negative log posterior of θ with its gradient, O(n³); as in `fit`, the constant mean is profiled out.

    Returns:
        Value and gradient; `FAILED` and a zero gradient where C cannot be factored.

    References:
        [Rasmussen2006] equation 5.9: ½ tr(M ∂C/∂θ).
    """
    Z, y, kappa, q = problem.Z, problem.y, problem.kappa, problem.q
    n = len(y)
    a, b, h, s, c, o, g, noise = np.exp(theta[-TAIL:]).tolist()
    scaled = Z * np.exp(-theta[:-TAIL])[problem.groups]
    r2 = squared_distances(scaled, scaled)
    r2.flat[:: n + 1] = 0.0
    matern_part, slope = matern(r2)
    configs = a * matern_part + b * problem.linear
    factor = 1.0 + h * kappa + s * q
    C = configs * factor + problem.same * (c * kappa + o * q) + g * kappa
    C.flat[:: n + 1] += noise + NUGGET * a
    found = likelihood(C, y)
    if found is None:
        return FAILED, np.zeros_like(theta)
    value, M = found
    shared, by_config, of_curve = M * factor, M * configs, M * problem.same
    trace = float(M.trace())
    half = 0.5 * np.array(
        [
            a * (np.vdot(shared, matern_part) + NUGGET * trace),
            b * np.vdot(shared, problem.linear),
            h * np.vdot(by_config, kappa),
            s * np.vdot(by_config, q),
            c * np.vdot(of_curve, kappa),
            o * np.vdot(of_curve, q),
            g * np.vdot(M, kappa),
            noise * trace,
        ]
    )
    lengths = -a * by_lengthscale(shared * slope, scaled, problem.groups, len(theta) - TAIL)
    return problem.prior.add(theta, value, np.concatenate([lengths, half]))
