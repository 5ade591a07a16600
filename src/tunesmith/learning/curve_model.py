"""The joint model of configs and learning curves that a history with a fidelity gives.

It predicts the loss at the *horizon*: the last step of the fidelity, or, where that is unknown, as far as
training pays. Methods ask it for configs not tried yet, schedulers for curves that are not finished.

Hyperparameters are fitted to the trials before an anchor (`loss_model.anchor`), from the centre of their
prior, whenever what is fitted changes: a study that is reopened finds the same ones.

What is not here: the arithmetic (`surrogate.curves`, `surrogate.curve_fit`).
"""

# ruff: noqa: N803, N806 - symbols of the notation in `encoding`

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from tunesmith.history import History
from tunesmith.learning.caching import PerHistory
from tunesmith.learning.curves import Curves
from tunesmith.learning.encoding import Encoding
from tunesmith.learning.loss_model import LEAST, anchor, dimension
from tunesmith.learning.observed import Observed
from tunesmith.learning.scales import Floats, Ints
from tunesmith.surrogate.curve_fit import curve_process, fit_curves
from tunesmith.surrogate.curves import NO_CURVE, curve_rows
from tunesmith.surrogate.gp import GP
from tunesmith.surrogate.targets import TargetTransform, fit_targets

MOST_ROWS = 300  # reports that the model sees at most; its cost grows with the third power
MOST_FITTED = 90  # reports that θ is fitted to at most; half of them the best
LEAST_REACH = 8  # times the lowest step: the least horizon where the last step is unknown
PAYS = 0.01  # share of what training has brought that a doubling must add for another one


@dataclass(frozen=True, slots=True, eq=False)
class CurveModel:
    """A model of the loss at the horizon; the same in use as `loss_model.LossModel`.

    Args:
        gp: The process, of transformed losses at configs, steps and curves.
        transform: From losses to what the process sees.
        numbers: Numbers of the trials that have a curve, rising, shape (n,).
        z: What each is thought to have at the horizon, transformed, shape (n,).
        sigma: Standard deviation of that, shape (n,).
        noise: Estimated variance of one transformed loss.
        horizon: Step that is predicted.
        low: Lowest step, the unit of the process.
        incumbent: Transformed loss that is to be beaten at the horizon: the lowest that was ever seen, or, if
            no trial is thought to keep that to the end, the lowest expected at the end.
        encoding: Layout of the space.
    """

    gp: GP
    transform: TargetTransform
    numbers: Ints
    z: Floats
    sigma: Floats
    noise: float
    horizon: int
    low: int
    incumbent: float
    encoding: Encoding

    def rows(self, Z: Floats, curves: Floats | float = NO_CURVE) -> Floats:
        """Rows of the process for encoded configs Z (m, p) at the horizon, (m, p + 2)."""
        return curve_rows(Z, self.horizon / self.low, curves)

    def chance(self, at: int) -> float:
        """Chance that the trial at this place in `numbers` beats the incumbent at the horizon."""
        return float(ndtr((self.incumbent - self.z[at]) / self.sigma[at]))


class _Kept:
    """Arrays and the last θ of one history."""

    def __init__(self, history: History) -> None:
        self.seen, self.curves = Observed(history), Curves()
        self.theta: tuple[bytes, Floats] = (b"", np.empty(0))
        self.model: tuple[int, CurveModel | None] = (-1, None)


_KEPT: PerHistory[_Kept] = PerHistory()


def _up_to_date(history: History) -> _Kept:
    kept = _KEPT.get(history, lambda: _Kept(history))
    kept.seen.update(history)
    kept.curves.update(history)
    return kept


def curves_of(history: History) -> tuple[Observed, Curves]:
    """Arrays of a history with a fidelity, up to date; shared by methods and schedulers."""
    kept = _up_to_date(history)
    return kept.seen, kept.curves


