"""SqlStore on SQLite keeps the contract."""

import sqlite3
from pathlib import Path

import pytest

from tunesmith.store import SqlStore, Store, sqlite
from tunesmith.testing.store import PersistentStoreContract
from tunesmith.testing.store_studies import Numbers
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
