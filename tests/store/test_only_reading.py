"""Stores that are only read, some where nothing can be written: what would write says so."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import tunesmith as ts
from tunesmith.errors import StoreError
from tunesmith.store import open_store
from tunesmith.testing.store_tools import get, start, study_of
from tunesmith.trial import State

SPACE = ts.Space(x=ts.Float(0, 1))
ASKED = """
import json, os, sys, tunesmith as ts
from tunesmith.cli import main
from tunesmith.store import open_store

where = sys.argv[1]
space = ts.Space(x=ts.Float(0, 1))

def command(*words):
    sys.argv = ["tunesmith", *words, "--store", where]
    try:
        main()
    except SystemExit as end:
        return end.code
    return 0

def told(act):
    try:
        return act()
    except ts.TunesmithError as error:
        return str(error)

said, sys.stdout = sys.stdout, open(os.devnull, "w")
answers = {
    "codes": {word: command(word) for word in ("studies", "trials", "best", "export", "doctor")},
    "opened": told(lambda: [t.value for t in ts.Study.open(where).trials]),
    "reopened": told(lambda: ts.Study(space, store=where).best.value),
    "watched": told(lambda: [s.record.name for s in open_store(where, read_only=True).list_studies()]),
    "done": told(lambda: ts.minimize(lambda c: c["x"], space, trials=9, store=where, progress=False).name),
    "enqueued": told(lambda: ts.Study.open(where).enqueue({"x": 0.5}).number),
    "renamed": told(lambda: ts.Study(space, store=where, name="new").name),
}
print(json.dumps(answers), file=said)
"""
SEAL = 'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && exec "$@"'


@pytest.fixture
def ask(tmp_path: Path) -> Callable[[Path], dict[str, Any]]:
    """Ask all of it of a store whose folder nothing can be written to."""

    def sealed(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
        if os.geteuid():
            folder.chmod(0o555)
            words = list(command)
        else:  # permissions do not bind root; a mount does, in a namespace of its own
            words = ["unshare", "-m", "sh", "-c", SEAL, str(folder), *command]
        return subprocess.run(words, capture_output=True, text=True, check=False)

    def run(store: Path) -> dict[str, Any]:
        try:
            tried = sealed(store.parent, "touch", str(store.parent / "probe"))
        except OSError as error:
            pytest.skip(f"cannot make a folder read-only: {error}")
        if not tried.stderr.startswith("touch: "):  # what it says where it cannot
            pytest.skip(f"cannot make a folder read-only: {tried.stderr.strip()}")
        done = sealed(store.parent, sys.executable, "-c", ASKED, str(store))
        assert done.returncode == 0, done.stderr
        assert "Traceback" not in done.stderr
        answers: dict[str, Any] = json.loads(done.stdout)
        return answers

    return run


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "sealed"
    made.mkdir()
    return made


def fill(store: Path) -> ts.Study:
    study = ts.Study(SPACE, store=store, seed=0, method="random")
    for value in range(3):
        study.add({"x": 0.1 * value}, value)
    return study


def test_it_is_read_and_what_would_write_is_one_error(ask, folder):
    fill(folder / "tune.db").store.close()
    assert [p.name for p in folder.iterdir()] == ["tune.db"]
    answers = ask(folder / "tune.db")
    assert answers["codes"] == dict.fromkeys(answers["codes"], 0)
    assert (answers["opened"], answers["reopened"], answers["watched"]) == ([0.0, 1.0, 2.0], 0.0, ["default"])
    for what in ("done", "enqueued", "renamed"):
        assert answers[what].startswith(f"store '{folder / 'tune.db'}' cannot be written. Allow writing")


@pytest.mark.parametrize("has_memory", [True, False])
def test_the_last_changes_of_a_run_that_was_killed_are_never_left_out(ask, folder, tmp_path, has_memory):
    study = fill(tmp_path / "tune.db")  # open, so that its log is still beside it, as after a kill -9
    for name in ("tune.db", "tune.db-wal", *(["tune.db-shm"] if has_memory else [])):
        shutil.copyfile(tmp_path / name, folder / name)
    answers = ask(folder / "tune.db")
    if has_memory:
        assert answers["opened"] == [0.0, 1.0, 2.0]
    else:
        assert "its last changes are in 'tune.db-wal'" in answers["opened"]
        assert "Copy both files to a place of your own." in answers["opened"]
    assert len(study.trials) == 3


# -- with fewer rights, and beside those who write ------------------------------------------------------


READ_ONLY = """
import os, sys
from tunesmith.errors import StoreError
from tunesmith.store import open_store
from tunesmith.trial import Trial
open_store(sys.argv[2]).close()  # everything is loaded before the rights go
os.setuid(65534)
try:
    store = open_store(sys.argv[1])
    print([s.record.name for s in store.list_studies()], len(store.changes(1)[0]))
    store.create_trial(1, Trial(1, {}))
