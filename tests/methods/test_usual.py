"""Usual values by the names of parameters: which models are known, their values, and what is let be."""

import tomllib
from importlib.resources import files
from typing import Any

import pytest
from sklearn.datasets import load_breast_cancer

import tunesmith as ts
from tunesmith.history import History
from tunesmith.methods.base import Method, Proposal
from tunesmith.methods.bayes import Bayes
from tunesmith.methods.evolution import Evolution
from tunesmith.methods.usual import usual_values
from tunesmith.space import Choice, Float, Int, Space

RATE, SHARE, TENTH = Float(1e-4, 1, log=True), Float(0.1, 1), Int(1, 10)

# What people write: a model, parameters as in the documentation or in papers, and values that must come out.
WRITTEN: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    (
        "XGBoost",
        {"eta": RATE, "max_depth": Int(1, 15), "subsample": SHARE, "lambda": Float(1e-3, 1e3, log=True)},
        {"eta": 0.1, "max_depth": 6, "subsample": 0.8, "lambda": 1.0},
    ),
    (
        "XGBoost",
        {"reg_alpha": Float(1e-8, 10, log=True), "colsample_bytree": SHARE, "gamma": Float(0, 5)},
        {"reg_alpha": 1e-8, "colsample_bytree": 0.8, "gamma": 0.0},
    ),
    (
        "LightGBM",
        {
            "num_leaves": Int(2, 256),
            "max_depth": Int(3, 12),
            "learning_rate": RATE,
            "bagging_freq": Int(1, 7),
        },
        {"num_leaves": 31, "max_depth": 12, "learning_rate": 0.1, "bagging_freq": 1},
    ),
    ("CatBoost", {"depth": Int(4, 10), "l2_leaf_reg": Float(1, 10)}, {"depth": 6, "l2_leaf_reg": 3.0}),
    (
        "a forest",
        {
            "max_features": Choice(["sqrt", "log2", None]),
            "max_depth": Choice([None, 5, 10]),
            "num.trees": Int(1, 2000),
        },
        {"max_features": "sqrt", "max_depth": None, "num.trees": 300},
    ),
    ("a decision tree", {"cp": RATE, "maxdepth": Int(1, 30), "minsplit": Int(1, 100)}, {"minsplit": 20}),
    (
        "a support vector machine",
        {"C": Float(1e-3, 1e3, log=True), "gamma": RATE, "kernel": Choice(["linear", "rbf"])},
        {"C": 10.0, "gamma": 0.02, "kernel": "rbf"},
    ),
    ("nearest neighbours", {"n_neighbors": Int(1, 50), "p": Choice([1, 2])}, {"n_neighbors": 10, "p": 2}),
    (
        "a neural network",
        {
            "lr": RATE,
            "batchSize": Choice([16, 32, 64]),
            "n_units_l0": Int(4, 512),
            "dropout_1": Float(0, 0.5),
        },
        {"lr": 0.001, "batchSize": 64, "n_units_l0": 256, "dropout_1": 0.1},
    ),
    (
        "a neural network that learns by SGD",
        {"lr": RATE, "momentum": Float(0, 0.99), "weight_decay": Float(1e-6, 0.1, log=True)},
        {"lr": 0.01, "momentum": 0.9, "weight_decay": 1e-4},
    ),
    (
        "fine-tuning of a language model",
        {
            "learning_rate": Float(1e-6, 1e-3, log=True),
            "num_train_epochs": Int(1, 5),
            "lora_r": Choice([4, 8, 16]),
        },
        {"learning_rate": 5e-5, "num_train_epochs": 3, "lora_r": 16},
    ),
    (
        "proximal policy optimization",
        {"clip_range": Float(0.1, 0.4), "gamma": Float(0.9, 1)},
        {"gamma": 0.99},
    ),
]


def start(space: Space, method: Method | None = None) -> Proposal:
    """What a method proposes first."""
    first = (method or Bayes()).propose(History(space), 0, seed=0)
    assert isinstance(first, Proposal)
    return first


@pytest.mark.parametrize(("title", "parameters", "values"), WRITTEN)
def test_a_model_is_known_by_the_names(
    title: str, parameters: dict[str, Any], values: dict[str, Any]
) -> None:
    usual = usual_values(Space(parameters))
    assert usual.titles == (title,)
    assert {name: usual.values[name] for name in values} == values


@pytest.mark.parametrize(
    "parameters",
    [
        {"x": Float(0, 1), "y": Float(0, 1)},
        {"lr": RATE},  # one name is not enough
        {"alpha": Float(0, 1), "gamma": Float(0, 1), "lambda": Float(0, 1)},  # letters of any formula
        {"learning_rate_init": Int(0, 9), "width": Int(0, 9), "batch_size": Int(0, 9), "depth": Int(0, 2)},
        {"eta": Float(20, 30), "max_depth": Float(1000, 4000)},  # of the sea, it seems
        {"kernel": Choice(["a", "b"]), "C": Choice([True, False])},
    ],
)
def test_other_names_and_places_on_a_grid_are_let_be(parameters: dict[str, Any]) -> None:
    assert usual_values(Space(parameters)).values == {}


