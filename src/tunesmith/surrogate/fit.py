"""Hyperparameters of the Gaussian process by maximum a posteriori, in a way that never raises.

| symbol | meaning | shape |
|---|---|---|
| Z, y | encoded configs and standardised losses | (n, p), (n,) |
| θ | log of (ℓ_1..ℓ_G, a, σ²) and, with a linear part, of b | (G + 2,) or (G + 3,) |
| C | covariance of y | (n, n) |
| α | C⁻¹ (y - mean) | (n,) |
| M | C⁻¹ - α αᵀ: twice the derivative of the negative log likelihood by C | (n, n) |

Densities are in log space and so is the maximum: the maximum of a log-normal prior taken over ℓ itself is
another point, far shorter ([Hvarfner2024] discusses the scaling of ℓ with √D that the centre follows).

The ladder: every start is optimised; a start whose optimum is worse than itself is kept as it was; when no
start has a finite posterior the prior's centre is used; when even that cannot be factored, a large noise is.
`Fit.rung` says which step it was.

What is not here: input warping, and averaging over θ; neither paid in closed-loop tests.

References:
    [Rasmussen2006] equations 5.8 and 5.9.
    [Hvarfner2024] C. Hvarfner and others, Vanilla Bayesian Optimization Performs Great in High Dimensions,
    2024.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.optimize import fmin_l_bfgs_b

from tunesmith.surrogate.gp import GP, condition_on
from tunesmith.surrogate.kernels import FloatArray, IntArray, Kernel, Smoothness, matern, squared_distances
from tunesmith.surrogate.posterior import FAILED, Priors, ThetaPrior, by_lengthscale, likelihood, make_prior

Rung = Literal["optimised", "start kept", "prior centre", "large noise"]

NUGGET = 1e-8  # of the amplitude: the least that is added to the diagonal


AMPLITUDE_BOUNDS = (math.log(0.02), math.log(50.0))
NOISE_BOUNDS = (math.log(1e-6), 0.0)
LINEAR_BOUNDS = (math.log(1e-4), math.log(20.0))


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """A fitted process and how it was found.

    Args:
        gp: The process given the data.
        theta: θ, shape (G + 2,) or (G + 3,); a warm start for the next fit.
        noise: σ², the variance that was estimated for every trial, without known noise.
        log_posterior: At θ, up to a constant; -inf when it could not be evaluated.
        rung: Step of the ladder that gave θ.
    """

    gp: GP
    theta: FloatArray
    noise: float
    log_posterior: float
    rung: Rung


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """Data and prior of one fit, in the order of θ; `make_problem` makes one."""

    Z: FloatArray
    y: FloatArray
    noise: FloatArray
    groups: IntArray
    slopes: FloatArray | None
    smoothness: Smoothness
    prior: ThetaPrior

    @property
    def centre(self) -> FloatArray:
        """Centre of the prior of θ."""
        return self.prior.centre

    @property
    def n_groups(self) -> int:
        """G."""
        return len(self.centre) - (2 if self.slopes is None else 3)

    def kernel(self, theta: FloatArray) -> Kernel:
        """Covariance function at θ."""
        G = self.n_groups
        linear = 0.0 if self.slopes is None else math.exp(theta[G + 2])
        return Kernel(
            self.groups, np.exp(theta[:G]), math.exp(theta[G]), linear, self.slopes, self.smoothness
        )

    def noise_at(self, theta: FloatArray) -> FloatArray:
        """Variance of each loss at θ, shape (n,)."""
        G = self.n_groups
        return self.noise + (math.exp(theta[G + 1]) + NUGGET * math.exp(theta[G]))


def fit(
    Z: FloatArray,
    y: FloatArray,
    groups: IntArray,
    *,
    noise: FloatArray | None = None,
    dimension: float | None = None,
    slopes: FloatArray | None = None,
    warm: FloatArray | None = None,
    from_centre: bool = True,
    priors: Priors | None = None,
    smoothness: Smoothness = "5/2",
    max_iterations: int = 40,
) -> Fit:
    """Fit a Gaussian process to losses; any finite input gives a usable process.

    Args:
        Z: Encoded configs, shape (n, p), finite.
        y: Losses, near mean 0 and variance 1, shape (n,), finite.
        groups: Owner of each column, shape (p,), values 0..G-1, each at least once.
        noise: Known variance of each loss, 0 or more, shape (n,); the estimated noise is added to it.
        dimension: D of the lengthscales' prior, above 0, such as the mean number of active parameters; G
            when None.
        slopes: Weights of the columns in a linear part, shape (p,); None leaves that part out.
        warm: θ of an earlier fit of the same shape, used as a start; one of another shape is left aside.
        from_centre: Whether to start from the prior's centre as well as from `warm`.
        priors: Prior of θ.
        smoothness: "5/2" or "3/2".
        max_iterations: Of L-BFGS-B, for each start.

    Returns:
        The fit.

    Example:
        >>> Z = np.linspace(0, 1, 8)[:, None]
        >>> found = fit(Z, np.sin(6 * Z[:, 0]), np.array([0]))
        >>> found.rung, bool(abs(found.gp.predict(np.array([[0.5]]))[0][0] - np.sin(3)) < 0.05)
        ('optimised', True)
    """
    problem = make_problem(Z, y, groups, noise, dimension, slopes, priors or Priors(), smoothness)
    starts = []
    if warm is not None and warm.shape == problem.centre.shape and np.isfinite(warm).all():
        starts.append(np.clip(warm, problem.prior.lower, problem.prior.upper))
    if from_centre or not starts:
        starts.append(problem.centre)

    def objective(theta: FloatArray) -> tuple[float, FloatArray]:
        return negative_log_posterior(problem, theta)

    best, best_value = problem.centre, FAILED
    rung: Rung = "prior centre"
    for start in starts:
        theta, value, step = minimise_from(objective, start, problem.prior, max_iterations)
        if value < best_value:
            best, best_value, rung = theta, value, step
    return _finish(problem, best, best_value, rung)


def process_at(
    theta: FloatArray,
    Z: FloatArray,
    y: FloatArray,
    groups: IntArray,
    *,
    noise: FloatArray | None = None,
    slopes: FloatArray | None = None,
    smoothness: Smoothness = "5/2",
) -> Fit:
    """Make the process that hyperparameters of an earlier fit give for other data; never raises.

    Args:
        theta: θ of a fit with the same groups, and with a linear part if and only if there are slopes.
        Z: As in `fit`.
        y: As in `fit`.
        groups: As in `fit`.
        noise: As in `fit`.
        slopes: As in `fit`.
        smoothness: As in `fit`.

    Returns:
        The process; its log posterior is not computed and given as -inf.
    """
    problem = make_problem(Z, y, groups, noise, None, slopes, Priors(), smoothness)
    assert theta.shape == problem.centre.shape
    return _finish(problem, theta, FAILED, "start kept")


def make_problem(
    Z: FloatArray,
    y: FloatArray,
    groups: IntArray,
    noise: FloatArray | None,
    dimension: float | None,
    slopes: FloatArray | None,
    priors: Priors,
    smoothness: Smoothness,
) -> Problem:
    """Gather prior vectors and bounds in the order of θ."""
    assert Z.ndim == 2
    assert y.shape == (len(Z),)
    assert groups.shape == (Z.shape[1],)
    G = int(groups.max()) + 1 if len(groups) else 0
    tail = [priors.amplitude, priors.noise] + ([] if slopes is None else [priors.linear])
    bounds = [AMPLITUDE_BOUNDS, NOISE_BOUNDS] + ([] if slopes is None else [LINEAR_BOUNDS])
    return Problem(
        Z=Z,
        y=y,
        noise=np.zeros(len(y)) if noise is None else noise,
        groups=groups,
        slopes=slopes,
        smoothness=smoothness,
        prior=make_prior(priors, G, dimension if dimension is not None else G, tail, bounds),
    )


def negative_log_posterior(problem: Problem, theta: FloatArray) -> tuple[float, FloatArray]:
    """Negative log posterior of θ with its gradient, O(n³).

    The constant mean is profiled out; at its optimum it adds nothing to the gradient.

    Args:
        problem: Data and prior.
        theta: Shape of `problem.centre`.

    Returns:
        Value and gradient; `FAILED` and a zero gradient where C cannot be factored.

    References:
        [Rasmussen2006] equation 5.9: ½ tr(M ∂C/∂θ).
    """
    Z, y, G = problem.Z, problem.y, problem.n_groups
    n = len(y)
    scale = np.exp(-theta[:G])[problem.groups]
    amplitude, noise = math.exp(theta[G]), math.exp(theta[G + 1])
    scaled = Z * scale
    r2 = squared_distances(scaled, scaled)
    r2.flat[:: n + 1] = 0.0
    value, slope = matern(r2, problem.smoothness)
    C = amplitude * value
    if problem.slopes is not None:
        F = (Z - 0.5) * problem.slopes
        linear = math.exp(theta[G + 2]) * (F @ F.T)
        C += linear
    C.flat[:: n + 1] += problem.noise + (noise + NUGGET * amplitude)
    found = likelihood(C, y)
    if found is None:
        return FAILED, np.zeros_like(theta)
    data, M = found
    gradient = np.empty_like(theta)
    gradient[:G] = -amplitude * by_lengthscale(M * slope, scaled, problem.groups, G)
    trace = float(M.trace())
    gradient[G] = 0.5 * amplitude * (float(np.vdot(M, value)) + NUGGET * trace)
    gradient[G + 1] = 0.5 * noise * trace
    if problem.slopes is not None:
        gradient[G + 2] = 0.5 * float(np.vdot(M, linear))

    return problem.prior.add(theta, data, gradient)


def minimise_from(
    objective: Callable[[FloatArray], tuple[float, FloatArray]],
    start: FloatArray,
    prior: ThetaPrior,
    max_iterations: int,
) -> tuple[FloatArray, float, Rung]:
    """Optimise from one start within the prior's bounds, and keep the start when the optimiser did worse."""
    at_start = objective(start)[0]
    theta, value = _minimise(objective, start, prior.lower, prior.upper, max_iterations)
    if math.isfinite(value) and value <= at_start and np.isfinite(theta).all():
        return theta, value, "optimised"
    return start, at_start, "start kept"


