"""SqlStore on SQLite keeps the contract."""

import shutil
import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import Update

from tunesmith.errors import StoreError
from tunesmith.store import SqlStore, Store, sqlite, statements
from tunesmith.testing.store import PersistentStoreContract
from tunesmith.testing.store_studies import Numbers
from tunesmith.testing.store_tools import start, study_of
from tunesmith.testing.store_trials import Attempts, Changes


class TestSqlStore(PersistentStoreContract):
    def make_store(self, tmp_path: Path) -> Store:
        return SqlStore(tmp_path / "tune.db")


class TestSqlStoreOnANetworkDrive(Numbers, Attempts, Changes):
    """Without the write-ahead log, which does not work between machines."""

    @pytest.fixture(autouse=True)
    def _mounts(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        drive = tmp_path / "a drive"
        drive.mkdir()
        mounts = tmp_path / "mounts"
        shown = str(drive).replace(" ", "\\040")
        mounts.write_text(f"/dev/sda / ext4 rw 0 0\nserver:/data {shown} nfs4 rw,relatime 0 0\n")
        monkeypatch.setattr(sqlite, "_MOUNTS", mounts)

    def make_store(self, tmp_path: Path) -> Store:
        return SqlStore(tmp_path / "a drive" / "tune.db")

    def test_the_older_journal_is_used(self, store: Store, tmp_path: Path) -> None:
        raw = sqlite3.connect(tmp_path / "a drive" / "tune.db")
        assert raw.execute("PRAGMA journal_mode").fetchone() == ("delete",)
        raw.close()


def test_the_write_ahead_log_is_used_elsewhere(tmp_path: Path) -> None:
    SqlStore(tmp_path / "tune.db").close()
    raw = sqlite3.connect(tmp_path / "tune.db")
    assert raw.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    raw.close()


def test_a_copy_of_the_file_without_its_log_has_what_was_there_when_a_run_last_saved_its_time(
    tmp_path: Path,
) -> None:
    store = SqlStore(tmp_path / "tune.db")
    study = study_of(store)
    for number in range(5):
        start(store, study, number)
    store.add_elapsed(study, 1.0)
    shutil.copy(tmp_path / "tune.db", tmp_path / "copy.db")
    assert [len(s.changes(study)[0]) for s in (store, SqlStore(tmp_path / "copy.db"))] == [5, 5]


def test_no_statement_of_the_run_loop_walks_through_all_trials(tmp_path: Path) -> None:
    store = SqlStore(tmp_path / "tune.db")
    which = {"study": 1, "trial": 5, "since": 7, "lost_attempt": 1, "least_attempt": 0, "worker": "me"}
    loop = {
        name: statement
        for name, statement in vars(statements).items()
        if name.isupper() and name not in ("GET_ALL", "GET_ALL_REPORTS", "COUNT_TRIALS")
    }
    assert len(loop) > 10
    with store._database.reading() as connection:
        for name, statement in loop.items():
            columns = {"revision": 1} if name == "PUT_TRIAL" else {"heartbeat": 1.0, "revision": 1}
            if isinstance(statement, Update):
                statement = statement.values({k: v for k, v in columns.items() if k in statement.table.c})
            compiled = statement.compile(dialect=connection.dialect)
            values = [(compiled.params | which)[p] for p in compiled.positiontup or ()]
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {compiled}", tuple(values))
            steps = [str(row[3]) for row in plan]
            assert steps, name
            for step in steps:
                is_narrow = step.count("=?") > 1 or ">?" in step or "id=?" in step.replace("study_id=?", "")
                assert is_narrow or step.startswith("LIST SUBQUERY"), f"{name}: {steps}"


def test_rows_that_belong_to_nothing_are_refused(tmp_path: Path) -> None:
    store = SqlStore(tmp_path / "tune.db")
    with pytest.raises(StoreError, match="FOREIGN KEY"), store._database.writing() as connection:
        connection.exec_driver_sql("INSERT INTO reports VALUES (1, 0, 1, 1, 0.5, NULL, 0.1)")


def test_what_is_wrong_with_a_file_is_found(tmp_path: Path) -> None:
    path = tmp_path / "tune.db"
    store = SqlStore(path)
    study = study_of(store, "mnist")
    for number in range(200):
        start(store, study, number)
    store.close()
    raw = sqlite3.connect(path)
    raw.execute("UPDATE studies SET trials = 7")
    raw.commit()
    raw.close()
    assert store.check() == ["study 'mnist' should have 7 trials, and has 200"]
    store.close()
    content = bytearray(path.read_bytes())
    middle = len(content) // 2 // 4096 * 4096
    content[middle : middle + 4096] = b"\xff" * 4096
    path.write_bytes(content)
    try:
        problems = store.check()
    except StoreError as error:
        problems = [str(error)]
    assert "is damaged" in problems[0]
