"""scikit-learn's histogram gradient boosting: early stopping on watched rows, native categories.

Trees are added in growing portions by warm start, which gives the same trees as one long fit; the loss after
each tree comes from staged predictions. Its space is `rules/tables/hist_gradient_boosting.toml`.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from tunesmith.models.base import Floats
from tunesmith.models.columns import to_matrix
from tunesmith.models.data import Dataset, Task
from tunesmith.models.estimators import predicted, quietly, read_model, write_model
from tunesmith.models.extras import need
from tunesmith.models.folds import Rows
from tunesmith.models.metrics import Metric
from tunesmith.models.preparing import PURPOSE
from tunesmith.models.ruled import Ruled
from tunesmith.models.stopping import MAX_ROUNDS, Stopper, patience_for
from tunesmith.models.watching import Watch
from tunesmith.space import Config

if TYPE_CHECKING:
    import pandas as pd

MOST_CATEGORIES = 255  # it takes no more in one column; such columns are read as numbers
FIRST_PORTION, GROWTH = 60, 1.4  # trees trained before the first look, and how much further each time


class HistGradientBoosting(Ruled):
    """scikit-learn's histogram gradient boosting."""

    name = "hist_gradient_boosting"

    def fit(
        self,
        dataset: Dataset,
        config: Config | None,
        train: Rows,
        valid: Rows | None = None,
        *,
        metric: Metric | None = None,
        rounds: int | None = None,
        seed: int = 0,
        threads: int = 1,
    ) -> "FittedHistGradientBoosting":
        """Fit one model; see `Family.fit`."""
        kind = "Classifier" if dataset.task == "classification" else "Regressor"
        make = getattr(need("sklearn.ensemble", PURPOSE), f"HistGradientBoosting{kind}")
        mask = [c.kind == "category" and len(c.categories) <= MOST_CATEGORIES for c in dataset.recipe.columns]
        estimator = make(
            categorical_features=mask,
            random_state=seed % 2**31,
            **({} if config is None else {"warm_start": True, "early_stopping": False, **config}),
        )
        made = FittedHistGradientBoosting(
            estimator,
            dataset.task,
            len(dataset.classes),
            data=(_without_empty(dataset.matrix[train]), dataset.y[train]),
            watch=None if valid is None else Watch(dataset, valid, metric),
            threads=threads,
        )
        if config is None:
            made.train(rounds or estimator.max_iter)
        elif rounds is not None:
            made.grow(rounds)
        else:
            made.grow_until_flat(patience_for(float(config["learning_rate"])))
        return made

    def load(self, folder: Path) -> "FittedHistGradientBoosting":
        """Read a model that `save` wrote."""
        return FittedHistGradientBoosting(**read_model(folder))


def _without_empty(X: Floats) -> Floats:
    """Columns without any value, which scikit-learn cannot bin, as constant ones: no tree looks at them."""
    is_empty = np.isnan(X).all(axis=0)
    return np.where(is_empty, 0.0, X) if is_empty.any() else X


class FittedHistGradientBoosting:
    """A fitted estimator.

    Args:
        estimator: The library's own object.
        task: Classification or regression.
        classes: Number of classes; 0 for regression.
        data: Rows to learn from, to grow on; None for a model that was read.
        watch: Rows to watch; None for none.
        threads: Threads to train with; 0 for all.
    """

    def __init__(
        self,
        estimator: Any,
        task: Task,
        classes: int,
        *,
        data: tuple[Floats, npt.NDArray[Any]] | None = None,
        watch: Watch | None = None,
        threads: int = 1,
    ) -> None:
        self.estimator = estimator
        self.task: Task = task
        self.classes = classes
        self._data, self._watch, self._threads = data, watch, threads
        self._losses: list[float] = []

    @property
    def rounds(self) -> int:
        """Rounds that it was trained for."""
        return int(getattr(self.estimator, "n_iter_", 0))

    @property
    def curve(self) -> Floats:
        """Loss on the watched rows after each round."""
        return np.array(self._losses, dtype=np.float64)

    def train(self, rounds: int) -> None:
        """Train to so many rounds, or as the estimator itself stops, from where it is."""
        if self._data is None:
            raise AssertionError("a model that was read cannot be trained on")
        self.estimator.set_params(max_iter=rounds)
        with quietly(self._threads):
            self.estimator.fit(*self._data)

    def grow(self, rounds: int) -> None:
        """Train on until there are so many rounds."""
        if self.rounds < rounds:
            self.train(rounds)
            self._look()

    def grow_until_flat(self, patience: int) -> None:
        """Train on until the watched loss has not fallen noticeably for `patience` rounds."""
        goal, stopper, is_flat = FIRST_PORTION, Stopper(patience), False
        while not is_flat and self.rounds < MAX_ROUNDS:
            seen = len(self._losses)
            self.grow(min(goal, MAX_ROUNDS))
            is_flat = any(stopper.is_flat(loss) for loss in self._losses[seen:]) or self.rounds < goal
            goal = int(self.rounds * GROWTH)

    def _look(self) -> None:
        if self._watch is None:
            return
        staged = self._staged(self._watch.X)
        self._losses += [self._watch.loss(p) for k, p in enumerate(staged) if k >= len(self._losses)]

    def _staged(self, X: Floats) -> Any:
        if self.task == "regression":
            yield from self.estimator.staged_predict(X)
            return
        seen = np.asarray(self.estimator.classes_, dtype=np.int64)
        for p in self.estimator.staged_predict_proba(X):
            made = np.zeros((len(X), self.classes))
            made[:, seen] = p
            yield made

    def predict(self, X: "pd.DataFrame", rounds: int | None = None) -> Floats:
        """Predict probabilities (n, k) of all classes, or quantities (n,)."""
        values = to_matrix(X)
        if rounds is None or rounds >= self.rounds:
            return predicted(self.estimator, values, self.task, self.classes)
        found: Floats = next(p for k, p in enumerate(self._staged(values), start=1) if k == rounds)
        return np.asarray(found, dtype=np.float64)

    def save(self, folder: Path) -> Path:
        """Write the estimator by skops."""
        parts = {"estimator": self.estimator, "task": self.task, "classes": self.classes}
        return write_model(folder, parts)
