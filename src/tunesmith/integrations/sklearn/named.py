"""What estimators call the parameters that the rules speak of, and what has to be set for these to count.

Libraries have several names for one parameter, and refuse two at once or look at one of them only; and a
parameter may count for nothing, or be refused, with what was set on the estimator. Both are tables here.
"""

from collections.abc import Iterable
from inspect import Parameter as Argument
from inspect import signature
from typing import Any

import numpy as np

_NAMES = {
    "lightgbm": {
        "bagging_fraction": "subsample",
        "feature_fraction": "colsample_bytree",
        "lambda_l2": "reg_lambda",
    },
    "mlp": {"width": "hidden_layer_sizes", "layers": "hidden_layer_sizes"},
}
"""Names of the estimator where they are not those of the rules."""

ROUNDS = {
    "lightgbm": "n_estimators",
    "xgboost": "n_estimators",
    "catboost": "iterations",
    "hist_gradient_boosting": "max_iter",
}
"""Name of the number of rounds, where the search of a model is one over that as well."""

_ALIASES: dict[str, dict[str, tuple[str, ...]]] = {
    # Those that LightGBM looks at rather than at the estimator's own.
    "lightgbm": {
        "min_child_samples": ("min_data_in_leaf", "min_data", "min_samples_leaf"),
        "subsample": ("bagging_fraction", "bagging", "sub_row"),
        "colsample_bytree": ("feature_fraction", "sub_feature"),
        "reg_lambda": ("lambda_l2", "lambda"),
        "subsample_freq": ("bagging_freq",),
        "boosting_type": ("boosting", "boost"),
    },
    "xgboost": {"learning_rate": ("eta",), "reg_lambda": ("lambda",), "reg_alpha": ("alpha",)},
    "catboost": {
        "iterations": ("n_estimators", "num_boost_round", "num_trees"),
        "learning_rate": ("eta",),
        "depth": ("max_depth",),
        "l2_leaf_reg": ("reg_lambda",),
    },
}
"""Other names under which an estimator's parameter may have been set."""

WORDS: dict[str, dict[Any, Any]] = {"class_weight": {"none": None}, "max_samples": {1.0: None}}
"""Values of the estimator where they are not those of the rules."""

NEEDS: dict[tuple[str, str], dict[str, Any]] = {
    ("lightgbm", "subsample"): {"subsample_freq": 1},  # without it LightGBM ignores subsample
    ("catboost", "subsample"): {"bootstrap_type": "Bernoulli"},  # the one it picks may know no subsample
}
"""Parameters without which another is not looked at."""

_TREES = {"booster": (None, "gbtree", "dart")}
_BY_GRADIENT = {"solver": ("adam", "sgd")}
_COUNTS: dict[tuple[str, str], dict[str, tuple[Any, ...]]] = {
    ("random_forest", "max_samples"): {"bootstrap": (True,)},
    ("extra_trees", "max_samples"): {"bootstrap": (True,)},
    ("logistic", "C"): {"penalty": ("deprecated", "l1", "l2", "elasticnet")},
    ("logistic", "l1_ratio"): {"solver": ("saga",)},  # the other solvers know no L1 penalty
    ("svm", "gamma"): {"kernel": ("rbf", "poly", "sigmoid")},
    ("knn", "p"): {"metric": ("minkowski",)},
    ("mlp", "learning_rate_init"): _BY_GRADIENT,
    ("mlp", "batch_size"): _BY_GRADIENT,
    ("lightgbm", "learning_rate"): {"boosting_type": ("gbdt", "dart", "goss")},
    # By gradients instead: LightGBM then refuses other shares of the rows.
    ("lightgbm", "subsample"): {
        "boosting_type": ("gbdt", "dart", "rf"),
        "data_sample_strategy": ("bagging",),
    },
    ("xgboost", "max_depth"): _TREES,
    ("xgboost", "min_child_weight"): _TREES,
    ("xgboost", "subsample"): _TREES,
    ("xgboost", "colsample_bylevel"): _TREES,
    ("catboost", "subsample"): {
        "bootstrap_type": ("Bernoulli", "MVS", "Poisson"),
        "bagging_temperature": (),  # of the Bayesian bootstrap, which knows no share of the rows
    },
}
"""By (model, own name) the values of other settings, where they are there, with which a parameter counts."""


def own_name(model: str, name: str) -> str:
    """Name of the estimator for one of the rules, or for another of its own."""
    name = _NAMES.get(model, {}).get(name, name)
    return next((own for own, aliases in _ALIASES.get(model, {}).items() if name in aliases), name)


def names_in(rules: Iterable[str], estimator: Any, model: str) -> dict[str, str]:
    """Names to search by the names of the rules, of the parameters that are left to search.

    Args:
        rules: Names of the rules.
        estimator: The estimator.
        model: What it is to the rules.

    Example:
        >>> from sklearn.neighbors import KNeighborsClassifier
        >>> model = KNeighborsClassifier(weights="distance", metric="cosine")
        >>> names_in(["n_neighbors", "weights", "p"], model, "knn")
        {'n_neighbors': 'n_neighbors'}
    """
    names: dict[str, str] = {}
    arguments = signature(type(estimator).__init__).parameters
    takes_any = any(a.kind is Argument.VAR_KEYWORD for a in arguments.values())
    by_hand = {own_name(model, name): value for name, value in set_by_hand(estimator).items()}
    settings = estimator.get_params(deep=False) | by_hand
    for old in rules:
        own = own_name(model, old)
        if own in by_hand or not (takes_any or own in arguments or own in settings):
            continue
        counts = _COUNTS.get((model, own), {})
        if all(settings[name] in values for name, values in counts.items() if name in settings):
            names[old] = old if own == "hidden_layer_sizes" else own
    return names


def set_by_hand(estimator: Any) -> dict[str, Any]:
    """What was set on an estimator and is not as it comes.

    Example:
        >>> from sklearn.linear_model import Ridge
        >>> set_by_hand(Ridge(alpha=3.0, tol=1e-4))
        {'alpha': 3.0}
    """
    kind = type(estimator)
    try:
        as_it_comes = kind().get_params(deep=False)
    except TypeError:  # a class of the user's that asks for arguments
        as_it_comes = {name: a.default for name, a in signature(kind.__init__).parameters.items()}
    return {
        name: value
        for name, value in estimator.get_params(deep=False).items()
        if name not in as_it_comes
        or not (value is as_it_comes[name] or np.array_equal(value, as_it_comes[name]))
    }
