"""Choice: options of any type reach the objective as the very objects, and are stored by stable labels."""

import enum
import math
import os
import pickle
import subprocess
import sys
import time

import numpy as np
import pytest

from tunesmith.errors import ConfigError, SpaceError
from tunesmith.space import Choice, Space


class Tanh:
    """A class given as an option."""


class Relu:
    """Another one."""


class Nameless:
    """Its objects have no readable name."""


class Color(enum.IntEnum):
    RED = 1


# -- mixed kinds, and what is told apart ---------------------------------------------------------------------


def test_options_of_mixed_kinds_are_all_different() -> None:
    options = ["1", 1, 1.0, True, None, "None", (1,), (1, 2), 2.5, math.nan]
    p = Choice(options)
    assert len(set(p.labels)) == len(options)
    for k, option in enumerate(options):
        assert p.index(option) == k
        assert p.decode(p.encode(option)) is option
        assert p.check(option) is option


def test_true_is_not_one_and_zero_is_not_false() -> None:
    p = Choice([0, False, 1, True])
    assert [p.index(v) for v in (0, False, 1, True)] == [0, 1, 2, 3]
    with pytest.raises(ConfigError):
        Choice([1, 2]).check(True)
    with pytest.raises(ConfigError):
        Choice([True, False]).check(1)


def test_a_number_of_another_kind_finds_its_option() -> None:
    assert type(Choice([1, 2]).check(2.0)) is int
    assert type(Choice([16, 32]).check(np.int64(32))) is int
    assert Choice([(1, 2), (3,)]).check([1, 2]) == (1, 2)  # JSON and TOML know no tuples


@pytest.mark.parametrize("value", ["adm", 3, None, [1]])
def test_a_value_that_is_no_option_is_refused_with_the_options(value) -> None:
    with pytest.raises(ConfigError, match="allowed: one of adam, sgd; given: "):
        Choice(["adam", "sgd"]).check(value)


# -- objects -------------------------------------------------------------------------------------------------


def test_the_very_object_comes_back() -> None:
    first, second = {"a": 1}, {"a": 2}
    for options in (
        [first, second],
        [Tanh, Relu],
        [[1], [2]],
        [np.zeros(2), np.ones(2)],
        [len, max],
        [Color.RED, 1],
    ):
        p = Choice(options)
        assert [p.decode(p.encode(o)) is o for o in options] == [True, True]


def test_labels_are_stable_text() -> None:
    assert Choice([Tanh, len, (0,), {"a": 1}, "x", 3]).labels == ("Tanh", "len", "(0,)", "{'a': 1}", "x", "3")
    assert Choice(["1", 1]).labels == ("'1'", "1")


@pytest.mark.parametrize("option", [Nameless(), lambda x: x, [Nameless()]])
def test_an_object_without_a_name_needs_a_label_and_the_error_says_how(option) -> None:
    with pytest.raises(SpaceError, match=r"no readable name.*Give labels: Choice\(\{"):
        Choice([option, 1])
    p = Choice({"mine": option, "one": 1})
    assert p.labels == ("mine", "one")
    assert p.value_at(0) is option


def test_numpy_scalars_become_plain_and_arrays_stay() -> None:
    assert [
        type(o) for o in Choice([np.float64(0.5), np.int64(1), np.bool_(True), np.str_("a")]).options
    ] == [
        float,
        int,
        bool,
        str,
    ]


# -- definition ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("define", "text"),
    [
        (lambda: Choice([]), "Choice: there are no options"),
        (lambda: Choice({}), "Choice: there are no options"),
        (lambda: Choice([1, 2, 1]), "Choice: the option 1 is there twice"),
        (lambda: Choice([math.nan, float("nan")]), "the option nan is there twice"),
        (lambda: Choice([0.0, -0.0]), "the options 0.0 and -0.0 are equal; given: [0.0, -0.0]. Keep one."),
        (lambda: Choice([[1], [2], [True]]), "the options [1] and [True] are equal"),
        (
            lambda: Choice({"a": 1, "b": 1}),
            "the options 1 and 1 are equal; given: {'a': 1, 'b': 1}. Keep one.",
        ),
        (lambda: Choice({"a": [], "b": 0, "c": []}), "the options [] and [] are equal"),
        (
            lambda: Choice(["s", "m"], ordered="no"),
            "Choice: ordered must be True or False; given: ordered='no'",
        ),
        (lambda: Choice("abc"), "Choice: options must be a list; given: 'abc'. Write ['abc']."),
        (lambda: Choice(3), "Choice: options must be a list; given: 3"),
        (lambda: Choice(["a", "b"], default="c"), "Choice: the default does not fit"),
        (lambda: Choice({1: "a", "1": "b"}), "two labels are alike"),
    ],
)
def test_a_definition_that_cannot_be_is_one_error(define, text: str) -> None:
    with pytest.raises(SpaceError) as caught:
        define()
    assert text in str(caught.value)


def test_none_may_be_a_default() -> None:
    assert Choice([None, 1], default=None).has_default
    assert not Choice([1, 2]).has_default
    assert not Choice([1, 2], default=None).has_default


