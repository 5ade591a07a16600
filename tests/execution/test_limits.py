"""Limits are read from text, kept per trial, and touch nothing else."""

import os
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tunesmith.errors import OptionError
from tunesmith.execution import limits, memory
from tunesmith.execution.base import Answer, Ended, Event, Failed, Finished, Job
from tunesmith.execution.limits import parse_bytes, parse_seconds, thread_shares
from tunesmith.execution.processes import ProcessExecutor
from tunesmith.testing.execution import go_on, is_running, run_all
from tunesmith.trial import FailureKind

needs_linux = pytest.mark.skipif(not memory.IS_SUPPORTED, reason="memory limits need Linux")
MB = 1_000_000


# -- reading ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        (1, 1.0),
        (0.5, 0.5),
        (np.int64(3), 3.0),
        ("90", 90.0),
        ("90s", 90.0),
        ("1.5 h", 5400.0),
        ("10m", 600.0),
        ("10 min", 600.0),
        ("1 hour 2 minutes 3 seconds", 3723.0),
        ("1 Day", 86_400.0),
        ("1h30m", 5400.0),
        ("1h 30m 5s", 5405.0),
        ("2d", 172_800.0),
        ("500ms", 0.5),
        (timedelta(minutes=2), 120.0),
    ],
)
def test_times_are_read(text: Any, seconds: float) -> None:
    assert parse_seconds(text) == seconds


@pytest.mark.parametrize(
    "bad",
    [
        0,
        -1,
        "0s",
        "",
        " ",
        "abc",
        "10 parsecs",
        "1h30",
        "h",
        "5m x",
        True,
        None,
        float("nan"),
        float("inf"),
        [],
    ],
)
def test_times_that_cannot_be_are_refused(bad: Any) -> None:
    with pytest.raises(OptionError, match=r"trial_time cannot be used; allowed: seconds above 0.*given: "):
        parse_seconds(bad, "trial_time")


@pytest.mark.parametrize(
    ("text", "size"),
    [
        (1024, 1024),
        ("1024", 1024),
        ("500MB", 500 * MB),
        ("2 gb", 2_000 * MB),
        ("2GiB", 2 * 1024**3),
        ("2G", 2 * 1024**3),
        ("1.5k", 1536),
        ("1TiB", 1024**4),
    ],
)
def test_sizes_are_read(text: Any, size: int) -> None:
    assert parse_bytes(text) == size


@pytest.mark.parametrize("bad", [0, -5, "0", "", "2 XB", "GB", "lots", True, None, float("nan")])
def test_sizes_that_cannot_be_are_refused(bad: Any) -> None:
    with pytest.raises(OptionError, match=r"trial_memory cannot be used; allowed: bytes above 0"):
        parse_bytes(bad, "trial_memory")


def test_limits_are_refused_when_they_are_given() -> None:
    with pytest.raises(OptionError, match="trial_time"):
        ProcessExecutor(lambda config: 0.0, trial_time="soon")
    with pytest.raises(OptionError, match="trial_memory"):
        ProcessExecutor(lambda config: 0.0, trial_memory="much")


def test_a_memory_limit_is_refused_where_it_cannot_be_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "IS_SUPPORTED", False)
    with pytest.raises(OptionError, match="trial_memory cannot be kept on this system"):
        ProcessExecutor(lambda config: 0.0, trial_memory="1GB")


# -- cores -----------------------------------------------------------------------------------------------


def test_a_containers_share_of_the_cpu_counts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    quota = tmp_path / "cpu.max"
    monkeypatch.setattr(limits, "CPU_QUOTA", quota)
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(16)), raising=False)
    quota.write_text("350000 100000\n")
    assert limits.usable_cores() == 4
    quota.write_text("max 100000\n")
    assert limits.usable_cores() == 16
    quota.unlink()
    assert limits.usable_cores() == 16
    assert thread_shares({}, 4)["OMP_NUM_THREADS"] == "4"
    assert thread_shares({}, 64)["OMP_NUM_THREADS"] == "1"
    assert "MKL_NUM_THREADS" not in thread_shares({"MKL_NUM_THREADS": "2"}, 4)


