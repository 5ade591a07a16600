"""Databases of every version open, and the steps between them end at the tables that the code expects."""

import math
import sqlite3
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine

from tunesmith.store import Control, Store, migrations, open_store
from tunesmith.store.schema import HEAD, VERSION_TABLE, metadata
from tunesmith.store.sql import SqlStore
from tunesmith.trial import Failure, FailureKind, Origin, Report, State

DATA = Path(__file__).parent / "data"
VERSIONS = sorted(DATA.glob("version-*.sql"))


@pytest.fixture
def migrated(tmp_path: Path) -> Path:
    """A new database, made by all steps in turn."""
    SqlStore(tmp_path / "tune.db").close()
    return tmp_path / "tune.db"


def statements_of(path: Path) -> dict[str, str]:
    """What SQLite has in its own table of contents, by name."""
    raw = sqlite3.connect(path)
    found = raw.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
    raw.close()
    return {name: " ".join(sql.split()) for name, sql in found if name != VERSION_TABLE}


def test_the_steps_end_at_the_tables_of_the_schema(migrated: Path, tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'schema.db'}")
    metadata.create_all(engine)
    engine.dispose()
    assert statements_of(migrated) == statements_of(tmp_path / "schema.db")


def test_alembic_finds_nothing_left_to_change(migrated: Path) -> None:
    engine = create_engine(f"sqlite:///{migrated}")
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        assert compare_metadata(context, metadata) == []
    engine.dispose()


def test_the_head_that_the_code_expects_is_the_last_step() -> None:
    steps = ScriptDirectory(str(Path(migrations.__file__).parent))
    assert steps.get_heads() == [HEAD]
    assert all(migrations.is_known(step.revision) for step in steps.walk_revisions())
    assert not any(migrations.is_known(version) for version in ("9999", "", "head"))


def test_every_version_has_a_database_here() -> None:
    steps = ScriptDirectory(str(Path(migrations.__file__).parent))
    wanted = {f"version-{step.revision}.sql" for step in steps.walk_revisions()}
    assert {path.name for path in VERSIONS} == wanted


@pytest.fixture(params=VERSIONS, ids=lambda path: path.stem)
def old_path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A database as an earlier tunesmith wrote it."""
    raw = sqlite3.connect(tmp_path / "old.db")
    raw.executescript(request.param.read_text())
    raw.close()
    (tmp_path / "old.version").write_text(request.param.stem)
    return tmp_path / "old.db"


@pytest.fixture
def old(old_path: Path) -> Store:
    """The same, opened."""
    return open_store(old_path, must_exist=True)


def test_old_studies_open_with_everything(old: Store) -> None:
    plain, study = old.list_studies()
    assert (plain.record.name, study.record.name) == ("default", "größer 🎛")
    assert (plain.record.seed, plain.record.scheduler, plain.last_change) == (0, None, None)
    record = study.record
    assert (record.id, record.direction, record.seed, record.elapsed) == (1, "maximize", 2**63 - 1, 12.5)
    assert record.scheduler == {"name": "asha", "eta": 3}
    assert record.info == {"metric": "auc", "data": None}
    assert list(record.space["parameters"]) == ["lr", "lambda"]
    assert record.space["parameters"]["lambda"]["options"] == ["a", None]
    assert (study.best_value, study.last_change) == (math.inf, 1700000010.5)
    assert study.states == {
        State.WAITING: 2,
        State.RUNNING: 1,
        State.PAUSED: 1,
        State.COMPLETE: 2,
        State.STOPPED: 1,
        State.FAILED: 1,
    }


def test_old_trials_open_to_the_last_bit(old: Store) -> None:
    trials, revision = old.changes(1)
    assert (len(trials), revision) == (8, 17)
    assert [t.config for t in trials] == [{"lr": 0.1 + 0.2, "lambda": None, "n": n} for n in range(8)]
    assert (trials[0].value, trials[0].worker) == (5e-324, "node7:4121:9f3a2c1b7d55")
    assert trials[0].reports[0] == Report(1, 0.5, 0.25)
    assert (trials[0].reports[1].step, math.isnan(trials[0].reports[1].value)) == (3, True)
    assert str(trials[1].value) == "-0.0"
    assert (trials[1].state, trials[1].reason) == (State.STOPPED, "below the median")
    assert trials[2].failure == Failure(FailureKind.TIMEOUT, "ran longer than 3 s", "Traceback\n  'x'")
    assert trials[3].reports == (Report(9, 1 / 3, 0.25),)
    assert (trials[4].attempt, trials[5].seconds, trials[6].origin) == (1, None, Origin.ENQUEUED)
    assert (trials[7].value, trials[7].origin, trials[7].is_repeat) == (math.inf, Origin.ADDED, True)


def test_what_people_asked_and_noted_is_there_and_nothing_where_it_could_not_be(
    old: Store, old_path: Path
) -> None:
    notes = {t.number: t.note for t in old.changes(1)[0] if t.note}
    if old_path.with_suffix(".version").read_text() == "version-0001":
        assert (old.get_control(1), notes) == (Control(), {})
    else:
        assert (old.get_control(1), notes) == (Control(is_paused=True, stops=2), {1: "looks odd 🎛"})
    assert old.get_control(2) == Control()
    old.stop_study(2)
    assert old.note(1, 0, "new")
    assert (old.get_control(2).stops, old.changes(1, 17)[0][0].note) == (1, "new")


def test_an_old_study_goes_on(old: Store) -> None:
    assert old.reclaim(1) == [5]  # its worker was last heard of years ago
    assert [old.changes(1, 17)[0][0].number, old.get_study("default").id] == [5, 2]
    assert old.finish(1, 5, 1, State.COMPLETE, value=1.0)
    assert old.create_study(old.get_study("größer 🎛")).id == 1


def test_a_step_that_breaks_off_leaves_the_old_version_whole(
    old_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = sqlite3.connect(old_path)
    (version,) = raw.execute(f"SELECT version_num FROM {VERSION_TABLE}").fetchone()
    raw.execute(f"UPDATE {VERSION_TABLE} SET version_num = 'before'")
    raw.commit()
    raw.close()
    before = statements_of(old_path)

    def half(connection: Connection) -> None:
        connection.exec_driver_sql("CREATE TABLE half (x)")
        connection.exec_driver_sql("DROP TABLE reports")
        raise KeyboardInterrupt

    monkeypatch.setattr(migrations, "is_known", lambda version: True)
    with monkeypatch.context() as broken:
        broken.setattr(migrations, "upgrade", half)
        with pytest.raises(KeyboardInterrupt):
            open_store(old_path)
    assert statements_of(old_path) == before

    upgrade = migrations.upgrade

    def whole(connection: Connection) -> None:
        connection.exec_driver_sql(f"UPDATE {VERSION_TABLE} SET version_num = '{version}'")
        upgrade(connection)

    monkeypatch.setattr(migrations, "upgrade", whole)
    assert len(open_store(old_path).changes(1)[0]) == 8
