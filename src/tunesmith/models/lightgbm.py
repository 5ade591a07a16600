"""The LightGBM family: its space, its defaults, fitting with early stopping, and its text format.

Parameters go by LightGBM's own names, so a config can be handed to `lightgbm.train` as it is (with
`bagging_freq=1`). Rounds are trained in a loop of our own: there is no callback that could carry state from
one fit to the next. What number of rounds counts is decided in `rounds.py`.

The space (`rules/tables/lightgbm.toml`) was chosen by measurement. First 100 to 300 random configs over 18
parameters on nine real data sets of 442 to 2000 rows: among the best 15 % of configs extra_trees is on 1.9
times as often as among all and max_depth is set 1.2 times as often; lambda_l1, feature_fraction_bynode,
path_smooth, max_bin, min_gain_to_split, min_sum_hessian_in_leaf and the options for categories no more often.
Then the best of 15 configs of five spaces on seven data sets, by its loss on rows set aside as a share of
that of LightGBM's defaults with early stopping (geometric mean, 0.01 is within the noise): 0.972 for the
space here, 0.984 with lambda_l1 in the place of extra_trees, 0.991 without lambda_l2, 0.976 with max_depth on
top, 0.966 without the two fractions, which stay for larger tables. lambda_l1 also means something else in
each unit of a target.
"""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

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

PURPOSE = "the model family lightgbm"
MODEL_FILE = "model.txt"
LIBRARY_ROUNDS = 100  # LightGBM's own num_iterations
_FORBIDDEN = re.compile(r'[\s",:\[\]{}]+')  # LightGBM refuses these in a feature's name, or rewrites them
_LOSSES: Mapping[str, tuple[str, str]] = {  # metric -> LightGBM's name for two classes, for more
    "log_loss": ("binary_logloss", "multi_logloss"),
    "auc": ("auc", "multi_logloss"),
    "rmse": ("rmse", "rmse"),
    "mae": ("l1", "l1"),
    "r2": ("rmse", "rmse"),
}


class LightGBM(Ruled):
    """LightGBM's gradient-boosted trees."""

    name = "lightgbm"

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
    ) -> "FittedLightGBM":
        """Fit one model; see `Family.fit`."""
        lightgbm = need("lightgbm", PURPOSE)
        parameters = {**_fixed(dataset, metric, seed, threads), **(_searched(config) if config else {})}
        names = feature_names(map(str, dataset.X.columns))
        X, y = dataset.matrix, dataset.y
        data = lightgbm.Dataset(
            X[train],
            y[train],
            feature_name=names,
            categorical_feature=[list(dataset.X.columns).index(c) for c in dataset.categorical],
            params=parameters,
        )
        booster = lightgbm.Booster(parameters, data)
        if valid is not None:
            booster.add_valid(
                lightgbm.Dataset(X[valid], y[valid], reference=data, params=parameters), "valid"
            )
        made = FittedLightGBM(
            booster, dataset.task, len(dataset.classes), has_valid=valid is not None, threads=threads
        )
        if config is None:
            rounds = rounds or LIBRARY_ROUNDS
        if rounds is not None:
            made.grow(rounds)
        elif valid is not None:
            made.grow_until_flat(patience_for(float(parameters.get("learning_rate", 0.1))))
        else:
            raise AssertionError("fit needs rows to watch, or a number of rounds")
        return made

    def load(self, folder: Path) -> "FittedLightGBM":
        """Read a model that `save` wrote.

        Raises:
            DataError: The file is missing or is no model.
        """
        lightgbm = need("lightgbm", PURPOSE)
        file = folder / MODEL_FILE
        try:
            text = file.read_text(encoding="utf-8")
            booster = lightgbm.Booster(model_str=text)
        except (OSError, UnicodeDecodeError, lightgbm.basic.LightGBMError) as error:
            raise unreadable(file, error) from error
        per_round = booster.num_model_per_iteration()
        is_classifier = "binary" in _objective_of(text) or "multiclass" in _objective_of(text)
        return FittedLightGBM(
            booster,
            "classification" if is_classifier else "regression",
            (per_round if per_round > 1 else 2) if is_classifier else 0,
        )


class FittedLightGBM(RoundByRound):
    """A fitted booster.

    Args:
        booster: The library's own object.
        task: Classification or regression.
        classes: Number of classes; 0 for regression.
        has_valid: Whether the booster watches rows.
        threads: Threads to predict with; 0 for all.
    """

    def __init__(
        self, booster: Any, task: Task, classes: int, *, has_valid: bool = False, threads: int = 0
    ) -> None:
        super().__init__()
        self.booster = booster
        self.threads = threads
        self.task = task
        self.classes = classes
        self._has_valid = has_valid

    @property
    def rounds(self) -> int:
        """Rounds that it was trained for; each grows one tree, or one a class."""
        return int(self.booster.current_iteration())

    def _grow_one(self) -> bool:
        before = self.rounds
        is_done = bool(self.booster.update())  # true when no leaf could be split: there is no new round
        if self._has_valid and self.rounds > before:
            _, _, value, is_high_good = self.booster.eval_valid()[0]
            self._losses.append(-value if is_high_good else value)
        return is_done

    def predict(self, X: "pd.DataFrame", rounds: int | None = None) -> Floats:
        """Predict probabilities (n, k) of all classes, or quantities (n,)."""
        matrix = to_matrix(X)
        raw = np.asarray(
            self.booster.predict(matrix, num_iteration=rounds or -1, num_threads=self.threads),
            dtype=np.float64,
        )
        return all_classes(raw, self.task)

    def save(self, folder: Path) -> Path:
        """Write the booster in LightGBM's own text format, which any LightGBM reads."""
        file = folder / MODEL_FILE
        file.write_text(self.booster.model_to_string(num_iteration=-1), encoding="utf-8", newline="\n")
        return file


def feature_names(columns: Iterable[str]) -> list[str]:
    """Names that LightGBM accepts: without blanks and JSON's special characters, all different.

    Example:
        >>> feature_names(["a b", "a_b", "größe [cm]"])
        ['a_b', 'a_b_2', 'größe_cm_']
    """
    made: dict[str, None] = {}  # a set that keeps its order
    for column in columns:
        name = plain = _FORBIDDEN.sub("_", column) or "_"
        count = 1
        while name in made:
            count += 1
            name = f"{plain}_{count}"
        made[name] = None
    return list(made)


def _searched(config: Config) -> dict[str, Any]:
    made = {**config, "bagging_freq": 1}  # without it LightGBM ignores bagging_fraction
    depth = made.get("max_depth", -1)
    if depth > 0:  # no tree of that depth has more leaves; LightGBM warns, and searches the rest for nothing
        made["num_leaves"] = min(made.get("num_leaves", 31), 2**depth)
    return made


def _fixed(dataset: Dataset, metric: Metric | None, seed: int, threads: int) -> dict[str, Any]:
    classes = len(dataset.classes)
    objective = "regression" if not classes else "binary" if classes == 2 else "multiclass"
    losses = _LOSSES.get(metric.name if metric else "", None)
    default = "rmse" if not classes else "binary_logloss" if classes == 2 else "multi_logloss"
    return {
        "objective": objective,
        "metric": default if losses is None else losses[classes > 2],
        **({"num_class": classes} if classes > 2 else {}),
        "seed": seed % 2**31,
        "num_threads": threads,
        "deterministic": True,
        "force_col_wise": True,  # deterministic asks for the choice to be made, instead of timed
        "verbosity": -1,
    }


def _objective_of(text: str) -> str:
    found = re.search(r"^objective=(.*)$", text, flags=re.MULTILINE)
    return found.group(1) if found else ""
