"""What the parts of the store's contract share: making studies and trials, threads at once, fake workers."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import pytest

from tunesmith.store.base import Created, Store, StudyRecord
from tunesmith.store.leases import Worker, this_worker
from tunesmith.trial import Failure, FailureKind, State, Trial

T = TypeVar("T")

ELSEWHERE = Worker("elsewhere:1:aa", machine="elsewhere", boot="their boot", pid=1, start="1")
CONFIG = {"x": 0.1 + 0.2, "n": 3}
FAILURE = Failure(FailureKind.ERROR, "ValueError: no", "Traceback ...")


def dead_worker() -> Worker:
    """A worker on this machine whose process is gone."""
    return replace(this_worker(), id="gone:1:aa", pid=2**30)


def study_of(store: Store, name: str = "study", direction: str = "minimize") -> int:
    """Make a study and return its id."""
    return store.create_study(StudyRecord(name, direction, {"x": 1}, {"name": "random"}, None, seed=1)).id


def get(store: Store, study: int, number: int = 0) -> Trial:
    """Read one trial."""
    return store.changes(study)[0][number]


def start(store: Store, study: int, number: int = 0, worker: Worker | None = None) -> None:
    """Create a RUNNING trial."""
    trial = Trial(number, dict(CONFIG), State.RUNNING)
    assert store.create_trial(study, trial, worker=worker or this_worker()) is Created.YES


def bring_to(store: Store, study: int, number: int, state: State) -> None:
    """Create a trial and bring it to a state by way of RUNNING."""
    start(store, study, number)
    if state is State.WAITING:
        assert store.release(study, number, 1)
    elif state is not State.RUNNING:
        assert store.finish(study, number, 1, state, value=1.0)


def change_to(store: Store, study: int, number: int, state: State) -> bool:
    """Ask for a change of state by the method that makes it."""
    attempt = get(store, study, number).attempt
    if state is State.WAITING:
        return store.release(study, number, attempt)
    if state is State.RUNNING:
        return store.claim(study, this_worker(), number=number) is not None
    return store.finish(study, number, attempt, state, value=2.0)


def at_once(count: int, work: Callable[[int], T]) -> list[T]:
    """Run `work(i)` in as many threads, started together, and return what came of each."""
    barrier = threading.Barrier(count)

    def run(index: int) -> T:
        barrier.wait()
        return work(index)

    with ThreadPoolExecutor(count) as threads:
        return list(threads.map(run, range(count)))


class Contract:
    """What every part of the contract has: the store under test."""

    def make_store(self, tmp_path: Path) -> Store:
        """Make the store under test, or open it again; `tmp_path` is a directory of the test's own."""
        raise NotImplementedError

    def set_clock(self, monkeypatch: pytest.MonkeyPatch, now: float) -> None:
        """Have the clock of heartbeats say a time: this machine's, unless the store has one of its own."""
        monkeypatch.setattr(time, "time", lambda: now)

    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[Store]:
        """The store under test."""
        store = self.make_store(tmp_path)
        yield store
        store.close()
