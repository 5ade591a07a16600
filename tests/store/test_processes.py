"""Many processes on one SQLite file: at the same moment, from the first, while others read, across forks."""

import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tunesmith.store import open_store
from tunesmith.trial import State, Trial

CROWD = Path(__file__).with_name("crowd.py")
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="starts its processes by fork")


def crowd(job: str, count: int, *paths: Path) -> None:
    """Let processes loose on a store, or several in turn; all must succeed in silence."""
    command = [sys.executable, str(CROWD), job, str(count), *map(str, paths)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=150)
    assert done.stderr == ""
    assert done.returncode == 0


def trials_of(path: Path) -> list[Trial]:
    """Trials of the crowd's study, of a file that SQLite finds whole."""
    raw = sqlite3.connect(path)
    assert raw.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert raw.execute("PRAGMA foreign_key_check").fetchall() == []
    raw.close()
    store = open_store(path, must_exist=True)
    trials = store.changes(store.get_study("crowd").id)[0]
    store.close()
    return trials


@pytest.mark.slow
@pytest.mark.parametrize("processes", [8, 32])
def test_processes_that_start_together_on_a_new_file_lose_and_double_nothing(
    tmp_path: Path, processes: int, check_crowd: Callable[[list[Trial], range], None]
) -> None:
    crowd("tune", processes, tmp_path / "tune.db")
    check_crowd(trials_of(tmp_path / "tune.db"), range(processes))


@pytest.mark.slow
def test_readers_beside_writers_see_every_step_and_disturb_nobody(tmp_path: Path) -> None:
    crowd("tune_or_read", 10, tmp_path / "tune.db")
    assert len(trials_of(tmp_path / "tune.db")) == 8 * 20


@pytest.mark.slow
def test_processes_that_create_or_open_together_make_one_study(tmp_path: Path) -> None:
    paths = [tmp_path / f"a store {i}.db" for i in range(10)]
    crowd("create", 16, *paths)
    for path in paths:
        assert trials_of(path) == []
        assert len(open_store(path).list_studies()) == 1


@pytest.mark.slow
def test_processes_together_start_exactly_as_many_trials_as_asked(tmp_path: Path) -> None:
    crowd("race_to_limit", 12, tmp_path / "tune.db")
    trials = trials_of(tmp_path / "tune.db")
    assert [t.number for t in trials] == list(range(50))
    assert [t.state for t in trials] == [State.COMPLETE if n % 3 else State.PAUSED for n in range(50)]


@pytest.mark.slow
def test_a_store_that_crossed_a_fork_serves_parent_and_children(tmp_path: Path) -> None:
    crowd("inherit", 6, tmp_path / "tune.db")
    trials = trials_of(tmp_path / "tune.db")
    assert [t.number for t in trials] == list(range(1 + 7 * 20))
    assert {t.state for t in trials} == {State.COMPLETE}
    assert len({t.worker for t in trials}) == 7
