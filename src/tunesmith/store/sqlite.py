"""What is particular to SQLite: the file, its settings, its locks and its errors. Nothing else is here."""

import contextlib
import functools
import os
import sqlite3
import time
from pathlib import Path
from random import SystemRandom
from typing import Any

from sqlalchemy import Connection, create_engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool, QueuePool

from tunesmith.errors import StoreError, did_you_mean, message
from tunesmith.paths import check_ending
from tunesmith.store.place import Engines

PATIENCE = 60.0  # seconds to wait for other processes; 32 of them starting at once need about 2
_PAUSE = (0.002, 0.02)  # seconds between tries, drawn, so that processes do not try in step
_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL}
ENDINGS = ".db", ".db3", ".sqlite", ".sqlite3"  # of a store
_MAGIC = b"SQLite format 3\0"  # how every database of SQLite begins
_MOUNTS = Path("/proc/self/mounts")
_NETWORK_DRIVES = {
    *("nfs", "nfs4", "cifs", "smb3", "smbfs", "afs", "9p", "lustre", "gpfs", "beegfs", "ceph"),
    *("glusterfs", "sshfs", "s3fs", "gcsfuse", "vboxsf", "prl_fs"),
}
_RANDOM = SystemRandom()  # nothing of ours draws from a global generator


class SqliteFile:
    """A database in a file.

    Args:
        path: File; relative paths are meant from where the process is now.
    """

    errors = (DBAPIError, sqlite3.Error)  # of a statement, and of opening the file
    may_be_empty = True  # SQLite makes a file as it is opened, and its tables later

    def __init__(self, path: str) -> None:
        self.path = Path(path).expanduser().absolute()
        self.url, self.name, self.whole = path, str(self.path), str(self.path)
        self.files = f"{self.path}.files"

    @property
    def patience(self) -> float:
        """Seconds to wait for others."""
        return PATIENCE

    def engines(self, must_exist: bool, read_only: bool) -> Engines:
        """Engines for it, after a look at the path."""
        _check_path(self.path, must_exist)
        path, mode = self.path, "ro" if read_only else "rw" if must_exist else "rwc"

        pool: dict[str, Any] = {"creator": lambda: _connect(path, mode)}
        if _may_write_beside(path):  # any number of threads get a connection each, while they need it
            pool |= {"poolclass": QueuePool, "pool_size": 4, "max_overflow": -1}
        else:  # how such a file is to be read is decided anew each time
            pool |= {"poolclass": NullPool}
        # A transaction that first reads and then writes may fail at once when another writes in between,
        # whatever the busy timeout. One that takes the lock as it begins waits its turn.
        make = functools.partial(create_engine, "sqlite://")
        return Engines(make, reads="BEGIN", writes="BEGIN IMMEDIATE", **pool)

    def foreign(self, tables: list[str]) -> StoreError:
        """Error for a file of another program."""
        return StoreError(
            message(
                f"store {self.name!r} is a database of another program",
                given=f"tables {', '.join(tables[:5])}",
                fix="Give another path; this file was not touched.",
            )
        )

    def settle_in(self, engines: Engines) -> None:
        """Choose the journal; not sooner: what is not ours stays untouched."""
        engines.dispose()  # this connection has seen the file as it was before
        _choose_journal(self.path)

    def make_room(self, connection: Connection) -> None:
        """Nothing to do: whoever writes is alone."""

    def identity(self) -> tuple[int, int] | None:
        """What tells the file from another one put in its place; None when there is none."""
        try:
            found = self.path.stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino

    def now(self, connection: Connection) -> float:
        """Time of this machine: a file has no clock of its own."""
        return time.time()

    def problems(self, connection: Connection) -> list[str]:
        """What SQLite finds wrong with the file; empty when it is sound."""
        found = connection.exec_driver_sql("PRAGMA quick_check(5)").scalars()
        return [f"the file is damaged: {line}" for line in found if line != "ok"]

    def merge(self, engines: Engines) -> None:
        """Take what the log beside the file holds into the file, as far as no reader is in the way.

        SQLite does so by itself every 1,000 pages only, and a file that is copied without its log, or after
        a kill, would lack hundreds of trials.
        """
        with contextlib.closing(engines.reading.raw_connection()) as connection:
            connection.cursor().execute("PRAGMA wal_checkpoint(PASSIVE)")

    def is_passing(self, error: Exception) -> bool:
        """Whether the error is that others were in the way, so that trying again makes sense."""
        return _primary(error) in _BUSY

    def pause(self) -> None:
        """Wait a moment before trying again."""
        _pause()

    def explain(self, error: Exception) -> StoreError:
        """Turn an error of SQLite into one of ours, in words that say what to do."""
        return _explain(error, self.path)


