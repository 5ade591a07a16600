"""Hyperparameters besides the most probable ones: draws from a mixture of normals around their modes.

One θ says too little when there are few data: with ten losses, a smooth function with much noise explains
them as well as a rough one without. Each explanation is a mode of the posterior, found from a start of its
own; modes are weighted by the evidence that a normal approximation at each gives. What is said of a model
with its uncertainty should average over these draws.

| symbol | meaning | shape |
|---|---|---|
| θ | log hyperparameters, see `fit` | (t,) |
| H | second derivative of the negative log posterior at a mode | (t, t) |

A bend upwards that is lost in rounding, or at a bound, would give a wild draw; every eigenvalue of H is at
least that of the widest prior there is, since data can only add to the prior's.

References:
    [Rasmussen2006] section 3.4 (Laplace's approximation).
"""

from dataclasses import dataclass

import numpy as np

from tunesmith.surrogate.fit import Problem, negative_log_posterior
from tunesmith.surrogate.kernels import FloatArray
from tunesmith.surrogate.posterior import FAILED

STEP = 0.02  # of θ, for differences of the gradient
WORST = 8.0  # draws whose negative log posterior is more above the mode's are drawn in, towards it
SAME = 0.1  # largest difference of θ within which two modes are one


@dataclass(frozen=True, slots=True, eq=False)
class _Mode:
    theta: FloatArray
    value: float
    root: FloatArray
    evidence: float


def draw_thetas(
    problem: Problem, modes: list[FloatArray], count: int, rng: np.random.Generator
) -> list[FloatArray]:
    """Draw hyperparameters around the modes of their posterior.

    Args:
        problem: Data and prior.
        modes: Minima of the negative log posterior, each of shape (t,), one at least; some may be the same.
        count: How many to draw.
        rng: Generator.

    Returns:
        Draws of shape (t,), within the bounds of the problem.
    """
    apart: list[FloatArray] = []
    for theta in modes:
        if all(np.abs(theta - other).max() > SAME for other in apart):
            apart.append(theta)
    known = [m for m in (_mode(problem, theta) for theta in apart) if m is not None]
    if not known:
        return [modes[0]] * count
    evidence = np.array([m.evidence for m in known])
    weights = np.exp(evidence - evidence.max())
    # Evenly spaced quantiles: a mode of weight 0.3 gets three draws of ten, not by chance five or none.
    places = (np.arange(count) + rng.random()) / count
    chosen = np.searchsorted(np.cumsum(weights / weights.sum())[:-1], places)
    return [_draw(problem, known[k], rng) for k in chosen]


def _draw(problem: Problem, mode: _Mode, rng: np.random.Generator) -> FloatArray:
    step = mode.root @ rng.standard_normal(len(mode.theta))
    for _ in range(5):
        drawn: FloatArray = np.clip(mode.theta + step, problem.prior.lower, problem.prior.upper)
        if negative_log_posterior(problem, drawn)[0] <= mode.value + WORST:
            return drawn
        step = 0.6 * step
    return mode.theta


def _mode(problem: Problem, theta: FloatArray) -> _Mode | None:
    """A mode with the normal around it; None where the posterior cannot be computed."""
    value = negative_log_posterior(problem, theta)[0]
    if value >= FAILED:
        return None
    t = len(theta)
    H = np.empty((t, t))
    for k in range(t):
        shift = np.zeros(t)
        shift[k] = STEP
        above, below = (negative_log_posterior(problem, theta + s * shift)[1] for s in (1.0, -1.0))
        H[k] = (above - below) / (2.0 * STEP)
    values, vectors = np.linalg.eigh(0.5 * (H + H.T))
    weakest = 1.0 / max(float(problem.prior.above.max()), float(problem.prior.below.max())) ** 2
    values = np.maximum(values, weakest)
    return _Mode(theta, value, vectors / np.sqrt(values), -value - 0.5 * float(np.log(values).sum()))
