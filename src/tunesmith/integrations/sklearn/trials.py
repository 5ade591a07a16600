"""Objectives on scikit-learn's estimators: cross-validation and step-wise training that report to a trial."""

from collections.abc import Callable, Generator
from typing import Any, Protocol
from weakref import WeakKeyDictionary

import numpy as np
from sklearn.base import is_classifier
from sklearn.model_selection import check_cv, cross_validate
from sklearn.multioutput import MultiOutputClassifier
from sklearn.utils.multiclass import unique_labels

from tunesmith.errors import ObjectiveError, message
from tunesmith.execution.values import as_float
from tunesmith.integrations.reporting import check_trial
from tunesmith.whole import whole

# Generators of folds and what they gave: the first trial uses them up.
_LISTED: "WeakKeyDictionary[Generator[Any], list[Any]]" = WeakKeyDictionary()


def cross_val_score(
    trial: Any,
    estimator: Any,
    X: Any,
    y: Any = None,
    *,
    cv: Any = None,
    scoring: Any = None,
    groups: Any = None,
    params: Any = None,
) -> float:
    """Score an estimator by cross-validation, report the mean after each fold, and stop when told to.

    In scikit-learn's own `cross_val_score` nothing can be stopped between folds, and an error within one
    becomes NaN; here it is the trial's failure as it is.

    Args:
        trial: What the objective gets as its second argument.
        estimator: The estimator; it is cloned.
        X: Table of shape (n, d).
        y: Target of shape (n,).
        cv: Folds as scikit-learn takes them; a generator is turned into a list, once for all trials.
        scoring: One metric, as scikit-learn takes it; high is good.
        groups: Groups for the splitter.
        params: What else to hand on, as in `cross_validate`.

    Returns:
        Mean over the folds; over those that were run when it was stopped.

    Raises:
        ObjectiveError: The study minimizes, there are no folds, or scoring has several metrics.

    Example:
        >>> import tunesmith as ts
        >>> from sklearn.datasets import load_diabetes
        >>> from sklearn.linear_model import Ridge
        >>> X, y = load_diabetes(return_X_y=True)
        >>> def objective(config, trial):
        ...     return cross_val_score(trial, Ridge(**config), X, y, cv=5)
        >>> space = ts.Space(alpha=ts.Float(1e-3, 1e3, log=True))
        >>> folds = ts.Fidelity("fold", 1, 5)
        >>> study = ts.maximize(
        ...     objective, space, trials=9, fidelity=folds, scheduler="racing", seed=0, progress=False
        ... )
        >>> study.best.value > 0.47
        True
    """
    check_trial(trial, "scikit-learn")
    if trial.direction == "minimize":
        wrong = "scikit-learn's scores are good when high, and the study has to minimize"
        raise ObjectiveError(message(wrong, fix="Use ts.maximize, with a scoring such as neg_log_loss."))
    if isinstance(cv, Generator):
        if cv not in _LISTED:
            _LISTED[cv] = list(cv)
        cv = _LISTED[cv]
    splitter = check_cv(cv, y, classifier=is_classifier(estimator))
    scores: list[float] = []
    for fold in list(splitter.split(X, y, groups)):
        out = cross_validate(estimator, X, y, cv=[fold], scoring=scoring, params=params, error_score="raise")
        if "test_score" not in out:
            raise ObjectiveError(
                message(
                    "scoring has several metrics",
                    allowed="one, which the study follows",
                    given=", ".join(name.removeprefix("test_") for name in out if name.startswith("test_")),
                )
            )
        scores += out["test_score"].tolist()
        trial.report(float(np.mean(scores)), len(scores))
        if trial.stop_requested:
            break
    if not scores:
        raise ObjectiveError(message("cv has no folds", given=repr(cv), fix="A generator is used up once."))
    return float(np.mean(scores))


class _Grow(Protocol):
    def __call__(self, until: int) -> None: ...


def fit_in_steps(
    trial: Any, estimator: Any, X: Any, y: Any, score: Callable[[Any], float], *, size: int = 1
) -> float:
    """Train an estimator step by step, report a score after each, and stop when told to.

    A step is a pass over the data (`partial_fit`), or `size` trees or iterations more (`warm_start`: forests,
    boosting, bagging).

    Args:
        trial: What the objective gets as its second argument.
        estimator: An unfitted estimator that has partial_fit, or warm_start with n_estimators or max_iter in
            all; it is trained itself.
        X: Rows to learn from, of shape (n, d).
        y: Their target.
        score: What to report of the estimator, in the study's direction.
        size: Passes, trees or iterations by step.

    Returns:
        The last score.

    Raises:
        ObjectiveError: The estimator cannot be trained in steps, or size is no whole number above 0.

    Example:
        >>> import tunesmith as ts
        >>> from sklearn.datasets import load_digits
        >>> from sklearn.linear_model import SGDClassifier
        >>> X, y = load_digits(return_X_y=True)
        >>> def objective(config, trial):
        ...     model = SGDClassifier(loss="log_loss", random_state=0, **config)
        ...     return fit_in_steps(trial, model, X[:900], y[:900], lambda m: m.score(X[900:], y[900:]))
        >>> space = ts.Space(alpha=ts.Float(1e-6, 1, log=True))
        >>> passes = ts.Fidelity("pass", 1, 9)
        >>> study = ts.maximize(objective, space, trials=4, fidelity=passes, seed=0, progress=False)
        >>> study.best.value > 0.85
        True
    """
    check_trial(trial, "scikit-learn")
    if (whole(size) or 0) < 1:
        raise ObjectiveError(
            message("size of fit_in_steps", allowed="a whole number above 0", given=repr(size))
        )
    grow = _growing(estimator, X, y)
    value = float("nan")
    for step in trial.steps():
        grow(step * size)
        value = as_float(score(estimator), "the score of fit_in_steps is")
        trial.report(value)
    return value


def _classes(estimator: Any, y: Any) -> Any:
    """All classes, as `partial_fit` has to know them at first; of several targets by target."""
    if isinstance(estimator, MultiOutputClassifier):
        return [np.unique(column) for column in np.asarray(y).T]
    return unique_labels(y)


def _growing(estimator: Any, X: Any, y: Any) -> _Grow:
    """Function that trains the estimator until so many passes, trees or iterations in all."""
    if hasattr(estimator, "partial_fit"):
        classes = {"classes": _classes(estimator, y)} if is_classifier(estimator) else {}
        done = 0

        def go_over(until: int) -> None:
            nonlocal done
            while done < until:  # a trial that is gone on with trains anew up to where it was
                estimator.partial_fit(X, y, **({} if done else classes))
                done += 1

        return go_over
    params = estimator.get_params(deep=False)
    # In linear models max_iter counts the iterations of one call, whatever went before.
    counts = [n for n in ("n_estimators", "max_iter") if n in params]
    if (
        "warm_start" not in params
        or not counts
        or (counts[0] == "max_iter" and "max_leaf_nodes" not in params)
    ):
        raise ObjectiveError(
            message(
                f"{type(estimator).__name__} cannot be trained in steps",
                allowed="estimators with partial_fit, and forests, boosting or bagging with warm_start",
            )
        )
    estimator.set_params(warm_start=True)

    def add(until: int) -> None:
        estimator.set_params(**{counts[0]: until}).fit(X, y)

    return add
