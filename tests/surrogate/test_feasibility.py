"""The vote learns where configs fail, and how sharp the border is."""

from dataclasses import replace

import numpy as np
import pytest

from tunesmith.surrogate.feasibility import Feasibility, fit_feasibility, risk_limit


def alone(vote: Feasibility) -> Feasibility:
    """The votes without the border."""
    return replace(vote, border=None, share=0.0)


def test_nothing_known_means_one_in_ten():
    vote = fit_feasibility(np.zeros((0, 2)), np.zeros(0), np.ones(2))
    np.testing.assert_allclose(vote.failure(np.random.default_rng(0).random((3, 2))), 0.1)


def test_probabilities_are_strictly_between_0_and_1():
    rng = np.random.default_rng(0)
    Z = rng.random((40, 2))
    vote = fit_feasibility(Z, (Z[:, 0] > 0.5).astype(float), np.full(2, 0.3))
    p = vote.failure(rng.random((500, 2)))
    assert p.min() > 0
    assert p.max() < 1


def test_the_vote_sharpens_as_trials_gather_at_a_border():
    rng = np.random.default_rng(1)
    wide = rng.random((12, 1))
    near = 0.5 + np.linspace(-0.05, 0.05, 12)[:, None]
    lengths = np.array([0.5])
    few = fit_feasibility(wide, (wide[:, 0] > 0.5).astype(float), lengths)
    Z = np.concatenate([wide, near])
    many = fit_feasibility(Z, (Z[:, 0] > 0.5).astype(float), lengths)
    assert many.reach < few.reach
    assert many.failure(np.array([[0.48]]))[0] < 0.35
    assert many.failure(np.array([[0.52]]))[0] > 0.65


def test_a_branch_that_fails_is_avoided_far_from_its_trials():
    Z = np.zeros((8, 2))
    Z[:, 0] = np.linspace(0, 0.1, 8)
    branches = np.array([0, 0, 0, 0, 1, 1, 1, 1])
    vote = alone(fit_feasibility(Z, (branches == 1).astype(float), np.full(2, 0.05), branches=branches))
    far = np.array([[0.9, 0.9], [0.9, 0.9], [0.9, 0.9]])
    p = vote.failure(far, np.array([0, 1, 7]))
    assert p[0] < 0.1 < 0.45 < p[1]
    assert p[2] == pytest.approx(0.1)  # a branch never seen


def test_parameters_that_failures_do_not_depend_on_are_left_out():
    """The third parameter is a choice of three columns; they go together."""
    rng = np.random.default_rng(0)

    def draw(n):
        return np.column_stack([rng.random((n, 2)), np.eye(3)[rng.integers(3, size=n)] * np.sqrt(0.5)])

    Z, X = draw(40), draw(300)
    lengths, groups = np.array([0.3, 0.2, 0.3, 0.3, 0.3]), np.array([0, 1, 2, 2, 2])
    vote = fit_feasibility(Z, (Z[:, 0] > 0.6).astype(float), lengths, groups=groups)
    assert vote.scale[0] > 0
    assert (vote.scale[1:] == 0).all()
    p = alone(vote).failure(X)
    assert p[X[:, 0] > 0.7].min() > 0.5 > 0.1 > p[X[:, 0] < 0.5].max()
    p = vote.failure(X)
    assert p[X[:, 0] > 0.7].min() > 0.5 > 0.3 > p[X[:, 0] < 0.5].max()


def test_failures_that_are_chance_make_no_place_safer_than_another():
    flat = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        vote = fit_feasibility(rng.random((40, 4)), (rng.random(40) < 0.25).astype(float), np.full(4, 0.4))
        assert vote.is_chance == bool(np.ptp(vote.failure(rng.random((50, 4)))) < 1e-12)
        flat += vote.is_chance
    assert flat >= 12


def test_a_border_across_goes_on_beyond_the_trials_beside_it():
    rng = np.random.default_rng(0)
    Z = rng.random((30, 3)) * [0.6, 1.0, 1.0]  # nothing is known of the first parameter above 0.6
    vote = fit_feasibility(Z, (Z.sum(axis=1) > 1.5).astype(float), np.full(3, 0.4))
    assert vote.share > 0.5
    X = rng.random((500, 3)) * [0.4, 1.0, 1.0] + [0.6, 0.0, 0.0]
    p, beyond = vote.failure(X), X.sum(axis=1) - 1.5
    assert p[beyond > 0.2].min() > 0.5 > p[beyond < -0.2].max()


def test_a_border_that_is_not_straight_is_left_to_the_votes():
    rng = np.random.default_rng(0)
    Z = rng.random((60, 2))
    vote = fit_feasibility(Z, (((Z - 0.5) ** 2).sum(axis=1) < 0.09).astype(float), np.full(2, 0.3))
    assert vote.share < 0.01


@pytest.mark.parametrize("sharp", [0.0, 0.8])  # without a border, and with one
def test_gradient_matches_finite_differences(sharp):
    rng = np.random.default_rng(2)
    Z, X = rng.random((20, 3)), rng.random((5, 3))
    vote = fit_feasibility(Z, (Z[:, 0] + sharp * Z[:, 1] > 0.6 + 0.5 * sharp).astype(float), np.full(3, 0.4))
    assert (vote.share > 0.1) or not sharp
    value, gradient = vote.log_success(X)
    np.testing.assert_allclose(np.exp(value), 1 - vote.failure(X))
    for c in range(3):
        up, down = X.copy(), X.copy()
        up[:, c] += 1e-6
        down[:, c] -= 1e-6
        expected = (vote.log_success(up)[0] - vote.log_success(down)[0]) / 2e-6
        np.testing.assert_allclose(gradient[:, c], expected, atol=1e-6)


def test_many_trials_cost_no_more_than_the_newest_ones():
    Z = np.random.default_rng(0).random((3000, 2))
    assert len(fit_feasibility(Z, np.zeros(3000), np.ones(2)).scaled) == 1000


def test_risk_is_taken_only_while_few_trials_have_failed():
    assert risk_limit([]) == risk_limit([False]) == risk_limit([True] + [False] * 19) == 0.5
    assert risk_limit([True] + [False] * 9) == 0.3
    assert risk_limit([True]) == risk_limit([True] + [False] * 4) == 0.1


def test_failures_of_the_beginning_are_forgiven():
    assert risk_limit([True] * 30 + [False] * 18) == 0.3
    assert risk_limit([True] * 30 + [False] * 20) == 0.5


def test_a_search_walks_up_to_a_border_without_living_beyond_it():
    rng = np.random.default_rng(0)
    x: list[float] = [0.1]
    for _ in range(59):
        Z = np.array(x)[:, None]
        failed = (Z[:, 0] > 0.5).astype(float)
        vote = fit_feasibility(Z, failed, np.array([0.3]))
        pool = np.sort(rng.random(300))
        safe = vote.failure(pool[:, None]) <= risk_limit((failed > 0).tolist())
        x.append(float(pool[safe][-1] if safe.any() else pool[0]))  # always as far as the limit lets it
    found = np.array(x)
    assert (found > 0.5).mean() < 0.2
    assert 0.5 - found[found <= 0.5].max() < 0.02