def _check_path(path: Path, must_exist: bool) -> None:
    """Refuse a path at which there cannot be a store.

    Raises:
        OptionError: A store would be made under the name of another format.
        StoreError: It is a directory, its directory is missing, it is missing and must exist, or the system
            does not let us look.
    """
    try:
        _look_at(path, must_exist)
    except OSError as error:  # a name that is too long, a directory that may not be entered
        wrong = f"store {str(path)!r} cannot be: {error.strerror}"
        raise StoreError(message(wrong, fix="Give another path.")) from error


def _look_at(path: Path, must_exist: bool) -> None:
    if path.is_dir():
        raise StoreError(
            message(
                f"store {str(path)!r} is a directory", fix=f"Give a file in it: {str(path / 'tune.db')!r}."
            )
        )
    if not path.parent.is_dir():
        raise StoreError(
            message(
                f"store {str(path)!r} cannot be: there is no directory {str(path.parent)!r}",
                fix="Create the directory first.",
            )
        )
    if must_exist and not path.exists():
        near = did_you_mean(path.name, [p.name for p in path.parent.iterdir() if p.is_file()])
        fix = near or "The first run that is given it makes it."
        raise StoreError(message(f"there is no store {str(path)!r}", fix=fix))
    if not path.exists():  # one that is there is opened whatever its name
        check_ending("a store", path, ENDINGS)
    if path.is_file() and not _may_be_database(path):
        raise _no_database(path)


def _may_be_database(path: Path) -> bool:
    """Whether a file is SQLite's or empty; SQLite itself overwrites a file of a few bytes without a word."""
    try:
        with path.open("rb") as file:
            start = file.read(len(_MAGIC))
    except OSError:
        return True  # opening it will say why not
    # While a first page is being written, only the journal beside it makes the file whole.
    return start in (b"", _MAGIC) or path.with_name(f"{path.name}-journal").exists()


def _no_database(path: Path) -> StoreError:
    words = f"store {str(path)!r} is no database"
    return StoreError(message(words, fix="Give another path; this file was not touched."))


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    try:
        return _connect_to(f"{path.as_uri()}?mode={mode}")
    except sqlite3.OperationalError as error:
        is_refused = _primary(error) in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY)
        if not is_refused or _may_write_beside(path) or _unmerged(path):
            raise
    # A write-ahead log makes SQLite write beside the file even to read it. Where nothing can be written and
    # the log is empty, all there is to read is in the file.
    return _connect_to(f"{path.as_uri()}?mode=ro&immutable=1")


def _may_write_beside(path: Path) -> bool:
    return os.access(path.parent, os.W_OK)


def _unmerged(path: Path) -> Path | None:
    """The log beside a file that holds what the file does not; None for none."""
    log = path.with_name(f"{path.name}-wal")
    return log if log.exists() and log.stat().st_size else None


