"""The tuned model: refitted on all rows, saved without pickle, and its gain over the library's defaults."""

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from tunesmith.errors import DataError, OptionError, message
from tunesmith.models.base import Family, Fitted, Floats, get_family
from tunesmith.models.columns import Recipe
from tunesmith.models.data import Dataset, Label, Task
from tunesmith.models.folds import make_folds
from tunesmith.models.metrics import Metric
from tunesmith.models.objective import CrossValidation, FoldScores
from tunesmith.on_class import on_class
from tunesmith.paths import check_writable, path_of
from tunesmith.space import Config

if TYPE_CHECKING:
    import pandas as pd

FORMAT = 1  # of the file below; raised when an older reader could not make sense of it
DESCRIPTION_FILE = "tunesmith.json"
FRESH = 1_000_003  # added to the search's seed for folds that the search has not seen


@dataclass(frozen=True, eq=False)
class TunedModel:
    """A model fitted on all rows, with all it takes to use it on raw tables.

    Args:
        fitted: The model.
        family: Name of its family.
        config: Config that it was fitted with.
        task: Classification or regression.
        target: Name of the column that it predicts.
        classes: Labels by class number; empty for regression.
        recipe: How raw tables are turned into what the model sees.
        rounds: Rounds that it was fitted for; None in a family without.
        facts: What else is worth keeping, as JSON values, for example the score.
    """

    fitted: Fitted
    family: str
    config: Config
    task: Task
    target: str
    classes: tuple[Label, ...]
    recipe: Recipe
    rounds: int | None
    facts: Mapping[str, Any]

    def predict(self, frame: "pd.DataFrame") -> npt.NDArray[Any]:
        """Predict labels or quantities for a raw table; the target column may be there or not.

        Returns:
            Shape (n,), labels of the kind that the target column held.

        Raises:
            DataError: A column is missing or cannot be read.
        """
        prediction = self._predicted(frame)
        if self.task == "regression":
            return prediction
        labels = np.array(self.classes, dtype=object if _is_mixed(self.classes) else None)
        chosen: npt.NDArray[Any] = labels[prediction.argmax(axis=1)]
        return chosen

    def predict_proba(self, frame: "pd.DataFrame") -> Floats:
        """Predict the probability of each class, shape (n, k), in the order of `classes`.

        Raises:
            OptionError: The model predicts quantities.
            DataError: A column is missing or cannot be read.
        """
        if self.task == "regression":
            raise OptionError(
                message(
                    f"{self.target!r} is a quantity: there are no probabilities",
                    fix="Use predict.",
                )
            )
        return self._predicted(frame)

    def _predicted(self, frame: "pd.DataFrame") -> Floats:
        X = self.recipe.apply(frame)
        if len(X):
            return self.fitted.predict(X)
        return np.empty((0, len(self.classes)) if self.classes else 0)  # what no library can be asked for

    def save(self, folder: str | Path) -> Path:
        """Write the model in its library's own format, and the rest as JSON, into a folder.

        Returns:
            The folder, made if it was not there.

        Raises:
            OptionError: Nothing can be written there, or its name ends as that of a file.
        """
        place = path_of("a model", folder)
        check_writable("a model", place, is_folder=True)
        place.mkdir(parents=True, exist_ok=True)
        file = self.fitted.save(place)
        described = {
            "format": FORMAT,
            "family": self.family,
            "config": self.config,
            "rounds": self.rounds,
            "task": self.task,
            "target": self.target,
            "classes": list(self.classes),
            "recipe": self.recipe.to_dict(),
            "file": {"name": file.name, "sha256": _fingerprint(file)},
            "facts": dict(self.facts),
        }
        text = json.dumps(described, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
        (place / DESCRIPTION_FILE).write_text(text, encoding="utf-8")
        return place

    @on_class
    @staticmethod
    def load(folder: str | Path) -> "TunedModel":
        """Read a model that `save` wrote.

        Raises:
            DataError: The folder holds no model, or one of a newer format.
        """
        place = path_of("a model", folder)
        try:
            data = json.loads((place / DESCRIPTION_FILE).read_text(encoding="utf-8"))
            if not isinstance(data, dict) or not isinstance(data["format"], int):
                raise TypeError(f"{DESCRIPTION_FILE} is not as it was written")
            if data["format"] > FORMAT:
                raise DataError(
                    message(
                        "the model was saved by a newer tunesmith",
                        allowed=f"format {FORMAT} or older",
                        given=data["format"],
                    )
                )
            is_whole = _fingerprint(place / data["file"]["name"]) == data["file"]["sha256"]
        except (OSError, json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError) as error:
            raise DataError(
                message(f"the folder holds no saved model: {error}", given=str(folder))
            ) from error
        if not is_whole:
            raise DataError(
                message(
                    f"the model file {data['file']['name']!r} is not the one that was saved",
                    given=str(folder),
                    fix="Save the model again: the file was changed, or saving was cut short.",
                )
            )
        return TunedModel(
            fitted=get_family(data["family"]).load(place),
            family=data["family"],
            config=data["config"],
            task=data["task"],
            target=data["target"],
            classes=tuple(data["classes"]),
            recipe=Recipe.from_dict(data["recipe"]),
            rounds=data["rounds"],
            facts=data["facts"],
        )


def refit(
    dataset: Dataset,
    family: Family,
    config: Config,
    *,
    scores: FoldScores,
    seed: int = 0,
    threads: int = 1,
    facts: Mapping[str, Any] | None = None,
) -> TunedModel:
    """Fit a config on all rows.

    Args:
        dataset: Data set.
        family: Model family.
        config: Config of the family's space.
        scores: What `CrossValidation.evaluate` gave for it: the number of rounds comes from there.
        seed: Seed of the model's own randomness.
        threads: Threads to use.
        facts: What to keep with the model, as JSON values.

    Raises:
        ConfigError: The config is not of the family's space.
    """
    checked = family.space(dataset).check(config)
    fitted = family.fit(
        dataset,
        checked,
        np.arange(len(dataset)),
        rounds=scores.refit_rounds,
        seed=seed,
        threads=threads,
    )
    return TunedModel(
        fitted=fitted,
        family=family.name,
        config=checked,
        task=dataset.task,
        target=dataset.target,
        classes=dataset.classes,
        recipe=dataset.recipe,
        rounds=fitted.rounds,
        facts={
            "score": scores.mean,
            "standard_error": None if math.isnan(scores.standard_error) else scores.standard_error,
            **(facts or {}),
        },
    )


@dataclass(frozen=True, slots=True)
class Gain:
    """How much better one config is than another, on the same folds.

    Args:
        metric: Metric of the scores.
        tuned: Scores of the config.
        baseline: Scores of what it is compared with.
        difference: Mean over the folds of how much better it is, in units of the metric; above 0 is better.
        standard_error: Standard error of `difference`, see `compare`.
    """

    metric: Metric
    tuned: FoldScores
    baseline: FoldScores
    difference: float
    standard_error: float

    @property
    def is_clear(self) -> bool:
        """Whether the difference is more than two standard errors above 0."""
        return self.difference > 2 * self.standard_error

    @property
    def share(self) -> float:
        """Difference as a share of the baseline's score; NaN where that is 0."""
        return self.difference / abs(self.baseline.mean) if self.baseline.mean else math.nan


def compare(
    dataset: Dataset,
    family: Family,
    config: Config,
    metric: Metric,
    *,
    baseline: Config | None = None,
    k: int = 5,
    repeats: int = 2,
    seed: int = 0,
    threads: int = 1,
) -> Gain:
    """Compare a config with the library's defaults on fresh folds, pair by pair.

    The folds are cut anew, since the winner of a search is partly the luckiest on the folds that it was
    chosen by. The rows are the same: what was learnt about them in the search is still in the config, so the
    gain on rows never seen may be somewhat smaller.

    The standard error takes into account that folds share the rows they learn from (Nadeau and Bengio 2003):
    sqrt((1/n + 1/(k - 1)) * variance) for n = k * repeats differences.

    Args:
        dataset: Data set.
        family: Model family.
        config: Config of the family's space.
        metric: Metric to score by.
        baseline: Config to compare with; None for the library as it comes.
        k: Number of folds.
        repeats: How many times the folds are cut.
        seed: Seed of the search; the folds are cut with another.
        threads: Threads that a fit may use.
    """
    folds = make_folds(dataset, k, repeats, seed=seed + FRESH)
    cross_validation = CrossValidation(dataset, family, folds, metric, seed=seed + FRESH, threads=threads)
    ours = cross_validation.evaluate(family.space(dataset).check(config))
    theirs = cross_validation.evaluate(baseline)
    differences = metric.sign * (np.array(theirs.scores) - np.array(ours.scores))
    variance = float(np.var(differences, ddof=1))
    return Gain(
        metric=metric,
        tuned=ours,
        baseline=theirs,
        difference=float(differences.mean()),
        standard_error=math.sqrt(variance * (1 / len(folds) + 1 / (k - 1))),
    )


def _fingerprint(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _is_mixed(classes: tuple[Label, ...]) -> bool:
    return len({type(c) for c in classes}) > 1
