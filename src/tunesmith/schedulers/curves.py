"""Curves: goes on with what promises most improvement for its cost, by a model of all learning curves.

The joint model (`learning.curve_model`) predicts what every trial will have in the end, and what a new config
would. A free worker gets the trial or the new config whose training is worth most for its cost, where a look
on the way may end it (`acquisition.looks`). Bad trials are never chosen again, and are stopped for good when
next to nothing speaks for them.

Objectives that cannot resume are decided about when they report: stopped, or left to go on.

What is not here: the model, and new configs, which are the method's.

References:
    [Swersky2014] K. Swersky, J. Snoek, R. P. Adams, Freeze-Thaw Bayesian Optimization, 2014. There the choice
    is by information about where the best is; here by what is gained for its cost.
"""

# ruff: noqa: N803, N806 - symbols of the notation in `learning.encoding`

import math
from typing import Any

import numpy as np

from tunesmith.acquisition.improvement import log_improvement
from tunesmith.acquisition.looks import log_worth
from tunesmith.fidelity import Fidelity
from tunesmith.history import History
from tunesmith.learning.curve_model import CurveModel, curves_of, horizon_of, make_curve_model
from tunesmith.learning.scales import Floats, Ints
from tunesmith.schedulers.base import Action, Decision, Next, Propose, Resume, Start
from tunesmith.schedulers.rungs import next_rung, rungs
from tunesmith.space import Config
from tunesmith.threads import one_thread
from tunesmith.trial import State, Trial

FACTOR = 2  # between the steps at which it is decided
FIRST_SHARE = 16  # the first of them is at this part of all steps: before, curves say next to nothing
LATER_SHARE = 8  # the same once so many trials have come to the end: the rest are good configs, and curves of
FINISHED = 5  # good configs cross (a little less regret on the tables of benchmarks/fidelity.py)
LOOKED_AT = 30  # paused trials, most improvement first, whose worth is computed
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
        steps = _steps(fidelity, 0)
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
        return next_rung(_steps(history.fidelity, history.states[State.COMPLETE]), trial.last_step)

    @one_thread()
    def after_report(self, history: History, trial: Trial) -> Decision:
        """Pause, to be compared with others; stop where next to nothing speaks for it."""
        fidelity = history.fidelity
        assert fidelity is not None
        report, number = trial.reports[-1], trial.number
        at = f"{fidelity.name} {report.step}"
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


def _steps(fidelity: Fidelity, finished: int) -> tuple[int, ...]:
    """Steps at which it is decided, when so many trials have come to the end."""
    share = FIRST_SHARE if finished < FINISHED else LATER_SHARE
    first = fidelity.low if fidelity.high is None else max(fidelity.low, fidelity.high // share)
    return rungs(first, fidelity.high, FACTOR)


def _horizon(history: History) -> int:
    return horizon_of(history, curves_of(history)[1])


def _unfinished(history: History) -> list[int]:
    """Numbers of the paused trials that have not come to the horizon."""
    horizon = _horizon(history)
    paused = history.numbers(State.PAUSED).tolist()
    return [n for n in paused if history[n].last_step < horizon]


def _worth(history: History, model: CurveModel, numbers: list[int]) -> Floats:
    """Log of the worth of going on with trials; -inf where unknown, and of those that are far behind."""
    assert history.fidelity is not None
    worth = np.full(len(numbers), -np.inf)
    place = {number: i for i, number in enumerate(model.numbers.tolist())}
    known = np.array([i for i, number in enumerate(numbers) if number in place], dtype=np.int64)
    at = np.array([place[numbers[i]] for i in known], dtype=np.int64)
    promising = np.argsort(-log_improvement(model.z[at], model.sigma[at], model.incumbent), kind="stable")
    known = known[promising[:LOOKED_AT]]
    chosen = np.array([numbers[i] for i in known], dtype=np.int64)
    resumes = history.fidelity.resumable is not False  # else all steps are trained anew
    done = [history[n].last_step if resumes else 0 for n in chosen.tolist()]
    worth[known] = _best_look(history, model, model.encoded(chosen), chosen, np.array(done, dtype=np.int64))
    return worth


def _worth_of_new(history: History, model: CurveModel, config: Config) -> float:
    """The same of a config that is in no trial."""
    encoding = model.encoding
    positions = encoding.positions(history.space.encode(config)[None, :])
    Z = encoding.encode(encoding.settle(positions)[0])
    return float(_best_look(history, model, Z, np.array([len(history)]), np.zeros(1, dtype=np.int64))[0])


def _best_look(history: History, model: CurveModel, Z: Floats, curves: Ints, done: Ints) -> Floats:
    """Log of the worth of configs Z (n, p), trained so far: that of the best step for a look, shape (n,)."""
    assert history.fidelity is not None
    steps_now = _steps(history.fidelity, history.states[State.COMPLETE])
    rungs_left = [step for step in steps_now if step < model.horizon]
    looks = np.array([*rungs_left, model.horizon], dtype=np.float64)
    steps = np.where(looks > done[:, None], looks, model.horizon)  # (n, k)
    mean, variance, left = model.looks(Z, curves.astype(np.float64), steps)
    cost, rest = (steps - done[:, None]).astype(np.float64), model.horizon - steps
    to_beat = model.to_beat(curves)
    each = [log_worth(mean, variance, left[:, k], cost[:, k], rest[:, k], to_beat) for k in range(len(looks))]
    best: Floats = np.max(each, axis=0)
    return best


def _chance(model: CurveModel, number: int) -> float:
    """Chance that a trial beats the incumbent."""
    at = int(np.searchsorted(model.numbers, number))
    return model.chance(at)


def _in_words(history: History, model: CurveModel, number: int) -> str:
    assert history.fidelity is not None
    loss = float(model.z.min()) if number == model.leader else model.incumbent
    value = history.sign * float(model.transform.inverse(np.array([loss]))[0])
    end = f"{history.fidelity.name} {model.horizon}"
    if number == model.leader:
        return f"leads, with {value:.4g} expected at {end}"
    chance = 100.0 * _chance(model, number)
    shown = f"{chance:.0f}" if chance >= 1.0 else "under 1"
    return f"{shown} % chance of beating {value:.4g} by {end}"


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
