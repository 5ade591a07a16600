"""Kills processes at random moments: `python killer.py JOB ROUNDS PLACE`; a failed check ends it.

The place is a folder, or the address of a database.

Like crowd.py it imports everything once and forks, so that a moment of the work itself is hit, not an import.
"""

import os
import random
import signal
import sqlite3
import sys
import time
from collections.abc import Callable
from pathlib import Path

from tunesmith.store import SqlStore, migrations
from tunesmith.store.base import Created, StudyRecord
from tunesmith.store.leases import this_worker
from tunesmith.trial import Report, State, Trial

assert migrations.is_known("0001")  # loads Alembic before the fork
RECORD = StudyRecord("victim", "minimize", {"x": 1}, {"name": "random"}, None, seed=1)


def killed(
    work: Callable[[int], None], seconds: float, *, count: int = 0, made: Path | None = None
) -> list[int]:
    """Run `work(pipe)` in a child, kill it some seconds after it got so far, and return the numbers it wrote.

    It got so far when it wrote `count` numbers and `made` exists: a busy machine only makes the kill later.
    """
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        work(writer)
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        lines = [pipe.readline() for _ in range(count)]
        while made is not None and not made.exists():
            time.sleep(0.0005)
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        return [int(line) for line in [*lines, *pipe] if line.endswith("\n")]


def assert_whole(path: Path) -> None:
    """SQLite finds nothing amiss."""
    raw = sqlite3.connect(path)
    assert raw.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert raw.execute("PRAGMA foreign_key_check").fetchall() == []
    raw.close()


def creation(rounds: int, where: str) -> None:
    """Kill while the store is made; the next to open it completes it."""
    folder = Path(where)
    before = time.monotonic()
    SqlStore(folder / "first.db").create_study(RECORD)
    usual, draw, found = time.monotonic() - before, random.Random(0), set[str]()
    for round_ in range(rounds):
        path = folder / f"{round_}.db"

        def create(pipe: int, path: Path = path) -> None:
            SqlStore(path).create_study(RECORD)

        killed(create, draw.uniform(0, usual), made=path if round_ % 2 else None)
        found.add("made" if path.exists() and path.stat().st_size else "empty" if path.exists() else "none")
        store = SqlStore(path)
        study = store.create_study(RECORD).id
        assert store.create_trial(study, Trial(0, {"x": 1})) is Created.YES
        assert [t.config for t in store.changes(study)[0]] == [{"x": 1}]
        store.close()
        assert_whole(path)
    assert len(found) > 1, f"every kill came at the same stage: {found}"


def creation_on_a_server(rounds: int, where: str) -> None:
    """The same, with one database that is emptied in between."""
    import psycopg

    raw = psycopg.connect(where, autocommit=True)
    before = time.monotonic()
    SqlStore(where).create_study(RECORD)
    usual, found = time.monotonic() - before, set[bool]()

    def create(pipe: int) -> None:
        SqlStore(where).create_study(RECORD)

    for round_ in range(rounds):
        raw.execute("DROP SCHEMA IF EXISTS tunesmith CASCADE")
        killed(create, usual * (1.5 * round_ / rounds))
        found.add(raw.execute("SELECT to_regclass('tunesmith.studies')").fetchone() == ("tunesmith.studies",))
        store = SqlStore(where)
        study = store.create_study(RECORD).id
        assert store.create_trial(study, Trial(0, {"x": 1})) is Created.YES
        assert [t.config for t in store.changes(study)[0]] == [{"x": 1}]
        store.close()
    assert len(found) > 1, "every kill came before the tables were there, or after"


def running(rounds: int, where: str) -> None:
    """Kill while trials are run; what was told is there, and what was running is run again."""
    path = where if "://" in where else f"{where}/tune.db"
    draw, told = random.Random(1), set[int]()
    study = SqlStore(path).create_study(RECORD).id

    def run(pipe: int) -> None:
        store = SqlStore(path)
        while True:
            trial = store.claim(study, this_worker())
            if trial is None:
                number = len(store.changes(study)[0])
                trial = Trial(number, {"x": number}, State.RUNNING, attempt=1)
                assert store.create_trial(study, trial, worker=this_worker()) is Created.YES
            assert store.report(study, trial.number, trial.attempt, Report(1, 0.5, 0.0))
            assert store.finish(study, trial.number, trial.attempt, State.COMPLETE, value=trial.number / 7)
            os.write(pipe, f"{trial.number}\n".encode())

    for _ in range(rounds):
        told.update(killed(run, draw.uniform(0, 0.03), count=draw.randint(0, 4)))
        store = SqlStore(path)
        trials = store.changes(study)[0]
        assert [t.number for t in trials] == list(range(len(trials)))
        running = [t.number for t in trials if t.state is State.RUNNING]
        assert len(running) <= 1
        assert store.reclaim(study) == running
        assert told <= {t.number for t in trials if t.state is State.COMPLETE}
        for trial in store.changes(study)[0]:
            if trial.state is State.COMPLETE:
                assert (trial.value, len(trial.reports)) == (trial.number / 7, 1)
        store.close()
        if "://" not in path:
            assert_whole(Path(path))
    assert len(told) > rounds, "the kills came before anything was done"


if __name__ == "__main__":
    jobs = {job.__name__: job for job in (creation, creation_on_a_server, running)}
    jobs[sys.argv[1]](int(sys.argv[2]), sys.argv[3])
