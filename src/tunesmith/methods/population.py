"""The population of an evolution: which finished trials are parents, found in the history alone.

A *phase* is a run of trials with one population. It begins with trials that are spread evenly, as many as the
population is large; its members are the best finished trials since then. When the members have become alike
the next phase begins, with twice as many, so that a long run does not spend its trials on one valley.

| symbol | meaning | shape |
|---|---|---|
| n | number of trials since the start of the phase | |
| d | number of parameters, active or not | |
| losses | infinite where a trial cannot be a parent | (n,) |
"""

from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from tunesmith.history import Floats, History
from tunesmith.learning.caching import PerHistory

Numbers: TypeAlias = npt.NDArray[np.intp]

LOOK_EVERY = 10  # populations' worth of trials between looks at whether the members are alike
ALIKE = 1e-6  # side of a box in the unit cube whose configs nobody would tell apart
LARGEST = 1000  # members; doubling ends here


@dataclass(frozen=True)
class Phase:
    """A run of trials with one population.

    Args:
        start: Number of its first trial.
        size: Number of members.
    """

    start: int
    size: int


class Population:
    """Who can be a parent of the next trial.

    Args:
        history: All trials.
        phase: The phase that the next trial belongs to.
        losses: Losses since the start of the phase, shape (n,).
    """

    def __init__(self, history: History, phase: Phase, losses: Floats) -> None:
        self.history, self.phase, self.losses = history, phase, losses

    def members(self) -> Numbers:
        """Numbers of the best finished trials of the phase, best first; up to `phase.size`.

        Of equals the newest come first, so that a population does not stand still on a plateau.
        """
        return self.phase.start + _lowest(self.losses, self.phase.size)

    def best_by_slot(self) -> Numbers:
        """Numbers of each particle's best trial, best first; a particle is every `phase.size`-th trial.

        Particles without a finished trial are left out.
        """
        start, size = self.phase.start, self.phase.size
        rounds = -(-len(self.losses) // size)
        table = np.full((rounds, size), np.inf)
        table.flat[: len(self.losses)] = self.losses
        best = rounds - 1 - table[::-1].argmin(axis=0)  # backwards, so that the newest of equals is found
        lowest = table[best, np.arange(size)]
        found = best * size + np.arange(size)
        order = np.lexsort((-found, lowest))
        order = order[np.isfinite(lowest[order])]
        numbers: Numbers = start + found[order]
        return numbers


@dataclass
class _Seen:
    """What is known of a history for good: trials that cannot be parents, and phases that have ended."""

    made_for: tuple[int, int]  # members at the start, constraints
    phase: Phase
    checked: int = 0  # the phase is settled up to this number
    looked: int = 0  # trials before this number have been looked at
    finished: int = 0  # all trials before this number are finished
    barred: list[int] = field(default_factory=list)

    def update(self, history: History) -> None:
        """Take in the new trials."""
        space = history.space
        for number in range(self.looked, len(history)):
            if history.key(number) is None or not space.is_allowed(history[number].config):
                self.barred.append(number)
        self.looked = len(history)
        while self.finished < len(history) and history[self.finished].is_finished:
            self.finished += 1

    def losses(self, history: History, start: int, stop: int) -> Floats:
        """Losses of trials; infinite for the failed, the unfinished, and those that do not fit any more."""
        losses = history.loss[start:stop].copy()
        losses[np.isnan(losses)] = np.inf
        losses[[number - start for number in self.barred if start <= number < stop]] = np.inf
        return losses


class Populations:
    """Populations by history."""

    def __init__(self) -> None:
        self._seen: PerHistory[_Seen] = PerHistory()

    def look(self, history: History, size: int) -> Population:
        """Find the population for the next trial.

        Args:
            history: All trials.
            size: Number of members of the first phase.
        """
        made_for = (size, len(history.space.constraints))
        seen = self._seen.get(
            history, lambda: _Seen(made_for, Phase(0, size)), lambda seen: seen.made_for == made_for
        )
        seen.update(history)
        phase, at = seen.phase, seen.checked
        while (at := at + LOOK_EVERY * phase.size) <= len(history):
            if _are_alike(history, seen.losses(history, phase.start, at), phase):
                phase = Phase(at, min(2 * phase.size, LARGEST))
            # What is finished never changes again, and neither does the verdict; with a fidelity losses do.
            if at <= seen.finished and history.fidelity is None:
                seen.phase, seen.checked = phase, at
        return Population(history, phase, seen.losses(history, phase.start, len(history)))


def _are_alike(history: History, losses: Floats, phase: Phase) -> bool:
    found = _lowest(losses, phase.size)
    if len(found) < phase.size:
        return False
    rows = history.X[phase.start + found]
    active = ~np.isnan(rows)
    if (active != active[0]).any():
        return False
    return bool((np.ptp(rows[:, active[0]], axis=0) < ALIKE).all())


def _lowest(losses: Floats, size: int) -> Numbers:
    """Positions of the `size` lowest finite losses, lowest first, the last of equals first."""
    if len(losses) > size:
        worst = np.partition(losses, size - 1)[size - 1]
        below = np.flatnonzero(losses < worst)
        found = np.concatenate([below, np.flatnonzero(losses == worst)[-(size - len(below)) :]])
    else:
        found = np.arange(len(losses))
    found = found[np.isfinite(losses[found])]
    in_order: Numbers = found[np.lexsort((-found, losses[found]))]
    return in_order
