"""Functions drawn from a posterior have its mean and variance, and pass through what is known."""

import numpy as np
import pytest

from tunesmith.surrogate.gp import GP, condition_on
from tunesmith.surrogate.kernels import Kernel
from tunesmith.surrogate.paths import draw_paths


def process(noise: float, slopes: bool) -> GP:
    rng = np.random.default_rng(0)
    Z = rng.random((12, 2))
    y = np.sin(4.0 * Z[:, 0]) + Z[:, 1]
    kernel = Kernel(
        np.array([0, 1]),
        np.array([0.5, 0.8]),
        1.0,
        linear=0.5 if slopes else 0.0,
        slopes=np.ones(2) if slopes else None,
    )
    return condition_on(kernel, Z, y, np.full(12, noise))


@pytest.mark.parametrize("slopes", [False, True])
@pytest.mark.parametrize("noise", [1e-6, 0.05])
def test_mean_and_variance_are_those_of_the_process(noise: float, slopes: bool) -> None:
    gp = process(noise, slopes)
    X = np.random.default_rng(1).random((20, 2))
    # Few functions from each set of frequencies, so that its error averages out.
    values = np.concatenate([draw_paths(gp, 40, np.random.default_rng(k))(X) for k in range(40)], axis=1)
    mean, variance = gp.predict(X)
    assert values.shape == (20, 1600)
    assert np.abs(values.mean(axis=1) - mean).max() < 0.15 * np.sqrt(variance.max())
    assert np.allclose(values.std(axis=1), np.sqrt(variance), rtol=0.15, atol=0.01)


def test_without_noise_they_pass_through_what_is_known() -> None:
    gp = process(1e-8, slopes=False)
    values = draw_paths(gp, 30, np.random.default_rng(0))(gp.Z)
    assert np.allclose(values, gp.y[:, None], atol=1e-3)


def test_the_same_generator_draws_the_same_functions() -> None:
    gp = process(0.01, slopes=True)
    one, two = (draw_paths(gp, 3, np.random.default_rng(7))(gp.Z) for _ in range(2))
    assert np.array_equal(one, two)
