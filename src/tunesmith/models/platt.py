"""Probabilities from a classifier that has only distances to its boundary, such as an SVM [Platt1999].

The sigmoid is learnt from the distances of all rows, each by a model that did not learn from it, and applied
to the distances that the same models give, averaged. scikit-learn's `CalibratedClassifierCV` has one or the
other: with `ensemble=False` the sigmoid of those models is applied to another one, whose distances are on
another scale where a class is rare or C is small; with `ensemble=True` each model has a sigmoid of its own,
from few rows.

References:
    [Platt1999] J. Platt, Probabilistic outputs for support vector machines.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import expit

from tunesmith.models.base import Floats
from tunesmith.models.extras import need

PURPOSE = "probabilities of an SVM"
FOLDS = 5


class Platt:
    """Several classifiers, each fitted without one fold of the rows, and a sigmoid for each class.

    Args:
        estimator: Unfitted classifier of scikit-learn with `decision_function`.
        seed: Of the folds.
    """

    def __init__(self, estimator: Any, seed: int) -> None:
        self.estimator, self.seed = estimator, seed

    def fit(self, X: Floats, y: npt.NDArray[np.int64]) -> "Platt":
        """Learn from rows X (n, p) and classes y (n,).

        A model has to know all classes, so the rows of those with fewer rows than folds are learnt from each
        time; their distances are then the models' own.
        """
        clone = need("sklearn.base", PURPOSE).clone
        self.classes_, counts = np.unique(y, return_counts=True)
        is_rare = np.isin(y, self.classes_[counts < FOLDS])
        rare, others = np.flatnonzero(is_rare), np.flatnonzero(~is_rare)
        cuts = [(others, others)]
        if len(others):
            folds = need("sklearn.model_selection", PURPOSE).StratifiedKFold(
                FOLDS, shuffle=True, random_state=self.seed
            )
            cuts = [(others[learnt], others[held]) for learnt, held in folds.split(others, y[others])]
        self.models = []
        distances = np.zeros((len(y), len(self._columns)))
        for learnt, held in cuts:
            rows = np.concatenate([learnt, rare])
            model = clone(self.estimator).fit(X[rows], y[rows])
            for some, share in ((held, 1.0), (rare, 1.0 / len(cuts))):
                if len(some):
                    distances[some] += share * self._by(model, X[some])
            self.models.append(model)
        self.sigmoids = np.array(
            [sigmoid(column, y == k) for column, k in zip(distances.T, self._columns, strict=True)]
        )
        return self

    def predict_proba(self, X: Floats) -> Floats:
        """Probabilities (n, k) of the classes, in the order of `classes_`."""
        distances = np.mean([self._by(model, X) for model in self.models], axis=0)
        made: Floats = expit(distances * self.sigmoids[:, 0] + self.sigmoids[:, 1])
        if len(self.classes_) == 2:
            return np.hstack([1.0 - made, made])
        made = np.maximum(made, np.finfo(float).tiny)  # all may be 0 far from every class
        made /= made.sum(axis=1, keepdims=True)
        return made

    @property
    def _columns(self) -> npt.NDArray[np.int64]:
        """The class of each distance: of two classes, the second alone has one."""
        return self.classes_[1:] if len(self.classes_) == 2 else self.classes_

    def _by(self, model: Any, X: Floats) -> Floats:
        return np.asarray(model.decision_function(X), dtype=np.float64).reshape(len(X), len(self._columns))


def sigmoid(distances: Floats, is_in: npt.NDArray[np.bool_]) -> tuple[float, float]:
    """Slope and offset of the log odds of a class by distance, fitted to targets short of 0 and 1.

    Args:
        distances: Shape (n,).
        is_in: Which rows are of the class, shape (n,).

    References:
        [Platt1999] section 2.2.

    Example:
        >>> slope, offset = sigmoid(np.array([-2.0, -1.0, 1.0, 2.0]), np.array([False, False, True, True]))
        >>> slope > 0, abs(offset) < 1e-4
        (True, True)
    """
    inside = np.count_nonzero(is_in)
    target = np.where(is_in, (inside + 1.0) / (inside + 2.0), 1.0 / (len(is_in) - inside + 2.0))
    middle, spread = distances.mean(), distances.std() or 1.0
    scaled = (distances - middle) / spread

    def loss(ab: Floats) -> tuple[float, Floats]:
        odds = ab[0] * scaled + ab[1]
        gap = expit(odds) - target
        return float(np.mean(np.logaddexp(0.0, odds) - target * odds)), np.array(
            [np.mean(gap * scaled), np.mean(gap)]
        )

    a, b = minimize(loss, np.array([0.0, np.log((inside + 1.0) / (len(is_in) - inside + 1.0))]), jac=True).x
    return float(a / spread), float(b - a * middle / spread)
