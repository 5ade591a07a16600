"""Space: names, conditions, constraints, and what makes a config."""

import copy
import math
import pickle

import numpy as np
import pytest
from scipy import stats

from tunesmith.errors import ConfigError, SpaceError
from tunesmith.space import Choice, Float, Int, Space
from tunesmith.testing.problems import PROBLEMS


class Tanh:
    """A class given as an option."""


class Relu:
    """Another one."""


def momentum() -> Space:
    return Space(
        lr=Float(1e-5, 0.1, log=True),
        optimizer=Choice(["adam", "sgd"]),
        momentum=Float(0.0, 0.99, when={"optimizer": "sgd"}),
        nesterov=Choice([False, True], when="momentum > 0.5"),
    )


# -- what it is made of --------------------------------------------------------------------------------------


def test_names_that_are_no_identifiers_come_in_a_mapping() -> None:
    space = Space({"lambda": Float(0, 1), "a.b": Int(1, 2), "größe": Int(1, 2)}, x=Float(0, 1))
    assert space.names == ("lambda", "a.b", "größe", "x")
    assert space.require("`lambda` < `a.b`").is_allowed({"lambda": 0.5, "a.b": 1})


@pytest.mark.parametrize(
    ("define", "text"),
    [
        (lambda: Space(), "a space needs one parameter or more"),
        (lambda: Space({}), "a space needs one parameter or more"),
        (lambda: Space([Float(0, 1)]), "a space is made from parameters by name"),
        (
            lambda: Space(lr=0.1),
            "'lr' is no parameter; allowed: Float, Int or Choice; given: 0.1. For a fixed value",
        ),
        (lambda: Space(lr=stats.uniform(0, 1)), "Write lr=Float(prior=...), or Int(prior=...)."),
        (
            lambda: Space(xgb={"eta": Float(0, 1)}),
            "give each parameter a name, such as Space({'xgb.eta': ...})",
        ),
        (lambda: Space(k=Choice([Float(0, 1), 2])), "'k' has an option that is a parameter or holds one"),
        (lambda: Space(k=Choice([{"x": [Int(1, 2)]}])), "'k' has an option that is a parameter or holds one"),
        (lambda: Space({1: Float(0, 1)}), "a parameter's name must be text"),
        (lambda: Space({"": Float(0, 1)}), "a parameter's name must be text"),
        (lambda: Space({"a`b": Float(0, 1)}), "a parameter's name must be text without backticks"),
        (lambda: Space({"x": Float(0, 1)}, x=Float(0, 1)), "the parameter 'x' is there twice"),
    ],
)
def test_a_space_that_cannot_be_is_one_error(define, text: str) -> None:
    with pytest.raises(SpaceError) as caught:
        define()
    assert text in str(caught.value)


def test_no_advice_makes_an_option_of_what_is_no_value() -> None:
    with pytest.raises(SpaceError, match="is no parameter") as caught:
        Space(lr=object())  # such as another library's range
    assert "fixed value" not in str(caught.value)


def test_an_unknown_name_offers_close_ones() -> None:
    with pytest.raises(KeyError, match="Did you mean 'optimizer'"):
        momentum()["optimiser"]


# -- conditions ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("define", "text"),
    [
        (
            lambda: Space(optimizer=Choice(["a"]), m=Float(0, 1, when={"optimiser": "a"})),
            "the condition of 'm' names an unknown parameter; allowed: optimizer, m; given: 'optimiser'. "
            "Did you mean 'optimizer'?",
        ),
        (
            lambda: Space(m=Float(0, 1, when={"o": "a"}), o=Choice(["a"])),
            "the condition of 'm' names 'o', which is declared later. Declare 'o' before 'm'",
        ),
        (lambda: Space(m=Float(0, 1, when={"m": 0.5})), "names 'm' itself: a circle"),
        (lambda: Space(m=Float(0, 1, when="m > 0.5")), "names 'm' itself: a circle"),
        (
            lambda: Space(o=Choice(["a", "b"]), m=Float(0, 1, when={"o": "c"})),
            "asks for a value that 'o' never takes; allowed: one of a, b; given: 'c'",
        ),
        (
            lambda: Space(n=Int(1, 3), m=Float(0, 1, when={"n": [2, 9]})),
            "asks for a value that 'n' never takes",
        ),
        (lambda: Space(n=Int(1, 3), m=Float(0, 1, when={"n": []})), "allows no value of 'n'"),
        (lambda: Space(n=Int(1, 3), m=Float(0, 1, when={})), "the condition of 'm' cannot be read"),
        (lambda: Space(n=Int(1, 3), m=Float(0, 1, when=3)), "the condition of 'm' cannot be read"),
        (lambda: Space(n=Int(1, 3), m=Float(0, 1, when="1 < 2")), "the condition of 'm' reads no parameter"),
        (lambda: Space(n=Int(1, 3), m=Float(0, 1, when="n >")), "no expression over parameters"),
        (lambda: Space(n=Int(1, 3), m=Float(0, 1, when="k > 1")), "names an unknown parameter"),
    ],
)
def test_a_condition_that_cannot_be_is_one_error(define, text: str) -> None:
    with pytest.raises(SpaceError) as caught:
        define()
    assert text in str(caught.value)


