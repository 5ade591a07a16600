"""Successive halving and Hyperband: brackets of trials that are compared when all have come to a rung.

They are synchronous within a bracket; a free worker starts the next bracket rather than wait. The sizes are
`rungs.py`, who is in which bracket is `bracket_book.py`.

Source: Li et al. 2018, Hyperband: a novel bandit-based approach to hyperparameter optimization, JMLR 18(185),
algorithm 1.
"""

from collections.abc import Sequence
from typing import Any

from tunesmith.errors import OptionError, message
from tunesmith.fidelity import Fidelity
from tunesmith.history import History
from tunesmith.learning.caching import PerHistory
from tunesmith.schedulers.base import Action, Decision, Next, Propose, Resume, Start
from tunesmith.schedulers.bracket_book import BracketBook
from tunesmith.schedulers.rungs import Bracket, brackets, check_eta, next_rung, rungs
from tunesmith.trial import State, Trial


class Halving:
    """Runs one bracket after another that starts at the first rung with η^(rungs - 1) trials.

    Args:
        eta: Factor between rungs, and how many trials there are for each that goes on; 2 or more.
    """

    name = "halving"

    def __init__(self, eta: int = 3) -> None:
        self.eta = check_eta(eta)
        self._books: PerHistory[BracketBook] = PerHistory()

    @property
    def settings(self) -> dict[str, Any]:
        """The factor."""
        return {"eta": self.eta}

    def _shapes(self, steps: Sequence[int]) -> tuple[Bracket, ...]:
        count = len(steps)
        return (Bracket(0, tuple(self.eta ** (count - 1 - i) for i in range(count))),)

    def plan(self, fidelity: Fidelity) -> str | None:
        """Say how many trials come to which step.

        Raises:
            OptionError: The largest step is not known.
        """
        steps = self._steps(fidelity)
        parts = [
            ", ".join(f"{n} to {s}" for n, s in zip(shape.sizes, steps[shape.first :], strict=True))
            for shape in self._shapes(steps)
        ]
        return f"Brackets of trials to {fidelity.name}: {'; then '.join(parts)}; and so on."

    def _steps(self, fidelity: Fidelity | None) -> tuple[int, ...]:
        assert fidelity is not None
        if fidelity.high is None:
            fix = f'Say Fidelity({fidelity.name!r}, {fidelity.low}, HIGH), or use the scheduler "asha".'
            wrong = f"scheduler {self.name!r} plans ahead, and needs the largest number of {fidelity.name}s"
            raise OptionError(message(wrong, fix=fix))
        return rungs(fidelity.low, fidelity.high, self.eta)

    def _book(self, history: History) -> BracketBook:
        steps = self._steps(history.fidelity)
        book = self._books.get(
            history,
            lambda: BracketBook(self._shapes(steps), steps, self.eta),
            lambda book: book.steps == steps,  # others when the fidelity was changed
        )
        book.update(history)
        return book

    def next(self, history: History, propose: Propose) -> Next:
        """Go on with whom a bracket has chosen, else start a trial, else decide an unfilled bracket."""
        book = self._book(history)
        due = book.first_due()
        if due is None and propose() is not None:
            return Start()
        if due is None and book.contests and not history.states[State.RUNNING]:
            contest = book.contests[-1]
            chosen = contest.due(history, self.eta, is_last=True)
            due = (contest, *chosen[0]) if chosen else None
        if due is None:
            return None
        contest, number, rung = due
        name, steps = _name(history), contest.standings.steps
        rank, places = contest.standings.rank(number, rung), len(contest.standings.places[rung])
        words = f"goes on to {name} {steps[rung + 1]}: rank {rank} of {places} at {name} {steps[rung]}"
        return Resume(number, f"{words} in bracket {contest.place + 1}")

    def target(self, history: History, trial: Trial) -> int | None:
        """The next rung of its bracket."""
        contest = self._book(history).contest(trial.number)
        if contest is None:
            return None
        return next_rung(contest.standings.steps, trial.last_step)

    def after_report(self, history: History, trial: Trial) -> Decision:
        """Go on if its bracket has chosen it, else pause."""
        contest = self._book(history).contest(trial.number)
        rung = -1 if contest is None else contest.standings.rung_of(trial.number)
        if contest is None or rung < 0:
            return Decision()
        name, standings = _name(history), contest.standings
        step = standings.steps[rung]
        rounds = contest.rounds(history, self.eta)
        if len(rounds) > rung + 1 and trial.number in rounds[rung + 1]:
            return Decision()
        rank, places = standings.rank(trial.number, rung), len(standings.places[rung])
        kept, further = contest.sizes[rung + 1], standings.steps[rung + 1]
        return Decision(
            Action.PAUSE,
            f"paused at {name} {step}: rank {rank} of {places} so far in bracket {contest.place + 1}, "
            f"the best {kept} of {contest.sizes[rung]} go on to {name} {further}",
        )


class Hyperband(Halving):
    """Runs brackets in turn that start many trials at the first rung, fewer at the second, and so on.

    Whatever the first steps are worth for telling trials apart, some bracket suits it.

    Args:
        eta: Factor between rungs, and how many trials there are for each that goes on; 2 or more.
    """

    name = "hyperband"

    def _shapes(self, steps: Sequence[int]) -> tuple[Bracket, ...]:
        return brackets(len(steps), self.eta)


def _name(history: History) -> str:
    assert history.fidelity is not None
    return history.fidelity.name
