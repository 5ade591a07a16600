"""Kernel densities agree with their formulas, integrate to one, and draw what they say."""

import math

import numpy as np
from scipy.stats import norm

from tunesmith.surrogate.density import NARROWEST, Density, estimate_density

NUMBERS = np.array([0, 0])


def test_density_is_the_mean_of_products_of_kernels() -> None:
    rng = np.random.default_rng(0)
    U = np.column_stack([rng.random(7), rng.integers(3, size=7)])
    density = Density(U, np.array([0.2, 0.3]), np.array([0, 3]))
    X = np.column_stack([rng.random(5), rng.integers(3, size=5)])
    expected = [
        np.mean([norm.pdf(x, u, 0.2) * (0.7 if k == option else 0.3 / 2) for u, option in U]) for x, k in X
    ]
    np.testing.assert_allclose(np.exp(density.log_density(X)), expected, rtol=1e-12)


def test_density_integrates_to_one() -> None:
    density = estimate_density(np.random.default_rng(1).random((9, 1)), np.array([0]))
    grid = np.linspace(-3, 4, 7001)[:, None]
    assert math.isclose(np.exp(density.log_density(grid)).sum() * 1e-3, 1.0, rel_tol=1e-6)


def test_bandwidths_follow_the_normal_reference_rule() -> None:
    U = np.random.default_rng(2).random((30, 2))
    expected = 1.06 * U.std(axis=0) * 30 ** (-1 / 6)
    np.testing.assert_allclose(estimate_density(U, NUMBERS).widths, expected)


def test_configs_that_agree_have_the_narrowest_bandwidth() -> None:
    density = estimate_density(np.full((4, 2), 0.5), NUMBERS)
    assert density.widths.tolist() == [NARROWEST, NARROWEST]
    assert np.isfinite(density.log_density(np.array([[0.0, 1.0]]))).all()


def test_one_point_and_one_option_are_enough() -> None:
    density = estimate_density(np.array([[0.5, 0.0]]), np.array([0, 1]))
    X = density.draw(np.random.default_rng(0), 20, widening=3.0)
    assert (X[:, 1] == 0).all()
    assert np.isfinite(density.log_density(X)).all()


def test_draws_stay_inside_and_have_the_moments_of_a_cut_normal() -> None:
    density = Density(np.array([[0.5, 2.0]]), np.array([0.1, 0.3]), np.array([0, 4]))
    X = density.draw(np.random.default_rng(0), 20_000)
    assert abs(X[:, 0].mean() - 0.5) < 0.005
    assert abs(X[:, 0].std() - 0.1) < 0.005
    assert abs((X[:, 1] == 2.0).mean() - (0.7 + 0.3 / 4)) < 0.02
    wide = density.draw(np.random.default_rng(0), 2000, widening=30.0)
    assert wide.min() >= 0.0
    assert wide[:, 0].max() <= 1.0
    assert wide[:, 1].max() == 3.0
