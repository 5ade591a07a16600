"""Folds: fixed by the seed, even over classes, whole over groups, and the user's own."""

import numpy as np
import pandas as pd
import pytest

from tunesmith.errors import DataError, OptionError
from tunesmith.models.data import prepare
from tunesmith.models.folds import make_folds


def data(y, **columns):
    rng = np.random.default_rng(0)
    return pd.DataFrame({"x": rng.normal(size=len(y)), **columns, "y": y})


def scored_rows(folds):
    return [rows.tolist() for _, rows in folds]


def test_each_row_is_scored_once_a_repeat_and_never_learnt_from_there(dataset):
    folds = make_folds(dataset, 4, 3, seed=1)
    assert len(folds) == 12
    for repeat in range(3):
        part = folds[4 * repeat : 4 * repeat + 4]
        assert sorted(np.concatenate([s for _, s in part])) == list(range(len(dataset)))
        for train, scored in part:
            assert sorted([*train, *scored]) == list(range(len(dataset)))


def test_the_seed_alone_decides(binary):
    first = scored_rows(make_folds(binary, 5, seed=3))
    assert first == scored_rows(make_folds(binary, 5, seed=3))
    assert first != scored_rows(make_folds(binary, 5, seed=4))
    assert first == scored_rows(make_folds(binary, 5, repeats=2, seed=3))[:5]
    repeats = make_folds(binary, 5, repeats=2, seed=3)
    assert scored_rows(repeats[:5]) != scored_rows(repeats[5:])


def test_classes_and_rows_are_spread_evenly():
    dataset = prepare(data(["a"] * 71 + ["b"] * 21 + ["c"] * 9), "y")
    folds = make_folds(dataset, 5, seed=0)
    counts = np.array([np.bincount(dataset.y[scored], minlength=3) for _, scored in folds])
    assert (np.ptp(counts, axis=0) <= 1).all()
    assert np.ptp(counts.sum(axis=1)) <= 1


def test_a_class_with_fewer_rows_than_folds_is_always_learnt_from():
    dataset = prepare(data(["a"] * 50 + ["rare"] * 2), "y")
    assert all((dataset.y[train] == 1).any() for train, _ in make_folds(dataset, 5, seed=0))


@pytest.mark.parametrize("y", [["a", "b"] * 30, list(np.linspace(0, 1, 60))])
def test_groups_stay_together(y):
    dataset = prepare(data(y, g=[f"g{k // 5}" for k in range(60)]), "y", groups="g")
    folds = make_folds(dataset, 4, 2, seed=0)
    for train, scored in folds:
        assert not set(dataset.groups[train]) & set(dataset.groups[scored])
    assert scored_rows(folds[:4]) != scored_rows(folds[4:])
    with pytest.raises(DataError, match="too few groups for 20 folds"):
        make_folds(dataset, 20)


def test_too_few_rows_or_folds_are_refused():
    dataset = prepare(data(list(np.linspace(0, 1, 9))), "y")
    assert len(make_folds(dataset, 4)) == 4
    with pytest.raises(DataError, match=r"too few rows for 5 folds; allowed: 10 rows or more; given: 9 rows"):
        make_folds(dataset, 5)
    for k, repeats in [(1, 1), (5, 0)]:
        with pytest.raises(OptionError, match=f"k={k}, repeats={repeats}"):
            make_folds(dataset, k, repeats)
