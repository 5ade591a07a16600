"""tune and demo: a table in, a tuned model out; and what is said about tables that cannot be learnt from."""

import re
import shlex
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import tunesmith as ts
from tunesmith.cli.outcome import Outcome
from tunesmith.cli.outcome import _config as config_lines
from tunesmith.models.tuned import TunedModel
from tunesmith.wording import percent


@pytest.fixture
def houses(tmp_path):
    """A small table with numbers, gaps and text, whose target depends on all of them."""
    rng = np.random.default_rng(0)
    n = 160
    frame = pd.DataFrame(
        {
            "area": rng.uniform(30, 200, n).round(1),
            "rooms": rng.integers(1, 7, n),
            "town": rng.choice(["Aachen", "Ülm", "Köln"], n),
        }
    )
    frame["price"] = frame["area"] * 10 + frame["rooms"] * 50 + (frame["town"] == "Köln") * 400
    frame["price"] += rng.normal(0, 40, n)
    frame.loc[::9, "area"] = np.nan
    frame.to_csv(tmp_path / "houses.csv", index=False)
    return frame


def test_a_table_in_a_tuned_model_out(call, houses):
    arguments = ("tune", "houses.csv", "--target", "price", "--workers", 1, "--seed", 0, "--folds", 3)
    result = call(*arguments, "--trials", 4, "--json")
    assert result.code == 0, result.err
    assert result.json["metric"] == "rmse"
    assert result.json["best"]["value"] == pytest.approx(result.json["search_folds"]["mean"])
    assert result.json["gain"]["standard_error"] > 0
    model = TunedModel.load(result.json["model"])
    predicted = model.predict(houses.drop(columns="price"))
    assert np.corrcoef(predicted, houses["price"])[0, 1] > 0.8
    assert "Starts from what rules of thumb suggest, then 3 other promising configs." in result.err
    assert "num_leaves: default 6, since rows < 4000 and a quantity is predicted (rows = 160)" in result.err
    more = call(*arguments, "--trials", 6)
    assert "rules of thumb" not in more.err
    assert "4 trials found" in more.err
    assert "gain over the defaults" in more.out
    assert "6 of 6" not in more.out
    assert len(call("trials", "--json").json) == 6


def test_a_config_that_will_not_win_is_not_run_on_all_folds(call, houses):
    arguments = ("tune", "houses.csv", "--target", "price", "--model", "knn", "--workers", 1, "--seed", 0)
    found = call(*arguments, "--trials", 15, "--json").json
    trials = call("trials", "--json").json
    stopped = [trial for trial in trials if trial["state"] == "stopped"]
    assert stopped
    assert all(
        re.match(r"stopped at fold [234]: on average .* worse than trial", t["reason"]) for t in stopped
    )
    assert found["folds_run"] == sum(len(trial["reports"]) for trial in trials) < 15 * 5
    assert found["best"]["state"] == "complete"
    share = percent(1 - found["folds_run"] / 75)
    assert f"(chosen of 15; {share} of the folds left out)" in call(*arguments, "--trials", 15).out


def test_two_folds_are_no_race(call, houses):
    call("tune", "houses.csv", "--target", "price", "--model", "knn", "--folds", 2, "--trials", 8)
    assert {trial["state"] for trial in call("trials", "--json").json} == {"complete"}


def test_the_option_that_makes_it_another_study_is_named(call, houses):
    arguments = ("tune", "houses.csv", "--target", "price", "--model", "knn", "--folds", 2, "--trials", 1)
    assert call(*arguments).code == 0
    other = call(*arguments, "--drop", "area")
    assert other.code == 2
    assert "exists with another set of left-out columns; allowed: []; given: ['area']" in other.err
    assert "--study NAME" in other.err


def test_another_table_under_the_same_name_is_no_reason_to_go_on(call, houses, tmp_path):
    arguments = ("tune", "houses.csv", "--target", "price", "--model", "knn", "--folds", 2, "--trials", 1)
    assert call(*arguments).code == 0
    table = pd.read_csv(tmp_path / "houses.csv")
    table.iloc[::-1].to_csv(tmp_path / "houses.csv", index=False)
    other = call(*arguments)
    assert other.code == 2
    assert "exists with another table; allowed: 'fingerprint " in other.err


@pytest.mark.parametrize("letter", ["a", "ж", "😀"])
def test_a_target_of_any_length_makes_a_study_and_a_folder(call, houses, tmp_path, letter):
    table = pd.read_csv(tmp_path / "houses.csv")
    for k, name in enumerate((letter * 210, letter * 211)):
        table.rename(columns={"price": name}).to_csv(tmp_path / "long.csv", index=False)
        done = call("tune", "long.csv", "--target", name, "--model", "knn", "--folds", 2, "--trials", 1)
        assert done.code == 0, done.err
        assert len(call("studies", "--json").json) == k + 1


