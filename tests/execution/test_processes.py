"""Warm worker processes keep the contract, and more: what is sent, what is kept warm, what is seen."""

import contextlib
import functools
import os
import signal
import subprocess
import sys
import textwrap
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
from tunesmith.testing.execution import ExecutorContract, go_on, is_running, run_all
from tunesmith.trial import FailureKind


class TestProcesses(ExecutorContract):
    def make(self, objective: Callable[..., Any], **options: Any) -> ProcessExecutor:
        return ProcessExecutor(objective, **options)


def values(executor: ProcessExecutor, jobs: list[Job]) -> list[float]:
    """Values by job number; the executor is closed."""
    try:
        events = sorted(run_all(executor, jobs), key=lambda e: e.number)
    finally:
        executor.close()
    assert all(isinstance(e, Finished) for e in events), events
    return [e.value for e in events if isinstance(e, Finished)]


def jobs(count: int, **config: Any) -> list[Job]:
    return [Job(n, 1, {"n": n, **config}) for n in range(count)]


def report_pid(config: dict[str, Any]) -> int:
    return os.getpid()


# -- workers are warm ------------------------------------------------------------------------------------


def test_a_worker_runs_one_job_after_another() -> None:
    assert len(set(values(ProcessExecutor(report_pid, 1), jobs(5)))) == 1


def test_workers_start_when_they_are_needed() -> None:
    assert len(set(values(ProcessExecutor(report_pid, 50), jobs(2)))) == 2


def test_the_objective_and_its_data_are_sent_once() -> None:
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


def test_a_large_objective_is_sent() -> None:
    data = np.arange(3_000_000)
    assert values(ProcessExecutor(lambda config: data[-1], 2), jobs(4)) == [2_999_999.0] * 4


def test_cores_are_shared_out_unless_the_user_did(monkeypatch: pytest.MonkeyPatch) -> None:
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


# -- what an objective may be ----------------------------------------------------------------------------


class Counter:
    def __init__(self, offset: int) -> None:
        self.offset = offset

    def method(self, config: dict[str, Any]) -> int:
        return self.offset + config["n"]

    def __call__(self, config: dict[str, Any], trial: Any) -> int:
        trial.report(1.0)
        return self.offset + config["n"]

    @classmethod
    def of_class(cls, config: dict[str, Any]) -> int:
        return 10 + int(config["n"])


def three(offset: int, config: dict[str, Any], *, factor: int) -> int:
    return offset + factor * config["n"]


def make_closure(offset: int) -> Callable[[dict[str, Any]], int]:
    def objective(config: dict[str, Any]) -> int:
        return offset + config["n"]

    return objective


@pytest.mark.parametrize(
    "objective",
    [
        lambda config: 10 + config["n"],
        make_closure(10),
        Counter(10).method,
        Counter(10),
        Counter.of_class,
        functools.partial(three, 10, factor=1),
    ],
    ids=["lambda", "closure", "method", "object", "classmethod", "partial"],
)
def test_any_callable_will_do(objective: Callable[..., Any]) -> None:
    assert values(ProcessExecutor(objective, 1), jobs(2)) == [10.0, 11.0]


