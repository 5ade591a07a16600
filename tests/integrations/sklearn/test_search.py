"""TunesmithSearchCV: what it does beyond scikit-learn's own tests of its searches."""

import pickle
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("sklearn")

from joblib import parallel_config
from scipy.stats import loguniform
from sklearn import config_context
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_iris
from sklearn.exceptions import FitFailedWarning
from sklearn.kernel_ridge import KernelRidge
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import accuracy_score, make_scorer
from sklearn.model_selection import GroupKFold, KFold, ShuffleSplit, TimeSeriesSplit, cross_val_score
from sklearn.tree import DecisionTreeClassifier

import tunesmith as ts
from tunesmith.errors import OptionError, StudyError
from tunesmith.integrations.sklearn import TunesmithSearchCV
from tunesmith.trial import State

X, y = load_iris(return_X_y=True)
SPACE = {"C": ts.Float(1e-3, 1e3, log=True)}


# -- what it searches ------------------------------------------------------------------------------------


def test_values_are_plain_and_those_of_the_space(a_search: Any) -> None:
    search = a_search().fit(X, y)
    values = [p["C"] for p in search.cv_results_["params"]]
    assert all(type(v) is float and 1e-3 <= v <= 1e3 for v in values)
    assert search.best_params_ == search.study_.best.config
    assert search.best_score_ == search.study_.best.value


def test_a_distribution_of_scipy_and_a_list_are_a_space(a_search: Any) -> None:
    search = a_search(space={"C": loguniform(0.1, 10), "fit_intercept": [True, False]}).fit(X, y)
    assert isinstance(search.space_["C"], ts.Float)
    assert search.space_["C"].log
    assert all(0.1 <= p["C"] <= 10 for p in search.cv_results_["params"])


def test_a_list_of_dicts_gives_each_config_the_parameters_of_one() -> None:
    space = [{"max_depth": [1, 2]}, {"min_samples_leaf": [1, 5, 9]}]
    with pytest.warns(UserWarning, match="the space is used up before n_iter is reached"):
        search = TunesmithSearchCV(DecisionTreeClassifier(), space, n_iter=20, random_state=0).fit(X, y)
    tried = [tuple(p.items()) for p in search.cv_results_["params"]]
    depths, leaves = [("max_depth", v) for v in (1, 2)], [("min_samples_leaf", v) for v in (1, 5, 9)]
    assert sorted(tried) == sorted((pair,) for pair in depths + leaves)


def test_a_conditional_space_leaves_out_what_is_inactive() -> None:
    space = ts.Space(
        criterion=ts.Choice(["gini", "entropy"]), max_depth=ts.Int(1, 5, when={"criterion": "gini"})
    )
    search = TunesmithSearchCV(DecisionTreeClassifier(), space, n_iter=6, random_state=0).fit(X, y)
    assert all(("max_depth" in p) == (p["criterion"] == "gini") for p in search.cv_results_["params"])
    assert np.ma.is_masked(search.cv_results_["param_max_depth"])


def test_the_same_seed_gives_the_same_search(a_search: Any) -> None:
    one, other = a_search().fit(X, y), clone(a_search()).fit(X, y)
    assert one.cv_results_["params"] == other.cv_results_["params"]
    assert one.cv_results_["params"] != a_search(random_state=1).fit(X, y).cv_results_["params"]


@pytest.mark.slow
def test_processes_fit_what_one_would(a_search: Any) -> None:
    search, alone = a_search(n_jobs=2, cv=4).fit(X, y), a_search(cv=4).fit(X, y)
    np.testing.assert_array_equal(search.cv_results_["mean_test_score"], alone.cv_results_["mean_test_score"])


def test_several_configs_are_fitted_at_once_and_all_are_there(a_search: Any) -> None:
    with parallel_config(backend="threading"):
        search = a_search(n_jobs=4, n_iter=5, cv=3).fit(X, y)
    assert len(search.cv_results_["params"]) == 5
    assert search.best_score_ == search.cv_results_["mean_test_score"].max()