def test_the_first_trials_are_the_suggested_config_and_the_portfolio(call, houses):
    arguments = ("houses.csv", "--target", "price")
    found = call("suggest", *arguments, "--json").json
    assert found["portfolio"][0]["num_leaves"] == 31  # the library's own
    call("tune", *arguments, "--workers", 1, "--trials", 5, "--folds", 2)
    trials = call("trials", "--json").json
    expected = [found["default"], *found["portfolio"]]
    assert len(expected) == 4
    assert [t["config"] for t in trials[:4]] == expected
    assert [t["origin"] for t in trials[:4]] == ["enqueued"] * 4
    assert [t["reason"] for t in trials[:2]] == [
        "enqueued: where rules of thumb start",
        "enqueued: The library's own defaults, as near as the space has them",
    ]
    assert trials[4]["origin"] != "enqueued"


def test_trials_that_wait_are_not_counted_as_run(call, houses):
    result = call("tune", "houses.csv", "--target", "price", "--workers", 1, "--trials", 1, "--folds", 2)
    assert "Best config (trial 0 of 1):" in result.out  # the portfolio waits


def test_a_table_too_small_for_the_folds_makes_no_study(call, houses, tmp_path):
    houses.iloc[:9].to_csv(tmp_path / "few.csv", index=False)
    arguments = ("tune", "few.csv", "--target", "price", "--workers", 1, "--trials", 1)
    result = call(*arguments)
    assert result.code == 2
    assert "too few rows for 5 folds; allowed: 10 rows or more; given: 9 rows" in result.err
    assert not (tmp_path / "tunesmith.db").exists()
    assert call(*arguments, "--folds", 3).code == 0  # as the error advises


@pytest.mark.parametrize(
    ("content", "arguments", "words"),
    [
        ("a,b\n1,2\n3,4\n", ["--target", "c"], "c"),
        ("area,price\n1,2\n3,4\n", ["--target", "prize"], "Did you mean 'price'?"),
        ("a,y\n" + "1,no\n" * 30, ["--target", "y"], "one class"),
        (
            "a,y\n" + "".join(f"{i},1.5\n" for i in range(40)),
            ["--target", "y", "--task", "regression"],
            "the same in every row",
        ),
        ("", ["--target", "y"], "empty"),
        ("a,y\n", ["--target", "y"], "no rows"),
        ("a,y\n1,2\n", ["--target", "y", "--model", "lightgmb"], "Did you mean 'lightgbm'?"),
        (
            "a,y\n" + "".join(f"{i},{i % 7}.5\n" for i in range(40)),
            ["--target", "y", "--metric", "acuracy"],
            "metric",
        ),
    ],
)
def test_a_table_that_cannot_be_learnt_from_is_one_line_and_code_2(call, tmp_path, content, arguments, words):
    (tmp_path / "data.csv").write_text(content)
    result = call("tune", "data.csv", *arguments, "--trials", 2, "--workers", 1)
    assert result.code == 2, result.err
    assert words in result.err
    assert "Traceback" not in result.err
    assert len(result.err.strip().splitlines()) <= 2


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--drop", "price"], "the column 'price' has one role only"),
        (["--groups", "price"], "the column 'price' has one role only"),
        (["--groups", "town", "--drop", "town"], "the column 'town' has one role only"),
        (["--study", ""], "name must be text"),
        (["--target", "town", "--task", "regression"], "for what has a name choose the task classification"),
    ],
)
def test_options_that_contradict_each_other_make_no_study(call, houses, tmp_path, options, words):
    result = call("tune", "houses.csv", "--target", "price", *options, "--trials", 1)
    assert result.code == 2
    assert words in result.err
    assert not (tmp_path / "tunesmith.db").exists()


def test_a_bad_encoding_and_a_missing_file_are_said(call, tmp_path):
    (tmp_path / "data.csv").write_bytes(b"a,y\n\xff\xfe\x00\x81,1\n")
    assert call("tune", "data.csv", "--target", "y").code == 2
    missing = call("tune", "nothing.csv", "--target", "y")
    assert missing.code == 2
    assert "nothing.csv" in missing.err


def test_the_command_for_all_reasons_is_one_that_can_be_typed(call, houses, tmp_path):
    folder = tmp_path / "my tables"
    folder.mkdir()
    (tmp_path / "houses.csv").rename(folder / "houses.csv")
    result = call("tune", "my tables/houses.csv", "--target", "price", "--workers", 1, "--trials", 1)
    (line,) = [line for line in result.err.splitlines() if "All reasons" in line]
    command = shlex.split(line.partition("sources: ")[2])
    assert command[0] == "tunesmith"
    found = call(*command[1:])
    assert found.code == 0, found.err
    assert "num_leaves" in found.out


