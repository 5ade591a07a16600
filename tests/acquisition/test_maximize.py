"""The mixed maximiser on scores whose maximum is known."""

import numpy as np

from tunesmith.acquisition.maximize import Axis, pick_starts, polish, snap, sweep

CATEGORY = np.eye(3) / np.sqrt(2)
AXES = [
    Axis(np.array([0])),
    Axis(np.array([1]), np.linspace(0, 1, 101)[:, None], is_ordered=True, is_relaxed=True),
    Axis(np.array([2, 3, 4]), CATEGORY),
]


def bowl(target):
    def score(X):
        return -((X - target) ** 2).sum(axis=1), -2 * (X - target)

    return score


def starts(k=4, seed=0):
    rng = np.random.default_rng(seed)
    X = np.zeros((k, 5))
    X[:, 0] = rng.random(k)
    X[:, 1] = AXES[1].levels[rng.integers(101, size=k), 0]
    X[:, 2:] = CATEGORY[rng.integers(3, size=k)]
    return X


def test_polish_finds_the_top_and_snaps_to_levels():
    target = np.array([0.3217, 0.7449, 0, 0, 0])
    out = polish(bowl(target), starts(), AXES, np.ones((4, 3), dtype=bool))
    np.testing.assert_allclose(out[:, 0], 0.3217, atol=1e-4)
    np.testing.assert_allclose(out[:, 1], 0.74)


def test_polish_reaches_bounds_exactly():
    out = polish(bowl(np.array([-0.2, 1.3, 0, 0, 0])), starts(), AXES, np.ones((4, 3), dtype=bool))
    assert (out[:, 0] == 0.0).all()
    assert (out[:, 1] == 1.0).all()


def test_polish_leaves_inactive_and_categorical_columns_alone():
    X = starts()
    active = np.ones((4, 3), dtype=bool)
    active[1] = False
    out = polish(bowl(np.full(5, 0.5)), X, AXES, active)
    np.testing.assert_array_equal(out[1], X[1])
    np.testing.assert_array_equal(out[:, 2:], X[:, 2:])


def test_polish_never_makes_a_config_worse():
    score = lambda X: (np.sin(40 * X[:, 0]), 40 * np.cos(40 * X[:, :1]) * np.eye(1, 5))  # noqa: E731
    X = starts(8)
    out = polish(score, X, AXES, np.ones((8, 3), dtype=bool), scale=np.full(5, 0.1))
    assert (score(out)[0] >= score(X)[0]).all()


def test_polish_survives_scores_that_are_not_finite():
    score = lambda X: (np.full(len(X), np.nan), np.full(X.shape, np.nan))  # noqa: E731
    X = starts()
    np.testing.assert_array_equal(polish(score, X, AXES, np.ones((4, 3), dtype=bool)), X)


def test_sweep_finds_the_best_category_and_level():
    target = np.concatenate([[0.0, 0.62], CATEGORY[2]])
    out, values = sweep(
        lambda X: bowl(target)(X)[0], starts(), AXES, np.ones((4, 3), dtype=bool), max_rounds=20
    )
    np.testing.assert_array_equal(out[:, 2:], np.tile(CATEGORY[2], (4, 1)))
    np.testing.assert_allclose(out[:, 1], 0.62)
    np.testing.assert_allclose(values, -(out[:, 0] ** 2))


def test_sweep_keeps_to_valid_and_active():
    target = np.concatenate([[0.0, 0.62], CATEGORY[2]])
    active = np.ones((4, 3), dtype=bool)
    active[0] = False
    X = starts()
    out, _ = sweep(
        lambda Z: bowl(target)(Z)[0], X, AXES, active, valid=lambda Z: Z[:, 4] == 0.0, max_rounds=20
    )
    np.testing.assert_array_equal(out[0], X[0])
    assert (out[1:, 4] <= X[1:, 4]).all()


def test_sweep_of_a_space_without_discrete_parameters_changes_nothing():
    X = starts()
    out, values = sweep(lambda Z: Z[:, 0], X, AXES[:1], np.ones((4, 1), dtype=bool))
    np.testing.assert_array_equal(out, X)
    np.testing.assert_array_equal(values, X[:, 0])


def test_snap_moves_only_relaxed_parameters():
    X = starts()
    X[:, 1] += 0.004
    out = snap(X, AXES, np.ones((4, 3), dtype=bool))
    np.testing.assert_allclose(out[:, 1], starts()[:, 1])
    np.testing.assert_array_equal(out[:, 0], X[:, 0])


def test_starts_are_apart_and_hold_the_best():
    rng = np.random.default_rng(0)
    pool, scores = rng.random((500, 2)), rng.random(500)
    picked = pick_starts(pool, scores, 6, least_distance=0.1)
    assert picked[0] == scores.argmax()
    gaps = abs(pool[picked][:, None] - pool[picked][None]).max(-1)
    assert gaps[~np.eye(len(picked), dtype=bool)].min() >= 0.1
