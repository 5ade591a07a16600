"""The CatBoost family: native categories, early stopping, and its own binary format.

Parameters go by CatBoost's own names; its space is `rules/tables/catboost.toml`. CatBoost trains in one call:
to grow a model further is to train it again from its first tree. Its trees depend on how many there are to be
(the noise of `random_strength` fades towards the last one), so it is always told `MAX_ROUNDS`, and stopped at
the round that is wanted: the first trees stay the same.
"""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tunesmith.models.base import Floats, unreadable
from tunesmith.models.data import Dataset, Task
from tunesmith.models.extras import need, need_pandas
from tunesmith.models.folds import Rows
from tunesmith.models.metrics import Metric
from tunesmith.models.ruled import Ruled
from tunesmith.models.stopping import MAX_ROUNDS, patience_for
from tunesmith.space import Config

if TYPE_CHECKING:
    import pandas as pd

PURPOSE = "the model family catboost"
MODEL_FILE = "model.cbm"
LIBRARY_ROUNDS = 1000  # CatBoost's own iterations
MISSING = "(missing)"  # CatBoost takes a missing category only as a text of its own


class CatBoost(Ruled):
    """CatBoost's gradient-boosted symmetric trees."""

    name = "catboost"

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
    ) -> "FittedCatBoost":
        """Fit one model; see `Family.fit`."""
        catboost = need("catboost", PURPOSE)
        parameters = {**_fixed(dataset, metric, seed, threads), **_searched(config)}
        frame, categorical = _texts(dataset.X), list(dataset.categorical)

        def pool(rows: Rows) -> Any:
            return catboost.Pool(frame.iloc[rows], dataset.y[rows], cat_features=categorical)

        made = FittedCatBoost(
            dataset.task,
            parameters=parameters,
            data=pool(train),
            valid=None if valid is None else pool(valid),
            is_high_good=parameters["eval_metric"] == "AUC",
            is_tuned=config is not None,
        )
        if config is None:
            rounds = rounds or LIBRARY_ROUNDS
        if rounds is not None:
            made.train(rounds)
        else:
            made.train(MAX_ROUNDS, patience_for(float(parameters["learning_rate"])))
        return made

    def load(self, folder: Path) -> "FittedCatBoost":
        """Read a model that `save` wrote.

        Raises:
            DataError: The file is missing or is no model.
        """
        catboost = need("catboost", PURPOSE)
        file = folder / MODEL_FILE
        try:
            model = catboost.CatBoost().load_model(str(file))
            task = json.loads(model.get_metadata()["tunesmith"])["task"]
        except (OSError, KeyError, ValueError, catboost.CatBoostError) as error:
            raise unreadable(file, error) from error
        made = FittedCatBoost(task)
        made.model = model
        return made


class FittedCatBoost:
    """A fitted model.

    Args:
        task: Classification or regression.
        parameters: What it is trained with; None for a model that was read, as are the others.
        data: Rows to learn from.
        valid: Rows to watch; None for none.
        is_high_good: Whether the watched metric is better when high.
        is_tuned: Whether the number of rounds is ours to choose, not the library's.
    """

    model: Any

    def __init__(
        self,
        task: Task,
        *,
        parameters: dict[str, Any] | None = None,
        data: Any = None,
        valid: Any = None,
        is_high_good: bool = False,
        is_tuned: bool = False,
    ) -> None:
        self.task: Task = task
        self._parameters = parameters
        self._data, self._valid = data, valid
        self._sign = -1.0 if is_high_good else 1.0
        self._is_tuned = is_tuned

    def train(self, rounds: int, patience: int | None = None) -> None:
        """Train from the first tree on; with `patience` until the watched loss has not fallen for so long."""
        catboost = need("catboost", PURPOSE)
        stop = {} if patience is None else {"od_type": "Iter", "od_wait": patience}
        goal = max(rounds, MAX_ROUNDS) if self._is_tuned else rounds
        self.model = catboost.CatBoost({**(self._parameters or {}), "iterations": goal, **stop})
        callbacks = [_StopAt(rounds)] if rounds < goal else None
        self.model.fit(self._data, eval_set=self._valid, use_best_model=False, callbacks=callbacks)

    @property
    def rounds(self) -> int:
        """Trees that it has."""
        return int(self.model.tree_count_)

    @property
    def curve(self) -> Floats:
        """Loss on the watched rows after each round."""
        if self._valid is None:
            return np.empty(0)
        found = next(iter(self.model.get_evals_result()["validation"].values()))
        return self._sign * np.array(found, dtype=np.float64)[: self.rounds]

    def grow(self, rounds: int) -> None:
        """Train again, to so many rounds, when there are fewer."""
        if self.rounds < rounds:
            self.train(rounds)

    def predict(self, X: "pd.DataFrame", rounds: int | None = None) -> Floats:
        """Predict probabilities (n, k) of all classes, or quantities (n,)."""
        kind = "RawFormulaVal" if self.task == "regression" else "Probability"
        last = min(rounds or self.rounds, self.rounds)  # it refuses to be asked for more
        raw = self.model.predict(_texts(X), prediction_type=kind, ntree_end=last, thread_count=1)
        return np.asarray(raw, dtype=np.float64)

    def save(self, folder: Path) -> Path:
        """Write the model in CatBoost's own format, which any CatBoost reads."""
        file = folder / MODEL_FILE
        self.model.get_metadata()["tunesmith"] = json.dumps({"task": self.task})
        self.model.save_model(str(file))
        return file


class _StopAt:
    """Callback that ends training at a round; made for each fit."""

    def __init__(self, rounds: int) -> None:
        self.rounds = rounds

    def after_iteration(self, info: Any) -> bool:
        return bool(info.iteration < self.rounds)


def _texts(X: "pd.DataFrame") -> Any:
    categorical = need_pandas().CategoricalDtype
    made = {n: X[n].astype(object).fillna(MISSING) for n, k in X.dtypes.items() if isinstance(k, categorical)}
    return X.assign(**{str(n): v for n, v in made.items()}) if made else X


def _searched(config: Config | None) -> dict[str, Any]:
    if config is None:
        return {}
    # Without the bootstrap named, CatBoost picks one that knows no subsample for some tasks and sizes.
    return {"bootstrap_type": "Bernoulli", "boosting_type": "Plain", **config}


def _fixed(dataset: Dataset, metric: Metric | None, seed: int, threads: int) -> dict[str, Any]:
    classes = len(dataset.classes)
    loss = "RMSE" if not classes else "Logloss" if classes == 2 else "MultiClass"
    watched = {"auc": "AUC" if classes == 2 else loss, "mae": "MAE"}.get(metric.name if metric else "", loss)
    return {
        "loss_function": loss,
        **({"classes_count": classes} if classes > 2 else {}),  # also those that a fold lacks
        "eval_metric": watched,
        "random_seed": seed % 2**31,
        "thread_count": threads or -1,
        "allow_writing_files": False,
        "logging_level": "Silent",
    }
