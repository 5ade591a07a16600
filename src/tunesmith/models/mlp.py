"""scikit-learn's networks, trained epoch by epoch by Adam, stopped by the loss on watched rows.

Columns are prepared as for distances (`preparing.py`), the target of a regression is standardised. All is
float32, as networks are trained elsewhere too. The weights after each epoch are kept, since which epoch
counts is decided later (`rounds.py`); beyond `KEPT_BYTES` a model is trained again to an epoch that is asked
for. Its space is `rules/tables/mlp.toml`.
"""

import copy
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
from tunesmith.models.preparing import PURPOSE, scaled
from tunesmith.models.ruled import Ruled
from tunesmith.models.stopping import RoundByRound
from tunesmith.models.watching import Watch
from tunesmith.space import Config

if TYPE_CHECKING:
    import pandas as pd

MAX_EPOCHS = 300
PATIENCE = 20  # epochs
KEPT_BYTES = 64 << 20  # of weights, for each fit


class MLP(Ruled):
    """scikit-learn's multi-layer perceptrons."""

    name = "mlp"

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
    ) -> "FittedMLP":
        """Fit one model; see `Family.fit`. It uses one thread, since more would round differently."""
        kind = "Classifier" if dataset.task == "classification" else "Regressor"
        make = getattr(need("sklearn.neural_network", PURPOSE), f"MLP{kind}")
        network = make(random_state=seed % 2**31, **_searched(config or {}, len(train)))
        pipeline = scaled(dataset, network)
        X, y = dataset.matrix[train], dataset.y[train]
        offset, scale = 0.0, 1.0
        if dataset.task == "regression":
            offset, scale = float(y.mean()), float(y.std()) or 1.0
        with quietly(1):
            Z = np.asarray(pipeline[0].fit_transform(X), dtype=np.float32)
        made = FittedMLP(
            pipeline[0],
            network,
            dataset.task,
            len(dataset.classes),
            offset,
            scale,
            data=(Z, y if len(dataset.classes) else ((y - offset) / scale).astype(np.float32)),
            watch=None if valid is None else Watch(dataset, valid, metric),
        )
        if config is None:
            made.train_as_it_comes()
        elif rounds is not None:
            made.grow(rounds)
        else:
            made.grow_until_flat(PATIENCE)
        return made

    def load(self, folder: Path) -> "FittedMLP":
        """Read a model that `save` wrote."""
        return FittedMLP(**read_model(folder))


class FittedMLP(RoundByRound):
    """A fitted network.

    Args:
        prepare: Fitted transformer of the matrix of codes.
        network: The library's own object.
        task: Classification or regression.
        classes: Number of classes; 0 for regression.
        offset: Mean of the target learnt from.
        scale: Standard deviation of the target learnt from.
        data: Prepared rows to learn from, to grow on; None for a model that was read.
        watch: Rows to watch; None for none.
    """

    max_rounds = MAX_EPOCHS

    def __init__(
        self,
        prepare: Any,
        network: Any,
        task: Task,
        classes: int,
        offset: float,
        scale: float,
        *,
        data: tuple[npt.NDArray[np.float32], npt.NDArray[Any]] | None = None,
        watch: Watch | None = None,
    ) -> None:
        super().__init__()
        self.prepare, self.network = prepare, network
        self.task: Task = task
        self.classes, self.offset, self.scale = classes, offset, scale
        self._data, self._watch = data, watch
        self._fresh = copy.deepcopy(network) if data is not None else None
        self._kept: dict[int, Any] = {}
        self._bytes = 0
        self._rounds: int | None = None
        self._seen = None if watch is None else self._prepared(watch.X)

    @property
    def rounds(self) -> int:
        """Epochs that it was trained for."""
        return int(getattr(self.network, "n_iter_", 0) if self._rounds is None else self._rounds)

    def train_as_it_comes(self) -> None:
        """Train as scikit-learn does by itself."""
        if self._data is None:
            raise AssertionError("a model that was read cannot be trained on")
        with quietly(1):
            self.network.fit(*self._data)

    def _grow_one(self) -> bool:
        self._epoch(self.network)
        self._rounds = self.rounds + 1 if self._rounds is not None else 1
        if self._watch is None or self._seen is None:
            return False
        self._losses.append(self._watch.loss(self._predicted(self.network, self._seen)))
        weights = ([w.copy() for w in self.network.coefs_], [b.copy() for b in self.network.intercepts_])
        self._bytes += sum(a.nbytes for part in weights for a in part)
        if self._bytes <= KEPT_BYTES:
            self._kept[self.rounds] = weights
        return False

    def _epoch(self, network: Any) -> None:
        if self._data is None:
            raise AssertionError("a model that was read cannot be trained on")
        with quietly(1):
            if self.classes:
                network.partial_fit(*self._data, classes=np.arange(self.classes))
            else:
                network.partial_fit(*self._data)

    def _at(self, rounds: int) -> Any:
        """The network as it was after so many epochs."""
        if rounds not in self._kept:
            again = copy.deepcopy(self._fresh)
            for _ in range(rounds):
                self._epoch(again)
            return again
        network = copy.copy(self.network)
        network.coefs_, network.intercepts_ = self._kept[rounds]
        return network

    def _prepared(self, X: Floats) -> npt.NDArray[np.float32]:
        with quietly(1):
            return np.asarray(self.prepare.transform(X), dtype=np.float32)

    def _predicted(self, network: Any, Z: Any) -> Floats:
        return predicted(network, Z, self.task, self.classes) * self.scale + self.offset

    def predict(self, X: "pd.DataFrame", rounds: int | None = None) -> Floats:
        """Predict probabilities (n, k) of all classes, or quantities (n,)."""
        network = self.network if rounds is None or rounds >= self.rounds else self._at(rounds)
        return self._predicted(network, self._prepared(to_matrix(X)))

    def save(self, folder: Path) -> Path:
        """Write the network by skops."""
        parts = ("prepare", "network", "task", "classes", "offset", "scale")
        return write_model(folder, {name: getattr(self, name) for name in parts})


def _searched(config: Config, rows: int) -> dict[str, Any]:
    given = dict(config)
    if "width" in given:
        given["hidden_layer_sizes"] = (given.pop("width"),) * given.pop("layers")
    if "batch_size" in given:
        given["batch_size"] = min(given["batch_size"], rows)
    return given
