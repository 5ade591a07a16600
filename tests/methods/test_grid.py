"""Grid search: which levels, exact coverage, nothing enumerated, nothing run twice, and honest words."""

import math
import time
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tunesmith.errors import OptionError
from tunesmith.history import History
from tunesmith.methods.base import Proposal, UsedUp
from tunesmith.methods.grid import Grid
from tunesmith.methods.levels import levels_of, spread
from tunesmith.methods.registry import make_method, method_settings
from tunesmith.space import Choice, Float, Int, Space
from tunesmith.testing.play import play
from tunesmith.testing.problems import PROBLEMS
from tunesmith.trial import Origin, State, Trial


class Tanh:
    """A class given as an option."""


class Relu:
    """Another one."""


def nothing(config: dict[str, object]) -> float:
    return 0.0


# -- levels --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parameter", "count", "expected"),
    [
        (Float(0, 1), 5, [0.0, 0.25, 0.5, 0.75, 1.0]),
        (Float(0, 1), 11, [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0]),
        (Float(1e-5, 1e-1, log=True), 5, [1e-5, 1e-4, 1e-3, 1e-2, 1e-1]),
        (Float(0.3, 0.7), 2, [0.3, 0.7]),
        (Float(0, 1, step=0.1), 3, [0.0, 0.5, 1.0]),
        (Int(1, 1000, log=True), 4, [1, 10, 100, 1000]),
        (Int(0, 100), 5, [0, 25, 50, 75, 100]),
        (Int(10, 300, step=10), 3, [10, 150, 300]),
        (Int(1, 3), 5, [1, 2, 3]),
        (Int(1, 12, log=True), 7, [1, 2, 3, 5, 8, 12]),
        (Float(0, 1, default=0.2), 1, [0.2]),
        (Float(0, 1), 1, [0.5]),
        (Float(2, 2), 5, [2.0]),
    ],
)
def test_levels_are_spread_over_the_range_both_ends_included(
    parameter, count: int, expected: list[float]
) -> None:
    levels = spread(parameter, count)
    assert levels == expected
    assert {type(v) for v in levels} == {type(parameter.low)}


def test_a_number_of_levels_may_be_numpys() -> None:
    assert Grid(np.int64(3)).settings == {"levels": 3}
    assert type(Grid({"x": np.int64(3)}).settings["levels"]["x"]) is int


@pytest.mark.parametrize("levels", [np.linspace(0, 1, 3), pd.Series([0.0, 0.5, 1.0]), np.array([0, 0.5, 1])])
def test_levels_may_be_an_array(levels: Any) -> None:
    made = Grid({"x": levels}).settings["levels"]["x"]
    assert made == [0.0, 0.5, 1.0]
    assert {type(level) for level in made} == {float}
    for wrong in (np.zeros((2, 2)), np.array([]), "abc", {0.1, 0.2}):
        with pytest.raises(OptionError, match="levels of 'x' cannot be read"):
            Grid({"x": wrong})


def test_levels_of_a_prior_are_its_quantiles() -> None:
    from scipy import stats

    low, quarter, middle, *_ = spread(Float(-10, 10, prior=stats.norm(0, 1)), 5)
    assert (low, middle) == (-10.0, pytest.approx(0, abs=1e-9))
    assert quarter == pytest.approx(stats.norm.ppf(0.25), abs=1e-9)


def test_parameters_with_few_values_take_them_all() -> None:
    space = Space(a=Int(1, 10), b=Int(1, 11), c=Float(0, 1, step=0.1), d=Choice(range(50)), e=Float(0, 1))
    levels = levels_of(space, {}, 5)
    assert {n: len(levels[n]) for n in levels} == {"b": 5, "c": 5, "e": 5}
    assert Grid().total(space) == 10 * 5 * 5 * 50 * 5


