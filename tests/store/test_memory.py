"""MemoryStore keeps the contract."""

from pathlib import Path

from tunesmith.store import MemoryStore, Store
from tunesmith.testing.store import StoreContract


class TestMemoryStore(StoreContract):
    def make_store(self, tmp_path: Path) -> Store:
        return MemoryStore()