def test_any_iterable_of_options_will_do() -> None:
    assert Choice(range(3)).options == (0, 1, 2)
    assert Choice({"a": 1}.keys()).options == ("a",)


def test_a_choice_can_be_pickled_hashed_and_compared() -> None:
    p = Choice([{"a": 1}, Tanh], when={"x": 1})
    assert pickle.loads(pickle.dumps(p)) == p
    assert hash(p) == hash(Choice([{"a": 1}, Tanh], when={"x": 1}))
    assert p != Choice([{"a": 1}, Tanh])
    assert pickle.loads(pickle.dumps(Choice([1]))).has_default is False


def test_every_option_is_drawn_evenly() -> None:
    p = Choice([256, 512, 1024])
    drawn = [p.decode(u) for u in np.random.default_rng(0).random(9000)]
    assert all(abs(drawn.count(o) / 9000 - 1 / 3) < 0.02 for o in p.options)
    assert p.decode(1.0) == 1024


def test_a_config_fed_back_is_the_same() -> None:
    space = Space(units=Choice([256, 512, 1024]), act=Choice([Tanh, Relu]))
    config = space.decode([0.5, 0.9])
    assert config == {"units": 512, "act": Relu}
    assert space.check(config) == config
    assert space.from_stored(space.to_stored(config)) == config


@pytest.mark.parametrize("options", [{"adam", "sgd"}, frozenset({1, 2})])
def test_a_set_is_refused_since_its_order_changes(options):
    with pytest.raises(SpaceError, match="order of a set"):
        Choice(options)


_SETS = """
from tunesmith.space import Choice
names = [f"name {k}" for k in range(20)]
nested = {"a": [frozenset(names)], "b": ({"x", "y"}, 1)}
print(*Choice([frozenset(names), {3, 10, 2}, nested, (1,), [], {}, (), {None}, frozenset()]).labels, sep="; ")
"""


def test_labels_of_sets_are_the_same_in_every_process() -> None:
    said = {
        subprocess.run(
            [sys.executable, "-c", _SETS],
            env={**os.environ, "PYTHONHASHSEED": str(seed)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in (1, 2)
    }
    (text,) = said
    assert "; {2, 3, 10}; {'a': [frozenset({'name 0', 'name 1', " in text
    assert text.endswith("; (1,); []; {}; (); {None}; frozenset()\n")


def test_labels_of_containers_are_what_python_shows() -> None:
    for option in ([1, "a"], {"a": (1,), 2: None}, (), (1, 2.5), [[]], {}, {1, 2, 3}, frozenset([1])):
        assert Choice([option]).labels == (repr(option),)


# -- objects by name ---------------------------------------------------------------------------------------


class Scaled:
    """Known by what it is set to, as estimators are."""

    def __init__(self, by: int) -> None:
        self.by = by

    def __repr__(self) -> str:
        return f"Scaled({self.by})"


def test_an_object_may_be_given_by_its_label() -> None:
    small, large = object(), object()
    space = Space(
        net=Choice({"small": small, "large": large}, default="large"),
        kind=Choice([Tanh, Relu]),
        width=Choice([8, 16], when={"net": "large", "kind": "Relu"}),
    )
    assert space["net"].default is large
    found = space.check({"net": "large", "kind": "Relu", "width": 8})
    assert (found["net"], found["kind"], found["width"]) == (large, Relu, 8)


def test_an_object_may_be_given_by_another_that_is_set_alike() -> None:
    two, three = Scaled(2), Scaled(3)
    space = Space(scale=Choice({"two": two, "three": three}), n=Choice([1, 2], when={"scale": Scaled(3)}))
    assert space.check({"scale": Scaled(3), "n": 1})["scale"] is three
    with pytest.raises(ConfigError, match="the value is not allowed"):
        space.check({"scale": Scaled(4), "n": 1})


def test_a_label_stands_for_no_number_and_no_text() -> None:
    for options, value in (([1, 2], "1"), ([None, 1.5], "None"), (["'a'", 1], "a"), ([True], "True")):
        with pytest.raises(ConfigError, match="the value is not allowed"):
            Choice(options).check(value)
    with pytest.raises(ConfigError, match="the value is not allowed"):
        Choice({"one": Nameless()}).check(Nameless())  # nothing says that they are alike


def test_a_hundred_thousand_options_are_defined_and_found_at_once() -> None:
    """Every option was compared with every other: ten thousand took a second, these minutes."""
    begun = time.perf_counter()
    for make in (int, float, str, lambda k: (k, str(k))):
        options = [make(k) for k in range(100_000)]
        p = Choice(options)
        assert [p.index(o) for o in options[::100]] == list(range(0, 100_000, 100))
    assert time.perf_counter() - begun < 20


def test_options_that_cannot_be_hashed_are_found_too() -> None:
    p = Choice([[1], {"a": 1}, (1, [2]), math.nan, 0.5, np.ones(2)])
    for index, option in enumerate(p.options):
        assert p.index(option) == index
    assert [p.index(o) for o in ([1], {"a": 1}, (1, [2]), float("nan"), np.float64(0.5))] == [0, 1, 2, 3, 4]
