"""A suggested space takes whatever scikit-learn's estimators take, and leaves errors to them."""

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("sklearn")

from scipy import sparse
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_diabetes, load_iris, make_multilabel_classification
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.exceptions import DataConversionWarning
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import MultiOutputRegressor
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import SVC

from tunesmith.integrations.sklearn import TunesmithSearchCV
from tunesmith.integrations.sklearn.seen import facts_seen
from tunesmith.integrations.sklearn.suggested import suggested_space

X, y = load_iris(return_X_y=True)
X_diabetes, y_diabetes = load_diabetes(return_X_y=True)
LOGISTIC = LogisticRegression(max_iter=2000)


def searched(estimator: Any, X: Any, y: Any, **options: Any) -> TunesmithSearchCV:
    given = {"n_iter": 2, "cv": 3, "error_score": "raise", "random_state": 0, **options}
    return TunesmithSearchCV(estimator, **given).fit(X, y)


def best(estimator: Any, X: Any, y: Any) -> float:
    return float(searched(estimator, X, y).best_score_)


class Wrapped:
    """Something that is an array only when asked."""

    def __init__(self, values: Any) -> None:
        self.values = values

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return np.array(self.values, dtype=dtype)

    def __array_function__(self, *args: Any) -> Any:
        raise TypeError("no NumPy functions on this")

    def __len__(self) -> int:
        return len(self.values)


def test_arrays_lists_and_what_can_be_one_give_the_same_search(tmp_path: Path) -> None:
    expected = best(LOGISTIC, X, y)
    np.save(tmp_path / "X.npy", X)
    on_disk = np.load(tmp_path / "X.npy", mmap_mode="r")
    for data, target in ((X.tolist(), y.tolist()), (on_disk, y), (Wrapped(X), Wrapped(y))):
        assert best(LOGISTIC, data, target) == expected


def test_sparse_tables_of_every_kind_are_taken() -> None:
    random = sparse.random(150, 20, 0.2, format="csr", random_state=0)
    expected = best(SVC(), random.toarray(), y)
    for kind in ("csr", "csc", "coo", "lil"):
        assert best(SVC(), random.asformat(kind), y) == pytest.approx(expected)
    assert best(SVC(), sparse.csr_array(random), y) == pytest.approx(expected)
    facts = facts_seen(random, y, is_classifier=True)
    assert (facts.rows, facts.columns, facts.sparsity) == (150, 20, pytest.approx(0.8))
    dense = facts_seen(random.toarray(), y, is_classifier=True)
    assert (dense.rows, dense.columns, dense.sparsity) == (150, 20, pytest.approx(0.8))


def test_gamma_of_a_sparse_table_is_that_of_the_dense_one() -> None:
    random = sparse.random(150, 20, 0.2, format="csr", random_state=0)
    of_sparse, of_dense = (suggested_space(SVC(), data, y) for data in (random, random.toarray()))
    assert of_sparse.space["gamma"].default == pytest.approx(of_dense.space["gamma"].default)


def test_several_outputs_are_judged_by_the_first() -> None:
    two = np.column_stack([y_diabetes, -y_diabetes])
    assert list(searched(Ridge(), X_diabetes, two).space_) == ["alpha"]
    assert list(searched(MultiOutputRegressor(Ridge()), X_diabetes, two).space_) == ["estimator__alpha"]
    labels = make_multilabel_classification(60, random_state=0)
    searched(RandomForestClassifier(3, random_state=0), *labels)
    as_sparse = make_multilabel_classification(60, random_state=0, return_indicator="sparse")
    searched(OneVsRestClassifier(LOGISTIC), *as_sparse)
    one = facts_seen(X_diabetes, two, is_classifier=False)
    assert one == facts_seen(X_diabetes, y_diabetes, is_classifier=False)


def test_a_target_in_one_column_is_warned_of_by_the_estimator_only() -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        searched(RandomForestRegressor(3, random_state=0), X_diabetes, y_diabetes.reshape(-1, 1))
    assert {w.category for w in caught} == {DataConversionWarning}


def test_texts_are_taken_where_the_estimator_takes_them() -> None:
    texts = [("good " if c else "bad ") + str(k % 7) for k, c in enumerate(y == 1)]
    model = make_pipeline(TfidfVectorizer(), LOGISTIC)
    assert best(model, texts, y == 1) > 0.9


