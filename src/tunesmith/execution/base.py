"""The contract of an executor: where trials run.

1. `submit` takes a job when fewer than `capacity` are under way, and never more.
2. `wait` returns what ended since the last call, each job exactly once, as a Finished or Failed event; it
   returns early as soon as there is one, and an empty list when `timeout` has passed.
3. While jobs run, every report reaches `on_report`, in order within a job, and the job gets its answer before
   it goes on. A job that was answered END is asked to end; whatever it does then, its event is Ended
   (but a BaseException that has to be raised again is Failed). What reports after the end of its job, such
   as a thread or a callback of an earlier trial, is refused: that is no report of the job that runs then.
4. One job's death (exception, segmentation fault, os._exit, time or memory limit) is that job's Failed event
   and touches no other job.
5. `cancel` ends a job without an event; when it returns, the job runs no more.
6. `close` ends every job and process and leaves none behind, also after an error; it may be called twice.
7. The objective gets a dict of its own, with the very options where it runs in our process, and values reach
   us as plain floats.
8. `wait` raises what `on_report` raises, and an ObjectiveError when the objective cannot be loaded where it
   should run. What it has learnt of other jobs by then is not lost: the next `wait` returns it.

`tunesmith.testing.ExecutorContract` checks these on any executor.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol, TypeAlias

from tunesmith.trial import Failure


@dataclass(frozen=True, slots=True)
class Course:
    """How far a job is to go, in steps of the study's fidelity.

    Args:
        name: What a step is, for messages.
        last: Step of the trial's last report, of earlier attempts; 0 when there is none.
        until: Step at which the job is going to be asked to end, or not; None for the end.
        high: Steps of a full training; None when it is not known.
        resumes: Whether it goes on behind `last`; else it trains anew from step 1.
    """

    name: str
    last: int = 0
    until: int | None = None
    high: int | None = None
    resumes: bool = True


@dataclass(frozen=True, slots=True)
class Job:
    """One attempt to run.

    Args:
        number: Number of the trial.
        attempt: Which attempt, from 1.
        config: Values of the active parameters.
        seed: A number for the objective's own randomness; the same for every attempt of a trial.
        folder: Directory for checkpoints, as text; empty when there is none.
        course: How far it is to go; None where the study has no fidelity.
        direction: "minimize" or "maximize", as the study has it; empty when it is not known.
    """

    number: int
    attempt: int
    config: dict[str, Any]
    seed: int = 0
    folder: str = ""
    course: Course | None = None
    direction: str = ""


class Use(StrEnum):
    """What an objective used of its trial."""

    STEPS = "steps"
    FIDELITY = "fidelity"
    FOLDER = "folder"
    REPORT = "report"


@dataclass(frozen=True, slots=True)
class Finished:
    """A job returned a value.

    Args:
        number: Number of the trial.
        value: The value.
        at: Step that the value belongs to, where the objective asked how far to go (`trial.fidelity`) and
            went there in one go; None where it ended by itself.
        used: What the objective used of its trial.
    """

    number: int
    value: float
    at: int | None = None
    used: frozenset[Use] = field(default=frozenset(), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Failed:
    """A job ended without a value.

    Args:
        number: Number of the trial.
        failure: Why.
        is_bug: Whether this is a mistake in the objective that no config can mend, such as a return value of
            the wrong type; it ends the run.
        at: Step that the objective was to go to in one go (`trial.fidelity`), nothing reported on the way;
            None otherwise, and where its process died.
        error: A BaseException to be raised again in the run (KeyboardInterrupt raised by the objective
            itself, GeneratorExit); None otherwise.
    """

    number: int
    failure: Failure
    is_bug: bool = False
    at: int | None = None
    error: BaseException | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Ended:
    """A job ended after one of its reports was answered END.

    Args:
        number: Number of the trial.
        used: What the objective used of its trial.
    """

    number: int
    used: frozenset[Use] = field(default=frozenset(), compare=False, repr=False)


Event: TypeAlias = Finished | Failed | Ended


class Answer(StrEnum):
    """What a job does after a report."""

    CONTINUE = "continue"
    END = "end"


OnReport: TypeAlias = Callable[[int, int, float], Answer]
"""Called with (trial number, step, value)."""


class Executor(Protocol):
    """Runs jobs; the rules are at the top of this file."""

    @property
    def capacity(self) -> int:
        """How many jobs may be under way at once, 1 or more."""

    def submit(self, job: Job) -> None:
        """Start a job."""

    def wait(self, timeout: float, on_report: OnReport) -> list[Event]:
        """Wait until a job ends or `timeout` seconds have passed."""

    def cancel(self, number: int) -> None:
        """End a job, without an event."""

    def close(self) -> None:
        """End everything."""
