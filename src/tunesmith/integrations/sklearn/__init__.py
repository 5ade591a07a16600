"""scikit-learn: `TunesmithSearchCV`, a search that takes and gives what RandomizedSearchCV does.

search.py      the estimator itself: parameters, validation, what is left after fit
loop.py        asks a study for configs, has their folds fitted, tells the scores
folds.py       folds that are split once, and fitting some of them by scikit-learn's own means
results.py     what folds gave, kept with the study, and `cv_results_` made of it
given.py       a space as scikit-learn's searches take one: lists, distributions, lists of dicts
suggested.py   a space from rules of thumb, in the estimator's own names
"""

from tunesmith.errors import MissingExtra, message
from tunesmith.models.extras import need

OLDEST = (1, 9)  # whose searches can be asked for some of the folds

_version = need("sklearn", "TunesmithSearchCV").__version__
if tuple(int(part) for part in _version.split(".")[:2]) < OLDEST:
    raise MissingExtra(
        message(
            "TunesmithSearchCV needs a newer scikit-learn",
            allowed="{}.{} and above".format(*OLDEST),
            given=_version,
            fix='Install it with: pip install -U "scikit-learn>={}.{}"'.format(*OLDEST),
        )
    )

from tunesmith.integrations.sklearn.search import TunesmithSearchCV  # noqa: E402 - after the check above

__all__ = ["TunesmithSearchCV"]
