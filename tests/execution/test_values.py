"""The door: what an objective may return, and how it may be called."""

import functools
import gc
import math
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tunesmith.errors import ObjectiveError
from tunesmith.execution.values import adapt, as_float, not_finite


class Tensor:
    """As PyTorch's, in what counts here."""

    def __init__(self, data: Any, shape: tuple[int, ...] = ()) -> None:
        self.data = data
        self.shape = shape

    def item(self) -> Any:
        return self.data

    def __float__(self) -> float:
        raise RuntimeError("a tensor that requires grad cannot be converted")


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (3, 3.0),
        (0.5, 0.5),
        (np.float64(0.5), 0.5),
        (np.float32(0.1), float(np.float32(0.1))),
        (np.float16(0.5), 0.5),
        (np.longdouble(0.5), 0.5),
        (np.int64(-7), -7.0),
        (np.uint8(7), 7.0),
        (np.array(2.5), 2.5),
        (np.array(2), 2.0),
        (Tensor(0.25), 0.25),
        (Decimal("0.1"), 0.1),
        (Fraction(1, 3), 1 / 3),
        (10**400, math.inf),
        (-(10**400), -math.inf),
        (Fraction(-(10**400)), -math.inf),
        (Decimal("-1e500"), -math.inf),
        (math.inf, math.inf),
        (np.float32("-inf"), -math.inf),
    ],
)
def test_numbers_of_any_kind_become_plain_floats(value: Any, plain: float) -> None:
    result = as_float(value)
    assert type(result) is float
    assert result == plain


@pytest.mark.parametrize("value", [math.nan, np.nan, np.float32("nan"), Decimal("nan"), Decimal("snan")])
def test_nan_of_any_kind_is_nan(value: Any) -> None:
    assert math.isnan(as_float(value))


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "the objective returned None; allowed: a number. Is a return missing?"),
        (
            (0.2, object),
            "the objective returned a tuple: (0.2, <class 'object'>); allowed: a number. Return the",
        ),
        ([1.0], "a list: [1.0]"),
        ("0.5", "a str: '0.5'; allowed: a number. If it is meant as a number, return float(...) of it."),
        (True, "a bool: True"),
        (np.True_, "bool: np.True_"),
        (np.array(True), "an ndarray: array(True)"),
        (1j, "a complex: 1j"),
        (np.complex128(1), "a complex128"),
        (np.array(1j), "an ndarray"),
        ({"loss": 0.5}, "a dict: {'loss': 0.5}; allowed: a number. Return one of its values"),
        (np.array([1.0]), "an ndarray of shape (1,); allowed: a number. Return its mean, or .item()"),
        (np.zeros((2, 3)), "an ndarray of shape (2, 3)"),
        (Tensor([1.0], (1,)), "a Tensor of shape (1,)"),
        (pd.Series([1.0]), "a Series of shape (1,)"),
        (pd.NA, "a NAType: <NA>"),
        (np.datetime64("2020-01-01"), "a datetime64"),
        (object, "a type: <class 'object'>"),
        ("x" * 1000, "xxx...xxx"),
    ],
)
def test_anything_else_is_a_bug_that_is_named(value: Any, words: str) -> None:
    with pytest.raises(ObjectiveError) as caught:
        as_float(value)
    assert words in str(caught.value)
    assert len(str(caught.value)) < 300


def test_a_forgotten_await_or_a_yield_is_named_and_nothing_else_is_said() -> None:
    async def objective(config: dict[str, Any]) -> float:
        return 0.5

    def generator(config: dict[str, Any]) -> Iterator[float]:
        yield 0.5

    with pytest.raises(ObjectiveError, match="async function"):
        as_float(objective({}))  # Python would warn of what is never awaited, and warnings are errors here
    with pytest.raises(ObjectiveError, match="A yield makes the objective a generator"):
        as_float(generator({}))
    gc.collect()


def test_values_that_are_not_finite_are_failures_in_words() -> None:
    assert not_finite(1.0) is None
    nan, infinite = not_finite(math.nan), not_finite(-math.inf)
    assert nan is not None
    assert nan.message == "the objective returned NaN"
    assert infinite is not None
    assert infinite.message == "the objective returned an infinite value (-inf)"
    assert (nan.kind, infinite.kind) == ("nan", "nan")


# -- how it is called ------------------------------------------------------------------------------------


class Objects:
    def one(self, config: dict[str, Any]) -> Any:
        return config, None

    def two(self, config: dict[str, Any], trial: Any) -> Any:
        return config, trial

    def __call__(self, config: dict[str, Any], trial: Any) -> Any:
        return config, trial

    @staticmethod
    def static(config: dict[str, Any], handle: Any) -> Any:
        return config, handle

    @classmethod
    def of_class(cls, config: dict[str, Any]) -> Any:
        return config, None


def with_data(data: int, config: dict[str, Any], trial: Any, factor: int = 1) -> Any:
    return config, trial


def with_default(config: dict[str, Any], epochs: int = 10) -> Any:
    return config, None if epochs == 10 else epochs


def with_optional_trial(config: dict[str, Any], trial: Any = None, epochs: int = 10) -> Any:
    return config, trial


def with_keyword(config: dict[str, Any], *, trial: Any) -> Any:
    return config, trial


def with_anything(*arguments: Any, **keywords: Any) -> Any:
    assert not keywords
    return (*arguments, None)[:2]


def decorated(function: Any) -> Any:
    @functools.wraps(function)
    def wrapper(*arguments: Any, **keywords: Any) -> Any:
        return function(*arguments, **keywords)

    return wrapper


@pytest.mark.parametrize(
    "objective",
    [
        Objects().two,
        Objects(),
        Objects.static,
        functools.partial(with_data, 1),
        functools.partial(with_data, 1, factor=2),
        with_optional_trial,
        with_keyword,
        decorated(with_keyword),
        lambda config, trial: (config, trial),
    ],
)
def test_an_objective_that_takes_the_trial_gets_it(objective: Any) -> None:
    assert adapt(objective)({"x": 1}, "handle") == ({"x": 1}, "handle")


@pytest.mark.parametrize(
    "objective",
    [
        Objects().one,
        Objects.of_class,
        functools.partial(with_data, 1, trial=None),
        with_default,
        with_anything,
        decorated(with_default),
        lambda config: (config, None),
    ],
)
def test_an_objective_that_does_not_take_the_trial_is_left_alone(objective: Any) -> None:
    assert adapt(objective)({"x": 1}, "handle") == ({"x": 1}, None)


@pytest.mark.parametrize("objective", [max, len, dict.keys, sorted])
def test_functions_written_in_c_get_the_config(objective: Any) -> None:
    assert adapt(objective)({"x": 1}, "handle") == objective({"x": 1})


@pytest.mark.parametrize(
    ("objective", "words"),
    [
        (3, "the objective cannot be called; allowed"),
        (None, "the objective cannot be called; allowed"),
        (lambda: 1.0, "cannot be called with a config"),
        (lambda lr, depth, width: 1.0, r"given: .*\(lr, depth, width\)"),
        (lambda config, *, data: 1.0, "functools.partial"),
        (lambda *, trial: 1.0, "cannot be called with a config"),
        (lambda trial, config: 1.0, r"given: .*\(trial, config\). The config comes first"),
    ],
)
def test_an_objective_that_cannot_be_called_is_refused_at_once(objective: Any, words: str) -> None:
    with pytest.raises(ObjectiveError, match=words):
        adapt(objective)
