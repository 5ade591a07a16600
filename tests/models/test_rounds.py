"""How many rounds count: a fold has no say in its own."""

import numpy as np

from tunesmith.models.folds import make_folds
from tunesmith.models.rounds import best_round, others_of, rounds_from_others


def test_best_round_is_the_lowest_mean_counted_from_one():
    assert best_round([np.array([3.0, 1.0, 2.0])]) == 2
    assert best_round([np.array([3.0, 1.0, 2.0]), np.array([3.0, 2.5, 0.0])]) == 3
    assert best_round([np.array([1.0, 1.0])]) == 1


def test_a_curve_that_ended_is_held_at_its_last_value():
    assert best_round([np.array([3.0, 1.0, 1.5]), np.array([3.0, 2.0, 2.0, 1.9, 1.0])]) == 5


def test_curves_of_nan_do_not_choose():
    assert best_round([np.array([np.nan, np.nan])]) == 1
    assert best_round([np.array([np.nan, 2.0, 1.0])]) == 3


def test_a_folds_own_curve_has_no_say():
    rng = np.random.default_rng(0)
    curves = [rng.random(50) for _ in range(5)]
    others = [[j for j in range(5) if j != i] for i in range(5)]
    chosen = rounds_from_others(curves, others)
    for i in range(5):
        changed = [c if j != i else rng.random(80) for j, c in enumerate(curves)]
        assert rounds_from_others(changed, others)[i] == chosen[i]
    assert rounds_from_others(curves[:1], [[]]) == [best_round(curves[:1])]


def test_folds_that_score_the_same_rows_have_no_say_either(binary):
    assert others_of(make_folds(binary, 3, repeats=2)) == [[1, 2], [0, 2], [0, 1], [4, 5], [3, 5], [3, 4]]
    rows = np.arange(10)
    assert others_of([(rows[:5], rows[5:])]) == [[]]
