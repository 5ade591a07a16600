"""CatBoost's callback."""

from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("catboost")

import catboost

from tunesmith.errors import ObjectiveError
from tunesmith.integrations.catboost import report_to
from tunesmith.study.study import Study
from tunesmith.trial import State

RATES = [0.3, 0.2, 0.25, 0.1, 0.15, 1e-4]


def objective_of(two_classes: Any, metric: str | None, trained: list[int]) -> Callable[..., float]:
    X, y = two_classes

    def objective(config: dict[str, float], trial: Any) -> float:
        model = catboost.CatBoostClassifier(
            iterations=27,
            learning_rate=config["rate"],
            custom_metric=["AUC"],
            use_best_model=False,
            thread_count=1,
            allow_writing_files=False,
            verbose=False,
        )
        model.fit(X[:300], y[:300], eval_set=(X[300:], y[300:]), callbacks=[report_to(trial, metric)])
        trained.append(model.tree_count_)
        return float(model.evals_result_["validation"]["Logloss"][-1])

    return objective


def test_fit_reports_each_round_and_stops_when_told(two_classes: Any, run: Callable[..., Study]) -> None:
    trained: list[int] = []
    study = run(objective_of(two_classes, "Logloss", trained), RATES)
    assert [len(t.reports) for t in study.trials] == trained
    assert study.trials[-1].state is State.STOPPED
    assert trained[-1] < 27
    assert study.trials[0].value == pytest.approx(study.trials[0].reports[-1].value)


def test_a_metric_that_is_not_there_or_goes_the_other_way_is_an_error(
    two_classes: Any, run: Callable[..., Study]
) -> None:
    with pytest.raises(ObjectiveError, match="CatBoost has no metric 'F1'; allowed: learn Logloss"):
        run(objective_of(two_classes, "F1", []), [0.1])
    with pytest.raises(ObjectiveError, match="'validation AUC' is good when high"):
        run(objective_of(two_classes, "AUC", []), [0.1])
