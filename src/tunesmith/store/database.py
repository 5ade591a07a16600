"""Database: connections, transactions, migration and errors of an SQL store; its contents are `sql.py`.

A transaction either reads, and then sees one moment and waits for nobody, or writes. In a file, it then has
the database to itself from its beginning; on a server, the rows that it has locked. Opening brings the tables
to this version, in one transaction: after a kill at any moment the next one to open completes it, and of many
that open at once one does the work.
"""

import logging
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from sqlalchemy import Connection, Engine, inspect, text

from tunesmith.errors import StoreError, message
from tunesmith.store.addresses import is_server
from tunesmith.store.forks import ForkSafe, Gate
from tunesmith.store.place import Engines, Place
from tunesmith.store.schema import HEAD, VERSION_TABLE
from tunesmith.store.sqlite import SqliteFile

T = TypeVar("T")


def place_of(where: str) -> Place:
    """Place that a user means by a path or an address.

    Raises:
        OptionError: An address cannot be read.
        MissingExtra: The driver of its database is not installed.
    """
    if is_server(where):
        from tunesmith.store.postgres import PostgresDatabase

        return PostgresDatabase(where)
    return SqliteFile(where)


class Database(ForkSafe):
    """One database, as transactions.

    Args:
        place: Where it is.
        must_exist: Never make it.
        read_only: Never write to it: it must exist and have the tables of this version.

    Raises:
        StoreError: It cannot be opened or is not ours.
    """

    def __init__(self, place: Place, *, must_exist: bool, read_only: bool = False) -> None:
        self.place = place
        self._must_exist = must_exist or read_only
        self._read_only = read_only
        self._engines: Engines | None = None
        self._identity: object = None
        self._start_afresh()
        self.watch_forks()
        with self.reading():  # errors come now, not at the first trial
            pass

    def _start_afresh(self) -> None:
        self._gate = Gate()
        self._opening = threading.Lock()
        self._writing = threading.Lock()  # threads queue here, instead of at the lock of the database

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
        """Bring what lies at the place up to date, for whoever copies it."""
        with self._gate.inside(), self._errors_explained():
            self.place.merge(self._ready())

    def close(self) -> None:
        """Close all connections; the next transaction opens anew."""
        self._gate.shut()
        try:
            self._dispose()
            self._identity = None
        finally:
            self._gate.open()

    # -- opening -----------------------------------------------------------------------------------------

    def _ready(self) -> Engines:
        """The engines, of a database that has the tables of this version."""
        if self._identity is not None and self.place.identity() != self._identity:
            # What is written now would be lost, or would land among the trials of another file.
            gone = f"store {self.place.name!r} was deleted or replaced while it was in use"
            raise StoreError(message(gone, fix="Put the file back if you still have it, and start again."))
        engines = self._engines
        if engines is not None:
            return engines
        with self._opening:
            if self._engines is None:
                engines = self.place.engines(self._must_exist, self._read_only)
                try:
                    self._bring_up_to_date(engines)
                except BaseException:
                    engines.dispose()
                    raise
                weakref.finalize(self, engines.dispose)  # at the end of the process, if not before
                self._engines, self._identity = engines, self.place.identity()
                self._must_exist = True  # one that goes away while in use is not quietly made again
            return self._engines

    def _bring_up_to_date(self, engines: Engines) -> None:
        with self._begun(engines.reading) as connection:
            version = self._version(connection)
        if version is None and self._must_exist and not self.place.may_be_empty:
            missing = f"there is no store {self.place.name!r}"
            raise StoreError(message(missing, fix="The first run that is given it makes it."))
        if self._read_only:
            if version != HEAD:
                old = f"store {self.place.name!r} has tables of another version, and is only to be read"
                fix = "Open it once with: tunesmith studies --store FILE"
                raise StoreError(message(old, allowed=HEAD, given=version, fix=fix))
            return
        self.place.settle_in(engines)
        if version == HEAD:
            return
        with self._begun(engines.writing) as connection, _keeping_quiet("alembic"):
            self.place.make_room(connection)
            version = self._version(connection)  # another process may have done it while we waited
            if version == HEAD:
                return
            from tunesmith.store import migrations  # loads Alembic, which takes long

            if version is not None and not migrations.is_known(version):
                raise StoreError(
                    message(
                        f"store {self.place.name!r} was written by a newer tunesmith",
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
            raise self.place.foreign(sorted(names))
        return None

    # -- transactions ------------------------------------------------------------------------------------

    @contextmanager
    def _begun(self, engine: Engine) -> Iterator[Connection]:
        """Connect and begin, with patience where the database has none itself; commit, or roll back.

        Later errors are not met by trying again: what had been sent may have been done.
        """
        deadline = time.monotonic() + self.place.patience

        def patiently(act: Callable[[], T]) -> T:
            while True:
                try:
                    return act()
                except self.place.errors as error:
                    if not self.place.is_passing(error) or time.monotonic() > deadline:
                        raise
                self.place.pause()

        # The lock is taken within `with`, so that not even a Ctrl+C can leave it taken.
        with patiently(engine.connect) as connection:
            patiently(connection.begin)
            yield connection
            connection.commit()

    @contextmanager
    def _errors_explained(self) -> Iterator[None]:
        try:
            yield
        except self.place.errors as error:
            raise self.place.explain(error) from error

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
