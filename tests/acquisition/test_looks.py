"""The worth of a look is its formula, and moves with costs and what a look tells as it has to."""

import numpy as np
import pytest

from tunesmith.acquisition.improvement import log_improvement
from tunesmith.acquisition.looks import log_worth
from tunesmith.surrogate.kernels import FloatArray


def worth(
    mean: float = 0.0, left: float = 0.3, cost: float = 1.0, rest: float = 9.0, to_beat: float = -1.0
) -> float:
    """Of one training whose loss at the end has variance 1."""
    given = [np.array([x]) for x in (mean, 1.0, left, cost, rest, to_beat)]
    return float(np.exp(log_worth(*given)[0]))


def improvement(mean: float, sigma: float, to_beat: float) -> float:
    return float(np.exp(log_improvement(np.array([mean]), np.array([sigma]), to_beat)[0]))


def test_a_look_that_tells_nothing_is_worth_as_much_as_none() -> None:
    assert worth(left=1.0) == pytest.approx(improvement(0.0, 1.0, -1.0) / 10.0, rel=1e-3)


def test_it_is_that_of_the_best_bound_in_a_simulation() -> None:
    rng = np.random.default_rng(0)
    m = np.sort(np.sqrt(0.7) * rng.standard_normal(200_000))
    gained = np.exp(log_improvement(m, np.full(len(m), np.sqrt(0.3)), -1.0)).cumsum() / len(m)
    share = np.arange(1, len(m) + 1) / len(m)
    assert worth() == pytest.approx((gained / (1.0 + 9.0 * share)).max(), rel=0.03)


@pytest.mark.parametrize("mean", [-2.0, 0.0, 2.0])
def test_a_look_that_tells_more_is_worth_more(mean: float) -> None:
    values = [worth(mean=mean, left=left) for left in (1.0, 0.7, 0.3, 0.01)]
    assert values == sorted(values)


def test_dearer_trainings_are_worth_less() -> None:
    assert worth(cost=1.0) > worth(cost=2.0)
    assert worth(rest=9.0) > worth(rest=20.0)


def test_a_new_training_beats_one_that_is_all_but_known_to_lose() -> None:
    known = [np.array([x]) for x in (-0.9, 1e-4, 1e-6, 1.0, 1.0, -1.0)]
    assert worth() > np.exp(log_worth(*known)[0])


def test_hopeless_ones_are_still_told_apart() -> None:
    hopeless: FloatArray = log_worth(
        np.array([50.0, 60.0]), np.ones(2), np.full(2, 0.3), np.ones(2), np.ones(2), np.zeros(2)
    )
    assert np.isfinite(hopeless).all()
    assert hopeless[0] > hopeless[1]