def _minimise(
    objective: Callable[[FloatArray], tuple[float, FloatArray]],
    start: FloatArray,
    lower: FloatArray,
    upper: FloatArray,
    max_iterations: int,
) -> tuple[FloatArray, float]:
    """Run L-BFGS-B; apart so that tests can make it fail."""
    bounds = list(zip(lower.tolist(), upper.tolist(), strict=True))
    theta, value, _ = fmin_l_bfgs_b(
        objective, start, bounds=bounds, maxiter=max_iterations, factr=1e-5 / 2.2e-16, pgtol=1e-3
    )
    return np.asarray(theta, dtype=np.float64), float(value)


def _finish(problem: Problem, theta: FloatArray, value: float, rung: Rung) -> Fit:
    """Make the process at θ, or at the safest θ there is."""
    try:
        gp = condition_on(problem.kernel(theta), problem.Z, problem.y, problem.noise_at(theta))
    except np.linalg.LinAlgError:
        theta, value, rung = problem.centre.copy(), FAILED, "large noise"
        theta[problem.n_groups + 1] = 0.0
        gp = condition_on(problem.kernel(theta), problem.Z, problem.y, problem.noise_at(theta))
    log_posterior = -value if value < FAILED else -math.inf
    return Fit(gp, theta, math.exp(theta[problem.n_groups + 1]), log_posterior, rung)
