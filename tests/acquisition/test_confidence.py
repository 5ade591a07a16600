"""Bounds and joint samples."""

import numpy as np

from tunesmith.acquisition.confidence import confidence_bound, joint_samples
from tunesmith.surrogate.gp import condition_on
from tunesmith.surrogate.kernels import Kernel


def gp():
    Z = np.linspace(0, 1, 5)[:, None]
    return condition_on(
        Kernel(np.array([0]), np.array([0.3]), 1.0), Z, (Z[:, 0] - 0.5) ** 2, np.full(5, 1e-4)
    )


def test_bound_trades_mean_for_spread():
    mean, sigma = np.array([0.0, 0.5]), np.array([0.1, 0.5])
    assert confidence_bound(mean, sigma, 0.0).argmax() == 0
    assert confidence_bound(mean, sigma, 3.0).argmax() == 1


def test_joint_samples_have_the_mean_and_covariance_of_the_model():
    X = np.array([[0.1], [0.15], [0.8]])
    mean, covariance = gp().predict_joint(X)
    samples = joint_samples(gp(), X, np.random.default_rng(0).standard_normal((20000, 3)))
    np.testing.assert_allclose(samples.mean(axis=0), mean, atol=0.01)
    np.testing.assert_allclose(np.cov(samples.T), covariance, atol=0.005)


def test_samples_at_one_point_twice_agree():
    samples = joint_samples(gp(), np.array([[0.3], [0.3]]), np.random.default_rng(0).standard_normal((9, 2)))
    np.testing.assert_allclose(samples[:, 0], samples[:, 1], atol=1e-3)
