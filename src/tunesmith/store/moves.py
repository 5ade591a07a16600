"""What a change of state does to a trial, the same for every store: pure functions, trial in, trial out.

Each answers None where the contract (`base.py`) says that nothing happens. What is not here: reading, writing
and locking, which is each store's own.
"""

from dataclasses import replace

from tunesmith.errors import OptionError, message
from tunesmith.store.leases import MAX_LOST, Worker
from tunesmith.store.stored_json import plain_text
from tunesmith.trial import Failure, FailureKind, Origin, State, Trial, is_legal

END_STATES = (State.COMPLETE, State.STOPPED, State.FAILED, State.PAUSED)


def is_started(trial: Trial) -> bool:
    """Whether it counts against `limit` (rule 5): once started, always, also when it was given back."""
    return trial.origin is not Origin.ADDED and (trial.state is not State.WAITING or trial.attempt > 0)


def created(trial: Trial, worker: Worker | None, now: float) -> Trial:
    """Record of a new trial: with its times, and started when it is RUNNING.

    Raises:
        OptionError: It is RUNNING and there is no worker.
    """
    trial = replace(trial, created=trial.created or now)
    if trial.state is State.RUNNING:
        if worker is None:
            raise OptionError(message(f"trial {trial.number} is RUNNING and has no worker"))
        attempt, started = max(trial.attempt, 1), trial.started or now
        return replace(trial, worker=worker.id, attempt=attempt, started=started)
    if trial.is_finished:
        return replace(trial, finished=trial.finished or now)
    return trial


def claimed(trial: Trial, worker: Worker, now: float, reason: str | None = None) -> Trial | None:
    """Start the next attempt; None unless it is WAITING or PAUSED."""
    if not is_legal(trial.state, State.RUNNING):
        return None
    return replace(
        trial,
        state=State.RUNNING,
        attempt=trial.attempt + 1,
        worker=worker.id,
        value=None,
        reason=trial.reason if reason is None else reason,
        started=now,
        finished=None,
    )


def finished(
    trial: Trial,
    attempt: int,
    state: State,
    now: float,
    *,
    value: float | None,
    failure: Failure | None,
    reason: str | None,
) -> Trial | None:
    """End a trial, or lay it aside as PAUSED; None when the attempt is stale or the change not legal.

    Raises:
        OptionError: `state` is no end.
    """
    if state not in END_STATES:
        raise OptionError(
            message(
                f"trial {trial.number} cannot be finished as {state}",
                allowed=", ".join(END_STATES),
                fix="Use `claim` or `release`.",
            )
        )
    # A result that comes late is taken as long as nobody has started the trial anew.
    is_late = trial.state is State.WAITING and 1 <= attempt < trial.attempt
    if not (is_late or attempt == trial.attempt) or not is_legal(trial.state, state):
        return None
    return replace(
        trial,
        state=state,
        value=None if value is None else float(value),
        failure=failure,
        reason=trial.reason if reason is None else reason,
        finished=None if state is State.PAUSED else now,
    )


def released(trial: Trial, attempt: int) -> Trial | None:
    """Give a trial back; None unless this attempt is RUNNING."""
    if trial.state is not State.RUNNING or attempt != trial.attempt:
        return None
    return replace(trial, state=State.WAITING)


def lost(trial: Trial, now: float) -> Trial:
    """Give back a RUNNING trial whose worker is dead, or fail it when that has happened too often."""
    times = trial.lost + 1
    if times < MAX_LOST:
        return replace(trial, state=State.WAITING, lost=times)
    words = f"its process died {times} times while running it"
    failure = Failure(FailureKind.CRASH, words)
    return replace(trial, state=State.FAILED, lost=times, failure=failure, finished=now)


def noted(trial: Trial, text: str) -> Trial:
    """The trial with another note."""
    return replace(trial, note=plain_text(text))


def is_report_taken(trial: Trial, attempt: int, step: int, last_step: int | None) -> bool:
    """Whether a report is taken: from the attempt that runs, and above the last step."""
    if trial.state is not State.RUNNING or attempt != trial.attempt:
        return False
    return last_step is None or step > last_step