def test_the_estimator_as_it_is_comes_first_where_it_lies_within_the_space(a_search: Any) -> None:
    model = LogisticRegression(C=7.0, max_iter=2000)
    first = a_search(estimator=model).fit(X, y).cv_results_["params"][0]
    assert first == {"C": 7.0}
    own = {"C": ts.Float(1e-3, 1e3, log=True, default=2.0)}
    assert a_search(estimator=model, space=own).fit(X, y).cv_results_["params"][0] == {"C": 2.0}
    outside = a_search(estimator=model, space={"C": ts.Float(1e-3, 1.0, log=True)}).fit(X, y)
    assert all(p["C"] <= 1.0 for p in outside.cv_results_["params"])


def test_lines_tell_how_each_config_did(a_search: Any, capsys: pytest.CaptureFixture[str]) -> None:
    search = a_search(n_iter=3, racing=True, cv=5, verbose=1, method="random").fit(X, y)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3  # and none of scikit-learn's own, which would come for every fold
    assert lines[0].startswith("1 of 3: trial 0, 0.9")
    assert f"best so far {search.best_score_:.6g} (trial {search.best_index_})" in lines[-1]
    assert search.verbose == 1
    a_search(n_iter=2, verbose=2).fit(X, y)
    assert capsys.readouterr().out.count("[CV] END") == 6


# -- how it ends -----------------------------------------------------------------------------------------


def test_no_limit_is_an_error(a_search: Any) -> None:
    with pytest.raises(OptionError, match="there is no limit; allowed: n_iter, timeout, or both"):
        a_search(n_iter=None).fit(X, y)


def test_time_ends_it_after_the_config_in_hand(a_search: Any) -> None:
    search = a_search(n_iter=None, timeout="300ms").fit(X, y)
    assert 1 <= len(search.cv_results_["params"]) < 300
    assert len(a_search(n_iter=None, timeout=1e-9).fit(X, y).cv_results_["params"]) == 1


# -- folds -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "cv",
    [
        KFold(3, shuffle=True, random_state=0).split(X),
        list(KFold(3, shuffle=True, random_state=0).split(X)),
        KFold(3, shuffle=True, random_state=0),
    ],
    ids=["generator", "pairs", "splitter"],
)
def test_every_config_has_the_folds_that_were_given(a_search: Any, cv: Any) -> None:
    search = a_search(cv=cv).fit(X, y)
    model = LogisticRegression(max_iter=2000, **search.best_params_)
    expected = cross_val_score(model, X, y, cv=KFold(3, shuffle=True, random_state=0))
    found = [search.cv_results_[f"split{k}_test_score"][search.best_index_] for k in range(3)]
    np.testing.assert_allclose(found, expected)


def test_a_generator_of_folds_lasts_for_several_fits(a_search: Any) -> None:
    search = a_search(cv=KFold(3, shuffle=True, random_state=0).split(X), n_iter=2)
    first = search.fit(X, y).cv_results_["split2_test_score"]
    np.testing.assert_array_equal(search.fit(X, y).cv_results_["split2_test_score"], first)


def test_a_splitter_with_randomness_of_its_own_splits_once(a_search: Any) -> None:
    space = {"C": [1.0], "max_iter": [2000, 2001]}  # the same model twice
    search = a_search(space=space, cv=ShuffleSplit(3), n_iter=2).fit(X, y)
    scores = np.array([search.cv_results_[f"split{k}_test_score"] for k in range(3)])
    np.testing.assert_array_equal(scores[:, 0], scores[:, 1])


def test_groups_and_time_series_reach_the_splitter(a_search: Any) -> None:
    groups = np.arange(len(y)) % 7
    search = a_search(cv=GroupKFold(7), n_iter=2).fit(X, y, groups=groups)
    assert search.n_splits_ == 7
    rows = np.random.default_rng(0).permutation(len(y))
    assert a_search(cv=TimeSeriesSplit(4), n_iter=2).fit(X[rows], y[rows]).n_splits_ == 4


