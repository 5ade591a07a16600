"""importance, report, doctor --study: what a study has learnt, from the command line."""

import subprocess
import sys

import pytest

import tunesmith as ts


@pytest.fixture
def store(tmp_path):
    """A study whose best values lie at the end of a range."""
    where = str(tmp_path / "tunesmith.db")
    study = ts.Study(
        {"lr": ts.Float(1e-4, 1e-2, log=True), "y": ts.Float(0, 1)}, store=where, name="s", seed=0
    )
    study.run(lambda c: 0.1 / c["lr"] + (c["y"] - 0.4) ** 2, trials=30, progress=False)
    return where


def test_importance_is_a_table_and_json(call, store):
    assert "80 % interval" in call("importance").out
    found = call("importance", "--json").json
    assert next(iter(found["importance"])) == "lr"
    assert found["importance"]["lr"]["low"] <= found["importance"]["lr"]["value"]
    assert found["trials"] == 30
    assert call("importance", "--region", "best", "--json").json["region"] == "best"
    assert call("importance", "--region", "worst").code == 2


def test_report_is_written_and_its_path_printed(call, store, tmp_path):
    result = call("report")
    assert result.code == 0
    assert "report.html" in result.out
    assert (tmp_path / "report.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert call("report", "--out", "other.html", "--json").json["path"] == "other.html"
    assert call("report", "--out", "nowhere/r.html").code == 2
    assert "folder does not exist" in call("report", "--out", "nowhere/r.html").err


def test_doctor_says_what_is_wrong_with_a_study(call, store):
    out = call("doctor", "--study", "s").out
    assert "lr=ts.Float(0.0001, 0.1, log=True)" in out
    assert "Forecast:" in out
    found = call("doctor", "--study", "s", "--json").json
    assert found["findings"][0]["kind"] == "edge"
    assert found["forecast"]["outlooks"][0]["trials"] == 10
    assert call("doctor", "--study", "other").code != 0


@pytest.mark.parametrize("name", ["r.pdf", "r.png", "r.JSON", "r.html.gz"])
def test_a_report_is_not_written_under_the_name_of_another_format(call, store, tmp_path, name, monkeypatch):
    monkeypatch.setattr("tunesmith.analysis.report.write.gather", None)  # nothing is computed before
    done = call("report", "--out", name)
    assert done.code == 2
    assert "allowed: .html, .htm, or an ending that names no format" in done.err
    assert not (tmp_path / name).exists()


@pytest.mark.parametrize("name", ["r", "r.HTM", "day-0.5"])
def test_a_report_may_be_called_anything_that_promises_nothing_else(call, store, tmp_path, name):
    assert call("report", "--out", name).code == 0
    assert (tmp_path / name).read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


@pytest.mark.parametrize(
    ("info", "words"),
    [
        (
            {"data": "my data.csv", "target": "y", "model": "knn", "task": None, "drop": ["id"]},
            "call ts.minimize: tunesmith suggest 'my data.csv' --target y --model knn --drop id --as python",
        ),
        ({"data": "demo", "target": "y", "model": "lightgbm"}, "The space of the demo is fixed"),
        ({"command": "train {lr}", "study_file": "mine.toml"}, "In mine.toml a parameter is a table"),
    ],
)
def test_who_has_no_code_to_change_is_told_how(call, store, info, words, tmp_path):
    study = ts.Study.open(store, "s")
    assert words not in call("doctor", "--study", "s").out
    study.store.update_study(study.ledger.record.id, info=info)
    assert words in call("doctor", "--study", "s").out
    call("report")
    assert words.replace("'", "&#39;") in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_doctor_of_an_empty_study(call, tmp_path):
    ts.Study({"x": ts.Float(0, 1)}, store=str(tmp_path / "tunesmith.db"), name="empty")
    assert "nothing wrong was found" in call("doctor", "--study", "empty").out
    assert call("importance").code == 0
    assert call("report").code == 0


def test_starting_a_command_loads_nothing_that_only_some_commands_need():
    code = (
        "import sys, tunesmith.cli.app; "
        "print([m for m in ('scipy', 'pandas', 'sklearn', 'plotly', 'fastapi') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
