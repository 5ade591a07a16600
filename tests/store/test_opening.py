"""Opening a store: what is taken, what is refused in words, and that nothing is made that need not be."""

import pickle
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from tunesmith.errors import OptionError, StoreError, StudyNotFound
from tunesmith.store import MemoryStore, SqlStore, Store, open_store, sqlite
from tunesmith.store.leases import this_worker
from tunesmith.store.schema import VERSION_TABLE
from tunesmith.testing.store_tools import get, start, study_of
from tunesmith.trial import State


def test_nothing_and_memory_are_a_store_that_forgets() -> None:
    for where in (None, "memory"):
        store = open_store(where)
        assert isinstance(store, MemoryStore)
        assert store.url == "memory"


def test_a_store_is_returned_as_it_is() -> None:
    store = MemoryStore()
    assert open_store(store) is store


@pytest.mark.parametrize(
    "name", ["tune.db", "no suffix", "a%20b.db", "q?mode=ro.db", "hash#1.db", "größer 🎛.db", "x'y.db", "-n"]
)
def test_any_path_will_do(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for where in (name, f"sqlite:///{name}", tmp_path / name):
        store = open_store(where)
        study = study_of(store)
        store.close()
    assert study == 1
    assert [p.name for p in tmp_path.iterdir()] == [name]
    assert open_store(name).url == name


LOGGED = """
import logging, sys, tunesmith as ts
logging.basicConfig(level=logging.DEBUG, stream=sys.stdout)
ts.minimize(lambda c: c["x"], ts.Space(x=ts.Float(0, 1)), trials=2, store=sys.argv[1], progress=False)
print(logging.getLogger("alembic").level)
"""


def test_a_new_store_says_nothing_in_the_users_log(tmp_path: Path) -> None:
    """In a process of its own, since libraries log as they are imported, too."""
    command = [sys.executable, "-c", LOGGED, str(tmp_path / "tune.db")]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "0\n"
    assert done.stderr == ""


def test_a_relative_path_stays_where_it_was_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    store = open_store("tune.db")
    (tmp_path / "below").mkdir()
    monkeypatch.chdir(tmp_path / "below")
    store.close()
    assert study_of(store) == 1
    assert not list((tmp_path / "below").iterdir())


def test_the_home_directory_can_be_written_short(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    open_store("~/tune.db").close()
    assert (tmp_path / "tune.db").exists()


@pytest.mark.parametrize(
    "where", ["", "  ", "a\0b", b"tune.db", 7, True, ["tune.db"], "sqlite://", "sqlite:///", "sqlite:tune.db"]
)
def test_what_is_no_store_is_refused_in_words(where: object) -> None:
    with pytest.raises(OptionError, match=r"store cannot be opened; .*given: "):
        open_store(where)  # type: ignore[arg-type]


@pytest.mark.parametrize("where", ["mysql://me@host/db", "redis://host", "https://host/tune.db"])
def test_other_databases_are_not_taken_for_files(where: str) -> None:
    with pytest.raises(OptionError, match=r"given: .*Other databases are not supported"):
        open_store(where)


def test_sqlite_in_memory_points_to_none() -> None:
    with pytest.raises(OptionError, match="Use None for a study in memory"):
        open_store(":memory:")


def test_a_missing_directory_is_named(tmp_path: Path) -> None:
    with pytest.raises(
        StoreError, match=r"there is no directory '.*runs'; |there is no directory '.*runs'\."
    ):
        open_store(tmp_path / "runs" / "tune.db")
    assert not list(tmp_path.iterdir())


def test_a_name_that_no_file_can_have_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"cannot be: File name too long\. Give another path\."):
        open_store(tmp_path / ("x" * 300))


def test_a_directory_is_refused_with_a_way_out(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"is a directory\. Give a file in it: '.*tune.db'"):
        open_store(tmp_path)


def test_a_missing_file_is_not_made_where_it_must_exist(tmp_path: Path) -> None:
    open_store(tmp_path / "tune.db").close()
    with pytest.raises(StoreError, match=r"there is no store '.*tunes.db'\. Did you mean 'tune.db'"):
        open_store(tmp_path / "tunes.db", must_exist=True)
    assert [p.name for p in tmp_path.iterdir()] == ["tune.db"]
    assert open_store(tmp_path / "tune.db", must_exist=True).list_studies() == []


def test_a_file_that_is_no_database_is_refused_and_untouched(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_text("x,y\n" * 1000)
    with pytest.raises(StoreError, match=r"data.csv' is no database"):
        open_store(path)
    assert path.read_text() == "x,y\n" * 1000
    assert [p.name for p in tmp_path.iterdir()] == ["data.csv"]


def test_a_database_of_another_program_is_refused_and_untouched(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE studies (study_id INTEGER)")
        other.execute("CREATE TABLE alembic_version (version_num TEXT)")
    other.close()
    before = path.read_bytes()
    with pytest.raises(StoreError, match=r"another program; given: tables alembic_version, studies"):
        open_store(path)
    assert path.read_bytes() == before


def test_a_database_of_a_newer_tunesmith_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "tune.db"
    open_store(path).close()
    with sqlite3.connect(path) as newer:
        newer.execute(f"UPDATE {VERSION_TABLE} SET version_num = '9999'")
    newer.close()
    with pytest.raises(StoreError, match=r"newer tunesmith; .* up to version .*; given: 9999\. Install"):
        open_store(path)


@pytest.mark.parametrize("size", [1, 100, 5000, 20_000])
def test_a_truncated_database_is_refused(tmp_path: Path, size: int) -> None:
    path = tmp_path / "tune.db"
    store = open_store(path)
    study = study_of(store)
    for number in range(50):
        start(store, study, number)
    store.close()
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(StoreError, match=r"is damaged|is no database"):
        open_store(path).changes(study)


def test_an_empty_file_becomes_a_store(tmp_path: Path) -> None:
    path = tmp_path / "tune.db"
    path.touch()
    assert open_store(path, must_exist=True).list_studies() == []


def test_a_file_that_goes_away_while_in_use_is_not_quietly_made_again(tmp_path: Path) -> None:
    store = open_store(tmp_path / "tune.db")
    study_of(store)
    store.close()
    (tmp_path / "tune.db").unlink()
    with pytest.raises(StoreError, match="there is no store"):
        store.list_studies()
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(sys.platform == "win32", reason="an open file cannot be deleted there")
@pytest.mark.parametrize("is_replaced", [False, True])
def test_a_file_deleted_or_replaced_under_a_run_is_an_error_not_a_loss(
    tmp_path: Path, is_replaced: bool
) -> None:
    store = SqlStore(tmp_path / "tune.db")
    study = study_of(store)
    start(store, study)
    (tmp_path / "tune.db").rename(tmp_path / "moved.db")
    if is_replaced:
        study_of(SqlStore(tmp_path / "tune.db"))
    for _ in range(2):
        with pytest.raises(StoreError, match=r"tune.db' was deleted or replaced while it was in use"):
            store.finish(study, 0, 1, State.COMPLETE, value=1.0)
        with pytest.raises(StoreError, match="was deleted or replaced"):
            store.list_studies()
    if is_replaced:
        return
    (tmp_path / "moved.db").rename(tmp_path / "tune.db")
    assert store.finish(study, 0, 1, State.COMPLETE, value=1.0)


def test_a_store_locked_for_too_long_is_an_error_that_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "PATIENCE", 0.2)
    store = SqlStore(tmp_path / "tune.db")
    study = study_of(store)
    other = sqlite3.connect(tmp_path / "tune.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match=r"tune.db' was locked by another process"):
        start(store, study)
    other.rollback()
    other.close()
    start(store, study)


FULL_DISK = """
import resource, signal, sys
from tunesmith.errors import StoreError
from tunesmith.store import open_store
from tunesmith.testing.store_tools import start
from tunesmith.trial import State
store = open_store(sys.argv[1])
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1_500_000, resource.RLIM_INFINITY))
told = 0
try:
    while True:
        start(store, 1, told)
        assert store.finish(1, told, 1, State.COMPLETE, value=1.0, reason="x" * 500)
        told += 1
except StoreError as error:
    print(error)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
trials = store.changes(1)[0]
assert told > 20
assert [t.state for t in trials[:told]] == [State.COMPLETE] * told
start(store, 1, len(trials))
print("went on")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="limits the size of files")
def test_a_disk_that_takes_no_more_is_an_error_and_what_was_told_is_kept(tmp_path: Path) -> None:
    study_of(open_store(tmp_path / "tune.db"))
    command = [sys.executable, "-c", FULL_DISK, str(tmp_path / "tune.db")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.stderr == ""
    error, went_on = done.stdout.splitlines()
    assert "tune.db' cannot be read or written: disk I/O error. See that the disk" in error
    assert went_on == "went on"


def test_a_store_travels_by_pickle_as_its_path(tmp_path: Path) -> None:
    store = open_store(tmp_path / "tune.db")
    study = study_of(store)
    copy: Store = pickle.loads(pickle.dumps(store))
    start(copy, study)
    assert get(store, study).worker == this_worker().id
    assert repr(copy) == f"SqlStore({str(tmp_path / 'tune.db')!r})"


def test_closing_leaves_one_file_behind(tmp_path: Path) -> None:
    store = SqlStore(tmp_path / "tune.db")
    start(store, study_of(store))
    store.close()
    store.close()
    assert [p.name for p in tmp_path.iterdir()] == ["tune.db"]
    with pytest.raises(StudyNotFound):
        store.get_study("other")


def test_stores_without_a_database_do_not_load_sqlalchemy() -> None:
    code = (
        "import sys; from tunesmith.store import open_store; open_store(None); "
        "print([m for m in ('sqlalchemy', 'alembic', 'scipy.stats', 'pandas') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.stdout.strip(), done.stderr) == ("[]", "")


def test_opening_a_store_of_this_version_does_not_load_alembic(tmp_path: Path) -> None:
    open_store(tmp_path / "tune.db").close()
    code = (
        "import sys; from tunesmith.store import open_store; "
        "open_store(sys.argv[1]).list_studies(); print('alembic' in sys.modules)"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "tune.db")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.stdout.strip(), done.stderr) == ("False", "")


def test_an_address_with_options_is_refused_and_told_without(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(
        OptionError, match=r"the address of a file has no options; .* Write 'sqlite:///tune\.db'"
    ):
        open_store("sqlite:///tune.db?timeout=10")
    assert list(tmp_path.iterdir()) == []
