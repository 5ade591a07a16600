"""The Gaussian process against scikit-learn, refits and finite differences."""

import numpy as np
import pytest
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Matern

from tunesmith.surrogate.gp import cholesky, condition_on
from tunesmith.surrogate.kernels import Kernel


def data(n=25, p=3, seed=0):
    rng = np.random.default_rng(seed)
    Z = rng.random((n, p))
    return Z, np.sin(4 * Z[:, 0]) + Z[:, 1] ** 2 - 0.3 + 0.05 * rng.standard_normal(n), rng.random((8, p))


def kernel_for(p=3, linear=0.0):
    return Kernel(np.arange(p), np.linspace(0.4, 0.9, p), 1.3, linear)


def test_agrees_with_scikit_learn_when_the_mean_is_known():
    Z, y, X = data()
    noise = np.full(len(y), 0.01)
    ours = condition_on(kernel_for(), Z, y, noise)
    theirs = GaussianProcessRegressor(
        ConstantKernel(1.3) * Matern([0.4, 0.65, 0.9], nu=2.5), alpha=0.01, optimizer=None
    ).fit(Z, y - ours.mean)
    mean, sigma = theirs.predict(X, return_std=True)
    our_mean, our_variance = ours.predict(X)
    np.testing.assert_allclose(our_mean, mean + ours.mean, atol=1e-10)
    gap = 1 - ours.kernel(X, Z) @ np.linalg.solve(ours.L @ ours.L.T, np.ones(len(y)))
    np.testing.assert_allclose(our_variance, sigma**2 + ours.mean_variance * gap**2, atol=1e-10)


def test_constant_mean_is_the_limit_of_a_vague_prior():
    Z, y, X = data()
    ours = condition_on(kernel_for(), Z, y, np.full(len(y), 0.01))
    vague = 1e6
    K, k = ours.kernel(Z, Z) + 0.01 * np.eye(len(y)) + vague, ours.kernel(X, Z) + vague
    mean = k @ np.linalg.solve(K, y)
    variance = ours.kernel.diagonal(X) + vague - np.einsum("ij,ji->i", k, np.linalg.solve(K, k.T))
    np.testing.assert_allclose(ours.predict(X)[0], mean, atol=1e-4)
    np.testing.assert_allclose(ours.predict(X)[1], variance, atol=1e-4)


@pytest.mark.parametrize("linear", [0.0, 0.5])
def test_conditioning_equals_a_refit_from_scratch(linear):
    Z, y, X = data()
    noise = np.random.default_rng(1).uniform(0.001, 0.1, len(y))
    whole = condition_on(kernel_for(linear=linear), Z, y, noise)
    part = condition_on(kernel_for(linear=linear), Z[:20], y[:20], noise[:20])
    before = part.predict(X)
    grown = part.condition(Z[20:22], y[20:22], noise[20:22]).condition(Z[22:], y[22:], noise[22:])
    for a, b in zip(grown.predict(X), whole.predict(X), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-7)
    np.testing.assert_array_equal(part.predict(X), before)


def test_conditioning_on_a_known_point_again_is_harmless():
    Z, y, X = data()
    gp = condition_on(kernel_for(), Z, y, np.full(len(y), 1e-9))
    again = gp.condition(Z[:3], y[:3], np.zeros(3)).condition(Z[:3], y[:3], np.zeros(3))
    np.testing.assert_allclose(again.predict(X)[0], gp.predict(X)[0], atol=1e-3)


def test_joint_prediction_has_the_marginals():
    Z, y, X = data()
    gp = condition_on(kernel_for(linear=0.2), Z, y, np.full(len(y), 0.01))
    mean, covariance = gp.predict_joint(X)
    np.testing.assert_allclose(mean, gp.predict(X)[0])
    np.testing.assert_allclose(np.diagonal(covariance), gp.predict(X)[1])
    np.testing.assert_allclose(gp.predict_mean(X), mean)
    assert np.linalg.eigvalsh(covariance).min() > -1e-10


@pytest.mark.parametrize("linear", [0.0, 0.5])
def test_gradients_match_finite_differences(linear):
    Z, y, X = data()
    gp = condition_on(kernel_for(linear=linear), Z, y, np.full(len(y), 0.01))
    found = gp.predict_with_gradients(X)
    np.testing.assert_allclose(found.mean, gp.predict(X)[0])
    np.testing.assert_allclose(found.variance, gp.predict(X)[1])
    for c in range(X.shape[1]):
        up, down = X.copy(), X.copy()
        up[:, c] += 1e-5
        down[:, c] -= 1e-5
        mean, variance = ((a - b) / 2e-5 for a, b in zip(gp.predict(up), gp.predict(down), strict=True))
        np.testing.assert_allclose(found.mean_gradient[:, c], mean, atol=1e-6)
        np.testing.assert_allclose(found.variance_gradient[:, c], variance, atol=1e-6)


@pytest.mark.parametrize("linear", [0.0, 0.5])
def test_leave_one_out_equals_leaving_each_one_out(linear):
    Z, y, _ = data(n=12)
    noise = np.linspace(0.01, 0.1, len(y))
    gp = condition_on(kernel_for(linear=linear), Z, y, noise)
    mean, variance = gp.leave_one_out()
    for i in range(len(y)):
        rest = np.arange(len(y)) != i
        other = condition_on(gp.kernel, Z[rest], y[rest], noise[rest])
        m, v = other.predict(Z[i : i + 1])
        assert mean[i] == pytest.approx(m[0], abs=1e-8)
        assert variance[i] == pytest.approx(v[0] + noise[i], abs=1e-8)


def test_noisy_rows_pull_less():
    kernel = Kernel(np.array([0]), np.array([0.3]), 1.0)
    Z, y = np.array([[0.0], [0.5], [1.0]]), np.array([0.0, 1.0, 0.0])
    sure = condition_on(kernel, Z, y, np.array([1e-4, 1e-4, 1e-4])).predict_mean(Z[1:2])[0]
    vague = condition_on(kernel, Z, y, np.array([1e-4, 1.0, 1e-4])).predict_mean(Z[1:2])[0]
    assert sure > 0.99
    assert vague < 0.7


@pytest.mark.parametrize("n", [0, 1])
def test_works_with_hardly_any_data(n):
    gp = condition_on(kernel_for(), np.full((n, 3), 0.5), np.zeros(n), np.full(n, 0.01))
    mean, variance = gp.predict(np.random.default_rng(0).random((4, 3)))
    assert np.isfinite(mean).all()
    assert (variance > 0).all()
    assert all(len(part) == n for part in gp.leave_one_out())


def test_equal_rows_without_noise_get_jitter():
    Z = np.full((5, 3), 0.5)
    gp = condition_on(kernel_for(), Z, np.arange(5.0), np.zeros(5))
    assert gp.noise[0] > 0
    assert gp.predict(Z)[0][0] == pytest.approx(2.0, abs=0.01)


def test_cholesky_adds_more_until_it_works_and_gives_up_on_nonsense():
    factor, added = cholesky(np.array([[1.0, 1.1], [1.1, 1.0]]))
    assert added == 1.0
    assert np.isfinite(factor).all()
    with pytest.raises(np.linalg.LinAlgError, match="positive definite"):
        cholesky(np.array([[1.0, np.nan], [np.nan, 1.0]]))
