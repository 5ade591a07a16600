"""The loop of a search: asks the study for configs, has their folds fitted, and tells the scores.

A config whose fits fail is a trial that failed, which the search learns from. Where nothing but failures
comes, the search ends, and `results.py` raises scikit-learn's own error.
"""

import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tunesmith.errors import SpaceUsedUp, StudyError, message
from tunesmith.execution.handle import TrialHandle
from tunesmith.integrations.sklearn.folds import AllFailed, Fits, Out, batch_size
from tunesmith.integrations.sklearn.given import Given
from tunesmith.integrations.sklearn.results import Row, main_score
from tunesmith.study.options import DEFAULT_MAX_FAILURES
from tunesmith.study.study import Study
from tunesmith.trial import State
from tunesmith.wording import counted


@dataclass(frozen=True)
class Limits:
    """When a search ends.

    Args:
        trials: Configs in all, those of earlier fits included; None for no limit.
        seconds: Seconds after which no further config is started; None for no limit.
    """

    trials: int | None
    seconds: float | None


class Loop:
    """One search under way.

    Args:
        study: Where configs come from and scores go to.
        given: What configs mean.
        fits: Fits them.
        limits: When it ends.
        n_jobs: Processes, as joblib takes it.
        refit: As scikit-learn takes it; says which of several metrics counts.
        racing: Whether folds are run one by one.
        verbose: Whether to print how each config did.
    """

    def __init__(
        self,
        study: Study,
        given: Given,
        fits: Fits,
        limits: Limits,
        *,
        n_jobs: int | None,
        refit: Any,
        racing: bool,
        verbose: bool = False,
    ) -> None:
        self.study, self.given, self.fits, self.limits = study, given, fits, limits
        self.refit, self.racing, self.verbose = refit, racing, verbose
        folds = range(fits.folds.count)
        self.rounds: list[Sequence[int]] = [(fold,) for fold in folds] if racing else [folds]
        self.batch = batch_size(n_jobs, len(self.rounds[0]))
        self.rows: dict[int, Row] = {}
        self.has_fitted = False
        self.folder = Path(study.ledger.folder(0)).parent if study.store.is_lasting else None

    def go(self) -> list[Row]:
        """Search to the end.

        Returns:
            All configs with a result, by number; those of earlier fits and of other processes included.

        Raises:
            StudyError: There is none: all were run earlier, and what their folds gave is gone; or none of
                many configs has a finite score (of few, scikit-learn only warns).
        """
        start = time.monotonic()
        if not len(self.study.history):
            for config in self.given.first[: self.limits.trials]:
                self.study.enqueue(config)
        while taken := self._take():
            with self._given_back(taken):
                self._run(taken)
            if self._is_hopeless() or self._is_over(start):
                break
        self._restore()
        if not self.rows:
            fix = "Raise n_iter, or take another name for a new study."
            raise StudyError(message(f"study {self.study.name!r} has no scores by fold", fix=fix))
        outs = [out for row in self.rows.values() for out in row.fitted]
        if outs and self._is_hopeless():
            raise StudyError(_no_score(len(self.rows), outs))
        if not self.has_fitted:
            self._fit_one()
        return [self.rows[number] for number in sorted(self.rows)]

    def _fit_one(self) -> None:
        """Fit one fold of the best config that was kept: scikit-learn counts on one fit at least."""
        best = self.study.history.best
        if best is not None and best.number in self.rows:
            self.fits([self.rows[best.number].params], (0,))

    def _is_over(self, start: float) -> bool:
        return self.limits.seconds is not None and time.monotonic() - start >= self.limits.seconds

    def _is_hopeless(self) -> bool:
        return len(self.rows) >= DEFAULT_MAX_FAILURES and not self._has_score()

    def _has_score(self) -> bool:
        return any(trial.value is not None for trial in self.study.history.trials)

    def _restore(self) -> None:
        """Take in what earlier fits and other processes have kept of a stored study."""
        lost, space = 0, self.study.space
        for trial in self.study.trials:
            if trial.number in self.rows or not trial.is_finished:
                continue
            if space.unfit(trial.config) or not space.is_allowed(trial.config):  # the space has changed
                continue
            params = self.given.params(trial.config)
            row = None if self.folder is None else Row.kept(self.folder, trial.number, params)
            if row is None:
                lost += 1
            else:
                self.rows[trial.number] = row
        if lost:
            fix = "They inform the search and are left out of cv_results_."
            warnings.warn(
                message(f"the scores by fold of {counted(lost, 'earlier trial')} are gone", fix=fix),
                stacklevel=5,
            )

    def _take(self) -> list[TrialHandle]:
        taken: list[TrialHandle] = []
        try:
            while len(taken) < self.batch:
                trial = self.study.next_trial(self.limits.trials)
                if trial is None:
                    break
                taken.append(self.study.handle(trial))
        except SpaceUsedUp:
            if not taken and self.limits.trials is not None:
                given = f"{counted(self.study.history.counted, 'config')} of n_iter={self.limits.trials}"
                warnings.warn(
                    message("the space is used up before n_iter is reached", given=given), stacklevel=5
                )
        return taken

    @contextmanager
    def _given_back(self, taken: Sequence[TrialHandle]) -> Iterator[None]:
        """Whatever ends the search early, its trials are run again by the next."""
        try:
            yield
        finally:
            for handle in taken:
                if self.study.history[handle.number].state is State.RUNNING:
                    self.study.ledger.release(handle.number, handle.attempt)

    # -- one batch ---------------------------------------------------------------------------------------

    def _run(self, taken: Sequence[TrialHandle]) -> None:
        alive = {h.number: h for h in taken}
        rows = {n: Row(n, self.given.params(h.config)) for n, h in alive.items()}
        for chosen in self.rounds:
            if not alive:
                break
            error = self._fit([rows[n] for n in alive], chosen)
            is_last = chosen is self.rounds[-1]
            for number, handle in list(alive.items()):
                if self._judge(handle, rows[number], is_last, error):
                    del alive[number]

    def _fit(self, rows: Sequence[Row], chosen: Sequence[int]) -> AllFailed | None:
        try:
            fitted = self.fits([row.params for row in rows], chosen)
        except AllFailed as error:
            errors = iter(error.errors)
            for row in rows:
                row.outs += [next(errors, str(error)) for _ in chosen]
            return error
        self.has_fitted = True
        for row, outs in zip(rows, fitted, strict=True):
            row.outs += outs
        return None

    def _judge(self, handle: TrialHandle, row: Row, is_last: bool, error: AllFailed | None) -> bool:
        """Tell or report how a config is doing; whether it has come to its end."""
        told: float | Exception
        if error is not None:
            told = error.with_cause
        else:
            told = float(np.mean([main_score(out, self.refit) for out in row.fitted]))
            if self.racing and np.isfinite(told):
                handle.report(told, len(row.outs))
                if handle.stop_requested:
                    best = self.study.history.best
                    row.lost_to = None if best is None else best.number
        if not (is_last or handle.stop_requested or isinstance(told, Exception) or not np.isfinite(told)):
            return False
        if self.folder is not None:
            row.keep(self.folder)
        self.study.tell(handle, told)
        self.rows[row.number] = row
        if self.verbose:
            self._say(row, told)
        return True

    def _say(self, row: Row, told: float | Exception) -> None:
        # By the number that it has in the store, on the page and as a row of `cv_results_`.
        history, count = self.study.history, self.fits.folds.count
        best, done = history.best, history.finished
        number = f"{done} of {self.limits.trials}" if self.limits.trials else counted(done, "config")
        went = "every fit failed" if isinstance(told, Exception) else f"{told:.6g}"
        part = f" on {len(row.outs)} of {count} folds" if len(row.outs) < count else ""
        far = "" if best is None else f"; best so far {best.value:.6g} (trial {best.number})"
        print(f"{number}: trial {row.number}, {went}{part}{far}", flush=True)


def _no_score(configs: int, outs: Sequence[Out]) -> str:
    first = next((out["fit_error"] for out in outs if out.get("fit_error")), None)
    fix = "Score one fitted estimator by hand: the scorer gives NaN, infinity or an error."
    if first is not None:
        fix = f"One fold that fails is enough; the first that did:\n{first}"
    return message(f"none of {counted(configs, 'config')} has a finite score over all folds", fix=fix)
