"""ExecutorContract: the rules of `execution/base.py` as tests that run on any executor.

class TestMine(ExecutorContract):
    def make(self, objective, **options):
        return MyExecutor(objective, **options)
"""

# ruff: noqa: D102 - the name of a test is its docstring

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tunesmith.errors import TunesmithError
from tunesmith.execution.base import Answer, Ended, Event, Executor, Failed, Finished, Job
from tunesmith.trial import FailureKind

PATIENCE = 30.0  # seconds after which a job that should have ended counts as lost


def go_on(number: int, step: int, value: float) -> Answer:
    """Answer every report with CONTINUE."""
    return Answer.CONTINUE


def run_all(executor: Executor, jobs: list[Job], on_report: Callable[..., Answer] = go_on) -> list[Event]:
    """Run jobs, as many at once as the executor takes, and return their events as they came."""
    todo, events, under_way = list(jobs), list[Event](), 0
    deadline = time.monotonic() + PATIENCE
    while todo or under_way:
        while todo and under_way < executor.capacity:
            executor.submit(todo.pop(0))
            under_way += 1
        new = executor.wait(0.5, on_report)
        under_way -= len(new)
        events += new
        if time.monotonic() > deadline:
            raise AssertionError(f"{under_way} jobs did not end within {PATIENCE} s; ended: {events}")
    return events


