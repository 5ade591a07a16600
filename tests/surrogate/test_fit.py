"""The fit finds hyperparameters, and every rung of its ladder holds."""

import math

import numpy as np
import pytest

from tunesmith.surrogate import fit as module
from tunesmith.surrogate.fit import FAILED, Priors, fit, negative_log_posterior


def data(n=40, p=4, seed=0, noise=0.05):
    rng = np.random.default_rng(seed)
    Z = rng.random((n, p))
    y = np.sin(5 * Z[:, 0]) + Z[:, 1] ** 2 + noise * rng.standard_normal(n)
    return Z, (y - y.mean()) / y.std()


def problem(Z, y, groups=None, slopes=None, smoothness="5/2", noise=None):
    groups = np.arange(Z.shape[1]) if groups is None else groups
    return module.make_problem(Z, y, groups, noise, None, slopes, Priors(), smoothness)


@pytest.mark.parametrize("smoothness", ["3/2", "5/2"])
@pytest.mark.parametrize("slopes", [None, np.array([1.0, 0.0, 0.5, 2.0])])
@pytest.mark.parametrize("groups", [np.arange(4), np.array([0, 1, 1, 0])])
def test_gradient_matches_finite_differences(smoothness, slopes, groups):
    Z, y = data()
    at = problem(Z, y, groups, slopes, smoothness, np.linspace(0, 0.1, len(y)))
    theta = at.centre + np.random.default_rng(1).normal(0, 0.3, len(at.centre))
    gradient = negative_log_posterior(at, theta)[1]
    for i in range(len(theta)):
        step = np.zeros_like(theta)
        step[i] = 1e-5
        up, down = (negative_log_posterior(at, theta + s)[0] for s in (step, -step))
        assert gradient[i] == pytest.approx((up - down) / 2e-5, rel=1e-5, abs=1e-5)


def test_value_is_the_density_of_the_data_and_the_prior():
    Z, y = data(n=10)
    at = problem(Z, y)
    kernel, noise = at.kernel(at.centre), at.noise_at(at.centre)
    C = kernel(Z, Z) + np.diag(noise)
    mean = np.linalg.solve(C, y).sum() / np.linalg.solve(C, np.ones(10)).sum()
    expected = 0.5 * (y - mean) @ np.linalg.solve(C, y - mean) + 0.5 * np.linalg.slogdet(C)[1]
    assert negative_log_posterior(at, at.centre)[0] == pytest.approx(expected)  # the prior is 0 at its centre


def test_finds_which_parameters_matter():
    Z, y = data(n=60)
    lengths = fit(Z, y, np.arange(4)).gp.kernel.lengthscales
    assert lengths[0] < 0.5 * lengths[2:].min()


def test_finds_the_noise():
    Z, y = data(n=120, noise=0.5)
    share = 0.25 / (0.25 + np.var(np.sin(5 * Z[:, 0]) + Z[:, 1] ** 2))
    assert fit(Z, y, np.arange(4)).noise == pytest.approx(share, rel=0.5)


def test_known_noise_is_added_to_the_estimated_one():
    Z, y = data()
    known = np.zeros(len(y))
    known[:5] = 4.0
    found = fit(Z, y, np.arange(4), noise=known)
    np.testing.assert_allclose(found.gp.noise[:5] - found.gp.noise[5], 4.0)


def test_a_warm_start_reaches_the_same_posterior_sooner():
    Z, y = data()
    cold = fit(Z, y, np.arange(4))
    warm = fit(Z, y, np.arange(4), warm=cold.theta, from_centre=False, max_iterations=3)
    assert warm.log_posterior >= cold.log_posterior - 1e-6


def test_a_warm_start_of_another_shape_is_left_aside():
    Z, y = data()
    assert fit(Z, y, np.arange(4), warm=np.zeros(3), from_centre=False).rung == "optimised"


def test_rung_start_kept_when_the_optimiser_does_worse(monkeypatch):
    Z, y = data()
    monkeypatch.setattr(module, "_minimise", lambda f, x, lo, hi, n: (x + 1.0, f(x + 1.0)[0] + 1e6))
    found = fit(Z, y, np.arange(4))
    assert found.rung == "start kept"
    np.testing.assert_array_equal(found.theta, problem(Z, y).centre)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_rung_start_kept_when_the_optimiser_returns_nonsense(monkeypatch, bad):
    Z, y = data()
    monkeypatch.setattr(module, "_minimise", lambda f, x, lo, hi, n: (x + bad, bad))
    assert fit(Z, y, np.arange(4)).rung == "start kept"


def test_rung_prior_centre_when_no_start_has_a_finite_posterior(monkeypatch):
    Z, y = data()
    monkeypatch.setattr(module, "negative_log_posterior", lambda p, t: (FAILED, np.zeros_like(t)))
    found = fit(Z, y, np.arange(4), warm=np.full(6, 0.5))
    assert found.rung == "prior centre"
    assert found.log_posterior == -math.inf
    assert np.isfinite(found.gp.predict(Z)[0]).all()


def test_rung_large_noise_when_the_covariance_cannot_be_factored(monkeypatch):
    Z, y = data()
    real, calls = module.condition_on, []

    def fail_once(*arguments):
        calls.append(arguments)
        if len(calls) == 1:
            raise np.linalg.LinAlgError
        return real(*arguments)

    monkeypatch.setattr(module, "condition_on", fail_once)
    found = fit(Z, y, np.arange(4))
    assert found.rung == "large noise"
    assert found.noise == 1.0


@pytest.mark.parametrize(
    ("Z", "y"),
    [
        (np.full((6, 2), 0.5), np.arange(6.0)),
        (np.random.default_rng(0).random((6, 2)), np.zeros(6)),
        (np.random.default_rng(0).random((6, 2)), np.array([1e6, -1e6, 0, 0, 0, 0])),
        (np.random.default_rng(0).random((1, 2)), np.zeros(1)),
        (np.random.default_rng(0).random((5, 200)), np.arange(5.0)),
    ],
    ids=["equal rows", "constant", "huge", "one row", "200 parameters"],
)
def test_never_raises(Z, y):
    found = fit(Z, y, np.arange(Z.shape[1]), slopes=np.ones(Z.shape[1]))
    mean, variance = found.gp.predict(np.random.default_rng(1).random((5, Z.shape[1])))
    assert np.isfinite(mean).all()
    assert (variance > 0).all()
