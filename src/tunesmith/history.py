"""History: a study's trials as read-only arrays; all that a method or scheduler sees.

Inside tunesmith every study is minimised; the sign is turned here, once, and nowhere else.

| symbol | meaning | shape |
|---|---|---|
| n | number of trials, in any state | |
| d | number of parameters, active or not | |
| X | configs in the unit cube, NaN where inactive | (n, d) |
| loss | value to be minimised, NaN where there is none | (n,) |
"""

import math
from bisect import bisect_left
from collections import Counter as Tally
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from tunesmith.comparable import Comparable
from tunesmith.fidelity import Fidelity
from tunesmith.space import Key, Space
from tunesmith.trial import Origin, Report, State, Trial

Direction: TypeAlias = Literal["minimize", "maximize"]
Floats: TypeAlias = npt.NDArray[np.float64]
_MADE_FOR = 64  # rows that the arrays start with; they double when full


class History:
    """A study's trials, by number, with the arrays that models need.

    Trials are kept as they come; the arrays are filled in when first asked for, so that methods that do not
    need them do not pay for them. Only the study that owns a history records into it. What is handed out is
    read-only, and valid until the study records again.

    Args:
        space: Space of the study.
        direction: Whether low or high values are good.
        trials: Trials to begin with, numbered from 0 without gaps.
        fidelity: How far trials may be trained; None where every trial runs to its end.
        seed: Seed of the study, for schedulers that draw.

    Example:
        >>> from tunesmith.space import Float, Space
        >>> h = History(Space(x=Float(0, 10)), "maximize", [Trial(0, {"x": 5.0}, State.COMPLETE, 3.0)])
        >>> h.X.tolist(), h.loss.tolist()
        ([[0.5]], [-3.0])
    """

    def __init__(
        self,
        space: Space,
        direction: Direction = "minimize",
        trials: Iterable[Trial] = (),
        *,
        fidelity: Fidelity | None = None,
        seed: int = 0,
    ) -> None:
        self.space = space
        self.fidelity = fidelity
        self.seed = seed
        self.direction: Direction = direction
        self.sign = 1.0 if direction == "minimize" else -1.0
        self._trials: list[Trial] = []
        self._log: list[int] = []  # number of the trial of each record, in order
        self._states: Tally[State] = Tally()
        self._counted = 0
        self._enqueued: list[int] = []
        self._finished = 0
        self._steps = 0
        self._best: int | None = None
        self._furthest: int | None = None
        self._keys: dict[Key, list[int]] = {}
        self._key_of: list[Key | None] = []  # grows lazily: rows below its length are keyed
        self._X: Floats = np.empty((0, len(space)))
        self._filled = 0
        self._loss: Floats = np.full(_MADE_FOR, np.nan)
        self._comparable: Comparable | None = None
        self._compared = 0  # mark up to which it is filled
        self._comparable_loss: Floats = np.empty(0)
        for trial in trials:
            self.record(trial)

    # -- recording: for the study alone ------------------------------------------------------------------

    def record(self, trial: Trial) -> None:
        """Take in a new trial, or the newer record of a known one."""
        number = trial.number
        self._log.append(number)
        if number > len(self._trials):
            raise AssertionError(f"trial {number} came before trial {len(self._trials)}")
        if number == len(self._trials):
            self._trials.append(trial)
            if trial.origin is Origin.ENQUEUED:
                self._enqueued.append(number)
            if number == len(self._loss):
                self._loss = np.concatenate([self._loss, np.full(number, np.nan)])
        else:
            old = self._trials[number]
            self._states[old.state] -= 1
            self._counted -= old.counts
            self._finished -= _is_done(old)
            self._steps -= self._steps_of(old)
            self._trials[number] = trial
        self._states[trial.state] += 1
        self._counted += trial.counts
        self._finished += _is_done(trial)
        self._steps += self._steps_of(trial)
        self._loss[number] = self.loss_of(trial)
        if trial.state is State.COMPLETE and self._is_better(number) and self._is_allowed(trial):
            self._best = number
        if self._furthest is not None or (self.fidelity is not None and trial.reports):
            self._look_how_far(trial)

    def _look_how_far(self, trial: Trial) -> None:
        if trial.number == self._furthest and trial.state is State.FAILED:
            self._furthest = min(
                (t.number for t in self._trials if self._stands(t)), key=self._how_far, default=None
            )
        elif self._stands(trial) and (
            self._furthest is None or self._how_far(trial.number) < self._how_far(self._furthest)
        ):
            self._furthest = trial.number

    def _stands(self, trial: Trial) -> bool:
        """Whether it may be the best as long as none is complete: it was cut short, once at least."""
        was_cut = trial.state in (State.PAUSED, State.STOPPED, State.WAITING) or (
            trial.attempt > 1 and trial.state is State.RUNNING
        )
        return was_cut and last_finite(trial) is not None and self._is_allowed(trial)

    def _how_far(self, number: int) -> tuple[int, float, int]:
        report = last_finite(self._trials[number])
        assert report is not None
        return -report.step, self.sign * report.value, number

    def _is_better(self, number: int) -> bool:
        if self._best is None or self._best == number:
            return True
        mine, best = self._loss[number], self._loss[self._best]
        return bool(mine < best or (mine == best and number < self._best))

    def _is_allowed(self, trial: Trial) -> bool:
        return not self.space.unfit(trial.config) and self.space.is_allowed(trial.config)

    # -- trials ------------------------------------------------------------------------------------------

    def __len__(self) -> int:
        """Number of trials in any state; also the number of the next trial."""
        return len(self._trials)

    @property
    def trials(self) -> Sequence[Trial]:
        """All trials by number."""
        return tuple(self._trials)

    def __getitem__(self, number: int) -> Trial:
        """Trial of this number."""
        return self._trials[number]

    @property
    def best(self) -> Trial | None:
        """The complete trial with the lowest loss that meets the constraints; the earliest of equals.

        As long as none is complete: of those that a scheduler paused or stopped, the one that got furthest,
        and of several the one with the lowest loss there; its value is its last one. It never stands before a
        complete one.
        """
        if self._best is not None:
            return self._trials[self._best]
        if self._furthest is None:
            return None
        trial = self._trials[self._furthest]
        report = last_finite(trial)
        return replace(trial, value=None if report is None else report.value)

    @property
    def states(self) -> Mapping[State, int]:
        """Number of trials by state."""
        return {s: self._states[s] for s in State}

    @property
    def finished(self) -> int:
        """Number of finished or paused trials that count towards the study's `trials`."""
        return self._finished

    @property
    def steps(self) -> int:
        """Steps of the fidelity that all trials together were trained; those added are left out.

        A complete trial without a report went all the way. One that failed before its first report counts as
        one step, so that a budget of steps ends every run.
        """
        return self._steps

    def _steps_of(self, trial: Trial) -> int:
        if trial.origin is Origin.ADDED:
            return 0
        if trial.reports:
            return trial.reports[-1].step
        if trial.state is State.COMPLETE and self.fidelity is not None:
            return self.fidelity.high or 1
        return int(trial.is_finished)

    @property
    def failed(self) -> Sequence[Trial]:
        """Failed trials by number."""
        return [t for t in self._trials if t.state is State.FAILED]

    @property
    def enqueued(self) -> Sequence[Trial]:
        """Trials that the user enqueued, by number."""
        return [self._trials[n] for n in self._enqueued]

    @property
    def counted(self) -> int:
        """Number of trials that count towards the study's `trials`."""
        return self._counted

    def loss_of(self, trial: Trial) -> float:
        """Value to be minimised: of a complete or stopped trial; NaN where there is none."""
        if trial.value is None or trial.state not in (State.COMPLETE, State.STOPPED):
            return math.nan
        return self.sign * trial.value

    def numbers(self, *states: State) -> npt.NDArray[np.intp]:
        """Numbers of the trials in these states, rising; trials that no longer fit the space are left out."""
        self._fill()
        return np.array(
            [t.number for t in self._trials if t.state in states and self._key_of[t.number] is not None],
            dtype=np.intp,
        )

    def ranked(self) -> list[int]:
        """Numbers of the complete trials, the best first, the earlier of equals first.

        Trials that no longer fit the space, or break a constraint, are left out.
        """
        rows = self.numbers(State.COMPLETE)
        ranked: list[int] = rows[self.loss[rows].argsort(kind="stable")].tolist()
        if not self.space.constraints:
            return ranked
        return [number for number in ranked if self.space.is_allowed(self._trials[number].config)]

    # -- curves ------------------------------------------------------------------------------------------

    def changes(self, since: int) -> tuple[Collection[int], int]:
        """Numbers of the trials that were recorded after a mark, each once, and the mark of now.

        Example:
            >>> from tunesmith.space import Int, Space
            >>> h = History(Space(a=Int(1, 2)), trials=[Trial(0, {"a": 1})])
            >>> list(h.changes(0)[0]), list(h.changes(1)[0])
            ([0], [])
        """
        return dict.fromkeys(self._log[since:]), len(self._log)

    @property
    def mark(self) -> int:
        """Mark of now, for `changes`."""
        return len(self._log)

    def curve(self, number: int) -> tuple[Floats, Floats]:
        """Steps and losses of a trial's reports, rising by step; losses that are not finite are NaN."""
        reports = self._trials[number].reports
        steps = np.array([r.step for r in reports], dtype=np.float64)
        losses = self.sign * np.array([r.value for r in reports], dtype=np.float64)
        losses[~np.isfinite(losses)] = np.nan
        return steps, losses

    def loss_at(self, number: int, step: int) -> float | None:
        """Loss of a trial at a step: of its first report there or beyond; None when it has not got so far.

        A trial that is COMPLETE before that step, or at `fidelity.high`, has its value there. A loss that is
        not finite is infinite: the worst.
        """
        trial = self._trials[number]
        reports = trial.reports
        if not reports or reports[-1].step < step:
            high = None if self.fidelity is None else self.fidelity.high
            is_end = bool(reports) or (high is not None and step >= high)
            return self.loss_of(trial) if trial.state is State.COMPLETE and is_end else None
        at = bisect_left(reports, step, key=lambda r: r.step)
        loss = self.sign * reports[at].value
        return loss if math.isfinite(loss) else math.inf

    # -- arrays ------------------------------------------------------------------------------------------

    @property
    def X(self) -> Floats:  # noqa: N802 - the symbol of the notation table
        """Configs in the unit cube, shape (n, d); NaN where inactive, all along a row that does not fit."""
        self._fill()
        if self._filled < len(self._trials):
            if len(self._X) < len(self._trials):
                grown = np.full(
                    (max(2 * len(self._X), len(self._trials), _MADE_FOR), len(self.space)), np.nan
                )
                grown[: self._filled] = self._X[: self._filled]
                self._X = grown
            for number in range(self._filled, len(self._trials)):
                if self._key_of[number] is not None:
                    self._X[number] = self.space.encode(self._trials[number].config)
            self._filled = len(self._trials)
        return _read_only(self._X[: len(self._trials)])

    @property
    def loss(self) -> Floats:
        """Value to be minimised, shape (n,); NaN where there is none.

        Where there is a fidelity, trials that are not complete have a loss as soon as they have reported: one
        that is comparable with the others' (`comparable.py`). It may change as more is known.
        """
        if self.fidelity is None:
            return _read_only(self._loss[: len(self._trials)])
        return _read_only(self._compare(self.fidelity))

    def _compare(self, fidelity: Fidelity) -> Floats:
        made = self._comparable
        if made is None or (made.low, made.high) != (fidelity.low, fidelity.high):
            made, self._compared = Comparable(fidelity.low, fidelity.high), 0
            self._comparable = made
        numbers, mark = self.changes(self._compared)
        if mark != self._compared or not mark:
            for number in numbers:
                trial = self._trials[number]
                made.put(number, trial.reports, self.sign)
                if trial.state is State.COMPLETE or trial.state is State.FAILED:
                    made.end(number, self._loss[number])
            self._compared = mark
            self._comparable_loss = made.losses(len(self._trials))
        return self._comparable_loss

    # -- repeats -----------------------------------------------------------------------------------------

    def __contains__(self, key: Key) -> bool:
        """Whether a config of this key (`Space.key`) is among the trials, in any state."""
        self._fill()
        return key in self._keys

    @property
    def distinct(self) -> int:
        """Number of different configs among the trials."""
        self._fill()
        return len(self._keys)

    def same(self, key: Key) -> Sequence[int]:
        """Numbers of the trials that have this key, rising."""
        self._fill()
        return tuple(self._keys.get(key, ()))

    def key(self, number: int) -> Key | None:
        """Key of a trial's config; None where it no longer fits the space."""
        self._fill()
        return self._key_of[number]

    def _fill(self) -> None:
        for trial in self._trials[len(self._key_of) :]:
            key = None if self.space.unfit(trial.config) else self.space.key(trial.config)
            self._key_of.append(key)
            if key is not None:
                self._keys.setdefault(key, []).append(trial.number)


def _is_done(trial: Trial) -> bool:
    return trial.counts and (trial.is_finished or trial.state is State.PAUSED)


def last_finite(trial: Trial) -> Report | None:
    """Last report of a trial that is finite; None when there is none."""
    return next((r for r in reversed(trial.reports) if math.isfinite(r.value)), None)


def _read_only(array: Floats) -> Floats:
    view = array.view()
    view.flags.writeable = False
    return view
