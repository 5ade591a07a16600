"""Constraint functions: what they may return."""

import numpy as np
import pytest

from tunesmith.errors import SpaceError
from tunesmith.space.constraints import make_constraint


def forgets(config):
    config["x"] < 1  # noqa: B015


def test_a_function_that_returns_nothing_is_an_error_that_names_it():
    with pytest.raises(SpaceError, match="function forgets returned None; allowed: True or False"):
        make_constraint(forgets, ["x"], None).holds({"x": 1})


@pytest.mark.parametrize("answer", [True, False, np.True_, np.False_])
def test_bools_of_python_and_numpy_count(answer):
    assert make_constraint(lambda c: answer, ["x"], None).holds({"x": 1}) is bool(answer)
