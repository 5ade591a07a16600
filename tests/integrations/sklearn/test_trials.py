"""Objectives on scikit-learn's estimators."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

pytest.importorskip("sklearn")

from sklearn.base import BaseEstimator
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris, make_multilabel_classification
from sklearn.ensemble import GradientBoostingRegressor, HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression, Ridge, SGDClassifier
from sklearn.model_selection import GroupKFold, KFold
from sklearn.model_selection import cross_val_score as sklearns
from sklearn.multioutput import MultiOutputClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

import tunesmith as ts
from tunesmith.errors import ObjectiveError
from tunesmith.execution.base import Answer, Course
from tunesmith.execution.handle import TrialHandle
from tunesmith.integrations.sklearn import cross_val_score, fit_in_steps
from tunesmith.trial import State

CANCER = load_breast_cancer(return_X_y=True)


def a_trial(direction: str = "maximize", end_at: int = 99, high: int = 5, last: int = 0) -> TrialHandle:
    def send(step: int, value: float) -> Answer:
        return Answer.END if step >= end_at else Answer.CONTINUE

    return TrialHandle(0, 1, {}, course=Course("step", last, None, high), direction=direction, send=send)


# -- cross_val_score -------------------------------------------------------------------------------------


def test_the_mean_is_that_of_scikit_learn() -> None:
    X, y = load_iris(return_X_y=True)
    found = cross_val_score(a_trial(), LogisticRegression(max_iter=500), X, y, cv=4, scoring="f1_macro")
    expected = sklearns(LogisticRegression(max_iter=500), X, y, cv=4, scoring="f1_macro").mean()
    assert found == pytest.approx(expected)


def test_a_setting_that_must_be_stopped_is_stopped_and_does_not_fail() -> None:
    fits: list[int] = []

    def objective(config: dict[str, float], trial: Any) -> float:
        model = make_pipeline(StandardScaler(), SVC(gamma=config["gamma"]))
        value = cross_val_score(trial, model, *CANCER, cv=8)
        fits.append(trial.number)
        return value

    study = ts.Study(
        {"gamma": ts.Float(1e-4, 1e3, log=True)},
        direction="maximize",
        fidelity=ts.Fidelity("fold", 1, 8),
        scheduler="racing",
        seed=0,
    )
    for gamma in (0.02, 1e3):
        study.enqueue({"gamma": gamma})
    study.run(objective, trials=2, progress=False)
    good, bad = study.trials
    assert good.state is State.COMPLETE
    assert bad.state is State.STOPPED
    assert len(bad.reports) < 8


class Broken(BaseEstimator):  # type: ignore[misc]
    def fit(self, X: Any, y: Any) -> None:
        raise RuntimeError("out of luck")


def test_an_error_within_a_fold_is_the_trials_failure() -> None:
    def objective(config: dict[str, float], trial: Any) -> float:
        return cross_val_score(trial, Broken(), *CANCER, cv=3, scoring="accuracy")

    study = ts.Study({"a": ts.Float(0, 1)}, direction="maximize", seed=0)
    study.run(objective, trials=2, max_failures=None, progress=False)
    assert all(t.failure is not None and "out of luck" in t.failure.message for t in study.trials)


def test_folds_are_taken_as_scikit_learn_takes_them() -> None:
    """Generator, pairs, splitter, groups; a generator serves every trial."""
    X, y = load_diabetes(return_X_y=True)

    def generator() -> Iterator[Any]:
        yield from KFold(3).split(X)

    once = generator()
    expected = sklearns(Ridge(), X, y, cv=KFold(3)).mean()
    for cv in (once, once, list(KFold(3).split(X)), KFold(3)):
        assert cross_val_score(a_trial(), Ridge(), X, y, cv=cv) == pytest.approx(expected)
    groups = np.arange(len(y)) % 4
    grouped = sklearns(Ridge(), X, y, cv=GroupKFold(4), groups=groups).mean()
    assert cross_val_score(a_trial(), Ridge(), X, y, cv=GroupKFold(4), groups=groups) == pytest.approx(
        grouped
    )


def test_no_folds_and_a_study_that_minimizes_are_errors() -> None:
    used_up = iter(())
    with pytest.raises(ObjectiveError, match="cv has no folds"):
        cross_val_score(a_trial(), Ridge(), *load_diabetes(return_X_y=True), cv=used_up)
    with pytest.raises(
        ObjectiveError, match=r"good when high, and the study has to minimize\. Use ts\.maximize"
    ):
        cross_val_score(a_trial("minimize"), Ridge(), *load_diabetes(return_X_y=True))
    with pytest.raises(ObjectiveError, match="this is no trial"):
        cross_val_score(Ridge(), a_trial(), *load_diabetes(return_X_y=True))


@pytest.mark.parametrize(
    "scoring",
    [["r2", "explained_variance"], lambda model, X, y: {"r2": model.score(X, y), "explained_variance": 0.0}],
    ids=["list", "function"],
)
def test_several_metrics_are_an_error(scoring: Any) -> None:
    with pytest.raises(
        ObjectiveError, match=r"scoring has several metrics; .* given: r2, explained_variance"
    ):
        cross_val_score(a_trial(), Ridge(), *load_diabetes(return_X_y=True), scoring=scoring)


# -- fit_in_steps ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "size", "count"),
    [
        (RandomForestClassifier(random_state=0), 4, lambda m: len(m.estimators_)),
        (HistGradientBoostingClassifier(random_state=0), 3, lambda m: m.n_iter_),
        (GradientBoostingRegressor(random_state=0), 5, lambda m: len(m.estimators_)),
        (SGDClassifier(random_state=0), 2, lambda m: m.t_ // len(CANCER[0])),
    ],
    ids=["forest", "histogram", "boosting", "sgd"],
)
def test_each_step_trains_so_much_more(model: Any, size: int, count: Any) -> None:
    X, y = CANCER
    seen: list[int] = []

    def score(fitted: Any) -> float:
        seen.append(int(count(fitted)))
        return float(fitted.score(X, y))

    fit_in_steps(a_trial(), model, X, y, score, size=size)
    assert seen == [size * k for k in range(1, 6)]


def test_it_stops_when_told() -> None:
    model = RandomForestClassifier(random_state=0)
    fit_in_steps(a_trial(end_at=2), model, *CANCER, lambda m: m.score(*CANCER), size=3)
    assert len(model.estimators_) == 6


def test_a_trial_that_is_gone_on_with_is_trained_up_to_where_it_was() -> None:
    X, y = CANCER
    whole, resumed = SGDClassifier(random_state=0), SGDClassifier(random_state=0)
    values = [
        fit_in_steps(a_trial(last=k), m, X, y, lambda m: m.score(X, y)) for k, m in ((0, whole), (3, resumed))
    ]
    assert values[0] == values[1]
    np.testing.assert_array_equal(whole.coef_, resumed.coef_)


@pytest.mark.parametrize(
    "model",
    [MLPClassifier((5,), random_state=0), MultiOutputClassifier(SGDClassifier(random_state=0))],
    ids=["network", "one for each"],
)
def test_several_targets_are_trained_in_steps(model: Any) -> None:
    X, y = make_multilabel_classification(n_classes=3, random_state=0)
    fit_in_steps(a_trial(high=2), model, X, y, lambda m: m.score(X, y))
    assert model.predict(X).shape == y.shape


@pytest.mark.parametrize("size", [0, -1, 0.5, True, None])
def test_a_step_is_one_pass_at_least(size: Any) -> None:
    with pytest.raises(ObjectiveError, match="size of fit_in_steps; allowed: a whole number above 0"):
        fit_in_steps(a_trial(), GaussianNB(), *CANCER, lambda m: 0.0, size=size)


def test_classes_that_come_late_are_known_from_the_start() -> None:
    X, y = load_iris(return_X_y=True)
    assert fit_in_steps(a_trial(high=1), GaussianNB(), X, y, lambda m: m.score(X, y)) > 0.9


@pytest.mark.parametrize(
    "model", [SVC(), LogisticRegression(warm_start=True), Ridge()], ids=lambda m: type(m).__name__
)
def test_what_cannot_be_trained_in_steps_says_so(model: Any) -> None:
    with pytest.raises(ObjectiveError, match=f"{type(model).__name__} cannot be trained in steps"):
        fit_in_steps(a_trial(), model, *CANCER, lambda m: 0.0)


def test_a_score_that_is_no_number_is_no_bad_config() -> None:
    with pytest.raises(ObjectiveError, match="the score of fit_in_steps is None; allowed: a number"):
        fit_in_steps(a_trial(), GaussianNB(), *CANCER, lambda m: None)  # type: ignore[arg-type,return-value]
