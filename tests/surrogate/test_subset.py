"""The subset holds the good region and a spread of the rest."""

import numpy as np
import pytest

from tunesmith.surrogate.subset import choose_subset


@pytest.mark.parametrize("n", [3, 100, 101, 150, 5000])
def test_size_is_exact_and_rows_are_distinct(n):
    rng = np.random.default_rng(0)
    kept = choose_subset(rng.random((n, 3)), rng.random(n), 100)
    assert len(kept) == len(set(kept.tolist())) == min(n, 100)


def test_holds_the_best_and_the_worst():
    rng = np.random.default_rng(0)
    y = rng.random(1000)
    kept = choose_subset(rng.random((1000, 3)), y, 100)
    assert set(np.argsort(y)[:25]) <= set(kept.tolist())
    assert y.argmax() in kept


def test_holds_the_neighbours_of_the_best_by_the_given_scale():
    Z = np.random.default_rng(0).random((1000, 2))
    y = np.random.default_rng(1).random(1000)
    kept = choose_subset(Z, y, 100, scale=np.array([1.0, 0.0]))
    nearest = np.argsort(abs(Z[:, 0] - Z[y.argmin(), 0]))[:20]
    assert set(nearest) <= set(kept.tolist())


def test_ties_do_not_matter():
    assert len(choose_subset(np.zeros((500, 2)), np.zeros(500), 60)) == 60
