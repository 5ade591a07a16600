"""Stores: where studies are kept. `open_store` turns what a user wrote into one.

The contract is `base.py`; a study in memory is `memory.py`, in a database `sql.py`. SQLAlchemy is loaded only
when a database is opened.
"""

import os
import re
from typing import TYPE_CHECKING

from tunesmith.errors import OptionError, StoreError, message
from tunesmith.store.addresses import SERVERS, is_server, shown
from tunesmith.store.base import Control, Created, Store, StudyRecord, StudySummary
from tunesmith.store.memory import MemoryStore

if TYPE_CHECKING:
    from tunesmith.store.sql import SqlStore

__all__ = [
    "Control",
    "Created",
    "MemoryStore",
    "SqlStore",
    "Store",
    "StudyRecord",
    "StudySummary",
    "open_store",
]

_SQLITE = "sqlite:///"
_OPTIONS = re.compile(
    r"(?:(?<=\.db)|(?<=\.sqlite)|(?<=\.sqlite3))\?\w+=[^/]*$"
)  # behind a name that is whole without them
_ALLOWED = 'None for memory, a path such as "tune.db", "postgresql://user@host/database", or a store'


def open_store(
    where: "str | os.PathLike[str] | Store | None", *, must_exist: bool = False, read_only: bool = False
) -> Store:
    """Open a store, making its file, or its tables on a server, unless they are there.

    Args:
        where: None or "memory" for one that forgets; a path such as "tune.db", or the same as
            "sqlite:///tune.db"; the address of a PostgreSQL database, such as
            "postgresql://user:password@host/database"; a store, which is returned as it is.
        must_exist: Never make one: a missing one is an error.
        read_only: Never write to it, nor lock it for those who do; it must exist.

    Raises:
        OptionError: This is nothing that can be opened.
        StoreError: It cannot be opened, is no store of tunesmith, or is in memory and must exist.
        MissingExtra: It is on a server, whose driver is not installed.

    Example:
        >>> open_store(None).url
        'memory'
    """
    if where is None or where == "memory":
        if must_exist or read_only:
            fix = 'Name the file that it is in, such as "tune.db".'
            raise StoreError(
                message("a study in memory is gone with its process", given=repr(where), fix=fix)
            )
        return MemoryStore()
    if isinstance(where, (str, os.PathLike)):
        from tunesmith.store.sql import SqlStore

        return SqlStore(_place_in(os.fspath(where)), must_exist=must_exist, read_only=read_only)
    if callable(getattr(where, "create_trial", None)):
        return where
    raise OptionError(message("store cannot be opened", allowed=_ALLOWED, given=repr(where)))


def _place_in(where: object) -> str:
    """Path of the SQLite file, or address of the server, that a user means."""
    if not isinstance(where, str) or not where.strip() or "\0" in where:
        raise OptionError(message("store cannot be opened", allowed=_ALLOWED, given=repr(where)))
    if where in (":memory:", "sqlite://", "sqlite:///:memory:"):
        raise OptionError(
            message("store cannot be opened", given=repr(where), fix="Use None for a study in memory.")
        )
    if where.startswith(_SQLITE) and _OPTIONS.search(where):
        fix = f"Write {_OPTIONS.sub('', where)!r}: that several processes use it needs no option."
        raise OptionError(message("store: the address of a file has no options", given=repr(where), fix=fix))
    if where.startswith(_SQLITE) and len(where) > len(_SQLITE):
        return where.removeprefix(_SQLITE)
    if is_server(where):
        return where
    if "://" in where or where.startswith("sqlite:"):
        fix = "Other databases are not supported."
        if where.startswith(tuple(s.replace("://", "+") for s in SERVERS)):  # as SQLAlchemy names drivers
            fix = f"Leave out the driver: {SERVERS[0]}..."
        given = repr(shown(where))
        raise OptionError(message("store cannot be opened", allowed=_ALLOWED, given=given, fix=fix))
    return where


def __getattr__(name: str) -> object:
    if name == "SqlStore":
        from tunesmith.store.sql import SqlStore

        return SqlStore
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
