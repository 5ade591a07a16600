"""Cross-validation as an objective: what `tune` hands to a study, and the scores per fold behind a value."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from tunesmith.history import Direction
from tunesmith.models.base import Family, Fitted
from tunesmith.models.data import Dataset
from tunesmith.models.folds import Fold, Folds
from tunesmith.models.metrics import Metric
from tunesmith.models.rounds import best_round, others_of, rounds_from_others
from tunesmith.seeds import generator
from tunesmith.space import Config


class _Reporting(Protocol):
    # What is used of the trial that an executor hands to the objective.
    def report(self, value: float, step: int | None = None) -> Any: ...


@dataclass(frozen=True, slots=True)
class FoldScores:
    """Scores of one config, fold by fold.

    Args:
        scores: Score of each fold, in the direction of the metric.
        rounds: Round at which each fold was scored; None in a family without rounds.
        refit_rounds: Rounds for a refit on all rows, best on average over the folds; None without rounds.
        repeats: How many times the same rows were cut into these folds.
    """

    scores: tuple[float, ...]
    rounds: tuple[int, ...] | None = None
    refit_rounds: int | None = None
    repeats: int = 1

    @property
    def mean(self) -> float:
        """Mean over the folds."""
        return float(np.mean(self.scores))

    @property
    def standard_error(self) -> float:
        """Standard error of the mean over the folds; NaN for one fold.

        Repeats score the same rows again: they make the mean steadier, and count here as one. Folds share
        rows that they learn from, so the error is on the small side.
        """
        n = len(self.scores)
        return float(np.std(self.scores, ddof=1) / math.sqrt(n / self.repeats)) if n > 1 else math.nan


@dataclass(frozen=True, eq=False)
class CrossValidation:
    """Objective that cross-validates configs of a model family.

    It can be pickled, and holds its data: a worker is sent it once. The same config gives the same value
    everywhere.

    Args:
        dataset: Data set.
        family: Model family.
        folds: Folds, fixed for the whole search.
        metric: Metric to score by; its direction is the direction of the study.
        seed: Seed of the models' own randomness; the same for every config, so that configs differ by
            nothing else.
        threads: Threads that one fit may use; 1 when several workers run.
    """

    dataset: Dataset
    family: Family
    folds: Folds
    metric: Metric
    seed: int = 0
    threads: int = 1
    _others: list[list[int]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Settle which folds choose the rounds of which."""
        object.__setattr__(self, "_others", others_of(self.folds))

    @property
    def direction(self) -> Direction:
        """Direction of the study."""
        return self.metric.direction

    def __call__(self, config: Config, trial: _Reporting | None = None) -> float:
        """Cross-validate a config.

        Args:
            config: Config of the family's space.
            trial: Trial to report to: the mean over the folds so far, step by step. A report is on the good
                side as long as no other fold is there to choose its rounds.

        Returns:
            Mean score over the folds, in the direction of the metric.
        """
        return self._run(config, trial).mean

    def evaluate(self, config: Config | None) -> FoldScores:
        """Cross-validate a config and keep what each fold gave.

        Args:
            config: Config of the family's space; None for the library as it comes.
        """
        return self._run(config, None)

    def _run(self, config: Config | None, trial: _Reporting | None) -> FoldScores:
        fitted: list[Fitted] = []
        known: dict[tuple[int, int | None], float] = {}
        for number, (train, scored) in enumerate(self.folds):
            fitted.append(self._fit(config, number, train, scored))
            if trial is not None:
                trial.report(self._score(fitted, known).mean, step=number + 1)
                if getattr(trial, "stop_requested", False):
                    return self._score(fitted, known)  # nobody uses it: nothing more is done for it
        return self._score(fitted, known, grow=True)

    def _fit(self, config: Config | None, number: int, train: Any, scored: Any) -> Fitted:
        watched, learnt = scored, train
        if config is None:
            watched = None
        elif not self._others[number]:  # a single split: nobody else can choose, so some rows are set aside
            learnt, watched = _set_aside(train, self.seed + number)
        return self.family.fit(
            self.dataset,
            config,
            learnt,
            watched,
            metric=self.metric,
            seed=self.seed + number,
            threads=self.threads,
        )

    def _score(
        self, fitted: Sequence[Fitted], known: dict[tuple[int, int | None], float], *, grow: bool = False
    ) -> FoldScores:
        """Score the folds so far; `known` keeps the score of a fold at a round for the next time."""
        if not all(len(model.curve) for model in fitted):  # the library as it comes, or without rounds
            for number, model in enumerate(fitted):
                if (number, None) not in known:
                    known[number, None] = self._score_fold(number, model, None)
            scores = tuple(known[number, None] for number in range(len(fitted)))
            return FoldScores(scores, None, fitted[0].rounds, self._repeats(len(fitted)))
        curves = [model.curve for model in fitted]
        others = [[j for j in those if j < len(fitted)] for those in self._others[: len(fitted)]]
        rounds = rounds_from_others(curves, others)
        for number, model in enumerate(fitted):
            if grow:
                if (model.rounds or 0) < rounds[number]:  # it was scored with the rounds that there were
                    known.pop((number, rounds[number]), None)
                model.grow(rounds[number])
            if (number, rounds[number]) not in known:
                known[number, rounds[number]] = self._score_fold(number, model, rounds[number])
        return FoldScores(
            scores=tuple(known[number, chosen] for number, chosen in enumerate(rounds)),
            rounds=tuple(rounds),
            refit_rounds=best_round(curves),
            repeats=self._repeats(len(fitted)),
        )

    def _repeats(self, folds: int) -> int:
        return max(1, folds // (1 + len(self._others[0])))

    def _score_fold(self, number: int, model: Fitted, rounds: int | None) -> float:
        scored = self.folds[number][1]
        prediction = model.predict(self.dataset.X.iloc[scored], rounds)
        return self.metric.score(self.dataset.y[scored], prediction)


def _set_aside(train: Any, seed: int, share: float = 0.2) -> Fold:
    order = generator(seed, 0, "early stopping").permutation(len(train))
    cut = max(1, round(share * len(train)))
    return np.sort(train[order[cut:]]), np.sort(train[order[:cut]])
