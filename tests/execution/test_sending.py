"""What is sent to worker processes: objectives of any kind, their options, and what cannot be sent."""

import errno
import functools
import io
import os
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tunesmith.errors import ObjectiveError, OptionError
from tunesmith.execution.base import Failed, Finished, Job
from tunesmith.execution.processes import ProcessExecutor
from tunesmith.testing.execution import go_on, run_all


def jobs(count: int, **config: Any) -> list[Job]:
    return [Job(n, 1, {"n": n, **config}) for n in range(count)]


def report_pid(config: dict[str, Any]) -> int:
    return os.getpid()


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
def test_any_callable_will_do(values: Any, objective: Callable[..., Any]) -> None:
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


def test_a_module_that_was_loaded_by_path_is_sent_whole(values: Any, tmp_path: Path) -> None:
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


def test_options_may_be_classes_and_functions_of_the_caller(values: Any) -> None:
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


@pytest.mark.parametrize("closed", ["0", "0, 1", "0, 1, 2"])
def test_a_program_may_run_without_standard_streams(tmp_path: Path, closed: str) -> None:
    script = f"""
        import os, pathlib
        for number in ({closed},):
            os.close(number)
        {LOOP.replace(chr(10), chr(10) + " " * 8)}
        def train(config):
            os.system("cat; echo to nobody")  # reads no file of ours, and writes into none
            return config["n"]

        jobs = [Job(n, 1, {{"n": n}}) for n in range(3)]
        events = run_all(ProcessExecutor(train, 2), jobs, lambda *_: Answer.CONTINUE)
        pathlib.Path("values").write_text(str(sorted(e.value for e in events)))
    """
    done = run_script(tmp_path, script)
    assert (tmp_path / "values").read_text() == "[0.0, 1.0, 2.0]", done.stderr


def test_an_objective_for_which_there_is_no_space_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full(io.BytesIO):
        def flush(self) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(tempfile, "TemporaryFile", Full)
    with pytest.raises(
        OptionError, match=r"\(\d\d\d bytes with its data\) .* No space left on device. Set TMPDIR"
    ):
        ProcessExecutor(lambda config: 1.0, 1)


@pytest.mark.parametrize("start", ["spawn", "forkserver"])
@pytest.mark.parametrize("is_module", [False, True])
def test_processes_of_the_objectives_own_find_what_its_script_defines(
    tmp_path: Path, start: str, is_module: bool
) -> None:
    script = f"""
        import multiprocessing, sys
        {LOOP.replace(chr(10), chr(10) + " " * 8)}
        base = 0

        def begin(value):
            global base
            base = value

        def add(number):
            return base + number

        def train(config):
            processes = multiprocessing.get_context("{start}")
            with processes.Pool(1, initializer=begin, initargs=(40,)) as pool:
                return pool.apply_async(add, (config["n"],)).get(timeout=20)

        if __name__ == "__main__":
            print("the script runs")
            events = run_all(ProcessExecutor(train, 1), [Job(0, 1, {{"n": 2}})])
            print(events[0])
    """
    if is_module:
        (tmp_path / "script.py").write_text(textwrap.dedent(script))
        command = [sys.executable, "-m", "script"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=tmp_path, check=False)
    else:
        done = run_script(tmp_path, script)
    assert done.stdout.count("the script runs") == 1
    assert "value=42.0" in done.stdout, done.stdout + done.stderr


def test_a_script_without_a_guard_is_not_run_by_processes_of_the_objectives_own(tmp_path: Path) -> None:
    script = f"""
        import math, multiprocessing
        {LOOP.replace(chr(10), chr(10) + " " * 8)}
        def train(config):
            with multiprocessing.get_context("spawn").Pool(1) as pool:
                return pool.apply_async(math.sqrt, (config["n"],)).get(timeout=20)

        print("the script runs")
        events = run_all(ProcessExecutor(train, 1), [Job(0, 1, {{"n": 4}})])
        print(events[0])
    """
    done = run_script(tmp_path, script)
    assert done.stdout.count("the script runs") == 1
    assert "value=2.0" in done.stdout, done.stdout + done.stderr
