"""Addresses of database servers as users write them, and what of them may be shown: all but passwords.

What is not here: connecting (`postgres.py`), so that an address can be looked at without a driver.
"""

import re
from dataclasses import dataclass, field
from urllib.parse import unquote

from tunesmith.errors import OptionError, message

SERVERS = "postgresql://", "postgres://"
_SECRET_OPTIONS = "password", "sslpassword"
_HOSTS = re.compile(r"(?:(?:\[[^\]]*\]|[^:,\[\]]*)(?::\d*)?(?:,|$))*")  # "host:5432", also several


@dataclass(frozen=True, slots=True)
class Address:
    """Address of a database on a server.

    Args:
        shown: All of it but passwords: where others keep those, as in ~/.pgpass, as good as the whole.
        secrets: Passwords, by the names that the driver takes.
        whole: As it was given.
    """

    shown: str
    secrets: dict[str, str] = field(repr=False)
    whole: str = field(repr=False)


def is_server(where: str) -> bool:
    """Whether a store is on a server, by its address; else it is a file.

    Example:
        >>> is_server("postgresql://host/tuning"), is_server("tune.db")
        (True, False)
    """
    return where.startswith(SERVERS)


def shown(where: str) -> str:
    """A store as it may be shown: an address without its password, a path as it is.

    Example:
        >>> shown("postgresql://me:secret@host/tuning"), shown("tune.db")
        ('postgresql://me@host/tuning', 'tune.db')
    """
    scheme, slashes, _ = where.partition("://")
    if not slashes:
        return where
    found = _taken_apart(where)
    return f"{scheme}://***" if found is None else found.shown


def address_of(where: str) -> Address:
    """Take an address apart.

    Args:
        where: Address for which `is_server` holds.

    Raises:
        OptionError: It cannot be told where its password ends.

    Example:
        >>> address_of("postgresql://me:p%40ss@host/tuning").secrets
        {'password': 'p@ss'}
    """
    found = _taken_apart(where)
    if found is None:
        wrong = "store: where the host begins in the address cannot be told"
        allowed = "postgresql://user:password@host:port/database"
        fix = "Write what is no letter or digit of the password as %40 for @, %3F for ?, and so on."
        raise OptionError(message(wrong, allowed=allowed, given=repr(shown(where)), fix=fix))
    return found


def _taken_apart(where: str) -> Address | None:
    """The parts of an address, or None where what may be a password stands where hosts should."""
    scheme, _, rest = where.partition("://")
    rest, question, options = rest.partition("?")
    # Up to the last @, so that one in a password does no harm.
    owner, at, rest = rest.rpartition("@")
    if not _HOSTS.fullmatch(rest.partition("/")[0]):
        return None
    user, _, password = owner.partition(":")
    secrets = {"password": unquote(password)} if password else {}
    kept = []
    for option in options.split("&") if options else []:
        name, equals, value = option.partition("=")
        if not equals:
            return None
        if name in _SECRET_OPTIONS:
            secrets[name] = unquote(value)
        else:
            kept.append(option)
    safe = f"{scheme}://{user}{at}{rest}{question if kept else ''}{'&'.join(kept)}"
    return Address(safe, secrets, where)