def test_inactive_parameters_are_absent() -> None:
    space = momentum()
    assert space.decode([0.5, 0.0, 0.9, 0.9]).keys() == {"lr", "optimizer"}
    assert space.decode([0.5, 1.0, 0.1, 0.9]).keys() == {"lr", "optimizer", "momentum"}
    config = space.decode([0.0, 1.0, 0.9, 0.9])
    assert config == {"lr": 1e-5, "optimizer": "sgd", "momentum": pytest.approx(0.891), "nesterov": True}


def test_a_child_of_an_inactive_parent_is_inactive_to_any_depth() -> None:
    space = Space(
        a=Choice([0, 1]),
        b=Choice([0, 1], when={"a": 1}),
        c=Choice([0, 1], when={"b": 1}),
        d=Int(1, 3, when={"c": 1}),
        e=Float(0, 1, when="d >= 2 and b == 1"),
    )
    assert space.decode([0.1] + [0.9] * 4) == {"a": 0}
    assert space.decode([0.9, 0.1, 0.9, 0.9, 0.9]) == {"a": 1, "b": 0}
    assert space.decode([0.9] * 5) == {"a": 1, "b": 1, "c": 1, "d": 3, "e": 0.9}


def test_a_list_whose_length_is_another_parameter() -> None:
    space = Space(layers=Int(1, 3), **{f"units_{k}": Int(8, 64, when=f"layers >= {k}") for k in (1, 2, 3)})
    assert list(space.decode([0.5, 0.5, 0.5, 0.5])) == ["layers", "units_1", "units_2"]


@pytest.mark.parametrize(
    ("when", "active"),
    [
        ({"o": Tanh}, {Tanh}),
        ({"o": [Tanh, None]}, {Tanh, None}),
        ({"o": (1, 2)}, {(1, 2)}),
        ({"o": [(1, 2), Relu]}, {(1, 2), Relu}),
        ({"o": {None}}, {None}),
        ("o == 3 or o is None", {3, None}),
        ("o in (3, 'x')", {3, "x"}),
    ],
)
def test_a_condition_may_name_any_option_or_several(when, active) -> None:
    space = Space(o=Choice([Tanh, Relu, None, (1, 2), 3, "x"]), child=Float(0, 1, when=when))
    options = space["o"].options  # type: ignore[union-attr]
    assert {o for o in options if space.is_active("child", {"o": o})} == active


