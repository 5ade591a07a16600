"""The serial executor keeps the contract, where it can within one process."""

from collections.abc import Callable
from typing import Any

from tunesmith.execution.base import Answer, Finished, Job
from tunesmith.execution.serial import SerialExecutor
from tunesmith.testing.execution import ExecutorContract, go_on


class TestSerial(ExecutorContract):
    runs_elsewhere = False

    def make(self, objective: Callable[..., Any], **options: Any) -> SerialExecutor:
        assert not options
        return SerialExecutor(objective)


def test_the_objective_gets_the_very_option() -> None:
    option = object()
    executor = SerialExecutor(lambda config: 1.0 if config["x"] is option else 0.0)
    executor.submit(Job(0, 1, {"x": option}))
    assert executor.wait(0.0, go_on) == [Finished(0, 1.0)]


def test_nothing_runs_before_wait() -> None:
    ran: list[int] = []

    def objective(config: dict[str, Any]) -> float:
        ran.append(1)
        return 0.0

    executor = SerialExecutor(objective)
    executor.submit(Job(0, 1, {}))
    assert not ran
    executor.wait(0.0, lambda number, step, value: Answer.CONTINUE)
    assert ran == [1]
