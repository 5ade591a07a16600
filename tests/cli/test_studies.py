"""studies, trials, best, enqueue, export, doctor: looking into a store from the command line."""

import contextlib
import csv
import io
import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

import tunesmith as ts
from tunesmith.cli.app import app

CALL = "'from tunesmith.cli import main; main()'"
COMMANDS = [command.callback.__name__ for command in app.registered_commands if command.callback]


@pytest.fixture
def store(tmp_path):
    """A store with one study: five complete trials and one failed."""
    space = ts.Space(
        {
            "lr": ts.Float(1e-5, 1e-1, log=True),
            "layers": ts.Int(1, 6),
            "opt": ts.Choice([None, True, "sgd", (1, 2)]),
            "lambda": ts.Float(0, 1, when={"opt": "sgd"}),
        }
    )
    where = str(tmp_path / "tunesmith.db")
    study = ts.Study(space, store=where, name="mnist", seed=0, method="random")
    for value in range(5):
        study.tell(study.ask(), 10.0 - value)
    study.tell(study.ask(), ValueError("no more memory\nat all"))
    return where


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(call, command):
    result = call(command, "--help")
    assert result.code == 0
    assert "Usage" in result.out


def test_without_a_command_the_help_is_shown(call):
    assert all(command in call().out for command in COMMANDS)
    assert call("--version").out.startswith("tunesmith ")


def test_studies_lists_what_there_is(call, store):
    assert "mnist" in call("studies").out
    (study,) = call("studies", "--json").json
    assert study["best"] == 6.0
    assert study["trials"]["complete"] == 5
    assert study["trials"]["failed"] == 1


def test_trials_are_sorted_filtered_and_cut(call, store):
    rows = call("trials", "--sort", "value", "--limit", 2, "--json").json
    assert [t["value"] for t in rows] == [6.0, 7.0]
    (failed,) = call("trials", "--state", "failed", "--json").json
    assert failed["failure"]["kind"] == "error"
    table = call("trials", "--state", "failed").out
    assert "no more memory at all" in table  # in one line
    wrong = call("trials", "--state", "faild")
    assert wrong.code == 2
    assert "Did you mean 'failed'?" in wrong.err


def test_what_was_cut_short_is_never_sorted_before_what_came_to_its_end(call, tmp_path):
    study = ts.Study(ts.Space(x=ts.Int(1, 9)), store=str(tmp_path / "tunesmith.db"), method="random", seed=0)
    for value, state in ((5.0, None), (1.0, "stopped"), (4.0, None), (0.5, "stopped")):
        trial = study.ask()
        trial.report(value)
        study.tell(trial, value if state is None else state)
    rows = call("trials", "--sort", "value", "--json").json
    assert [row["value"] for row in rows] == [4.0, 5.0, 0.5, 1.0]


def test_what_a_later_constraint_forbids_is_sorted_behind_what_it_allows(call, tmp_path):
    store = str(tmp_path / "tunesmith.db")
    study = ts.Study(ts.Space(x=ts.Int(0, 3)), store=store, method="grid")
    study.run(lambda config: config["x"], trials=4, progress=False)
    ts.Study(ts.Space(x=ts.Int(0, 3)).require("x >= 2"), store=store)
    rows = call("trials", "--sort", "value", "--json").json
    assert [row["value"] for row in rows] == [2.0, 3.0, 0.0, 1.0]


def test_best_shows_values_of_their_type(call, store):
    best = call("best", "--json").json
    assert best["value"] == 6.0
    assert type(best["config"]["layers"]) is int
    assert "layers = " in call("best", "--study", "mnist").out


def test_best_of_a_study_without_results_ends_with_code_3(call, tmp_path):
    ts.Study(ts.Space(x=ts.Int(1, 2)), store=str(tmp_path / "tunesmith.db"))
    result = call("best")
    assert result.code == 3
    assert "no finished trial" in result.err