# -- scores ----------------------------------------------------------------------------------------------


def test_of_several_metrics_the_search_follows_the_one_of_refit(a_search: Any) -> None:
    search = a_search(scoring={"acc": "accuracy", "loss": "neg_log_loss"}, refit="loss").fit(X, y)
    assert search.study_.best.value == pytest.approx(search.cv_results_["mean_test_loss"].max())
    assert search.best_index_ == search.cv_results_["mean_test_loss"].argmax()


def test_a_function_may_choose_the_config(a_search: Any) -> None:
    def simplest(results: dict[str, Any]) -> int:
        good = results["mean_test_score"] >= results["mean_test_score"].max() - 0.05
        return int(np.flatnonzero(good)[np.argmin(results["param_C"][good])])

    search = a_search(n_iter=8, refit=simplest).fit(X, y)
    assert search.best_params_ == search.cv_results_["params"][search.best_index_]
    assert search.best_params_ == {"C": search.best_estimator_.C}


def test_weights_and_groups_are_split_with_the_rows(a_search: Any) -> None:
    """Also fold by fold, where each is looked at on its own."""
    weights, groups = np.linspace(0, 1, 150), np.arange(150) % 5
    for racing in (False, True):
        search = a_search(cv=GroupKFold(3), racing=racing, error_score="raise", n_iter=2)
        search.fit(X, y, sample_weight=weights, groups=groups)
        assert search.n_splits_ == 3


def test_metadata_goes_where_it_was_asked_for(a_search: Any) -> None:
    with config_context(enable_metadata_routing=True):
        scoring = make_scorer(accuracy_score).set_score_request(sample_weight=True)
        model = LogisticRegression(max_iter=2000).set_fit_request(sample_weight=False)
        search = a_search(estimator=model, scoring=scoring, cv=GroupKFold(3), racing=True)
        weights = np.r_[np.ones(75), np.zeros(75)]
        search.fit(X, y, sample_weight=weights, groups=np.arange(150) % 5)
        fold = GroupKFold(3).split(X, y, groups=np.arange(150) % 5)
        train, test = next(iter(fold))
        model.set_params(**search.best_params_).fit(X[train], y[train])
        expected = accuracy_score(y[test], model.predict(X[test]), sample_weight=weights[test])
    assert search.cv_results_["split0_test_score"][search.best_index_] == pytest.approx(expected)


# -- failures --------------------------------------------------------------------------------------------


def test_a_config_that_fails_does_not_end_the_search(fussy: Any) -> None:
    with (
        pytest.warns(UserWarning, match="non-finite"),
        pytest.warns(FitFailedWarning, match="3 fits .* of 12"),
    ):
        search = TunesmithSearchCV(fussy(bad=(3,)), {"depth": [1, 2, 3, 4]}, n_iter=4, cv=3).fit(X, y)
    failed = [p["depth"] == 3 for p in search.cv_results_["params"]]
    assert np.isnan(search.cv_results_["mean_test_score"][failed]).all()
    assert list(search.cv_results_["rank_test_score"][failed]) == [4]
    assert [t.state is State.FAILED for t in search.study_.trials] == failed
    failure = next(t.failure for t in search.study_.trials if t.failure)
    assert "depth 3 is bad" in failure.message


@pytest.mark.filterwarnings("ignore:One or more of the test scores are non-finite")
def test_only_failures_end_it_with_the_first_error(fussy: Any) -> None:
    search = TunesmithSearchCV(
        fussy(bad=tuple(range(1, 51))), {"depth": ts.Int(1, 50)}, n_iter=40, cv=3, random_state=0
    )
    with pytest.raises(ValueError, match=r"All the 30 fits failed[\s\S]*is bad"):
        search.fit(X, y)
    assert fussy.fits == 30  # 10 configs


