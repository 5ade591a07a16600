"""A start that breaks a constraint is moved to where they hold, and no further than needed."""

import math

import pytest

from tunesmith.methods.base import Proposal
from tunesmith.methods.nearest import allowed_start
from tunesmith.space import Choice, Float, Int, Space
from tunesmith.study.study import Study


def test_a_start_that_is_allowed_stays_as_it_is() -> None:
    space = Space(x=Float(0, 1)).require("x < 0.9")
    start = Proposal({"x": 0.5}, "the middle")
    assert allowed_start(start, space, 0) is start


@pytest.mark.parametrize("seed", range(5))
def test_numbers_are_moved_hardly_further_than_needed(seed: int) -> None:
    space = Space(lr=Float(1e-5, 1e-1, log=True), layers=Int(1, 30)).require("layers * lr < 0.2")
    found = allowed_start(Proposal({"lr": 1e-2, "layers": 25}, "the defaults"), space, seed)
    assert found is not None
    assert found.reason == "the defaults, moved to where the constraints hold"
    lr, layers = found.config["lr"], found.config["layers"]
    assert layers * lr < 0.2
    assert abs(math.log10(lr) + 2.0) / 4.0 + abs(layers - 25) / 29.0 < 0.12  # the least is 0.024


def test_options_stay_where_they_may_and_what_depends_on_them_is_settled() -> None:
    space = Space(o=Choice(["u", "v"]), c=Choice(["p", "q"]), k=Int(1, 64), z=Float(0, 1, when={"o": "v"}))
    start = Proposal({"o": "u", "c": "p", "k": 32}, "the middle")
    few = allowed_start(start, space.copy().require("o != 'u' or k <= 30"), 0)
    assert few is not None
    assert few.config["o"] == "u"
    assert few.config["c"] == "p"
    assert 26 <= few.config["k"] <= 30
    other = allowed_start(start, space.copy().require("o == 'v'"), 0)
    assert other is not None
    assert list(other.config) == ["o", "c", "k", "z"]
    assert (other.config["o"], other.config["c"]) == ("v", "p")
    assert abs(other.config["k"] - 32) <= 3


def test_where_no_draw_meets_the_constraints_there_is_no_start() -> None:
    space = Space(a=Float(0, 1), b=Float(0, 1)).require("abs(a - b - 0.5) < 1e-9")
    assert allowed_start(Proposal({"a": 0.5, "b": 0.5}, "the middle"), space, 0) is None


@pytest.mark.parametrize("method", ["bayes", "evolution"])
def test_methods_start_near_defaults_that_break_a_constraint(method: str) -> None:
    space = Space(x=Float(0, 1, default=0.8), y=Float(0, 1, default=0.8)).require("x + y < 1.2")
    study = Study(space, method=method, seed=0)
    trial = study.ask()
    assert study.trials[0].reason == "the defaults, moved to where the constraints hold"
    assert trial.config["x"] + trial.config["y"] < 1.2
    assert trial.config["x"] + trial.config["y"] > 1.1
    study.tell(trial, 0.0)
    study.ask()
    assert "moved" not in study.trials[1].reason
