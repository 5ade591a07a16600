"""Warm worker processes keep the contract."""

from collections.abc import Callable
from typing import Any

from tunesmith.execution.processes import ProcessExecutor
from tunesmith.testing.execution import ExecutorContract


class TestProcesses(ExecutorContract):
    def make(self, objective: Callable[..., Any], **options: Any) -> ProcessExecutor:
        return ProcessExecutor(objective, **options)
