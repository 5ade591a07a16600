"""What the callbacks share: which of a library's metrics is meant, its direction, and whether to stop."""

import re
from collections.abc import Mapping
from typing import Any

from tunesmith.errors import ObjectiveError, did_you_mean, message
from tunesmith.execution.handle import TrialHandle
from tunesmith.whole import whole

_HIGH = {
    "acc",
    "accuracy",
    "auc",
    "auroc",
    "aucpr",
    "ndcg",
    "map",
    "pre",
    "precision",
    "recall",
    "f1",
    "r2",
    "iou",
}
_LOW = {
    "loss",
    "logloss",
    "mlogloss",
    "entropy",
    "crossentropy",
    "error",
    "merror",
    "rmse",
    "mse",
    "mae",
    "mape",
    "rmsle",
    "l1",
    "l2",
}
_TURNED = {"neg", "negative", "minus"}


def implied_direction(metric: str) -> str:
    """Direction that the name of a metric tells; empty where it tells none.

    Example:
        >>> implied_direction("val_loss"), implied_direction("ndcg@10"), implied_direction("my_own")
        ('minimize', 'maximize', '')
    """
    words = set(re.findall(r"[a-z]+[0-9]?", metric.lower()))
    if words & _TURNED:
        return ""
    is_high, is_low = bool(words & _HIGH), bool(words & _LOW)
    if is_high == is_low:
        return ""
    return "maximize" if is_high else "minimize"


def _is_training(name: str) -> bool:
    """Whether the rows of a metric are those learnt from ("dtrain rmse"), which are not what is meant."""
    rows = name.rpartition(" ")[0].lower()
    return "train" in rows or rows == "learn"


def check_trial(trial: Any, library: str) -> None:
    """Check that what an objective hands on is its trial.

    Args:
        trial: What was handed on.
        library: Name of the library, for the message.

    Raises:
        ObjectiveError: It is something else.
    """
    if not (hasattr(trial, "report") and hasattr(trial, "stop_requested")):
        fix = "Hand on the second argument of the objective: def objective(config, trial)."
        raise ObjectiveError(message(f"{library}: this is no trial", given=repr(trial), fix=fix))


class Reporter:
    """Reports one metric of one fit to a trial.

    Copies of a callback, which libraries make by fit, share theirs: they belong to the same trial, and a
    second fit is noticed.

    Args:
        trial: The running trial.
        metric: Name of the metric, alone ("auc") or with that of its rows ("valid auc"); None for
            the last one.
        library: Name of the library, for messages.
        every: Steps from one report to the next, 1 or more.

    Raises:
        ObjectiveError: This is no trial, or `every` is no step.
    """

    def __init__(self, trial: Any, metric: str | None, library: str, every: int = 1) -> None:
        check_trial(trial, library)
        number = whole(every)
        if number is None or number < 1:
            raise ObjectiveError(message("every must be a whole number of 1 or more", given=repr(every)))
        self.trial: TrialHandle = trial
        self.metric = metric
        self.library = library
        self.every = number
        self._last = 0
        self._is_checked = False

    def __deepcopy__(self, memo: Any) -> "Reporter":
        """Copies of a callback share it."""
        return self

    def take(
        self, step: int, found: Mapping[str, float], directions: Mapping[str, str] | None = None
    ) -> bool:
        """Take the metrics after a step.

        Args:
            step: Rounds or epochs done.
            found: Value by metric, named "ROWS METRIC" or "METRIC", in the library's order.
            directions: What the library says of each; None to go by the names.

        Returns:
            Whether to stop.

        Raises:
            ObjectiveError: The metric is not there, its direction is not the study's, or this is a second
                fit.
        """
        if self.trial.stop_requested:
            return True
        if step <= self._last:
            raise self._refuse(
                message(
                    f"{self.library}: trial {self.trial.number} is fitted a second time by the same callback",
                    given=f"step {step} after step {self._last}",
                    fix="For folds use tunesmith.integrations.sklearn.cross_val_score, or its own cv.",
                )
            )
        self._last = step
        if step % self.every:
            return False
        name = self._choose(list(found))
        self._check_direction(name, (directions or {}).get(name) or implied_direction(name))
        self.trial.report(found[name], step)
        return self.trial.stop_requested

    def _refuse(self, text: str) -> ObjectiveError:
        return self.trial.refuse(ObjectiveError(text))

    def _choose(self, names: list[str]) -> str:
        scored = [n for n in names if not _is_training(n)] or names
        if self.metric is None and scored:
            return scored[-1]
        for wanted in (str(self.metric), str(self.metric).replace("-", " ", 1)):
            if wanted in names:
                return wanted
        fitting = [n for n in scored if str(self.metric) == n.rpartition(" ")[2]]
        if not fitting:
            fix = did_you_mean(str(self.metric), {*names, *(n.rpartition(" ")[2] for n in names)})
            raise self._refuse(
                message(
                    f"{self.library} has no metric" + ("" if self.metric is None else f" {self.metric!r}"),
                    allowed=", ".join(names) or "none: there are no rows to score on",
                    fix=fix or "Give it rows to score on, or another name.",
                )
            )
        return fitting[-1]

    def _check_direction(self, name: str, direction: str) -> None:
        if self._is_checked:
            return
        self._is_checked = True
        wanted = self.trial.direction
        if direction and wanted and direction != wanted:
            good = "high" if direction == "maximize" else "low"
            raise self._refuse(
                message(
                    f"{self.library}: {name!r} is good when {good}, and the study has to {wanted}",
                    fix=f"Use ts.{direction}, or report another metric.",
                )
            )
