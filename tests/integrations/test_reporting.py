"""Which metric is meant, its direction, and errors that say so."""

from typing import Any

import pytest

from tunesmith.errors import ObjectiveError
from tunesmith.execution.base import Answer
from tunesmith.execution.handle import TrialHandle
from tunesmith.integrations.reporting import Reporter, implied_direction


def a_trial(direction: str = "", end_at: int = 99) -> tuple[TrialHandle, list[tuple[int, float]]]:
    seen: list[tuple[int, float]] = []

    def send(step: int, value: float) -> Answer:
        seen.append((step, value))
        return Answer.END if step >= end_at else Answer.CONTINUE

    return TrialHandle(0, 1, {}, direction=direction, send=send), seen


FOUND = {"training auc": 0.9, "valid auc": 0.7, "valid logloss": 0.4}


@pytest.mark.parametrize(
    ("metric", "value"),
    [
        ("auc", 0.7),
        ("valid auc", 0.7),
        ("valid-auc", 0.7),
        ("training auc", 0.9),
        ("training-auc", 0.9),
        ("logloss", 0.4),
        (None, 0.4),
    ],
)
def test_a_metric_is_found_alone_or_with_its_rows(metric: str | None, value: float) -> None:
    trial, seen = a_trial()
    assert not Reporter(trial, metric, "LightGBM").take(1, FOUND)
    assert seen == [(1, value)]


@pytest.mark.parametrize("rows", ["dtrain", "Train data", "X_train", "learn"])
def test_rows_learnt_from_are_not_what_is_meant(rows: str) -> None:
    for metric in (None, "rmse"):
        trial, seen = a_trial()
        Reporter(trial, metric, "XGBoost").take(1, {"holdout rmse": 0.5, f"{rows} rmse": 0.1})
        assert seen == [(1, 0.5)]
    trial, seen = a_trial()
    Reporter(trial, None, "XGBoost").take(1, {f"{rows} rmse": 0.1})
    assert seen == [(1, 0.1)]


def test_an_unknown_metric_is_an_error_with_those_there_are() -> None:
    trial, _ = a_trial()
    with pytest.raises(ObjectiveError) as caught:
        Reporter(trial, "aucc", "LightGBM").take(1, FOUND)
    assert str(caught.value) == (
        "LightGBM has no metric 'aucc'; allowed: training auc, valid auc, valid logloss. Did you mean 'auc'?"
    )


def test_no_rows_to_score_on_is_said() -> None:
    trial, _ = a_trial()
    with pytest.raises(ObjectiveError, match="has no metric; allowed: none: there are no rows to score on"):
        Reporter(trial, None, "XGBoost").take(1, {})


def test_the_direction_has_to_be_that_of_the_study() -> None:
    trial, seen = a_trial("minimize")
    with pytest.raises(ObjectiveError) as caught:
        Reporter(trial, "auc", "XGBoost").take(1, FOUND)
    assert str(caught.value) == (
        "XGBoost: 'valid auc' is good when high, and the study has to minimize. "
        "Use ts.maximize, or report another metric."
    )
    assert seen == []
    # What the library says comes before what the name tells.
    assert not Reporter(trial, "auc", "XGBoost").take(1, FOUND, {"valid auc": "minimize"})


@pytest.mark.parametrize(
    ("name", "direction"),
    [
        ("valid binary_logloss", "minimize"),
        ("validation Logloss", "minimize"),
        ("test mlogloss", "minimize"),
        ("val_loss", "minimize"),
        ("mape", "minimize"),
        ("map", "maximize"),
        ("val_accuracy", "maximize"),
        ("valid ndcg@10", "maximize"),
        ("neg_log_loss", ""),
        ("gain", ""),
        ("loss_of_accuracy", ""),
    ],
)
def test_a_name_tells_its_direction_or_nothing(name: str, direction: str) -> None:
    assert implied_direction(name) == direction


def test_a_trial_that_was_stopped_reports_no_more() -> None:
    trial, seen = a_trial(end_at=2)
    reporter = Reporter(trial, "auc", "LightGBM")
    assert [reporter.take(step, FOUND) for step in (1, 2, 3)] == [False, True, True]
    assert [step for step, _ in seen] == [1, 2]
    # Another fit of the same trial, as for the next fold, ends at once as well.
    assert Reporter(trial, "auc", "LightGBM").take(1, FOUND)


def test_a_second_fit_of_a_running_trial_is_an_error_that_says_what_to_do() -> None:
    trial, _ = a_trial()
    reporter = Reporter(trial, "auc", "LightGBM")
    reporter.take(1, FOUND)
    reporter.take(2, FOUND)
    with pytest.raises(ObjectiveError, match=r"fitted a second time by the same callback.*cross_val_score"):
        reporter.take(1, FOUND)


def test_reports_may_be_some_rounds_apart() -> None:
    trial, seen = a_trial()
    reporter = Reporter(trial, "auc", "LightGBM", every=3)
    for step in range(1, 8):
        reporter.take(step, FOUND)
    assert [step for step, _ in seen] == [3, 6]


@pytest.mark.parametrize("every", [0, 1.5, True])
def test_every_must_be_a_step(every: Any) -> None:
    with pytest.raises(ObjectiveError, match="every must be a whole number of 1 or more"):
        Reporter(a_trial()[0], "auc", "LightGBM", every)


def test_what_is_no_trial_is_named() -> None:
    with pytest.raises(ObjectiveError, match=r"LightGBM: this is no trial; given: \{'lr': 1\}"):
        Reporter({"lr": 1}, "auc", "LightGBM")
