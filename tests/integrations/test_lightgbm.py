"""LightGBM's callback."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

pytest.importorskip("lightgbm")

import lightgbm

from tunesmith.errors import ObjectiveError
from tunesmith.integrations.lightgbm import report_to
from tunesmith.study.study import Study
from tunesmith.trial import State

RATES = [0.3, 0.2, 0.25, 0.1, 0.15, 1e-4]
OPTIONS = {
    "objective": "binary",
    "metric": ["auc", "binary_logloss"],
    "verbose": -1,
    "num_threads": 1,
    "seed": 0,
}


def parts(two_classes: Any) -> tuple[Any, Any]:
    X, y = two_classes
    train = lightgbm.Dataset(X[:300], y[:300], free_raw_data=False)
    return train, lightgbm.Dataset(X[300:], y[300:], reference=train, free_raw_data=False)


def test_train_reports_each_round_and_stops_when_told(two_classes: Any, run: Callable[..., Study]) -> None:
    train, valid = parts(two_classes)
    trained: list[int] = []

    def objective(config: dict[str, float], trial: Any) -> float:
        booster = lightgbm.train(
            {**OPTIONS, "learning_rate": config["rate"]},
            train,
            27,
            valid_sets=[valid],
            callbacks=[report_to(trial, "binary_logloss")],
        )
        trained.append(booster.current_iteration())
        return float(booster.best_score["valid_0"]["binary_logloss"])

    study = run(objective, RATES)
    assert [len(t.reports) for t in study.trials] == trained
    assert study.trials[-1].state is State.STOPPED
    assert trained[-1] < 27
    assert study.trials[0].value == study.trials[0].reports[-1].value


def test_cv_reports_the_mean_and_stops_when_told(two_classes: Any, run: Callable[..., Study]) -> None:
    train, _ = parts(two_classes)

    def objective(config: dict[str, float], trial: Any) -> float:
        made = lightgbm.cv(
            {**OPTIONS, "learning_rate": config["rate"]},
            train,
            27,
            nfold=3,
            callbacks=[report_to(trial, "auc")],
        )
        # LightGBM has renamed its keys before; they are found by their ends.
        (key,) = [k for k in made if k.endswith("auc-mean")]
        np.testing.assert_allclose(made[key], [r.value for r in study.trials[trial.number].reports])
        return float(made[key][-1])

    study = Study(
        {"rate": __import__("tunesmith").Float(1e-6, 1.0, log=True)},
        direction="maximize",
        method="random",
        seed=0,
    )
    study.enqueue({"rate": 0.2})
    study.run(objective, trials=1, progress=False)
    assert len(study.best.reports) == 27


@pytest.mark.filterwarnings("ignore:The argument 'eval_set' is deprecated")
@pytest.mark.filterwarnings("ignore:X does not have valid feature names")
def test_an_estimator_in_sklearns_cross_validation_stops_and_does_not_fail(
    two_classes: Any, run: Callable[..., Study]
) -> None:
    """Scikit-learn makes NaN of any error within a fold; stopping is none."""
    model_selection = pytest.importorskip("sklearn.model_selection")
    X, y = two_classes
    fits: list[int] = []

    def objective(config: dict[str, float], trial: Any) -> float:
        model = lightgbm.LGBMClassifier(n_estimators=27, learning_rate=config["rate"], verbose=-1, n_jobs=1)
        cuts = (
            model_selection.KFold(3)
            if trial.number == len(RATES) - 1
            else [(np.arange(300), np.arange(300, 400))]
        )
        params = {"eval_set": [(X[300:], y[300:])], "callbacks": [report_to(trial, "binary_logloss")]}
        scores = model_selection.cross_val_score(
            model, X, y, cv=cuts, params=params, scoring="neg_log_loss", error_score="raise"
        )
        fits.append(len(scores))
        return float(-scores.mean())

    last = run(objective, RATES).trials[-1]
    assert last.state is State.STOPPED
    assert fits[-1] == 3  # the other folds ended at their first round


@pytest.mark.filterwarnings("ignore:The argument 'eval_set' is deprecated")
@pytest.mark.filterwarnings("ignore:Scoring failed|.*fits failed|X does not have")
def test_folds_that_all_report_rounds_end_the_run_and_name_the_helper(
    two_classes: Any, run: Callable[..., Study]
) -> None:
    """Scikit-learn makes NaN of the error, and the run ends with it all the same."""
    model_selection = pytest.importorskip("sklearn.model_selection")
    X, y = two_classes

    def objective(config: dict[str, float], trial: Any) -> float:
        model = lightgbm.LGBMClassifier(n_estimators=5, verbose=-1, n_jobs=1)
        params = {"eval_set": [(X[300:], y[300:])], "callbacks": [report_to(trial)]}
        return float(model_selection.cross_val_score(model, X, y, cv=3, params=params).mean())

    with pytest.raises(
        ObjectiveError, match=r"fitted a second time .*integrations\.sklearn\.cross_val_score"
    ):
        run(objective, [0.1, 0.2], scheduler="none")


def test_one_made_anew_for_each_trial_knows_nothing_of_the_last(
    two_classes: Any, run: Callable[..., Study]
) -> None:
    """State of trial 1 must not decide about trial 2."""
    train, valid = parts(two_classes)

    def objective(config: dict[str, float], trial: Any) -> float:
        booster = lightgbm.train(
            {**OPTIONS, "learning_rate": config["rate"]},
            train,
            27,
            valid_sets=[valid],
            callbacks=[report_to(trial, "auc"), lightgbm.early_stopping(3, verbose=False)],
        )
        return float(booster.best_score["valid_0"]["auc"])

    together = run(objective, [1e-6, 0.3], direction="maximize", scheduler="none")
    alone = run(objective, [0.3], direction="maximize", scheduler="none")
    assert [r.value for r in together.trials[1].reports] == [r.value for r in alone.trials[0].reports]


@pytest.mark.parametrize(
    ("results", "metric", "value"),
    [
        ([("cv_agg", "valid auc", 0.8, True, 0.1)], "auc", 0.8),  # LightGBM 3
        ([("valid", "auc", 0.8, True, 0.1)], "auc", 0.8),  # LightGBM 4
        ([("cv_agg", "auc", 0.8, True, 0.1)], "auc", 0.8),  # LightGBM 2
        ([("training", "auc", 0.9, True), ("valid_1", "auc", 0.7, True)], "auc", 0.7),
    ],
)
def test_results_of_all_layouts_are_read(results: Any, metric: str, value: float) -> None:
    """What `cv` and `train` hand to a callback has changed from release to release."""
    seen: list[float] = []
    trial = SimpleNamespace(
        number=0, direction="", stop_requested=False, report=lambda value, step: seen.append(value)
    )
    report_to(trial, metric)(SimpleNamespace(iteration=0, begin_iteration=0, evaluation_result_list=results))
    assert seen == [value]


def test_lightgbm_knows_its_metrics_directions(two_classes: Any, run: Callable[..., Study]) -> None:
    train, valid = parts(two_classes)

    def objective(config: dict[str, float], trial: Any) -> float:
        lightgbm.train(OPTIONS, train, 5, valid_sets=[valid], callbacks=[report_to(trial, "auc")])
        return 0.0

    with pytest.raises(
        ObjectiveError, match="'valid_0 auc' is good when high, and the study has to minimize"
    ):
        run(objective, [0.1])


@pytest.mark.parametrize("kind", ["dart", "early stopping", "ranks", "grown on"])
def test_stopping_goes_together_with_the_ways_of_training(
    two_classes: Any, run: Callable[..., Study], kind: str
) -> None:
    """Dropped trees, LightGBM's own early stopping, metrics such as ndcg@3, and a booster to begin with."""
    X, y = two_classes
    metric = "ndcg@3" if kind == "ranks" else "binary_logloss"
    given = {**OPTIONS, "boosting": "dart"} if kind == "dart" else dict(OPTIONS)
    if kind == "ranks":
        given |= {"objective": "lambdarank", "metric": ["ndcg"], "eval_at": [3, 5]}
    reported: list[float] = []

    def objective(config: dict[str, float], trial: Any) -> float:
        groups = {"group": [10] * 30} if kind == "ranks" else {}
        train = lightgbm.Dataset(X[:300], y[:300], **groups)
        groups = {"group": [10] * 10} if kind == "ranks" else {}
        valid = lightgbm.Dataset(X[300:], y[300:], reference=train, **groups)
        own = [lightgbm.early_stopping(20, verbose=False)] if kind == "early stopping" else []
        begun = lightgbm.train(given, lightgbm.Dataset(X[:300], y[:300]), 3) if kind == "grown on" else None
        log: dict[str, Any] = {}
        lightgbm.train(
            {**given, "learning_rate": config["rate"]},
            train,
            24,
            valid_sets=[train, valid],
            valid_names=["train", "hold-out set"],
            init_model=begun,
            callbacks=[*own, lightgbm.record_evaluation(log), report_to(trial, f"hold-out set {metric}")],
        )
        reported.append(log["hold-out set"][metric][-1])
        return reported[-1]

    study = run(objective, RATES, direction="maximize" if kind == "ranks" else "minimize")
    assert all(t.failure is None for t in study.trials)
    assert [t.reports[-1].value for t in study.trials] == reported
    assert len(study.trials[0].reports) >= 20
    if kind != "ranks":  # where a booster that learns next to nothing may do as well
        assert study.trials[-1].state is State.STOPPED
