"""What folds gave, kept with the study, and `cv_results_` made of it.

A search of scikit-learn that is fitted twice starts anew; with a store ours goes on, so that the scores of
every fold are kept in a file by trial beside the store.

The rest of a config that lost its race: its mean over all folds is the mean of the config that it lost to, plus
how much it was ahead on average on the folds that both ran. So it stands where its folds say, and never before
the one that it lost to. Its folds that were not run are NaN.
"""

import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from tunesmith.integrations.sklearn.folds import Out

_SCORES = ("test_scores", "train_scores")
_TIMES = ("fit_time", "score_time")


@dataclass
class Row:
    """One config and what its folds gave.

    Args:
        number: Number of the trial.
        params: Parameters of the estimator.
        outs: What each fold gave, as far as they were run; None where every fit of the batch failed.
        lost_to: Number of the trial that it lost its race to; None for none.
        error: Why it failed; empty when it did not.
    """

    number: int
    params: dict[str, Any]
    outs: list[Out | None] = field(default_factory=list)
    lost_to: int | None = None
    error: str = ""

    def keep(self, folder: Path) -> None:
        """Write it beside the store, whole or not at all."""
        folder.mkdir(parents=True, exist_ok=True)
        new = folder / f"folds-{self.number}.{os.getpid()}.new"
        kept = {"outs": self.outs, "lost_to": self.lost_to, "error": self.error}
        new.write_text(json.dumps(kept, default=_plain), encoding="utf-8")
        new.replace(_file(folder, self.number))

    @classmethod
    def kept(cls, folder: Path, number: int, params: dict[str, Any]) -> "Row | None":
        """Read what `keep` wrote; None when there is nothing."""
        try:
            return cls(number, params, **json.loads(_file(folder, number).read_text(encoding="utf-8")))
        except FileNotFoundError:
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
    rows: Sequence[Row], count: int, error_score: Any, format_results: Callable[..., dict[str, Any]], *, racing: bool
) -> dict[str, Any]:
    """Make `cv_results_`.

    Args:
        rows: Configs, in the order in which they were started; one has a fold that succeeded.
        count: How many folds there are.
        error_score: What a fit that failed scores.
        format_results: scikit-learn's own function of (candidates, number of folds, outs, more).
        racing: Whether to say how many folds were run.
    """
    by_number = {row.number: row for row in rows}
    template = next(out for row in rows for out in row.outs if out is not None)
    outs = []
    for row in rows:
        lost_to = by_number.get(row.lost_to) if row.lost_to is not None else None
        failed = _failed(template, row, error_score)
        done = [out or failed for out in row.outs]
        outs += [*done, *([failed if lost_to is None else _estimate(done, lost_to.outs, k) for k in range(len(done), count)])]
    more = {"n_splits_run": [len(row.outs) for row in rows]} if racing else None
    results = format_results([row.params for row in rows], count, outs, more)
    for at, row in enumerate(rows):
        for fold in range(len(row.outs), count):
            for key in [k for k in results if k.startswith(f"split{fold}_")]:
                results[key][at] = np.nan
    return results


def _failed(template: Out, row: Row, error_score: Any) -> Out:
    made: Out = {**template, "fit_error": row.error or None, **dict.fromkeys(_TIMES, 0.0)}
    for key in _SCORES:
        if key in made:
            made[key] = _map(lambda _: error_score, made[key])
    return made


def _estimate(done: Sequence[Out], reference: Sequence[Out | None], fold: int) -> Out:
    """What a fold that was not run would give, by how the others went."""
    there = reference[fold]
    pairs = [(out, other) for out, other in zip(done, reference, strict=False) if other is not None]
    assert there is not None and pairs
    made: Out = {**there, **{k: float(np.mean([out[k] for out in done])) for k in _TIMES}}
    for key in _SCORES:
        if key in made:
            ahead = [_map(lambda a, b: a - b, out[key], other[key]) for out, other in pairs]
            made[key] = _map(lambda score, *d: score + float(np.mean(d)), there[key], *ahead)
    return made


def _map(function: Callable[..., float], *scores: Any) -> Any:
    """Apply a function to a score, or to each of several metrics."""
    if isinstance(scores[0], Mapping):
        return {name: function(*(s[name] for s in scores)) for name in scores[0]}
    return function(*scores)