# -- time ------------------------------------------------------------------------------------------------


def slow(config: dict[str, Any], trial: Any) -> float:
    do = config.get("do")
    if do == "sleep":
        time.sleep(60)
    if do == "hold the GIL":
        import ctypes

        ctypes.PyDLL(None).sleep(60)
    if do == "ignore everything":
        import signal

        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGALRM):
            signal.signal(number, signal.SIG_IGN)
        while True:
            try:
                time.sleep(60)
            except BaseException:
                continue
    if do == "report and sleep":
        trial.report(1.0)
        time.sleep(60)
    return os.getpid()


@pytest.mark.parametrize("do", ["sleep", "hold the GIL", "ignore everything"])
def test_a_trial_that_runs_too_long_is_ended_whatever_it_does(do: str) -> None:
    executor = ProcessExecutor(slow, 1, trial_time="400ms")
    before = time.monotonic()
    first, late, last = run_all(executor, [Job(0, 1, {}), Job(1, 1, {"do": do}), Job(2, 1, {})])
    assert time.monotonic() - before < 10
    executor.close()
    assert isinstance(late, Failed)
    assert late.failure.kind is FailureKind.TIMEOUT
    assert late.failure.message == "it ran longer than trial_time (0.4 s) and was ended"
    assert isinstance(first, Finished)
    assert isinstance(last, Finished)
    assert first.value != last.value
    assert not is_running(int(first.value))


class SlowToLoad:
    def __reduce__(self) -> Any:
        return time.sleep, (1.0,)


def test_starting_does_not_count_as_run_time() -> None:
    thing = SlowToLoad()
    executor = ProcessExecutor(lambda config: 1.0 if thing is None else 0.0, 1, trial_time=0.5)
    assert run_all(executor, [Job(0, 1, {})]) == [Finished(0, 1.0)]
    executor.close()


def test_a_trial_within_its_time_counts_however_late_we_listen() -> None:
    executor = ProcessExecutor(slow, 1, trial_time=0.5)
    run_all(executor, [Job(0, 1, {})])
    executor.submit(Job(1, 1, {}))
    time.sleep(1.0)
    (event,) = executor.wait(20, go_on)
    assert isinstance(event, Finished)
    executor.close()


def test_the_limit_reaches_what_the_trial_started(tmp_path: Path) -> None:
    def objective(config: dict[str, Any]) -> float:
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
        (tmp_path / "pid").write_text(str(child.pid))
        child.wait()
        return 0.0

    executor = ProcessExecutor(objective, 1, trial_time=1.0)
    (event,) = run_all(executor, [Job(0, 1, {})])
    assert isinstance(event, Failed)
    assert not is_running(int((tmp_path / "pid").read_text()))
    executor.close()


def test_a_trial_that_was_asked_to_end_and_does_not_is_ended() -> None:
    executor = ProcessExecutor(slow, 1, trial_time=0.5)
    events = run_all(executor, [Job(0, 1, {"do": "report and sleep"})], lambda *report: Answer.END)
    assert events == [Ended(0)]
    executor.close()


# -- memory ----------------------------------------------------------------------------------------------


