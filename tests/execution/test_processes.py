"""Warm worker processes keep the contract, and more: what is kept warm, what is seen, what they are given."""

import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tunesmith.errors import ObjectiveError, OptionError
from tunesmith.execution.base import Answer, Failed, Finished, Job
from tunesmith.execution.limits import THREADS, usable_cores
from tunesmith.execution.processes import ProcessExecutor
from tunesmith.testing.execution import ExecutorContract, go_on, run_all


class TestProcesses(ExecutorContract):
    def make(self, objective: Callable[..., Any], **options: Any) -> ProcessExecutor:
        return ProcessExecutor(objective, **options)


def jobs(count: int, **config: Any) -> list[Job]:
    return [Job(n, 1, {"n": n, **config}) for n in range(count)]


def report_pid(config: dict[str, Any]) -> int:
    return os.getpid()


# -- workers are warm ------------------------------------------------------------------------------------


def test_a_worker_runs_one_job_after_another(values: Any) -> None:
    assert len(set(values(ProcessExecutor(report_pid, 1), jobs(5)))) == 1


def test_workers_start_when_they_are_needed(values: Any) -> None:
    assert len(set(values(ProcessExecutor(report_pid, 50), jobs(2)))) == 2


def test_the_objective_and_its_data_are_sent_once(values: Any) -> None:
    class Data:
        def __init__(self) -> None:
            self.loads = 0

        def __setstate__(self, state: dict[str, Any]) -> None:
            self.loads = state["loads"] + 1

        def __getstate__(self) -> dict[str, Any]:
            return {"loads": self.loads}

    data = Data()
    seen = values(ProcessExecutor(lambda config: data.loads * 1_000_000 + id(data) % 1000, 1), jobs(4))
    assert len(set(seen)) == 1
    assert seen[0] // 1_000_000 == 1


def test_a_large_objective_is_sent(values: Any) -> None:
    data = np.arange(3_000_000)
    assert values(ProcessExecutor(lambda config: data[-1], 2), jobs(4)) == [2_999_999.0] * 4


def test_cores_are_shared_out_unless_the_user_did(values: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in THREADS:
        monkeypatch.delenv(name, raising=False)
    share = max(1, usable_cores() // 2)
    names = list(THREADS)
    assert values(
        ProcessExecutor(lambda config: int(os.environ[names[config["n"]]]), 2), jobs(len(names))
    ) == [share] * len(names)
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    assert values(ProcessExecutor(lambda config: int(os.environ["OMP_NUM_THREADS"]), 2), jobs(1)) == [7]
    assert values(ProcessExecutor(lambda config: "MKL_NUM_THREADS" in os.environ, 2), []) == []


# -- reports and exceptions ------------------------------------------------------------------------------


class Stopped(BaseException):
    pass


def test_a_base_exception_of_the_users_own_class_comes_back_as_that() -> None:
    def objective(config: dict[str, Any]) -> float:
        raise Stopped("enough")

    executor = ProcessExecutor(objective, 1)
    (event,) = run_all(executor, [Job(0, 1, {})])
    executor.close()
    assert isinstance(event, Failed)
    assert isinstance(event.error, Stopped)


def test_a_base_exception_that_cannot_be_sent_is_named() -> None:
    import threading

    def objective(config: dict[str, Any]) -> float:
        raise Stopped(threading.Lock())

    executor = ProcessExecutor(objective, 1)
    (event,) = run_all(executor, [Job(0, 1, {})])
    executor.close()
    assert isinstance(event, Failed)
    assert isinstance(event.error, ObjectiveError)
    assert "Stopped" in str(event.error)


def test_a_report_from_a_forked_process_is_refused(values: Any) -> None:
    def objective(config: dict[str, Any], trial: Any) -> int:
        child = os.fork()
        if child == 0:
            try:
                trial.report(1.0)
            except RuntimeError:
                os._exit(42)
            os._exit(0)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

    executor = ProcessExecutor(objective, 1)
    assert values(executor, jobs(1)) == [42.0]


def test_ctrl_c_does_not_reach_the_workers(values: Any) -> None:
    def objective(config: dict[str, Any]) -> float:
        os.kill(os.getpid(), signal.SIGINT)
        return 1.0

    assert values(ProcessExecutor(objective, 1), jobs(1)) == [1.0]


def test_an_objective_may_close_its_streams(values: Any) -> None:
    def objective(config: dict[str, Any]) -> float:
        sys.stdout.close()
        sys.stderr = None
        return 1.0

    assert values(ProcessExecutor(objective, 1), jobs(2)) == [1.0, 1.0]


def test_a_job_may_be_cancelled_from_within_its_report() -> None:
    def objective(config: dict[str, Any], trial: Any) -> float:
        trial.report(1.0)
        return 1.0

    executor = ProcessExecutor(objective, 1)
    reported: list[int] = []

    def on_report(number: int, step: int, value: float) -> Answer:
        reported.append(number)
        executor.cancel(number)
        return Answer.CONTINUE

    executor.submit(Job(0, 1, {}))
    deadline = time.monotonic() + 60.0  # a worker takes its time to start where the machine is busy
    while not reported and time.monotonic() < deadline:
        assert executor.wait(1.0, on_report) == []
    assert reported == [0]
    assert run_all(executor, [Job(1, 1, {})]) == [Finished(1, 1.0)]
    executor.close()


def test_nothing_is_lost_when_wait_is_interrupted(tmp_path: Path) -> None:
    def objective(config: dict[str, Any], trial: Any) -> float:
        (tmp_path / str(config["n"])).touch()
        if config["n"]:
            trial.report(0.0)
        return 1.0

    def interrupted(number: int, step: int, value: float) -> Answer:
        raise KeyboardInterrupt

    executor = ProcessExecutor(objective, 2)
    for job in jobs(2):
        executor.submit(job)
    while len(list(tmp_path.iterdir())) < 2:
        time.sleep(0.01)
    time.sleep(0.3)  # now both the value of one and the report of the other have been sent
    with pytest.raises(KeyboardInterrupt):
        executor.wait(20, interrupted)
    before = time.monotonic()
    assert executor.wait(20, go_on) == [Finished(0, 1.0)]
    assert time.monotonic() - before < 10
    executor.close()


# -- options ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("workers", [0, -1, True, 2.0, "2"])
def test_a_wrong_number_of_workers_is_refused(workers: Any) -> None:
    with pytest.raises(OptionError, match="workers cannot be used"):
        ProcessExecutor(report_pid, workers)


def test_a_closed_executor_takes_nothing() -> None:
    executor = ProcessExecutor(report_pid, 1)
    executor.close()
    with pytest.raises(ObjectiveError, match="the executor is closed"):
        executor.submit(Job(0, 1, {}))
