"""scikit-learn: a search that takes and leaves what RandomizedSearchCV does, and helpers for objectives.

search.py      the estimator itself: parameters, validation, what is left after fit
loop.py        asks a study for configs, has their folds fitted, tells the scores
folds.py       folds that are split once, and fitting some of them by scikit-learn's own means
results.py     what folds gave, kept with the study, and `cv_results_` made of it
given.py       a space as scikit-learn's searches take one: lists, distributions, lists of dicts
seen.py        facts for rules of thumb, from whatever scikit-learn takes
suggested.py   a space from rules of thumb, in the estimator's own names
named.py       these names, and what has to be set for a parameter to count
trials.py      cross_val_score and fit_in_steps, for objectives of your own
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from tunesmith.models.extras import need

need("sklearn.model_selection", "tunesmith.integrations.sklearn", extra="sklearn")

if TYPE_CHECKING:
    from tunesmith.integrations.sklearn.search import TunesmithSearchCV as TunesmithSearchCV
    from tunesmith.integrations.sklearn.trials import cross_val_score as cross_val_score
    from tunesmith.integrations.sklearn.trials import fit_in_steps as fit_in_steps

_HOME = {"TunesmithSearchCV": "search", "cross_val_score": "trials", "fit_in_steps": "trials"}

__all__ = ["TunesmithSearchCV", "cross_val_score", "fit_in_steps"]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
