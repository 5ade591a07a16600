"""Expected improvement for its cost, of a training that may be given up after a look on the way.

| symbol | meaning | shape |
|---|---|---|
| μ, σ² | mean and variance of the loss at the end, as known now | (n,) |
| τ² | variance that is left of it after a look | (n,) |
| c, r | cost until the look, and from there to the end | (n,) |
| f* | the loss to beat | (n,) |
| m | mean of the loss at the end after the look, now N(μ, σ² - τ²) | |
| EI(m, τ) | expected improvement, see `improvement` | |

Who looks goes on where m is at most some bound, and gives up elsewhere. The worth of the best bound is

    max over bounds of E[EI(m, τ); m ≤ bound] / (c + r P(m ≤ bound))

Without a bound this is EI(μ, σ) / (c + r), the worth without a look. It is the index of Gittins for a
training with one look: trainings of all lengths, begun or not, are compared by it, and the best goes on.

What is not here: predictions, and where the looks are (`schedulers.curves`).

References:
    [Gittins1979] J. C. Gittins, Bandit processes and dynamic allocation indices, 1979, section 3.
    [Swersky2014] K. Swersky, J. Snoek, R. P. Adams, Freeze-Thaw Bayesian Optimization, 2014.
"""

import numpy as np

from tunesmith.acquisition.improvement import log_improvement
from tunesmith.surrogate.kernels import FloatArray

OUTCOMES = np.linspace(-5.0, 3.0, 33)  # of a look, in standard deviations; good ones count
LOG_CHANCES = -0.5 * OUTCOMES**2 - np.log(np.exp(-0.5 * OUTCOMES**2).sum())


def log_worth(
    mean: FloatArray,
    variance: FloatArray,
    left: FloatArray,
    cost: FloatArray,
    rest: FloatArray,
    to_beat: FloatArray,
) -> FloatArray:
    """Log of the worth of the best bound.

    Args:
        mean: μ, shape (n,).
        variance: σ², shape (n,), above 0.
        left: τ², shape (n,), above 0 and at most σ².
        cost: c, shape (n,), above 0.
        rest: r, shape (n,), 0 or more.
        to_beat: f*, shape (n,).

    Returns:
        Shape (n,).

    Example:
        >>> one, look = np.ones(1), np.full(1, 0.1)
        >>> without = log_worth(0 * one, one, one, 0.1 * one, 9.9 * one, -one)
        >>> bool(log_worth(0 * one, one, look, 0.1 * one, 9.9 * one, -one)[0] > without[0] + 0.7)
        True
    """
    moves = np.sqrt(np.maximum(variance - left, 0.0))
    m = mean[:, None] + moves[:, None] * OUTCOMES
    improvement = log_improvement(m, np.sqrt(left)[:, None], to_beat[:, None])
    gained = np.logaddexp.accumulate(improvement + LOG_CHANCES, axis=1)
    spent = cost[:, None] + rest[:, None] * np.cumsum(np.exp(LOG_CHANCES))
    worth: FloatArray = (gained - np.log(spent)).max(axis=1)
    return worth
