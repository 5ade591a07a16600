"""A space as scikit-learn's searches take one."""

from typing import Any

import numpy as np
import pytest

pytest.importorskip("sklearn")

from scipy import stats
from sklearn.linear_model import Lasso, Ridge

from tunesmith.errors import SpaceError
from tunesmith.integrations.sklearn.given import given_space
from tunesmith.space import Choice, Float, Int


def test_distributions_become_ranges_with_that_prior() -> None:
    space = given_space(
        {
            "a": stats.uniform(1, 3),
            "b": stats.loguniform(0.1, 10),
            "c": stats.randint(2, 9),
            "d": stats.expon(),
        }
    ).space
    a, b, c, d = (space[n] for n in "abcd")
    assert isinstance(a, Float)
    assert (a.low, a.high, a.log) == (1.0, 4.0, False)
    assert isinstance(b, Float)
    assert (b.low, b.high, b.log) == (0.1, 10.0, True)
    assert isinstance(c, Int)
    assert (c.low, c.high) == (2, 8)
    assert isinstance(d, Float)
    assert d.low == 0.0
    assert d.prior is not None


@pytest.mark.parametrize(
    ("distribution", "numbers"),
    [
        (stats.rv_discrete(values=([1, 3, 7], [0.5, 0.25, 0.25])), (1, 3, 7)),
        (stats.rv_discrete(values=([7, 3, 1], [0.5, 0.25, 0.25]))(loc=10), (11, 13, 17)),
        (stats.rv_discrete(values=([1, 2, 3], [0.5, 0, 0.5])), (1, 3)),
        (stats.rv_discrete(values=([0.1, 0.5, 2], [0.5, 0.25, 0.25])), (0.1, 0.5, 2)),
    ],
)
def test_numbers_that_a_distribution_never_draws_are_not_searched(distribution, numbers) -> None:
    parameter = given_space({"a": distribution}).space["a"]
    assert isinstance(parameter, Choice)
    assert parameter.options == numbers
    assert [type(n) for n in parameter.options] == [type(n) for n in numbers]
    assert parameter.ordered
    whole = given_space({"a": stats.rv_discrete(values=([1, 2, 3], [0.5, 0.25, 0.25]))}).space["a"]
    assert isinstance(whole, Int)


def test_numbers_in_order_are_known_to_be_so() -> None:
    space = given_space(
        {"a": np.logspace(-2, 2, 5), "b": [3, 2, 1], "c": [1, 3, 2], "d": [True, False]}
    ).space
    ordered = {n: p.ordered for n, p in space.parameters.items() if isinstance(p, Choice)}
    assert ordered == {"a": True, "b": True, "c": False, "d": False}


def test_objects_stay_what_they_are() -> None:
    ridge, twin, function = Ridge(), Ridge(), lambda x: x
    parameter = given_space({"a": [ridge, twin, Lasso(), function, None, "word"]}).space["a"]
    assert isinstance(parameter, Choice)
    assert parameter.options[0] is ridge
    assert parameter.options[1] is twin
    assert parameter.options[3] is function


def test_a_value_that_is_there_twice_is_one() -> None:
    parameter = given_space({"a": [0.1, 0.1, 0.2]}).space["a"]
    assert isinstance(parameter, Choice)
    assert parameter.options == (0.1, 0.2)


class Drawn:
    def rvs(self, random_state: Any = None) -> float:
        return 1.0


@pytest.mark.parametrize("value", [1, "1,2", {"low": 1}, Drawn()])
def test_what_has_no_values_is_named(value: Any) -> None:
    with pytest.raises(
        SpaceError, match="parameter 'C' has no values to search; allowed: Float, Int, Choice"
    ):
        given_space({"C": value})


@pytest.mark.parametrize(
    ("value", "line"),
    [
        ((1e-6, 1e6, "log-uniform"), r"ts\.Float\(1e-06, 1000000\.0, log=True\)"),
        ((1, 8, "uniform"), r"ts\.Int\(1, 8\)"),
    ],
)
def test_ranges_as_scikit_optimize_has_them_are_told_from_options(value: Any, line: str) -> None:
    with pytest.raises(SpaceError, match=rf"parameter 'C': ranges are not written as .* Write {line}"):
        given_space({"C": value})
    assert given_space({"C": ("uniform", "distance")}).space.size == 2


def test_an_empty_list_or_space_is_an_error() -> None:
    with pytest.raises(SpaceError, match="no options"):
        given_space({"C": []})
    with pytest.raises(SpaceError, match="one parameter or more"):
        given_space({})
    with pytest.raises(SpaceError, match="no list of dicts"):
        given_space([])
    with pytest.raises(SpaceError, match=r"Leave out how often each is to be tried"):
        given_space([({"C": [1, 2]}, 20), {"gamma": [1, 2]}])


def test_conditions_within_a_list_of_dicts_are_refused() -> None:
    with pytest.raises(SpaceError, match="'b': a condition cannot be given within a list of dicts"):
        given_space([{"a": [1, 2], "b": Int(1, 3, when={"a": 1})}, {"c": [1]}])


def test_options_that_no_config_could_tell_apart_are_one() -> None:
    space = given_space({"weight": [{0: 1}, {0: 1}, {0: 2}], "shift": [0.0, -0.0, 1.0]}).space
    assert [len(p.options) for p in space.parameters.values() if isinstance(p, Choice)] == [2, 2]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([], "Choice 'C': there are no options"),
        (stats.loguniform, "Float 'C': prior must be a frozen"),
    ],
)
def test_the_parameter_of_an_error_is_named(values: Any, words: str) -> None:
    with pytest.raises(SpaceError, match=words):
        given_space({"kernel": ["rbf"], "C": values})
