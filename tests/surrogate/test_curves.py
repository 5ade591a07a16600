"""The covariance of curves is its formula, derivatives match differences, and the fit finds what is there."""

from typing import Any

import numpy as np
import pytest

from tunesmith.surrogate.curve_fit import (
    curve_kernel,
    curve_problem,
    curve_process,
    fit_curves,
    negative_log_posterior,
)
from tunesmith.surrogate.curves import NO_CURVE, CurveKernel, by_steps, curve_rows
from tunesmith.surrogate.gp import condition_on
from tunesmith.surrogate.kernels import FloatArray, Kernel, matern

GROUPS = np.array([0, 1, 1])
SLOPES = np.array([1.5, 0.7, 0.7])
HORIZON = 27.0
SHAPE: dict[str, Any] = {"slopes": SLOPES, "horizon": HORIZON}


def rows(seed: int, count: int, curves: int = 5) -> FloatArray:
    rng = np.random.default_rng(seed)
    of = rng.integers(curves, size=count)
    return curve_rows(
        rng.random((curves, 3))[of], rng.integers(1, 28, size=count).astype(float), of.astype(float)
    )


def kernel() -> CurveKernel:
    configs = Kernel(GROUPS, np.array([0.6, 0.9]), 1.3, 0.4, SLOPES)
    return CurveKernel(configs, HORIZON, change=0.8, drift=0.6, own=0.3, wander=0.2, common=0.5)


def test_covariance_is_the_formula() -> None:
    A, B = rows(0, 8), rows(0, 6)
    B[:2, -1] = NO_CURVE
    K = kernel()(A, B)
    lengths = np.array([0.6, 0.9])[GROUPS]
    for i in range(8):
        for j in range(6):
            r2 = np.array([(((A[i, :3] - B[j, :3]) / lengths) ** 2).sum()])
            linear = ((A[i, :3] - 0.5) * SLOPES) @ ((B[j, :3] - 0.5) * SLOPES)
            configs = 1.3 * matern(r2)[0][0] + 0.4 * linear
            kappa = np.mean([beta / (beta + A[i, 3] + B[j, 3]) for beta in (1.0, 27.0**0.5, 27.0)])
            q = matern(np.log(A[i : i + 1, 3] / B[j, 3]) ** 2 / 4.0, "3/2")[0][0]
            own = (0.3 * kappa + 0.2 * q) * float(A[i, 4] == B[j, 4])
            assert K[i, j] == pytest.approx(configs * (1 + 0.8 * kappa + 0.6 * q) + own + 0.5 * kappa)


def test_diagonal_is_that_of_the_matrix() -> None:
    A = rows(1, 9)
    A[:3, -1] = NO_CURVE
    np.testing.assert_allclose(kernel().diagonal(A), np.diagonal(kernel()(A, A)), rtol=1e-12)


def test_any_rows_have_a_covariance_matrix() -> None:
    for seed in range(5):
        A = rows(seed, 60, curves=9)
        assert np.linalg.eigvalsh(kernel()(A, A)).min() > -1e-8


def test_candidates_at_one_step_are_as_any_rows() -> None:
    t, u = np.array([27.0, 27.0]), np.array([1.0, 9.0, 9.0])
    for at_once, one_by_one in zip(by_steps(t, u, HORIZON), by_steps(u, t, HORIZON), strict=True):
        np.testing.assert_allclose(at_once, one_by_one.T, rtol=1e-12)


def test_gradients_of_predictions_match_differences() -> None:
    A = rows(2, 25)
    gp = condition_on(kernel(), A, np.random.default_rng(0).standard_normal(25), np.full(25, 0.01))
    X = curve_rows(np.random.default_rng(1).random((4, 3)), 27.0)
    found = gp.predict_with_gradients(X)
    step = 1e-5
    for column in range(3):
        moved = np.zeros_like(X)
        moved[:, column] = step
        (up, up_variance), (down, down_variance) = gp.predict(X + moved), gp.predict(X - moved)
        np.testing.assert_allclose(found.mean_gradient[:, column], (up - down) / (2 * step), atol=1e-6)
        np.testing.assert_allclose(
            found.variance_gradient[:, column], (up_variance - down_variance) / (2 * step), atol=1e-6
        )
    assert not found.mean_gradient[:, 3:].any()


