"""The model of the loss that a history gives: which trials it sees, how losses are bent, which θ.

A *view* is one way to look at the losses. No view is right everywhere, so each ask looks through one at
random, and recommendations look through all.

Hyperparameters are fitted at *anchors*, certain numbers of trials, to the trials before that number, from the
centre of their prior. Between two anchors they stay. So they depend on the history alone: a study that is
reopened finds the same ones by a single fit.

What is not here: what to try next (`bayes`), and the arithmetic (`tunesmith.surrogate`).
"""

# ruff: noqa: N803, N806 - symbols of the notation in `encoding`

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from tunesmith.learning.observed import Observed, Status
from tunesmith.learning.scales import Floats, Ints
from tunesmith.surrogate.fit import Fit, fit, process_at
from tunesmith.surrogate.gp import GP
from tunesmith.surrogate.outliers import allow_outliers
from tunesmith.surrogate.posterior import Priors
from tunesmith.surrogate.subset import choose_subset
from tunesmith.surrogate.targets import TargetTransform, fit_targets

LEAST = 3  # finite losses below which there is no model
MOST_ROWS = 250  # trials that the model sees at most; its cost grows with the third power
MOST_FITTED = 160  # trials that θ is fitted to at most; a fit costs as much as a hundred uses
EVERY_TRIAL = 20  # trials up to which every one is an anchor; then one in 10 to 20 %
PRIORS = Priors(length_above=1.7, noise=(-4.0, 2.0), linear=(-1.0, 1.0))


class View(NamedTuple):
    """One way to look at the losses.

    Args:
        bend: Whether losses are bent to look normal.
        linear: Whether each parameter has a main effect.
        outliers: Whether losses that are far worse than all others say are taken for chance.
    """

    bend: bool
    linear: bool = True
    outliers: bool = True


VIEWS = (View(bend=False), View(bend=True))


@dataclass(frozen=True, slots=True, eq=False)
class LossModel:
    """A model of the loss.

    Args:
        gp: The process, of transformed losses.
        transform: From losses to what the process sees.
        numbers: Numbers of the finished trials, rising, shape (n,).
        z: Their transformed losses, shape (n,).
        noise: Estimated variance of one transformed loss.
    """

    gp: GP
    transform: TargetTransform
    numbers: Ints
    z: Floats
    noise: float

    def rows(self, Z: Floats) -> Floats:
        """Rows of the process for encoded configs Z (m, p): the configs themselves."""
        return Z


def make_model(seen: Observed, view: View) -> LossModel | None:
    """Model the losses of a history through one view.

    Returns:
        The model; None while there are fewer than `LEAST` finite losses or all are equal.
    """
    numbers = seen.numbers(Status.FINITE)
    if len(numbers) < LEAST or not seen.encoding.p:
        return None
    losses = seen.loss[numbers]
    transform = fit_targets(losses, bend=view.bend)
    if transform.is_constant:
        return None
    z = transform(losses)
    encoding = seen.encoding
    theta = _fitted(seen, view, numbers).theta
    Z = seen.Z[numbers]
    kept = _subset(Z, z, theta, encoding.groups)
    slopes = encoding.mild_slopes if view.linear else None

    def make(noise: Floats) -> Fit:
        return process_at(theta, Z[kept], z[kept], encoding.groups, slopes=slopes, noise=noise)

    made = allow_outliers(make, len(kept), _level(transform, view))
    return LossModel(made.gp, transform, numbers, z, made.noise)


def _level(transform: TargetTransform, view: View) -> float:
    """Transformed loss above which one may be taken for chance."""
    return transform.absurd if view.outliers else np.inf


def anchor(n: int) -> int:
    """Largest anchor at or below a number of trials.

    Example:
        >>> [anchor(n) for n in (7, 41, 55, 333)]
        [7, 40, 52, 320]
    """
    spacing = 1
    while n >= 2 * EVERY_TRIAL * spacing:
        spacing *= 2
    spacing *= 2 if n >= EVERY_TRIAL else 1
    return n - n % spacing


def log_evidence(seen: Observed, view: View) -> float | None:
    """How well a model explains the losses up to the last anchor, as a log density; None without a model.

    It compares histories that differ in the scales of their parameters alone, and so by the same trials.
    """
    numbers = seen.numbers(Status.FINITE)[:MOST_FITTED]
    if len(numbers) < LEAST or not seen.encoding.p or np.ptp(seen.loss[numbers]) == 0.0:
        return None
    return _fitted(seen, view, numbers).log_posterior


def _fitted(seen: Observed, view: View, numbers: Ints) -> Fit:
    """θ at the last anchor before which there are losses enough, else at all losses."""
    at = anchor(seen.n)
    before = numbers[numbers < at]
    if len(before) < LEAST or seen.loss[before].min() == seen.loss[before].max():
        at, before = seen.n, numbers
    key, made_of = ("fit", view, len(numbers) > MOST_FITTED), (at, seen.loss[before].tobytes())
    known = seen.kept.get(key)
    if known is not None and known[0] == made_of:
        found: Fit = known[1]
        return found
    found = _fit(seen, view, before)
    seen.kept[key] = (made_of, found)
    return found


def _fit(seen: Observed, view: View, numbers: Ints) -> Fit:
    encoding = seen.encoding
    losses = seen.loss[numbers]
    transform = fit_targets(losses, bend=view.bend)
    z = transform(losses)
    Z = seen.Z[numbers]
    kept = choose_subset(Z, z, MOST_FITTED)

    def make(noise: Floats) -> Fit:
        return fit(
            Z[kept],
            z[kept],
            encoding.groups,
            noise=noise,
            dimension=dimension(seen, numbers),
            slopes=encoding.mild_slopes if view.linear else None,
            priors=PRIORS,
            max_iterations=40 if len(kept) < 100 else 20,
        )

    return allow_outliers(make, len(kept), _level(transform, view))


def _subset(Z: Floats, z: Floats, theta: Floats, groups: Ints) -> Ints:
    G = int(groups.max()) + 1
    return choose_subset(Z, z, MOST_ROWS, np.exp(-theta[:G])[groups])


def dimension(seen: Observed, numbers: Ints) -> float:
    """Mean number of parameters that are active in these trials, those with one value left out."""
    if not seen.encoding.has_conditions:
        return float(len(seen.encoding.owners))
    return float(seen.A[numbers][:, seen.encoding.owners].sum(axis=1).mean())
