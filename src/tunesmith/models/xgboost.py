"""The XGBoost family: fitting with early stopping, native categories, and its JSON format.

Parameters go by XGBoost's own names; its space is `rules/tables/xgboost.toml`. Trees grow depth-wise under
`max_depth`; a config that gives `max_leaves` instead grows them by leaves without a limit to depth, since two
limits of the same thing fight each other.
"""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from tunesmith.models.base import Floats, all_classes, unreadable
from tunesmith.models.columns import to_matrix
from tunesmith.models.data import Dataset, Task
from tunesmith.models.extras import need
from tunesmith.models.folds import Rows
from tunesmith.models.metrics import Metric
from tunesmith.models.ruled import Ruled
from tunesmith.models.stopping import RoundByRound, patience_for
from tunesmith.space import Config

if TYPE_CHECKING:
    import pandas as pd

PURPOSE = "the model family xgboost"
MODEL_FILE = "model.json"
LIBRARY_ROUNDS = 100  # n_estimators of XGBoost's scikit-learn face
_LOSSES = {"log_loss": ("logloss", "mlogloss"), "auc": ("auc", "auc"), "mae": ("mae", "mae")}


class XGBoost(Ruled):
    """XGBoost's gradient-boosted trees."""

    name = "xgboost"

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
    ) -> "FittedXGBoost":
        """Fit one model; see `Family.fit`."""
        xgboost = need("xgboost", PURPOSE)
        parameters = {**_fixed(dataset, metric, seed, threads), **_searched(config or {})}
        kinds = ["c" if c in dataset.categorical else "q" for c in map(str, dataset.X.columns)]

        def matrix(rows: Rows) -> Any:
            return _matrix(xgboost, dataset.matrix[rows], kinds, dataset.y[rows], threads)

        data = matrix(train)
        made = FittedXGBoost(
            xgboost.Booster(parameters, [data]),
            dataset.task,
            kinds,
            data=data,
            valid=None if valid is None else matrix(valid),
            threads=threads,
        )
        if config is None:
            rounds = rounds or LIBRARY_ROUNDS
        if rounds is not None:
            made.grow(rounds)
        else:
            made.grow_until_flat(patience_for(float(parameters.get("learning_rate", 0.3))))
        return made

    def load(self, folder: Path) -> "FittedXGBoost":
        """Read a model that `save` wrote.

        Raises:
            DataError: The file is missing or is no model.
        """
        xgboost = need("xgboost", PURPOSE)
        file = folder / MODEL_FILE
        try:
            booster = xgboost.Booster(model_file=str(file))
            task, kinds = booster.attr("tunesmith_task"), json.loads(booster.attr("tunesmith_kinds") or "")
        except (OSError, ValueError, xgboost.core.XGBoostError) as error:
            raise unreadable(file, error) from error
        return FittedXGBoost(booster, task, kinds)


class FittedXGBoost(RoundByRound):
    """A fitted booster.

    Args:
        booster: The library's own object.
        task: Classification or regression.
        kinds: "c" for a category column, "q" for a number, one a column.
        data: Rows to learn from, to grow on; None for a model that was read.
        valid: Rows to watch; None for none.
        threads: Threads to predict with.
    """

    def __init__(
        self,
        booster: Any,
        task: Task,
        kinds: list[str],
        *,
        data: Any = None,
        valid: Any = None,
        threads: int = 1,
    ) -> None:
        super().__init__()
        self.booster = booster
        self.task: Task = task
        self._kinds = kinds
        self._data, self._valid = data, valid
        self._threads = threads

    @property
    def rounds(self) -> int:
        """Rounds that it was trained for; each grows one tree, or one a class."""
        return int(self.booster.num_boosted_rounds())

    def _grow_one(self) -> bool:
        number = self.rounds
        self.booster.update(self._data, number)
        if self._valid is not None:
            name, value = self.booster.eval(self._valid, "valid", number).split("valid-")[-1].split(":")
            self._losses.append(-float(value) if name == "auc" else float(value))
        return False

    def predict(self, X: "pd.DataFrame", rounds: int | None = None) -> Floats:
        """Predict probabilities (n, k) of all classes, or quantities (n,)."""
        data = _matrix(need("xgboost", PURPOSE), to_matrix(X), self._kinds, None, self._threads)
        last = min(rounds or self.rounds, self.rounds)  # it refuses to be asked for more
        raw = np.asarray(self.booster.predict(data, iteration_range=(0, last)), dtype=np.float64)
        return all_classes(raw, self.task)

    def save(self, folder: Path) -> Path:
        """Write the booster in XGBoost's own JSON format, which any XGBoost reads."""
        self.booster.set_attr(tunesmith_task=self.task, tunesmith_kinds=json.dumps(self._kinds))
        file = folder / MODEL_FILE
        self.booster.save_model(str(file))
        return file


def _matrix(
    xgboost: Any, values: Floats, kinds: list[str], labels: npt.NDArray[Any] | None, threads: int
) -> Any:
    is_categorical = "c" in kinds
    return xgboost.DMatrix(
        values,
        labels,
        feature_types=kinds,
        enable_categorical=is_categorical,
        nthread=threads or None,
    )


def _searched(config: Config) -> dict[str, Any]:
    if config.get("max_leaves"):
        return {**config, "max_depth": 0, "grow_policy": "lossguide"}
    return dict(config)


def _fixed(dataset: Dataset, metric: Metric | None, seed: int, threads: int) -> dict[str, Any]:
    classes = len(dataset.classes)
    objective = "reg:squarederror" if not classes else "binary:logistic" if classes == 2 else "multi:softprob"
    default = ("logloss", "mlogloss") if classes else ("rmse", "rmse")
    losses = _LOSSES.get(metric.name if metric else "", default)
    return {
        "objective": objective,
        "eval_metric": losses[classes > 2],
        **({"num_class": classes} if classes > 2 else {}),
        "tree_method": "hist",
        "seed": seed % 2**31,
        "nthread": threads or None,
        "verbosity": 0,
    }