except StoreError as error:
    print(error)
"""


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="gives up root's rights")
@pytest.mark.parametrize("is_directory_writable", [True, False])
def test_a_file_that_may_only_be_read_is_read(tmp_path: Path, is_directory_writable: bool) -> None:
    folder = (
        Path("/tmp") / f"tunesmith-{os.getpid()}-{is_directory_writable}"
    )  # others may not enter tmp_path
    folder.mkdir()
    path = folder / "tune.db"
    try:
        store = open_store(path)
        start(store, study_of(store))
        store.close()
        path.chmod(0o444)
        folder.chmod(0o777 if is_directory_writable else 0o555)
        done = subprocess.run(
            [sys.executable, "-c", READ_ONLY, str(path), str(tmp_path / "any.db")],
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.stderr == ""
        *lists, error = done.stdout.splitlines()
        assert "tune.db' cannot be written" in error
        assert "Allow" in error
        assert lists == ["['study'] 1"]
    finally:
        for file in folder.iterdir():
            file.unlink()
        folder.rmdir()


def test_reading_waits_for_nobody(tmp_path: Path) -> None:
    path = tmp_path / "tune.db"
    store = open_store(path)
    study = study_of(store)
    start(store, study)
    store.close()
    writer = sqlite3.connect(path, isolation_level=None)
    writer.execute("BEGIN EXCLUSIVE")
    try:
        reader = open_store(path, must_exist=True)
        assert len(reader.list_studies()) == 1
        assert reader.get_study("study").id == study
        assert reader.create_study(reader.get_study("study")).id == study
        assert get(reader, study).state is State.RUNNING
        assert reader.reclaim(study) == []
    finally:
        writer.close()


def test_a_store_that_is_only_read_sees_what_is_written_and_writes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "tune.db"
    with pytest.raises(StoreError, match="there is no store"):
        open_store(path, read_only=True)
    writer = open_store(path)
    study = study_of(writer)
    reader = open_store(path, read_only=True)
    assert reader.changes(study) == ([], 0)
    start(writer, study)
    assert reader.changes(study) == writer.changes(study)
    writes = [
        lambda: reader.note(study, 0, "x"),
        lambda: reader.stop_study(study),
        lambda: start(reader, study, 1),
    ]
    for write in writes:
        with pytest.raises(StoreError, match="cannot be written"):
            write()
    writer.close()
    assert [t.number for t in reader.changes(study)[0]] == [0]
    reader.close()


def test_a_store_of_another_version_is_not_brought_up_to_date_by_a_reader(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    raw = sqlite3.connect(path)
    raw.executescript((Path(__file__).parent / "data" / "version-0001.sql").read_text())
    raw.close()
    before = path.read_bytes()
    with pytest.raises(StoreError, match="tables of another version"):
        open_store(path, read_only=True)
    assert path.read_bytes() == before


def test_watching_at_ten_looks_a_second_never_makes_a_writer_wait(tmp_path: Path) -> None:
    path = tmp_path / "tune.db"
    writer = open_store(path)
    study = study_of(writer)
    reader = open_store(path, read_only=True)
    with reader._database.reading() as connection:  # type: ignore[attr-defined]
        connection.exec_driver_sql("SELECT count(*) FROM trials").fetchall()
        began = time.monotonic()
        for number in range(20):
            start(writer, study, number)
        assert time.monotonic() - began < 5.0  # one that waited would do so for a minute
    assert len(reader.changes(study)[0]) == 20
