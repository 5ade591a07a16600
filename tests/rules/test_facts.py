"""Facts of odd tables: each is right, none raises, and a large table is quick."""

import time

import numpy as np
import pandas as pd
import pytest

from tunesmith.errors import DataError
from tunesmith.rules.facts import SAMPLE, facts_of

Y = [0, 0, 1, 1]


def facts(columns, y=Y, task="classification"):
    return facts_of(pd.DataFrame(columns), y, task)


def test_facts_of_a_plain_table():
    frame = pd.DataFrame({"a": [0.0, 1.0, 2.0, np.nan], "b": ["x", "y", "x", None], "c": [1, 1, 1, 1]})
    found = facts_of(frame, [1, 1, 1, 0], "classification")
    assert (found.rows, found.columns, found.numeric, found.categorical) == (4, 3, 2, 1)
    assert (found.max_cardinality, found.constant, found.classes, found.rarest) == (2, 1, 2, 1)
    assert found.missing_share == pytest.approx(2 / 12)
    assert found.sparsity == pytest.approx(1 / 8)
    assert found.imbalance == 3.0
    assert found.values()["categorical_share"] == pytest.approx(1 / 3)


@pytest.mark.parametrize(
    ("column", "numeric", "categorical", "missing", "constant"),
    [
        ([np.nan] * 4, 1, 0, 1.0, 1),
        ([None] * 4, 1, 0, 1.0, 1),
        ([True, False, True, True], 1, 0, 0.0, 0),
        (pd.array([True, None, False, True], dtype="boolean"), 1, 0, 0.25, 0),
        (pd.array([1, None, 3, 4], dtype="Int64"), 1, 0, 0.25, 0),
        (pd.array([1.5, None, 3, 4], dtype="Float64"), 1, 0, 0.25, 0),
        (pd.array(["a", None, "b", "b"], dtype="string"), 0, 1, 0.25, 0),
        (pd.Categorical(["a", "b", None, "a"]), 0, 1, 0.25, 0),
        (pd.Categorical([1, 2, None, 1]), 0, 1, 0.25, 0),
        (pd.to_datetime(["2024-01-01", None, "2024-01-02", "2024-01-03"]), 1, 0, 0.25, 0),
        (pd.to_timedelta([1, 2, None, 4], unit="s"), 1, 0, 0.25, 0),
        (pd.to_datetime(["2024-01-01"] * 4, utc=True), 1, 0, 0.0, 1),
        ([1, "a", 2.5, None], 0, 1, 0.25, 0),
    ],
    ids=lambda v: str(getattr(v, "dtype", v))[:24],
)
def test_every_kind_of_column_is_read(column, numeric, categorical, missing, constant):
    found = facts({"a": column})
    assert (found.numeric, found.categorical) == (numeric, categorical)
    assert found.missing_share == pytest.approx(missing)
    assert found.constant == constant


def test_names_that_are_numbers_or_there_twice_do_not_matter():
    frame = pd.DataFrame([[1.0, 2.0, "a"]] * 4)
    assert facts_of(frame, Y, "classification").columns == 3
    frame.columns = ["a", "a", "a"]
    assert facts_of(frame, Y, "classification").categorical == 1


@pytest.mark.parametrize("rows", [0, 1])
def test_a_table_without_rows_or_with_one(rows):
    frame = pd.DataFrame({"a": np.ones(rows), "b": ["x"] * rows})
    for task, y in (("classification", ["u"] * rows), ("regression", np.ones(rows))):
        found = facts_of(frame, y, task)
        assert found.rows == rows
        assert all(np.isfinite(v) for v in found.values().values() if not isinstance(v, str))


def test_a_table_without_columns():
    found = facts_of(np.empty((4, 0)), Y, "classification")
    assert (found.columns, found.missing_share, found.values()["numeric_share"]) == (0, 0.0, 0.0)


def test_the_target():
    assert facts({"a": Y}, [1.0, 1.0, 1.0, 1.0], "regression").target_skew == 0.0
    assert facts({"a": Y}, [0, 0, 0, 0]).classes == 1
    y = np.append(np.linspace(0, 1, 99), 50.0)
    found = facts_of(np.zeros((100, 1)), y, "regression")
    assert found.target_outliers == pytest.approx(0.01)
    assert found.target_skew > 5
    assert (found.classes, found.rarest, found.imbalance) == (0, 0, 1.0)


def test_repeated_rows_are_counted_with_their_target():
    frame = {"a": [1.0, 1.0, 1.0, np.nan], "b": ["x", "x", "x", "y"]}
    assert facts(frame, [0, 0, 1, 1]).duplicate_share == pytest.approx(0.25)
    assert facts({"a": [np.nan] * 4}, [0, 0, 0, 0]).duplicate_share == pytest.approx(0.75)


def test_shares_of_a_large_table_come_from_a_sample_that_is_always_the_same():
    rng = np.random.default_rng(0)
    X = np.where(rng.random((3 * SAMPLE, 2)) < 0.3, np.nan, 1.0)
    y = rng.integers(0, 2, len(X))
    found = facts_of(X, y, "classification")
    assert found.sampled == SAMPLE
    assert found.missing_share == pytest.approx(0.3, abs=0.02)
    assert found == facts_of(X, y, "classification")


def test_half_a_million_rows_take_moments():
    X = np.zeros((500_000, 50), dtype=np.float32)
    started = time.process_time()
    facts_of(X, np.arange(len(X)) % 2, "classification")
    assert time.process_time() - started < 20.0


def test_what_does_not_belong_together_is_said():
    with pytest.raises(DataError, match="X of shape \\(4, 1\\), y of shape \\(3,\\)"):
        facts_of(np.zeros((4, 1)), [1, 2, 3], "regression")
    with pytest.raises(DataError, match="two axes"):
        facts_of(np.zeros(4), [1, 2, 3, 4], "regression")