def test_several_models_in_one_space_are_told_apart() -> None:
    space = Space(
        {
            "model": Choice(["svm", "boosting"]),
            "svm__C": Float(1e-2, 100, log=True, when={"model": "svm"}),
            "svm__gamma": Float(1e-3, 1, log=True, when={"model": "svm"}),
            "xgb.learning_rate": Float(1e-3, 1, log=True, when={"model": "boosting"}),
            "xgb.max_depth": Int(1, 12, when={"model": "boosting"}),
            "pca__n_components": Int(2, 30),
        }
    )
    usual = usual_values(space)
    assert usual.values == {"svm__C": 10.0, "svm__gamma": 0.02, "xgb.learning_rate": 0.1, "xgb.max_depth": 6}
    first = start(space)
    assert first.config == {"model": "svm", "svm__C": 10.0, "svm__gamma": 0.02, "pca__n_components": 16}
    assert "2 of 4 names" in first.reason


def test_momentum_of_one_of_several_optimizers_does_not_choose_it() -> None:
    optimizer, rate = Choice(["sgd", "adam"]), Float(1e-5, 0.1, log=True)
    space = Space(lr=rate, optimizer=optimizer, momentum=Float(0, 0.99, when={"optimizer": "sgd"}))
    assert start(space).config == {"lr": 0.001, "optimizer": "adam"}
    given = Space(
        model=Choice(["knn", "boosting"]), x=Float(0, 1),
        num_leaves=Int(2, 99, when={"model": "boosting"}), max_depth=Int(2, 9, when={"model": "boosting"}),
    )  # fmt: skip
    assert usual_values(given).titles == ("LightGBM",)


def test_an_end_of_the_range_stands_for_a_value_a_little_outside() -> None:
    space = Space(eta=Float(0.2, 0.5), max_depth=Int(8, 12, step=2), subsample=Float(0.5, 1, step=0.25))
    assert usual_values(space).values == {"eta": 0.2, "max_depth": 8, "subsample": 0.75}


def test_defaults_of_the_user_come_before() -> None:
    space = Space(eta=Float(1e-3, 1, default=0.02), max_depth=Int(1, 15), z=Float(0, 1))
    first = start(space)
    assert first.config == {"eta": 0.02, "max_depth": 6, "z": 0.5}
    assert first.reason == (
        "the defaults; what is usual for XGBoost, as 1 of 3 names are known; the rest in the middle"
    )


def test_a_start_that_breaks_a_constraint_is_moved_no_further_than_needed() -> None:
    space = Space(eta=Float(0, 1), max_depth=Int(1, 15))
    space.require("eta >= 0.4")
    found = start(space)
    assert 0.4 <= found.config["eta"] < 0.42
    assert found.config["max_depth"] == 6
    assert found.reason.startswith("what is usual for XGBoost")
    assert found.reason.endswith("moved to where the constraints hold")


def test_evolution_starts_there_too_and_bayes_can_do_without() -> None:
    space = Space(eta=Float(0, 1), max_depth=Int(1, 15))
    assert start(space).config == start(space, Evolution()).config == {"eta": 0.1, "max_depth": 6}
    assert start(space, Bayes(without=["names"])).config == {"eta": 0.5, "max_depth": 8}


def test_a_run_says_what_the_names_are_taken_for() -> None:
    space = Space(eta=Float(0, 1), max_depth=Int(1, 15), z=Float(0, 1))
    plan = Bayes().plan(space) or ""
    assert plan.startswith("Starts from what is usual for XGBoost, known by names: eta, max_depth.")
    assert Bayes(without=["names"]).plan(space) is None
    assert Bayes().plan(Space(z=Float(0, 1))) is None


# -- the tables ------------------------------------------------------------------------------------------


def test_every_table_has_what_it_needs() -> None:
    tables = tomllib.loads((files("tunesmith.methods") / "usual.toml").read_text(encoding="utf-8"))
    common = set(tables.pop("common").split())
    for name, table in tables.items():
        words = [word for names in table["values"] for word in names.split()]
        assert len(words) == len(set(words)), name
        assert all("https://" in source for source in table["source"]), name
        inherited = tables.get(table.get("like"), {}).get("values", {})
        assert {*words, *(word for names in inherited for word in names.split())} - common, name


@pytest.mark.parametrize(
    ("family", "title"),
    [
        ("xgboost", "XGBoost"),
        ("lightgbm", "LightGBM"),
        ("catboost", "CatBoost"),
        ("hist_gradient_boosting", "histogram gradient boosting"),
        ("random_forest", "a forest"),
        ("svm", "a support vector machine"),
        ("knn", "nearest neighbours"),
        ("mlp", "a neural network"),
    ],
)
def test_spaces_of_the_rules_are_known_too(family: str, title: str) -> None:
    """What is said without data must be within what is searched with it."""
    data = load_breast_cancer(as_frame=True)
    table = ts.suggest(data.data, data.target, family).space.to_dict()
    for entry in table["parameters"].values():
        entry.pop("default", None)
    usual = usual_values(Space.from_dict(table))
    assert usual.titles == (title,)
    assert len(usual.values) >= 2
