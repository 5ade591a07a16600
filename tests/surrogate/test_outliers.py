"""Losses that are far worse than all others say."""

import math

import numpy as np
import pytest

from tunesmith.surrogate.fit import Fit
from tunesmith.surrogate.gp import condition_on
from tunesmith.surrogate.kernels import FloatArray, Kernel
from tunesmith.surrogate.outliers import LEAST, allow_outliers, outlying
from tunesmith.surrogate.targets import fit_targets

Z = np.linspace(0, 1, 21)[:, None]
LEVEL = 2.5
KERNEL = Kernel(np.array([0]), np.array([0.4]), 1.0, 0.0, None)


def losses(**bad: float) -> FloatArray:
    y = (Z[:, 0] - 0.5) ** 2 * 4 - 0.3
    for at, value in bad.items():
        y[int(at.removeprefix("at"))] = value
    return y


def mean_at(y: FloatArray, x: float) -> float:
    def make(noise: FloatArray) -> Fit:
        return Fit(condition_on(KERNEL, Z, y, noise + 1e-3), np.empty(0), 1e-3, 0.0, "start kept")

    gp = allow_outliers(make, len(y), LEVEL).gp
    return float(gp.predict_mean(np.array([[x]]))[0])


def test_one_huge_loss_among_good_ones_is_no_wall() -> None:
    assert mean_at(losses(at10=4.0), 0.5) == pytest.approx(-0.3, abs=0.05)


def test_several_apart_are_found_though_they_hide_each_other() -> None:
    assert mean_at(losses(at4=4.0, at10=3.0, at15=5.0), 0.5) == pytest.approx(-0.3, abs=0.05)


def test_bad_losses_side_by_side_are_a_region() -> None:
    wall = {f"at{at}": 3.0 for at in range(12, 21)}
    assert mean_at(losses(**wall), 0.85) > 2.0


def test_a_loss_that_is_far_too_good_stays_what_it_is() -> None:
    assert mean_at(losses(at10=-4.0), 0.5) < -2.0


def test_a_loss_of_the_size_of_the_others_is_no_outlier() -> None:
    assert mean_at(losses(at10=LEVEL), 0.5) > 0.5


def test_what_is_absurd_is_beyond_all_that_is_of_one_size() -> None:
    y = np.r_[np.linspace(0, 1, 30), 3.0, 1e9]
    transform = fit_targets(y)
    assert (transform(y) > transform.absurd).tolist() == [False] * 31 + [True]
    assert fit_targets(np.array([1.0, 2.0])).absurd == math.inf


def test_smooth_losses_and_few_of_them_have_no_outliers() -> None:
    smooth = condition_on(KERNEL, Z, losses(), np.full(len(Z), 1e-3))
    assert not outlying(smooth, -1.0).any()
    few = np.r_[np.zeros(LEAST - 2), 5.0]
    assert not outlying(condition_on(KERNEL, Z[: len(few)], few, np.full(len(few), 1e-3)), LEVEL).any()