def test_enqueue_takes_pairs_json_and_labels(call, store):
    assert "waits" in call("enqueue", "lr=0.01", "layers=3", "opt=(1, 2)").out
    assert (
        "waits" in call("enqueue", "--config", '{"opt": "sgd", "lambda": 0.5, "layers": 2, "lr": 0.001}').out
    )
    study = ts.Study.open(store)
    assert [t.config["opt"] for t in study.trials[-2:]] == [(1, 2), "sgd"]
    again = call("enqueue", "--config", '{"opt": "sgd", "lambda": 0.5, "layers": 2, "lr": 0.001}', "--json")
    assert again.json["number"] == 7
    none = call("enqueue", "opt=null", "layers=1", "lr=0.1", "--json").json
    assert none["config"]["opt"] is None


@pytest.mark.parametrize(
    ("given", "value"),
    [
        *[(f"model={text}", text) for text in ("3e563", "1e5", "1.10", "007", "null")],
        ('model="1.1"', "1.1"),
        ("model=7", 7),
        ("model=1e0", 1),
        ("sizes=[1,2]", [1, 2]),
        *[(f"lr={text}", 0.5) for text in (".5", "+0.5", "5e-1", " 0.5 ")],
        *[(f"n={text}", 10) for text in ("10", "10.", "1e1", "010")],
    ],
)
def test_enqueued_values_are_what_was_typed(call, tmp_path, given, value):
    space = ts.Space(
        model=ts.Choice(["3e563", "1e5", "1.10", "1.1", "007", 7, "null", 1]),
        sizes=ts.Choice([[1, 2], [3, 4]]),
        lr=ts.Float(0, 1),
        n=ts.Int(1, 100),
    )
    ts.Study(space, store=str(tmp_path / "tunesmith.db"))
    result = call("enqueue", given, "--json")
    assert result.err == ""
    read = result.json["config"][given.partition("=")[0]]
    assert (read, type(read)) == (value, type(value))


@pytest.mark.parametrize(
    "arguments",
    [["lr=0.1", "lr=0.2"], ["lr=0.1", "--config", '{"lr": 0.2}'], ["--config", '{"lr": 1, "lr": 2}']],
)
def test_a_config_says_each_thing_once(call, store, arguments):
    result = call("enqueue", *arguments)
    assert result.code == 2
    assert "the key 'lr' is there twice" in result.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "there is no config"),
        (["lr=1.5"], "lr"),
        (["layer=3"], "Did you mean 'layers'?"),
        (["lr"], "NAME=VALUE"),
        (["--config", "{lr: 1}"], "not valid JSON"),
        (["layers=3", "--study", "minst"], "Did you mean 'mnist'?"),
    ],
)
def test_a_config_that_does_not_fit_is_one_line_and_code_2(call, store, arguments, words):
    result = call("enqueue", *arguments)
    assert result.code == 2
    assert words in result.err
    assert ".." not in result.err  # one error, not one within another
    assert "Traceback" not in result.err
    assert len(ts.Study.open(store).trials) == 6


def test_export_writes_what_was_received(call, store, tmp_path):
    rows = list(csv.DictReader(io.StringIO(call("export").out)))
    assert len(rows) == 6
    assert all(r["config.layers"].isdigit() for r in rows)
    call("export", "--format", "json", "--out", "trials.json")
    assert '"number": 5' in (tmp_path / "trials.json").read_text()
    assert call("export", "--out", "by_its_name.JSON").code == 0
    assert (tmp_path / "by_its_name.JSON").read_text() == (tmp_path / "trials.json").read_text()
    for name, options in (
        ("a.xlsx", ()),
        ("a.xlsx", ("-f", "csv")),
        ("a.csv", ("--json",)),
        ("a.csv.gz", ()),
    ):
        sheet = call("export", "--out", name, *options)
        assert sheet.code == 2
        assert f"promises; allowed: .{'json' if options == ('--json',) else 'csv'}, .txt" in sheet.err
        assert not (tmp_path / name).exists()
    assert call("export", "--out", "rows.txt").code == 0
    assert call("export", "--format", "xml").code == 2
    assert call("export", "--out", "nowhere/x.csv").code == 2
    if Path("/dev/full").exists():
        full = call("export", "--out", "/dev/full")
        assert full.code == 2
        assert "cannot write '/dev/full'" in full.err


