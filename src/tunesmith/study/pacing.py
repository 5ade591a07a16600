"""Pacing: which trial a free worker gets and how far it goes, as the scheduler decides.

    next     a WAITING trial, else what the scheduler says: a PAUSED one to go on with, or a new config
    report   keep a value; at the trial's target ask the scheduler whether it goes on
    end      carry out what was decided: PAUSED, STOPPED, or FAILED where the value is not finite
    take     a returned value: COMPLETE, or a report where the objective went to its target in one go

Of two processes that would resume the same trial, or start the same number, one is told so by the store and
decides anew. What is decided is the scheduler's (`schedulers/base.py`).
"""

import math
import time
from dataclasses import replace
from typing import Any

from tunesmith.errors import ConfigError, SpaceUsedUp, StudyError, message
from tunesmith.execution.base import Course, Job
from tunesmith.fidelity import Fidelity
from tunesmith.methods.base import Method, Proposal, UsedUp
from tunesmith.schedulers.base import Action, Decision, Resume, Scheduler
from tunesmith.space import Config, Space
from tunesmith.study.ledger import Ledger, LimitReached
from tunesmith.study.telling import last_value
from tunesmith.trial import Failure, FailureKind, State, Trial

TAKEN_OVER = Decision(Action.STOP, "another worker has this trial now")


class _TakenMeanwhile(Exception):
    """Another process took the number that was to be started."""


