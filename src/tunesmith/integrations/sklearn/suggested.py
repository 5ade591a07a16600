"""A space from rules of thumb for an estimator and its data, in the estimator's own names.

Which rules hold is told by the class of the estimator; of a pipeline it is the last step that is searched.
What was set on the estimator stays as it was set. The rules speak of model families (`tunesmith.models`),
which stop early on rows of their own; a search of scikit-learn has none, so the number of rounds is searched
as well.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from inspect import Parameter as Argument
from inspect import signature
from typing import Any

import numpy as np
from sklearn.base import is_classifier

from tunesmith.errors import OptionError, message
from tunesmith.integrations.sklearn.given import Given
from tunesmith.models.ruled import suggest
from tunesmith.rules.engine import Reason, Suggestion
from tunesmith.space import Config, Int, Parameter, Space

FAMILIES = {
    "RandomForest": "random_forest",
    "ExtraTrees": "extra_trees",
    "HistGradientBoosting": "hist_gradient_boosting",
    "LogisticRegression": "logistic",
    "Ridge": "ridge",
    "SVC": "svm",
    "SVR": "svm",
    "KNeighbors": "knn",
    "MLP": "mlp",
    "LGBM": "lightgbm",
    "XGB": "xgboost",
    "CatBoost": "catboost",
}
"""Table of rules by name of the class, less Classifier or Regressor."""

_NAMES = {
    "lightgbm": {
        "bagging_fraction": "subsample",
        "feature_fraction": "colsample_bytree",
        "lambda_l2": "reg_lambda",
    },
    "mlp": {"width": "hidden_layer_sizes", "layers": "hidden_layer_sizes"},
}
"""Names of the estimator where they are not those of the rules."""

_WORDS: dict[str, dict[Any, Any]] = {"class_weight": {"none": None}, "max_samples": {1.0: None}}
"""Values of the estimator where they are not those of the rules."""

_NEEDS: dict[tuple[str, str], dict[str, Any]] = {
    ("lightgbm", "subsample"): {"subsample_freq": 1},  # without it LightGBM ignores subsample
    ("catboost", "subsample"): {"bootstrap_type": "Bernoulli"},  # the one it picks may know no subsample
}
"""Parameters without which another is not looked at."""

_ROUNDS = {
    "lightgbm": "n_estimators",
    "xgboost": "n_estimators",
    "catboost": "iterations",
    "hist_gradient_boosting": "max_iter",
}
FEWEST_ROUNDS, MOST_ROUNDS = 30, 1000
ROUNDS_TIMES_RATE = 10  # the libraries' own 100 rounds at a learning rate of 0.1
ROUNDS_WHY = "A search of scikit-learn has no rows to stop early on, so the number of rounds is searched."


def suggested_space(estimator: Any, X: Any, y: Any) -> Given:
    """Space for an estimator on a data set.

    Args:
        estimator: The estimator; of a pipeline the last step is searched.
        X: Table of shape (n, d).
        y: Target of shape (n,).

    Raises:
        OptionError: There are no rules for the estimator or such data, or everything was set by hand.
        DataError: The data cannot be learnt from.

    Example:
        >>> from sklearn.datasets import load_iris
        >>> from sklearn.neighbors import KNeighborsClassifier
        >>> from sklearn.pipeline import make_pipeline
        >>> from sklearn.preprocessing import StandardScaler
        >>> model = make_pipeline(StandardScaler(), KNeighborsClassifier(p=1))
        >>> list(suggested_space(model, *load_iris(return_X_y=True)).space)
        ['kneighborsclassifier__n_neighbors', 'kneighborsclassifier__weights']
    """
    prefix, last = _searched_part(estimator)
    model = _family(last)
    if np.ndim(y) != 1 or np.ndim(X) != 2 or hasattr(X, "tocsr"):
        wrong = "a space can be suggested for a dense table with one target only"
        raise OptionError(message(wrong, fix="Give a space."))
    found = suggest(X, y, model, task="classification" if is_classifier(last) else "regression")
    names = _names(found, last, model, prefix)
    parameters: dict[str, Parameter] = {new: found.space[old] for old, new in names.items()}
    rounds = _ROUNDS.get(model, "")
    if rounds and rounds not in _set_by_hand(last):
        default = _rounds_for(found.default)
        parameters[prefix + rounds] = Int(FEWEST_ROUNDS, MOST_ROUNDS, log=True, default=default)
    if not parameters:
        wrong = f"every parameter of {type(last).__name__} that there are rules for was set by hand"
        raise OptionError(message(wrong, fix="Give a space, or leave some of them as they come."))
    # No table has conditions or constraints, whose names would have to be changed as well.
    assert not found.space.rules
    assert not found.space.constraints

    def config_of(config: Config) -> Config:
        made = {new: config[old] for old, new in names.items()}
        if prefix + rounds in parameters:
            made[prefix + rounds] = _rounds_for(config)
        return made

    reasons = [replace(r, parameter=names.get(r.parameter, r.parameter)) for r in found.reasons]
    if prefix + rounds in parameters:
        says = f"searched over {FEWEST_ROUNDS} to {MOST_ROUNDS:,}, log scale"
        reasons.append(Reason(prefix + rounds, says, ROUNDS_WHY))
    return Given(
        Space(parameters),
        _Params(model, prefix, _gamma_unit(X, is_alone=not prefix) if model == "svm" else 1.0, len(X)),
        tuple(config_of(c) for c in (found.default, *found.portfolio)),
        tuple(r for r in reasons if not r.parameter or r.parameter in parameters),
    )


@dataclass(frozen=True)
class _Params:
    """Turns a config into parameters of the estimator."""

    model: str
    prefix: str
    gamma_unit: float
    rows: int

    def __call__(self, config: Mapping[str, Any]) -> dict[str, Any]:
        made = {name.removeprefix(self.prefix): value for name, value in config.items()}
        made = {n: _WORDS.get(n, {}).get(v, v) for n, v in made.items()}
        for name in list(made):
            made.update(_NEEDS.get((self.model, name), {}))
        if self.model == "mlp":
            if "width" in made:
                made["hidden_layer_sizes"] = (made.pop("width"),) * made.pop("layers")
            if "batch_size" in made:
                made["batch_size"] = min(made["batch_size"], max(1, self.rows // 2))
        if self.model == "svm" and "gamma" in made:
            made["gamma"] *= self.gamma_unit
        return {self.prefix + name: value for name, value in made.items()}


def _searched_part(estimator: Any) -> tuple[str, Any]:
    """The estimator that is searched, and what its parameters are prefixed with."""
    prefix = ""
    while True:
        if hasattr(estimator, "steps"):
            name, estimator = estimator.steps[-1]
        elif hasattr(estimator, "regressor") and hasattr(estimator, "transformer"):
            name, estimator = "regressor", estimator.regressor  # TransformedTargetRegressor
        else:
            return prefix, estimator
        prefix += f"{name}__"


def _family(estimator: Any) -> str:
    for kind in type(estimator).__mro__:
        word = kind.__name__.removesuffix("Classifier").removesuffix("Regressor")
        if word in FAMILIES:
            return FAMILIES[word]
    raise OptionError(
        message(
            f"there are no rules of thumb for {type(estimator).__name__}",
            allowed=", ".join(FAMILIES),
            fix='Give a space, such as {"alpha": ts.Float(1e-3, 1e3, log=True)}.',
        )
    )


def _names(found: Suggestion, estimator: Any, model: str, prefix: str) -> dict[str, str]:
    """Names in the new space by name in the rules, of the parameters that are searched."""
    by_hand, names = _set_by_hand(estimator), {}
    arguments = signature(type(estimator).__init__).parameters
    takes_any = any(a.kind is Argument.VAR_KEYWORD for a in arguments.values())
    for old in found.space:
        own = _NAMES.get(model, {}).get(old, old)
        if {old, own} & by_hand or not (takes_any or own in arguments or own in estimator.get_params()):
            continue
        if old == "l1_ratio" and estimator.solver != "saga":
            continue  # the other solvers know no L1 penalty
        if old == "max_samples" and not estimator.bootstrap:
            continue
        names[old] = prefix + (old if own == "hidden_layer_sizes" else own)
    return names


def _set_by_hand(estimator: Any) -> set[str]:
    as_it_comes = type(estimator)().get_params(deep=False)
    return {
        name
        for name, value in estimator.get_params(deep=False).items()
        if name not in as_it_comes or (value is not as_it_comes[name] and value != as_it_comes[name])
    }


def _rounds_for(config: Mapping[str, Any]) -> int:
    rounds: int = round(ROUNDS_TIMES_RATE / config.get("learning_rate", 0.1))
    return min(max(rounds, FEWEST_ROUNDS), MOST_ROUNDS)


def _gamma_unit(X: Any, is_alone: bool) -> float:
    """What the rules call 1: scikit-learn's "scale", as if standardised where a pipeline goes before."""
    columns = float(np.shape(X)[1])
    variance = float(np.var(np.asarray(X, dtype=np.float64))) if is_alone else 1.0
    return 1.0 / (columns * variance) if variance > 0 else 1.0
