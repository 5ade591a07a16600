"""Manual search: lists of configs, and walks of one parameter."""

import numpy as np
import pytest

from tunesmith.errors import ConfigError, OptionError
from tunesmith.history import History
from tunesmith.methods.base import Method, UsedUp
from tunesmith.methods.manual import Manual
from tunesmith.methods.registry import make_method, method_settings
from tunesmith.methods.walk import Walk
from tunesmith.space import Choice, Float, Int, Space
from tunesmith.testing.play import play
from tunesmith.testing.problems import OPAQUE
from tunesmith.trial import Origin, State, Trial


class Tanh:
    """A class given as an option."""


def nothing(config: dict[str, object]) -> float:
    return 0.0


def configs(method: Method, space: Space, start: list[Trial] | None = None) -> list[dict[str, object]]:
    return [t.config for t in play(method, space, nothing, 100, start=start or ()).trials]


SPACE = Space(
    lr=Float(1e-5, 1e-1, log=True),
    optimizer=Choice(["adam", "sgd"]),
    m=Float(0, 1, when={"optimizer": "sgd"}),
)
GIVEN = [{"lr": 0.01, "optimizer": "adam"}, {"lr": 0.02, "optimizer": "sgd", "m": 0.9}]


# -- lists ---------------------------------------------------------------------------------------------------


def test_configs_are_run_in_order_each_once_and_then_it_ends_in_words() -> None:
    method = Manual([GIVEN[1], GIVEN[0], GIVEN[1]])
    history = play(method, SPACE, nothing, 10)
    assert [t.config for t in history.trials] == [GIVEN[1], GIVEN[0]]
    assert history[1].reason == "number 2 of 3 given by hand"
    assert method.propose(history, 2, 0) == UsedUp("All 2 configs of the manual list have been tried.")
    assert method.plan(SPACE) == "The manual list has 2 configs. Equal ones are run once."


def test_what_was_run_before_is_left_out() -> None:
    start = [Trial(0, GIVEN[0], State.FAILED, origin=Origin.ENQUEUED)]
    assert configs(Manual(GIVEN), SPACE, start) == GIVEN


def test_values_are_checked_and_plain() -> None:
    space = Space(n=Int(1, 9), pair=Choice([(1, 2), (3,)]))
    (config,) = configs(Manual([{"pair": [1, 2], "n": 3.0}]), space)
    assert config == {"n": 3, "pair": (1, 2)}
    assert [type(v) for v in config.values()] == [int, tuple]


def test_objects_survive_in_the_settings() -> None:
    space = Space(act=Choice([Tanh, None, (1, 2), {"a": 1}]), net=Choice({"small": OPAQUE, "none": None}))
    given = [{"act": a, "net": n} for a in (Tanh, None, (1, 2), {"a": 1}) for n in ("small", None)]
    method = make_method(method_settings(Manual(given)))
    made = configs(method, space)
    assert [c["act"] for c in made] == [g["act"] for g in given]
    assert [c["net"] for c in made] == [OPAQUE, None] * 4


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: Manual([]), "method 'manual' needs a list of configs; given: []"),
        (lambda: Manual({"lr": 0.1}), "method 'manual' needs a list of configs"),  # type: ignore[arg-type]
        (lambda: Manual([0.1]), "method 'manual' needs a list of configs; given: 0.1"),  # type: ignore[list-item]
        (lambda: Manual([{"net": OPAQUE}]), "config 0: an object without a readable name"),
        (lambda: make_method({"name": "manual", "configs": "x"}), "method 'manual' needs a list of configs"),
    ],
)
def test_what_is_no_list_of_configs_is_one_error(make, text: str) -> None:
    with pytest.raises(OptionError) as caught:
        make()
    assert text in str(caught.value)


@pytest.mark.parametrize(
    ("config", "text"),
    [
        (
            {"lr": 1.03, "optimizer": "adam"},
            "method 'manual', config 1: parameter 'lr': the value is not allowed",
        ),
        ({"lr": 0.1}, "config 1: the config lacks the parameter 'optimizer'"),
        ({"lr": 0.1, "optimiser": "adam"}, "Did you mean 'optimizer'?"),
    ],
)
def test_a_config_that_does_not_fit_is_one_error_that_says_which(config, text: str) -> None:
    for ask in (lambda m: m.plan(SPACE), lambda m: m.propose(History(SPACE), 0, 0)):
        with pytest.raises(ConfigError) as caught:
            ask(Manual([GIVEN[0], config]))
        assert text in str(caught.value)


