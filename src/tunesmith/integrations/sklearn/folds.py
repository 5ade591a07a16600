"""Folds that are split once, and fitting some of them by scikit-learn's own means."""

import re
import warnings
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import sklearn
from joblib import effective_n_jobs
from sklearn.exceptions import FitFailedWarning

from tunesmith.errors import OptionError, message

Out: TypeAlias = dict[str, Any]
"""What scikit-learn gives of one fit: test_scores, fit_time, score_time, n_test_samples, ..."""

CHOOSES = (1, 9)  # scikit-learn's version from which on its searches can be asked for some of the folds
VERSION = tuple(int(part) for part in sklearn.__version__.split(".")[:2])
WELL_USED = 0.8  # share of the processes' time that a batch should use


class Folds:
    """A splitter that splits once and then gives the same folds, all or some of them.

    A splitter with randomness of its own would give each config other folds, and luck of the draw for score.

    Args:
        cv: scikit-learn's splitter.
        count: How many folds it promises.
    """

    def __init__(self, cv: Any, count: int) -> None:
        self._cv = cv
        self._all: list[Any] | None = None
        self.count = count
        self.chosen: Sequence[int] = range(count)
        """Which folds `split` gives."""

    def split(self, X: Any, y: Any = None, **params: Any) -> list[Any]:
        """Rows to learn from and rows to score, by chosen fold."""
        if self._all is None:
            self._all = list(self._cv.split(X, y, **params))
        if len(self.chosen) == self.count:
            return self._all  # where there are too many or too few, scikit-learn says so
        if len(self._all) != self.count:
            wrong = "cv gives another number of folds than it promises"
            raise OptionError(message(wrong, allowed=self.count, given=len(self._all)))
        return [self._all[fold] for fold in self.chosen]


_ERRORS = re.compile(r"-{80}\n(\d+) fits failed with the following error:\n")


class AllFailed(Exception):
    """No fit of a batch succeeded; the text is scikit-learn's."""

    @property
    def errors(self) -> list[str]:
        """Traceback of each fit, as far as the text tells."""
        _, *parts = _ERRORS.split(str(self))
        counted = zip(parts[::2], parts[1::2], strict=True)
        return [text.strip("\n") for count, text in counted for _ in range(int(count))]

    @property
    def with_cause(self) -> "AllFailed":
        """The same with the first error in front, where one line of it shows what is wrong."""
        lines = [line for text in self.errors[:1] for line in text.splitlines() if line.strip()]
        return AllFailed("\n".join([*lines[-1:], str(self)]))


class Fits:
    """Fits configs on folds through what `BaseSearchCV.fit` hands to `_run_search`.

    Args:
        search: The search under way; its `n_splits_` is what scikit-learn goes by.
        evaluate: scikit-learn's function.
        folds: The folds.
        context: scikit-learn's callback context of the search; None where it has none.
    """

    def __init__(self, search: Any, evaluate: Callable[..., Any], folds: Folds, context: Any) -> None:
        self._search = search
        self._evaluate = evaluate
        self._context = context
        self._tasks = 0
        self.folds = folds

    def __call__(self, candidates: Sequence[dict[str, Any]], chosen: Sequence[int]) -> list[list[Out]]:
        """Fit each candidate on each chosen fold.

        Before `CHOOSES` it is all folds, whichever were chosen.

        Returns:
            By candidate, what each fold gave.

        Raises:
            AllFailed: Every single fit failed, and `error_score` is not "raise".
        """
        search, folds = self._search, self.folds
        if VERSION < CHOOSES:
            chosen = range(folds.count)
        folds.chosen, search.n_splits_ = chosen, len(chosen)
        # scikit-learn would say anew for each batch how many fits there are.
        before, search.verbose = search.verbose, 0
        given: dict[str, Any] = {"cv": folds}
        if self._context is not None:
            given["callback_ctx"] = _Numbered(self._context, self._tasks)
        self._tasks += len(candidates) * len(chosen)
        try:
            with warnings.catch_warnings():  # they come all together at the end
                warnings.simplefilter("ignore", FitFailedWarning)
                outs: list[Out] = self._evaluate(candidates, **given)["outs"]
        except ValueError as error:
            if "fits failed" not in str(error):
                raise
            raise AllFailed(str(error)) from error
        finally:
            search.n_splits_, search.verbose = folds.count, before
        new = outs[-len(candidates) * len(chosen) :]
        return [new[k : k + len(chosen)] for k in range(0, len(new), len(chosen))]


class _Numbered:
    """A callback context whose tasks go on counting from batch to batch."""

    def __init__(self, context: Any, offset: int) -> None:
        self._context = context
        self._offset = offset

    def subcontext(self, task_name: str, task_id: int) -> Any:
        """Context of one fit."""
        return self._context.subcontext(task_name=task_name, task_id=self._offset + task_id)


def batch_size(n_jobs: int | None, fits: int) -> int:
    """How many configs are fitted at once, so that the processes are well used.

    Args:
        n_jobs: As joblib takes it.
        fits: Fits of one config that can run at once.

    Example:
        >>> batch_size(None, 5), batch_size(5, 5), batch_size(4, 5), batch_size(8, 5)
        (1, 1, 2, 3)
    """
    jobs = int(effective_n_jobs(n_jobs))
    for size in range(1, jobs):
        rounds = -(-size * fits // jobs)
        if size * fits >= WELL_USED * jobs * rounds:
            return size
    return jobs