def test_levels_can_be_given_by_parameter_as_a_number_or_values() -> None:
    space = Space(lr=Float(1e-4, 1, log=True), n=Int(1, 9), act=Choice([Tanh, Relu, None]), x=Float(0, 1))
    grid = Grid(levels={"lr": 3, "n": [2, 4.0, 2], "act": [None, Tanh]})
    assert grid.total(space) == 3 * 2 * 2 * 5
    again = make_method(method_settings(grid))
    configs = [t.config for t in play(again, space, nothing, 100).trials]
    assert len(configs) == 60
    assert {c["act"] for c in configs} == {None, Tanh}
    assert {c["n"] for c in configs} == {2, 4}
    assert {c["lr"] for c in configs} == {1e-4, 1e-2, 1.0}


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (
            lambda: Grid(levels=0),
            "method 'grid': levels cannot be read; allowed: a whole number from 1",
        ),
        (lambda: Grid(levels=2.5), "given: 2.5"),  # type: ignore[arg-type]
        (lambda: Grid(levels=True), "given: True"),
        (lambda: Grid(levels={"x": 0}), "levels of 'x' cannot be read"),
        (lambda: Grid(levels={"x": []}), "levels of 'x' cannot be read"),
        (lambda: Grid(levels={"x": "abc"}), "levels of 'x' cannot be read"),
        (
            lambda: Grid(levels={"y": 3}).plan(Space(x=Float(0, 1))),
            "names an unknown parameter; allowed: x; given: 'y'",
        ),
        (
            lambda: Grid(levels={"x": [0.5, 2]}).plan(Space(x=Float(0, 1))),
            "method 'grid', levels: parameter 'x': the value is not allowed; allowed: numbers from 0.0 to "
            "1.0; given: 2.",
        ),
        (lambda: Grid(levels={"x": [object()]}), "an object without a readable name cannot be kept"),
    ],
)
def test_levels_that_cannot_be_are_one_error(make, text: str) -> None:
    with pytest.raises(OptionError) as caught:
        make()
    assert text in str(caught.value)


# -- coverage ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "problem", [p for p in PROBLEMS if Grid(levels=2).total(p.make()) < 3000], ids=lambda p: p.name
)
def test_every_config_of_the_grid_is_run_once(problem) -> None:
    space = problem.make()
    counter = space.counter(levels_of(space, {}, 2))
    expected = [space.key(c) for c in counter if space.is_allowed(c)]
    history = play(Grid(levels=2), space, nothing, 10_000)
    assert [space.key(t.config) for t in history.trials] == expected
    assert len(set(expected)) == len(expected)


def test_conditions_multiply_nothing_where_they_do_not_hold() -> None:
    space = Space(
        kernel=Choice(["linear", "rbf", "poly"]),
        gamma=Float(0.1, 10, log=True, when={"kernel": ["rbf", "poly"]}),
        degree=Int(2, 4, when={"kernel": "poly"}),
    )
    assert Grid(levels=5).total(space) == 1 + 5 + 5 * 3
    assert Grid(levels=5).plan(space) == (
        "The grid has 21 configs (levels: kernel 3, gamma 5, degree 3; conditions make it fewer than the "
        "product)."
    )


def test_configs_that_were_run_before_are_left_out_whoever_asked() -> None:
    space = Space(a=Int(1, 3), b=Int(1, 3))
    start = [
        Trial(0, {"a": 2, "b": 2}, State.COMPLETE, 0.0, origin=Origin.ENQUEUED),
        Trial(1, {"a": 1, "b": 1}, State.WAITING, origin=Origin.ENQUEUED),
        Trial(2, {"a": 3, "b": 3}, State.COMPLETE, 0.0, origin=Origin.ADDED),
        Trial(3, {"a": 3, "c": 3}, State.COMPLETE, 0.0),  # of an older space
    ]
    history = play(Grid(), space, nothing, 20, start=start)
    assert len(history) == 10
    assert history.distinct == 9
    assert history[4].config == {"a": 1, "b": 2}
    assert history[4].reason == "number 2 of 9 of the grid"
    assert Grid().propose(history, 10, 0) == UsedUp("All 9 configs of the grid have been tried.")


def test_a_resumed_grid_goes_on_where_it_stopped() -> None:
    space = Space(a=Int(1, 10), b=Int(1, 10))
    whole = play(Grid(), space, nothing, 100)
    resumed = play(Grid(), space, nothing, 100, start=whole.trials[:37])
    assert [t.config for t in resumed.trials] == [t.config for t in whole.trials]


# -- constraints ---------------------------------------------------------------------------------------------


def test_configs_that_break_a_constraint_are_left_out_and_counted() -> None:
    space = Space(a=Int(1, 10), b=Int(1, 10)).require("a < b")
    history = play(Grid(), space, nothing, 200)
    assert [(t.config["a"], t.config["b"]) for t in history.trials] == [
        (a, b) for a in range(1, 11) for b in range(1, 11) if a < b
    ]
    words = "All 45 configs of the grid have been tried (55 break a constraint)."
    assert Grid().propose(history, 45, 0) == UsedUp(words)
    assert "Those that break a constraint are left out." in str(Grid().plan(space))


