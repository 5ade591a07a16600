"""A space from rules of thumb, in an estimator's own names."""

from importlib import import_module
from typing import Any

import numpy as np
import pytest

pytest.importorskip("sklearn")

from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestClassifier
from sklearn.linear_model import Lasso, LogisticRegression, LogisticRegressionCV, Ridge, RidgeClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, SVR

from tunesmith.errors import OptionError
from tunesmith.integrations.sklearn import TunesmithSearchCV
from tunesmith.integrations.sklearn.suggested import suggested_space
from tunesmith.space import Int

IRIS = load_iris(return_X_y=True)
CANCER = load_breast_cancer(return_X_y=True)
DIABETES = load_diabetes(return_X_y=True)

SILENT = {"verbose": False, "allow_writing_files": False, "thread_count": 1}
ESTIMATORS: list[tuple[str, str, dict[str, Any]]] = [
    ("sklearn.ensemble", "RandomForestClassifier", {}),
    ("sklearn.ensemble", "ExtraTreesRegressor", {}),
    ("sklearn.ensemble", "HistGradientBoostingClassifier", {}),
    ("sklearn.ensemble", "HistGradientBoostingRegressor", {}),
    ("sklearn.linear_model", "LogisticRegression", {"max_iter": 5000}),
    ("sklearn.linear_model", "Ridge", {}),
    ("sklearn.svm", "SVC", {}),
    ("sklearn.svm", "SVR", {}),
    ("sklearn.neighbors", "KNeighborsClassifier", {}),
    ("sklearn.neighbors", "KNeighborsRegressor", {}),
    ("sklearn.neural_network", "MLPClassifier", {"max_iter": 50}),
    ("sklearn.neural_network", "MLPRegressor", {"max_iter": 50}),
    ("lightgbm", "LGBMClassifier", {"verbose": -1, "n_jobs": 1}),
    ("lightgbm", "LGBMRegressor", {"verbose": -1, "n_jobs": 1}),
    ("xgboost", "XGBClassifier", {"n_jobs": 1}),
    ("xgboost", "XGBRegressor", {"n_jobs": 1}),
    ("catboost", "CatBoostClassifier", SILENT),
    ("catboost", "CatBoostRegressor", SILENT),
]


@pytest.mark.filterwarnings("ignore:.*Stochastic Optimizer.*:UserWarning")
@pytest.mark.filterwarnings("ignore:X does not have valid feature names")
@pytest.mark.parametrize(("module", "name", "options"), ESTIMATORS, ids=[e[1] for e in ESTIMATORS])
def test_an_estimator_of_each_family_takes_every_config(module: str, name: str, options: Any) -> None:
    pytest.importorskip(module)
    estimator = getattr(import_module(module), name)(**options)
    X, y = DIABETES if name.endswith("Regressor") or name in ("Ridge", "SVR") else IRIS
    given = suggested_space(estimator, X, y)
    assert given.reasons
    assert all(given.space.check(config) == config for config in given.first)
    rng = np.random.default_rng(0)
    for config in (*given.first[:1], given.space.draw(rng.random(len(given.space)))):
        params = given.params(config)
        if _rounds(params):
            params[_rounds(params)] = 30  # that they are many is not what is tested
        type(estimator)(**{**options, **params}).fit(X[::2], y[::2]).predict(X[:5])


def _rounds(params: dict[str, Any]) -> str:
    return next((n for n in ("n_estimators", "iterations", "max_iter") if n in params), "")


def test_the_last_step_of_a_pipeline_is_searched() -> None:
    model = make_pipeline(StandardScaler(), SVC())
    search = TunesmithSearchCV(model, n_iter=3, cv=3, random_state=0).fit(*IRIS)
    assert list(search.best_params_) == ["svc__gamma", "svc__C"]
    assert search.best_score_ > 0.9
    assert search.reasons_[0].parameter == "svc__gamma"


def test_a_transformed_target_is_looked_through() -> None:
    model = TransformedTargetRegressor(make_pipeline(StandardScaler(), Ridge()), transformer=StandardScaler())
    assert list(suggested_space(model, *DIABETES).space) == ["regressor__ridge__alpha"]


