"""scikit-learn's checks of estimators, with the failures that it expects of its own searches only."""

from typing import Any

import pytest

pytest.importorskip("sklearn", minversion="1.9")  # its list of expected failures is there since

from sklearn.base import is_classifier
from sklearn.decomposition import PCA
from sklearn.ensemble import (
    ExtraTreesRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
)
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import RandomizedSearchCV
from sklearn.multioutput import MultiOutputRegressor
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, SVR
from sklearn.utils._test_common.instance_generator import PER_ESTIMATOR_XFAIL_CHECKS
from sklearn.utils.estimator_checks import check_estimator, parametrize_with_checks

import tunesmith as ts
from tunesmith.integrations.sklearn import TunesmithSearchCV

pytestmark = pytest.mark.filterwarnings("default")  # the checks give data that warn

OPTIONS: dict[str, Any] = {"cv": 2, "n_iter": 2, "error_score": "raise", "random_state": 0}
SEARCHES = [
    TunesmithSearchCV(Ridge(), {"alpha": [0.1, 1.0]}, **OPTIONS),
    TunesmithSearchCV(Ridge(), {"alpha": ts.Float(0.1, 1.0)}, racing=True, **{**OPTIONS, "cv": 3}),
    TunesmithSearchCV(
        Pipeline([("pca", PCA()), ("logistic", LogisticRegression())]),
        ts.Space(logistic__C=ts.Float(0.1, 1.0)),
        **OPTIONS,
    ),
    # Their spaces are suggested.
    TunesmithSearchCV(LogisticRegression(), **OPTIONS),
    TunesmithSearchCV(Ridge(), **OPTIONS),
]


def expected(search: Any) -> dict[str, str]:
    failures: dict[str, str] = dict(PER_ESTIMATOR_XFAIL_CHECKS[RandomizedSearchCV])
    if is_classifier(search):
        del failures["check_supervised_y_2d"]  # passes, with RandomizedSearchCV as well
    return failures


@parametrize_with_checks(SEARCHES, expected_failed_checks=expected)  # type: ignore[untyped-decorator]
def test_is_an_estimator(estimator: Any, check: Any) -> None:
    check(estimator)


SEED = {"random_state": 0}
OF_EACH_FAMILY = [
    (RandomForestClassifier(n_estimators=5, **SEED), {"min_samples_leaf": [1, 2]}),
    (ExtraTreesRegressor(n_estimators=5, **SEED), {"min_samples_leaf": [1, 2]}),
    (HistGradientBoostingClassifier(max_iter=5, **SEED), {"max_leaf_nodes": [5, 9]}),
    (HistGradientBoostingRegressor(max_iter=5, **SEED), {"max_leaf_nodes": [5, 9]}),
    (KNeighborsClassifier(), {"p": [1, 2]}),
    (KNeighborsRegressor(), {"p": [1, 2]}),
    (SVC(), {"C": [0.5, 1.0]}),
    (SVR(), {"C": [0.5, 1.0]}),
    (MLPClassifier(max_iter=20, **SEED), {"batch_size": [1, 2]}),  # fails where all weights of a batch are 0
    (MLPRegressor(max_iter=20, **SEED), {"alpha": [0.1, 1.0]}),
    (Pipeline([("scale", StandardScaler()), ("svc", SVC())]), {"svc__C": [0.5, 1.0]}),
    (MultiOutputRegressor(Ridge()), {"estimator__alpha": [0.1, 1.0]}),
    ("lightgbm.LGBMClassifier", {"num_leaves": [5, 9]}),
    ("lightgbm.LGBMRegressor", {"num_leaves": [5, 9]}),
    ("xgboost.XGBClassifier", {"max_depth": [2, 3]}),
    ("xgboost.XGBRegressor", {"max_depth": [2, 3]}),
]


@pytest.mark.slow
@pytest.mark.parametrize(("estimator", "space"), OF_EACH_FAMILY, ids=lambda v: str(v)[:40])
def test_a_suggested_space_fails_no_check_that_scikit_learns_own_search_passes(
    estimator: Any, space: Any
) -> None:
    """Some fail checks by themselves: forests take missing values, which no search declares."""
    if isinstance(estimator, str):
        module, name = estimator.split(".")
        quiet = {"verbose": -1} if module == "lightgbm" else {}
        estimator = getattr(pytest.importorskip(module), name)(n_estimators=5, n_jobs=1, **quiet)
    ours, theirs = (
        {
            check["check_name"]
            for check in check_estimator(search, on_fail=None, on_skip=None)
            if check["status"] == "failed"
        }
        for search in (
            TunesmithSearchCV(estimator, **OPTIONS),
            RandomizedSearchCV(estimator, space, **OPTIONS),
        )
    )
    assert ours <= theirs