class Pacing:
    """Asks the scheduler of a study, and does what it says.

    Args:
        ledger: The study's trials.
        scheduler: Who decides.
        method: Who proposes configs.
    """

    def __init__(self, ledger: Ledger, scheduler: Scheduler, method: Method) -> None:
        self.ledger = ledger
        self.scheduler = scheduler
        self._method = method
        self._targets: dict[int, tuple[int, int | None]] = {}  # (attempt, target) of trials that run here
        self._decided: dict[int, tuple[int, Decision]] = {}  # (attempt, what ends it)

    # -- the next trial ----------------------------------------------------------------------------------

    def next(self, limit: int | None) -> Trial | None:
        """Take the next trial; None when there is none to start now.

        Args:
            limit: How many trials may ever have been started; those that are paused are gone on with all
                the same.

        Raises:
            SpaceUsedUp: There is no config left to try, and nothing to go on with.
        """
        trial = self._claim(limit)
        while trial is None:
            offer = _Offer(self.ledger, self._method, limit)
            decided = self.scheduler.next(self.ledger.history, offer.config)
            if isinstance(decided, Resume):
                trial = self.ledger.resume(decided.number, decided.reason)
            elif decided is None:
                if offer.used_up is not None:
                    raise SpaceUsedUp(offer.used_up.words)
                return None
            else:
                try:
                    trial = self._start(offer, decided.reason, limit)
                except _TakenMeanwhile:
                    continue
                except LimitReached:
                    return None
        return trial

    def _claim(self, limit: int | None) -> Trial | None:
        """Start a waiting trial; one whose worker died at a target is decided about first."""
        while (trial := self.ledger.claim(limit)) is not None:
            if not self._was_at_target(trial):
                return trial
            decision = self._decide(trial)
            if decision.action is Action.CONTINUE:
                return trial
            self._finish(trial.number, trial.attempt, decision)
        return None

    def _was_at_target(self, trial: Trial) -> bool:
        fidelity = self.ledger.history.fidelity
        if fidelity is None or not trial.reports:
            return False
        last = trial.last_step
        if fidelity.high is not None and last >= fidelity.high:
            return False
        before = self.scheduler.target(self.ledger.history, replace(trial, reports=trial.reports[:-1]))
        return before is not None and last >= before

    def _start(self, offer: "_Offer", reason: str, limit: int | None) -> Trial:
        if offer.config() is None:
            raise AssertionError(f"scheduler {self.scheduler.name!r} starts a trial without a config")
        proposal, number = offer.proposal, offer.number
        assert proposal is not None

        def build(next_number: int) -> Trial:
            if next_number != number:
                raise _TakenMeanwhile
            return _started(number, proposal, reason)

        return self.ledger.create(build, self.ledger.taker, limit)

    def job(self, trial: Trial) -> Job:
        """What there is to run of a trial that has just been started."""
        return Job(
            trial.number,
            trial.attempt,
            _own(trial.config),
            self.ledger.objective_seed(trial.number),
            self.ledger.folder(trial.number),
            self.course(trial),
            self.ledger.history.direction,
        )

    def course(self, trial: Trial) -> Course | None:
        """How far a trial that has just been started is to go; None where the study has no fidelity."""
        fidelity = self.ledger.history.fidelity
        if fidelity is None:
            return None
        resumes = fidelity.resumable is not False
        return Course(fidelity.name, trial.last_step, self._target(trial), fidelity.high, resumes)

    def _target(self, trial: Trial) -> int | None:
        known = self._targets.get(trial.number)
        if known is not None and known[0] == trial.attempt:
            return known[1]
        return self._set_target(trial)

    def _set_target(self, trial: Trial) -> int | None:
        fidelity = self.ledger.history.fidelity
        assert fidelity is not None
        target = self.scheduler.target(self.ledger.history, trial)
        if target is not None and fidelity.high is not None:
            target = min(target, fidelity.high)
        self._targets[trial.number] = (trial.attempt, target)
        return target

    # -- a trial that runs -------------------------------------------------------------------------------

    def report(self, number: int, attempt: int, step: int, value: float) -> Decision:
        """Keep an intermediate value, and decide whether the trial goes on."""
        with self.ledger.lock:
            history = self.ledger.history
            fidelity = history.fidelity
            target = None if fidelity is None else self._target(history[number])
            if not self.ledger.report(number, attempt, step, value):
                return self._remember(number, attempt, TAKEN_OVER)
            if target is None or step < target:
                return Decision()
            assert fidelity is not None
            if fidelity.high is not None and step >= fidelity.high:
                return Decision()
            decision = self._decide(history[number])
            if decision.action is Action.CONTINUE:
                self._set_target(history[number])
                return decision
            return self._remember(number, attempt, decision)

    def _decide(self, trial: Trial) -> Decision:
        """Whether a trial at its target goes on: not without a finite value, else as the scheduler says."""
        history = self.ledger.history
        if not math.isfinite(trial.reports[-1].value):
            at = f"{_fidelity_name(history.fidelity)} {trial.last_step}"
            return Decision(Action.STOP, f"stopped at {at}: its value is not finite")
        decision: object = self.scheduler.after_report(history, trial)
        if not isinstance(decision, Decision):  # a scheduler may be anybody's
            wrong = f"scheduler {self.scheduler.name!r} decided nothing"
            raise StudyError(message(wrong, allowed="a Decision", given=repr(decision)))
        return decision

    def _remember(self, number: int, attempt: int, decision: Decision) -> Decision:
        self._decided[number] = (attempt, decision)
        return decision

    def decided(self, number: int, attempt: int) -> Decision | None:
        """What ends this attempt, as `report` said; None when nothing does."""
        known = self._decided.get(number)
        return known[1] if known is not None and known[0] == attempt else None

    # -- its end -----------------------------------------------------------------------------------------

    def end(self, number: int, attempt: int) -> None:
        """Carry out what was decided about an attempt."""
        decision = self.decided(number, attempt)
        assert decision is not None
        self._finish(number, attempt, decision)

    def take(self, number: int, attempt: int, value: float, at: int | None) -> None:
        """Take a value that the objective returned.

        Args:
            number: Number of the trial.
            attempt: Which attempt returned it.
            value: The value, finite.
            at: Step that it belongs to; None for the end.
        """
        with self.ledger.lock:
            history = self.ledger.history
            high = None if history.fidelity is None else history.fidelity.high
            if at is not None and at == high:
                self.ledger.report(number, attempt, at, value)  # as if it had gone there by steps
            if at is None or at == high:
                self._forget(number)
                self.ledger.finish(number, attempt, State.COMPLETE, value=value)
                return
            trial = history[number]
            if trial.last_step < at:
                self.report(number, attempt, at, value)
            # Whoever goes to a target in one go cannot just go on: that takes another call.
            decision = self.decided(number, attempt)
            fallback = Decision(Action.PAUSE, f"goes on from {_fidelity_name(history.fidelity)} {at}")
            self._finish(number, attempt, decision or fallback)

    def fail(self, number: int, attempt: int, failure: Failure | None, at: int | None) -> bool:
        """Take a failure; False when the trial is not this attempt's any more.

        Args:
            number: Number of the trial.
            attempt: Which attempt failed.
            failure: Why.
            at: Step that it was to go to in one go: it is paid for, and kept as a report without a value.
                None where its reports tell how far it came.
        """
        with self.ledger.lock:
            if at is not None and self.ledger.history[number].last_step < at:
                self.ledger.report(number, attempt, at, math.nan)
            self._forget(number)
            return self.ledger.finish(number, attempt, State.FAILED, failure=failure)

    def goal(self, trial: Trial) -> int | None:
        """Step to which a running trial goes before anybody is asked; None where that is not known."""
        fidelity = self.ledger.history.fidelity
        return None if fidelity is None else self._target(trial) or fidelity.high

    def _finish(self, number: int, attempt: int, decision: Decision) -> None:
        trial = self.ledger.history[number]
        self._forget(number)
        if decision.action is Action.PAUSE:
            value = last_value(trial)
            self.ledger.finish(number, attempt, State.PAUSED, value=value, reason=decision.reason)
        elif trial.reports and not math.isfinite(trial.reports[-1].value):
            report = trial.reports[-1]
            name = _fidelity_name(self.ledger.history.fidelity)
            failure = Failure(FailureKind.NAN, f"its value was {report.value} at {name} {report.step}")
            self.ledger.finish(number, attempt, State.FAILED, failure=failure, reason=decision.reason)
        else:
            value = last_value(trial)
            self.ledger.finish(number, attempt, State.STOPPED, value=value, reason=decision.reason)

    def _forget(self, number: int) -> None:
        self._targets.pop(number, None)
        self._decided.pop(number, None)


