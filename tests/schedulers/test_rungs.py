"""Rungs and brackets in whole numbers: every exact power, uneven ends, the counts of the paper."""

from itertools import pairwise

import numpy as np
import pytest

from tunesmith.errors import OptionError
from tunesmith.fidelity import Fidelity, Steps
from tunesmith.schedulers.median import Median
from tunesmith.schedulers.none import NoScheduler
from tunesmith.schedulers.rungs import brackets, check_eta, next_rung, rungs


@pytest.mark.parametrize("eta", range(2, 11))
@pytest.mark.parametrize("low", [1, 2, 3, 7, 10])
def test_every_exact_power_has_all_its_rungs(low, eta):
    for power in range(1, 13):
        steps = rungs(low, low * eta**power, eta)
        assert steps == tuple(low * eta**k for k in range(power + 1))


@pytest.mark.parametrize(
    ("low", "high", "eta", "steps"),
    [
        (1, 243, 3, (1, 3, 9, 27, 81, 243)),
        (1, 1000, 10, (1, 10, 100, 1000)),
        (1, 10, 3, (1, 3, 10)),
        (1, 52, 3, (2, 6, 17, 52)),
        (1, 28, 3, (1, 3, 9, 28)),
        (5, 6, 3, (6,)),
        (1, 1, 3, (1,)),
        (1, 2, 3, (2,)),
        (1, 2, 2, (1, 2)),
        (1, 3, 2, (2, 3)),
        (1, 80, 3, (3, 9, 27, 80)),
        (100, 20_000, 4, (313, 1250, 5000, 20_000)),
    ],
)
def test_ends_that_are_no_power(low, high, eta, steps):
    assert rungs(low, high, eta) == steps


def test_rungs_rise_to_high_without_repeats_and_start_within_a_factor_of_low():
    for high in range(1, 400):
        for low in (1, 2, 7):
            for eta in (2, 3, 4):
                steps = rungs(min(low, high), high, eta)
                assert min(low, high) <= steps[0] <= eta * low
                assert steps[-1] == high
                assert all(a < b for a, b in pairwise(steps))


def test_without_an_end_there_are_enough():
    assert rungs(1, None, 3)[-1] > 10**11


def test_the_next_rung():
    assert [next_rung((2, 6, 18), done) for done in (0, 1, 2, 5, 6, 18)] == [2, 2, 6, 6, 18, None]


def test_brackets_are_those_of_the_paper():
    # Li et al. 2018, table 1: R = 81, η = 3.
    assert [(b.first, b.sizes) for b in brackets(5, 3)] == [
        (0, (81, 27, 9, 3, 1)),
        (1, (34, 11, 3, 1)),
        (2, (15, 5, 1)),
        (3, (8, 2)),
        (4, (5,)),
    ]


@pytest.mark.parametrize("bad", [1, 0, -3, 2.5, True, "3", None])
def test_a_factor_is_a_whole_number_of_two_or_more(bad):
    with pytest.raises(OptionError, match="eta must be"):
        check_eta(bad)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"low": 0}, "low must be a whole number of 1 or more"),
        ({"low": 0.1}, "Count shares in whole parts"),
        ({"low": 5, "high": 4}, r"high must be at least low \(5\)"),
        ({"high": True}, "high must be a whole number"),
        ({"name": "two words"}, "must be one word"),
        ({"resumable": "yes"}, "resumable is unknown"),
    ],
)
def test_a_fidelity_that_cannot_be_is_refused(options, words):
    with pytest.raises(OptionError, match=words):
        Fidelity(**{"name": "epoch", **options})


@pytest.mark.parametrize("bad", [0, -1, 2.5, "9"])
def test_a_budget_is_a_whole_number_of_steps(bad):
    with pytest.raises(OptionError, match="a budget of steps must be"):
        Steps(bad)


def test_whole_numbers_of_numpy_are_plain_ones() -> None:
    for made in (check_eta(np.int64(3)), Median(np.int64(3)).settings["least"]):
        assert made == 3
        assert type(made) is int
    for wrong in (3.0, "3", True, np.bool_(True), 1, None):
        with pytest.raises(OptionError, match="eta must be a whole number of 2 or more"):
            check_eta(wrong)


@pytest.mark.parametrize("scheduler", [Median(), NoScheduler()])
def test_that_trials_have_no_end_is_said_before_the_start(scheduler):
    assert "goes on until the objective ends it" in scheduler.plan(Fidelity("epoch", 1))
    assert "until the objective" not in (scheduler.plan(Fidelity("epoch", 1, 50)) or "")