@pytest.mark.filterwarnings("ignore:One or more of the test scores are non-finite")
def test_an_infinite_score_is_never_the_best(a_search: Any) -> None:
    def scoring(model: Any, X: Any, y: Any) -> float:
        return np.inf if model.C > 1 else float(model.score(X, y))

    search = a_search(scoring=scoring, n_iter=8).fit(X, y)
    assert any(params["C"] > 1 for params in search.cv_results_["params"])
    assert search.best_params_ == search.study_.best.config
    assert np.isfinite(search.best_score_)


@pytest.mark.parametrize("score", [np.nan, np.inf, -np.inf])
def test_no_score_at_all_is_an_error_and_soon(a_search: Any, score: float) -> None:
    with pytest.raises(StudyError, match="none of 10 configs has a finite score over all folds"):
        a_search(scoring=lambda model, X, y: score, n_iter=40).fit(X, y)


class FailsOnTheLastRow(LogisticRegression):  # type: ignore[misc]
    """Fails in all folds but the one that holds the last row back."""

    def fit(self, X: Any, y: Any) -> "FailsOnTheLastRow":
        if len(X) < 150 and np.array_equal(X[-1], [5.9, 3.0, 5.1, 1.8]):
            raise RuntimeError("no such class")
        super().fit(X, y)
        return self


def test_one_fold_that_always_fails_is_named(a_search: Any) -> None:
    with pytest.raises(StudyError, match=r"finite score over all folds[\s\S]*no such class"):
        a_search(estimator=FailsOnTheLastRow(max_iter=2000), n_iter=10).fit(X, y)


def test_raise_gives_the_error_as_it_is(fussy: Any) -> None:
    search = TunesmithSearchCV(fussy(bad=(1,)), {"depth": [1]}, n_iter=1, error_score="raise")
    with pytest.raises(RuntimeError, match="depth 1 is bad"):
        search.fit(X, y)


# -- as an object ----------------------------------------------------------------------------------------


def test_a_fitted_search_can_be_pickled_less_a_study_in_memory(a_search: Any, tmp_path: Path) -> None:
    search = a_search().fit(X, y)
    copy = pickle.loads(pickle.dumps(search))
    np.testing.assert_array_equal(copy.predict(X), search.predict(X))
    assert not hasattr(copy, "study_")
    assert len(search.study_.trials) == 4
    stored = a_search(store=tmp_path / "tune.db").fit(X, y)
    assert len(pickle.loads(pickle.dumps(stored)).study_.trials) == 4


def test_it_can_be_nested_in_a_cross_validation(a_search: Any) -> None:
    scores = cross_val_score(a_search(), X, y, cv=3)
    assert scores.min() > 0.85


def test_what_was_given_is_not_changed() -> None:
    space = ts.Space(alpha=ts.Float(0.1, 1.0)).require("alpha < 0.9")
    before = pickle.dumps(space)
    search = TunesmithSearchCV(Ridge(), space, n_iter=3, cv=2, random_state=0).fit(X, y)
    assert pickle.dumps(space) == before
    assert all(p["alpha"] < 0.9 for p in search.cv_results_["params"])


def test_it_warns_of_nothing_where_all_is_well(a_search: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        a_search().fit(X, y)


def test_it_needs_fewer_configs_than_drawing_at_random() -> None:
    X, y = (part[:200] for part in load_diabetes(return_X_y=True))
    space = {"alpha": ts.Float(1e-5, 1e3, log=True), "gamma": ts.Float(1e-5, 1e3, log=True)}
    won = 0
    for seed in range(5):
        options: dict[str, Any] = {"n_iter": 12, "cv": 3, "random_state": seed}
        auto, drawn = (
            TunesmithSearchCV(KernelRidge(kernel="rbf"), space, method=method, **options).fit(X, y)
            for method in ("auto", "random")
        )
        won += auto.best_score_ > drawn.best_score_
    assert won >= 4  # of 5