def test_what_shares_the_values_that_break_a_constraint_is_jumped_over() -> None:
    space = Space(a=Int(1, 2), **{f"x{k}": Float(0, 1) for k in range(20)}).require("a == 2")
    started = time.process_time()
    proposal = Grid().propose(History(space), 0, 0)
    assert isinstance(proposal, Proposal)
    assert proposal.config["a"] == 2
    assert time.process_time() - started < 5.0


@pytest.mark.parametrize(
    ("space", "words"),
    [
        (Space(a=Int(1, 9)).require("a > 9"), "None of the 9 configs of the grid meets the constraints."),
        (
            Space({f"x{k}": Int(1, 10) for k in range(6)}).require(lambda config: False),
            "The grid was given up at config 100,000 of 1,000,000: 100,000 configs in a row break a "
            "constraint.",
        ),
    ],
)
def test_constraints_that_nothing_meets_end_in_words(space: Space, words: str) -> None:
    method, history = Grid(), History(space)
    assert method.propose(history, 0, 0) == UsedUp(words)
    assert method.propose(history, 0, 0) == UsedUp(words)


def test_a_constraint_added_later_is_kept_to() -> None:
    space = Space(a=Int(1, 5), b=Int(1, 2))
    method = Grid()
    history = play(method, space, nothing, 3)
    space.require("a != 2")
    while isinstance(proposal := method.propose(history, len(history), 0), Proposal):
        history.record(Trial(len(history), proposal.config, State.COMPLETE, 0.0))
    assert [t.config["a"] for t in history.trials[3:]] == [3, 3, 4, 4, 5, 5]


# -- size ----------------------------------------------------------------------------------------------------


def test_a_grid_beyond_all_measure_starts_at_once() -> None:
    space = Space({f"x{k}": Int(1, 10) for k in range(12)})
    started = time.process_time()
    method, history = Grid(), History(space)
    assert method.total(space) == 10**12
    for number in range(50):
        proposal = method.propose(history, number, 0)
        assert isinstance(proposal, Proposal)
        history.record(Trial(number, proposal.config, State.COMPLETE, 0.0))
    assert time.process_time() - started < 10.0


def test_a_hopeless_grid_is_warned_of_with_what_would_do_instead() -> None:
    space = Space({f"x{k}": Float(0, 1) for k in range(6)})
    plan = Grid(levels=10).plan(space)
    assert plan is not None
    first, warning = plan.split("\n")
    assert first == "The grid has 1,000,000 configs (levels: x0 10, x1 10, x2 10, x3 10, x4 10, x5 10)."
    assert warning.startswith("Warning: 1,000,000 configs are more than a grid can be worth.")
    assert (
        "random search needs 59 trials to land among the best 5 % of configs and 299 for the best 1 %"
        in warning
    )
    assert 1 - 0.95**59 >= 0.95 > 1 - 0.95**58
    assert 1 - 0.99**299 >= 0.95 > 1 - 0.99**298
    assert math.isclose(20 * 59, 1180)
    assert "\n" not in str(Grid(levels=4).plan(Space(a=Float(0, 1), b=Float(0, 1), c=Float(0, 1))))


def test_conditions_too_entangled_for_a_grid_are_said() -> None:
    flags = {f"f{k}": Choice([0, 1]) for k in range(20)}
    space = Space(flags, x=Int(1, 3, when=" + ".join(flags) + " > 4"))
    with pytest.raises(OptionError, match="too entangled to count a grid"):
        Grid().plan(space)


def test_the_cost_of_an_ask_does_not_grow() -> None:
    space = Space({f"x{k}": Int(1, 10) for k in range(6)})
    method, history = Grid(), History(space)

    def asks(count: int) -> float:
        started = time.process_time()
        for _ in range(count):
            proposal = method.propose(history, len(history), 0)
            assert isinstance(proposal, Proposal)
            history.record(Trial(len(history), proposal.config, State.COMPLETE, 0.0))
        return time.process_time() - started

    early = min(asks(300) for _ in range(3))
    asks(8000)
    assert min(asks(300) for _ in range(3)) < 4 * early
