"""Gains that more trials may bring: draws of the model and of the record, and what they are drawn from."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tunesmith.analysis.gains import Prospect, draw_gains, prospect
from tunesmith.history import History
from tunesmith.learning.observed import Observed
from tunesmith.space import Choice, Float, Int, Space
from tunesmith.trial import State, Trial

LINE = Space(x=Float(0, 1))
KNOWN = Prospect(
    trials=np.array([5, 20]),
    told=np.tile([0.2, 0.3], (32, 1)),
    real=np.tile([0.1, 0.4], (32, 1)),
    noise=np.full(32, 0.15),
    ahead=0.5,
    since=10,
    most=2.0,
)


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def looked_at(history: History, *trials: int) -> Prospect:
    seen = Observed(history)
    seen.update(history)
    found = prospect(history, seen, trials, rng())
    assert found is not None
    return found


def line(*values: float | None, space: Space = LINE) -> History:
    trials = [
        Trial(k, {"x": (k + 0.5) / len(values)}, State.FAILED if v is None else State.COMPLETE, v)
        for k, v in enumerate(values)
    ]
    return History(space, "minimize", trials)


def test_the_record_brings_a_gain_as_often_as_one_came() -> None:
    gains, _ = draw_gains(KNOWN, rng(), model=0.0)
    assert (gains > 0.0).mean(axis=0) == pytest.approx([5 / 15, 20 / 30], abs=1e-3)
    assert np.median(gains[:, 1][gains[:, 1] > 0.0]) == pytest.approx(0.5, rel=0.1)


def test_the_model_brings_what_was_played() -> None:
    gains, is_real = draw_gains(KNOWN, rng(), off=0.0, model=1.0)
    assert gains.shape == is_real.shape
    assert (gains == [0.2, 0.3]).all()
    assert (is_real == [False, True]).all()  # of real gains 0.1 and 0.4, with noise of 0.15


def test_gains_are_off_by_a_factor() -> None:
    gains, _ = draw_gains(replace(KNOWN, most=np.inf), rng(), off=1.2, model=1.0)
    logs = np.log(gains[:, 0] / 0.2)
    assert logs.mean() == pytest.approx(0.0, abs=0.02)
    assert logs.std() == pytest.approx(1.2, rel=0.02)


def test_each_has_its_share_and_more_trials_bring_more() -> None:
    gains, is_real = draw_gains(KNOWN, rng(), off=0.0, model=0.3)
    assert (gains[:, 0] == 0.2).mean() == pytest.approx(0.3, abs=1e-3)
    assert (np.diff(gains) >= 0.0).all()
    assert (is_real[:, 1] >= is_real[:, 0]).all()


def test_no_gain_is_more_than_there_is() -> None:
    gains, is_real = draw_gains(replace(KNOWN, most=0.12), rng())
    assert gains.max() == 0.12
    assert not is_real.any()


def test_the_record_is_how_far_the_best_is_ahead_and_how_long_ago_it_came() -> None:
    found = looked_at(line(5.0, 4.0, 1.0, 3.0, 9.0, None, 6.0), 10)
    assert found.ahead == pytest.approx(3.0)
    assert found.since == 5  # a failure counts
    assert looked_at(line(5.0, 4.0, 9.0, 3.0, 1.0), 10).since == 1


def test_losses_that_never_were_below_zero_bound_gains_and_noise() -> None:
    values = [0.9, 0.4, 0.8, 0.02, 0.5, 0.7, 0.3, 0.6]
    bounded, free = looked_at(line(*values), 10), looked_at(line(*[v - 1.0 for v in values]), 10)
    assert bounded.most == pytest.approx(0.02)
    assert bounded.real.max() <= 0.02
    assert bounded.noise.max() <= 0.01
    assert free.most > 1.0
    assert free.noise.max() > 0.01


def test_results_that_are_equal_are_ahead_by_the_least_gain() -> None:
    found = looked_at(line(1.0, 1.0, 1.0, 2.0, 3.0, 4.0, 5.0), 10)
    assert found.ahead == pytest.approx(
        0.01
    )  # a hundredth of the distance from the best to the middle result


def test_where_half_of_all_results_equal_the_best_there_still_may_be_a_gain() -> None:
    found = looked_at(line(-1.0, -1.0, 4.0, -1.0, -1.0, 2.0, 3.0, -1.0), 20)
    assert found.most == pytest.approx(3.0 * (5.0 + 3.0 + 4.0) / 8)
    assert found.noise.min() > 0.0
    gains, is_real = draw_gains(found, rng())
    assert gains.max() > 0.0
    assert is_real.any()


def test_a_better_result_that_breaks_a_constraint_bounds_nothing() -> None:
    space = Space(x=Float(0, 1))
    space.require("x > 0.6")
    found = looked_at(line(1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 9.0, space=space), 10)
    assert found.ahead == pytest.approx(3.0)  # 6, 7 and 9 are allowed
    assert found.most > 0.0


def test_no_more_trials_are_played_than_there_are_configs(make: Any) -> None:
    space = Space(a=Int(1, 3), b=Choice(["x", "y"]))
    trials = [Trial(k, {"a": a, "b": "x"}, State.COMPLETE, float(a)) for k, a in enumerate((1, 2, 3))]
    found = looked_at(History(space, "minimize", trials), 2, 10)
    assert found.trials.tolist() == [2, 3]
    assert found.told.shape == (64, 2)


def test_without_a_model_there_is_no_prospect() -> None:
    history = line(1.0, 2.0)
    seen = Observed(history)
    seen.update(history)
    assert prospect(history, seen, (10,), rng()) is None
