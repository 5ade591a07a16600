"""Comparable: the loss of a trial that was cut short, made comparable with those that were trained further.

A loss after 3 epochs is no loss after 50: taken as it is, a trial that was cut short looks bad for that
alone, and methods would learn where trials were stopped. So a trial is credited with what the others gained
from there to the end: between one level of training and the next, the median change of all trials that are
known at both. The order of trials within a level stays as it was seen.

| symbol | meaning | shape |
|---|---|---|
| n | trials | |
| k | levels: low, 2 low, 4 low, ..., high | |
| table | loss of each trial at each level, NaN where it has not got so far | (n, k) |

Those that go on are the better ones, so the median is theirs; a joint model of curves does without this
shortcut (`learning.curve_model`). What is not here: who is trained how far (`schedulers`).
"""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from tunesmith.trial import Report

Floats = npt.NDArray[np.float64]
FACTOR = 2  # between levels
MOST_LEVELS = 40  # a last step of 10¹² times the first


class Comparable:
    """Losses of trials at levels of training.

    Args:
        low: First level.
        high: Last level; None when it is not known, then it is the furthest that any trial has come to.

    Example:
        >>> made = Comparable(1, 4)
        >>> for number, losses in enumerate([[8.0, 6.0, 5.0, 5.0], [9.0]]):
        ...     made.put(number, [Report(k + 1, loss, 0.0) for k, loss in enumerate(losses)], 1.0)
        >>> made.losses(2).tolist()
        [5.0, 6.0]
    """

    def __init__(self, low: int, high: int | None) -> None:
        self.low, self.high = low, high
        steps = [low]
        while len(steps) < MOST_LEVELS and (high is None or steps[-1] * FACTOR < high):
            steps.append(steps[-1] * FACTOR)
        if high is not None and high > low:
            steps.append(high)
        self._steps = steps
        self._table: Floats = np.full((64, len(steps)), np.nan)
        self._last: Floats = np.full(64, np.nan)  # loss of the last report
        self._level = np.full(64, -1)  # position of the last level passed
        self._ends: dict[int, float] = {}
        self._left = np.zeros(64)  # share of the way to the next level that is left, on a log scale

    def put(self, number: int, reports: Sequence[Report], sign: float) -> None:
        """Take in what a trial has reported; `sign` turns a value into a loss."""
        while number >= len(self._last):
            self._table = np.concatenate([self._table, np.full_like(self._table, np.nan)])
            self._last = np.concatenate([self._last, np.full_like(self._last, np.nan)])
            self._level = np.concatenate([self._level, np.full_like(self._level, -1)])
            self._left = np.concatenate([self._left, np.zeros_like(self._left)])
        level = int(self._level[number])
        if level >= 0:
            level -= 1  # the step of the last level passed, and what was reported behind it
        last = None
        for report in self._new(reports, level):
            if not math.isfinite(report.value):
                continue
            last = report
            while level + 1 < len(self._steps) and report.step >= self._steps[level + 1]:
                level += 1
                self._table[number, level] = sign * report.value
        if last is None or level < 0:
            return
        self._last[number], self._level[number] = sign * last.value, level
        if level + 1 < len(self._steps):
            here, there = self._steps[level], self._steps[level + 1]
            self._left[number] = 1.0 - math.log(max(last.step, here) / here) / math.log(there / here)
        else:
            self._left[number] = 0.0

    def end(self, number: int, loss: float) -> None:
        """Take in what a trial has in the end; NaN for nothing, as it failed."""
        self._ends[number] = loss
        if self.high is not None and math.isfinite(loss) and self._level[number] >= 0:
            self._table[number, -1] = loss

    def _new(self, reports: Sequence[Report], level: int) -> Sequence[Report]:
        first = 0 if level < 0 else self._steps[level] + 1
        at = len(reports)
        while at and reports[at - 1].step >= first:
            at -= 1
        return reports[at:]

    def losses(self, n: int) -> Floats:
        """Comparable losses of the first n trials, NaN for those without a report, shape (n,)."""
        known = min(n, len(self._last))
        gains = self._gains(known)
        behind = np.append(np.cumsum(gains[::-1])[::-1], 0.0)  # from each level to the end
        level = self._level[:known]
        at = np.clip(level, 0, None)
        gain = np.append(gains, 0.0)[np.minimum(at, len(gains))]
        after = behind[np.minimum(at + 1, len(gains))]
        made = np.full(n, np.nan)
        made[:known] = np.where(level >= 0, self._last[:known] + self._left[:known] * gain + after, np.nan)
        ended = list(self._ends)
        made[ended] = [self._ends[number] for number in ended]
        return made

    def _gains(self, n: int) -> Floats:
        """Median change from each level to the next, 0 where no trial is known at both, shape (k - 1,)."""
        gains = np.zeros(len(self._steps) - 1)
        for k in range(len(gains)):
            change = self._table[:n, k + 1] - self._table[:n, k]
            change = change[~np.isnan(change)]
            if not len(change):
                break
            gains[k] = np.median(change)
        return gains
