"""XGBoost: a callback that reports a metric after each round, for `train`, `cv` and `fit`."""

from typing import Any

from tunesmith.integrations.reporting import Reporter
from tunesmith.models.extras import need

need("xgboost", "a callback of XGBoost")

from xgboost.callback import TrainingCallback  # noqa: E402 - after the check above


class report_to(TrainingCallback):  # noqa: N801 - used as a function
    """Report to a trial after each round, and stop when its scheduler says so.

    Make one by fit: it belongs to the trial.

    Args:
        trial: What the objective gets as its second argument.
        metric: Name of the metric, such as "auc", or with that of the rows, "valid auc"; None for the
            last one.
        every: Rounds from one report to the next.

    Raises:
        ObjectiveError: On the first round: there is no such metric, or the study goes the other way.
    """

    def __init__(self, trial: Any, metric: str | None = None, *, every: int = 1) -> None:
        super().__init__()
        self._reporter = Reporter(trial, metric, "XGBoost", every)

    def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
        """Take the metrics of a round; True to stop."""
        found = {}
        for rows, metrics in evals_log.items():
            for metric, values in metrics.items():
                last = values[-1]
                found[f"{rows} {metric}"] = last[0] if isinstance(last, tuple) else last  # cv: mean, std
        return self._reporter.take(epoch + 1, found)