def horizon_of(history: History, curves: Curves) -> int:
    """Step that is predicted: the last one, or, where that is unknown, how far training pays.

    That is the furthest step F that any trial has reached, or 2 F where it pays to go on: where the median
    loss of the second half of that trial is below that of the quarter before by more than `PAYS` of what
    training has brought in all. Medians, as the lowest of many noisy losses always falls on.
    """
    fidelity = history.fidelity
    assert fidelity is not None
    if fidelity.high is not None:
        return fidelity.high
    least = LEAST_REACH * fidelity.low
    if not curves.of:
        return least
    number = max(curves.of, key=lambda n: (curves.of[n].steps[-1], -curves.of[n].best, -n))
    steps, losses = history.curve(number)
    steps, losses = steps[np.isfinite(losses)], losses[np.isfinite(losses)]
    furthest = int(curves.of[number].steps[-1])
    if furthest < least:
        return least
    late, before = losses[steps > furthest / 2], losses[(steps > furthest / 4) & (steps <= furthest / 2)]
    if not len(before):  # reports are so far apart that there is nothing to compare yet
        return 2 * furthest
    pays = np.median(before) - np.median(late) > PAYS * (losses[0] - losses.min())
    return 2 * furthest if pays else furthest


def make_curve_model(history: History) -> CurveModel | None:
    """Model the curves of a history with a fidelity.

    Returns:
        The model; None while fewer than `LEAST` trials have a finite loss or all losses are equal.
    """
    kept = _up_to_date(history)
    if kept.model[0] != kept.curves.mark:
        kept.model = (kept.curves.mark, _make(history, kept))
    return kept.model[1]


def _make(history: History, kept: _Kept) -> CurveModel | None:
    assert history.fidelity is not None
    seen, curves = kept.seen, kept.curves
    numbers = np.array(sorted(curves.of), dtype=np.int64)
    if len(numbers) < LEAST or not seen.encoding.p:
        return None
    last = np.array([curves.of[number].losses[-1] for number in numbers.tolist()])
    transform = fit_targets(last)
    if transform.is_constant:
        return None
    of, steps, losses = curves.rows(numbers)
    low = history.fidelity.low
    A, z = curve_rows(seen.Z[of], steps / low, of.astype(np.float64)), transform(losses)
    encoding = seen.encoding
    theta = _theta(kept, A, losses, dimension(seen, numbers))
    rows = _best_and_spread(z, MOST_ROWS)
    gp, noise = curve_process(theta, A[rows], z[rows], encoding.groups, encoding.slopes)
    horizon = horizon_of(history, curves)
    at_end = curve_rows(seen.Z[numbers], horizon / low, numbers.astype(np.float64))
    mean, variance = gp.predict(at_end)
    lowest = float(transform(np.array([min(curve.best for curve in curves.of.values())]))[0])
    incumbent = max(lowest, float(mean.min()))
    sigma = np.sqrt(variance)
    return CurveModel(gp, transform, numbers, mean, sigma, noise, horizon, low, incumbent, encoding)


def _theta(kept: _Kept, A: Floats, losses: Floats, D: float) -> Floats:
    """θ fitted to the trials before the last anchor, or to all where there are too few."""
    before = A[:, -1] < anchor(kept.seen.n)
    if len(np.unique(A[before, -1])) < LEAST or losses[before].min() == losses[before].max():
        before = np.ones(len(A), dtype=bool)
    A, losses = A[before], losses[before]
    rows = _best_and_spread(losses, MOST_FITTED)
    A, losses = A[rows], losses[rows]
    key = A.tobytes() + losses.tobytes()
    if kept.theta[0] != key:
        is_last = np.append(A[1:, -1] != A[:-1, -1], True)
        z = fit_targets(losses[is_last])(losses)
        groups, slopes = kept.seen.encoding.groups, kept.seen.encoding.slopes
        kept.theta = (key, fit_curves(A, z, groups, slopes=slopes, dimension=D, max_iterations=20))
    return kept.theta[1]


def _best_and_spread(z: Floats, most: int) -> Ints:
    """Indices of the better half of `most` rows, and of others evenly by rank, rising."""
    order = np.argsort(z, kind="stable")
    if len(order) <= most:
        return np.sort(order)
    best, rest = order[: most // 2], order[most // 2 :]
    at = np.linspace(0, len(rest) - 1, most - len(best)).round().astype(np.int64)
    return np.sort(np.concatenate([best, rest[at]]))
