"""Metrics by which configs are compared: one table, and the default for each task.

| symbol | meaning | shape |
|---|---|---|
| y | true class numbers, or true quantities | (n,) |
| p | predicted probabilities of all classes | (n, k) |
| ŷ | predicted class numbers, or predicted quantities | (n,) |
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from tunesmith.errors import OptionError, did_you_mean, message
from tunesmith.history import Direction
from tunesmith.models.data import Dataset, Task

Array: TypeAlias = npt.NDArray[Any]

SMALLEST_PROBABILITY = 1e-15  # as in scikit-learn of old and LightGBM: a sure error costs 34.5, not infinity


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric.

    Args:
        name: Word by which it is chosen.
        words: What it is, for people.
        direction: Whether low or high values are good.
        task: Task that it belongs to.
        needs_probabilities: Whether `function` takes probabilities (n, k); otherwise it takes class numbers
            or quantities (n,).
        function: Called with (y, p) or (y, ŷ).
    """

    name: str
    words: str
    direction: Direction
    task: Task
    needs_probabilities: bool
    function: Callable[[Array, Array], float]

    def score(self, y: Array, prediction: Array) -> float:
        """Score a prediction.

        Args:
            y: Class numbers or quantities, shape (n,).
            prediction: Probabilities (n, k) for classification, quantities (n,) for regression.
        """
        if self.task == "classification" and not self.needs_probabilities:
            prediction = prediction.argmax(axis=1)
        return float(self.function(y, prediction))

    @property
    def sign(self) -> float:
        """1 where low is good, -1 where high is."""
        return 1.0 if self.direction == "minimize" else -1.0


def log_loss(y: Array, p: Array) -> float:
    """Mean negative logarithm of the probability of the true class."""
    total = np.maximum(p.sum(axis=1), SMALLEST_PROBABILITY)
    right = p[np.arange(len(y)), y] / total
    return float(-np.log(np.clip(right, SMALLEST_PROBABILITY, 1.0)).mean())


def brier(y: Array, p: Array) -> float:
    """Mean squared distance of the probabilities from the truth, summed over classes, halved."""
    truth = np.zeros_like(p)
    truth[np.arange(len(y)), y] = 1.0
    return float(((p - truth) ** 2).sum(axis=1).mean() / 2)


def accuracy(y: Array, predicted: Array) -> float:
    """Share of rows predicted right."""
    return float((y == predicted).mean())


def balanced_accuracy(y: Array, predicted: Array) -> float:
    """Share predicted right of each class that occurs, averaged over classes."""
    return float(np.mean([(predicted[y == c] == c).mean() for c in np.unique(y)]))


def f1(y: Array, predicted: Array) -> float:
    """F1 averaged over the classes that occur or are predicted."""
    values = []
    for c in np.union1d(y, predicted):
        hits = ((y == c) & (predicted == c)).sum()
        values.append(2 * hits / ((y == c).sum() + (predicted == c).sum()))
    return float(np.mean(values))


def auc(y: Array, p: Array) -> float:
    """Area under the ROC curve; with several classes, one against the rest, averaged over those that occur.

    NaN where only one class occurs.
    """
    k = p.shape[1]
    areas = [_auc_of(y == c, p[:, c]) for c in ([1] if k == 2 else range(k))]
    known = [a for a in areas if not np.isnan(a)]
    return float(np.mean(known)) if known else float("nan")


def _auc_of(is_positive: Array, scores: Array) -> float:
    positives = int(is_positive.sum())
    negatives = len(is_positive) - positives
    if not positives or not negatives:
        return float("nan")
    _, inverse, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]  # ties share their mean rank
    return float((ranks[is_positive].sum() - positives * (positives + 1) / 2) / (positives * negatives))


def rmse(y: Array, predicted: Array) -> float:
    """Root of the mean squared error."""
    return float(np.sqrt(np.mean((y - predicted) ** 2)))


def mae(y: Array, predicted: Array) -> float:
    """Mean absolute error."""
    return float(np.abs(y - predicted).mean())


def mape(y: Array, predicted: Array) -> float:
    """Mean absolute error as a share of the truth, which is taken as 1 where it is smaller."""
    return float((np.abs(y - predicted) / np.maximum(np.abs(y), 1.0)).mean())


def r2(y: Array, predicted: Array) -> float:
    """Share of the variance that is explained; NaN where there is none."""
    spread = float(((y - y.mean()) ** 2).sum())
    return 1.0 - float(((y - predicted) ** 2).sum()) / spread if spread > 0 else float("nan")


_ALL = (
    Metric("log_loss", "log loss", "minimize", "classification", True, log_loss),
    Metric("brier", "Brier score", "minimize", "classification", True, brier),
    Metric("auc", "area under the ROC curve", "maximize", "classification", True, auc),
    Metric("accuracy", "accuracy", "maximize", "classification", False, accuracy),
    Metric("balanced_accuracy", "balanced accuracy", "maximize", "classification", False, balanced_accuracy),
    Metric("f1", "F1 averaged over classes", "maximize", "classification", False, f1),
    Metric("rmse", "root mean squared error", "minimize", "regression", False, rmse),
    Metric("mae", "mean absolute error", "minimize", "regression", False, mae),
    Metric("mape", "mean absolute percentage error", "minimize", "regression", False, mape),
    Metric("r2", "R²", "maximize", "regression", False, r2),
)
METRICS: dict[str, Metric] = {m.name: m for m in _ALL}
ALIASES = {
    "logloss": "log_loss",
    "neg_log_loss": "log_loss",
    "cross_entropy": "log_loss",
    "roc_auc": "auc",
    "acc": "accuracy",
    "f1_macro": "f1",
    "mean_absolute_error": "mae",
    "root_mean_squared_error": "rmse",
}
DEFAULTS: dict[Task, str] = {"classification": "log_loss", "regression": "rmse"}


def get_metric(name: str | None, dataset: Dataset) -> Metric:
    """Look up a metric by name, or the default of the data set's task.

    Args:
        name: Name or alias; None for log loss or RMSE.
        dataset: Data set whose task it has to fit.

    Raises:
        OptionError: The name is unknown, or belongs to the other task; offers what is close.
    """
    if name is None:
        return METRICS[DEFAULTS[dataset.task]]
    word = str(name).strip().lower().replace("-", "_").replace(" ", "_")
    word = ALIASES.get(word, word)
    allowed = [m.name for m in _ALL if m.task == dataset.task]
    if word in allowed:
        return METRICS[word]
    wrong = f"the metric {name!r} is unknown"
    if word in METRICS:
        wrong = f"the metric {name!r} is for {METRICS[word].task}, and the target is one for {dataset.task}"
    known = [*allowed, *(alias for alias, meant in ALIASES.items() if meant in allowed)]
    raise OptionError(message(wrong, allowed=", ".join(allowed), fix=did_you_mean(word, known)))
