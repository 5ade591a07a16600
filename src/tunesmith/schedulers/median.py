"""Median: a trial is stopped when its best value so far is worse than the median of others at the same step.

Nothing is paused, so that it suits every objective. Trials are judged at steps that double, of which a short
start-up is left out.

Source: Golovin et al. 2017, Google Vizier, KDD, section 3.2.2, with the best value in place of the average.
"""

import math
from typing import Any

from tunesmith.errors import OptionError, message
from tunesmith.fidelity import Fidelity
from tunesmith.history import History
from tunesmith.schedulers.base import Action, Decision, Next, Propose, Resume, Start
from tunesmith.schedulers.rungs import endless, next_rung, rungs
from tunesmith.schedulers.standings import StandingsCache
from tunesmith.trial import Trial
from tunesmith.whole import whole

FACTOR = 2  # between the steps at which trials are judged


class Median:
    """Stops trials that are worse than the median.

    Args:
        least: Results at a step below which no trial is stopped there, 1 or more.
    """

    name = "median"

    def __init__(self, least: int = 5) -> None:
        number = whole(least)
        if number is None or number < 1:
            raise OptionError(message("least must be a whole number of 1 or more", given=repr(least)))
        self.least = number
        self._standings = StandingsCache()

    @property
    def settings(self) -> dict[str, Any]:
        """The least number of results."""
        return {"least": self.least}

    def plan(self, fidelity: Fidelity) -> str | None:
        """Say when trials are stopped, and where the others have no end."""
        steps = rungs(fidelity.low, fidelity.high, FACTOR)[:-1]
        shown = ", ".join(map(str, steps[:6])) + (" and so on" if len(steps) > 6 else "")
        if not steps:
            return None
        stops = (
            f"A trial is stopped when it is worse than the median of the others at {fidelity.name} {shown}."
        )
        return f"{stops} {endless(fidelity) or ''}".rstrip()

    def next(self, history: History, propose: Propose) -> Next:
        """Start a trial; first go on with those that had to end their call at a step."""
        standings = self._standings.get(history, self._steps(history))
        for rung in reversed(range(len(standings.steps))):
            number = standings.best_paused(rung)
            if number is not None:
                assert history.fidelity is not None
                name, step = history.fidelity.name, standings.steps[rung]
                return Resume(number, f"goes on from {name} {step}: no worse than the median")
        return None if propose() is None else Start()

    def _steps(self, history: History) -> tuple[int, ...]:
        assert history.fidelity is not None
        return rungs(history.fidelity.low, history.fidelity.high, FACTOR)

    def target(self, history: History, trial: Trial) -> int | None:
        """The next step at which trials are judged."""
        return next_rung(self._steps(history), trial.last_step)

    def after_report(self, history: History, trial: Trial) -> Decision:
        """Stop it if its best loss so far is above the median of the other trials' losses at this step."""
        fidelity = history.fidelity
        assert fidelity is not None
        standings = self._standings.get(history, self._steps(history))
        rung, name = standings.rung_of(trial.number), fidelity.name
        if rung < 0:
            return Decision()
        step = standings.steps[rung]
        others = len(standings.places[rung]) - 1
        if others < self.least:
            return Decision()
        median = standings.median_without(trial.number, rung)
        best = min(
            (history.sign * r.value for r in trial.reports if math.isfinite(r.value)), default=math.inf
        )
        if best <= median:
            return Decision()
        shown = history.sign * best, history.sign * median
        return Decision(
            Action.STOP,
            f"stopped at {name} {step}: its best value {shown[0]:.6g} is worse than the median of {others} "
            f"others, {shown[1]:.6g}",
        )
