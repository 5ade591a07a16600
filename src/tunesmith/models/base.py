"""The contract of a model family, and the registry of those that are installed.

1. A family is stateless and can be pickled; `fit` leaves nothing behind, so that one fit never disturbs the
   next (callbacks, if any, are made per fit).
2. `fit` with the same arguments gives the same model, whatever `threads` is.
3. With `valid` it goes on until the loss there stops improving, and keeps the loss after each round in
   `curve`. It never sees any other rows. Which round counts is not its business (`rounds.py`).
4. `fit` with config None is the library as it comes: its own defaults, its own number of rounds.
5. It writes nothing to the screen and raises only for arguments that cannot be.
6. What `save` writes is read back by `load` of the same family to equal predictions, without pickle.
7. One whose time grows so that many rows cannot be waited for says so: `most_rows`, which may be left out.

A family of another package joins by an entry point of the group "tunesmith.models" that names an object with
these methods, or a class or function that makes one.
"""

from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, cast

import numpy as np
import numpy.typing as npt

from tunesmith.errors import DataError, OptionError, message, not_one_of
from tunesmith.models.data import Dataset
from tunesmith.models.folds import Rows
from tunesmith.models.metrics import Metric
from tunesmith.space import Config, Space

if TYPE_CHECKING:
    import pandas as pd

Floats: TypeAlias = npt.NDArray[np.float64]
ENTRY_POINTS = "tunesmith.models"
# Ours are named here as well as among the package's entry points: a source tree may not be installed.
_OURS = {
    "lightgbm": "lightgbm:LightGBM",
    "xgboost": "xgboost:XGBoost",
    "catboost": "catboost:CatBoost",
    "hist_gradient_boosting": "hist_gradient_boosting:HistGradientBoosting",
    "random_forest": "estimators:random_forest",
    "extra_trees": "estimators:extra_trees",
    "logistic": "estimators:logistic",
    "ridge": "estimators:ridge",
    "svm": "estimators:svm",
    "knn": "estimators:knn",
    "mlp": "mlp:MLP",
}
_ALIASES = {
    "lgbm": "lightgbm",
    "lgb": "lightgbm",
    "xgb": "xgboost",
    "cat": "catboost",
    "hgb": "hist_gradient_boosting",
    "rf": "random_forest",
}


class Fitted(Protocol):
    """A model that was fitted; the rules are at the top of this file."""

    @property
    def rounds(self) -> int | None:
        """Rounds (trees, epochs) that it was trained for; None in a family without."""

    @property
    def curve(self) -> Floats:
        """Loss on the rows of `valid` after each round, low is good, shape (rounds,); empty without."""

    def grow(self, rounds: int) -> None:
        """Train on until there are so many rounds; nothing happens when there are."""

    def predict(self, X: "pd.DataFrame", rounds: int | None = None) -> Floats:
        """Predict probabilities (n, k) of all classes, or quantities (n,).

        Args:
            X: Rows as `Dataset.X` has them.
            rounds: Use only the first so many rounds; None for all, as for more than there are.
        """

    def save(self, folder: Path) -> Path:
        """Write the model into a folder that is there; returns the file that was written."""


class Family(Protocol):
    """A model family; the rules are at the top of this file."""

    @property
    def name(self) -> str:
        """Word by which it is chosen."""

    def space(self, dataset: Dataset) -> Space:
        """What is worth searching on this data set."""

    def default_config(self, dataset: Dataset) -> Config:
        """The config of `space` to try first: what its rules of thumb say, or what its author thinks best."""

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
    ) -> Fitted:
        """Fit one model.

        Args:
            dataset: Data set.
            config: Config of `space`; None for the library's own defaults.
            train: Numbers of the rows to learn from.
            valid: Numbers of the rows on which to watch the loss; None for none.
            metric: Metric that the loss should follow where the family can; None for the usual loss.
            rounds: How many rounds to train; None to stop when the loss on `valid` does.
            seed: Seed of the model's own randomness.
            threads: How many threads it may use.
        """

    def load(self, folder: Path) -> Fitted:
        """Read a model that `save` wrote."""


def check_rows(family: Family, dataset: Dataset) -> None:
    """Refuse a data set that a family would take too long on; before a search, not in each of its trials.

    Raises:
        OptionError: It has more rows than the family's `most_rows`.
    """
    most = getattr(family, "most_rows", None)
    if most is not None and len(dataset) > most:
        raise OptionError(
            message(
                f"the model {family.name} takes too long on so many rows",
                allowed=f"{most:,} rows",
                given=f"{len(dataset):,}",
                fix="Choose another model, or give it a sample of the rows.",
            )
        )


def all_classes(raw: Floats, task: str) -> Floats:
    """Probabilities (n, 2) where a library gives only those of the second class (n,); else what it gives."""
    return np.column_stack([1.0 - raw, raw]) if task == "classification" and raw.ndim == 1 else raw


def unreadable(file: Path, error: Exception) -> DataError:
    """The error for a model's file that cannot be read, in the first line of the library's words."""
    reason = str(error).splitlines()[0] if str(error) else "it is empty"
    return DataError(message(f"the model cannot be read: {reason}", given=str(file)))


def families() -> list[str]:
    """Names of all model families that are installed, ours and those of other packages."""
    return sorted({*_OURS, *(e.name for e in entry_points(group=ENTRY_POINTS))})


def family_name(name: str) -> str:
    """Spell a name as families are named: in small letters, and a short form in full.

    Example:
        >>> family_name("XGB")
        'xgboost'
    """
    word = str(name).strip().lower()
    return _ALIASES.get(word, word)


def get_family(name: str) -> Family:
    """Look up a model family.

    Args:
        name: Name of the family, in any case.

    Raises:
        OptionError: There is none of that name; offers what is close.
    """
    word = family_name(name)
    if word in _OURS:
        module, maker = _OURS[word].split(":")
        return cast(Family, getattr(import_module(f"tunesmith.models.{module}"), maker)())
    for point in entry_points(group=ENTRY_POINTS):
        if point.name.lower() == word:
            found: Any = point.load()
            # A protocol's methods on a ready object; a class or function has to be called first.
            return cast(Family, found if hasattr(found, "fit") and not isinstance(found, type) else found())
    known = families()
    raise OptionError(not_one_of("the model is unknown", name, known, word))
