"""TunesmithSearchCV: parameters, their validation, and what is left after fit.

Scorers, refit, metadata routing, callbacks and `cv_results_` are scikit-learn's own, from its BaseSearchCV;
which configs are tried, and how far, is tunesmith's (`loop.py`).
"""

import os
import re
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from numbers import Integral, Real
from typing import Any, ClassVar

import joblib
import numpy as np
import sklearn
from sklearn.base import is_classifier
from sklearn.model_selection import check_cv
from sklearn.model_selection._search import BaseSearchCV
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import HasMethods, Interval
from sklearn.utils.validation import _is_arraylike, _num_samples

from tunesmith.errors import MissingExtra, OptionError, message
from tunesmith.execution.limits import parse_seconds
from tunesmith.fidelity import Fidelity
from tunesmith.integrations.sklearn.folds import CHOOSES, VERSION, Fits, Folds, Out
from tunesmith.integrations.sklearn.given import Given, begun_at, given_space
from tunesmith.integrations.sklearn.loop import Limits, Loop
from tunesmith.integrations.sklearn.results import make_results
from tunesmith.integrations.sklearn.suggested import suggested_space
from tunesmith.space import Space
from tunesmith.study.study import Study

OLDEST = (1, 5)
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")

if VERSION < OLDEST:
    raise MissingExtra(
        message(
            "TunesmithSearchCV needs a newer scikit-learn",
            allowed="{}.{} and above".format(*OLDEST),
            given=sklearn.__version__,
            fix='Install it with: pip install -U "tunesmith[sklearn]"',
        )
    )


@dataclass
class _UnderWay:
    """What `fit` knows and `_run_search` needs."""

    X: Any
    y: Any
    params: dict[str, Any]
    split_params: dict[str, Any] = field(default_factory=dict)
    results: dict[str, Any] = field(default_factory=dict)


