"""The loss that a family of ours watches on rows it does not learn from, round by round."""

from tunesmith.models.base import Floats
from tunesmith.models.data import Dataset
from tunesmith.models.folds import Rows
from tunesmith.models.metrics import Metric, get_metric

SMOOTH = ("log_loss", "brier", "auc", "rmse", "mae", "r2")  # others jump from round to round


class Watch:
    """Scores predictions for some rows of a data set; low is good.

    Args:
        dataset: Data set.
        rows: Rows to watch.
        metric: Metric to follow; where it jumps, or None, the usual loss of the task.
    """

    def __init__(self, dataset: Dataset, rows: Rows, metric: Metric | None) -> None:
        is_smooth = metric is not None and metric.name in SMOOTH
        self.metric = metric if metric is not None and is_smooth else get_metric(None, dataset)
        self.X = dataset.matrix[rows]
        self.y = dataset.y[rows]

    def loss(self, prediction: Floats) -> float:
        """Loss of a prediction for the watched rows."""
        return self.metric.sign * self.metric.score(self.y, prediction)
