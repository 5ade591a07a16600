"""A store where nothing can be written: it is read all the same, and what would write says so."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import tunesmith as ts

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
