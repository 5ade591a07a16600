"""ASHA: asynchronous successive halving, with rungs that open by need where the largest step is unknown.

A free worker goes on with the best trial that is in the top 1/η of all results ever recorded at its rung,
from the top rung down, else it starts a new one. Objectives that cannot resume are stopped in place of paused
(the stopping kind). The rungs are `rungs.py`, the ranks `standings.py`, opening rungs `opening_rungs.py`.

Source: Li et al. 2020, A system for massively parallel hyperparameter tuning, MLSys, algorithm 2.
"""

from typing import Any

from tunesmith.fidelity import Fidelity
from tunesmith.history import History
from tunesmith.schedulers.base import Action, Decision, Next, Propose, Resume, Start
from tunesmith.schedulers.opening_rungs import open_rungs
from tunesmith.schedulers.rungs import check_eta, next_rung, rungs
from tunesmith.schedulers.standings import Standings, StandingsCache
from tunesmith.trial import State, Trial


class ASHA:
    """Promotes the best 1/η of each rung as soon as they are known.

    Args:
        eta: Factor between rungs, and how many trials there are for each that goes on; 2 or more.
    """

    name = "asha"

    def __init__(self, eta: int = 3) -> None:
        self.eta = check_eta(eta)
        self._standings = StandingsCache()

    @property
    def settings(self) -> dict[str, Any]:
        """The factor."""
        return {"eta": self.eta}

    def plan(self, fidelity: Fidelity) -> str | None:
        """Say where trials are compared."""
        steps = rungs(fidelity.low, fidelity.high, self.eta)
        kind = "stopped for good" if fidelity.resumable is False else "paused"
        if fidelity.high is None:
            return (
                f"Trials are compared at {fidelity.name} {', '.join(map(str, steps[:3]))} and so on, as far "
                f"as the order of the best still changes; the best of every {self.eta} go on, the others are "
                f"{kind}."
            )
        if len(steps) == 1:
            return None
        return (
            f"Trials are compared at {fidelity.name} {', '.join(map(str, steps[:-1]))}: the best of every "
            f"{self.eta} go on, to {steps[-1]} at last; the others are {kind}."
        )

    def _look(self, history: History) -> Standings:
        fidelity = history.fidelity
        assert fidelity is not None
        return self._standings.get(history, rungs(fidelity.low, fidelity.high, self.eta))

    def _top(self, history: History, standings: Standings) -> int:
        """Position of the last rung that trials go to."""
        assert history.fidelity is not None
        if history.fidelity.high is not None:
            return len(standings.steps) - 1
        return open_rungs(history, standings)

    def next(self, history: History, propose: Propose) -> Next:
        """Promote where that is due, else start a trial, else bring the best one to the top."""
        assert history.fidelity is not None
        standings = self._look(history)
        top, name = self._top(history, standings), history.fidelity.name
        for rung in reversed(range(top)):
            number = standings.best_paused(rung)
            if number is None:
                continue
            rank, places = standings.rank(number, rung), len(standings.places[rung])
            # A pause in place of going on, of an objective that goes to its target in one call.
            has_to = history.fidelity.resumable is False
            if has_to or rank <= places // self.eta:
                step, further = standings.steps[rung], standings.steps[rung + 1]
                return Resume(
                    number, f"goes on to {name} {further}: rank {rank} of {places} at {name} {step}"
                )
        if propose() is not None:
            return Start()
        return bring_best_to_top(history, standings, top)

    def target(self, history: History, trial: Trial) -> int | None:
        """The next rung."""
        assert history.fidelity is not None
        steps = rungs(history.fidelity.low, history.fidelity.high, self.eta)
        return next_rung(steps, trial.last_step)

    def after_report(self, history: History, trial: Trial) -> Decision:
        """Go on if it is in the top 1/η of its rung, else pause; stop where it could not go on later."""
        fidelity = history.fidelity
        assert fidelity is not None
        standings = self._look(history)
        number, name = trial.number, fidelity.name
        rung = standings.rung_of(number)
        if rung < 0:
            return Decision()
        step, places = standings.steps[rung], len(standings.places[rung])
        rank, kept = standings.rank(number, rung), places // self.eta
        stops = fidelity.resumable is False
        if stops:
            kept = max(1, kept)  # the first ones cannot wait for others
        if rung >= self._top(history, standings):
            return Decision(
                Action.PAUSE, f"paused at {name} {step}, the furthest that the order of the best calls for"
            )
        if rank <= kept:
            return Decision()
        further = standings.steps[rung + 1]
        what = "stopped" if stops else "paused"
        rest = (
            f"the best {kept} go on to {name} {further}" if kept else f"too few to go on to {name} {further}"
        )
        return Decision(
            Action.STOP if stops else Action.PAUSE,
            f"{what} at {name} {step}: rank {rank} of {places}, {rest}",
        )


def bring_best_to_top(history: History, standings: Standings, top: int) -> Next:
    """Go on with the best paused trial as long as none has come to the top and nothing else is to be done."""
    assert history.fidelity is not None
    if history.states[State.RUNNING] or standings.deepest >= top or history.states[State.COMPLETE]:
        return None
    for rung in reversed(range(top)):
        number = standings.best_paused(rung)
        if number is not None:
            name, further = history.fidelity.name, standings.steps[rung + 1]
            step = standings.steps[rung]
            return Resume(
                number,
                f"goes on to {name} {further}: the best at {name} {step}, and no trial has got further",
            )
    return None
