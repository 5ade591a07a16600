"""Log expected improvement in the far tails, and its slopes."""

from fractions import Fraction

import numpy as np
import pytest
from scipy.integrate import quad

from tunesmith.acquisition.improvement import log_h, log_improvement, log_improvement_with_slopes

LOG_SQRT_2PI = 0.5 * np.log(2 * np.pi)


def exact_tail(x):
    """log h(-x) + x²/2 + log √2π for x of 5 or more, by Mills' ratio in exact numbers."""
    x = Fraction(x)
    ratio = x  # Φ(-x)/φ(x) = 1/(x + 1/(x + 2/(x + 3/(x + ...))))
    for k in range(400, 0, -1):
        ratio = x + k / ratio
        ratio = ratio.limit_denominator(10**60) if x < 10**5 else Fraction(round(ratio * 10**60), 10**60)
    rest = 1 - x / ratio
    return float(np.log(float(rest)))


@pytest.mark.parametrize("x", [5, 10, 50, 99, 101, 1000, 100000, 10**6, 10**7, 10**10])
def test_tail_against_exact_arithmetic(x):
    rest = log_h(np.array([-float(x)]))[0] + 0.5 * float(x) ** 2 + LOG_SQRT_2PI
    if x <= 1000:  # beyond, adding x²/2 back has no digits left
        assert rest == pytest.approx(exact_tail(x), rel=1e-6)
    assert log_h(np.array([-float(x)]))[0] == pytest.approx(
        -0.5 * float(x) ** 2 - LOG_SQRT_2PI + exact_tail(x), rel=1e-12
    )


@pytest.mark.parametrize("z", [-4.0, -1.5, -1.0, -0.999, 0.0, 2.0, 30.0])
def test_middle_against_quadrature(z):
    density = lambda u: (z - u) * np.exp(-0.5 * u * u - LOG_SQRT_2PI)  # noqa: E731
    expected = quad(density, -40, z, epsabs=0, epsrel=1e-12, points=[min(z, 0.0)], limit=200)[0]
    assert np.exp(log_h(np.array([z]))[0]) == pytest.approx(expected, rel=1e-9)


def test_rises_without_a_jump_across_branches():
    for at in (-1.0, -100.0, -1e6):
        z = at * (1 + np.linspace(1e-9, -1e-9, 201))
        steps = np.diff(log_h(z)) / np.diff(z)
        np.testing.assert_allclose(steps, steps.mean(), rtol=0.5)
    assert (np.diff(log_h(-np.logspace(10, -3, 2000))) > 0).all()


def test_stays_finite_at_the_stated_ends():
    assert np.isfinite(log_h(np.array([-1e150, 1e150]))).all()


def test_improvement_scales_with_the_unit_of_the_loss():
    mean, sigma = np.array([0.3, -0.2]), np.array([0.5, 1e-9])
    shifted = log_improvement(10 * mean, 10 * sigma, 1.0)
    np.testing.assert_allclose(shifted, log_improvement(mean, sigma, 0.1) + np.log(10))


@pytest.mark.parametrize("z", [-500.0, -40.0, -3.0, -1.0, 0.0, 2.0, 20.0])
def test_slopes_match_finite_differences(z):
    mean, sigma = np.array([0.7]), np.array([0.4])
    best = 0.7 + 0.4 * z
    _, by_mean, by_sigma = log_improvement_with_slopes(mean, sigma, best)
    step = 1e-6 * 0.4
    expected = log_improvement(mean + step, sigma, best) - log_improvement(mean - step, sigma, best)
    assert by_mean[0] == pytest.approx(expected[0] / (2 * step), rel=1e-3, abs=1e-9)
    expected = log_improvement(mean, sigma + step, best) - log_improvement(mean, sigma - step, best)
    assert by_sigma[0] == pytest.approx(expected[0] / (2 * step), rel=1e-3, abs=1e-6)


def test_slopes_are_finite_and_smooth_in_the_far_tail():
    z = -np.array([9.9e3, 1.01e4, 1e6, 1e8])
    _, by_mean, by_sigma = log_improvement_with_slopes(-z, np.ones(4), 0.0)
    np.testing.assert_allclose(by_mean, z, rtol=1e-3)
    np.testing.assert_allclose(by_sigma, z * z, rtol=1e-3)
