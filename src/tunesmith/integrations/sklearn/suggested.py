"""A space from rules of thumb for an estimator and its data, in the estimator's own names.

Which rules hold is told by the class of the estimator; of a pipeline it is the last step that is searched,
of one that wraps another the one within. What was set on the estimator stays as it was set, in every config.
The rules speak of model families (`tunesmith.models`), which stop early on rows of their own; a search of
scikit-learn has none, so the number of rounds is searched as well. What the rules look at is read by
`seen.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sklearn.base import is_classifier
from sklearn.model_selection._search import BaseSearchCV

from tunesmith.errors import OptionError, message
from tunesmith.integrations.sklearn.given import Given
from tunesmith.integrations.sklearn.named import NEEDS, ROUNDS, WORDS, names_in, own_name, set_by_hand
from tunesmith.integrations.sklearn.seen import facts_seen, variance
from tunesmith.rules.engine import Reason, Suggestion, apply, ends, rounded
from tunesmith.rules.tables import Table, find_table
from tunesmith.space import Config, Float, Int, Parameter, Space

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

UNLIKE = ("XGBRF", "LogisticRegressionCV")
"""Classes made from one of these that are set in other ways: a forest of one round, and a search itself."""

WRAPPED = ("estimator", "regressor")
"""Parameters that hold the estimator within another, such as MultiOutputRegressor."""

FEWEST_ROUNDS, MOST_ROUNDS = 30, 1000
ROUNDS_TIMES_RATE = 10  # the libraries' own 100 rounds at a learning rate of 0.1
SPREADS = (1e-100, 1e100)  # variances beyond leave no numbers for a range of gamma
GAMMA_WHY = "Reach of a row, the most tunable parameter of the kernel; 'scale' is the library's own."
STAYS_WHY = "It was set on the estimator; what is left as it comes is searched."
ROUNDS_WHY = "A search of scikit-learn has no rows to stop early on, so the number of rounds is searched."


def suggested_space(estimator: Any, X: Any, y: Any) -> Given:
    """Space for an estimator on a data set.

    Args:
        estimator: The estimator; of a pipeline the last step is searched.
        X: Table of shape (n, d), or whatever else the estimator takes.
        y: Target of shape (n,) or (n, outputs); None for none.

    Raises:
        OptionError: There are no rules for the estimator, or everything was set by hand.

    Example:
        >>> from sklearn.datasets import load_iris
        >>> from sklearn.neighbors import KNeighborsClassifier
        >>> from sklearn.pipeline import make_pipeline
        >>> from sklearn.preprocessing import StandardScaler
        >>> model = make_pipeline(StandardScaler(), KNeighborsClassifier(p=1))
        >>> list(suggested_space(model, *load_iris(return_X_y=True)).space)
        ['kneighborsclassifier__n_neighbors', 'kneighborsclassifier__weights']
    """
    prefix, last, is_alone = _searched_part(estimator)
    model, table = _rules_for(last)
    found = apply(table, facts_seen(X, y, is_classifier=is_classifier(last)), model)
    if model == "svm":
        found = _in_absolute_gamma(found, _gamma_unit(X, found.facts.columns, is_alone=is_alone))
    by_hand = set_by_hand(last)
    fixed = {own_name(model, name) for name in by_hand}
    names = {old: prefix + name for old, name in names_in(found.space, last, model).items()}
    parameters: dict[str, Parameter] = {new: found.space[old] for old, new in names.items()}
    rounds = ROUNDS.get(model, "")
    if rounds and rounds not in fixed:
        default = _rounds_for(found.default)
        parameters[prefix + rounds] = Int(FEWEST_ROUNDS, MOST_ROUNDS, log=True, default=default)
    if not parameters:
        which = f"every parameter of {type(last).__name__} that there are rules for"
        wrong = f"{which} was set by hand, or counts for nothing with what was set"
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
    known = {rounds, *(own_name(model, old) for old in found.space)}
    stays = {n: v for n, v in by_hand.items() if own_name(model, n) in known}
    return Given(
        Space(parameters),
        _Params(model, prefix, found.facts.rows, frozenset(fixed)),
        tuple(config_of(c) for c in (found.default, *found.portfolio)),
        (
            *(r for r in reasons if not r.parameter or r.parameter in parameters),
            *(Reason(prefix + name, f"stays at {value!r}", STAYS_WHY) for name, value in stays.items()),
        ),
    )


@dataclass(frozen=True)
class _Params:
    """Turns a config into parameters of the estimator."""

    model: str
    prefix: str
    rows: int
    fixed: frozenset[str]

    def __call__(self, config: Mapping[str, Any]) -> dict[str, Any]:
        made = {name.removeprefix(self.prefix): value for name, value in config.items()}
        made = {n: WORDS.get(n, {}).get(v, v) for n, v in made.items()}
        for name in list(made):
            needs = NEEDS.get((self.model, name), {})
            made.update({n: v for n, v in needs.items() if n not in self.fixed})
        if self.model == "mlp":
            if "width" in made:
                made["hidden_layer_sizes"] = (made.pop("width"),) * made.pop("layers")
            if "batch_size" in made:
                made["batch_size"] = min(made["batch_size"], max(1, self.rows // 2))
        if "n_neighbors" in made:
            made["n_neighbors"] = min(made["n_neighbors"], max(1, self.rows // 2))
        return {self.prefix + name: value for name, value in made.items()}


def _searched_part(estimator: Any) -> tuple[str, Any, bool]:
    """The estimator that is searched, its parameters' prefix, and whether it sees the data as they are."""
    prefix, is_alone = "", True
    while True:
        within = next((n for n in WRAPPED if hasattr(getattr(estimator, n, None), "get_params")), "")
        if hasattr(estimator, "steps"):
            name, estimator = estimator.steps[-1]
            is_alone = False
        elif within and not _model_of(estimator) and not isinstance(estimator, BaseSearchCV):
            name, estimator = within, getattr(estimator, within)
        else:
            return prefix, estimator, is_alone
        prefix += f"{name}__"


