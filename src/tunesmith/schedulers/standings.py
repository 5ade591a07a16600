"""Standings: who has which loss at each rung, kept up to date at a cost by new report.

A result lands at every rung that it passes and stays there for good, whatever becomes of its trial. A trial
that failed counts as the worst at the rung that it was on its way to. What follows from a rank is each
scheduler's.
"""

import math
from bisect import bisect_left, insort
from collections.abc import Sequence
from typing import TypeAlias

from tunesmith.history import History
from tunesmith.learning.caching import PerHistory
from tunesmith.trial import Origin, State

Place: TypeAlias = tuple[float, int]
"""Loss and number of a trial: of equal losses the older trial is first."""


class Standings:
    """Results at the rungs of one history; `update` before use.

    Args:
        steps: Rungs, rising.
    """

    def __init__(self, steps: Sequence[int]) -> None:
        self.steps = tuple(steps)
        self.places: list[list[Place]] = [[] for _ in self.steps]
        """All results by rung, best first."""
        self.paused: list[list[Place]] = [[] for _ in self.steps]
        """Those of them whose trial is PAUSED there, best first."""
        self.kept: dict[str, tuple[tuple[int, int], bool]] = {}
        """What is made of the places, by whoever makes it."""
        self._passed: dict[int, list[float]] = {}  # losses of a trial at the rungs it has passed
        self._paused_at: dict[int, int] = {}
        self._mark = 0

    def update(self, history: History) -> None:
        """Take in what is new."""
        numbers, self._mark = history.changes(self._mark)
        for number in numbers:
            self.take(history, number)

    def take(self, history: History, number: int) -> None:
        """Take in what is new of one trial."""
        trial = history[number]
        passed = self._passed.setdefault(number, [])
        if trial.origin is Origin.ADDED:
            return
        while len(passed) < len(self.steps):
            loss = history.loss_at(number, self.steps[len(passed)])
            if loss is None:
                break
            self._land(number, loss)
        if trial.state is State.FAILED and len(passed) < len(self.steps) and math.inf not in passed:
            self._land(number, math.inf)
        at = len(passed) - 1 if trial.state is State.PAUSED and passed else None
        before = self._paused_at.pop(number, None)
        if before is not None:
            place = (passed[before], number)
            del self.paused[before][bisect_left(self.paused[before], place)]
        if at is not None:
            insort(self.paused[at], (passed[at], number))
            self._paused_at[number] = at

    def _land(self, number: int, loss: float) -> None:
        passed = self._passed[number]
        insort(self.places[len(passed)], (loss, number))
        passed.append(loss)

    def rung_of(self, number: int) -> int:
        """Position of the last rung that a trial has passed; -1 for none."""
        return len(self._passed.get(number, ())) - 1

    def loss(self, number: int, rung: int) -> float:
        """Loss of a trial at a rung that it has passed."""
        return self._passed[number][rung]

    def rank(self, number: int, rung: int) -> int:
        """Rank of a trial at a rung that it has passed, from 1."""
        return bisect_left(self.places[rung], (self._passed[number][rung], number)) + 1

    def best_paused(self, rung: int) -> int | None:
        """Number of the best trial that is PAUSED at a rung with a finite loss; None when there is none."""
        found = self.paused[rung]
        return found[0][1] if found and math.isfinite(found[0][0]) else None

    def median_without(self, number: int, rung: int) -> float:
        """Median loss at a rung of all trials but one; there must be another."""
        places, at = self.places[rung], self.rank(number, rung) - 1
        count = len(places) - 1

        def loss(k: int) -> float:
            return places[k if k < at else k + 1][0]

        return loss(count // 2) if count % 2 else (loss(count // 2 - 1) + loss(count // 2)) / 2

    @property
    def deepest(self) -> int:
        """Position of the last rung with a finite result; -1 when there is none."""
        reached = [k for k, places in enumerate(self.places) if places and math.isfinite(places[0][0])]
        return reached[-1] if reached else -1


class StandingsCache:
    """Standings by history, made for the rungs that a scheduler has."""

    def __init__(self) -> None:
        self._cache: PerHistory[Standings] = PerHistory()

    def get(self, history: History, steps: Sequence[int]) -> Standings:
        """Standings of a history, up to date."""
        # The steps are others when the fidelity was changed.
        known = self._cache.get(history, lambda: Standings(steps), lambda known: known.steps == tuple(steps))
        known.update(history)
        return known
