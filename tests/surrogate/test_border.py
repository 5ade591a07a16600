"""A straight border is found, as sharp as it is, and its left-out likelihood is what refits say."""

import numpy as np
import pytest
from scipy.special import log_expit

from tunesmith.surrogate import border
from tunesmith.surrogate.border import fit_border


def draw(n, slope, seed=0):
    rng = np.random.default_rng(seed)
    Z = rng.random((n, len(slope)))
    return Z, (Z @ slope > np.sum(slope) / 2).astype(float)


def test_more_trials_make_it_sharper():
    slope = np.array([1.0, 2.0, 0.0])
    beside = np.array([[0.5, 0.55, 0.5], [0.5, 0.45, 0.5]])
    gaps = []
    for n in (10, 40, 150):
        found, _ = fit_border(*draw(n, slope))
        p, _ = found.failure(beside)
        gaps.append(p[0] - p[1])
    assert 0 < gaps[0] < gaps[1] < gaps[2]
    assert gaps[2] > 0.5


def test_far_from_all_trials_it_is_not_sure():
    Z, failed = draw(12, np.array([1.0, 1.0]))
    found, _ = fit_border(0.4 + 0.2 * Z, failed)
    near, far = found.failure(np.array([[0.6, 0.6], [1.0, 0.0]]))[0]
    assert abs(far - 0.5) < abs(near - 0.5)


def test_the_left_out_likelihood_is_that_of_fits_without_each_trial(monkeypatch):
    monkeypatch.setattr(border, "SHARPNESS", (6.0,))
    Z, failed = draw(30, np.array([1.0, 1.0]), seed=3)
    failed[:3] = 1.0 - failed[:3]  # no border tells all
    _, likelihood = fit_border(Z, failed)
    exact = 0.0
    for i in range(30):
        others = np.arange(30) != i
        found, _ = fit_border(Z[others], failed[others])
        eta = found.w[0] + (Z[i] - 0.5) @ found.w[1:]
        exact += log_expit((2 * failed[i] - 1) * eta)
    assert likelihood == pytest.approx(exact, rel=0.05)


def test_the_gradient_of_the_posterior_is_zero_at_its_weights():
    Z, failed = draw(25, np.array([1.0, -1.0, 0.5]))
    for sharpness in border.SHARPNESS:
        A, precision = border._rows(Z), np.array([border.OFFSET**-2.0, *[sharpness**-2.0] * 3])
        w = border._most_probable(A, failed, precision, np.zeros(4))
        assert np.abs(A.T @ (1 / (1 + np.exp(-A @ w)) - failed) + precision * w).max() < 1e-2 / sharpness


def test_in_very_many_columns_none_is_looked_for():
    assert fit_border(np.random.default_rng(0).random((20, 61)), np.arange(20) % 2.0) is None
