"""Models of scikit-learn, and XGBoost, on data that comes with scikit-learn; the family "live" of `tasks.py`.

Ranges are wide, as of people who do not know the model; names are those of the libraries.
"""

import warnings
from collections.abc import Callable
from functools import lru_cache
from importlib.util import find_spec
from typing import Any

import numpy as np
from tasks import Config, Task

import tunesmith as ts

ROWS = 600  # of the digits: a fit takes about 20 ms
FOLDS = 3
REPEATS = 3  # of cross-validation, for the true loss of the noisy task
ITERATIONS = 40_000  # of the support vector machine's solver; beyond, a config is simply bad


EPOCHS = 10  # of the network


def names() -> list[str]:
    """The models whose libraries are installed."""
    needs = {"xgboost": "xgboost"}
    return [name for name in MODELS if find_spec(needs.get(name, "sklearn")) and find_spec("sklearn")]


def svc_space() -> ts.Space:
    curved = ["rbf", "poly", "sigmoid"]
    return ts.Space(
        scale=ts.Choice([False, True]),
        kernel=ts.Choice(["linear", *curved]),
        C=ts.Float(1e-3, 1e3, log=True),
        gamma=ts.Float(1e-6, 0.1, log=True, when={"kernel": curved}),
        degree=ts.Int(2, 5, when={"kernel": "poly"}),
        coef0=ts.Float(-1.0, 1.0, when={"kernel": ["poly", "sigmoid"]}),
    )


@lru_cache(maxsize=1)
def digits() -> tuple[np.ndarray, np.ndarray]:
    from sklearn.datasets import load_digits

    X, y = load_digits(return_X_y=True)
    return X[:ROWS], y[:ROWS]


def svc_loss(config: Config) -> float:
    """Share of digits that a support vector machine gets wrong."""
    from sklearn.model_selection import StratifiedKFold, cross_val_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC

    settings = dict(config)
    model: Any = SVC(**{k: v for k, v in settings.items() if k != "scale"}, max_iter=ITERATIONS)
    if settings["scale"]:
        model = make_pipeline(StandardScaler(), model)
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=0)
    return 1.0 - float(cross_val_score(model, *digits(), cv=folds).mean())


def boosting_space() -> ts.Space:
    return ts.Space(
        learning_rate=ts.Float(1e-3, 1.0, log=True),
        max_iter=ts.Int(5, 60, log=True),
        max_leaf_nodes=ts.Int(2, 64, log=True),
        min_samples_leaf=ts.Int(1, 60),
        l2_regularization=ts.Float(1e-6, 1e3, log=True),
        max_features=ts.Float(0.1, 1.0),
    )


@lru_cache(maxsize=1)
def diabetes() -> tuple[np.ndarray, np.ndarray]:
    from sklearn.datasets import load_diabetes

    X, y = load_diabetes(return_X_y=True)
    return X, y / y.std()


def boosting_loss(config: Config, seed: int) -> float:
    """Squared error of boosted trees; another seed gives other folds."""
    from sklearn.ensemble import HistGradientBoostingRegressor
    from sklearn.model_selection import KFold, cross_val_score

    model = HistGradientBoostingRegressor(**config, max_bins=32, early_stopping=False, random_state=seed)
    folds = KFold(FOLDS, shuffle=True, random_state=seed)
    scores = cross_val_score(model, *diabetes(), cv=folds, scoring="neg_mean_squared_error")
    return -float(scores.mean())


def boosting_true(config: Config) -> float:
    return float(np.mean([boosting_loss(config, seed) for seed in range(REPEATS)]))


def xgboost_space() -> ts.Space:
    return ts.Space(
        learning_rate=ts.Float(1e-3, 1.0, log=True),
        n_estimators=ts.Int(5, 200, log=True),
        max_depth=ts.Int(1, 12),
        min_child_weight=ts.Float(0.1, 100.0, log=True),
        subsample=ts.Float(0.1, 1.0),
        colsample_bytree=ts.Float(0.1, 1.0),
        reg_lambda=ts.Float(1e-3, 1e3, log=True),
        reg_alpha=ts.Float(1e-3, 1e3, log=True),
    )


def xgboost_loss(config: Config) -> float:
    """Log loss on breast cancer."""
    from sklearn.datasets import load_breast_cancer
    from sklearn.model_selection import StratifiedKFold, cross_val_score
    from xgboost import XGBClassifier

    model = XGBClassifier(**config, n_jobs=1, random_state=0)
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=0)
    X, y = load_breast_cancer(return_X_y=True)
    return -float(cross_val_score(model, X, y, cv=folds, scoring="neg_log_loss").mean())


def network_space() -> ts.Space:
    return ts.Space(
        learning_rate_init=ts.Float(1e-5, 1.0, log=True),
        alpha=ts.Float(1e-7, 10.0, log=True),
        batch_size=ts.Int(16, 256, log=True),
        width=ts.Int(4, 128, log=True),
        layers=ts.Int(1, 3),
        beta_1=ts.Float(0.0, 0.99),
        activation=ts.Choice(["logistic", "tanh", "relu"]),
    )


def network_loss(config: Config) -> float:
    """Log loss on digits of a network that learns for a few epochs."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.model_selection import StratifiedKFold, cross_val_score
    from sklearn.neural_network import MLPClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    settings = dict(config)
    hidden = [settings.pop("width")] * settings.pop("layers")
    network = MLPClassifier(hidden, **settings, max_iter=EPOCHS, random_state=0)
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.simplefilter("ignore", RuntimeWarning)  # a rate that is too high
        model = make_pipeline(StandardScaler(), network)
        return -float(cross_val_score(model, *digits(), cv=folds, scoring="neg_log_loss").mean())


MODELS: dict[str, Callable[[str], Task]] = {
    "svc": lambda name: Task(name, svc_space(), svc_loss, samples=400),
    "boosting": lambda name: Task(
        name,
        boosting_space(),
        boosting_true,
        observe=lambda config, rng: boosting_loss(config, int(rng.integers(2**31))),
        samples=200,
    ),
    "xgboost": lambda name: Task(name, xgboost_space(), xgboost_loss, samples=200),
    "network": lambda name: Task(name, network_space(), network_loss, samples=200),
}
