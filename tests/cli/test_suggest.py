"""suggest: where to start and where to search, with reasons; nothing is trained."""

import tomllib

import numpy as np
import pandas as pd
import pytest


@pytest.fixture
def table(tmp_path):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 4))
    frame = pd.DataFrame(x, columns=["a", "b", "c", "d"])
    frame["y"] = np.where(x[:, 0] + rng.normal(size=300) > 0, "yes", "no")
    frame.to_csv(tmp_path / "data.csv", index=False)
    return ("suggest", "data.csv", "--target", "y")


@pytest.mark.parametrize("model", ["lightgbm", "xgboost", "mlp", "logistic", "torch"])
def test_each_parameter_has_a_line_and_a_reason(call, table, model):
    result = call(*table, "--model", model)
    assert result.code == 0, result.err
    words = " ".join(result.out.split())
    found = call(*table, "--model", model, "--json").json
    for name in found["space"]["parameters"]:
        assert name in words
    for reason in found["reasons"]:
        assert " ".join(reason["why"].split()) in words
    assert "Probst" not in result.out
    assert "[1]" not in result.out


def test_explain_names_each_source_once_by_its_number_and_what_was_overruled(call, table):
    result = call(*table, "--model", "xgb", "--explain")
    words = " ".join(result.out.split())
    why, sources = words.split(" Sources ")
    assert "the number of trees follows by early stopping. [1, 2]" in why
    assert "[1] Probst, Boulesteix, Bischl 2019" in sources
    for reason in call(*table, "--model", "xgb", "--json").json["reasons"]:
        for source in reason["sources"]:
            assert sources.count(" ".join(source["text"].split())) >= 1
    assert sources.count("https://arxiv.org/abs/1802.09596") == 1
    assert "since rows < 4000 (rows = 300)" in why


def test_as_python_and_as_toml_print_nothing_else(call, table):
    made = {}
    exec(call(*table, "--as", "python").out, made)
    data = tomllib.loads(call(*table, "--as", "toml").out)
    found = call(*table, "--json").json
    assert made["default"] == data["default"] == found["default"]
    assert made["space"].to_dict() == found["space"]


def test_it_ends_with_the_command_that_searches(call, table):
    assert "tunesmith tune data.csv --target y --model lightgbm" in call(*table).err
    assert call(*table, "--drop", "a").err.rstrip().endswith("--drop a")
    torch = call(*table, "--model", "torch").err
    assert "tunesmith tune" not in torch
    assert "ts.minimize" in torch


@pytest.mark.parametrize(
    ("arguments", "words"),
    [(["--model", "xgbost"], "Did you mean 'xgboost'?"), (["--model", "ridge"], "Choose logistic instead.")],
)
def test_a_model_that_cannot_be_is_one_line_and_code_2(call, table, arguments, words):
    result = call(*table, *arguments)
    assert result.code == 2
    assert words in result.err
    assert "Traceback" not in result.err


def test_two_forms_exclude_each_other(call, table):
    result = call(*table, "--json", "--as", "toml")
    assert result.code == 2
    assert "--json and --as exclude each other; given: --as toml" in result.err
