"""Which trial is in which bracket, who goes on in it, and who waits: for synchronous schedulers.

Trials join brackets in the order of their numbers, so that membership never changes, whoever runs them and
however often a run is started anew. Kept up to date at a cost by changed bracket; the schedulers are in
`halving.py`.
"""

import math
from collections.abc import Sequence

from tunesmith.history import History
from tunesmith.schedulers.rungs import Bracket
from tunesmith.schedulers.standings import Standings
from tunesmith.trial import Origin, State


class Contest:
    """One bracket under way.

    Args:
        bracket: Its rungs and sizes.
        steps: All rungs of the study.
        place: How many brackets came before it.
    """

    def __init__(self, bracket: Bracket, steps: Sequence[int], place: int) -> None:
        self.sizes = bracket.sizes
        self.standings = Standings(steps[bracket.first :])
        self.members: list[int] = []
        self.place = place

    @property
    def is_full(self) -> bool:
        """Whether all its trials are there."""
        return len(self.members) == self.sizes[0]

    def rounds(self, history: History, eta: int, *, is_last: bool = False) -> list[list[int]]:
        """Numbers of the trials that go to each of its rungs, best first from the second on.

        There are as many lists as rungs that are decided. A bracket is decided about when it is full, or,
        with `is_last`, when there are no more trials to come: then the best 1/η go on, at least one.
        """
        made = [self.members]
        if not (self.is_full or (is_last and self.members)):
            return made
        for rung in range(len(self.sizes) - 1):
            here = made[-1]
            if not all(self.standings.rung_of(n) >= rung or history[n].is_finished for n in here):
                break
            places = sorted(
                (self.standings.loss(n, rung), n) for n in here if self.standings.rung_of(n) >= rung
            )
            kept = self.sizes[rung + 1] if self.is_full else max(1, len(here) // eta)
            made.append([n for loss, n in places if math.isfinite(loss)][:kept])
        return made

    def due(self, history: History, eta: int, *, is_last: bool = False) -> list[tuple[int, int]]:
        """(Number, position of the rung it is at) of the trials that may go on now."""
        rounds = self.rounds(history, eta, is_last=is_last)
        return [
            (number, rung)
            for rung, chosen in enumerate(rounds[1:])
            for number in chosen
            if history[number].state is State.PAUSED and self.standings.rung_of(number) == rung
        ]


class BracketBook:
    """All brackets of one history; `update` before use.

    Args:
        shapes: Brackets of one round, repeated without an end.
        steps: Rungs of the study.
        eta: Factor between rungs.
    """

    def __init__(self, shapes: Sequence[Bracket], steps: Sequence[int], eta: int) -> None:
        self.shapes = tuple(shapes)
        self.steps = tuple(steps)
        self._eta = eta
        self.contests: list[Contest] = []
        self._contest_of: list[Contest | None] = []  # by trial number; None for trials added from elsewhere
        self._due: dict[int, list[tuple[int, int]]] = {}
        self._mark = 0

    def update(self, history: History) -> None:
        """Take in what is new."""
        for number in range(len(self._contest_of), len(history)):
            self._join(history, number)
        numbers, self._mark = history.changes(self._mark)
        touched: dict[int, Contest] = {}
        for number in numbers:
            contest = self._contest_of[number]
            if contest is not None:
                contest.standings.take(history, number)
                touched[contest.place] = contest
        for place, contest in touched.items():
            due = contest.due(history, self._eta)
            if due:
                self._due[place] = due
            else:
                self._due.pop(place, None)

    def _join(self, history: History, number: int) -> None:
        if history[number].origin is Origin.ADDED:
            self._contest_of.append(None)
            return
        if not self.contests or self.contests[-1].is_full:
            place = len(self.contests)
            self.contests.append(Contest(self.shapes[place % len(self.shapes)], self.steps, place))
        self.contests[-1].members.append(number)
        self._contest_of.append(self.contests[-1])

    def contest(self, number: int) -> Contest | None:
        """Bracket of a trial; None for one that was added from elsewhere."""
        return self._contest_of[number]

    def first_due(self) -> tuple[Contest, int, int] | None:
        """Bracket, number and rung of the trial to go on with, of the oldest bracket that has one."""
        if not self._due:
            return None
        place = min(self._due)
        number, rung = self._due[place][0]
        return self.contests[place], number, rung
