"""SqlStore on SQLite keeps the contract."""

from pathlib import Path

from tunesmith.store import SqlStore, Store
from tunesmith.testing.store import PersistentStoreContract


class TestSqlStore(PersistentStoreContract):
    def make_store(self, tmp_path: Path) -> Store:
        return SqlStore(tmp_path / "tune.db")
