"""Trains the learning curves of `curve_tasks.py`, once: `python benchmarks/make_curves.py`, some minutes.

Every config of the grids below is trained on up to half of the data, and its loss on the rest is kept after
every step: log loss for classes, for diabetes the squared error over the variance. Losses are capped at some
times that of a constant guess, where training diverged. Seeds are fixed, threads are one; another version of
the libraries may make slightly different curves.
"""

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import argparse
import itertools
import json
import time
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from curve_tasks import FOLDER
from tasks import Config, Grid

CAP = 4.0  # times the loss of a constant guess
SEED = 0
ROWS = 450  # most rows that are trained on

MLP: Grid = {
    "learning_rate_init": [1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1],
    "alpha": [1e-4, 1e-2, 1.0],
    "width": [8, 24, 72],
    "layers": [1, 2],
    "batch_size": [50, 200],
    "solver": ["adam", "sgd"],
}
LIGHTGBM: Grid = {
    "learning_rate": [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64],
    "num_leaves": [2, 4, 8, 16, 32],
    "min_data_in_leaf": [1, 4, 16, 64],
    "feature_fraction": [0.15, 0.4, 1.0],
}
HIGH = {
    "mlp/diabetes": 52,
    "lightgbm/diabetes": 100,
    "lightgbm/cancer": 81,
    "lightgbm/parity": 81,
    "lightgbm/digits": 27,
    "mlp/cancer": 27,
    "mlp/digits": 27,
}


class Data(NamedTuple):
    """Halves of a data set; y is class numbers, or has variance 1."""

    X: np.ndarray
    y: np.ndarray
    X_valid: np.ndarray
    y_valid: np.ndarray
    is_classes: bool

    def loss(self, predicted: np.ndarray) -> float:
        """Validation loss of class probabilities, shape (rows, classes), or of numbers, shape (rows,)."""
        if not np.isfinite(predicted).all():
            return CAP * self.guess()
        if self.is_classes:
            right = predicted[np.arange(len(self.y_valid)), self.y_valid]
            loss = float(-np.log(np.clip(right, 1e-12, 1.0)).mean())
        else:
            loss = float(np.mean((predicted - self.y_valid) ** 2))
        return min(loss, CAP * self.guess())

    def guess(self) -> float:
        """Loss of a constant guess: the entropy of the classes, or the variance."""
        if not self.is_classes:
            return 1.0
        shares = np.bincount(self.y) / len(self.y)
        return float(-(shares * np.log(shares)).sum())


def load(name: str) -> Data:
    """Data by name."""
    from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits
    from sklearn.model_selection import train_test_split

    loaders = {"cancer": load_breast_cancer, "diabetes": load_diabetes}
    X, y = loaders.get(name, load_digits)(return_X_y=True)
    is_classes = name != "diabetes"
    if name == "parity":
        y = y % 2
    y = y.astype(int) if is_classes else (y - y.mean()) / y.std()
    rows = min(ROWS, len(y) // 2)
    parts = train_test_split(X, y, train_size=rows, random_state=SEED, stratify=y if is_classes else None)
    X, X_valid, y, y_valid = parts
    mean, scale = X.mean(axis=0), X.std(axis=0)
    scale[scale == 0.0] = 1.0
    return Data((X - mean) / scale, y, (X_valid - mean) / scale, y_valid, is_classes)


def train_mlp(config: Config, data: Data, high: int) -> list[float]:
    """Losses after each epoch."""
    from sklearn.neural_network import MLPClassifier, MLPRegressor

    settings = dict(config)
    layers = (settings.pop("width"),) * settings.pop("layers")
    kind: Any = MLPClassifier if data.is_classes else MLPRegressor
    model = kind(hidden_layer_sizes=layers, random_state=SEED, **settings)
    more = {"classes": np.unique(data.y)} if data.is_classes else {}
    losses: list[float] = []
    for _ in range(high):
        try:
            model.partial_fit(data.X, data.y, **more)
        except ValueError:  # scikit-learn's word for weights that are not finite
            return losses + [CAP * data.guess()] * (high - len(losses))
        predicted = model.predict_proba(data.X_valid) if data.is_classes else model.predict(data.X_valid)
        losses.append(data.loss(predicted))
    return losses


def train_lightgbm(config: Config, data: Data, high: int) -> list[float]:
    """Losses after each round."""
    import lightgbm

    kind = lightgbm.LGBMClassifier if data.is_classes else lightgbm.LGBMRegressor
    model = kind(
        n_estimators=high,
        learning_rate=config["learning_rate"],
        num_leaves=config["num_leaves"],
        min_child_samples=config["min_data_in_leaf"],
        colsample_bytree=config["feature_fraction"],
        max_bin=63,
        random_state=SEED,
        n_jobs=1,
        verbose=-1,
    )
    losses: list[float] = []

    def keep(env: Any) -> None:
        losses.append(min(env.evaluation_result_list[0][2], CAP * data.guess()))

    model.fit(data.X, data.y, eval_set=[(data.X_valid, data.y_valid)], callbacks=[keep])
    return losses


FAMILIES: dict[str, tuple[Grid, Callable[[Config, Data, int], list[float]]]] = {
    "mlp": (MLP, train_mlp),
    "lightgbm": (LIGHTGBM, train_lightgbm),
}


def train(name: str, places: list[int] | None = None) -> np.ndarray:
    """Losses of the configs of a task, shape (configs, steps); of all unless their places are given."""
    family, source = name.split("/")
    grid, curve = FAMILIES[family]
    data = load(source)
    configs = [dict(zip(grid, values, strict=True)) for values in itertools.product(*grid.values())]
    chosen = configs if places is None else [configs[place] for place in places]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of numbers that overflow where training diverges
        return np.array([curve(config, data, HIGH[name]) for config in chosen])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tasks", default="", help="beginnings of names, by commas (default: all)")
    beginnings = tuple(parser.parse_args().tasks.split(","))
    FOLDER.mkdir(exist_ok=True)
    for name in HIGH:
        if name.startswith(beginnings):
            started = time.perf_counter()
            losses = train(name)
            grid = FAMILIES[name.split("/")[0]][0]
            path = FOLDER / f"{name.replace('/', '-')}.npz"
            # Eleven bits are enough to tell losses apart, and half of what is kept.
            np.savez_compressed(path, losses=losses.astype(np.float16), grid=json.dumps(grid))
            taken = time.perf_counter() - started
            print(f"{name}: {len(losses)} curves of {losses.shape[1]} steps, {taken:.0f} s")


if __name__ == "__main__":
    main()
