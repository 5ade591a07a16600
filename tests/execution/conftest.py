"""What tests of several executors share."""

from collections.abc import Callable

import pytest

from tunesmith.execution.base import Executor, Finished, Job
from tunesmith.testing.execution import run_all


@pytest.fixture
def values() -> Callable[[Executor, list[Job]], list[float]]:
    """Runner of jobs: values by job number; the executor is closed."""

    def run(executor: Executor, jobs: list[Job]) -> list[float]:
        try:
            events = sorted(run_all(executor, jobs), key=lambda e: e.number)
        finally:
            executor.close()
        assert all(isinstance(e, Finished) for e in events), events
        return [e.value for e in events if isinstance(e, Finished)]

    return run