def test_a_config_that_breaks_a_constraint_is_one_error() -> None:
    space = Space(x=Float(0, 1), y=Float(0, 1)).require("x < y")
    with pytest.raises(ConfigError, match="config 0: the config breaks the constraint x < y"):
        Manual([{"x": 0.5, "y": 0.1}]).plan(space)


# -- walks ---------------------------------------------------------------------------------------------------


def walked(space: Space, walk: Walk) -> list[object]:
    return [entry.config[walk.settings["parameter"]] for entry in walk.entries(space)]


@pytest.mark.parametrize(
    ("parameter", "arguments", "expected"),
    [
        (Float(1e-5, 1e-1, log=True, default=1e-3), {"factor": 10}, [1e-3, 1e-2, 1e-4, 1e-1, 1e-5]),
        (Float(1e-4, 1e-2, log=True, default=1e-3), {}, [1e-3, 2e-3, 5e-4, 4e-3, 2.5e-4, 8e-3, 1.25e-4]),
        (Float(0, 1, default=0.3), {"step": 0.1}, [0.3, 0.4, 0.2, 0.5, 0.1, 0.6, 0.0, 0.7, 0.8, 0.9, 1.0]),
        (Float(0, 1, default=0.9), {}, [0.9, 1.0, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0.0]),
        (Float(0, 1, step=0.25, default=0.5), {}, [0.5, 0.75, 0.25, 1.0, 0.0]),
        (Int(1, 6, default=3), {}, [3, 4, 2, 5, 1, 6]),
        (Int(1, 100, default=10), {"step": 40}, [10, 50, 90]),
        (Int(1, 1024, log=True, default=16), {"factor": 4}, [16, 64, 4, 256, 1, 1024]),
        (Int(1, 20, default=3), {"factor": 1.5}, [3, 5, 2, 7, 1, 10, 15]),
        (Int(10, 300, step=10, default=100), {"factor": 2}, [100, 200, 50, 30, 10]),
        (Choice(["a", "b", "c", "d"], default="b"), {}, ["b", "c", "a", "d"]),
        (Choice([16, 32, 64, 128, 256], ordered=True), {"step": 2}, [64, 256, 16]),
        (Int(3, 3), {}, [3]),
        (Float(2, 2), {"step": 0.1}, [2.0]),
    ],
)
def test_it_goes_up_and_down_to_the_ends_of_the_range(parameter, arguments, expected: list[object]) -> None:
    space = Space(x=parameter)
    values = walked(space, Walk(None, "x", **arguments))
    assert sorted(map(repr, values)) == sorted(map(repr, expected))
    assert values[:3] == expected[:3]
    assert all(type(v) is type(e) for v, e in zip(values, expected, strict=True))


def test_reasons_say_how_far_from_the_base() -> None:
    history = play(Manual.walk({"lr": 0.01, "optimizer": "adam"}, "lr", factor=10), SPACE, nothing, 10)
    assert [t.reason for t in history.trials] == [
        "the base of the walk",
        "lr one step up from the base (0.01 to 0.1)",
        "lr one step down from the base (0.01 to 0.001)",
        "lr 2 steps down from the base (0.01 to 0.0001)",
        "lr 3 steps down from the base (0.01 to 1e-05)",
    ]
    assert all(t.config["optimizer"] == "adam" for t in history.trials)


def test_what_the_base_lacks_takes_its_default_or_middle() -> None:
    space = Space(a=Float(0, 1, default=0.9), b=Int(1, 3), c=Choice(["x", "y"]), d=Float(1, 100, log=True))
    (first, *_) = Manual.walk({"b": 1}, "b").entries(space)
    assert first.config == {"a": 0.9, "b": 1, "c": "x", "d": pytest.approx(10)}


def test_a_parameter_that_wakes_up_on_the_way_is_told() -> None:
    entries = Manual.walk({"lr": 0.01, "optimizer": "adam"}, "optimizer").entries(SPACE)
    assert [e.config for e in entries] == [
        {"lr": 0.01, "optimizer": "adam"},
        {"lr": 0.01, "optimizer": "sgd", "m": 0.5},
    ]
    assert entries[1].reason == "optimizer one step up from the base ('adam' to 'sgd'); m takes 0.5"


