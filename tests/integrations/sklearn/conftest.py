"""Marks that scikit-learn's own tests carry, and what several tests search."""

from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("sklearn")

from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression
from sklearn.tree import DecisionTreeClassifier

import tunesmith as ts
from tunesmith.integrations.sklearn import TunesmithSearchCV


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "thread_unsafe: of scikit-learn, for runs in threads")


class Fussy(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Fails for some values, and counts how often it is fitted."""

    fits = 0

    def __init__(self, depth: int = 1, bad: tuple[int, ...] = ()) -> None:
        self.depth = depth
        self.bad = bad

    def fit(self, X: Any, y: Any) -> "Fussy":
        type(self).fits += 1
        if self.depth in self.bad:
            raise RuntimeError(f"depth {self.depth} is bad")
        self.tree_ = DecisionTreeClassifier(max_depth=self.depth, random_state=0).fit(X, y)
        self.classes_ = self.tree_.classes_
        return self

    def predict(self, X: Any) -> Any:
        return self.tree_.predict(X)


@pytest.fixture
def fussy() -> type[Fussy]:
    """Class of an estimator that fails for some values; not fitted yet."""
    Fussy.fits = 0
    return Fussy


@pytest.fixture
def a_search() -> Callable[..., TunesmithSearchCV]:
    """Maker of a short search over the C of a logistic regression."""

    def make(**options: Any) -> TunesmithSearchCV:
        space = {"C": ts.Float(1e-3, 1e3, log=True)}
        given: dict[str, Any] = {"space": space, "n_iter": 4, "cv": 3, "random_state": 0}
        return TunesmithSearchCV(**{"estimator": LogisticRegression(max_iter=2000), **given, **options})

    return make