def is_running(pid: int) -> bool:
    """Whether there is a process of this number that is not a zombie."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        if Path("/proc/self").exists():
            return False
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        return True
    except ProcessLookupError:  # it ended while we were reading
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


def is_gone_soon(pid: int, within: float = 5.0) -> bool:
    """Whether a process ends within some seconds."""
    deadline = time.monotonic() + within
    while is_running(pid):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def square(config: dict[str, Any]) -> float:
    """Objective: x squared."""
    return float(config["x"]) ** 2


def misbehave(config: dict[str, Any]) -> Any:
    """Objective: does what `config["do"]` says."""
    do = config.get("do")
    if do == "raise":
        raise ValueError("too large")
    if do == "nan":
        return float("nan")
    if do == "none":
        return None
    if do == "exit":
        raise SystemExit(3)
    if do == "memory":
        raise MemoryError
    if do == "interrupt":
        raise KeyboardInterrupt("by the objective")
    if do == "crash":
        os.kill(os.getpid(), signal.SIGSEGV)
    if do == "leave":
        os._exit(3)
    if do == "sleep":
        time.sleep(PATIENCE)
    return 1.0


class ExecutorContract:
    """Rules that every executor keeps; subclass it and say how to make one."""

    runs_elsewhere = True
    """Whether jobs run in processes of their own, so that crashes and limits touch no other job."""

    def make(self, objective: Callable[..., Any], **options: Any) -> Executor:
        """Make an executor; options are `workers`, `trial_time` and `trial_memory`."""
        raise NotImplementedError

    @contextmanager
    def made(self, objective: Callable[..., Any], **options: Any) -> Iterator[Executor]:
        """Make an executor and close it."""
        executor = self.make(objective, **options)
        try:
            yield executor
        finally:
            executor.close()

    def need_processes(self) -> None:
        """Skip a rule that an executor within this process cannot keep."""
        if not self.runs_elsewhere:
            pytest.skip("jobs run in this process")

    # -- rule 1 ------------------------------------------------------------------------------------------

    def test_takes_as_many_jobs_as_its_capacity_and_no_more(self) -> None:
        with self.made(square) as executor:
            assert executor.capacity >= 1
            for number in range(executor.capacity):
                executor.submit(Job(number, 1, {"x": number}))
            with pytest.raises(TunesmithError, match="all the jobs that it takes"):
                executor.submit(Job(99, 1, {"x": 99}))

    # -- rule 2 ------------------------------------------------------------------------------------------

    def test_each_job_ends_exactly_once(self) -> None:
        with self.made(square) as executor:
            events = run_all(executor, [Job(n, 1, {"x": n}) for n in range(20)])
            assert sorted(e.number for e in events) == list(range(20))
            assert {e.number: e.value for e in events if isinstance(e, Finished)} == {
                n: float(n**2) for n in range(20)
            }
            assert executor.wait(0.0, go_on) == []

    def test_wait_returns_nothing_when_the_time_has_passed(self) -> None:
        self.need_processes()
        with self.made(misbehave) as executor:
            executor.submit(Job(0, 1, {"do": "sleep"}))
            before = time.monotonic()
            assert executor.wait(0.2, go_on) == []
            assert 0.2 <= time.monotonic() - before < 5.0

    def test_wait_without_jobs_returns_nothing(self) -> None:
        with self.made(square) as executor:
            assert executor.wait(0.05, go_on) == []

    # -- rule 3 ------------------------------------------------------------------------------------------

    def test_reports_come_in_order_and_before_the_end(self) -> None:
        def objective(config: dict[str, Any], trial: Any) -> float:
            for step in range(1, 6):
                trial.report(config["x"] * step)
            return 0.0

        seen: list[tuple[int, int, float]] = []

        def on_report(number: int, step: int, value: float) -> Answer:
            seen.append((number, step, value))
            return Answer.CONTINUE

        with self.made(objective) as executor:
            events = run_all(executor, [Job(n, 1, {"x": n}) for n in range(3)], on_report)
        assert [type(e) for e in events] == [Finished] * 3
        for n in range(3):
            assert [r[1:] for r in seen if r[0] == n] == [(s, float(n * s)) for s in range(1, 6)]

    @pytest.mark.parametrize("then", ["return", "raise", "wrong type"])
    def test_a_job_that_was_asked_to_end_is_ended(self, then: str) -> None:
        def objective(config: dict[str, Any], trial: Any) -> Any:
            for step in range(1, 100):
                trial.report(step)
                if trial.stop_requested:
                    break
            if then == "raise":
                raise RuntimeError("stopped")
            return None if then == "wrong type" else 0.0

        seen: list[int] = []

        def on_report(number: int, step: int, value: float) -> Answer:
            seen.append(step)
            return Answer.END if step == 3 else Answer.CONTINUE

        with self.made(objective) as executor:
            assert run_all(executor, [Job(4, 1, {})], on_report) == [Ended(4)]
        assert seen == [1, 2, 3]

    def test_an_error_of_the_one_who_answers_is_not_the_objectives(self) -> None:
        def objective(config: dict[str, Any], trial: Any) -> float:
            trial.report(1.0)
            return 0.0

        def on_report(number: int, step: int, value: float) -> Answer:
            raise LookupError("the store is gone")

        with self.made(objective) as executor:
            executor.submit(Job(0, 1, {}))
            with pytest.raises(LookupError, match="the store is gone"):
                run_all(executor, [], on_report) or executor.wait(PATIENCE, on_report)

    # -- rule 4 ------------------------------------------------------------------------------------------

    @pytest.mark.parametrize(
        ("do", "kind", "words"),
        [
            ("raise", FailureKind.ERROR, "ValueError: too large"),
            ("nan", FailureKind.NAN, "NaN"),
            ("exit", FailureKind.ERROR, "sys.exit(3)"),
            ("memory", FailureKind.MEMORY, "MemoryError"),
        ],
    )
    def test_a_failure_is_one_jobs_alone(self, do: str, kind: FailureKind, words: str) -> None:
        with self.made(misbehave) as executor:
            events = run_all(executor, [Job(0, 1, {}), Job(1, 1, {"do": do}), Job(2, 1, {})])
        by_number = {e.number: e for e in events}
        failed = by_number[1]
        assert isinstance(failed, Failed)
        assert (failed.failure.kind, failed.is_bug, failed.error) == (kind, False, None)
        assert words in failed.failure.message
        assert by_number[0] == Finished(0, 1.0)
        assert by_number[2] == Finished(2, 1.0)

    def test_the_traceback_shows_the_users_lines_and_none_of_ours(self) -> None:
        with self.made(misbehave) as executor:
            (event,) = run_all(executor, [Job(0, 1, {"do": "raise"})])
        assert isinstance(event, Failed)
        assert 'raise ValueError("too large")' in event.failure.traceback
        assert "worker.py" not in event.failure.traceback
        assert "values.py" not in event.failure.traceback

    def test_a_wrong_type_is_a_bug(self) -> None:
        with self.made(misbehave) as executor:
            (event,) = run_all(executor, [Job(0, 1, {"do": "none"})])
        assert isinstance(event, Failed)
        assert event.is_bug
        assert "the objective returned None" in event.failure.message

    def test_a_trial_that_has_ended_takes_no_reports(self) -> None:
        kept: list[Any] = []  # as a callback that is made once does

        def objective(config: dict[str, Any], trial: Any) -> float:
            kept.append(trial)
            kept[0].report(trial.number)
            return 1.0

        heard: list[tuple[int, float]] = []

        def hear(number: int, step: int, value: float) -> Answer:
            heard.append((number, value))
            return Answer.CONTINUE

        with self.made(objective) as executor:
            first, second = run_all(executor, [Job(0, 1, {}), Job(1, 1, {})], hear)
        assert isinstance(first, Finished)
        assert (first.value, heard) == (1.0, [(0, 0.0)])
        assert isinstance(second, Failed)
        assert second.is_bug
        assert "trial 0 has ended" in second.failure.message

    def test_a_base_exception_comes_back_to_be_raised(self) -> None:
        with self.made(misbehave) as executor:
            (event,) = run_all(executor, [Job(0, 1, {"do": "interrupt"})])
        assert isinstance(event, Failed)
        assert isinstance(event.error, KeyboardInterrupt)
        assert event.error.args == ("by the objective",)

    @pytest.mark.parametrize(("do", "words"), [("crash", "segmentation fault"), ("leave", "exit code 3")])
    def test_a_dead_process_costs_one_job(self, do: str, words: str) -> None:
        self.need_processes()
        with self.made(misbehave, workers=2) as executor:
            jobs = [Job(0, 1, {}), Job(1, 1, {"do": do}), Job(2, 1, {}), Job(3, 1, {"do": do}), Job(4, 1, {})]
            by_number = {e.number: e for e in run_all(executor, jobs)}
        for number in (0, 2, 4):
            assert by_number[number] == Finished(number, 1.0)
        for number in (1, 3):
            event = by_number[number]
            assert isinstance(event, Failed)
            assert event.failure.kind is FailureKind.CRASH
            assert words in event.failure.message

    def test_a_job_that_runs_too_long_is_ended_alone(self) -> None:
        self.need_processes()
        with self.made(misbehave, workers=2, trial_time=0.5) as executor:
            by_number = {e.number: e for e in run_all(executor, [Job(0, 1, {"do": "sleep"}), Job(1, 1, {})])}
        assert by_number[1] == Finished(1, 1.0)
        event = by_number[0]
        assert isinstance(event, Failed)
        assert event.failure.kind is FailureKind.TIMEOUT
        assert "trial_time (0.5 s)" in event.failure.message

    # -- rule 5 ------------------------------------------------------------------------------------------

    def test_a_cancelled_job_has_no_event_and_runs_no_more(self, tmp_path: Path) -> None:
        def objective(config: dict[str, Any]) -> float:
            (tmp_path / "pid").write_text(str(os.getpid()))
            time.sleep(config["seconds"])
            return 2.0

        with self.made(objective) as executor:
            executor.submit(Job(0, 1, {"seconds": PATIENCE}))
            if self.runs_elsewhere:
                while not (tmp_path / "pid").exists():
                    assert executor.wait(0.01, go_on) == []
            executor.cancel(0)
            if self.runs_elsewhere:
                assert not is_running(int((tmp_path / "pid").read_text()))
            assert executor.wait(0.05, go_on) == []
            assert run_all(executor, [Job(1, 1, {"seconds": 0})]) == [Finished(1, 2.0)]

    # -- rule 6 ------------------------------------------------------------------------------------------

    def test_close_ends_everything_and_may_be_called_twice(self) -> None:
        executor = self.make(lambda config: os.getpid())
        (event,) = run_all(executor, [Job(0, 1, {})])
        executor.submit(Job(1, 1, {}))
        executor.close()
        executor.close()
        assert isinstance(event, Finished)
        if self.runs_elsewhere:
            assert not is_running(int(event.value))

    # -- rule 7 ------------------------------------------------------------------------------------------

    def test_the_objective_gets_a_dict_of_its_own(self) -> None:
        def objective(config: dict[str, Any], trial: Any) -> int:
            config["new"] = 1
            del trial.config["x"]
            return int(config.pop("x"))

        config = {"x": 3}
        with self.made(objective) as executor:
            events = run_all(executor, [Job(0, 1, config), Job(1, 1, config)])
        assert events == [Finished(0, 3.0), Finished(1, 3.0)]
        assert config == {"x": 3}

    @pytest.mark.parametrize("value", [2, np.float32(2.0), np.int64(2), np.array(2.0)])
    def test_values_are_plain_floats(self, value: Any) -> None:
        with self.made(lambda config: value) as executor:
            (event,) = run_all(executor, [Job(0, 1, {})])
        assert isinstance(event, Finished)
        assert type(event.value) is float
        assert event.value == 2.0

    def test_the_handle_says_which_trial_it_is(self, tmp_path: Path) -> None:
        def objective(config: dict[str, Any], trial: Any) -> float:
            (trial.folder / "seen").write_text(f"{trial.number} {trial.attempt} {trial.seed} {trial.config}")
            return 0.0

        with self.made(objective) as executor:
            run_all(executor, [Job(7, 2, {"x": 1}, seed=11, folder=str(tmp_path / "trial-7"))])
        assert (tmp_path / "trial-7" / "seen").read_text() == "7 2 11 {'x': 1}"