def test_what_was_set_by_hand_stays() -> None:
    model = RandomForestClassifier(n_estimators=7, max_features=0.5, random_state=0)
    search = TunesmithSearchCV(model, n_iter=2, cv=2, random_state=0).fit(*IRIS)
    assert "n_estimators" not in search.space_
    assert "max_features" not in search.space_
    assert "min_samples_leaf" in search.space_
    assert search.best_estimator_.n_estimators == 7


def test_the_first_configs_are_those_of_the_rules() -> None:
    search = TunesmithSearchCV(LogisticRegression(max_iter=5000), n_iter=2, cv=2, random_state=0).fit(*IRIS)
    expected = [suggested_space(search.estimator, *IRIS).params(c) for c in search_first(search)]
    assert search.cv_results_["params"] == expected[:2]


def search_first(search: TunesmithSearchCV) -> Any:
    return suggested_space(search.estimator, *IRIS).first


def test_rounds_go_with_the_learning_rate() -> None:
    lightgbm = pytest.importorskip("lightgbm")
    given = suggested_space(lightgbm.LGBMClassifier(), *CANCER)
    assert isinstance(given.space["n_estimators"], Int)
    for config in given.first:
        assert config["n_estimators"] == min(1000, round(10 / config["learning_rate"]))
    params = given.params(given.first[0])
    assert params["subsample_freq"] == 1
    assert {"subsample", "colsample_bytree", "reg_lambda"} <= set(params)


def test_an_l1_penalty_is_searched_by_the_solver_that_knows_it() -> None:
    assert "l1_ratio" in suggested_space(LogisticRegression(solver="saga"), *CANCER).space
    assert "l1_ratio" not in suggested_space(LogisticRegression(), *CANCER).space


