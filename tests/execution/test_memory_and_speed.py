"""Memory stays flat over many trials, and workers add little time to each."""

import os
import time
from typing import Any

import numpy as np
import pytest

from tunesmith.execution import memory
from tunesmith.execution.base import Executor, Finished, Job
from tunesmith.execution.processes import ProcessExecutor
from tunesmith.execution.serial import SerialExecutor
from tunesmith.testing.execution import run_all

pytestmark = pytest.mark.skipif(not memory.IS_SUPPORTED, reason="reads memory from /proc")
MB = 1_000_000


def held() -> int:
    return memory.held_by(os.getpid())


def heavy(config: dict[str, Any]) -> float:
    block = np.ones(50 * MB, dtype=np.uint8)
    keep: list[Any] = [block]
    keep.append(keep)  # a cycle
    if config["fails"]:
        error = ValueError("too bad")
        raise error
    keep.clear()
    return float(block[-1])


@pytest.mark.parametrize("fails", [False, True])
def test_a_trials_memory_goes_with_it(fails: bool) -> None:
    executor = SerialExecutor(heavy)
    run_all(executor, [Job(0, 1, {"fails": fails})])
    before = held()
    run_all(executor, [Job(n, 1, {"fails": fails}) for n in range(30)])
    assert held() - before < 60 * MB  # of the 1,500 MB that were allocated


def run_many(executor: Executor, count: int) -> int:
    """Run jobs without keeping their events; returns how many finished."""
    done = started = 0
    while done < count:
        while started - done < executor.capacity and started < count:
            executor.submit(Job(started, 1, {"x": started}))
            started += 1
        events = executor.wait(5.0, lambda *report: pytest.fail("no report was sent"))
        assert all(type(e) is Finished for e in events)
        done += len(events)
    return done


@pytest.mark.slow
def test_the_parent_stays_as_it_is_over_many_trials() -> None:
    executor = ProcessExecutor(lambda config: config["x"], 4)
    run_many(executor, 200)
    before = held()
    start = time.perf_counter()
    run_many(executor, 3000)
    seconds = time.perf_counter() - start
    grown = held() - before
    workers = len(executor._workers)
    executor.close()
    print(f"\n{3000 / seconds:.0f} trials a second with {workers} workers; memory grew by {grown:,} bytes")
    assert workers == 4
    assert grown < 2 * MB