def test_what_an_older_version_stored_is_shown_and_what_is_odd_about_it_said(call, store):
    with contextlib.closing(sqlite3.connect(store)) as database, database:
        space = json.loads(database.execute("SELECT space FROM studies").fetchone()[0])
        space["parameters"]["o"] = {"type": "choice", "options": [1, 1], "labels": ["one", "uno"]}
        database.execute("UPDATE studies SET space = ?", [json.dumps(space)])
        database.execute("UPDATE trials SET config = json_set(config, '$.o', 1)")
    for command in ("trials", "best", "export"):
        shown = call(command)
        assert shown.code == 0
        assert shown.out
        assert "Options of o that are equal to another one count as that one: uno." in shown.err


def test_a_store_is_not_made_under_the_name_of_another_format(call, tmp_path):
    (tmp_path / "study.toml").write_text(
        'command = "echo {x}"\nregex = "(.)"\ntrials = 1\n[space]\nx = {options = [1]}\n'
    )
    done = call("run", "study.toml", "--store", "results.csv")
    assert done.code == 2
    assert "a store is not what a name that ends in .csv promises" in done.err
    assert "results.db'." in done.err
    assert not (tmp_path / "results.csv").exists()


def test_a_missing_store_is_an_error_and_is_not_made(call, tmp_path):
    for command in ("studies", "trials", "best", "export"):
        result = call(command, "--store", "missing.db")
        assert result.code == 2
        assert "missing.db" in result.err
    assert not (tmp_path / "missing.db").exists()


def test_doctor_reports_versions_and_health(call, store):
    report = call("doctor", "--json").json
    assert report["packages"]["numpy"]
    assert report["store"]["problems"] == []
    assert report["store"]["studies"] == [{"name": "mnist", "trials": 6, "running": 0, "orphans": []}]
    assert "healthy" in call("doctor").out
    assert "there is none yet" in call("doctor", "--store", "new.db").out


