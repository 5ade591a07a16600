"""The learning curves of a history as rows for a model, kept up to date at a cost by new report.

A curve has up to hundreds of reports, which say little more than a few of them: kept are the first report
at or beyond each of the steps low, 2 low, 4 low, ..., and the last one. Those that are not finite are left
out.

| symbol | meaning | shape |
|---|---|---|
| r | kept reports of all curves together | |
| curves | number of the trial that each belongs to | (r,) |
| steps | its step | (r,) |
| losses | its loss | (r,) |

What is not here: the model (`curve_model`), and what schedulers count by rungs (`schedulers`).
"""

from bisect import bisect_left
from dataclasses import dataclass

import numpy as np

from tunesmith.history import History
from tunesmith.learning.scales import Floats, Ints
from tunesmith.trial import State, Trial

FACTOR = 2  # between kept steps


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """What is kept of one curve.

    Args:
        steps: Rising, shape (k,).
        losses: Shape (k,), finite.
        best: Lowest finite loss of all its reports.
    """

    steps: Floats
    losses: Floats
    best: float


class Curves:
    """Kept reports of one history; `update` before use."""

    def __init__(self) -> None:
        self.mark = 0
        """Records of the history that have been taken in."""
        self.of: dict[int, Curve] = {}
        """Curve of each trial that fits the space and has a finite loss, by number."""

    def update(self, history: History) -> None:
        """Take in what was recorded since."""
        changed, self.mark = history.changes(self.mark)
        for number in changed:
            curve = None if history.key(number) is None else thin(history, history[number])
            if curve is None:
                self.of.pop(number, None)
            else:
                self.of[number] = curve

    def rows(self, numbers: Ints) -> tuple[Ints, Floats, Floats]:
        """Curves, steps and losses (r,) of these trials, in their order."""
        found = [self.of[number] for number in numbers.tolist()]
        curves = np.repeat(numbers, [len(curve.steps) for curve in found])
        if not found:
            return curves, np.empty(0), np.empty(0)
        return (
            curves,
            np.concatenate([curve.steps for curve in found]),
            np.concatenate([curve.losses for curve in found]),
        )


def thin(history: History, trial: Trial) -> Curve | None:
    """Keep a few reports of a trial; the value of a complete trial without any is a report at the end.

    Returns:
        The curve; None of a trial that failed or has no finite loss.

    Example:
        >>> from tunesmith.fidelity import Fidelity
        >>> from tunesmith.space import Int, Space
        >>> from tunesmith.trial import Report
        >>> reports = tuple(Report(step, 1 / step, 0.0) for step in range(1, 8))
        >>> trial = Trial(0, {"a": 1}, State.PAUSED, reports=reports)
        >>> thin(History(Space(a=Int(1, 2)), fidelity=Fidelity("epoch", 1, 9)), trial).steps.tolist()
        [1.0, 2.0, 4.0, 7.0]
    """
    fidelity = history.fidelity
    assert fidelity is not None
    if trial.state is State.FAILED:
        return None
    points = [(r.step, history.sign * r.value) for r in trial.reports]
    points = [(step, loss) for step, loss in points if np.isfinite(loss)]
    value = history.loss_of(trial)
    if not points and np.isfinite(value):
        step = fidelity.high or fidelity.low
        points = [(step, value)]
    if not points:
        return None
    at, kept = fidelity.low, set[int]()
    while at <= points[-1][0]:
        kept.add(bisect_left(points, at, key=lambda point: point[0]))
        at *= FACTOR
    chosen = [points[i] for i in sorted(kept | {len(points) - 1})]
    steps, losses = np.array(chosen, dtype=np.float64).T
    return Curve(steps, losses, min(loss for _, loss in points))
