"""What is particular to PostgreSQL: connections, how transactions begin, its errors. Nothing else is here.

| question | answer |
|---|---|
| where are the tables | in a schema of their own, so that the database may have any others |
| who waits for whom | a change of a study waits for its row; readers see one moment, and wait for nobody |
| a process vanishes | the server ends its transaction after `PATIENCE`, and so frees what it had locked |
| the server goes away | who begins a transaction waits for it; one under way is an error, and undone |
| whose clock | the server's, for heartbeats: those of machines differ |
"""

import functools
import time
from pathlib import Path
from random import SystemRandom
from typing import Any

from sqlalchemy import Connection, create_engine, inspect
from sqlalchemy.exc import DBAPIError

from tunesmith.errors import OptionError, StoreError, message, missing_extra
from tunesmith.paths import folder_name
from tunesmith.store.addresses import address_of
from tunesmith.store.place import Engines

try:
    import psycopg
    from psycopg.conninfo import conninfo_to_dict
except ImportError as missing:  # also without the library that it wraps
    raise missing_extra("psycopg", "postgres", "a store in PostgreSQL") from missing

PATIENCE = 60.0  # seconds to wait for a lock, or for a server that was there; a restart takes a few
SCHEMA = "tunesmith"
_PAUSE = (0.05, 0.25)  # seconds between tries, drawn, so that processes do not try in step
_LOCK = 0x74756E65  # of those who make tables; any number that others do not use
_RANDOM = SystemRandom()  # nothing of ours draws from a global generator
_CONNECTING: dict[str, Any] = {
    "client_encoding": "utf8",
    "fallback_application_name": "tunesmith",
    "connect_timeout": 10,  # seconds
    # A server that vanished is noticed within a minute; by default it takes hours.
    "keepalives_idle": 20,
    "keepalives_interval": 10,
    "keepalives_count": 4,
    "tcp_user_timeout": 60_000,  # milliseconds
}
# What a server says before it lets anybody in; such errors come without a code.
_PASSING = "starting up", "too many clients", "connection slots are reserved"
_ADVICE = (
    ("password", "Give it in the address, ~/.pgpass or PGPASSWORD; write @ as %40, / as %2F, % as %25."),
    ("does not exist", "Make the database, as with: createdb NAME. Or see that its name is spelled right."),
    ("pg_hba.conf", "Let the server's administrator allow this machine in pg_hba.conf."),
    ("clients", "Raise max_connections of the server, or put a pgbouncer before it."),
    ("connection slots", "Raise max_connections of the server, or put a pgbouncer before it."),
    ("", "See that host and port are right, that the server runs, and that it can be reached from here."),
)
_CONNECTION_LOST = "08006"
_EXPLAINED = (  # beginnings of codes, what is wrong, what to do
    (
        ("25006",),
        "cannot be written",
        "It was opened only to be read, or its server only follows another: name that one.",
    ),
    (
        ("42501", "3F000"),  # a schema that one has no rights in is as good as none
        "does not let this user in",
        "Log in as the user that made the store, or have its owner grant yours the rights. For a new one, "
        f"the owner of the database says: CREATE SCHEMA {SCHEMA} AUTHORIZATION ...",
    ),
    (
        ("55P03", "40P01"),
        "is locked by another process",
        "End the program that holds the lock, and run again: nothing was lost.",
    ),
    (
        ("42P01",),
        "has lost its tables while it was in use",
        "Restore the database if you still have it, and start again.",
    ),
    (
        ("53",),
        "cannot be read or written",
        "See that the server has space, and run again: what was told before is kept.",
    ),
    (("XX",), "is damaged", "Restore it from a backup."),
    (
        ("08", "57P", "25P03"),  # gone, shut down, or it had waited too long for this process
        "has lost its connection",
        "Run again once it can be reached: what was told before is kept.",
    ),
)