def test_doctor_finds_a_store_as_every_command_does(call, store, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    for where in ("~/tunesmith.db", "sqlite:///tunesmith.db"):
        assert "healthy" in call("doctor", "--store", where).out


def test_doctor_says_when_a_store_is_broken(call, tmp_path):
    (tmp_path / "tunesmith.db").write_text("this is no database")
    result = call("doctor")
    assert result.code == 1
    assert "no database" in result.out


def test_debug_shows_the_traceback(call):
    with pytest.raises(ts.TunesmithError):
        call("--debug", "best", "--store", "missing.db")


def test_debug_is_taken_after_the_command_too(call):
    with pytest.raises(ts.TunesmithError):
        call("best", "--store", "missing.db", "--debug")
    assert "--debug" in call("--help").out
    assert call("best", "-h").out == call("best", "--help").out
    assert call("enqueue", "--store", "missing.db", "--", "--debug").code == 2


def test_an_export_of_no_trials_has_the_columns_of_one_of_some(call, store):
    ts.Study(ts.Study.open("tunesmith.db").space, store="tunesmith.db", name="empty")
    some, none = (call("export", "--study", name).out for name in ("mnist", "empty"))
    assert none.splitlines() == some.splitlines()[:1]


def test_what_people_noted_on_a_trial_is_exported(call, store):
    study = ts.Study.open("tunesmith.db")
    study.note(2, "diverged, look at the data")
    rows = csv.DictReader(io.StringIO(call("export").out))
    noted = [row["note"] for row in rows]
    assert noted[2] == "diverged, look at the data"
    assert (
        [trial["note"] for trial in call("trials", "--json").json] == noted == list(study.to_frame()["note"])
    )


def test_export_writes_null_for_what_json_has_not(call, tmp_path):
    study = ts.Study(ts.Space(x=ts.Choice([float("nan"), (1, 2)])), store="tunesmith.db", method="grid")
    for _ in range(2):
        study.tell(study.ask(), 1.0)

    def refuse(constant):
        raise AssertionError(constant)

    for option in (["--json"], ["--format", "json"]):
        rows = json.loads(call("export", *option).out, parse_constant=refuse)
        assert {r["config"]["x"] for r in rows} == {None, "(1, 2)"}
    wrong = call("export", "--json", "--format", "csv")
    assert wrong.code == 2
    assert "exclude each other" in wrong.err


@pytest.mark.parametrize("command", ["best", "trials", "export", "enqueue"])
def test_of_several_studies_one_has_to_be_named(call, store, command):
    ts.Study(ts.Space(x=ts.Int(1, 2)), store=store, name="cifar")
    result = call(command, *(["lr=0.1"] if command == "enqueue" else []))
    assert result.code == 2
    assert (
        "several studies; name one of them; allowed: 'cifar', 'mnist'. On the command line: --study"
        in result.err
    )
    ts.Study(ts.Space(x=ts.Int(1, 2)), store=store)
    assert call("trials").out.startswith("There are no such trials in study 'default'")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize(
    ("command", "redirect", "words"),
    [
        ("export --json", "> /dev/full", "cannot write: No space"),
        ("best", "> /dev/full", "cannot write"),
        ("best", ">&-", "stdout is closed"),
        ("export --json", "| true", "stdout was closed before"),
    ],
)
def test_a_stdout_that_takes_nothing_is_one_line_and_code_1(store, tmp_path, command, redirect, words):
    study = ts.Study.open(store)
    for _ in range(200):  # more than a pipe holds, so that the writer is told
        study.tell(study.ask(), 20.0)
    script = f"set -o pipefail; {sys.executable} -c {CALL} {command} {redirect}"
    done = subprocess.run(["bash", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr
    assert done.stderr.startswith(f"Error: {words}")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "code"), [("best", 0), ("trials --study other", 2), ("best --store no.db", 2)]
)
def test_without_a_stderr_the_exit_code_still_says_how_it_ended(store, tmp_path, arguments, code):
    script = f"{sys.executable} -c {CALL} {arguments} 2>&-"
    done = subprocess.run(
        ["bash", "-c", script], cwd=tmp_path, stdout=subprocess.PIPE, text=True, check=False
    )
    assert done.returncode == code
    assert "Error" not in done.stdout


def test_names_that_are_no_text_are_spelled_out(call, tmp_path):
    names = ["\udcff.csv", "é.csv"]  # what os.listdir gives for a name that is not UTF-8
    space = ts.Space(file=ts.Choice(names))
    ts.minimize(lambda c: names.index(c["file"]), space, trials=2, store="t.db", seed=0, progress=False)
    for command in ("trials", "best", "studies", "export", "report", "export --out t.csv"):
        assert call(*command.split(), "--store", "t.db").code == 0
    assert [t["config"]["file"] for t in call("trials", "--json", "--store", "t.db").json] == names
    assert call("export", "--json", "--out", "t.json", "--store", "t.db").code == 0
    assert [t["config"]["file"] for t in json.loads((tmp_path / "t.json").read_text("utf-8"))] == names


def test_odd_names_and_failures_move_no_cursor(call):
    space = ts.Space({"a\x1b[1mb": ts.Choice(["two\nlines", "\x1b[2J"]), "x": ts.Float(0, 1)})
    study = ts.Study(space, store="t.db", name="s\x1b[2J", seed=0)
    study.tell(study.ask(), 1.0)
    study.tell(study.ask(), ValueError("\x1b[31mbad\x1b[0m \x07"))
    for command in ("trials", "best", "studies", "importance", "export"):
        found = call(command, "--store", "t.db")
        assert found.code == 0
        assert "\x1b" not in found.out or command == "export"  # a file, of which no letter is lost
    assert "ValueError: bad \\x07" in call("trials", "--store", "t.db").out


def test_a_stdout_of_few_letters_gets_all_there_is(tmp_path):
    space = ts.Space(name=ts.Choice(["é"]))
    ts.minimize(lambda c: 1.0, space, trials=1, store=tmp_path / "t.db", progress=False)
    for arguments in ("trials", "best --json"):
        command = [sys.executable, "-m", "tunesmith", *arguments.split(), "--store", "t.db"]
        env = {**os.environ, "PYTHONIOENCODING": "ascii"}
        made = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, check=True)
        assert rb"\xe9" in made.stdout if arguments == "trials" else json.loads(made.stdout)
