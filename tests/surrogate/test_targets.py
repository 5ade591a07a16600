"""The output transform keeps order, undoes itself and survives extreme losses."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import yeojohnson

from tunesmith.surrogate.targets import _bend, _best_exponent, fit_targets

losses = st.lists(st.floats(-1e300, 1e300, allow_subnormal=False), min_size=1, max_size=40)


def test_result_is_standardised():
    y = np.random.default_rng(0).lognormal(0, 1, 60)
    z = fit_targets(y)(y)
    assert z.mean() == pytest.approx(0, abs=1e-9)
    assert z.std() == pytest.approx(1)


def test_bends_towards_a_normal_shape():
    y = np.random.default_rng(0).lognormal(0, 0.6, 200)
    skewness = lambda x: abs(float(np.mean(((x - x.mean()) / x.std()) ** 3)))  # noqa: E731
    assert skewness(fit_targets(y)(y)) < 0.3 < skewness(fit_targets(y, bend=False)(y))


def test_exponent_is_near_the_most_likely_one():
    x = np.random.default_rng(1).gamma(2.0, 1.0, 100)
    x = (x - x.mean()) / x.std()
    bent, best = yeojohnson(x)
    assert _best_exponent(x) == pytest.approx(best, abs=0.05)
    np.testing.assert_allclose(_bend(x, best), bent, atol=1e-9)


def test_one_diverged_loss_does_not_flatten_the_others():
    y = np.append(np.linspace(0.0, 1.0, 30), 1e6)
    z = fit_targets(y)(y)
    assert z[29] - z[0] > 2.0
    assert z[30] > z[29]


def test_ties_stay_ties_and_a_constant_becomes_zero():
    transform = fit_targets(np.full(9, 1e-17))
    assert transform.is_constant
    assert transform(np.full(3, 1e-17)).tolist() == [0.0, 0.0, 0.0]


def test_slope_is_the_derivative():
    y = np.random.default_rng(0).lognormal(0, 1, 60)
    transform = fit_targets(y)
    at = np.array([0.5, 1.0, 2.0])
    expected = (transform(at + 1e-5) - transform(at - 1e-5)) / 2e-5
    np.testing.assert_allclose(transform.slope(at), expected, rtol=1e-3)


@pytest.mark.parametrize("bend", [True, False])
def test_inverse_undoes_it(bend):
    y = np.append(np.random.default_rng(0).lognormal(0, 2, 60), [1e5, 1e9])
    transform = fit_targets(y, bend=bend)
    np.testing.assert_allclose(transform.inverse(transform(y)), y, rtol=1e-6, atol=1e-9)


@given(losses)
@settings(max_examples=300, deadline=None)
def test_any_finite_losses_keep_their_order_and_stay_finite(values):
    y = np.array(values)
    transform = fit_targets(y)
    z = transform(y)
    assert np.isfinite(z).all()
    assert np.isfinite(transform.inverse(z)).all()
    assert np.isfinite(transform.inverse(np.array([-1e3, 0.0, 1e3]))).all()
    order = np.argsort(y)
    assert (np.diff(z[order]) >= -1e-12).all()
    assert abs(z).max() < 1e3


def test_losses_far_beyond_those_it_was_fitted_to_are_clipped():
    z = fit_targets(np.linspace(1e-300, 9e-300, 20))(np.array([-1e308, 1e10, 1e308]))
    assert z.tolist() == [-1e6, 1e6, 1e6]


@given(losses, st.floats(0.1, 100))
@settings(max_examples=100, deadline=None)
def test_units_do_not_matter(values, factor):
    y = np.array(values) / 1e3
    np.testing.assert_allclose(fit_targets(y * factor)(y * factor), fit_targets(y)(y), atol=1e-3)