def test_width_and_layers_of_a_network_become_its_shape() -> None:
    given = suggested_space(MLPClassifier(), *CANCER)
    params = given.params({"width": 32, "layers": 2, "batch_size": 10_000})
    assert params == {"hidden_layer_sizes": (32, 32), "batch_size": len(CANCER[1]) // 2}
    assert "width" not in suggested_space(MLPClassifier((5,)), *CANCER).space


def gamma_of(estimator: Any, X: Any, name: str = "gamma") -> Any:
    return suggested_space(estimator, X, CANCER[1]).space[name]


def test_gamma_goes_with_the_data() -> None:
    X = CANCER[0]
    alone = gamma_of(SVC(), X)
    assert alone.default == pytest.approx(1 / (30 * X.var()), rel=1e-3)  # SVC's own "scale"
    assert [alone.low, alone.high] == pytest.approx([0.01 * alone.default, 16 * alone.default], rel=1e-3)
    scaled = gamma_of(make_pipeline(StandardScaler(), SVC()), X, "svc__gamma")
    assert scaled.default == pytest.approx(1 / 30, rel=1e-3)
    for factor in (1e-170, 1e60):  # no gamma goes with such variances
        assert gamma_of(SVC(), factor * X).default == 1.0


def test_a_study_says_gamma_as_the_estimator_takes_it() -> None:
    search = TunesmithSearchCV(SVC(), n_iter=3, cv=3, random_state=0).fit(*CANCER)
    tried = [trial.config for trial in search.study_.trials]
    assert search.cv_results_["params"] == tried
    assert search.best_params_ == search.study_.best.config == search.space_.check(search.best_params_)
    low_and_high = search.reasons_[0].says.removeprefix("searched over ").split(",")[0]
    assert low_and_high == f"{search.space_['gamma'].low:g} to {search.space_['gamma'].high:g}"


def test_an_estimator_without_rules_is_told_what_to_do() -> None:
    with pytest.raises(OptionError, match=r"no rules of thumb for Lasso; .*Give a space"):
        TunesmithSearchCV(Lasso()).fit(*DIABETES)


def test_everything_set_by_hand_leaves_nothing_to_search() -> None:
    with pytest.raises(OptionError, match="every parameter of Ridge"):
        suggested_space(Ridge(alpha=3.0), *DIABETES)


def test_what_stays_as_it_was_set_is_said() -> None:
    reasons = suggested_space(RandomForestClassifier(max_features=0.5, n_estimators=7), *IRIS).reasons
    stays = {r.parameter: r.says for r in reasons if r.says.startswith("stays")}
    assert stays == {"max_features": "stays at 0.5", "n_estimators": "stays at 7"}


def test_the_estimator_within_another_is_searched() -> None:
    for wrapper in (OneVsRestClassifier, CalibratedClassifierCV):
        assert list(suggested_space(wrapper(SVC()), *IRIS).space) == ["estimator__gamma", "estimator__C"]
    forest = suggested_space(RandomForestClassifier(), *IRIS)  # which holds a tree in its `estimator`
    assert "max_features" in forest.space


def test_the_gamma_of_a_wrapped_machine_is_in_units_of_the_data() -> None:
    within = gamma_of(OneVsRestClassifier(SVC()), CANCER[0], "estimator__gamma")
    assert within == gamma_of(SVC(), CANCER[0])


class Asking(LogisticRegression):  # type: ignore[misc]
    """A class that cannot be made without arguments."""

    def __init__(self, why: str, C: float = 1.0, max_iter: int = 2000) -> None:
        super().__init__(C=C, max_iter=max_iter)
        self.why = why


def test_a_class_of_the_users_counts_as_what_it_is_made_from() -> None:
    assert list(suggested_space(Asking("so"), *CANCER).space) == ["C"]
    with pytest.raises(OptionError, match="every parameter of Asking"):
        suggested_space(Asking("so", C=3.0), *CANCER)


@pytest.mark.parametrize(
    "estimator",
    [RidgeClassifier(), LogisticRegressionCV(), GridSearchCV(Ridge(), {"alpha": [1]})],
    ids=lambda e: type(e).__name__,
)
def test_what_only_looks_like_a_family_has_no_rules(estimator: Any) -> None:
    with pytest.raises(OptionError, match=f"no rules of thumb for {type(estimator).__name__}") as caught:
        suggested_space(estimator, *IRIS)
    is_listed = " Ridge" in str(caught.value).split("allowed:")[1].split(". Give")[0]
    assert is_listed == (not isinstance(estimator, (RidgeClassifier, LogisticRegressionCV)))


def test_a_forest_by_boosting_has_no_rules() -> None:
    xgboost = pytest.importorskip("xgboost")
    with pytest.raises(OptionError, match="no rules of thumb for XGBRFClassifier"):
        suggested_space(xgboost.XGBRFClassifier(), *IRIS)


def test_arrays_that_were_set_are_compared_as_a_whole() -> None:
    model = HistGradientBoostingRegressor(monotonic_cst=np.zeros(10), max_iter=5)
    assert "learning_rate" in suggested_space(model, *DIABETES).space


@pytest.mark.filterwarnings("ignore:The argument 'eval_set' is deprecated")
@pytest.mark.parametrize("module", ["lightgbm", "xgboost"])
def test_rows_to_stop_early_on_reach_the_booster(module: str) -> None:
    booster = pytest.importorskip(module)
    X, y = CANCER
    fit: dict[str, Any] = {"eval_set": [(X[::2], y[::2])]}
    if module == "lightgbm":
        model = booster.LGBMClassifier(verbose=-1, n_jobs=1, n_estimators=200, learning_rate=0.3)
        fit["callbacks"] = [booster.early_stopping(3, verbose=False)]  # one object for all fits
    else:
        model = booster.XGBClassifier(n_jobs=1, early_stopping_rounds=3, n_estimators=200, learning_rate=0.3)
        fit["verbose"] = False
    search = TunesmithSearchCV(model, n_iter=3, cv=3, random_state=0, error_score="raise")
    best = search.fit(X[1::2], y[1::2], **fit).best_estimator_
    assert (best.best_iteration_ if module == "lightgbm" else best.best_iteration) < 199


def linear(a: Any, b: Any) -> Any:
    return a @ b.T


@pytest.mark.parametrize(
    ("estimator", "searched"),
    [
        (SVC(kernel="linear"), ["C"]),
        (SVC(kernel=linear), ["C"]),
        (SVC(kernel="poly"), ["gamma", "C"]),
        (SVR(kernel="linear"), ["C", "epsilon"]),
        (KNeighborsClassifier(metric="cosine"), ["n_neighbors", "weights"]),
        (MLPClassifier(solver="lbfgs"), ["alpha", "width", "layers"]),
    ],
    ids=["linear", "function", "poly", "regressor", "cosine", "lbfgs"],
)
def test_what_counts_for_nothing_with_what_was_set_is_not_searched(estimator: Any, searched: Any) -> None:
    assert list(suggested_space(estimator, *IRIS).space) == searched


def test_no_penalty_leaves_nothing_to_search() -> None:
    with pytest.raises(OptionError, match=r"every parameter of LogisticRegression .* counts for nothing"):
        suggested_space(LogisticRegression(penalty=None), *IRIS)


OF_LIBRARIES: list[tuple[str, str, dict[str, Any], set[str]]] = [
    ("lightgbm", "LGBMClassifier", {"min_data_in_leaf": 5}, {"min_child_samples"}),
    ("lightgbm", "LGBMClassifier", {"sub_feature": 0.5}, {"colsample_bytree"}),
    ("lightgbm", "LGBMClassifier", {"boosting_type": "goss"}, {"subsample"}),
    ("lightgbm", "LGBMClassifier", {"boosting": "goss"}, {"subsample"}),
    ("lightgbm", "LGBMClassifier", {"data_sample_strategy": "goss"}, {"subsample"}),
    ("xgboost", "XGBClassifier", {"eta": 0.3}, {"learning_rate"}),
    (
        "xgboost",
        "XGBClassifier",
        {"booster": "gblinear"},
        {"max_depth", "min_child_weight", "subsample", "colsample_bylevel"},
    ),
    ("catboost", "CatBoostClassifier", {"n_estimators": 30}, {"iterations"}),
    ("catboost", "CatBoostClassifier", {"max_depth": 2}, {"depth"}),
    ("catboost", "CatBoostClassifier", {"eta": 0.3}, {"learning_rate"}),
    ("catboost", "CatBoostClassifier", {"reg_lambda": 3}, {"l2_leaf_reg"}),
    ("catboost", "CatBoostClassifier", {"bootstrap_type": "Bayesian"}, {"subsample"}),
    ("catboost", "CatBoostClassifier", {"bagging_temperature": 1.0}, {"subsample"}),
]


@pytest.mark.parametrize(
    ("module", "name", "by_hand", "left_out"), OF_LIBRARIES, ids=[str(case[2]) for case in OF_LIBRARIES]
)
def test_what_was_set_under_another_name_or_excludes_others_stays(
    module: str, name: str, by_hand: Any, left_out: set[str]
) -> None:
    kind = getattr(pytest.importorskip(module), name)
    quiet = {"lightgbm": {"verbose": -1, "n_jobs": 1}, "xgboost": {"n_jobs": 1}, "catboost": SILENT}[module]
    given = suggested_space(kind(**quiet, **by_hand), *IRIS)
    assert set(suggested_space(kind(**quiet), *IRIS).space) - set(given.space) == left_out
    said = [r.says for r in given.reasons if r.parameter in by_hand]
    assert said == ([] if "subsample" in left_out or "max_depth" in left_out else [stays_at(by_hand)])
    rounds = {} if "iterations" in left_out else {_rounds(given.params(given.first[0])): 30}
    for config in given.first:
        params = given.params(config)
        assert params.items() >= {n: v for n, v in by_hand.items() if n in params}.items()
        kind(**quiet).set_params(**by_hand, **{**params, **rounds}).fit(IRIS[0][::2], IRIS[1][::2])


def stays_at(by_hand: dict[str, Any]) -> str:
    (value,) = by_hand.values()
    return f"stays at {value!r}"


def test_what_a_parameter_needs_is_left_as_it_was_set() -> None:
    lightgbm = pytest.importorskip("lightgbm")
    given = suggested_space(lightgbm.LGBMClassifier(subsample_freq=5), *IRIS)
    assert "subsample" in given.space
    assert "subsample_freq" not in given.params(given.first[0])
