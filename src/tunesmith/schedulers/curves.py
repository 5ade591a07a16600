"""Curves: goes on with what promises most improvement for its cost, by a model of all learning curves.

The joint model (`learning.curve_model`) predicts what every trial will have in the end, and what a new config
would. A free worker gets the trial or the new config with the highest expected improvement by remaining step.
Bad trials are never chosen again, and are stopped for good when next to nothing speaks for them.

Objectives that cannot resume are decided about when they report: stopped, or left to go on.

What is not here: the model, and new configs, which are the method's.

References:
    [Swersky2014] K. Swersky, J. Snoek, R. P. Adams, Freeze-Thaw Bayesian Optimization, 2014. There the choice
    is by information about where the best is; here by improvement for its cost.
"""

import math
from typing import Any

import numpy as np

from tunesmith.acquisition.improvement import log_improvement
from tunesmith.fidelity import Fidelity
from tunesmith.history import History
from tunesmith.learning.curve_model import CurveModel, curves_of, horizon_of, make_curve_model
from tunesmith.learning.scales import Floats
from tunesmith.schedulers.base import Action, Decision, Next, Propose, Resume, Start
from tunesmith.schedulers.rungs import next_rung, rungs
from tunesmith.space import Config
from tunesmith.threads import one_thread
from tunesmith.trial import State, Trial

FACTOR = 2  # between the steps at which it is decided
FIRST_SHARE = 16  # the first of them is at this part of all steps: before, curves say next to nothing
HOPELESS = 0.01  # chance of beating the best one below which a trial is stopped for good
POOR = 0.05  # the same where a trial cannot be resumed, and at the end of a study


class Curves:
    """Chooses by expected improvement for its cost what is trained next.

    Example:
        >>> Curves().plan(Fidelity("epoch", 1, 52))
        'Trials are compared at epoch 3, 7, 13, 26, 52: what goes on is what promises most for its cost.'
    """

    name = "curves"

    @property
    def settings(self) -> dict[str, Any]:
        """None."""
        return {}

    def plan(self, fidelity: Fidelity) -> str | None:
        """Say where it decides."""
        steps = _steps(fidelity)
        if len(steps) == 1:
            return None
        shown = steps if fidelity.high is not None else steps[:4]
        more = "" if fidelity.high is not None else " and so on"
        return (
            f"Trials are compared at {fidelity.name} {', '.join(map(str, shown))}{more}: what goes on is "
            "what promises most for its cost."
        )

    @one_thread()
    def next(self, history: History, propose: Propose) -> Next:
        """Go on with a paused trial, or start a new one, whichever promises more for its cost."""
        waiting = _unfinished(history)
        model = make_curve_model(history) if len(history) else None
        if model is None or not waiting:
            return Start() if propose() is not None else _bring_one_to_the_end(history, model)
        worth = _worth(history, model, waiting)
        best = int(np.argmax(worth))
        number = waiting[best]
        config = propose()
        if config is None:
            if _chance(model, number) < POOR:
                return _bring_one_to_the_end(history, model)
            return Resume(number, self._goes_on(history, model, number))
        if _worth_of_new(history, model, config) > worth[best]:
            return Start(f"(promises more for its cost than to go on with trial {number})")
        return Resume(number, self._goes_on(history, model, number))

    def _goes_on(self, history: History, model: CurveModel, number: int) -> str:
        assert history.fidelity is not None
        further = self.target(history, history[number]) or model.horizon
        return f"goes on to {history.fidelity.name} {further}: {_in_words(history, model, number)}"

    def target(self, history: History, trial: Trial) -> int | None:
        """The next step at which it is decided."""
        assert history.fidelity is not None
        return next_rung(_steps(history.fidelity), trial.reports[-1].step if trial.reports else 0)

    @one_thread()
    def after_report(self, history: History, trial: Trial) -> Decision:
        """Pause, to be compared with others; stop where next to nothing speaks for it."""
        fidelity = history.fidelity
        assert fidelity is not None
        report, number = trial.reports[-1], trial.number
        at = f"{fidelity.name} {report.step}"
        if not math.isfinite(report.value):
            return Decision(Action.STOP, f"stopped at {at}: its value is not finite")
        if report.step >= _horizon(history):  # only where the last step is unknown
            return Decision(Action.PAUSE, f"paused at {at}: training longer brings next to nothing")
        model = make_curve_model(history)
        resumable = fidelity.resumable is not False
        if model is None or number not in model.numbers:
            return Decision(Action.PAUSE, f"paused at {at}: too few to compare") if resumable else Decision()
        chance, words = _chance(model, number), _in_words(history, model, number)
        if chance < (HOPELESS if resumable else POOR):
            return Decision(Action.STOP, f"stopped at {at}: {words}")
        return Decision(Action.PAUSE, f"paused at {at}: {words}") if resumable else Decision()


