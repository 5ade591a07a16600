"""Races of TunesmithSearchCV: configs that will hardly win are not fitted on every fold."""

from typing import Any

import numpy as np
import pytest

pytest.importorskip("sklearn")

from joblib import parallel_config
from sklearn.datasets import load_breast_cancer, load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import tunesmith as ts
from tunesmith.integrations.sklearn import TunesmithSearchCV
from tunesmith.trial import State

X, y = load_iris(return_X_y=True)
SPACE = {"C": ts.Float(1e-3, 1e3, log=True)}


def a_race(**options: Any) -> TunesmithSearchCV:
    data = load_breast_cancer(return_X_y=True)
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000))
    space = {"logisticregression__C": ts.Float(1e-6, 10, log=True)}
    given: dict[str, Any] = {"n_iter": 12, "cv": 8, "racing": True, "random_state": 0, "method": "random"}
    return TunesmithSearchCV(model, space, **{**given, **options}).fit(*data)


def test_racing_saves_folds_and_finds_the_same_winner() -> None:
    race, whole = a_race(), a_race(racing=False)
    assert race.cv_results_["params"] == whole.cv_results_["params"]
    assert race.cv_results_["n_splits_run"].sum() < 0.75 * 8 * 12
    assert race.best_index_ == whole.best_index_
    assert race.best_score_ == whole.best_score_
    # What is estimated of the others comes near: within 0.03 of a range of 0.3
    off = np.abs(race.cv_results_["mean_test_score"] - whole.cv_results_["mean_test_score"])
    assert off.max() < 0.1 * np.ptp(whole.cv_results_["mean_test_score"])


def test_results_of_a_race_are_well_formed() -> None:
    results = a_race(return_train_score=True, scoring=["accuracy", "roc_auc"], refit="accuracy").cv_results_
    run = results["n_splits_run"]
    for key in ("test_accuracy", "test_roc_auc", "train_accuracy"):
        scores = np.array([results[f"split{k}_{key}"] for k in range(8)]).T
        np.testing.assert_array_equal((~np.isnan(scores)).sum(axis=1), run)
        assert np.isfinite(results[f"mean_{key}"]).all()
    assert (run < 8).any()
    whole = results["mean_test_accuracy"][run == 8]
    assert results["mean_test_accuracy"][run < 8].max() < whole.max()  # what lost never ranks first
    assert np.isfinite(results["mean_fit_time"]).all()


def test_a_stopped_config_says_why() -> None:
    search = a_race()
    stopped = [t for t in search.study_.trials if t.state is State.STOPPED]
    assert stopped
    assert all(f"stopped at fold {len(t.reports)}: on average" in t.reason for t in stopped)


def test_several_processes_race() -> None:
    with parallel_config(backend="threading"):
        search = a_race(n_jobs=2, n_iter=8)
    assert len(search.cv_results_["params"]) == 8
    assert search.cv_results_["n_splits_run"].min() >= 2
