"""Place: where a database is, and all in which one kind of database differs from another.

`SqliteFile` is in `sqlite.py`, `PostgresDatabase` in `postgres.py`; another kind is added beside them, and
chosen in `database.py`.
"""

from collections.abc import Callable
from typing import Any, Protocol

from sqlalchemy import Connection, Engine, event

from tunesmith.errors import StoreError


class Engines:
    """Two engines over one pool of connections: for transactions that only read, and for those that write.

    Args:
        make: Makes an engine.
        reads: Words that begin a transaction that reads.
        writes: Words that begin one that writes.
        **pool: What kind of pool, and how it connects.
    """

    def __init__(self, make: Callable[..., Engine], reads: str, writes: str, **pool: Any) -> None:
        self.reading = make(**pool)
        self.writing = make(pool=self.reading.pool)
        _begin_with(self.reading, reads)
        _begin_with(self.writing, writes)

    def dispose(self) -> None:
        """Close the connections that are not in use."""
        self.reading.pool.dispose()


def _begin_with(engine: Engine, words: str) -> None:
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql(words))


class Place(Protocol):
    """Where a database is: how to reach it, and what is particular to it."""

    @property
    def url(self) -> str:
        """Path or address as it was given, but for its password."""

    @property
    def name(self) -> str:
        """What it is called in messages."""

    @property
    def whole(self) -> str:
        """What opens the same place in another process; not to be shown."""

    @property
    def files(self) -> str:
        """Directory for what trials keep, absolute; it need not be there."""

    @property
    def errors(self) -> tuple[type[Exception], ...]:
        """What is raised where it cannot be opened, read or written."""

    @property
    def patience(self) -> float:
        """Seconds to wait for others."""

    @property
    def may_be_empty(self) -> bool:
        """Whether it counts as a store before it has tables."""

    def engines(self, must_exist: bool, read_only: bool) -> Engines:
        """Engines for it, after a look at what can be told without opening it.

        Raises:
            OptionError: It promises to be something else.
            StoreError: There cannot be a store here, or there is none and it must exist.
        """

    def foreign(self, tables: list[str]) -> StoreError:
        """Error for a place that another program uses."""

    def settle_in(self, engines: Engines) -> None:
        """Prepare to write, now that it is known to be ours."""

    def make_room(self, connection: Connection) -> None:
        """Within a transaction that writes: keep out who would make tables as well, and see that one can."""

    def identity(self) -> object:
        """What tells it from another one put in its place; None where nothing does, or there is none."""

    def now(self, connection: Connection) -> float:
        """Unix time in seconds, by the clock that all who use it go by."""

    def problems(self, connection: Connection) -> list[str]:
        """What the database itself finds wrong with it."""

    def merge(self, engines: Engines) -> None:
        """Bring what lies there up to date, for whoever copies it."""

    def is_passing(self, error: Exception) -> bool:
        """Whether an error in connecting or beginning may be gone in a moment."""

    def pause(self) -> None:
        """Wait a moment before trying again."""

    def explain(self, error: Exception) -> StoreError:
        """Turn one of `errors` into one of ours, in words that say what to do."""