class PostgresDatabase:
    """A database on a server.

    Args:
        where: Address, as libpq reads it: "postgresql://user:password@host:port/database".

    Raises:
        OptionError: It cannot be read.
    """

    errors = (DBAPIError, psycopg.Error)  # of a statement, and of connecting
    may_be_empty = False

    def __init__(self, where: str) -> None:
        address = address_of(where)
        try:
            given = conninfo_to_dict(address.shown)
        except psycopg.Error as error:
            wrong = f"store: the address cannot be read: {_words(error)}"
            fix = "Write postgresql://user:password@host:port/database."
            raise OptionError(message(wrong, given=repr(address.shown), fix=fix)) from error
        self.url = self.name = address.shown
        self.whole = address.whole
        self.files = str(Path(f"{folder_name(str(given.get('dbname') or SCHEMA))}.files").absolute())
        self._connecting = _CONNECTING | given | address.secrets
        self._was_there = False

    @property
    def patience(self) -> float:
        """Seconds to wait for others, and for the server."""
        return PATIENCE

    def engines(self, must_exist: bool, read_only: bool) -> Engines:
        """Engines for it; whether there is a store is seen by its tables."""
        # One statement, so that it takes one message. SET LOCAL ends with the transaction, as behind a
        # pgbouncer the next one may be another process's.
        limit = f"{PATIENCE:.0f}s"
        settings = (
            f"SET LOCAL search_path = {SCHEMA}; SET LOCAL extra_float_digits = 3; "
            f"SET LOCAL lock_timeout = '{limit}'; SET LOCAL idle_in_transaction_session_timeout = '{limit}'"
        )
        # What a change reads once it has the lock must be newer than the lock: READ COMMITTED.
        mode = " READ ONLY" if read_only else ""
        # As many connections are kept as threads had one at once, of most processes one or two: a server lets
        # in 100, unless told otherwise.
        return Engines(
            functools.partial(create_engine, "postgresql+psycopg://", use_native_hstore=False),
            reads=f"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; {settings}",
            writes=f"BEGIN ISOLATION LEVEL READ COMMITTED{mode}; {settings}",
            creator=self._connect,
            pool_size=4,
            max_overflow=-1,
        )

    def _connect(self) -> "psycopg.Connection[Any]":
        # We begin transactions ourselves. Prepared statements need a session, which a pgbouncer has none of.
        connection = psycopg.connect(**self._connecting, autocommit=True, prepare_threshold=None)
        self._was_there = True
        return connection

    def foreign(self, tables: list[str]) -> StoreError:
        """Error for a schema of another program."""
        return StoreError(
            message(
                f"store {self.name!r} has a schema {SCHEMA!r} of another program",
                given=f"tables {', '.join(tables[:5])}",
                fix="Give another database; this one was not touched.",
            )
        )

    def settle_in(self, engines: Engines) -> None:
        """Nothing to do."""

    def make_room(self, connection: Connection) -> None:
        """Keep out who would make tables as well, and make the schema."""
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
        if not inspect(connection).has_schema(SCHEMA):  # IF NOT EXISTS takes the right to make one, even so
            connection.exec_driver_sql(f"CREATE SCHEMA {SCHEMA}")

    def identity(self) -> None:
        """None: nothing can be put in the place of a database in use."""

    def now(self, connection: Connection) -> float:
        """Time of the server."""
        asked = connection.exec_driver_sql("SELECT extract(epoch FROM clock_timestamp())::float8")
        return float(asked.scalar_one())

    def problems(self, connection: Connection) -> list[str]:
        """None that could be told from here: the server looks after its files."""
        return []

    def merge(self, engines: Engines) -> None:
        """Nothing to do: nobody copies a server's files."""

    def is_passing(self, error: Exception) -> bool:
        """Whether to wait for the server: while it starts or is full, and when it had been there before."""
        cause = _cause(error)
        if not isinstance(cause, psycopg.OperationalError):
            return False
        return self._was_there or any(words in str(cause) for words in _PASSING)

    def pause(self) -> None:
        """Wait a moment before trying again."""
        time.sleep(_RANDOM.uniform(*_PAUSE))

    def explain(self, error: Exception) -> StoreError:
        """Turn an error of the server, or of its driver, into one of ours, in words that say what to do."""
        cause, where = _cause(error), f"store {self.name!r}"
        code, words = getattr(cause, "sqlstate", None) or "", _words(cause)
        if isinstance(cause, psycopg.OperationalError) and not self._was_there:
            fix = next(advice for mark, advice in _ADVICE if mark in words)
            return StoreError(message(f"{where} cannot be opened: {words}", fix=fix))
        if not code:  # the connection broke, so that nobody was there to give one
            code = _CONNECTION_LOST
        for codes, wrong, advice in _EXPLAINED:
            if code.startswith(codes):
                return StoreError(message(f"{where} {wrong}: {words}", fix=advice))
        return StoreError(message(f"{where} failed: {words}"))


def _cause(error: Exception) -> BaseException | None:
    """The driver's own error, which SQLAlchemy wraps."""
    return error.orig if isinstance(error, DBAPIError) else error


def _words(cause: BaseException | None) -> str:
    """What the driver says, in one line, without its questions and full stop."""
    lines = [line.strip() for line in str(cause).splitlines()]
    return " ".join(line for line in lines if line and not line.endswith("?")).rstrip(".")
