"""Lightning: a callback that reports a metric after each validation, and the checkpoint to go on from."""

from typing import Any

from tunesmith.integrations.reporting import Reporter
from tunesmith.models.extras import need

need("lightning.pytorch", "a callback of Lightning")

from lightning.pytorch.callbacks import Callback  # noqa: E402 - after the check above

FILE = "lightning.ckpt"


class report_to(Callback):  # noqa: N801 - used as a function
    """Report to a trial after each validation, and stop when its scheduler says so.

    Where the study has a place for files, it keeps a checkpoint after each epoch.

    Args:
        trial: What the objective gets as its second argument.
        metric: Name under which the model logs the metric, such as "val_loss".

    Raises:
        ObjectiveError: After the first validation: nothing was logged under that name, or the study goes the
            other way.
    """

    def __init__(self, trial: Any, metric: str) -> None:
        super().__init__()
        self._reporter = Reporter(trial, metric, "Lightning")

    def on_validation_end(self, trainer: Any, pl_module: Any) -> None:
        """Report, in the first process of several, and have all of them stop together."""
        if trainer.sanity_checking:
            return
        stops = False
        if trainer.is_global_zero:
            found = {name: float(value) for name, value in trainer.callback_metrics.items()}
            stops = self._reporter.take(trainer.current_epoch + 1, found)
        if trainer.strategy.broadcast(stops):
            trainer.should_stop = True

    def on_train_epoch_end(self, trainer: Any, pl_module: Any) -> None:
        """Keep a checkpoint."""
        trial = self._reporter.trial
        if trial.has_folder:
            trainer.save_checkpoint(trial.folder / FILE)


def checkpoint(trial: Any) -> str | None:
    """Path of the checkpoint that an earlier attempt of a trial has kept; None when there is none.

    For `trainer.fit(model, data, ckpt_path=checkpoint(trial))`.
    """
    if not trial.has_folder or not (trial.folder / FILE).exists():
        return None
    return str(trial.folder / FILE)
