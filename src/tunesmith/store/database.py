"""Database: connections, transactions, migration and errors of an SQL store; its contents are `sql.py`.

A transaction either reads, and then waits for nobody, or writes, and then has the database to itself from its
beginning. Opening brings the tables to this version, in one transaction: after a kill at any moment the next
one to open completes it, and of many that open at once one does the work.
"""

import logging
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection, Engine, inspect, text

from tunesmith.errors import StoreError, message
from tunesmith.store import sqlite
from tunesmith.store.forks import ForkSafe, Gate
from tunesmith.store.schema import HEAD, VERSION_TABLE

T = TypeVar("T")


class Database(ForkSafe):
    """One SQLite file, as transactions.

    Args:
        path: File; absolute.
        must_exist: Never make it.
        read_only: Never write to it: it must exist and have the tables of this version.

    Raises:
        StoreError: It cannot be opened or is not ours.
    """

    def __init__(self, path: Path, *, must_exist: bool, read_only: bool = False) -> None:
        self.path = path
        self._must_exist = must_exist or read_only
        self._read_only = read_only
        self._engines: sqlite.Engines | None = None
        self._file: tuple[int, int] | None = None
        self._start_afresh()
        self.watch_forks()
        with self.reading():  # errors come now, not at the first trial
            pass

    def _start_afresh(self) -> None:
        self._gate = Gate()
        self._opening = threading.Lock()
        self._writing = threading.Lock()  # threads queue here, instead of polling SQLite's lock

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that sees the database as it is now, and neither waits nor makes anybody wait."""
        with self._gate.inside(), self._errors_explained(), self._begun(self._ready().reading) as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that writes; committed at its end, undone by an exception."""
        with self._gate.inside(), self._errors_explained():
            engine = self._ready().writing
            with self._writing, self._begun(engine) as connection:
                yield connection

    def settle(self) -> None:
        """Bring the file itself up to date, for whoever copies it."""
        with self._gate.inside(), self._errors_explained():
            sqlite.merge_log(self._ready().reading)

    def close(self) -> None:
        """Close all connections; the next transaction opens anew."""
        self._gate.shut()
        try:
            self._dispose()
            self._file = None
        finally:
            self._gate.open()

    # -- opening -----------------------------------------------------------------------------------------

    def _ready(self) -> sqlite.Engines:
        """The engines, of a database that has the tables of this version."""
        if self._file is not None and sqlite.identity(self.path) != self._file:
            # What is written now would be lost, or would land among the trials of another file.
            gone = f"store {str(self.path)!r} was deleted or replaced while it was in use"
            raise StoreError(message(gone, fix="Put the file back if you still have it, and start again."))
        engines = self._engines
        if engines is not None:
            return engines
        with self._opening:
            if self._engines is None:
                sqlite.check_path(self.path, self._must_exist)
                mode = "ro" if self._read_only else "rw" if self._must_exist else "rwc"
                engines = sqlite.Engines(self.path, mode)
                try:
                    self._bring_up_to_date(engines)
                except BaseException:
                    engines.dispose()
                    raise
                weakref.finalize(self, engines.dispose)  # at the end of the process, if not before
                self._engines, self._file = engines, sqlite.identity(self.path)
                self._must_exist = True  # a file that goes away while in use is not quietly made again
            return self._engines

    def _bring_up_to_date(self, engines: sqlite.Engines) -> None:
        with self._begun(engines.reading) as connection:
            version = self._version(connection)
        if self._read_only:
            if version != HEAD:
                old = f"store {str(self.path)!r} has tables of another version, and is only to be read"
                fix = "Open it once with: tunesmith studies --store FILE"
                raise StoreError(message(old, allowed=HEAD, given=version, fix=fix))
            return
        engines.dispose()  # this connection has seen the file as it was before
        sqlite.choose_journal(self.path)  # not sooner: what is not ours stays untouched
        if version == HEAD:
            return
        with self._begun(engines.writing) as connection, _keeping_quiet("alembic"):
            version = self._version(connection)  # another process may have done it while we waited
            if version == HEAD:
                return
            from tunesmith.store import migrations  # loads Alembic, which takes long

            if version is not None and not migrations.is_known(version):
                raise StoreError(
                    message(
                        f"store {str(self.path)!r} was written by a newer tunesmith",
                        allowed=f"tables up to version {HEAD}",
                        given=version,
                        fix="Install the newest one: pip install --upgrade tunesmith.",
                    )
                )
            migrations.upgrade(connection)

    def _version(self, connection: Connection) -> str | None:
        """Version of the tables; None for an empty database."""
        names = inspect(connection).get_table_names()
        if VERSION_TABLE in names:
            return connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar()
        if names:
            raise StoreError(
                message(
                    f"store {str(self.path)!r} is a database of another program",
                    given=f"tables {', '.join(sorted(names)[:5])}",
                    fix="Give another path; this file was not touched.",
                )
            )
        return None

    # -- transactions ------------------------------------------------------------------------------------

    @contextmanager
    def _begun(self, engine: Engine) -> Iterator[Connection]:
        """Connect and begin, with patience where SQLite has none itself; commit, or roll back."""
        deadline = time.monotonic() + sqlite.PATIENCE

        def patiently(act: Callable[[], T]) -> T:
            while True:
                try:
                    return act()
                except sqlite.ERRORS as error:
                    if not sqlite.is_busy(error) or time.monotonic() > deadline:
                        raise
                sqlite.pause()

        # The lock is taken within `with`, so that not even a Ctrl+C can leave it taken.
        with patiently(engine.connect) as connection:
            patiently(connection.begin)
            yield connection
            connection.commit()

    @contextmanager
    def _errors_explained(self) -> Iterator[None]:
        try:
            yield
        except sqlite.ERRORS as error:
            raise sqlite.explain(error, self.path) from error

    # -- forks -------------------------------------------------------------------------------------------

    def before_fork(self) -> None:
        """Close all connections, and keep new ones from being opened."""
        self._gate.shut()
        self._dispose()

    def after_fork(self, is_child: bool) -> None:
        """Let transactions in again; they open anew."""
        if is_child:
            self._start_afresh()  # other threads may have been about to take these locks
        else:
            self._gate.open()

    def _dispose(self) -> None:
        engines, self._engines = self._engines, None
        if engines is not None:
            engines.dispose()


@contextmanager
def _keeping_quiet(library: str) -> Iterator[None]:
    """Let a library log no more than warnings, unless its level was set: its steps are no news to a user."""
    logger = logging.getLogger(library)
    if logger.level != logging.NOTSET:
        yield
        return
    logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.setLevel(logging.NOTSET)