def _connect_to(uri: str) -> sqlite3.Connection:
    connection = sqlite3.connect(
        uri,
        uri=True,
        timeout=PATIENCE,
        isolation_level=None,  # we begin transactions ourselves
        check_same_thread=False,  # the pool hands a connection to one thread at a time
    )
    try:
        connection.execute("PRAGMA foreign_keys = ON")
        (journal,) = connection.execute("PRAGMA journal_mode").fetchone()
        # With WAL, NORMAL loses nothing when a process dies, and syncs once per checkpoint, not per commit.
        connection.execute(f"PRAGMA synchronous = {'NORMAL' if journal == 'wal' else 'FULL'}")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _choose_journal(path: Path) -> None:
    """Switch the file to a write-ahead log, with which readers and writers do not wait for each other.

    On a network drive it keeps SQLite's older journal: the log needs memory that all its users share, which
    machines do not. There a writer waits until nobody reads.
    """
    wanted = "delete" if _is_on_network(path) else "wal"
    deadline = time.monotonic() + PATIENCE
    with contextlib.closing(_connect(path, "rw")) as connection:
        while True:
            try:
                (mode,) = connection.execute("PRAGMA journal_mode").fetchone()
                if mode != wanted:
                    connection.execute(f"PRAGMA journal_mode = {wanted}")
                return
            except sqlite3.OperationalError as error:
                if _primary(error) == sqlite3.SQLITE_READONLY:
                    return  # reading works all the same, and writing will say so
                # SQLite does not wait here, whatever the busy timeout says.
                if _primary(error) not in _BUSY or time.monotonic() > deadline:
                    raise
            _pause()


def _is_on_network(path: Path) -> bool:
    """Whether a file is on a drive of another machine, as far as the system says (Linux)."""
    try:
        mounts = [line.split() for line in _MOUNTS.read_text(errors="replace").splitlines()]
    except OSError:
        return False
    kinds = {Path(m[1].replace("\\040", " ")): m[2] for m in mounts if len(m) > 2}
    real = path.resolve()
    kind = next((kinds[p] for p in (real, *real.parents) if p in kinds), "")
    return kind.removeprefix("fuse.") in _NETWORK_DRIVES


def _pause() -> None:
    time.sleep(_RANDOM.uniform(*_PAUSE))


def _explain(error: Exception, path: Path) -> StoreError:
    code, where, cause = _primary(error), f"store {str(path)!r}", _cause(error)
    if code in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT):
        return _no_database(path)
    if code in _BUSY:
        return StoreError(
            message(
                f"{where} was locked by another process for {PATIENCE:.0f} seconds",
                fix="End the program that holds it open for writing, and run again: nothing was lost.",
            )
        )
    if code == sqlite3.SQLITE_READONLY:
        return StoreError(
            message(
                f"{where} cannot be written",
                fix="Allow writing to the file and its directory, or copy it to a place of your own.",
            )
        )
    if code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR):
        wrong = "the disk is full" if code == sqlite3.SQLITE_FULL else f"{cause}"
        fix = "See that the disk is there and has space, and run again: what was told before is kept."
        return StoreError(message(f"{where} cannot be read or written: {wrong}", fix=fix))
    if code in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH):
        log = _unmerged(path)
        if log and not _may_write_beside(path):
            wrong = (
                f"{where} cannot be read where nothing can be written: its last changes are in {log.name!r}"
            )
            return StoreError(message(wrong, fix="Copy both files to a place of your own."))
        may = os.access(path if path.exists() else path.parent, os.R_OK | os.W_OK)
        fix = (
            "See that no other program holds it."
            if may
            else "Allow reading and writing it and its directory."
        )
        return StoreError(message(f"{where} cannot be opened: {cause}", fix=fix))
    if code == sqlite3.SQLITE_CORRUPT:
        return StoreError(
            message(
                f"{where} is damaged: {cause}",
                fix=f"Save what is left: sqlite3 {path.name} .recover > saved.sql",
            )
        )
    return StoreError(message(f"{where} failed: {cause}"))


def _cause(error: Exception) -> BaseException | None:
    """SQLite's own error, which SQLAlchemy wraps."""
    return error.orig if isinstance(error, DBAPIError) else error


def _primary(error: Exception) -> int:
    """Result code of SQLite without its extension; 0 for errors of the Python module itself."""
    return (getattr(_cause(error), "sqlite_errorcode", None) or 0) & 0xFF