def _model_of(estimator: Any) -> str:
    """Name in the rules of what an estimator is; empty where there are none for it."""
    for kind in type(estimator).__mro__:
        word = kind.__name__.removesuffix("Classifier").removesuffix("Regressor")
        if word in UNLIKE:
            return ""
        if word in FAMILIES:
            table = find_table(FAMILIES[word])
            return FAMILIES[word] if table is not None and table.task in ("", _task(estimator)) else ""
    return ""


def _rules_for(estimator: Any) -> tuple[str, Table]:
    """Name of the model and its table."""
    model = _model_of(estimator)
    table = find_table(model)
    if table is None:
        there = {word: find_table(name) for word, name in FAMILIES.items()}
        task = _task(estimator)
        allowed = (word for word, table in there.items() if table is None or table.task in ("", task))
        raise OptionError(
            message(
                f"there are no rules of thumb for {type(estimator).__name__}",
                allowed=", ".join(allowed),
                fix='Give a space, such as {"alpha": ts.Float(1e-3, 1e3, log=True)}.',
            )
        )
    return model, table


def _task(estimator: Any) -> str:
    return "classification" if is_classifier(estimator) else "regression"


def _rounds_for(config: Mapping[str, Any]) -> int:
    rounds: int = round(ROUNDS_TIMES_RATE / config.get("learning_rate", 0.1))
    return min(max(rounds, FEWEST_ROUNDS), MOST_ROUNDS)


def _in_absolute_gamma(found: Suggestion, unit: float) -> Suggestion:
    """The same with gamma as the estimator takes it: what people read in a study they may type in again."""

    def scaled(value: float) -> float:
        return rounded(value * unit)

    gamma = found.space["gamma"]
    assert isinstance(gamma, Float)
    gamma = replace(
        gamma, low=scaled(gamma.low), high=scaled(gamma.high), default=scaled(found.default["gamma"])
    )
    says = f"searched over {ends(gamma)}, {scaled(1.0):g} being 'scale'"
    return replace(
        found,
        space=Space({**found.space.parameters, "gamma": gamma}),
        default=found.default | {"gamma": gamma.default},
        portfolio=tuple(c | {"gamma": scaled(c["gamma"])} for c in found.portfolio),
        reasons=tuple(
            replace(r, says=says, why=GAMMA_WHY) if r.parameter == "gamma" else r for r in found.reasons
        ),
    )


def _gamma_unit(X: Any, columns: int, *, is_alone: bool) -> float:
    """What the rules call 1: scikit-learn's "scale", as if standardised where a pipeline goes before."""
    spread = variance(X) if is_alone else 1.0
    return 1.0 / (columns * spread) if columns and SPREADS[0] < spread < SPREADS[1] else 1.0
