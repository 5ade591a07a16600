"""A suggestion as Python and TOML leads back to the same configs and space."""

import tomllib

import pytest
from scipy.stats import lognorm

from tunesmith.rules.engine import Suggestion, apply
from tunesmith.rules.tables import find_table, known
from tunesmith.rules.words import range_words, to_json, to_python, to_toml
from tunesmith.space import Choice, Float, Int, Space


@pytest.fixture(params=known())
def suggestion(request, make_facts):
    table = find_table(request.param)
    said = {"max_cardinality": 30, "imbalance": 20.0, "target_skew": 3.0}
    return apply(table, make_facts(table.task or "classification", **said), request.param)


def test_python_code_runs_and_gives_the_same(suggestion):
    made = {}
    exec(compile(to_python(suggestion), "suggested.py", "exec"), made)
    assert made["default"] == suggestion.default
    assert tuple(made["portfolio"]) == suggestion.portfolio
    assert made["space"].to_dict() == suggestion.space.to_dict()
    assert made["space"].check(made["default"]) == suggestion.default


def of_space(space, config, make_facts):
    return Suggestion("own", config, space, (), (), config, make_facts("regression"))


def test_python_code_has_all_arguments_of_a_prior(make_facts):
    """Those of a family of another package may stand by place."""
    space = Space(rate=Float(0.01, 1.0, log=True, prior=lognorm(0.5, scale=0.1)))
    made = {}
    exec(to_python(of_space(space, {"rate": 0.1}, make_facts)), made)
    assert made["space"].to_dict() == space.to_dict()


def test_python_code_says_that_options_are_ordered(make_facts):
    """A family of another package may order them."""
    space = Space(size=Choice(["small", "large"], ordered=True))
    made = {}
    exec(to_python(of_space(space, {"size": "small"}, make_facts)), made)
    assert made["space"].to_dict() == space.to_dict()


def test_toml_is_read_back_to_the_same(suggestion, tmp_path):
    text = to_toml(suggestion)
    data = tomllib.loads(text)
    assert data["model"] == suggestion.model
    assert data["default"] == suggestion.default
    assert tuple(data.get("portfolio", ())) == suggestion.portfolio
    (tmp_path / "space.toml").write_text(text, encoding="utf-8")
    assert Space.load(tmp_path / "space.toml").to_dict() == suggestion.space.to_dict()


def test_the_reasons_stand_in_both(suggestion):
    python, toml = to_python(suggestion), to_toml(suggestion)
    for reason in suggestion.reasons:
        if reason.parameter:
            assert reason.why in python
            assert f"# {reason.why}" in toml


def test_json_holds_all_of_it(suggestion):
    made = to_json(suggestion)
    assert made["default"] == suggestion.default
    assert made["facts"]["rows"] == suggestion.facts.rows
    assert len(made["reasons"]) == len(suggestion.reasons)
    assert all(s["text"] and (s["url"] or s["measured"]) for r in made["reasons"] for s in r["sources"])


def test_ranges_in_words():
    assert range_words(Float(0.015, 0.3, log=True)) == "0.015 to 0.3, log scale"
    assert range_words(Int(1, 6)) == "1 to 6"
    assert range_words(Choice(["a", "b"])) == "a | b"
    assert range_words(Choice([300])) == "fixed"