def hungry(config: dict[str, Any]) -> float:
    size = config["size"]
    do = config.get("do", "numpy")
    if do == "numpy":
        return float(np.ones(size, dtype=np.uint8)[-1])
    if do == "shared":  # does not count as data of the process, so the limit within it does not see it
        import mmap

        with mmap.mmap(-1, size) as block:
            for start in range(0, size, 4096):
                block[start] = 1
            time.sleep(20)
    if do == "children":  # each of which is within the limit, which holds for each process
        code = f"import time; x = bytearray({size // 3}); time.sleep(20)"
        children = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(3)]
        for child in children:
            child.wait()
    if do == "file":  # a mapped file is not memory of the trial's: the system drops it when it wants to
        import mmap

        with (
            open(config["path"], "rb") as file,
            mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as block,
        ):
            total = sum(block[start] for start in range(0, len(block), 4096))
            time.sleep(0.6)
            return float(total)
    if do == "threads":
        import threading

        threads = [threading.Thread(target=time.sleep, args=(0.1,)) for _ in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    return 1.0


def memory_events(*configs: dict[str, Any], limit: str = "200MB") -> list[Event]:
    executor = ProcessExecutor(hungry, 1, trial_memory=limit)
    try:
        return run_all(executor, [Job(n, 1, config) for n, config in enumerate(configs)])
    finally:
        executor.close()


@needs_linux
def test_too_much_memory_is_a_failure_and_the_worker_lives() -> None:
    fine, bad, again = memory_events({"size": 100 * MB}, {"size": 400 * MB}, {"size": 100 * MB})
    assert fine == Finished(0, 1.0)
    assert again == Finished(2, 1.0)
    assert isinstance(bad, Failed)
    assert bad.failure.kind is FailureKind.MEMORY
    assert "np.ones" in bad.failure.traceback


@needs_linux
@pytest.mark.parametrize("do", ["shared", "children"])
def test_memory_that_no_limit_within_sees_is_seen_from_outside(do: str) -> None:
    before = time.monotonic()
    bad, fine = memory_events({"size": 400 * MB, "do": do}, {"size": MB})
    assert time.monotonic() - before < 15
    assert fine == Finished(1, 1.0)
    assert isinstance(bad, Failed)
    assert bad.failure.kind is FailureKind.MEMORY
    assert "more than trial_memory (200,000,000)" in bad.failure.message


@needs_linux
def test_mapped_files_are_not_counted(tmp_path: Path) -> None:
    path = tmp_path / "data"
    path.write_bytes(bytes(300 * MB))
    assert memory_events({"size": 0, "do": "file", "path": str(path)}) == [Finished(0, 0.0)]


@needs_linux
def test_what_a_process_only_reserves_is_not_counted() -> None:
    # Each thread reserves 64 MB of addresses with the C library's allocator.
    assert memory_events({"size": 0, "do": "threads"}, limit="300MB") == [Finished(0, 1.0)]


@needs_linux
def test_each_trial_has_the_limit_anew() -> None:
    sizes = [{"size": 150 * MB}] * 4
    assert memory_events(*sizes) == [Finished(n, 1.0) for n in range(4)]


@needs_linux
def test_a_limit_beyond_all_memory_is_none() -> None:
    assert memory_events({"size": MB}, limit=str(sys.maxsize)) == [Finished(0, 1.0)]


@needs_linux
def test_an_abort_under_a_limit_is_a_lack_of_memory() -> None:
    executor = ProcessExecutor(lambda config: os.abort(), 1, trial_memory="100MB")  # as std::bad_alloc does
    (event,) = run_all(executor, [Job(0, 1, {})])
    executor.close()
    assert isinstance(event, Failed)
    assert event.failure.kind is FailureKind.MEMORY


@needs_linux
def test_pages_that_forked_processes_share_are_counted_once() -> None:
    def objective(config: dict[str, Any]) -> float:
        data = np.ones(120 * MB, dtype=np.uint8)
        children = []
        for _ in range(3):
            child = os.fork()
            if child == 0:
                time.sleep(0.8)
                os._exit(0)
            children.append(child)
        for child in children:
            os.waitpid(child, 0)
        return float(data[-1])

    executor = ProcessExecutor(objective, 1, trial_memory="250MB")
    assert run_all(executor, [Job(0, 1, {})]) == [Finished(0, 1.0)]
    executor.close()


@needs_linux
def test_a_limit_of_the_users_own_is_not_raised() -> None:
    def objective(config: dict[str, Any]) -> int:
        import resource

        return resource.getrlimit(resource.RLIMIT_DATA)[0]

    def lowering(config: dict[str, Any]) -> int:
        import resource

        before = resource.getrlimit(resource.RLIMIT_DATA)
        resource.setrlimit(resource.RLIMIT_DATA, (400 * MB, before[1]))
        try:
            with memory.limited(10_000 * MB):
                return objective(config)
        finally:
            resource.setrlimit(resource.RLIMIT_DATA, before)

    executor = ProcessExecutor(lowering, 1)
    assert run_all(executor, [Job(0, 1, {})]) == [Finished(0, 400.0 * MB)]
    executor.close()
