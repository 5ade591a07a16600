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
from tunesmith.learning.scales import Bools, Floats, Ints
from tunesmith.surrogate.curve_fit import curve_problem, curve_process, fit_curves
from tunesmith.surrogate.curves import NO_CURVE, curve_rows
from tunesmith.surrogate.gp import GP
from tunesmith.surrogate.targets import TargetTransform, fit_targets

MOST_ROWS = 300  # reports that the model sees at most; its cost grows with the third power
MOST_FITTED = 90  # reports that θ is fitted to at most
LEAST_REACH = 8  # times the lowest step: the least horizon where the last step is unknown
VARIANCE_FLOOR = 1e-9  # of a transformed loss
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
        Z: Encoded configs of the trials, shape (n, p).
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
    Z: Floats

    def rows(self, Z: Floats, curves: Floats | float = NO_CURVE) -> Floats:
        """Rows of the process for encoded configs Z (m, p) at the horizon, (m, p + 2)."""
        return curve_rows(Z, self.horizon / self.low, curves)

    @property
    def leader(self) -> int:
        """Number of the trial that is expected to be best at the horizon."""
        return int(self.numbers[np.argmin(self.z)])

    def to_beat(self, curves: Ints) -> Floats:
        """Loss that each curve has to come below for what is known to change, shape (n,).

        That is the leader's expected one: whoever comes below it is the better choice. The leader itself
        changes the choice when it falls behind the second one. Its loss is as likely to be so much higher as
        to be so much lower, so that it has to beat the mirror image of the second's.

        References:
            [Frazier2009] P. Frazier, W. Powell, S. Dayanik, The knowledge-gradient policy for correlated
            normal beliefs, 2009, section 3; here one trial is measured, and its own value changes.
        """
        lowest, second = np.partition(self.z, 1)[:2]
        to_beat: Floats = np.where(curves == self.leader, 2.0 * lowest - second, lowest)
        return to_beat

    def encoded(self, numbers: Ints) -> Floats:
        """Encoded configs of trials that have a curve, (n, p)."""
        return self.Z[np.searchsorted(self.numbers, numbers)]

    def looks(self, Z: Floats, curves: Floats, steps: Floats) -> tuple[Floats, Floats, Floats]:
        """What losses at some steps will tell of those at the horizon.

        Args:
            Z: Encoded configs, shape (n, p).
            curves: Number of the curve of each, one that is in no trial for a new one, shape (n,).
            steps: Where the loss of each is looked at, shape (n, k).

        Returns:
            Mean (n,) and variance (n,) of the loss at the horizon, and its variance after each look (n, k).
        """
        n, k = steps.shape
        at = np.concatenate([np.full((n, 1), self.horizon), steps], axis=1) / self.low
        rows = curve_rows(np.repeat(Z, k + 1, axis=0), at.ravel(), np.repeat(curves, k + 1))
        mean, covariance = self.gp.predict_joint(rows)
        blocks = covariance.reshape(n, k + 1, n, k + 1)[np.arange(n), :, np.arange(n)]
        variance = np.maximum(blocks[:, 0, 0], VARIANCE_FLOOR)
        seen = np.maximum(np.diagonal(blocks, axis1=1, axis2=2)[:, 1:], 0.0) + self.noise
        left = variance[:, None] - blocks[:, 0, 1:] ** 2 / seen
        return mean[:: k + 1], variance, np.clip(left, VARIANCE_FLOOR, variance[:, None])

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
    horizon = horizon_of(history, curves)
    theta = _theta(kept, A, losses, horizon / low, dimension(seen, numbers))
    rows = _whole_curves(A, losses, MOST_ROWS)
    gp, noise = curve_process(
        theta, A[rows], z[rows], encoding.groups, slopes=encoding.slopes, horizon=horizon / low
    )
    Z = seen.Z[numbers]
    at_end = curve_rows(Z, horizon / low, numbers.astype(np.float64))
    mean, variance = gp.predict(at_end)
    lowest = float(transform(np.array([min(curve.best for curve in curves.of.values())]))[0])
    incumbent = max(lowest, float(mean.min()))
    sigma = np.sqrt(variance)
    return CurveModel(gp, transform, numbers, mean, sigma, noise, horizon, low, incumbent, encoding, Z)


def _theta(kept: _Kept, A: Floats, losses: Floats, reach: float, D: float) -> Floats:
    """θ fitted to the trials before the last anchor, or to all where there are too few."""
    before = A[:, -1] < anchor(kept.seen.n)
    if len(np.unique(A[before, -1])) < LEAST or losses[before].min() == losses[before].max():
        before = np.ones(len(A), dtype=bool)
    A, losses = A[before], losses[before]
    rows = _whole_curves(A, losses, MOST_FITTED)
    A, losses = A[rows], losses[rows]
    key = A.tobytes() + losses.tobytes() + np.float64(reach).tobytes()
    if kept.theta[0] != key:
        z = fit_targets(losses[_ends(A)])(losses)
        groups, slopes = kept.seen.encoding.groups, kept.seen.encoding.slopes
        problem = curve_problem(A, z, groups, slopes=slopes, horizon=reach, dimension=D)
        kept.theta = (key, fit_curves(problem, max_iterations=20))
    return kept.theta[1]


def _ends(A: Floats) -> Bools:
    """Which rows are the last of their curve, shape (n,)."""
    return np.append(A[1:, -1] != A[:-1, -1], True)


def _whole_curves(A: Floats, losses: Floats, most: int) -> Ints:
    """Indices of the rows of whole curves, at most `most` in all, rising.

    Half of the room is for the curves that got furthest, the better first, as they tell how losses change;
    the other half for others, evenly by their last loss.
    """
    if len(A) <= most:
        return np.arange(len(A))
    last = np.flatnonzero(_ends(A))
    count = np.diff(last, prepend=-1)
    order = np.lexsort((losses[last], -A[last, -2]))
    far = order[: int(np.searchsorted(np.cumsum(count[order]), most // 2, side="right"))]
    rest = np.setdiff1d(order, far)
    rest = rest[np.argsort(losses[last[rest]], kind="stable")]
    room = most - int(count[far].sum())
    # However they are spread, no more fit than of the shortest: without that, each one too many costs a look.
    fitting = room // int(count.min())
    places = np.arange(len(rest))
    if len(rest) > fitting:
        places = np.linspace(0, len(rest) - 1, fitting).round().astype(np.int64)
    while count[rest[places]].sum() > room:
        places = np.unique(np.linspace(0, len(rest) - 1, len(places) - 1).round().astype(np.int64))
    chosen = np.isin(np.arange(len(last)), np.concatenate([far, rest[places]]))
    return np.flatnonzero(np.repeat(chosen, count))
