"""scikit-learn's families without rounds: forests, linear models, SVM and nearest neighbours.

Each is a function from data set and config to an unfitted estimator. Their spaces
are `rules/tables/*.toml`; what they need done to the table first is `preparing.py`. Gradient boosting and
networks, which train in rounds, are `hist_gradient_boosting.py` and `mlp.py`. Models are kept by skops, which
reads no code.
"""

import warnings
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

from tunesmith.errors import DataError, message
from tunesmith.models.base import Floats, unreadable
from tunesmith.models.columns import to_matrix
from tunesmith.models.data import Dataset, Task
from tunesmith.models.extras import need
from tunesmith.models.folds import Rows
from tunesmith.models.metrics import Metric
from tunesmith.models.platt import Platt
from tunesmith.models.preparing import PURPOSE, scaled, scaled_target
from tunesmith.models.ruled import Ruled
from tunesmith.space import Config

if TYPE_CHECKING:
    import pandas as pd

Make: TypeAlias = Callable[[Dataset, Config, npt.NDArray[Any], int, int], Any]

MODEL_FILE = "model.skops"
MOST_SVM_ROWS = 30_000  # time grows with their square: beyond, one fit takes the better part of an hour
# What a model file may hold; the function of a partial is looked at by skops on its own.
TRUSTED = ("sklearn.", "numpy.", "scipy.", "functools.partial", "tunesmith.models.platt.")


class EstimatorFamily(Ruled):
    """A family whose models are scikit-learn estimators that are fitted in one go.

    Args:
        name: Word by which it is chosen.
        make: Makes an unfitted estimator of a data set, a config (empty for the library as it comes), the
            target of the rows to learn from, a seed and a number of threads.
        most_rows: Rows beyond which one fit takes too long; None for any number.
    """

    def __init__(self, name: str, make: Make, most_rows: int | None = None) -> None:
        self.name = name
        self.most_rows = most_rows
        self._make = make

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
    ) -> "FittedEstimator":
        """Fit one model; see `Family.fit`. Rows to watch and rounds have no meaning here."""
        y = dataset.y[train]
        estimator = self._make(dataset, config or {}, y, seed % 2**31, threads)
        with quietly(threads):
            estimator.fit(dataset.matrix[train], y)
        return FittedEstimator(estimator, dataset.task, len(dataset.classes))

    def load(self, folder: Path) -> "FittedEstimator":
        """Read a model that `save` wrote."""
        return FittedEstimator(**read_model(folder))


class FittedEstimator:
    """A fitted scikit-learn estimator.

    Args:
        estimator: Takes the matrix of codes.
        task: Classification or regression.
        classes: Number of classes; 0 for regression.
    """

    def __init__(self, estimator: Any, task: Task, classes: int) -> None:
        self.estimator = estimator
        self.task: Task = task
        self.classes = classes

    @property
    def rounds(self) -> int | None:
        """None: it is fitted in one go."""
        return None

    @property
    def curve(self) -> Floats:
        """Empty: it is fitted in one go."""
        return np.empty(0)

    def grow(self, rounds: int) -> None:
        """Do nothing: it is fitted in one go."""

    def predict(self, X: "pd.DataFrame", rounds: int | None = None) -> Floats:
        """Predict probabilities (n, k) of all classes, or quantities (n,)."""
        return predicted(self.estimator, to_matrix(X), self.task, self.classes)

    def save(self, folder: Path) -> Path:
        """Write the estimator by skops."""
        return write_model(folder, {"estimator": self.estimator, "task": self.task, "classes": self.classes})


def predicted(estimator: Any, X: Floats, task: Task, classes: int) -> Floats:
    """Probabilities of all classes, also of those that the estimator never saw, or quantities."""
    with quietly(1):
        if task == "regression":
            return np.asarray(estimator.predict(X), dtype=np.float64).ravel()
        made = np.zeros((len(X), classes))
        made[:, np.asarray(estimator.classes_, dtype=np.int64)] = estimator.predict_proba(X)
        return made


@cache
def _threadpools() -> Any:
    """Libraries with threads; looked for once, since it takes milliseconds and epochs are many."""
    need("sklearn.ensemble", PURPOSE)  # loads those that are meant
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


@contextmanager
def quietly(threads: int) -> Iterator[None]:
    """Keep scikit-learn's own warnings off the screen, and its numerics to so many threads; 0 for all.

    A config that does not converge is judged by its score, as any other.
    """
    unconverged = need("sklearn.exceptions", PURPOSE).ConvergenceWarning
    with _threadpools().limit(limits=threads or None), warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=unconverged)
        warnings.filterwarnings("ignore", module=r"sklearn\.")
        yield


