"""Kernels against formulas written out, scikit-learn and finite differences."""

import numpy as np
import pytest
from sklearn.gaussian_process.kernels import Matern

from tunesmith.surrogate.kernels import Kernel, matern, squared_distances


def make(smoothness="5/2", linear=0.0, slopes=None):
    return Kernel(np.array([0, 1, 1, 2]), np.array([0.3, 0.7, 1.4]), 1.7, linear, slopes, smoothness)


@pytest.mark.parametrize(("smoothness", "nu"), [("3/2", 1.5), ("5/2", 2.5)])
def test_agrees_with_scikit_learn(smoothness, nu):
    rng = np.random.default_rng(0)
    A, B = rng.random((7, 4)), rng.random((5, 4))
    expected = 1.7 * Matern([0.3, 0.7, 0.7, 1.4], nu=nu)(A, B)
    np.testing.assert_allclose(make(smoothness)(A, B), expected, rtol=1e-12)


@pytest.mark.parametrize("smoothness", ["3/2", "5/2"])
def test_slope_is_the_derivative_by_the_squared_distance(smoothness):
    r2 = np.array([1e-3, 0.1, 1.0, 5.0, 50.0])
    step = 1e-5 * r2
    expected = (matern(r2 + step, smoothness)[0] - matern(r2 - step, smoothness)[0]) / (2 * step)
    np.testing.assert_allclose(matern(r2, smoothness)[1], expected, rtol=1e-6)


def test_slope_is_finite_where_points_are_equal():
    value, slope = matern(np.zeros(1))
    assert value[0] == 1.0
    assert slope[0] == pytest.approx(-5 / 6)


def test_squared_distances_are_never_negative():
    A = np.random.default_rng(1).random((50, 9)) * 1e3
    r2 = squared_distances(A, A)
    assert r2.min() >= 0.0
    np.testing.assert_allclose(r2, ((A[:, None] - A[None]) ** 2).sum(-1), atol=1e-8)


def test_linear_part_on_one_hot_columns_is_a_main_effect():
    Z = np.eye(3)
    flat = Kernel(np.array([0, 0, 0]), np.array([1.0]), 1e-12, 1.0)
    K = flat(Z, Z)
    same, other = K[0, 0], K[0, 1]
    assert same - other == pytest.approx(1.0)  # after the constant mean: one free effect per category
    np.testing.assert_allclose(K, np.where(np.eye(3) > 0, same, other))


@pytest.mark.parametrize("linear", [0.0, 0.6])
def test_pullback_matches_finite_differences(linear):
    rng = np.random.default_rng(2)
    A, B, S = rng.random((3, 4)), rng.random((5, 4)), rng.standard_normal((3, 5))
    kernel = make(linear=linear, slopes=np.array([1.0, 0.0, 2.0, 0.5]))
    gradient = kernel.pullback(A, B, kernel.value_and_slope(A, B)[1], S)
    for i in range(3):
        for c in range(4):
            up, down = A.copy(), A.copy()
            up[i, c] += 1e-6
            down[i, c] -= 1e-6
            expected = ((kernel(up, B) - kernel(down, B)) * S).sum() / 2e-6
            assert gradient[i, c] == pytest.approx(expected, rel=1e-6, abs=1e-8)


@pytest.mark.parametrize("linear", [0.0, 0.6])
def test_diagonal_and_its_gradient(linear):
    A = np.random.default_rng(3).random((4, 4))
    kernel = make(linear=linear)
    np.testing.assert_allclose(kernel.diagonal(A), np.diagonal(kernel(A, A)), rtol=1e-12)
    up = A.copy()
    up[:, 2] += 1e-6
    expected = (kernel.diagonal(up) - kernel.diagonal(A)) / 1e-6
    np.testing.assert_allclose(kernel.diagonal_gradient(A)[:, 2], expected, atol=1e-5)