@pytest.mark.parametrize("words", [str, object, "category"])
def test_classes_may_be_words(words: Any) -> None:
    pandas = pytest.importorskip("pandas")
    target = pandas.Series(np.array(["setosa", "versicolor", "virginica"])[y]).astype(words)
    assert best(LOGISTIC, X, target) == pytest.approx(best(LOGISTIC, X, y))


def test_a_frame_of_mixed_columns_goes_through_a_pipeline() -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(
        {
            "number": X[:, 2],
            "word": np.where(y == 0, "short", "long"),
            "date": pandas.date_range("2024-01-01", periods=150),
            "none": [None] * 150,
        }
    )
    columns = ColumnTransformer([("n", StandardScaler(), ["number"]), ("w", OneHotEncoder(), ["word"])])
    inner = Pipeline([("scale", StandardScaler(with_mean=False)), ("model", LOGISTIC)])
    search = searched(Pipeline([("columns", columns), ("inner", inner)]), frame, y, n_jobs=2)
    assert list(search.space_) == ["inner__model__C"]
    assert list(search.feature_names_in_) == list(frame.columns)


def test_neighbours_are_never_more_than_rows() -> None:
    search = searched(KNeighborsRegressor(), X_diabetes[:12], y_diabetes[:12], n_iter=4, cv=2)
    assert all(p["n_neighbors"] <= 6 for p in search.cv_results_["params"])


@pytest.mark.filterwarnings("ignore:The least populated class")
@pytest.mark.parametrize(
    ("data", "target", "words"),
    [
        (X, np.linspace(0, 1, 150), "Unknown label type"),
        (X[:1], y[:1], "number of splits n_splits=3 greater than the number of samples: n_samples=1"),
        (np.where(X > 7, np.nan, X), y, "Input X contains NaN"),
        (np.where(X > 7, np.inf, X), y, "Input X contains infinity"),
        (X.astype(complex), y, "Complex data not supported"),
        (X[:, :0], y, r"0 feature\(s\)"),
        ([[{"a": 1}]] * 150, y, "must be a string or a real number"),
        (X, np.zeros(150), "one class"),
        (X, y[:-1], "inconsistent numbers of samples"),
    ],
    ids=["quantities", "one row", "NaN", "infinity", "complex", "no column", "objects", "one class", "rows"],
)
def test_data_that_cannot_be_learnt_from_are_named_by_scikit_learn(
    data: Any, target: Any, words: str
) -> None:
    with pytest.raises((ValueError, TypeError), match=words) as caught:
        searched(LOGISTIC, data, target)
    assert "tunesmith" not in type(caught.value).__module__


def test_a_target_of_words_for_quantities_is_named_by_scikit_learn() -> None:
    with pytest.raises(ValueError, match="could not convert string to float"):
        searched(Ridge(), X, np.array(["a", "b", "c"])[y])


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.FitFailedWarning")
@pytest.mark.filterwarnings("ignore:(Scoring failed|One or more):UserWarning")
@pytest.mark.parametrize(
    ("data", "words"),
    [
        (X + 1j, "Complex data not supported"),
        (sparse.csr_matrix(X + 1j), "Complex data not supported"),
        (X[:, :0], r"0 feature\(s\)"),
        (sparse.csr_matrix(X[:, :0]), r"0 feature\(s\)"),
        (np.where(X > 7, np.inf, X), "Input X contains infinity"),
        (sparse.csr_matrix(np.where(X > 7, np.inf, X)), "contains infinity"),
    ],
    ids=["complex", "complex, sparse", "no column", "no column, sparse", "infinity", "infinity, sparse"],
)
def test_cells_without_a_variance_are_named_by_scikit_learn_only(data: Any, words: str) -> None:
    """The range of gamma is in units of the variance."""
    with pytest.raises(ValueError, match=words):
        searched(SVC(), data, y)


def test_no_rows_are_named_by_scikit_learn() -> None:
    for nothing in (X[:0], sparse.csr_matrix(X[:0])):
        with pytest.raises(ValueError, match=r"n_samples=0|0 sample\(s\)"):
            searched(SVC(), nothing, y[:0])


def test_quantities_beyond_what_can_be_squared_are_no_warning() -> None:
    facts = facts_seen(X, y * 8e307, is_classifier=False)
    assert facts.target_skew == 0.0


@pytest.mark.skipif(not hasattr(np.dtypes, "StringDType"), reason="NumPy 2 has it")
def test_texts_of_any_length_are_classes() -> None:
    words = np.array(["a", "b", "é"] * 50, dtype=np.dtypes.StringDType())
    assert facts_seen(X, words, is_classifier=True).classes == 3