class TunesmithSearchCV(BaseSearchCV):  # type: ignore[misc]  # scikit-learn has no types
    """Search an estimator's parameters by cross-validation, as RandomizedSearchCV does, in fewer configs.

    It takes what RandomizedSearchCV takes and leaves the same attributes. All configs are compared on the
    same folds. With `n_jobs` above what the folds of one config can use, several configs are fitted at once,
    so that results then depend on `n_jobs`.

    Args:
        estimator: The estimator; a pipeline's parameters are named step__parameter.
        space: A `Space`; a dict from parameter to Float, Int, Choice, list of values or frozen distribution
            of scipy.stats; a list of such dicts; or None to have one suggested by rules of thumb from the
            estimator's class and the data: what was set on the estimator then stays as it was set. In a space
            that was given the estimator as it is comes first, where it lies within and the space has no
            default of its own; by the method "grid" it comes in its turn.
        n_iter: How many configs to try, with a store those of earlier fits included; None: until `timeout`.
        timeout: Time after which no further config is started, in seconds or as text such as "10min"; None
            for no limit.
        scoring: As in RandomizedSearchCV. Of several metrics the search follows the one that `refit` names,
            else the first.
        n_jobs: Number of joblib's processes.
        refit: As in RandomizedSearchCV: whether, by which metric, or by which function of `cv_results_` to
            choose a config to fit on all rows.
        cv: As in RandomizedSearchCV.
        verbose: Above 0 a line is printed for each config; above 1 also one for each fit.
        pre_dispatch: As in RandomizedSearchCV.
        random_state: Seed of the search, not of the estimator.
        error_score: What a fit that fails scores; NaN makes the config a failure that the search avoids;
            "raise" ends the search.
        return_train_score: Whether `cv_results_` has scores on the rows learnt from.
        method: Which method chooses configs: a name such as "auto" or "random", or a method.
        racing: Stop a config after some folds when it will hardly beat the best one (scikit-learn 1.9 or
            above). In `cv_results_` its folds that were not run are NaN, `n_splits_run` says how many were,
            and its mean is estimated from those, so that it never ranks before the config that it lost to.
        store: Where to keep the search, such as "tune.db": fitting again goes on where it stopped, on the
            same data, folds and scoring only; None to start anew each time.
        name: Name of the study in the store; "default" unless given.

    Attributes:
        cv_results_: Scores by config and fold, as in RandomizedSearchCV; so are best_index_, best_score_,
            best_params_, best_estimator_, scorer_, n_splits_, refit_time_, multimetric_, classes_,
            n_features_in_ and feature_names_in_.
        space_: The space that was searched.
        reasons_: Why it is as it is, where it was suggested.
        study_: The study, for its importances, figures and reports; not pickled unless it has a store.

    Example:
        >>> import tunesmith as ts
        >>> from sklearn.datasets import load_iris
        >>> from sklearn.linear_model import LogisticRegression
        >>> from tunesmith.integrations.sklearn import TunesmithSearchCV
        >>> space = {"C": ts.Float(0.01, 100, log=True)}
        >>> search = TunesmithSearchCV(LogisticRegression(max_iter=500), space, n_iter=5, random_state=0)
        >>> round(float(search.fit(*load_iris(return_X_y=True)).best_score_), 2) >= 0.95
        True
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **BaseSearchCV._parameter_constraints,
        "space": [Space, Mapping, list, None],
        "n_iter": [Interval(Integral, 1, None, closed="left"), None],
        "timeout": [Interval(Real, 0, None, closed="neither"), str, timedelta, None],
        "random_state": ["random_state"],
        "method": [str, HasMethods("propose")],
        "racing": ["boolean"],
        "store": [str, os.PathLike, HasMethods("create_study"), None],
        "name": [str, None],
    }

    cv: Any

    def __init__(
        self,
        estimator: Any,
        space: Any = None,
        *,
        n_iter: int | None = 10,
        timeout: float | str | timedelta | None = None,
        scoring: Any = None,
        n_jobs: int | None = None,
        refit: Any = True,
        cv: Any = None,
        verbose: int = 0,
        pre_dispatch: int | str = "2*n_jobs",
        random_state: Any = None,
        error_score: Any = np.nan,
        return_train_score: bool = False,
        method: Any = "auto",
        racing: bool = False,
        store: Any = None,
        name: str | None = None,
    ) -> None:
        super().__init__(
            estimator=estimator,
            scoring=scoring,
            n_jobs=n_jobs,
            refit=refit,
            cv=cv,
            verbose=verbose,
            pre_dispatch=pre_dispatch,
            error_score=error_score,
            return_train_score=return_train_score,
        )
        self.space = space
        self.n_iter = n_iter
        self.timeout = timeout
        self.random_state = random_state
        self.method = method
        self.racing = racing
        self.store = store
        self.name = name

    def fit(self, X: Any, y: Any = None, **params: Any) -> "TunesmithSearchCV":
        """Search, and fit the best config on all rows.

        Args:
            X: Table of shape (n, d), or what the estimator takes.
            y: Target of shape (n,) or (n, outputs); None for an estimator without one.
            **params: As in RandomizedSearchCV: `groups` for the folds, `sample_weight` and others for the
                estimator, or what metadata routing says.

        Returns:
            The search itself.

        Raises:
            ValueError: A parameter is not allowed, or all fits failed.
            StudyMismatch: The stored study is of other data, weights, groups, folds or scoring.
        """
        if isinstance(self.cv, Iterator):
            self.cv = list(self.cv)  # a generator is used up by the first look at it
        self._under_way = _UnderWay(X, y, params)
        try:
            super().fit(X, y, **params)
        finally:
            del self._under_way
        return self

    # -- what scikit-learn's fit calls -------------------------------------------------------------------

    def _get_routed_params_for_fit(self, params: dict[str, Any]) -> Any:
        routed = super()._get_routed_params_for_fit(params)
        self._under_way.split_params = routed.splitter.split  # such as groups
        return routed

    def _run_search(self, evaluate_candidates: Any, *, callback_ctx: Any = None) -> None:
        X, y = self._under_way.X, self._under_way.y
        if self.n_iter is None and self.timeout is None:
            raise OptionError(message("there is no limit", allowed="n_iter, timeout, or both"))
        if self.racing and VERSION < CHOOSES:
            wrong = "racing needs a newer scikit-learn, which fits some of the folds"
            fix = "Install it, or leave racing off."
            raise OptionError(
                message(wrong, allowed="{}.{} and above".format(*CHOOSES), given=sklearn.__version__, fix=fix)
            )
        seconds = None if self.timeout is None else parse_seconds(self.timeout, "timeout")
        given = suggested_space(self.estimator, X, y) if self.space is None else given_space(self.space)
        if self.space is not None and self.method != "grid":
            given = begun_at(given, self.estimator)
        cv = check_cv(self.cv, y, classifier=is_classifier(self.estimator))
        count = cv.get_n_splits(X, y, **self._under_way.split_params)
        study = self._open_study(given, X, y, cv, count)
        context = None
        if callback_ctx is not None:
            most = None if self.n_iter is None else self.n_iter * count
            context = callback_ctx.subcontext(
                task_name="search", max_subtasks=most, sequential_subtasks=False
            ).call_on_fit_task_begin(estimator=self)
        loop = Loop(
            study,
            given,
            Fits(self, evaluate_candidates, Folds(cv, count), context),
            Limits(self.n_iter, seconds),
            n_jobs=self.n_jobs,
            refit=self.refit,
            racing=self.racing,
            verbose=self.verbose > 0,
        )
        rows = loop.go()
        made = make_results(
            rows,
            count,
            self.error_score,
            super()._format_results,
            racing=self.racing,
            has_train=self.return_train_score,
        )
        self._under_way.results.clear()
        self._under_way.results.update(made)
        self.space_, self.reasons_, self.study_ = given.space, given.reasons, study
        if context is not None:
            context.call_on_fit_task_end(estimator=self)

    def _format_results(
        self, candidate_params: Any, n_splits: int, out: list[Out], more_results: Any = None
    ) -> dict[str, Any]:
        """Hand on what the fits gave; `cv_results_` is made of it once, at the end, in this same dict."""
        results = self._under_way.results
        results["outs"] = out
        return results

    def _open_study(self, given: Given, X: Any, y: Any, cv: Any, count: int) -> Study:
        has_seed = self.random_state is not None or self.store is None
        info = {}
        if self.store is not None:
            info = {
                "estimator": _named(self.estimator),
                "scoring": _named(self.scoring),
                "folds": _named(cv),
                "data": joblib.hash((X, y)),
                "weights": _weights(self._under_way.params, X),
            }
        study = Study(
            given.space,
            direction="maximize",
            method=self.method,
            fidelity=Fidelity("fold", 1, count, resumable=False) if self.racing else None,
            scheduler="racing" if self.racing else None,
            store=self.store,
            name=self.name,
            seed=int(check_random_state(self.random_state).randint(2**31 - 1)) if has_seed else None,
            info=info,
        )
        for note in study.notes:  # what reopening changed
            warnings.warn(note, stacklevel=2)
        return study

    def __getstate__(self) -> dict[str, Any]:
        """All but what only this process can use: the search under way, and a study in memory."""
        state: dict[str, Any] = dict(super().__getstate__())
        state.pop("_under_way", None)
        study = state.get("study_")
        if study is not None and not study.store.is_lasting:
            del state["study_"]
        return state


def _weights(params: Mapping[str, Any], X: Any) -> str:
    """Text of what comes with the rows, such as weights and groups: other ones give other scores."""
    rows = _num_samples(X)
    by_row = {n: v for n, v in sorted(params.items()) if _is_arraylike(v) and _num_samples(v) == rows}
    return ", ".join(f"{name} {joblib.hash(value)}" for name, value in by_row.items()) or "none"


def _named(given: Any) -> str:
    """Text of an estimator, scoring or splitter, the same in every process: without places in memory."""
    return _ADDRESS.sub("", given if isinstance(given, str) else repr(given))
