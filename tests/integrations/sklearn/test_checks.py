"""scikit-learn's checks of estimators, with the failures that it expects of its own searches only."""

from typing import Any

import pytest

pytest.importorskip("sklearn")

from sklearn.base import is_classifier
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import RandomizedSearchCV
from sklearn.pipeline import Pipeline
from sklearn.utils._test_common.instance_generator import PER_ESTIMATOR_XFAIL_CHECKS
from sklearn.utils.estimator_checks import parametrize_with_checks

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
]


def expected(search: Any) -> dict[str, str]:
    failures: dict[str, str] = dict(PER_ESTIMATOR_XFAIL_CHECKS[RandomizedSearchCV])
    if is_classifier(search):
        del failures["check_supervised_y_2d"]  # passes, with RandomizedSearchCV as well
    return failures


@parametrize_with_checks(SEARCHES, expected_failed_checks=expected)  # type: ignore[untyped-decorator]
def test_is_an_estimator(estimator: Any, check: Any) -> None:
    check(estimator)