def run_script(
    folder: Path, script: str, *arguments: str, **options: Any
) -> subprocess.CompletedProcess[str]:
    path = folder / "script.py"
    path.write_text(textwrap.dedent(script))
    return subprocess.run(
        [sys.executable, str(path), *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=folder,
        **options,
    )


LOOP = """
from tunesmith.execution.base import Answer, Job
from tunesmith.execution.processes import ProcessExecutor
from tunesmith.testing.execution import run_all
"""


def test_a_script_needs_no_main_guard_and_may_import_its_neighbours(tmp_path: Path) -> None:
    (tmp_path / "neighbour.py").write_text("OFFSET = 40\n")
    script = f"""
        import os, sys
        {LOOP.replace(chr(10), chr(10) + " " * 8)}
        import neighbour

        print("the script runs")

        class Model:
            def score(self, config):
                return neighbour.OFFSET + config["n"]

        def train(config):
            print("training", config["n"], sys.argv[1])
            print("to stderr", file=sys.stderr)
            return Model().score(config)

        executor = ProcessExecutor(train, 2)
        events = run_all(executor, [Job(n, 1, {{"n": n}}) for n in range(3)])
        executor.close()
        print("values", sorted(e.value for e in events))
    """
    done = run_script(tmp_path, script, "argument")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines.count("the script runs") == 1
    assert sorted(x for x in lines if x.startswith("training")) == [
        f"training {n} argument" for n in range(3)
    ]
    assert lines[-1] == "values [40.0, 41.0, 42.0]"
    assert done.stderr.splitlines() == ["to stderr"] * 3


def test_a_script_may_save_models_and_use_processes_of_its_own(tmp_path: Path) -> None:
    # Both pickle what is defined in the script by its name.
    script = f"""
        import functools, pickle
        from concurrent.futures import ProcessPoolExecutor
        {LOOP.replace(chr(10), chr(10) + " " * 8)}
        class Model:
            weight = 2

        def fold(number):
            return number * Model.weight

        def train(factor, config):
            model = pickle.loads(pickle.dumps(Model()))
            with ProcessPoolExecutor(2) as pool:
                return factor * model.weight * sum(pool.map(fold, range(4)))

        executor = ProcessExecutor(functools.partial(train, 10), 1)
        (event,) = run_all(executor, [Job(0, 1, {{}})])
        executor.close()
        print(event)
    """
    done = run_script(tmp_path, script)
    assert (done.stdout, done.stderr) == ("Finished(number=0, value=240.0, at=None)\n", "")


def test_code_without_a_file_as_in_a_notebook(tmp_path: Path) -> None:
    code = LOOP + textwrap.dedent(
        """
        def train(config):
            return config["n"] + offset

        offset = 5
        executor = ProcessExecutor(train, 1)
        (event,) = run_all(executor, [Job(0, 1, {"n": 1})])
        executor.close()
        print(event.value)
        """
    )
    done = subprocess.run(
        [sys.executable], input=code, capture_output=True, text=True, timeout=60, cwd=tmp_path
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "6.0\n", "")


def test_a_module_that_was_loaded_by_path_is_sent_whole(tmp_path: Path) -> None:
    import importlib.util

    path = tmp_path / "by_path_only.py"
    helper = "def helper(x):\n    return FACTOR * x\n"
    path.write_text(f"FACTOR = 3\n{helper}def train(config):\n    return helper(config['n'])\n")
    spec = importlib.util.spec_from_file_location("by_path_only", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["by_path_only"] = module
    try:
        spec.loader.exec_module(module)
        assert values(ProcessExecutor(module.train, 1), jobs(2)) == [0.0, 3.0]
    finally:
        del sys.modules["by_path_only"]


def test_options_may_be_classes_and_functions_of_the_caller() -> None:
    class Local:
        weight = 3

    def double(x: int) -> int:
        return 2 * x

    executor = ProcessExecutor(lambda config: config["function"](config["kind"].weight), 1)
    assert values(executor, [Job(0, 1, {"kind": Local, "function": double})]) == [6.0]


def test_an_objective_that_cannot_be_sent_is_refused_by_name() -> None:
    import threading

    lock = threading.Lock()
    with pytest.raises(
        ObjectiveError, match=r"the variable 'lock' of the enclosing function \(a _thread.lock\)"
    ):
        ProcessExecutor(lambda config: lock.acquire(), 2)


def test_a_culprit_is_named_where_it_is() -> None:
    import threading

    counter = Counter(1)
    counter.guard = {"inner": [threading.Lock()]}  # type: ignore[attr-defined]
    with pytest.raises(ObjectiveError, match=r"because of the item 0 \(a _thread.lock\)"):
        ProcessExecutor(counter.method, 2)


def test_an_option_that_cannot_be_sent_is_refused_by_name() -> None:
    import threading

    executor = ProcessExecutor(report_pid, 1)
    with pytest.raises(ObjectiveError, match="because of the value of 'guard'"):
        executor.submit(Job(0, 1, {"n": 1, "guard": threading.Lock()}))
    executor.close()


class Unreadable:
    def __reduce__(self) -> Any:
        return _raise, ("no such device here",)


def _raise(text: str) -> None:
    raise OSError(text)


def test_an_option_that_cannot_be_read_by_the_worker_is_a_bug_and_the_worker_lives() -> None:
    executor = ProcessExecutor(report_pid, 1)
    bad, good = run_all(executor, [Job(0, 1, {"x": Unreadable()}), Job(1, 1, {})])
    executor.close()
    assert isinstance(bad, Failed)
    assert bad.is_bug
    assert "the config of trial 0 cannot be read in a worker process: OSError: no such device here" in (
        bad.failure.message
    )
    assert isinstance(good, Finished)


def test_an_objective_that_cannot_be_loaded_ends_the_run_with_the_cause() -> None:
    thing = Unreadable()
    executor = ProcessExecutor(lambda config: thing, 2)
    executor.submit(Job(0, 1, {}))
    with pytest.raises(ObjectiveError, match="OSError: no such device here") as caught:
        executor.wait(20, go_on)
    executor.close()
    assert "cannot be loaded in a worker process" in str(caught.value)
    assert "exit code 1" in str(caught.value)


class Fatal:
    def __reduce__(self) -> Any:
        return os.kill, (0, signal.SIGKILL)  # the process group of the worker


def test_workers_that_die_while_loading_are_not_started_for_ever() -> None:
    thing = Fatal()
    executor = ProcessExecutor(lambda config: thing, 1)
    executor.submit(Job(0, 1, {}))
    before = time.monotonic()
    with pytest.raises(ObjectiveError, match="SIGKILL"):
        executor.wait(20, go_on)
    assert time.monotonic() - before < 10
    executor.close()


# -- deaths ----------------------------------------------------------------------------------------------


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


def test_a_report_from_a_forked_process_is_refused() -> None:
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


def test_ctrl_c_does_not_reach_the_workers() -> None:
    def objective(config: dict[str, Any]) -> float:
        os.kill(os.getpid(), signal.SIGINT)
        return 1.0

    assert values(ProcessExecutor(objective, 1), jobs(1)) == [1.0]


def test_an_objective_may_close_its_streams() -> None:
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
    with pytest.raises(ObjectiveError, match="all the jobs"):
        executor.submit(Job(0, 1, {}))


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
        events = run_all(executor, jobs(150))
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
