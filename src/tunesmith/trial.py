"""Trial: one run of one config, as frozen data, and the one table of legal changes of its state.

    WAITING ──► RUNNING ──► COMPLETE | STOPPED | FAILED        (finished: never changes again)
       ▲           │  ▲
       └───────────┘  └──► PAUSED ──► STOPPED | FAILED

A RUNNING trial whose worker died, or that was interrupted, goes back to WAITING and is run again as the next
attempt. Who may make a change, and how two processes never make the same one, is the store's contract
(`store/base.py`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any


class State(StrEnum):
    """Where a trial stands."""

    WAITING = "waiting"
    """Enqueued, or given back by a worker that was interrupted or died."""
    RUNNING = "running"
    """Some worker has it."""
    PAUSED = "paused"
    """At a rung of its scheduler; can be resumed."""
    COMPLETE = "complete"
    """Finished with a value."""
    STOPPED = "stopped"
    """Ended early by the scheduler; its last report counts for the model."""
    FAILED = "failed"
    """Ended without a value; `failure` says why."""

    @property
    def is_finished(self) -> bool:
        """Whether a trial in this state never changes again."""
        return not LEGAL_CHANGES[self]


LEGAL_CHANGES: Mapping[State, frozenset[State]] = {
    # A late result may still reach a trial that was given back but not yet run again.
    State.WAITING: frozenset({State.RUNNING, State.COMPLETE, State.STOPPED, State.FAILED}),
    State.RUNNING: frozenset({State.WAITING, State.PAUSED, State.COMPLETE, State.STOPPED, State.FAILED}),
    State.PAUSED: frozenset({State.RUNNING, State.COMPLETE, State.STOPPED, State.FAILED}),
    State.COMPLETE: frozenset(),
    State.STOPPED: frozenset(),
    State.FAILED: frozenset(),
}


class Origin(StrEnum):
    """Where a trial's config came from."""

    METHOD = "method"
    """Proposed by the study's method."""
    ENQUEUED = "enqueued"
    """Given by the user, to be run."""
    ADDED = "added"
    """Given by the user together with its result; does not count towards `trials`."""


class FailureKind(StrEnum):
    """Why a trial failed."""

    ERROR = "error"
    """The objective raised an exception, or a command ended with an exit code other than 0."""
    NAN = "nan"
    """The value was NaN, or infinite on the bad side or the good one."""
    TIMEOUT = "timeout"
    """It ran longer than `trial_time` and was ended."""
    MEMORY = "memory"
    """It asked for more memory than `trial_memory`, or raised MemoryError."""
    CRASH = "crash"
    """Its process died: a segmentation fault, an exit from inside, the system's out-of-memory killer."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a trial failed.

    Args:
        kind: Kind of failure.
        message: One line for people.
        traceback: Text of the traceback or the tail of stderr; empty when there is none. Text only: frames
            would keep the objective's data alive.
    """

    kind: FailureKind
    message: str
    traceback: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """One intermediate value.

    Args:
        step: Step of the fidelity, 1 or more, rising within a trial.
        value: What was measured, in the direction of the study; may be NaN.
        time: Seconds since the start of the attempt.
    """

    step: int
    value: float
    time: float


@dataclass(frozen=True, slots=True)
class Trial:
    """One run of one config. A record: it never changes; the study hands out newer ones.

    Args:
        number: Position in the study, from 0, without gaps.
        config: Values of the active parameters.
        state: Where it stands.
        value: Result in the direction of the study; None until COMPLETE (or STOPPED after a report).
        reports: Intermediate values by rising step.
        failure: Why it failed; None unless FAILED.
        origin: Where the config came from.
        reason: One sentence from the method or scheduler on why this trial, or why it was ended.
        is_repeat: Whether the config was run before on purpose, to measure noise.
        attempt: How many times it was started, 0 while WAITING for the first time.
        lost: How many attempts ended because their worker died.
        worker: Identity of the worker that has or had it; None before the first start.
        created: When it came into the study, Unix time in seconds.
        started: When the last attempt started.
        finished: When it ended.
        note: What people wrote about it.
    """

    number: int
    config: dict[str, Any]
    state: State = State.WAITING
    value: float | None = None
    reports: tuple[Report, ...] = ()
    failure: Failure | None = None
    origin: Origin = Origin.METHOD
    reason: str = ""
    is_repeat: bool = False
    attempt: int = 0
    lost: int = 0
    worker: str | None = None
    created: float = field(default=0.0)
    started: float | None = None
    finished: float | None = None
    note: str = ""

    def copied(self) -> "Trial":
        """The same record with a config of its own, to be handed to users, who may change it."""
        return replace(self, config=dict(self.config))

    @property
    def last_step(self) -> int:
        """Step of the last report; 0 before the first."""
        return self.reports[-1].step if self.reports else 0

    @property
    def seconds(self) -> float | None:
        """Wall time of the last attempt in seconds; None unless finished."""
        if self.started is None or self.finished is None:
            return None
        return max(0.0, self.finished - self.started)

    @property
    def is_finished(self) -> bool:
        """Whether it never changes again."""
        return self.state.is_finished

    @property
    def counts(self) -> bool:
        """Whether it counts towards the study's `trials`: it was started here, whatever came of it."""
        return self.origin is not Origin.ADDED and self.state is not State.WAITING


def is_legal(before: State, after: State) -> bool:
    """Tell whether a trial may go from one state to another.

    Example:
        >>> is_legal(State.RUNNING, State.WAITING), is_legal(State.COMPLETE, State.RUNNING)
        (True, False)
    """
    return after in LEGAL_CHANGES[before]
