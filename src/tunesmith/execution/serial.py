"""Runs trials one after another in this process."""

import time
from collections.abc import Callable
from typing import Any

from tunesmith.errors import ObjectiveError, message
from tunesmith.execution.base import Answer, Event, Job, OnReport
from tunesmith.execution.values import adapt
from tunesmith.execution.worker import run_job


class SerialExecutor:
    """Runs each job inside `wait`, in this process; time and memory limits need `ProcessExecutor`.

    Args:
        objective: A function of (config) or (config, trial).

    Raises:
        ObjectiveError: The objective cannot be called with a config.

    Example:
        >>> executor = SerialExecutor(lambda config: config["x"] ** 2)
        >>> executor.submit(Job(0, 1, {"x": 3}))
        >>> executor.wait(0.0, lambda number, step, value: Answer.CONTINUE)
        [Finished(number=0, value=9.0, at=None)]
    """

    def __init__(self, objective: Callable[..., Any]) -> None:
        self._call = adapt(objective)
        self._job: Job | None = None

    @property
    def capacity(self) -> int:
        """One."""
        return 1

    def submit(self, job: Job) -> None:
        """Take a job; it runs in the next `wait`."""
        if self._job is not None:
            raise full(self.capacity)
        self._job = job

    def wait(self, timeout: float, on_report: OnReport) -> list[Event]:
        """Run the job to its end, however long that takes."""
        if self._job is None:
            time.sleep(max(0.0, timeout))
            return []
        job, self._job = self._job, None

        def send(step: int, value: float) -> Answer:
            return on_report(job.number, step, value)

        return [run_job(self._call, job, send)]

    def cancel(self, number: int) -> None:
        """Drop a job that has not been run yet."""
        if self._job is not None and self._job.number == number:
            self._job = None

    def close(self) -> None:
        """Drop what has not been run yet."""
        self._job = None


def full(capacity: int) -> ObjectiveError:
    """Build the error for a job more than an executor takes."""
    return ObjectiveError(message("the executor has all the jobs that it takes", allowed=capacity))
