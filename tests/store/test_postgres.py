"""SqlStore on PostgreSQL: the contract, opening, errors in words, passwords, locks, clocks, restarts."""

import importlib
import pickle
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.operations import Operations

from tunesmith.errors import StoreError
from tunesmith.store import SqlStore, Store, leases, open_store
from tunesmith.store.schema import HEAD, VERSION_TABLE, metadata
from tunesmith.testing.store import PersistentStoreContract
from tunesmith.testing.store_tools import ELSEWHERE, at_once, get, start, study_of
from tunesmith.trial import Report, State, Trial

pytest.importorskip("psycopg")
postgres = importlib.import_module("tunesmith.store.postgres")


class TestSqlStore(PersistentStoreContract):
    @pytest.fixture(autouse=True)
    def _place(self, url: str) -> None:
        self.url = url

    def make_store(self, tmp_path: Path) -> Store:
        return SqlStore(self.url)

    def set_clock(self, monkeypatch: pytest.MonkeyPatch, now: float) -> None:
        monkeypatch.setattr(postgres.PostgresDatabase, "now", lambda self, connection: now)


@pytest.fixture
def no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "PATIENCE", 1.0)


# -- opening ---------------------------------------------------------------------------------------------


def test_tables_are_in_a_schema_of_their_own_beside_those_of_others(server: Any, new_url: str) -> None:
    name = new_url.rpartition("/")[2]
    server.execute("CREATE TABLE studies (x int); CREATE TABLE trials (y int)", name)  # as optuna's
    store = open_store(new_url)
    start(store, study_of(store))
    store.close()
    found = server.execute("SELECT schemaname, tablename FROM pg_tables WHERE tablename = 'studies'", name)
    assert sorted(found) == [("public", "studies"), ("tunesmith", "studies")]
    assert server.execute("SELECT count(*) FROM public.studies", name) == [(0,)]


def test_the_steps_end_at_the_tables_of_the_schema(url: str) -> None:
    store = SqlStore(url)
    with store._database.reading() as connection:
        context = MigrationContext.configure(
            connection, opts={"version_table": VERSION_TABLE, "compare_type": True}
        )
        assert compare_metadata(context, metadata) == []
    store.close()


def test_an_old_store_is_brought_up_to_date_with_everything(new_url: str) -> None:
    store = SqlStore(new_url)
    study = study_of(store)
    start(store, study)
    assert store.report(study, 0, 1, Report(1, 0.1 + 0.2, 0.5))
    before = store.changes(study)
    newest = importlib.import_module("tunesmith.store.migrations.versions.r0002_people")
    with store._database.writing() as connection:
        with Operations.context(MigrationContext.configure(connection)):
            newest.downgrade()
        connection.exec_driver_sql(f"UPDATE {VERSION_TABLE} SET version_num = '0001'")
    store.close()
    with pytest.raises(StoreError, match=r"tables of another version, .*given: '?0001"):
        open_store(new_url, read_only=True)
    again = open_store(new_url)
    assert again.changes(study) == before
    assert again.note(study, 0, "new")
    again.close()


def test_a_database_without_tables_is_no_store_where_one_must_exist(server: Any, new_url: str) -> None:
    for options in ({"must_exist": True}, {"read_only": True}):
        with pytest.raises(StoreError, match=r"there is no store 'postgresql://tester@127.*/database\d+'\."):
            open_store(new_url, **options)
    schemas = server.execute(
        "SELECT count(*) FROM pg_namespace WHERE nspname = 'tunesmith'", new_url.rpartition("/")[2]
    )
    assert schemas == [(0,)]
    open_store(new_url).close()
    assert open_store(new_url, must_exist=True).list_studies() == []


def test_a_schema_of_another_program_is_refused_and_untouched(server: Any, new_url: str) -> None:
    name = new_url.rpartition("/")[2]
    server.execute("CREATE SCHEMA tunesmith; CREATE TABLE tunesmith.tunes (x int)", name)
    with pytest.raises(StoreError, match=r"schema 'tunesmith' of another program; given: tables tunes\."):
        open_store(new_url)
    assert server.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'tunesmith'", name) == [
        ("tunes",)
    ]


