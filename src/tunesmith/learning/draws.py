"""Several models of one history, their hyperparameters drawn: for what has to say how sure it is.

A method asks one model (`loss_model`), whose hyperparameters stay between anchors so that a study can be
resumed. Analysis looks at a history as it is: hyperparameters are fitted to all of it, and drawn.
"""

# ruff: noqa: N806 - symbols of the notation in `encoding`

import numpy as np

from tunesmith.learning.loss_model import LEAST, MOST_FITTED, MOST_ROWS, PRIORS, LossModel, View, dimension
from tunesmith.learning.observed import Observed, Status
from tunesmith.learning.scales import Floats
from tunesmith.surrogate.fit import Problem, fit, make_problem, process_at
from tunesmith.surrogate.laplace import draw_thetas
from tunesmith.surrogate.subset import choose_subset
from tunesmith.surrogate.targets import fit_targets

STARTS = ((0.0, -4.0), (-1.0, -7.0), (1.0, -1.0))
"""Log lengths over the prior's centre, and log noise: as expected; rough without noise; smooth with noise."""


def draw_models(seen: Observed, view: View, count: int, rng: np.random.Generator) -> list[LossModel]:
    """Model the losses of a history several times over.

    Args:
        seen: What is known.
        view: How the losses are looked at.
        count: How many models.
        rng: Generator.

    Returns:
        The models; none while there are fewer than `LEAST` finite losses, or all are equal.
    """
    encoding = seen.encoding
    numbers = seen.numbers(Status.FINITE)
    if len(numbers) < LEAST or not encoding.p:
        return []
    losses = seen.loss[numbers]
    transform = fit_targets(losses, bend=view.bend)
    if transform.is_constant:
        return []
    z, Z = transform(losses), seen.Z[numbers]
    slopes = encoding.mild_slopes if view.linear else None
    D = dimension(seen, numbers)
    kept = choose_subset(Z, z, MOST_FITTED)
    problem = make_problem(Z[kept], z[kept], encoding.groups, None, D, slopes, PRIORS, "5/2")
    modes = _modes(problem, D)
    scale = np.exp(-modes[0][: problem.n_groups])[encoding.groups]
    rows = choose_subset(Z, z, MOST_ROWS, scale)
    models = []
    for theta in draw_thetas(problem, modes, count, rng):
        made = process_at(theta, Z[rows], z[rows], encoding.groups, slopes=slopes)
        models.append(LossModel(made.gp, transform, numbers, z, made.noise))
    return models


def _modes(problem: Problem, active: float) -> list[Floats]:
    """Modes of the posterior of θ, the most probable first, from starts that explain the losses otherwise.

    Args:
        problem: Data and prior.
        active: Mean number of active parameters, D of the prior.
    """
    G = problem.n_groups
    found = []
    for lengths, noise in STARTS:
        start = problem.centre.copy()
        start[:G] += lengths
        start[G + 1] = noise
        made = fit(
            problem.Z, problem.y, problem.groups, slopes=problem.slopes, warm=start, from_centre=False,
            dimension=active, priors=PRIORS,
        )  # fmt: skip
        found.append(made)
    found.sort(key=lambda made: -made.log_posterior)
    return [made.theta for made in found]
