"""The benchmark of rules: nothing is run twice, differences and ranks are what they say."""

import importlib
import json
import math
import re
import shlex
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tunesmith.rules.tables import all_sources, find_table, known

FOLDER = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def bench(monkeypatch):
    monkeypatch.syspath_prepend(str(FOLDER))
    loaded = {name: importlib.import_module(name) for name in ("datasets", "verdicts", "rules")}
    yield loaded
    for name in loaded:
        del sys.modules[name]


@pytest.fixture
def tiny(bench, monkeypatch):
    """One data set of 90 rows under the name of a real one."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(90, 4))).add_prefix("x")
    frame["target"] = frame["x0"] * 3 + rng.normal(size=90)
    load = {"diabetes": lambda: (frame, "target")}
    monkeypatch.setitem(bench["datasets"].SETS, "seen", load)
    return bench["rules"]


def test_what_is_there_is_not_run_again_and_all_scores_are_of_the_same_folds(tiny, tmp_path, capsys):
    out = tmp_path / "rules.jsonl"
    arguments = ["--out", str(out), "--data", "diabetes", "--families", "linear", "--folds", "2"]
    tiny.main(arguments)
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    assert {(r["who"], r["fold"]) for r in rows} == {(w, k) for w in ("library", "suggested") for k in (0, 1)}
    assert all(0.8 < r["loss"] < 1.4 for r in rows)
    assert "| linear | suggested : library | 1 |" in capsys.readouterr().out
    tiny.main(arguments)
    assert len(out.read_text().splitlines()) == 4
    tiny.main([*arguments[:-1], "1", "--search"])
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    assert [r["who"] for r in rows[4:]] == ["random 20", "random 60", "tunesmith 20"]
    tiny.main([*arguments, "--report"])
    assert len(out.read_text().splitlines()) == 7


def test_rows_that_were_not_drawn_are_scored_too_and_drawn_anew_for_each_seed(tiny, tmp_path):
    out = tmp_path / "rules.jsonl"
    arguments = ["--out", str(out), "--data", "diabetes", "--families", "linear", "--folds", "1"]
    tiny.main([*arguments, "--rows", "60", "--seeds", "0", "1", "--who", "suggested"])
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    assert [(r["seed"], r["rows"], r["scored"]) for r in rows] == [(0, 60, 12 + 30), (1, 60, 12 + 30)]
    assert rows[0]["loss"] != rows[1]["loss"]
    few = tmp_path / "few.jsonl"
    tiny.main([*arguments, "--out", str(few), "--rows", "60", "--who", "suggested", "--others", "0"])
    assert json.loads(few.read_text())["scored"] == 12
    tiny.main([*arguments, "--rows", "60", "--seeds", "2", "--who", "suggested", "--scored", "43"])
    assert len(out.read_text().splitlines()) == 2
    tiny.main([*arguments, "--rows", "60", "--seeds", "2", "--who", "suggested", "--scored", "42"])
    assert len(out.read_text().splitlines()) == 3


def test_rows_that_were_not_drawn_are_read_as_those_that_were(bench, monkeypatch):
    frame = pd.DataFrame({"x": np.arange(40.0), "kind": list("ab") * 20, "target": list("uuvw") * 10})
    frame.loc[7, "target"] = None
    monkeypatch.setitem(bench["datasets"].SETS["seen"], "wine", lambda: (frame, "target"))
    drawn, others = bench["datasets"].load_cut("wine", 30, 100, seed=1)
    whole = bench["datasets"].joined(drawn, others)
    assert (len(whole), whole.y.dtype, list(whole.X.dtypes)) == (39, np.int64, list(drawn.X.dtypes))
    for x, kind, y in zip(whole.X["x"], whole.X["kind"], whole.y, strict=True):
        assert (kind, whole.classes[y]) == (frame["kind"][int(x)], frame["target"][int(x)])
    assert not set(drawn.X["x"]) & set(others.X["x"])


def test_lines_that_were_scored_on_fewer_rows_are_not_mixed_with_new_ones(tiny, tmp_path):
    out = tmp_path / "rules.jsonl"
    out.write_text(json.dumps({"data": "diabetes", "family": "linear", "who": "library", "loss": 1.0}) + "\n")
    with pytest.raises(SystemExit, match="older lines"):
        tiny.main(["--out", str(out), "--data", "diabetes", "--families", "linear"])


def test_the_noise_of_a_difference_takes_into_account_that_folds_share_rows(bench):
    gain = bench["verdicts"].gain
    ours, theirs = ({(0, k): v for k, v in enumerate(x)} for x in ([0.8, 0.9, 1.0], [1.0, 1.0, 1.0]))
    found = gain(ours, theirs)
    assert found.mean == pytest.approx(0.1)
    assert found.error == pytest.approx(math.sqrt(0.01 * (1 / 3 + 1 / 4)))
    assert not found.is_clear
    assert math.isnan(gain({(0, 0): 1.0}, {(0, 1): 1.0}).mean)


def test_with_few_folds_a_difference_has_to_be_further_from_its_noise_to_be_clear(bench):
    made = bench["verdicts"].Gain
    assert made(0.25, 0.1, 10).is_clear
    assert not made(0.25, 0.1, 3).is_clear
    assert made(-0.5, 0.1, 3).is_clear
    assert not made(0.25, 0.0, 1).is_clear


def test_over_data_sets_the_gain_is_a_geometric_mean(bench):
    pairs = [({(0, 0): 0.5}, {(0, 0): 1.0}), ({(0, 0): 2.0}, {(0, 0): 1.0})]
    found = bench["verdicts"].overall(pairs)
    assert found.mean == pytest.approx(0.0)
    assert found.error == pytest.approx(math.log(2))


def test_every_measurement_of_ours_names_the_command_that_shows_it_and_its_noise(bench):
    measured = [s.measured for s in all_sources().values() if s.measured]
    assert measured
    for text in measured:
        (command,) = re.findall(r"python benchmarks/rules\.py ([^)]*)", text)
        options = bench["rules"]._options(shlex.split(command))
        assert set(options.data) <= bench["datasets"].DEVELOPMENT.keys()
        assert re.search(r"[+-]\d+\.\d ± \d+\.\d %", text)


def test_every_source_is_cited(bench):
    tables = [find_table(model) for model in known()]
    rules = [r for t in tables for k in t.knobs for r in (k.base, *k.rules)]
    rules += [p for t in tables for p in t.portfolio]
    assert {s for r in rules for s in r.sources} == set(all_sources().values())


def test_equals_share_a_rank(bench):
    assert bench["verdicts"].ranks({"a": 2.0, "b": 1.0, "c": 2.0}) == {"a": 2.5, "b": 1.0, "c": 2.5}
