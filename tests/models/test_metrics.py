"""Metrics: equal to scikit-learn's, and chosen with help for a misspelt name."""

import numpy as np
import pytest
import sklearn.metrics as reference

from tunesmith.errors import OptionError
from tunesmith.models.metrics import METRICS, get_metric

RNG = np.random.default_rng(0)
Y2, Y3 = RNG.integers(0, 2, 200), RNG.integers(0, 3, 200)
P2 = np.column_stack([1 - (p := RNG.random(200).round(2)), p])  # rounded: with ties
P3 = RNG.dirichlet(np.ones(3), 200)
T, Q = RNG.normal(5, 2, 200), RNG.normal(5, 2, 200)


@pytest.mark.parametrize(
    ("name", "y", "prediction", "expected"),
    [
        ("log_loss", Y2, P2.clip(0.01, 0.99), reference.log_loss(Y2, P2.clip(0.01, 0.99)[:, 1])),
        ("log_loss", Y3, P3, reference.log_loss(Y3, P3)),
        ("brier", Y2, P2, reference.brier_score_loss(Y2, P2[:, 1])),
        ("auc", Y2, P2, reference.roc_auc_score(Y2, P2[:, 1])),
        ("auc", Y3, P3, reference.roc_auc_score(Y3, P3, multi_class="ovr")),
        ("accuracy", Y3, P3, reference.accuracy_score(Y3, P3.argmax(1))),
        ("balanced_accuracy", Y3, P3, reference.balanced_accuracy_score(Y3, P3.argmax(1))),
        ("f1", Y3, P3, reference.f1_score(Y3, P3.argmax(1), average="macro")),
        ("rmse", T, Q, reference.root_mean_squared_error(T, Q)),
        ("mae", T, Q, reference.mean_absolute_error(T, Q)),
        ("mape", 1 + np.abs(T), Q, reference.mean_absolute_percentage_error(1 + np.abs(T), Q)),
        ("r2", T, Q, reference.r2_score(T, Q)),
    ],
)
def test_scores_equal_those_of_scikit_learn(name, y, prediction, expected):
    assert METRICS[name].score(y, prediction) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("name", sorted(METRICS))
def test_the_direction_says_which_of_two_predictions_is_better(name):
    metric = METRICS[name]
    if metric.task == "classification":
        good, bad, y = np.eye(3)[Y3] * 0.9 + 0.1 / 3, P3, Y3
    else:
        good, bad, y = T + 0.01, Q, T
    assert metric.sign * metric.score(y, good) < metric.sign * metric.score(y, bad)


def test_extremes_stay_finite_or_say_nan():
    sure = np.eye(2)[[1, 0]]
    assert METRICS["log_loss"].score(np.array([0, 1]), sure) == pytest.approx(34.54, abs=0.01)
    assert np.isnan(METRICS["auc"].score(np.array([1, 1]), sure))
    assert np.isnan(METRICS["r2"].score(np.ones(3), np.zeros(3)))
    missing_class = METRICS["auc"].score(np.array([0, 1, 0, 1]), P3[:4])
    assert 0 <= missing_class <= 1


def test_metrics_are_chosen_by_name_alias_or_task(binary, dataset):
    assert get_metric(None, dataset).name == ("rmse" if dataset.task == "regression" else "log_loss")
    assert get_metric("ROC-AUC", binary).name == "auc"
    with pytest.raises(OptionError, match=r"metric 'acuracy' is unknown; allowed: log_loss.*'accuracy'"):
        get_metric("acuracy", binary)
    with pytest.raises(
        OptionError, match="'rmse' is for regression, and the target is one for classification"
    ):
        get_metric("rmse", binary)
    with pytest.raises(OptionError, match=r"'mae_' is unknown; allowed: log_loss(?!.*Did you mean)"):
        get_metric("mae_", binary)  # not one that the task does not allow