# -- configs -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("config", "text"),
    [
        (
            {"lr": 1.03, "optimizer": "adam"},
            "parameter 'lr': the value is not allowed; allowed: numbers from 1e-05 to",
        ),
        ({"lr": 1e-3, "optimizer": "adm"}, "parameter 'optimizer': the value is not allowed"),
        ({"lr": 1e-3}, "the config lacks the parameter 'optimizer'; allowed: one of adam, sgd"),
        ({"lr": 1e-3, "optimizer": "sgd"}, "the config lacks the parameter 'momentum'"),
        (
            {"lr": 1e-3, "optimizer": "adam", "momentum": 0.5},
            "the parameter 'momentum' is not active in this config; given: {'lr': 0.001, 'optimizer': "
            "'adam', 'momentum': 0.5}. It is active when optimizer is sgd; leave it out.",
        ),
        ({"lr": 1e-3, "optimizer": "adam", "lrr": 1}, "the config names an unknown parameter"),
        ([("lr", 1e-3)], "a config is a mapping from parameter to value"),
    ],
)
def test_a_config_that_does_not_fit_is_one_error(config, text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        momentum().check(config)
    assert text in str(caught.value)
    assert momentum().unfit(config)


def test_a_checked_config_is_plain_and_in_order_and_the_given_one_stays() -> None:
    given = {"momentum": np.float32(0.25), "optimizer": "sgd", "lr": np.float64(1e-3)}
    checked = momentum().check(given)
    assert list(checked) == ["lr", "optimizer", "momentum"]
    assert [type(v) for v in checked.values()] == [float, str, float]
    assert list(given) == ["momentum", "optimizer", "lr"]
    assert type(given["momentum"]) is np.float32


def test_unfit_agrees_with_check() -> None:
    space = Space(
        n=Int(1, 3), m=Float(0, 1, when="n >= 2"), p=Float(0, 1, step=0.1), c=Choice([1, None, (2, 3)])
    )
    for config, fits in [
        ({"n": 1, "p": 0.3, "c": None}, True),
        ({"n": 2, "m": 0.5, "p": 0.3, "c": (2, 3)}, True),
        ({"n": 2.0, "m": 1, "p": 0.1 + 0.2, "c": [2, 3]}, True),
        ({"n": 2, "p": 0.3, "c": 1}, False),
        ({"n": 1, "m": 0.5, "p": 0.3, "c": 1}, False),
        ({"n": 1, "p": 0.35, "c": 1}, False),
        ({"n": 1, "p": 0.3, "c": 1, "x": 1}, False),
        ({"n": "1", "p": 0.3, "c": 1}, False),
        ({"n": True, "p": 0.3, "c": 1}, False),
        ({"n": 1, "p": math.nan, "c": 1}, False),
    ]:
        assert space.unfit(config) is not fits


def test_a_key_tells_configs_apart_by_their_active_values_alone() -> None:
    space = momentum()
    a, b = space.decode([0.5, 0.0, 0.1, 0.1]), space.decode([0.5, 0.0, 0.9, 0.9])
    assert space.key(a) == space.key(b)
    assert hash(space.key(a)) == hash(space.key(b))
    assert space.key(space.decode([0.5, 1.0, 0.1, 0.1])) != space.key(a)
    objects = Space(o=Choice([{"a": 1}, {"a": 2}, None]))
    assert len({objects.key({"o": o}) for o in objects["o"].options}) == 3  # type: ignore[union-attr]


# -- partial configs -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("missing", [None, math.nan, np.float64("nan")])
def test_what_is_missing_in_a_row_of_a_table_is_told_to_be_left_out(missing) -> None:
    space = Space(x=Float(0, 1), n=Int(1, 3))
    with pytest.raises(ConfigError, match=r"'n'.*Leave it out to have it filled in\."):
        space.check({"x": 0.5, "n": missing}, partial=True)
    for whole in (lambda: space.check({"x": 0.5, "n": missing}), lambda: space.check({"n": 7}, partial=True)):
        with pytest.raises(ConfigError) as caught:
            whole()
        assert "Leave it out" not in str(caught.value)


def test_a_partial_config_may_lack_anything() -> None:
    space = momentum()
    assert space.check({}, partial=True) == {}
    assert space.check({"lr": 0.01}, partial=True) == {"lr": 0.01}
    with pytest.raises(ConfigError, match="parameter 'lr'"):
        space.check({"lr": 1.03}, partial=True)
    with pytest.raises(ConfigError, match="is not active in this config"):
        space.check({"optimizer": "adam", "momentum": 0.5}, partial=True)


def test_a_given_child_settles_the_parents_that_it_needs() -> None:
    space = Space(
        model=Choice(["tree", "net"]),
        optimizer=Choice(["adam", "sgd"], when={"model": "net"}),
        momentum=Float(0, 1, when={"optimizer": "sgd"}),
        depth=Int(1, 9, when={"model": "tree"}),
    )
    partial = space.check({"momentum": 0.9}, partial=True)
    assert partial == {"model": "net", "optimizer": "sgd", "momentum": 0.9}
    for u in np.random.default_rng(0).random((20, 4)):
        config = space.draw(u, partial)
        assert config == space.check(config)
        assert config["momentum"] == 0.9


def test_drawing_keeps_given_values_and_leaves_out_what_is_inactive() -> None:
    space = momentum()
    for u in np.random.default_rng(0).random((50, 4)):
        config = space.draw(u, {"lr": 0.01, "momentum": 0.2})
        assert config["lr"] == 0.01
        assert space.check(config) == config
        assert ("momentum" in config) is (config["optimizer"] == "sgd")


# -- constraints ---------------------------------------------------------------------------------------------


def test_a_constraint_is_an_expression_or_a_function() -> None:
    space = Space(x=Float(0, 1), y=Float(0, 1)).require("x < y").require(lambda config: config["x"] > 0.1)
    assert space.is_allowed({"x": 0.2, "y": 0.3})
    assert not space.is_allowed({"x": 0.3, "y": 0.2})
    assert not space.is_allowed({"x": 0.05, "y": 0.2})
    with pytest.raises(ConfigError, match=r"the config breaks the constraint x < y; given: "):
        space.check({"x": 0.3, "y": 0.2})
    assert not space.unfit({"x": 0.3, "y": 0.2})  # it fits the parameters; constraints aside
    assert space.check({"x": 0.3}, partial=True) == {"x": 0.3}


def test_an_expression_about_an_inactive_parameter_does_not_apply() -> None:
    space = momentum().require("momentum < 0.5")
    assert space.is_allowed({"lr": 1e-3, "optimizer": "adam"})
    assert not space.is_allowed({"lr": 1e-3, "optimizer": "sgd", "momentum": 0.9})


@pytest.mark.parametrize(
    ("constraint", "text"),
    [
        ("x < z", "names an unknown parameter"),
        ("1 < 2", "the constraint reads no parameter"),
        ("x <", "no expression over parameters"),
        (3, "a constraint is an expression or a function; given: 3"),
        (None, "a constraint is an expression or a function"),
    ],
)
def test_a_constraint_that_cannot_be_is_one_error(constraint, text: str) -> None:
    space = Space(x=Float(0, 1), y=Float(0, 1))
    with pytest.raises(SpaceError) as caught:
        space.require(constraint)
    assert text in str(caught.value)
    assert space.constraints == ()


def test_a_function_that_cannot_cope_says_with_which_config() -> None:
    space = momentum().require(lambda config: config["momentum"] < 0.5)
    with pytest.raises(SpaceError, match=r"raised KeyError.*given: \{'lr': 0.001.*use \.get\(\)") as caught:
        space.is_allowed({"lr": 1e-3, "optimizer": "adam"})
    assert isinstance(caught.value.__cause__, KeyError)


def test_a_function_cannot_change_the_config() -> None:
    config = {"x": 0.5}
    assert Space(x=Float(0, 1)).require(lambda c: c.clear() is None).is_allowed(config)
    assert config == {"x": 0.5}


# -- the unit cube -------------------------------------------------------------------------------------------


def test_encoding_leaves_inactive_parameters_open() -> None:
    space = momentum()
    u = space.encode({"lr": 1e-3, "optimizer": "adam"})
    np.testing.assert_allclose(u, [0.5, 0.25, np.nan, np.nan])
    assert u.dtype == np.float64


def test_a_point_of_the_wrong_length_is_refused() -> None:
    with pytest.raises(SpaceError, match=r"a parameter; allowed: shape \(4,\); given: shape \(3,\)"):
        momentum().decode([0.1, 0.2, 0.3])


@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda p: p.name)
def test_a_space_can_be_copied_and_pickled(problem) -> None:
    space = problem.make()
    twins = [copy.deepcopy(space)]
    if problem.name != "constrained":  # a lambda is among its constraints
        twins.append(pickle.loads(pickle.dumps(space)))
    for twin in twins:
        assert twin == space
        assert twin.size == space.size
        config = space.decode(np.full(len(space), 0.7))
        assert twin.is_allowed(config) is space.is_allowed(config)
        assert twin.key(twin.decode(np.full(len(space), 0.7))) == space.key(config)


# -- changes -------------------------------------------------------------------------------------------------


def test_what_changed_is_said_in_words() -> None:
    old = Space(a=Choice([64, 128]), lr=Float(0.1, 1), gone=Int(1, 2), same=Int(1, 2)).require("lr < 0.5")
    new = Space(
        a=Choice([64, 128, 256]), lr=Float(0.1, 1, log=True, default=0.5), same=Int(1, 2), new=Int(1, 3)
    )
    assert new.differences(old) == [
        "gone is gone",
        "a is now one of 64, 128, 256, was one of 64, 128",
        "lr has another scale and another default",
        "new is new (whole numbers from 1 to 3)",
        "constraint lr < 0.5 is gone",
    ]
    assert new.differences(new) == []
