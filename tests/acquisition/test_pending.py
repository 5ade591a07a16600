"""Noisy expected improvement with running trials."""

import numpy as np
import pytest

from tunesmith.acquisition.confidence import joint_samples
from tunesmith.acquisition.improvement import log_improvement
from tunesmith.acquisition.pending import baseline, noisy_improvement, normal_draws
from tunesmith.surrogate.gp import condition_on
from tunesmith.surrogate.kernels import Kernel

NONE = np.zeros((0, 2))


def gp(noise=1e-6, linear=0.0, n=12):
    rng = np.random.default_rng(0)
    Z = rng.random((n, 2))
    y = np.sin(5 * Z[:, 0]) + Z[:, 1]
    return condition_on(Kernel(np.arange(2), np.array([0.4, 0.6]), 1.2, linear), Z, y, np.full(n, noise))


def draws(samples, columns, seed=1):
    return normal_draws(np.random.default_rng(seed), samples, columns)


def test_without_noise_it_is_expected_improvement():
    model = gp()
    X = np.random.default_rng(3).random((20, 2))
    found = noisy_improvement(model, model.Z, NONE, draws(32, 12))(X)
    mean, variance = model.predict(X)
    expected = log_improvement(mean, np.sqrt(variance), model.y.min())
    likely = expected > -12
    np.testing.assert_allclose(found[likely], expected[likely], atol=0.1)


def test_agrees_with_brute_force_sampling():
    model = gp(noise=0.05)
    X = np.array([[0.9, 0.1], [0.8, 0.05]])
    found = noisy_improvement(model, model.Z, NONE, draws(512, 12))(X)
    normals = np.random.default_rng(5).standard_normal((200_000, 14))
    joint = joint_samples(model, np.concatenate([model.Z, X]), normals)
    best = joint[:, :12].min(axis=1)
    expected = np.log(np.maximum(best[:, None] - joint[:, 12:], 0).mean(axis=0))
    np.testing.assert_allclose(found, expected, atol=0.1)


@pytest.mark.parametrize("linear", [0.0, 0.3])
def test_gradient_matches_finite_differences(linear):
    model = gp(noise=0.02, linear=linear)
    score = noisy_improvement(model, model.Z[:4], np.array([[0.5, 0.5]]), draws(16, 5))
    X = np.random.default_rng(4).random((6, 2))
    value, gradient = score.with_gradients(X)
    np.testing.assert_allclose(value, score(X))
    for c in range(2):
        up, down = X.copy(), X.copy()
        up[:, c] += 1e-6
        down[:, c] -= 1e-6
        np.testing.assert_allclose(gradient[:, c], (score(up) - score(down)) / 2e-6, rtol=1e-3, atol=1e-4)


def test_a_running_config_is_not_worth_asking_again():
    model = gp()
    grid = np.random.default_rng(6).random((400, 2))
    alone = noisy_improvement(model, model.Z, NONE, draws(32, 12))
    first = grid[alone(grid).argmax()]
    joint = noisy_improvement(model, model.Z, first[None], draws(32, 13))
    assert joint(first[None])[0] < alone(first[None])[0] - 3
    assert abs(grid[joint(grid).argmax()] - first).max() > 0.02


def test_running_trials_that_may_fail_are_no_incumbents():
    model = gp()
    promising = np.array([[0.95, 0.0]])
    normals = draws(32, 13)
    sure = noisy_improvement(model, model.Z, promising, normals)
    unsure = noisy_improvement(model, model.Z, promising, normals, ends_well=np.zeros((32, 1), dtype=bool))
    half = noisy_improvement(model, model.Z, promising, normals, ends_well=np.arange(32)[:, None] < 16)
    assert (unsure.incumbents >= sure.incumbents).all()
    assert (unsure.incumbents > sure.incumbents).any()
    np.testing.assert_array_equal(half.incumbents[:16], sure.incumbents[:16])
    np.testing.assert_array_equal(half.incumbents[16:], unsure.incumbents[16:])


def test_the_model_is_left_as_it_was():
    model = gp()
    L, alpha = model.L.copy(), model.alpha.copy()
    noisy_improvement(model, model.Z[:3], NONE, draws(8, 3))(np.full((1, 2), 0.5))
    np.testing.assert_array_equal(model.L, L)
    np.testing.assert_array_equal(model.alpha, alpha)


def test_baseline_is_never_empty_and_bounded():
    samples = np.random.default_rng(0).standard_normal((100, 50))
    assert 1 <= len(baseline(samples, share=0.5)) <= len(baseline(samples, share=0.0)) <= 20


def test_draws_are_spread_and_reproducible():
    a, b = draws(16, 3), draws(16, 3)
    np.testing.assert_array_equal(a, b)
    assert ((a > 0).sum(axis=0) == 8).all()
