"""The run loop: takes trials, gives them to an executor, tells what comes back, and knows when to end.

The rules it keeps (design: nothing is lost, one bad trial never ends a run, a bug of the user's does):

- A trial is in the store before it runs, and its result before the next is asked for.
- `trials`, `time` and `budget` are totals of the study. Failed trials count. When `time` is up no trial
  starts; those that run in worker processes are ended and given back, to be run again by a longer run; one
  that runs in this process is waited for, since nothing can end it. When the steps of `budget` are used up,
  running trials are given back at their next report.
- When all `trials` are started, those that the scheduler goes on with are gone on with before the run ends.
  What is paused then stays so: a run with more trials may go on with it.
- Ctrl+C (or SIGTERM) gives running trials back and ends the run; a second one interrupts even that, and
  then the leases give them back.
- While the study is paused no trial starts, and the time does not count once none runs. When it is told to
  stop, the trials in hand end first, as with `Study.stop`.
- A wrong return type, the first `max_failures` trials all failing, and a BaseException other than SystemExit
  end the run; the trial is stored first. A run that comes to its end with nothing but failures is an error,
  too, however few they are; one that was interrupted or told to stop is not.
"""

import contextlib
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tunesmith.errors import ObjectiveError, SpaceUsedUp, bounded
from tunesmith.execution.base import Answer, Ended, Event, Failed, Finished
from tunesmith.execution.serial import SerialExecutor
from tunesmith.schedulers.base import Action
from tunesmith.study.options import Options, check_names, check_takes_config
from tunesmith.study.signals import Signals
from tunesmith.study.spending import Spending
from tunesmith.study.steering import PAUSED, Asked
from tunesmith.study.words import all_started, counted, nothing_but_failures, slow_asks, unused
from tunesmith.trial import State, Trial
from tunesmith.wording import all_of

if TYPE_CHECKING:
    from tunesmith.study.study import Study

POLL = 0.25  # seconds between looks at the clock and at signals while trials run
SAVE_TIME_EVERY = 5.0  # seconds of run time that a kill may leave uncounted


def run(study: "Study", objective: Callable[..., Any], **options: Any) -> "Study":
    """Run an objective until a limit is reached; the options are those of `options.check_options`."""
    check_takes_config(objective, study.space)
    return run_with(study, check_names(objective, options))


def run_with(study: "Study", options: Options) -> "Study":
    """Run with options that have been checked."""
    return _Run(study, options).go()