def test_a_store_of_a_newer_version_is_refused(server: Any, new_url: str) -> None:
    open_store(new_url).close()
    server.execute(f"UPDATE tunesmith.{VERSION_TABLE} SET version_num = '9999'", new_url.rpartition("/")[2])
    with pytest.raises(
        StoreError, match=rf"newer tunesmith; allowed: tables up to version {HEAD}; given: '?9999"
    ):
        open_store(new_url)


def test_a_store_that_is_only_read_sees_what_is_written_and_writes_nothing(url: str) -> None:
    writer = open_store(url)
    study = study_of(writer)
    reader = open_store(url, read_only=True)
    assert reader.changes(study) == ([], 0)
    start(writer, study)
    assert reader.changes(study) == writer.changes(study)
    writes: list[Callable[[], object]] = [
        lambda: reader.note(study, 0, "x"),
        lambda: reader.stop_study(study),
        lambda: start(reader, study, 1),
        lambda: reader.heartbeat(ELSEWHERE),
    ]
    for write in writes:
        with pytest.raises(StoreError, match=r"cannot be written: .*opened only to be read"):
            write()
    reader.close()
    writer.close()


def test_closing_lets_go_of_every_connection(server: Any, url: str) -> None:
    store = open_store(url)
    start(store, study_of(store))
    asked = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'tunesmith'"
    assert server.execute(asked)[0][0] >= 1
    store.close()
    deadline = time.monotonic() + 10
    while server.execute(asked) != [(0,)] and time.monotonic() < deadline:
        time.sleep(0.05)
    assert server.execute(asked) == [(0,)]
    assert len(store.list_studies()) == 1
    store.close()


# -- what cannot be opened -------------------------------------------------------------------------------


def refusal(where: str) -> str:
    """What is said, at once, and never with a password."""
    began = time.monotonic()
    with pytest.raises(StoreError) as caught:
        open_store(where)
    assert time.monotonic() - began < 15
    assert not any("s3cr" in line for line in traceback.format_exception(caught.value))
    return str(caught.value)


def test_a_wrong_password_is_said(server: Any) -> None:
    words = refusal(server.url("postgres", "tester:s3cret"))
    assert 'password authentication failed for user "tester". Give it in the address, ~/.pgpass' in words
    assert "no password supplied. Give it" in refusal(server.url("postgres", "tester"))


def test_a_missing_database_is_said(server: Any) -> None:
    assert 'database "tunes" does not exist. Make the database' in refusal(server.url("tunes"))


def test_a_server_that_is_not_there_is_said(server: Any, unused_port: int) -> None:
    words = refusal(server.url("postgres").replace(f":{server.port}/", f":{unused_port}/"))
    assert f"store 'postgresql://tester@127.0.0.1:{unused_port}/postgres' cannot be opened: " in words
    assert words.endswith(
        "Connection refused. See that host and port are right, that the server runs, and that it can be "
        "reached from here."
    )


@pytest.fixture
def unused_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_who_may_not_make_tables_or_use_them_is_told(server: Any, new_url: str) -> None:
    server.execute("CREATE ROLE guest LOGIN PASSWORD 'guest'")
    guest = server.url(new_url.rpartition("/")[2], "guest:guest")
    try:
        with pytest.raises(
            StoreError, match=r"permission denied for database .* says: CREATE SCHEMA tunesmith"
        ):
            open_store(guest)
        store = open_store(new_url)
        study = study_of(store)
        for grant in ("", "GRANT USAGE ON SCHEMA tunesmith TO guest"):
            server.execute(grant, new_url.rpartition("/")[2])
            with pytest.raises(
                StoreError, match=r"does not let this user in: .*Log in as the user that made"
            ):
                open_store(guest)
        server.execute("GRANT SELECT ON ALL TABLES IN SCHEMA tunesmith TO guest", new_url.rpartition("/")[2])
        looking = open_store(guest)
        assert [s.record.id for s in looking.list_studies()] == [study]
        with pytest.raises(StoreError, match="does not let this user in"):
            looking.note(study, 0, "x")
        looking.close()
        store.close()
    finally:
        server.execute(f"DROP DATABASE {new_url.rpartition('/')[2]} WITH (FORCE)")
        server.execute("DROP ROLE guest")