def test_the_demo_ends_with_a_gain(call):
    result = call("demo", "--trials", 3, "--workers", 1, "--json", "--report", "r.html")
    assert result.code == 0, result.err
    assert "Starts from what rules of thumb suggest" in result.err
    assert "tunesmith suggest" not in result.err  # its data is in no file
    assert result.json["report"] == "r.html"
    assert "<title>demo: tuning report</title>" in Path("r.html").read_text(encoding="utf-8")
    assert result.json["study"] == "demo"
    assert result.json["fresh_folds"]["standard_error"] > 0


def test_a_report_that_cannot_be_written_is_said_before_the_search(call, houses, tmp_path):
    result = call("tune", "houses.csv", "--target", "price", "--trials", 1, "--report", "nowhere/r.html")
    assert result.code == 2
    assert "folder does not exist" in result.err
    assert not (tmp_path / "tunesmith.db").exists()


def test_a_model_that_cannot_be_written_is_said_before_the_search(call, houses, tmp_path):
    (tmp_path / "taken").write_text("")
    arguments = ("tune", "houses.csv", "--target", "price", "--trials", 1)
    for options, words in (
        (("--out", "taken"), "'taken' is a file. Name a folder."),
        (("--out", "taken/model"), "taken' is a file"),
        (("--report", "."), "'.' is a folder. Name a file in it"),
        (("--out", "x" * 300), "its name is too long"),
        (
            ("--out", "model.pkl"),
            "a name that ends in .pkl promises; allowed: none; given: 'model.pkl'. Say 'model'",
        ),
        (("--report", "r.pdf"), "a report is not what a name that ends in .pdf promises"),
    ):
        result = call(*arguments, *options)
        assert result.code == 2
        assert words in result.err
    assert not (tmp_path / "tunesmith.db").exists()


def test_more_rows_than_a_model_can_take_are_refused_before_the_search(call, tmp_path):
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"x": rng.normal(size=30_001), "y": rng.normal(size=30_001)})
    table.to_csv(tmp_path / "many.csv", index=False)
    result = call("tune", "many.csv", "--target", "y", "--model", "svm", "--trials", 3)
    assert result.code == 2
    assert "svm takes too long on so many rows; allowed: 30,000 rows; given: 30,001. Choose" in result.err
    assert not (tmp_path / "tunesmith.db").exists()


def test_a_demo_without_what_reports_need_says_so_and_is_no_failure(call, monkeypatch):
    monkeypatch.setitem(sys.modules, "jinja2", None)
    result = call("demo", "--trials", 2, "--workers", 1)
    assert result.code == 0
    assert 'pip install "tunesmith[report]"' in result.err


@pytest.mark.parametrize(
    ("option", "value"), [("--time", "abc"), ("--trial-time", "-3"), ("--trial-memory", "much")]
)
def test_a_limit_that_cannot_be_read_makes_no_study(call, houses, tmp_path, option, value):
    result = call("tune", "houses.csv", "--target", "price", "--trials", 1, option, value)
    assert result.code == 2
    assert f"{option[2:].replace('-', '_')} cannot be used" in result.err
    assert not (tmp_path / "tunesmith.db").exists()


def test_a_gain_over_no_loss_at_all_is_no_share_of_it(call, tmp_path):
    x = np.tile([0.5, 100.5], 20)
    pd.DataFrame({"x": x, "y": x}).to_csv(tmp_path / "two.csv", index=False)
    found = call("tune", "two.csv", "--target", "y", "--model", "knn", "--trials", 1, "--workers", 1)
    assert re.search(r"gain over the defaults +0 ± 0   \(not clear of the noise\)\n", found.out)
    assert call("tune", "two.csv", "--target", "y", "--model", "knn", "--trials", 1, "--json").json[
        "gain"
    ] == {
        "difference": 0.0,
        "standard_error": 0.0,
        "share": None,
        "is_clear": False,
    }


@pytest.mark.parametrize(
    ("second", "said"), [(0.4003861, "Trial 1 did as well."), (0.39, "by what all trials say together")]
)
def test_what_only_rounding_tells_apart_is_not_called_luck(second, said):
    study = ts.Study(ts.Space(x=ts.Float(0, 1)), seed=0)
    for x, value in ((0.5, 0.4003862), (0.6, second)):
        study.enqueue({"x": x})
        study.tell(study.ask(), value)
    shipped = replace(study.recommend(), number=0, config={"x": 0.5})
    outcome = Outcome(study, "ridge", {"x": 0.5}, shipped, None, None, Path("m"), None)
    title, *lines = config_lines(outcome)
    assert title == "Recommended config (trial 0 of 2):"
    assert said in lines[-1]
