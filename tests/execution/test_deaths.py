"""Worker processes that die: a death costs one trial, is put in words, and leaves nothing behind."""

import contextlib
import errno
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from tunesmith.errors import OptionError
from tunesmith.execution.base import Failed, Finished, Job
from tunesmith.execution.processes import ProcessExecutor
from tunesmith.testing.execution import go_on, is_running, run_all
from tunesmith.trial import FailureKind


def report_pid(config: dict[str, Any]) -> int:
    return os.getpid()


def crash(config: dict[str, Any]) -> int:
    do = config.get("do")
    if do == "segfault":
        import ctypes

        ctypes.string_at(0)
    if do == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if do == "abort":
        os.abort()
    if do == "slow":
        time.sleep(0.3)
    return os.getpid()


@pytest.mark.parametrize(
    ("do", "words"), [("segfault", "segmentation fault"), ("kill", "SIGKILL, perhaps"), ("abort", "SIGABRT")]
)
def test_a_crash_costs_one_trial_and_is_put_in_words(do: str, words: str) -> None:
    executor = ProcessExecutor(crash, 2)
    work = [Job(0, 1, {"do": "slow"}), Job(1, 1, {"do": do}), Job(2, 1, {"do": "slow"}), Job(3, 1, {})]
    by_number = {e.number: e for e in run_all(executor, work)}
    executor.close()
    failed = by_number.pop(1)
    assert isinstance(failed, Failed)
    assert failed.failure.kind is FailureKind.CRASH
    assert words in failed.failure.message
    assert all(isinstance(e, Finished) for e in by_number.values())
    if do != "kill":
        assert "in crash" in failed.failure.traceback  # the Python lines that led there, and none of ours
        assert "Extension modules" not in failed.failure.traceback
        assert "process_worker.py" not in failed.failure.traceback


@pytest.mark.parametrize("missing", [("pidfd_open",), ("pidfd_open", "waitid")])
def test_deaths_are_seen_on_systems_that_do_not_tell_of_them(
    missing: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in missing:
        monkeypatch.delattr(os, name)

    def objective(config: dict[str, Any]) -> float:
        if os.fork() == 0:
            time.sleep(60)  # keeps the worker's connection open
        os._exit(5)

    executor = ProcessExecutor(objective, 1)
    (event,) = run_all(executor, [Job(0, 1, {})])
    executor.close()
    assert isinstance(event, Failed)
    assert "exit code 5" in event.failure.message


def test_a_worker_killed_between_jobs_is_replaced_unnoticed() -> None:
    executor = ProcessExecutor(report_pid, 1)
    (first,) = run_all(executor, [Job(0, 1, {})])
    assert isinstance(first, Finished)
    os.kill(int(first.value), signal.SIGKILL)
    (second,) = run_all(executor, [Job(1, 1, {})])
    executor.close()
    assert isinstance(second, Finished)
    assert second.value != first.value


def test_a_worker_killed_while_it_starts_costs_nothing() -> None:
    executor = ProcessExecutor(report_pid, 1)
    executor.submit(Job(0, 1, {}))
    (worker,) = executor._workers
    os.kill(worker.process.pid, signal.SIGKILL)
    (event,) = executor.wait(20, go_on)
    executor.close()
    assert isinstance(event, Finished)
    assert event.value != worker.process.pid


def test_a_crash_takes_what_the_trial_started_with_it(tmp_path: Path) -> None:
    def objective(config: dict[str, Any]) -> float:
        child = subprocess.Popen(["sleep", "60"])
        (tmp_path / "pid").write_text(str(child.pid))
        os.kill(os.getpid(), signal.SIGKILL)
        return 0.0

    executor = ProcessExecutor(objective, 1)
    run_all(executor, [Job(0, 1, {})])
    assert not is_running(int((tmp_path / "pid").read_text()))
    executor.close()


def test_a_forked_child_that_lives_on_does_not_hide_the_death(tmp_path: Path) -> None:
    # The child holds copies of the worker's ends of all pipes.
    def objective(config: dict[str, Any]) -> float:
        if os.fork() == 0:
            time.sleep(60)
        os.kill(os.getpid(), signal.SIGKILL)
        return 0.0

    executor = ProcessExecutor(objective, 1)
    before = time.monotonic()
    (event,) = run_all(executor, [Job(0, 1, {})])
    executor.close()
    assert isinstance(event, Failed)
    assert time.monotonic() - before < 10


def test_the_objectives_exit_handlers_run_when_the_executor_is_closed(tmp_path: Path) -> None:
    def objective(config: dict[str, Any]) -> float:
        import atexit

        atexit.register((tmp_path / "left").write_text, "in order")
        return 0.0

    executor = ProcessExecutor(objective, 1)
    run_all(executor, [Job(0, 1, {})])
    executor.close()
    assert (tmp_path / "left").read_text() == "in order"


def test_an_executor_that_was_forgotten_leaves_no_process() -> None:
    executor = ProcessExecutor(report_pid, 1)
    (event,) = run_all(executor, [Job(0, 1, {})])
    assert isinstance(event, Finished)
    del executor
    assert not is_running(int(event.value))


@pytest.mark.slow
def test_workers_killed_at_random_moments_cost_at_most_the_trial_they_run() -> None:
    import random
    import threading

    def objective(config: dict[str, Any], trial: Any) -> float:
        for value in range(5):
            time.sleep(0.004)
            trial.report(value)
        return float(config["n"])

    executor = ProcessExecutor(objective, 4)
    done, kills = threading.Event(), 0
    moments = random.Random(1)

    def kill_now_and_then() -> None:
        nonlocal kills
        while not done.wait(moments.uniform(0.03, 0.15)):
            pids = [w.process.pid for w in list(executor._workers) if w.is_ready and not w.is_dead]
            if pids:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(moments.choice(pids), signal.SIGKILL)
                    kills += 1

    killer = threading.Thread(target=kill_now_and_then)
    killer.start()
    try:
        events = run_all(executor, [Job(n, 1, {"n": n}) for n in range(150)])
    finally:
        done.set()
        killer.join()
        executor.close()
    assert sorted(e.number for e in events) == list(range(150))
    lost = [e for e in events if isinstance(e, Failed)]
    assert all(e.failure.kind is FailureKind.CRASH for e in lost)
    assert len(lost) <= kills
    assert all(e.value == e.number for e in events if isinstance(e, Finished))
    assert kills >= 5


def test_a_process_that_the_objective_forks_and_lets_return_sends_no_result(tmp_path: Path) -> None:
    def fork(config: dict[str, Any]) -> int:
        return int(os.fork() > 0)

    executor = ProcessExecutor(fork, 1)
    events = run_all(executor, [Job(number, 1, {}) for number in range(3)])
    executor.close()
    assert [(e.number, isinstance(e, Finished) and e.value) for e in events] == [(0, 1), (1, 1), (2, 1)]


def test_a_worker_that_cannot_be_started_is_told_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    executor = ProcessExecutor(report_pid, 4)
    monkeypatch.setattr(subprocess, "Popen", refuse)
    with pytest.raises(
        OptionError, match=r"worker 1 of 4 cannot be started: Too many open files.*fewer workers"
    ):
        executor.submit(Job(0, 1, {}))
    executor.close()