def test_a_parameter_that_falls_asleep_is_left_out() -> None:
    entries = Manual.walk({"lr": 0.01, "optimizer": "sgd", "m": 0.9}, "optimizer").entries(SPACE)
    assert entries[1].config == {"lr": 0.01, "optimizer": "adam"}


def test_steps_that_break_a_constraint_are_left_out() -> None:
    space = Space(a=Int(1, 5), b=Int(1, 5)).require("a != 4")
    assert walked(space, Walk({"a": 3, "b": 1}, "a")) == [3, 2, 5, 1]


def test_numbers_of_numpy_are_numbers() -> None:
    space = Space(x=Float(0, 1, default=0.5), n=Int(1, 9, default=4))
    by_step = Walk(None, "x", step=np.float64(0.25))
    assert walked(space, by_step) == [0.5, 0.75, 0.25, 1.0, 0.0]
    assert type(by_step.settings["step"]) is float
    assert walked(space, Walk(None, "n", step=np.int64(4))) == [4, 8]
    assert walked(space, Walk(None, "n", factor=np.int64(2))) == [4, 8, 2, 1]


def test_settings_make_the_same_walk() -> None:
    space = Space(act=Choice([Tanh, None]), x=Float(0, 1, default=0.5))
    walk = Manual.walk({"act": Tanh}, "x", step=0.25)
    again = make_method(method_settings(walk))
    assert again.settings == {
        "base": {"act": {"label": again.settings["base"]["act"]["label"]}},
        "parameter": "x",
        "step": 0.25,
    }
    assert configs(again, space) == configs(walk, space)
    assert configs(again, space)[0]["act"] is Tanh


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: Walk(None, "lr", step=1, factor=2), "a walk takes a step or a factor, not both"),
        (lambda: Walk(None, "lr", step=0), "step of a walk leads nowhere; allowed: above 0; given: 0"),
        (lambda: Walk(None, "lr", factor=1), "factor of a walk leads nowhere; allowed: above 1; given: 1"),
        (lambda: Walk(None, "lr", factor=float("inf")), "factor of a walk leads nowhere"),
        (lambda: Walk(None, "lr", step="2"), "step of a walk leads nowhere"),  # type: ignore[arg-type]
        (lambda: Walk([1], "lr"), "the base of a walk is a config; given: [1]"),  # type: ignore[arg-type]
        (lambda: Walk(None, "lrr").plan(SPACE), "Did you mean 'lr'?"),
        (
            lambda: Walk(None, "optimizer", factor=2).plan(SPACE),
            "a Choice is walked by whole numbers of options",
        ),
        (
            lambda: Walk(None, "optimizer", step=0.5).plan(SPACE),
            "a Choice is walked by whole numbers of options",
        ),
        (
            lambda: Walk({"x": 0.0}, "x", factor=2).plan(Space(x=Float(-1, 1))),
            "a factor needs a base value above 0",
        ),
        (lambda: Walk(None, "x", step=1e-9).plan(Space(x=Float(-1, 1))), "more than 10,000 steps to the end"),
        (
            lambda: Walk(None, "n", factor=1.0001).plan(Space(n=Int(1, 99))),
            "more than 10,000 steps to the end",
        ),
    ],
)
def test_a_walk_that_cannot_be_is_one_error(make, text: str) -> None:
    with pytest.raises(OptionError) as caught:
        make()
    assert text in str(caught.value)


@pytest.mark.parametrize(
    ("walk", "text"),
    [
        (Walk({"lr": 3}, "lr"), "method 'walk', base: parameter 'lr': the value is not allowed"),
        (Walk({"lrr": 3}, "lr"), "method 'walk', base: the config names an unknown parameter"),
        (
            Walk({"optimizer": "adam"}, "m"),
            "the parameter 'm' is not active in the base; given: {'lr': 0.001, 'optimizer': 'adam'}. It is "
            "active when optimizer is sgd.",
        ),
    ],
)
def test_a_base_that_does_not_fit_is_one_error(walk: Walk, text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        walk.plan(SPACE)
    assert text in str(caught.value).replace("0.0010000000000000002", "0.001")
