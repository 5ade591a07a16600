"""Addresses of servers: what is taken, and that passwords are not shown."""

import subprocess
import sys

import pytest

from tunesmith.errors import MissingExtra, OptionError
from tunesmith.store import open_store
from tunesmith.store.addresses import address_of, shown


@pytest.mark.parametrize(
    ("where", "safe", "password"),
    [
        ("postgresql://me:secret@host:5432/tuning", "postgresql://me@host:5432/tuning", "secret"),
        ("postgres://me:p%40%20s@host/tuning", "postgres://me@host/tuning", "p@ s"),
        ("postgresql://me:s@c/r:t#@host/tuning", "postgresql://me@host/tuning", "s@c/r:t#"),
        ("postgresql://me@host/tuning", "postgresql://me@host/tuning", None),
        ("postgresql://me:@host/tuning", "postgresql://me@host/tuning", None),
        ("postgresql:///tuning", "postgresql:///tuning", None),
        ("postgresql://", "postgresql://", None),
        ("postgresql://[::1]:5432/tuning", "postgresql://[::1]:5432/tuning", None),
        ("postgresql://a:1,b:2/x?sslmode=require", "postgresql://a:1,b:2/x?sslmode=require", None),
        ("postgresql://h/x?password=se%20cret&user=me", "postgresql://h/x?user=me", "se cret"),
        ("postgresql://h/x?password=secret", "postgresql://h/x", "secret"),
        ("postgresql:///x?host=%2Frun%2Fpg&user=a@b", "postgresql:///x?host=%2Frun%2Fpg&user=a@b", None),
    ],
)
def test_all_but_the_password_is_shown(where: str, safe: str, password: str | None) -> None:
    address = address_of(where)
    assert (address.shown, shown(where), address.secrets.get("password")) == (safe, safe, password)
    assert address.whole == where
    if password is not None:
        assert password not in repr(address)


@pytest.mark.parametrize(
    "where", ["postgresql://me:secret", "postgresql://me:sec?ret@host/x", "postgresql://me:5?secret@host/x"]
)
def test_an_address_whose_password_ends_nowhere_is_refused_without_showing_it(where: str) -> None:
    with pytest.raises(OptionError, match=r"given: 'postgresql://\*\*\*'\. .*%40 for @") as caught:
        open_store(where)
    assert "sec" not in str(caught.value)


def test_an_option_that_there_is_not_is_refused() -> None:
    pytest.importorskip("psycopg")
    with pytest.raises(OptionError, match=r"cannot be read: .*\"colour\"; given: 'postgresql://me@host/x\?c"):
        open_store("postgresql://me:secret@host/x?colour=red")


@pytest.mark.parametrize("scheme", ["postgresql+psycopg2", "postgres+asyncpg"])
def test_the_driver_is_ours_to_choose(scheme: str) -> None:
    with pytest.raises(
        OptionError, match=rf"given: '{scheme.replace('+', '.')}://me@host.* Leave out the driver"
    ):
        open_store(f"{scheme}://me:secret@host/x")


def test_passwords_of_other_databases_are_not_shown_either() -> None:
    with pytest.raises(OptionError, match="given: 'mysql://root@host/x'"):
        open_store("mysql://root:secret@host/x")


def test_a_missing_driver_is_one_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    monkeypatch.delitem(sys.modules, "tunesmith.store.postgres", raising=False)
    with pytest.raises(MissingExtra, match=r'PostgreSQL needs the package psycopg.*"tunesmith\[postgres\]"'):
        open_store("postgresql://me@host/x")


def test_files_do_not_load_the_driver() -> None:
    code = (
        "import sys, tempfile; from tunesmith.store import open_store; "
        "open_store(tempfile.mkdtemp() + '/tune.db').close(); print('psycopg' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.stdout.strip(), done.stderr) == ("False", "")