def _steps(fidelity: Fidelity) -> tuple[int, ...]:
    first = fidelity.low if fidelity.high is None else max(fidelity.low, fidelity.high // FIRST_SHARE)
    return rungs(first, fidelity.high, FACTOR)


def _horizon(history: History) -> int:
    return horizon_of(history, curves_of(history)[1])


def _unfinished(history: History) -> list[int]:
    """Numbers of the paused trials that have not come to the horizon."""
    horizon = _horizon(history)
    paused = history.numbers(State.PAUSED).tolist()
    return [n for n in paused if not history[n].reports or history[n].reports[-1].step < horizon]


def _worth(history: History, model: CurveModel, numbers: list[int]) -> Floats:
    """Log of the expected improvement for each step that is to be trained, of trials; -inf where unknown."""
    assert history.fidelity is not None
    worth = np.full(len(numbers), -np.inf)
    place = {number: i for i, number in enumerate(model.numbers.tolist())}
    known = [i for i, number in enumerate(numbers) if number in place]
    at = [place[numbers[i]] for i in known]
    resumes = history.fidelity.resumable is not False  # else all steps are trained anew
    done = [history[numbers[i]].reports[-1].step if resumes else 0 for i in known]
    left = model.horizon - np.array(done, dtype=np.float64)
    improvement = log_improvement(model.z[at], model.sigma[at], model.incumbent)
    worth[known] = improvement - np.log(np.maximum(left, 1.0))
    return worth


def _worth_of_new(history: History, model: CurveModel, config: Config) -> float:
    """The same of a config that is in no trial."""
    encoding = model.encoding
    positions = encoding.positions(history.space.encode(config)[None, :])
    row = model.rows(encoding.encode(encoding.settle(positions)[0]))
    mean, variance = model.gp.predict(row)
    return float(log_improvement(mean, np.sqrt(variance), model.incumbent)[0]) - math.log(model.horizon)


def _chance(model: CurveModel, number: int) -> float:
    """Chance that a trial beats the incumbent."""
    at = int(np.searchsorted(model.numbers, number))
    return model.chance(at)


def _in_words(history: History, model: CurveModel, number: int) -> str:
    assert history.fidelity is not None
    best = history.sign * float(model.transform.inverse(np.array([model.incumbent]))[0])
    chance = 100.0 * _chance(model, number)
    shown = f"{chance:.0f}" if chance >= 1.0 else "under 1"
    return f"{shown} % chance of beating {best:.4g} by {history.fidelity.name} {model.horizon}"


def _bring_one_to_the_end(history: History, model: CurveModel | None) -> Next:
    """Go on with the best paused trial as long as none has got to the end and nothing else is to be done."""
    assert history.fidelity is not None
    if history.states[State.RUNNING] or history.states[State.COMPLETE]:
        return None
    horizon, waiting = _horizon(history), _unfinished(history)
    if not waiting or len(waiting) < history.states[State.PAUSED]:
        return None
    place = {} if model is None else dict(zip(model.numbers.tolist(), model.z.tolist(), strict=True))
    number = min(waiting, key=lambda n: (place.get(n, math.inf), n))
    name = history.fidelity.name
    return Resume(number, f"goes on: the best so far, and none has got to {name} {horizon}")