def test_gradient_of_the_posterior_matches_differences() -> None:
    y = np.random.default_rng(2).standard_normal(30)
    problem = curve_problem(rows(3, 30), y, GROUPS, **SHAPE, dimension=2.0)
    rng = np.random.default_rng(3)
    for _ in range(5):
        theta = problem.centre + 0.5 * rng.standard_normal(len(problem.centre))
        _, gradient = negative_log_posterior(problem, theta)
        for i in range(len(theta)):
            step = np.zeros_like(theta)
            step[i] = 1e-5
            up, down = (negative_log_posterior(problem, theta + s)[0] for s in (step, -step))
            assert gradient[i] == pytest.approx((up - down) / 2e-5, rel=1e-4, abs=1e-4)


def curves_of(seed: int, count: int, longest: int = 27) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Curves that tend to an asymptote by the config; the rows, the losses, and the asymptotes."""
    rng = np.random.default_rng(seed)
    Z = rng.random((count, 3))
    ends = np.sin(3 * Z[:, 0]) + Z[:, 1]
    steps = [s for s in (1, 3, 9, 27) if s <= longest]
    A = np.concatenate([curve_rows(Z, float(s), np.arange(count, dtype=float)) for s in steps])
    y = np.concatenate([ends + 2.0 * (1.0 + Z[:, 2]) / (s + 1.0) for s in steps])
    return A, y, ends


def test_the_end_of_unfinished_curves_is_predicted() -> None:
    A, y, _ = curves_of(0, 25)
    unfinished = (A[:, -1] >= 8) & (A[:, -2] > 3)
    z = (y - y.mean()) / y.std()
    theta = fit_curves(curve_problem(A[~unfinished], z[~unfinished], GROUPS, **SHAPE, dimension=2.0))
    gp, _ = curve_process(theta, A[~unfinished], z[~unfinished], GROUPS, **SHAPE)
    last = A[:, -2] == 27
    mean, variance = gp.predict(A[unfinished & last])
    error = np.abs(mean - z[unfinished & last])
    assert np.corrcoef(mean, z[unfinished & last])[0, 1] > 0.9
    assert (error < 3 * np.sqrt(variance) + 0.1).mean() > 0.8


@pytest.mark.parametrize("losses", [np.zeros(12), np.full(12, 3.0), np.eye(12)[0] * 1e6, np.arange(12.0)])
def test_odd_losses_give_a_usable_process(losses: FloatArray) -> None:
    A = rows(4, 12)
    theta = fit_curves(curve_problem(A, losses, GROUPS, **SHAPE, dimension=2.0))
    gp, noise = curve_process(theta, A, losses, GROUPS, **SHAPE)
    mean, variance = gp.predict(A)
    assert np.isfinite([*mean, *variance, noise]).all()


def test_rows_that_are_equal_can_be_factored() -> None:
    A = np.repeat(rows(5, 1), 8, axis=0)
    theta = fit_curves(curve_problem(A, np.arange(8.0), GROUPS, **SHAPE, dimension=2.0))
    assert np.isfinite(curve_process(theta, A, np.arange(8.0), GROUPS, **SHAPE)[0].predict(A)[0]).all()
    assert curve_kernel(theta, GROUPS, **SHAPE).lengthscales.shape == (2,)


def test_curves_that_turn_up_are_foreseen_from_those_that_did() -> None:
    rng = np.random.default_rng(6)
    Z, steps = rng.random((24, 3)), np.array([1.0, 3.0, 9.0, 27.0])
    Z[-6:, 0] = 0.9
    A = np.concatenate([curve_rows(Z, s, np.arange(24.0)) for s in steps])
    y = np.concatenate([2.0 / s + (Z[:, 0] > 0.5) * 0.05 * s for s in steps])
    z = (y - y.mean()) / y.std()
    seen = (A[:, -1] < 18) | (A[:, -2] <= 9)
    theta = fit_curves(curve_problem(A[seen], z[seen], GROUPS, **SHAPE, dimension=2.0))
    gp, _ = curve_process(theta, A[seen], z[seen], GROUPS, **SHAPE)
    last_seen = z[(A[:, -1] >= 18) & (A[:, -2] == 9)]
    assert (gp.predict_mean(A[~seen]) > last_seen + 0.3).all()


def test_a_curve_seen_briefly_is_unsure() -> None:
    A, y, _ = curves_of(1, 12, longest=3)
    z = (y - y.mean()) / y.std()
    theta = fit_curves(curve_problem(A, z, GROUPS, **SHAPE, dimension=2.0))
    gp, _ = curve_process(theta, A, z, GROUPS, **SHAPE)
    assert (gp.predict(curve_rows(A[:12, :3], 27.0, np.arange(12.0)))[1] > 0.2**2).all()
