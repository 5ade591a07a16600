"""Constraints and conditions: what functions may return, and what expressions can never mean."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from tunesmith.errors import SpaceError
from tunesmith.space import Choice, Float, Int, Space
from tunesmith.space.constraints import make_constraint


def forgets(config):
    config["x"] < 1  # noqa: B015


def test_a_function_that_returns_nothing_is_an_error_that_names_it():
    with pytest.raises(SpaceError, match="function forgets returned None; allowed: True or False"):
        make_constraint(forgets, ["x"], None).holds({"x": 1})


@pytest.mark.parametrize("answer", [True, False, np.True_, np.False_])
def test_bools_of_python_and_numpy_count(answer):
    assert make_constraint(lambda c: answer, ["x"], None).holds({"x": 1}) is bool(answer)


def test_a_function_that_gives_no_answer_is_refused() -> None:
    async def later(config: dict[str, Any]) -> bool:
        return False

    def yields(config: dict[str, Any]) -> Iterator[bool]:
        yield False

    for function in (later, yields):
        space = Space(x=Int(0, 3)).require(function)
        with pytest.raises(SpaceError, match=r"returned a (coroutine|generator); allowed: True or False\."):
            space.is_allowed({"x": 1})


def test_a_text_without_quotes_is_told_to_have_some() -> None:
    with pytest.raises(SpaceError, match=r"given: 'sgd'\. If it is text, write it in quotes: 'sgd'\."):
        Space(opt=Choice(["sgd", "adam"])).require("opt == sgd")


@pytest.mark.parametrize(
    "when", ["opt == 'sdg'", "n > 5", "opt == 'sgd' and n < 0", "opt == 'sgd' and opt == 'x'"]
)
def test_a_condition_that_never_holds_is_warned_of(when: str) -> None:
    with pytest.warns(
        UserWarning, match="the condition of 'm' never holds, so that it is never active; given: "
    ):
        Space(opt=Choice(["sgd", "adam"]), n=Int(1, 5), m=Float(0, 1, when=when))


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "when", ["opt == 'sgd'", "n > 4", "wide > 99_999", "opt != 'sgd' or n < 0", "10 / (n - 1) > 9"]
)
def test_a_condition_that_may_hold_is_not(when: str) -> None:
    Space(opt=Choice(["sgd", "adam"]), n=Int(1, 5), wide=Int(0, 10**6), m=Float(0, 1, when=when))
