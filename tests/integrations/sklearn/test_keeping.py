"""TunesmithSearchCV with a store: fitting again goes on, and what contradicts is refused."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("sklearn")

from sklearn.datasets import load_iris, make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

import tunesmith as ts
from tunesmith.errors import StudyError, StudyMismatch
from tunesmith.integrations.sklearn import TunesmithSearchCV
from tunesmith.trial import State

X, y = load_iris(return_X_y=True)
SPACE = {"C": ts.Float(1e-3, 1e3, log=True)}


def test_fitting_again_with_a_store_goes_on(fussy: Any, tmp_path: Path) -> None:
    options: dict[str, Any] = {"store": tmp_path / "tune.db", "cv": 3}
    space = {"depth": ts.Int(1, 30)}
    first = TunesmithSearchCV(fussy(), space, n_iter=4, random_state=0, **options).fit(X, y)
    fussy.fits = 0
    second = TunesmithSearchCV(fussy(), space, n_iter=7, **options).fit(X, y)
    assert fussy.fits == 3 * 3 + 1
    for key in ("split0_test_score", "mean_test_score", "mean_fit_time"):
        np.testing.assert_array_equal(second.cv_results_[key][:4], first.cv_results_[key])
    straight = TunesmithSearchCV(fussy(), space, n_iter=7, random_state=0, cv=3).fit(X, y)
    assert second.cv_results_["params"] == straight.cv_results_["params"]


def test_a_search_that_was_done_is_there_at_the_cost_of_one_fold(fussy: Any, tmp_path: Path) -> None:
    options: dict[str, Any] = {"n_iter": 4, "cv": 3, "store": tmp_path / "tune.db", "random_state": 0}
    first = TunesmithSearchCV(fussy(), {"depth": ts.Int(1, 30)}, **options).fit(X, y)
    fussy.fits = 0
    again = TunesmithSearchCV(fussy(), {"depth": ts.Int(1, 30)}, **options).fit(X, y)
    assert fussy.fits == 2  # one fold, and the refit
    assert again.best_params_ == first.best_params_
    np.testing.assert_array_equal(again.cv_results_["mean_test_score"], first.cv_results_["mean_test_score"])


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.FitFailedWarning")
@pytest.mark.filterwarnings("ignore:One or more of the test scores are non-finite")
def test_a_race_and_a_failure_are_kept_too(fussy: Any, tmp_path: Path) -> None:
    X, y = make_classification(200, flip_y=0.2, random_state=0)
    options: dict[str, Any] = {"cv": 5, "racing": True, "store": tmp_path / "tune.db", "random_state": 0}
    space = {"depth": [1, 2, 3, 4, 5, 6, 9]}
    first = TunesmithSearchCV(fussy(bad=(9,)), space, n_iter=7, **options).fit(X, y)
    again = TunesmithSearchCV(fussy(bad=(9,)), space, n_iter=7, **options).fit(X, y)
    for key in ("n_splits_run", "mean_test_score", "split4_test_score", "rank_test_score"):
        np.testing.assert_array_equal(again.cv_results_[key], first.cv_results_[key])


class Halves:
    """A splitter without a text of its own."""

    def split(self, X: Any, y: Any = None, groups: Any = None) -> Any:
        return KFold(2, shuffle=True, random_state=0).split(X)

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        return 2


@pytest.mark.parametrize("part", ["scoring", "several", "estimator", "cv", "shuffled"])
def test_what_python_tells_apart_by_its_place_in_memory_goes_on(part: str, tmp_path: Path) -> None:
    kept = []

    def options() -> dict[str, Any]:
        """As another process would make them: the same code, other objects."""

        def score(model: Any, X: Any, y: Any) -> float:
            return float(model.score(X, y))

        doubled = make_pipeline(FunctionTransformer(lambda X: 2 * X), LogisticRegression(max_iter=5000))
        made: dict[str, Any] = {
            "scoring": {"scoring": score},
            "several": {"scoring": {"a": score}, "refit": "a"},
            "estimator": {"estimator": doubled, "space": {"logisticregression__C": [0.1, 1, 10]}},
            "cv": {"cv": Halves()},
            "shuffled": {"cv": KFold(3, shuffle=True, random_state=np.random.RandomState(0))},
        }
        kept.append(made)  # so that no two have the same place
        return {"estimator": LogisticRegression(max_iter=5000), "space": SPACE, "cv": 3, **made[part]}

    for n_iter in (2, 3):
        search = TunesmithSearchCV(**options(), n_iter=n_iter, store=tmp_path / "tune.db").fit(X, y)
        assert len(search.cv_results_["params"]) == n_iter


@pytest.mark.parametrize("change", ["data", "folds", "scoring", "estimator"])
def test_other_data_folds_or_scoring_are_refused(a_search: Any, change: str, tmp_path: Path) -> None:
    a_search(store=tmp_path / "tune.db").fit(X, y)
    other = a_search(store=tmp_path / "tune.db")
    data = (X[:-1], y[:-1]) if change == "data" else (X, y)
    changes: dict[str, Any] = {"folds": {"cv": 4}, "scoring": {"scoring": "f1_macro"}}
    other.set_params(**changes.get(change, {}))
    if change == "estimator":
        other.set_params(estimator__max_iter=3000)
    with pytest.raises(StudyMismatch, match=change):
        other.fit(*data)


def test_other_weights_are_refused_and_the_same_go_on(a_search: Any, tmp_path: Path) -> None:
    weights = np.linspace(1, 2, len(X))
    first = a_search(store=tmp_path / "tune.db").fit(X, y, sample_weight=weights)
    again = a_search(store=tmp_path / "tune.db", n_iter=5).fit(X, y, sample_weight=weights.copy())
    assert again.cv_results_["params"][:4] == first.cv_results_["params"]
    for other in ({}, {"sample_weight": weights[::-1]}):
        with pytest.raises(StudyMismatch, match=r"another set of weights or groups; .*sample_weight"):
            a_search(store=tmp_path / "tune.db").fit(X, y, **other)


@pytest.mark.parametrize("metrics", [{}, {"scoring": ["accuracy", "f1_macro"], "refit": "f1_macro"}])
def test_scores_of_learning_may_be_asked_for_later_or_no_more(
    a_search: Any, metrics: Any, tmp_path: Path
) -> None:
    name = "mean_train_" + metrics.get("refit", "score")
    a_search(store=tmp_path / "tune.db", **metrics).fit(X, y)
    later = a_search(store=tmp_path / "tune.db", n_iter=6, return_train_score=True, **metrics)
    with pytest.warns(UserWarning, match="One or more of the train scores are non-finite"):
        later.fit(X, y)
    assert np.isnan(later.cv_results_[name]).tolist() == 4 * [True] + 2 * [False]
    more = a_search(store=tmp_path / "tune.db", n_iter=7, **metrics).fit(X, y)
    assert name not in more.cv_results_
    assert len(more.cv_results_["params"]) == 7


def test_another_space_is_said_and_earlier_results_are_used_where_they_fit(
    a_search: Any, tmp_path: Path
) -> None:
    first = a_search(store=tmp_path / "tune.db").fit(X, y)
    wider = a_search(store=tmp_path / "tune.db", space={"C": ts.Float(1e-4, 1e3, log=True)}, n_iter=5)
    with pytest.warns(UserWarning, match=r"The space has changed: .* 4 of 4 earlier trials fit"):
        wider.fit(X, y)
    np.testing.assert_array_equal(
        wider.cv_results_["mean_test_score"][:4], first.cv_results_["mean_test_score"]
    )


def test_what_a_later_constraint_forbids_is_not_chosen(a_search: Any, tmp_path: Path) -> None:
    space = ts.Space(C=ts.Float(1e-3, 1e3, log=True))
    first = a_search(store=tmp_path / "tune.db", space=space).fit(X, y)
    best = first.best_params_["C"]
    allowed = ts.Space(C=ts.Float(1e-3, 1e3, log=True)).require(f"C < {best}")
    again = a_search(store=tmp_path / "tune.db", space=allowed, n_iter=6)
    with pytest.warns(UserWarning, match="new constraint C < "):
        again.fit(X, y)
    assert max(params["C"] for params in again.cv_results_["params"]) < best
    assert again.best_params_ == again.study_.best.config


def test_scores_that_are_gone_are_missed_in_words(a_search: Any, tmp_path: Path) -> None:
    a_search(store=tmp_path / "tune.db").fit(X, y)
    gone, empty, cut, other = sorted(tmp_path.rglob("folds-*.json"))
    gone.unlink()
    empty.write_text("")  # the machine went down before it was on disk
    cut.write_text(cut.read_text()[:30])
    other.unlink()
    with pytest.warns(UserWarning, match="the scores by fold of 4 earlier trials are gone"):
        more = a_search(store=tmp_path / "tune.db", n_iter=6).fit(X, y)
    assert len(more.cv_results_["params"]) == 2
    for file in tmp_path.rglob("folds-*.json"):
        file.unlink()
    with pytest.warns(UserWarning, match="6 earlier"), pytest.raises(StudyError, match="no scores by fold"):
        a_search(store=tmp_path / "tune.db", n_iter=6).fit(X, y)


class Interrupted(LogisticRegression):  # type: ignore[misc]
    def fit(self, X: Any, y: Any) -> "Interrupted":
        raise KeyboardInterrupt


def test_what_is_interrupted_is_run_again(tmp_path: Path) -> None:
    store = tmp_path / "tune.db"
    with pytest.raises(KeyboardInterrupt):
        TunesmithSearchCV(Interrupted(), SPACE, n_iter=2, store=store, random_state=0).fit(X, y)
    assert [t.state for t in ts.Study.open(store).trials] == [State.WAITING]