def _own(option: Any) -> Any:
    """The same with lists, dicts and sets anew: who changes one changes no option of the space."""
    kind = type(option)
    if kind is dict:
        return {key: _own(value) for key, value in option.items()}
    return kind(map(_own, option)) if kind in (list, tuple, set) else option


class _Offer:
    """What the method would start, asked for when it is first wanted."""

    def __init__(self, ledger: Ledger, method: Method, limit: int | None) -> None:
        self._ledger = ledger
        self._method = method
        self._limit = limit
        self._was_asked = False
        self.number = len(ledger.history)
        self.proposal: Proposal | None = None
        self.used_up: UsedUp | None = None

    def config(self) -> Config | None:
        """Config of the next trial; None when there is none to be had."""
        if self._limit is not None and self._ledger.history.counted >= self._limit:
            return None
        if not self._was_asked:
            self._was_asked = True
            outcome = self._method.propose(self._ledger.history, self.number, self._ledger.record.seed)
            if isinstance(outcome, UsedUp):
                self.used_up = outcome
            else:
                self.proposal = _checked(outcome, self._method, self._ledger.history.space)
        return None if self.proposal is None else self.proposal.config


def _checked(outcome: Any, method: Method, space: Space) -> Proposal:
    """What a method proposed, which may be anybody's.

    Raises:
        StudyError: It is no proposal, or not of this space.
    """
    whose = f"method {method.name!r} proposed"
    if not isinstance(outcome, Proposal):
        raise StudyError(message(f"{whose} no config", allowed="a Proposal, or UsedUp", given=repr(outcome)))
    try:
        space.check(outcome.config)
    except ConfigError as error:
        raise StudyError(f"{whose} what is not of the space: {error}") from error
    return outcome


def _started(number: int, proposal: Proposal, reason: str) -> Trial:
    now = time.time()
    return Trial(
        number,
        proposal.config,
        State.RUNNING,
        reason=f"{proposal.reason} {reason}".strip(),
        is_repeat=proposal.is_repeat,
        attempt=1,
        created=now,
        started=now,
    )


def _fidelity_name(fidelity: Fidelity | None) -> str:
    return "step" if fidelity is None else fidelity.name
