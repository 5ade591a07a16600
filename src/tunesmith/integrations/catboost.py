"""CatBoost: a callback that reports a metric after each round, for `fit` and `train` on the CPU."""

from typing import Any

from tunesmith.errors import ObjectiveError
from tunesmith.integrations.reporting import Reporter
from tunesmith.models.extras import need

need("catboost", "a callback of CatBoost")


class report_to:  # noqa: N801 - used as a function
    """Report to a trial after each round, and stop when its scheduler says so.

    Make one by fit: it belongs to the trial.

    Args:
        trial: What the objective gets as its second argument.
        metric: Name of the metric, such as "AUC", or with that of the rows, "validation AUC"; None for the
            last one.
        every: Rounds from one report to the next.

    Raises:
        ObjectiveError: On the first round: there is no such metric, or the study goes the other way.
    """

    def __init__(self, trial: Any, metric: str | None = None, *, every: int = 1) -> None:
        self._reporter = Reporter(trial, metric, "CatBoost", every)

    def after_iteration(self, info: Any) -> bool:
        """Take the metrics of a round; False to stop."""
        found = {f"{rows} {m}": v[-1] for rows, metrics in info.metrics.items() for m, v in metrics.items()}
        try:
            return not self._reporter.take(int(info.iteration), found)
        except ObjectiveError:
            return False  # CatBoost lets no error through; the trial keeps it, and the run ends with it