@dataclass
class _Run:
    """State of one run."""

    study: "Study"
    options: Options
    under_way: dict[int, Trial] = field(default_factory=dict)
    reason: str = ""
    was_told: bool = False  # to stop
    failed_here: int = 0
    error: BaseException | None = None
    held: list[Event] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Take the options apart."""
        self.executor, self.limits = self.options.executor, self.options.limits
        self.progress, self.ordered = self.options.progress, self.options.ordered
        self.runs_here = isinstance(self.executor, SerialExecutor)
        self.since_best: set[int] = set()  # trials that ended after the best one
        self.spending = Spending(self.study.history, self.limits.steps)
        self.out_of_budget: set[int] = set()
        self.asking = self.trying = 0.0  # seconds of choosing configs, and of trials that have ended
        self.ended = 0

    def go(self) -> "Study":
        """Run to the end, whatever the end is."""
        study, signals = self.study, Signals()
        with contextlib.ExitStack() as leaving:  # each of these happens, whatever becomes of the others
            leaving.callback(self.executor.close)
            study.ledger.sync()
            study.stop_reason = ""
            study.take_stop_request()
            self.clock = _Clock(study)
            self.asked = Asked(study)
            leaving.callback(self.clock.save)
            best = study.history.best
            if best is not None:
                later = (t for t in study.history.trials[best.number + 1 :] if t.counts)  # not added ones
                self.since_best = {t.number for t in later if t.is_finished or t.state is State.PAUSED}
            self.progress.start(study, self.limits, [*study.notes, *_plans(study)])
            self.progress.update(self.study, 0, self.clock.total)  # what earlier runs took
            leaving.callback(self._say_end)
            leaving.callback(self._give_back)
            with signals.installed():
                self._loop(signals)
        if self.error is not None:
            raise self.error
        if signals.terminated:
            raise SystemExit(128 + signal.SIGTERM)
        if not (signals.count or self.was_told) and self._came_to_nothing():
            is_cut = any(t.attempt and not t.is_finished for t in study.history.trials)  # given back
            noun = "ended trial" if is_cut else "trial"
            wrong = all_of(study.history.states[State.FAILED], noun, "has failed", "have failed")
            fix = "Mend the objective; begin a new study, or raise the limits, since failed trials count."
            raise ObjectiveError(nothing_but_failures(study.history, wrong, fix))
        return study

    def _say_end(self) -> None:
        self.study.ledger.sync()  # others may have gone on
        self.study.stop_reason = self.reason or "ended by an error"
        self.progress.finish(self.study, self.study.stop_reason)

    # -- the loop ----------------------------------------------------------------------------------------

    def _loop(self, signals: Signals) -> None:
        while True:
            if not self.reason:
                self.reason = self._why_end(signals)
            if not self.reason:
                if not self.asked.is_paused:
                    self._fill()
                elif not self.under_way:
                    self._rest()
            elif self._must_end_now(signals):
                return
            if not self.under_way:
                if self.reason:
                    return
                continue
            events: Sequence[Event] = ()
            try:
                with signals.interrupting(self.runs_here):
                    events = self.executor.wait(POLL, self._on_report)
            except KeyboardInterrupt:
                if signals.count != 1:
                    raise  # nobody pressed anything, or pressed twice
            for event in self._in_order(events):
                self._take(event, signals)
            self.clock.save(every=SAVE_TIME_EVERY)
            self.progress.update(self.study, len(self.under_way), self.clock.total)

    def _why_end(self, signals: Signals) -> str:
        limits, history = self.limits, self.study.history
        if signals.count or signals.terminated:
            return "interrupted"
        if self.error is not None:
            return "ended by an error"
        if self.out_of_budget or self.spending.left < 1:
            return f"the budget of {counted(self.limits.steps or 0, 'step')} is used up"
        asked = self.study.take_stop_request() or self.asked.look()
        if asked:
            self.was_told = True
            return asked
        if limits.time is not None and self.clock.total >= limits.time:
            return f"the time is up ({_words(limits.time)})"
        best = history.best
        if limits.target is not None and best is not None and best.value is not None:
            wanted, have = history.sign * limits.target, history.sign * best.value
            if have <= wanted:
                return f"the target {limits.target!r} is reached"
        if limits.patience is not None and best is not None and len(self.since_best) >= limits.patience:
            count = counted(len(self.since_best), "trial")
            return f"{count} brought nothing better (patience {limits.patience})"
        return ""

    def _must_end_now(self, signals: Signals) -> bool:
        is_late = self.limits.time is not None and self.clock.total >= self.limits.time
        return bool(signals.count or signals.terminated or self.error is not None or is_late)

    def _fill(self) -> None:
        """Start trials until the executor is full or there is nothing to start."""
        if self.ordered and self.under_way:
            return  # a batch is told whole, in order, before the next is asked for
        while len(self.under_way) < self.executor.capacity:
            began = time.monotonic()
            try:
                trial = self.study.next_trial(self.limits.trials)
            except SpaceUsedUp as used_up:
                self._ran_out(f"the space is used up: {used_up}")
                return
            if trial is None:
                self._ran_out(self._all_started())
                return
            self.asking += time.monotonic() - began
            job = self.study.pacing.job(trial)
            if not self.spending.begin(trial.number, job.course):
                self.study.ledger.release(trial.number, trial.attempt)
                self.out_of_budget.add(trial.number)
                return
            self.under_way[trial.number] = trial
            self.executor.submit(job)
            if self.limits.time is not None and self.clock.total >= self.limits.time:
                return

    def _rest(self) -> None:
        """Wait a moment, without counting it: the study is paused and no trial runs."""
        self._say_once(PAUSED)
        time.sleep(POLL)
        self.clock.skip(POLL)
        self.progress.update(self.study, 0, self.clock.total)

    def _all_started(self) -> str:
        states = self.study.history.states
        elsewhere = states[State.RUNNING] - len(self.under_way)
        waiting = states[State.WAITING] - len(self.study.ledger.misfits)
        return all_started(self.limits.trials or 0, elsewhere, waiting, self.study.history.counted)

    def _ran_out(self, why: str) -> None:
        # Nothing more to start. Before ending, take over what dead workers left.
        if not self.under_way and not self.study.ledger.reclaim():
            self.reason = why

    def _on_report(self, number: int, step: int, value: float) -> Answer:
        trial = self.under_way[number]
        decision = self.study.take_report(number, trial.attempt, step, value)
        if decision.action is not Action.CONTINUE:
            return Answer.END
        if not self.spending.goes_on(number):
            self.out_of_budget.add(number)
            return Answer.END
        return Answer.CONTINUE

    # -- what comes back ---------------------------------------------------------------------------------

    def _in_order(self, events: Sequence[Event]) -> Sequence[Event]:
        if not self.ordered:
            return events
        self.held += events
        if len(self.held) < len(self.under_way):
            return ()
        ready, self.held = sorted(self.held, key=lambda e: e.number), []
        return ready

    def _take(self, event: Event, signals: Signals) -> None:
        trial = self.under_way.pop(event.number)
        study, number, attempt = self.study, event.number, trial.attempt
        self.spending.end(number)
        self._learn_use(event, trial)
        if isinstance(event, Finished):
            study.pacing.take(number, attempt, event.value, event.at)
        elif isinstance(event, Ended):
            if number in self.out_of_budget:
                study.ledger.release(number, attempt)
                return
            study.pacing.end(number, attempt)
        elif isinstance(event.error, KeyboardInterrupt) and signals.count:
            study.ledger.release(number, attempt)
            return
        else:
            # Of a process that died nobody knows what it used: it is taken to have done as others did.
            at = study.pacing.goal(trial) if event.at is None and self.spending.goes_in_one else event.at
            study.pacing.fail(number, attempt, event.failure, at)
            self._take_failure(event, study.history[number])
        told, best = study.history[number], study.history.best
        if told.state is State.FAILED and self.error is None:
            self._count_failure()
        if best is not None and best.number == number:
            self.since_best.clear()
        elif attempt == 1 or told.is_finished:
            self.since_best.add(number)
        self.progress.trial(study, told)
        self.ended += 1
        self.trying += told.seconds or 0.0
        self._say_once(slow_asks(study.method.name, self.ended, self.asking, self.trying))
        if told.is_finished:
            for callback in self.options.callbacks:
                callback(study, told.copied())

    def _learn_use(self, event: Event, trial: Trial) -> None:
        """Tell the user, once a run, when the objective does not use what it is given as it should."""
        if isinstance(event, Failed):
            return
        self.spending.goes_in_one |= isinstance(event, Finished) and event.at is not None
        is_command = "command" in self.study.ledger.record.info
        self._say_once(unused(event.used, trial, self.study.history.fidelity, is_command=is_command))

    def _say_once(self, note: str) -> None:
        if note and note not in self.study.notes:
            self.study.notes.append(note)
            self.progress.note(note)

    def _take_failure(self, event: Failed, trial: Trial) -> None:
        if event.error is not None:
            self.error = event.error
        elif event.is_bug:
            self.error = ObjectiveError(
                f"The objective cannot be used: {event.failure.message} (trial {trial.number}, "
                f"config {bounded(repr(trial.config))})"
            )

    def _count_failure(self) -> None:
        self.failed_here += 1
        if (
            self.limits.max_failures is not None
            and self.failed_here >= self.limits.max_failures
            and not self._has_result()
        ):
            count = self.failed_here
            wrong = "the first trial failed" if count == 1 else f"all of the first {count} trials failed"
            fix = "Mend the objective and run again, or raise max_failures."
            self.error = ObjectiveError(nothing_but_failures(self.study.history, wrong, fix))

    def _has_result(self) -> bool:
        good = (State.COMPLETE, State.STOPPED, State.PAUSED)  # of those added, none is the objective's
        return any(t.counts and t.state in good for t in self.study.history.trials)

    def _came_to_nothing(self) -> bool:
        """Whether the study has nothing but failures, and no trial under way elsewhere that may succeed."""
        states = self.study.history.states
        return (
            self.limits.max_failures is not None
            and states[State.FAILED] > 0
            and states[State.RUNNING] == 0
            and not self._has_result()
        )

    def _give_back(self) -> None:
        for number, trial in list(self.under_way.items()):
            with contextlib.suppress(KeyboardInterrupt):
                self.executor.cancel(number)
            self.study.ledger.release(number, trial.attempt)
        self.under_way.clear()


class _Clock:
    """Run time of the study: what earlier runs took, and this one so far."""

    def __init__(self, study: "Study") -> None:
        self._study = study
        self._before = study.store.add_elapsed(study.ledger.record.id, 0.0)
        self._start = self._saved = time.monotonic()

    @property
    def total(self) -> float:
        """Seconds of all runs together."""
        return self._before + time.monotonic() - self._start

    def skip(self, seconds: float) -> None:
        """Leave out time that has just passed."""
        self._start += seconds
        self._saved += seconds

    def save(self, every: float = 0.0) -> None:
        """Store the time spent, unless that was done within the last `every` seconds."""
        now = time.monotonic()
        if now - self._saved >= every:
            self._study.store.add_elapsed(self._study.ledger.record.id, now - self._saved)
            self._saved = now


def _plans(study: "Study") -> list[str]:
    if len(study.history):
        return []
    fidelity = study.history.fidelity
    plans = [study.method.plan(study.space), fidelity and study.scheduler.plan(fidelity)]
    return [plan for plan in plans if plan]


def _words(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:g} s"
    return f"{seconds / 60:g} min" if seconds < 7200 else f"{seconds / 3600:g} h"