def write_model(folder: Path, parts: Mapping[str, Any]) -> Path:
    """Write a model by skops."""
    file = folder / MODEL_FILE
    need("skops.io", "keeping a scikit-learn model").dump(dict(parts), file)
    return file


def read_model(folder: Path) -> dict[str, Any]:
    """Read what `write_model` wrote.

    Raises:
        DataError: It cannot be read, or holds objects of packages that a model has no use for.
    """
    skops = need("skops.io", "reading a scikit-learn model")
    file = folder / MODEL_FILE
    try:
        kinds = skops.get_untrusted_types(file=file)
        strange = [k for k in kinds if not k.startswith(TRUSTED)]
        made: dict[str, Any] = {} if strange else skops.load(file, trusted=kinds)
    except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
        raise unreadable(file, error) from error
    if strange:
        raise DataError(
            message(
                "the model file holds objects that are no part of a model",
                allowed=", ".join(t + "*" for t in TRUSTED),
                given=", ".join(strange[:5]),
            )
        )
    return made


def _forest(word: str, dataset: Dataset, config: Config, y: Any, seed: int, threads: int) -> Any:
    kind = "Classifier" if dataset.task == "classification" else "Regressor"
    made = getattr(need("sklearn.ensemble", PURPOSE), f"{word}{kind}")
    given = dict(config)
    if given.get("max_samples") == 1.0:
        given["max_samples"] = None  # the whole table, drawn with replacement
    return made(random_state=seed, n_jobs=threads or -1, **given)


def _logistic(dataset: Dataset, config: Config, y: Any, seed: int, threads: int) -> Any:
    given: dict[str, Any] = dict(config)
    weight = given.pop("class_weight", "none")
    ratio = given.pop("l1_ratio", 0.0)
    if ratio:  # only saga takes an L1 penalty for any number of classes
        given.update(l1_ratio=ratio, solver="saga", tol=1e-3)
    made = need("sklearn.linear_model", PURPOSE).LogisticRegression(
        max_iter=1000, random_state=seed, class_weight=None if weight == "none" else weight, **given
    )
    return scaled(dataset, made)


def _ridge(dataset: Dataset, config: Config, y: Any, seed: int, threads: int) -> Any:
    given = dict(config)
    bend = given.pop("transform_target", False)
    made = need("sklearn.linear_model", PURPOSE).Ridge(random_state=seed, **given)
    return scaled_target(scaled(dataset, made), bend=bend)


def _svm(dataset: Dataset, config: Config, y: Any, seed: int, threads: int) -> Any:
    svm = need("sklearn.svm", PURPOSE)
    given = dict(config)
    given["gamma"] = given.get("gamma", 1.0) / max(1, dataset.X.shape[1])  # columns have variance 1 here
    if dataset.task == "regression":
        return scaled_target(scaled(dataset, svm.SVR(cache_size=500, **given)))
    return Platt(scaled(dataset, svm.SVC(cache_size=500, **given)), seed)


def _knn(dataset: Dataset, config: Config, y: Any, seed: int, threads: int) -> Any:
    kind = "Classifier" if dataset.task == "classification" else "Regressor"
    made = getattr(need("sklearn.neighbors", PURPOSE), f"KNeighbors{kind}")
    given = dict(config)
    given["n_neighbors"] = min(given.get("n_neighbors", 5), len(y))  # 5 is the library's own
    return scaled(dataset, made(n_jobs=threads or -1, **given))


def random_forest() -> EstimatorFamily:
    """Random forests."""
    return EstimatorFamily("random_forest", partial(_forest, "RandomForest"))


def extra_trees() -> EstimatorFamily:
    """Extremely randomised trees."""
    return EstimatorFamily("extra_trees", partial(_forest, "ExtraTrees"))


def logistic() -> EstimatorFamily:
    """Logistic regression."""
    return EstimatorFamily("logistic", _logistic)


def ridge() -> EstimatorFamily:
    """Ridge regression."""
    return EstimatorFamily("ridge", _ridge)


def svm() -> EstimatorFamily:
    """Support vector machines with a radial kernel."""
    return EstimatorFamily("svm", _svm, MOST_SVM_ROWS)


def knn() -> EstimatorFamily:
    """Nearest neighbours."""
    return EstimatorFamily("knn", _knn)