def test_tables_that_go_away_while_in_use_are_an_error_that_says_so(server: Any, new_url: str) -> None:
    store = open_store(new_url)
    study = study_of(store)
    server.execute("DROP SCHEMA tunesmith CASCADE", new_url.rpartition("/")[2])
    with pytest.raises(StoreError, match="has lost its tables while it was in use"):
        start(store, study)
    store.close()
    with pytest.raises(StoreError, match="there is no store"):
        store.list_studies()


# -- passwords -------------------------------------------------------------------------------------------


def test_a_store_travels_by_pickle_with_its_password_and_shows_it_nowhere(url: str) -> None:
    store = open_store(url)
    study = study_of(store)
    copy: Store = pickle.loads(pickle.dumps(store))
    start(copy, study)
    assert get(store, study).state is State.RUNNING
    for made in (store, copy):
        assert made.url == url.replace(":s3cr%3At%40%2F%3F@", "@")
        assert repr(made) == f"SqlStore({made.url!r})"
        made.close()


def test_the_password_may_stay_out_of_the_address(
    server: Any, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPASSWORD", "s3cr:t@/?")
    shown = open_store(url).url
    store = open_store(shown.replace("postgresql://", "postgres://"))
    assert store.list_studies() == []
    store.close()


# -- locks and clocks ------------------------------------------------------------------------------------


def test_heartbeats_go_by_the_clock_of_the_server(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of machines differ: by more than `leases.EXPIRY`, and living workers would be robbed."""
    store, now = open_store(url), time.time
    study = study_of(store)
    for number, ahead in enumerate((-3600.0, 3600.0)):
        monkeypatch.setattr(time, "time", lambda ahead=ahead: now() + ahead)
        start(
            store,
            study,
            number,
            leases.Worker(f"elsewhere:{number}", "elsewhere", "a boot", pid=1, start="1"),
        )
        monkeypatch.undo()
        assert store.reclaim(study) == []
    monkeypatch.setattr(leases, "EXPIRY", -1.0)
    assert store.orphans(study) == [0, 1]
    store.close()


def test_a_change_waits_for_another_of_its_study_alone_and_readers_for_nobody(url: str) -> None:
    one, other = SqlStore(url), SqlStore(url)
    study, apart = study_of(one), study_of(one, "apart")
    began = threading.Event()

    def change() -> None:
        began.set()
        start(other, study)

    waiting = threading.Thread(target=change)
    with one._change(study):
        waiting.start()
        assert began.wait(10)
        start(one_more := SqlStore(url), apart)
        assert one_more.changes(study) == ([], 0)
        waiting.join(0.3)
        assert waiting.is_alive()
    waiting.join(10)
    assert len(one.changes(study)[0]) == 1
    for store in (one, other, one_more):
        store.close()


def test_a_process_may_say_at_once_through_several_stores_that_it_is_alive(url: str) -> None:
    stores = [SqlStore(url) for _ in range(4)]
    for number in range(5):
        worker = leases.Worker(f"worker:{number}")
        at_once(4, lambda i, worker=worker: stores[i].heartbeat(worker))
    for store in stores:
        store.close()


def test_a_reader_sees_one_moment(url: str) -> None:
    reader, writer = SqlStore(url), SqlStore(url)
    study = study_of(writer)
    with reader._database.reading() as connection:
        asked = "SELECT (SELECT revision FROM studies), (SELECT count(*) FROM trials)"
        assert connection.exec_driver_sql(asked).one() == (0, 0)
        start(writer, study)
        assert connection.exec_driver_sql(asked).one() == (0, 0)
    assert len(reader.changes(study)[0]) == 1
    reader.close()
    writer.close()


@pytest.mark.usefixtures("no_patience")
def test_who_waits_too_long_for_a_lock_is_told(url: str) -> None:
    store = SqlStore(url)
    study = study_of(store)
    with importlib.import_module("psycopg").connect(url) as other:
        other.execute("SELECT 1 FROM tunesmith.studies FOR UPDATE")
        with pytest.raises(StoreError, match=r"is locked by another process: .* End the program"):
            start(store, study)
    start(store, study)
    store.close()


def test_a_study_deleted_while_it_is_changed_goes_with_the_change(url: str) -> None:
    one, other = SqlStore(url), SqlStore(url)
    study = study_of(one)
    failed: list[Exception] = []

    def delete() -> None:
        try:
            other.delete_study("study")
        except Exception as error:
            failed.append(error)

    waiting = threading.Thread(target=delete)
    with one._change(study) as change:
        waiting.start()
        waiting.join(0.3)
        change.add(Trial(0, {}))
    waiting.join(10)
    assert failed == []
    assert one.list_studies() == []
    one.close()
    other.close()


@pytest.mark.usefixtures("no_patience")
def test_whoever_keeps_a_lock_for_too_long_loses_it_and_who_waits_too_long_is_told(url: str) -> None:
    sleeper, other = SqlStore(url), SqlStore(url)
    study = study_of(sleeper)
    began = time.monotonic()
    lost = pytest.raises(StoreError, match=r"has lost its connection: .*idle-in-transaction")
    with lost, sleeper._change(study) as change:
        while not other.changes(study)[0]:
            try:
                start(other, study)
            except StoreError as error:
                assert "is locked by another process: canceling" in str(error)  # noqa: PT017
            assert time.monotonic() - began < 20
        change.get(0)
    assert [t.number for t in other.changes(study)[0]] == [0]
    start(sleeper, study, 1)
    sleeper.close()
    other.close()


# -- a server that goes away -----------------------------------------------------------------------------

CUT = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'tunesmith'"


def test_a_connection_lost_between_transactions_is_made_anew_unseen(server: Any, url: str) -> None:
    store = open_store(url)
    study = study_of(store)
    for number in range(2):
        server.execute(CUT)
        start(store, study, number)
        server.execute(CUT)
        assert len(store.changes(study)[0]) == number + 1
    store.close()


def test_a_connection_lost_in_a_transaction_is_an_error_and_undone(server: Any, url: str) -> None:
    store = SqlStore(url)
    study = study_of(store)
    lost = pytest.raises(StoreError, match=r"has lost its connection: .*told before is kept")
    with lost, store._change(study) as change:
        change.add(Trial(0, {}))
        server.execute(CUT)
        change.get(0)
    assert store.changes(study) == ([], 0)
    start(store, study)
    store.close()


def test_who_begins_waits_for_a_server_that_was_there(server: Any, url: str) -> None:
    store = open_store(url)
    study = study_of(store)
    start(store, study)
    server.stop()
    comes_back = threading.Timer(1.0, server.start)
    comes_back.start()
    try:
        assert store.finish(study, 0, 1, State.COMPLETE, value=0.1 + 0.2)
    finally:
        comes_back.join()
    assert get(store, study).value == 0.1 + 0.2
    store.close()


@pytest.mark.usefixtures("no_patience")
def test_a_server_that_stays_away_is_an_error_and_nothing_told_is_lost(server: Any, url: str) -> None:
    store = open_store(url)
    study = study_of(store)
    start(store, study)
    server.stop()
    try:
        with pytest.raises(StoreError, match=r"has lost its connection: .*Run again once it can"):
            store.finish(study, 0, 1, State.COMPLETE, value=1.0)
    finally:
        server.start()
    assert get(store, study).state is State.RUNNING
    assert store.finish(study, 0, 1, State.COMPLETE, value=1.0)
    store.close()
