"""XGBoost's callback."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

pytest.importorskip("xgboost")

import xgboost

from tunesmith.errors import ObjectiveError
from tunesmith.integrations.xgboost import report_to
from tunesmith.study.study import Study
from tunesmith.trial import State

RATES = [0.3, 0.2, 0.25, 0.1, 0.15, 1e-4]
OPTIONS = {"objective": "binary:logistic", "nthread": 1, "seed": 0}


def parts(two_classes: Any) -> tuple[Any, Any]:
    X, y = two_classes
    return xgboost.DMatrix(X[:300], y[:300]), xgboost.DMatrix(X[300:], y[300:])


def test_train_reports_each_round_and_stops_when_told(two_classes: Any, run: Callable[..., Study]) -> None:
    train, valid = parts(two_classes)
    trained: list[int] = []

    def objective(config: dict[str, float], trial: Any) -> float:
        log: dict[str, Any] = {}
        booster = xgboost.train(
            {**OPTIONS, "eta": config["rate"], "eval_metric": ["auc", "logloss"]},
            train,
            27,
            evals=[(train, "train"), (valid, "valid")],
            evals_result=log,
            verbose_eval=False,
            callbacks=[report_to(trial, "logloss")],
        )
        trained.append(booster.num_boosted_rounds())
        return float(log["valid"]["logloss"][-1])

    study = run(objective, RATES)
    assert [len(t.reports) for t in study.trials] == trained
    assert study.trials[-1].state is State.STOPPED
    assert trained[-1] < 27
    assert study.trials[0].value == study.trials[0].reports[-1].value


def test_cv_reports_the_mean_with_a_metric_of_ones_own(two_classes: Any, run: Callable[..., Study]) -> None:
    """`cv` hands mean and spread to a callback, `train` one number."""
    train, _ = parts(two_classes)

    def brier(predicted: Any, data: Any) -> tuple[str, float]:
        return "brier", float(np.mean((predicted - data.get_label()) ** 2))

    made: list[Any] = []

    def objective(config: dict[str, float], trial: Any) -> float:
        table = xgboost.cv(
            {**OPTIONS, "eta": config["rate"], "disable_default_eval_metric": True},
            train,
            9,
            nfold=3,
            custom_metric=brier,
            as_pandas=False,
            callbacks=[report_to(trial, "brier")],
        )
        made.append(table["test-brier-mean"])
        return float(table["test-brier-mean"][-1])

    study = run(objective, [0.3], scheduler="none")
    np.testing.assert_allclose([r.value for r in study.trials[0].reports], made[0])


def test_an_estimators_folds_end_once_the_trial_is_stopped(
    two_classes: Any, run: Callable[..., Study]
) -> None:
    """Scikit-learn copies the callback for each fold; all copies belong to the trial."""
    model_selection = pytest.importorskip("sklearn.model_selection")
    X, y = two_classes

    def objective(config: dict[str, float], trial: Any) -> float:
        model = xgboost.XGBClassifier(
            n_estimators=27, learning_rate=config["rate"], n_jobs=1, callbacks=[report_to(trial, "logloss")]
        )
        cuts = (
            model_selection.KFold(3)
            if trial.number == len(RATES) - 1
            else [(np.arange(300), np.arange(300, 400))]
        )
        params = {"eval_set": [(X[300:], y[300:])], "verbose": False}
        scores = model_selection.cross_val_score(
            model, X, y, cv=cuts, params=params, scoring="neg_log_loss", error_score="raise"
        )
        return float(-scores.mean())

    assert run(objective, RATES).trials[-1].state is State.STOPPED


def test_values_of_cv_are_pairs() -> None:
    seen: list[float] = []
    trial = SimpleNamespace(
        number=0, direction="maximize", stop_requested=False, report=lambda value, step: seen.append(value)
    )
    callback = report_to(trial, "auc")
    assert (
        callback.after_iteration(None, 0, {"train": {"auc": [(0.9, 0.1)]}, "test": {"auc": [(0.8, 0.1)]}})
        is False
    )
    assert (
        callback.after_iteration(None, 1, {"train": {"auc": [0.9, 0.9]}, "test": {"auc": [0.8, 0.7]}})
        is False
    )
    assert seen == [0.8, 0.7]


def test_names_that_tell_their_direction_are_checked(two_classes: Any, run: Callable[..., Study]) -> None:
    train, valid = parts(two_classes)

    def objective(config: dict[str, float], trial: Any) -> float:
        xgboost.train(
            {**OPTIONS, "eval_metric": "auc"},
            train,
            5,
            evals=[(valid, "valid")],
            verbose_eval=False,
            callbacks=[report_to(trial)],
        )
        return 0.0

    with pytest.raises(ObjectiveError, match="'valid auc' is good when high, and the study has to minimize"):
        run(objective, [0.1])


@pytest.mark.parametrize("kind", ["dart", "early stopping", "error@0.7", "dash"])
def test_stopping_goes_together_with_the_ways_of_training(
    two_classes: Any, run: Callable[..., Study], kind: str
) -> None:
    """Dropped trees, XGBoost's own early stopping, metrics with a sign in their name, and names by a dash."""
    train, valid = parts(two_classes)
    metric = kind if "@" in kind else "logloss"
    given: dict[str, Any] = {**OPTIONS, "eval_metric": [metric]}
    if kind == "dart":
        given |= {"booster": "dart", "rate_drop": 0.1}

    def objective(config: dict[str, float], trial: Any) -> float:
        log: dict[str, Any] = {}
        xgboost.train(
            {**given, "eta": config["rate"]},
            train,
            24,
            evals=[(train, "train"), (valid, "valid")],
            evals_result=log,
            early_stopping_rounds=20 if kind == "early stopping" else None,
            verbose_eval=False,
            callbacks=[report_to(trial, f"valid-{metric}" if kind == "dash" else metric)],
        )
        return float(log["valid"][metric][-1])

    study = run(objective, RATES)
    assert all(t.failure is None for t in study.trials)
    assert len(study.trials[0].reports) >= 20
    assert study.trials[-1].state is State.STOPPED
    assert study.trials[0].value == study.trials[0].reports[-1].value
