"""What folds gave, kept with the study, and `cv_results_` made of it.

A search of scikit-learn that is fitted twice starts anew; with a store ours goes on, so that the scores of
every fold are kept in a file by trial beside the store.

The rest of a config that lost its race: its mean over all folds is the mean of the config that it lost to,
plus how much it was ahead on average on the folds that both ran. So it stands where its folds say, and never
before the one that it lost to. Its folds that were not run are NaN.
"""

import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.model_selection._validation import _warn_or_raise_about_fit_failures

from tunesmith.integrations.sklearn.folds import Out

_SCORES = ("test_scores", "train_scores")
_TIMES = ("fit_time", "score_time")
_NOTHING: Out = {"test_scores": 0.0, "n_test_samples": 0}  # where no fit succeeded, which is an error


@dataclass
class Row:
    """One config and what its folds gave.

    Args:
        number: Number of the trial.
        params: Parameters of the estimator.
        outs: What each fold gave, as far as they were run; where every fit of the batch failed, the
            traceback.
        lost_to: Number of the trial that it lost its race to; None for none.
    """

    number: int
    params: dict[str, Any]
    outs: list[Out | str] = field(default_factory=list)
    lost_to: int | None = None

    @property
    def fitted(self) -> list[Out]:
        """What the folds gave that were not lost with a whole batch."""
        return [out for out in self.outs if not isinstance(out, str)]

    def keep(self, folder: Path) -> None:
        """Write it beside the store, whole or not at all."""
        folder.mkdir(parents=True, exist_ok=True)
        new = folder / f"folds-{self.number}.{os.getpid()}.new"
        kept = {"outs": self.outs, "lost_to": self.lost_to}
        new.write_text(json.dumps(kept, default=_plain), encoding="utf-8")
        new.replace(_file(folder, self.number))

    @classmethod
    def kept(cls, folder: Path, number: int, params: dict[str, Any]) -> "Row | None":
        """Read what `keep` wrote; None when it is not there, or was cut off as the machine went down."""
        try:
            return cls(number, params, **json.loads(_file(folder, number).read_text(encoding="utf-8")))
        except (FileNotFoundError, ValueError):
            return None


def _file(folder: Path, number: int) -> Path:
    return folder / f"folds-{number}.json"


def _plain(value: Any) -> Any:
    return value.item()  # a NumPy scalar


def main_score(out: Out, refit: Any) -> float:
    """Score by which configs are compared: of several metrics the one of `refit`, else the first."""
    scores = out["test_scores"]
    if not isinstance(scores, Mapping):
        return float(scores)
    return float(scores[refit] if isinstance(refit, str) and refit in scores else next(iter(scores.values())))


def make_results(
    rows: Sequence[Row],
    count: int,
    error_score: Any,
    format_results: Callable[..., dict[str, Any]],
    *,
    racing: bool,
    has_train: bool,
) -> dict[str, Any]:
    """Make `cv_results_`.

    Args:
        rows: Configs, in the order in which they were started.
        count: How many folds there are.
        error_score: What a fit that failed scores.
        format_results: scikit-learn's own function of (candidates, number of folds, outs, more).
        racing: Whether to say how many folds were run.
        has_train: Whether scores on the rows learnt from are asked for; those that an earlier fit has not
            kept are NaN.

    Raises:
        ValueError: Every fit failed, in scikit-learn's words.

    Warns:
        FitFailedWarning: Some failed.
    """
    by_number = {row.number: row for row in rows}
    template = next((out for row in rows for out in row.fitted), _NOTHING)
    outs = []
    for row in rows:
        done = [_failed(template, out, error_score) if isinstance(out, str) else out for out in row.outs]
        best = None if row.lost_to is None else by_number.get(row.lost_to)
        outs += done
        for fold in range(len(done), count):
            outs.append(_failed(template, None, error_score) if best is None else _estimate(done, best, fold))
    # An infinite score would rank first; here as in the study it is none.
    outs = [_scored(out, has_train=has_train) for out in outs]
    _warn_or_raise_about_fit_failures(outs, error_score)
    more = {"n_splits_run": [len(row.outs) for row in rows]} if racing else None
    results = format_results([row.params for row in rows], count, outs, more)
    for at, row in enumerate(rows):
        for fold in range(len(row.outs), count):
            for key in [k for k in results if k.startswith(f"split{fold}_")]:
                results[key][at] = np.nan
    return results


def _failed(template: Out, error: str | None, error_score: Any) -> Out:
    made: Out = {**template, "fit_error": error, **dict.fromkeys(_TIMES, 0.0)}
    for key in _SCORES:
        if key in made:
            made[key] = _map(lambda _: error_score, made[key])
    return made


def _estimate(done: Sequence[Out], best: Row, fold: int) -> Out:
    """What a fold that was not run would give, by how the others went."""
    there = best.fitted
    made: Out = {**there[fold], **{k: float(np.mean([out[k] for out in done])) for k in _TIMES}}
    for key in _SCORES:
        if key in made:
            ahead = [
                _map(lambda a, b: a - b, out[key], other[key])
                for out, other in zip(done, there, strict=False)
            ]
            made[key] = _map(lambda score, *d: score + float(np.mean(d)), there[fold][key], *ahead)
    return made


def _scored(out: Out, *, has_train: bool) -> Out:
    made = {**out, "test_scores": _map(_finite, out["test_scores"])}
    if not has_train:
        made.pop("train_scores", None)
    elif "train_scores" not in made:
        made["train_scores"] = _map(lambda _: np.nan, out["test_scores"])
    return made


def _finite(score: float) -> float:
    return score if np.isfinite(score) else np.nan


def _map(function: Callable[..., float], *scores: Any) -> Any:
    """Apply a function to a score, or to each of several metrics."""
    if isinstance(scores[0], Mapping):
        return {name: function(*(s[name] for s in scores)) for name in scores[0]}
    return function(*scores)
