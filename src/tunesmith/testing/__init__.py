"""Contract tests that ship with tunesmith: for anybody who writes a method, scheduler, store or executor.

    method.py      MethodContract: the rules of methods/base.py
    scheduler.py   SchedulerContract: the rules of schedulers/base.py
    store.py       StoreContract: the rules of store/base.py
    execution.py   ExecutorContract: the rules of execution/base.py
    race.py        a study played by imagined workers
    problems.py    small spaces and objectives    play.py    asks and tells without a study

Derive a test class, say how to make yours, and run pytest:

    class TestMine(MethodContract):
        def make(self):
            return MyMethod()

They need pytest, which `tunesmith[test]` brings.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tunesmith.testing.execution import ExecutorContract as ExecutorContract
    from tunesmith.testing.method import MethodContract as MethodContract
    from tunesmith.testing.scheduler import SchedulerContract as SchedulerContract
    from tunesmith.testing.store import StoreContract as StoreContract

_HOME = {
    "ExecutorContract": "execution",
    "MethodContract": "method",
    "SchedulerContract": "scheduler",
    "StoreContract": "store",
}
__all__ = ["ExecutorContract", "MethodContract", "SchedulerContract", "StoreContract"]


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name not in _HOME:
        raise AttributeError(f"module 'tunesmith.testing' has no attribute {name!r}")
    return getattr(import_module(f"tunesmith.testing.{_HOME[name]}"), name)
