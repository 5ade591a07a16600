"""Losses that are far worse than all others say: training that diverged by chance, a machine that was busy.

One such loss among good ones would pass for noise of all of them, or for a wall around its place. It gets a
variance of its own instead, as much as explains it. Only losses that are too bad are taken for chance: one
that is too good may be what the search looks for. Two bad losses side by side explain each other, and are no
outliers.

References:
    R. Martinez-Cantin, K. Tee, M. McCourt, Practical Bayesian optimization in the presence of outliers, 2018,
    who find outliers by a model that allows for them and go on with one that leaves them out.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from tunesmith.surrogate.fit import Fit
from tunesmith.surrogate.gp import GP
from tunesmith.surrogate.kernels import FloatArray

OUTLYING = 2.5  # standard deviations above what the others say
LEAST = 8  # losses below which the others say too little
ROUNDS = 3  # outliers hide each other


def outlying(gp: GP, level: float) -> FloatArray:
    """Variance that each loss needs beside what it has, shape (n,); 0 for all but outliers.

    Args:
        gp: A process of transformed losses.
        level: Loss above which one can be an outlier.

    Example:
        >>> from tunesmith.surrogate.gp import condition_on
        >>> from tunesmith.surrogate.kernels import Kernel
        >>> Z, y = np.linspace(0, 1, 12)[:, None], np.zeros(12)
        >>> y[5] = 3.0
        >>> kernel = Kernel(np.array([0]), np.array([0.5]), 1.0, 0.0, None)
        >>> outlying(condition_on(kernel, Z, y, np.full(12, 0.01)), 2.0).round(1).tolist()
        [0.0, 0.0, 0.0, 0.0, 0.0, 9.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]
    """
    if len(gp.y) < LEAST or not (gp.y > level).any():
        return np.zeros(len(gp.y))
    mean, variance = gp.leave_one_out()
    above = gp.y - mean
    is_outlier = (above > OUTLYING * np.sqrt(variance)) & (gp.y > level)
    return np.where(is_outlier, above**2 - variance, 0.0)


def allow_outliers(make: Callable[[FloatArray], Fit], count: int, level: float) -> Fit:
    """Make a process in which outliers are as unsure as they are unlikely.

    Args:
        make: Makes the process, given the known variance of each loss, shape (n,).
        count: n.
        level: As in `outlying`; inf for none.

    Returns:
        The process; its log posterior is that of all losses without a variance of their own.
    """
    noise = np.zeros(count)
    first = found = make(noise)
    for _ in range(ROUNDS):
        extra = outlying(found.gp, level)
        if not extra.any():
            break
        noise = noise + extra
        found = make(noise)
    return replace(found, log_posterior=first.log_posterior)
