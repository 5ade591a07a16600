"""What holds for every model family: it fits, watches, refits, saves, and a study can tune it."""

import importlib.util
import json
import math
import pickle
from importlib.metadata import EntryPoint

import numpy as np
import pandas as pd
import pytest

import tunesmith as ts
from tunesmith.errors import DataError, MissingExtra, OptionError
from tunesmith.models import base, extras
from tunesmith.models.base import families, get_family
from tunesmith.models.data import prepare
from tunesmith.models.folds import make_folds
from tunesmith.models.metrics import get_metric
from tunesmith.models.objective import CrossValidation
from tunesmith.models.ruled import suggested
from tunesmith.models.tuned import TunedModel, refit

ONE_TASK = {"logistic": "classification", "ridge": "regression"}
OPTIONAL = {"xgboost", "catboost"}
ROUNDS = {"lightgbm", "xgboost", "catboost", "hist_gradient_boosting", "mlp"}


@pytest.fixture(params=families())
def family(request, dataset):
    if ONE_TASK.get(request.param, dataset.task) != dataset.task:
        pytest.skip(f"{request.param} does {ONE_TASK[request.param]} only")
    if request.param in OPTIONAL and importlib.util.find_spec(request.param) is None:
        pytest.skip(f"{request.param} is not installed")
    return get_family(request.param)


@pytest.fixture
def halves(dataset):
    rows = np.arange(len(dataset))
    return rows[::2], rows[1::2]


def test_it_learns_from_the_default_config_and_from_none(family, dataset, halves):
    train, valid = halves
    metric = get_metric(None, dataset)
    constant = np.full(len(valid), dataset.y[train].mean())
    if dataset.task == "classification":
        constant = np.tile(np.bincount(dataset.y[train]) / len(train), (len(valid), 1))
    for config in (family.default_config(dataset), None):
        fitted = family.fit(dataset, config, train, valid if config else None, seed=1)
        prediction = fitted.predict(dataset.X.iloc[valid])
        assert prediction.dtype == np.float64
        assert prediction.shape == constant.shape
        if dataset.task == "classification":
            assert np.allclose(prediction.sum(axis=1), 1)
            assert (prediction >= 0).all()
        if family.name == "knn" and config is None and len(dataset.classes) > 2:
            continue  # five neighbours of one weight: a probability of 0 is common, and costs any log loss
        score = get_metric("auc" if len(dataset.classes) == 2 else metric.name, dataset)
        assert score.sign * score.score(dataset.y[valid], prediction) < (
            -0.75 if score.name == "auc" else metric.score(dataset.y[valid], constant)
        )


def test_the_same_arguments_give_the_same_model(family, dataset, halves):
    train, valid = halves
    config = family.default_config(dataset)
    rounds = 12 if family.name in ROUNDS else None
    X = dataset.X.iloc[valid]
    threads = 2 if dataset.task == "regression" else 1
    one, two = (
        family.fit(dataset, config, train, rounds=rounds, seed=5, threads=t).predict(X) for t in (1, threads)
    )
    assert np.allclose(one, two, rtol=1e-6, atol=1e-9)


def test_rounds_are_watched_and_can_be_used_one_by_one(family, dataset, halves):
    train, valid = halves
    metric = get_metric(None, dataset)
    fitted = family.fit(dataset, family.default_config(dataset), train, valid, metric=metric)
    if family.name not in ROUNDS:
        assert (fitted.rounds, len(fitted.curve)) == (None, 0)
        fitted.grow(10)
        return
    assert fitted.rounds == len(fitted.curve) > 3
    for rounds in (1, 3, fitted.rounds):
        prediction = fitted.predict(dataset.X.iloc[valid], rounds)
        assert fitted.curve[rounds - 1] == pytest.approx(metric.score(dataset.y[valid], prediction), rel=1e-4)
    X = dataset.X.iloc[valid]
    assert np.array_equal(fitted.predict(X, fitted.rounds + 50), fitted.predict(X))
    plain = family.fit(dataset, family.default_config(dataset), train, rounds=7)
    assert plain.rounds == 7
    assert np.allclose(
        plain.predict(dataset.X.iloc[valid]), fitted.predict(dataset.X.iloc[valid], 7), rtol=1e-4, atol=1e-6
    )


def test_a_corner_of_its_space_can_be_fitted(family, dataset, halves):
    train, valid = halves
    space = family.space(dataset)
    for u in (0.0, 1.0):
        config = space.decode([u] * len(space))
        rounds = 2 if family.name in ROUNDS else None
        fitted = family.fit(dataset, config, train, rounds=rounds)
        assert np.isfinite(fitted.predict(dataset.X.iloc[valid])).all()


def test_it_is_tuned_reports_refits_and_is_read_back(family, dataset, tmp_path):
    metric = get_metric(None, dataset)
    objective = CrossValidation(dataset, pickle.loads(pickle.dumps(family)), make_folds(dataset, 2), metric)
    found = suggested(family.name, dataset)
    study = ts.Study(found.space, direction=metric.direction, seed=0)
    study.enqueue(found.default)
    study.run(objective, trials=1, progress=False)
    first = study.trials[0]
    assert first.state is ts.State.COMPLETE, first.failure
    assert len(first.reports) == 2
    assert first.reports[-1].value == pytest.approx(first.value, rel=0.05)  # folds may be grown for it
    scores = objective.evaluate(first.config)
    assert scores.mean == pytest.approx(first.value)
    assert (scores.refit_rounds is not None) == (family.name in ROUNDS)
    model = refit(dataset, family, first.config, scores=scores)
    if scores.refit_rounds:
        assert model.rounds == scores.refit_rounds
    again = TunedModel.load(model.save(tmp_path))
    assert np.allclose(again.fitted.predict(dataset.X), model.fitted.predict(dataset.X))
    assert json.loads((tmp_path / "tunesmith.json").read_text(encoding="utf-8"))["family"] == family.name


def test_a_broken_model_file_is_said(family, dataset, tmp_path):
    with pytest.raises(DataError, match="cannot be read"):
        family.load(tmp_path)
    fitted = family.fit(dataset, None, np.arange(len(dataset)), rounds=2 if family.name in ROUNDS else None)
    fitted.save(tmp_path).write_bytes(b"nonsense")
    with pytest.raises(DataError, match="cannot be read"):
        family.load(tmp_path)


def test_a_family_for_the_other_task_names_the_one_to_take(dataset):
    other = "ridge" if dataset.task == "classification" else "logistic"
    with pytest.raises(OptionError, match=f"{other} is not for {dataset.task}.*Choose"):
        suggested(other, dataset)


def test_a_fold_without_one_of_the_classes_still_gives_a_probability_for_each():
    frame = pd.DataFrame({"a": np.arange(60.0), "y": ["u"] * 29 + ["v"] * 29 + ["w"] * 2})
    dataset = prepare(frame, "y")
    for name in families():
        if ONE_TASK.get(name) == "regression" or (name in OPTIONAL and not importlib.util.find_spec(name)):
            continue
        family = get_family(name)
        fitted = family.fit(
            dataset, family.default_config(dataset), np.arange(58), rounds=20 if name in ROUNDS else None
        )
        prediction = fitted.predict(dataset.X)
        assert prediction.shape == (60, 3), name
        assert np.allclose(prediction.sum(axis=1), 1), name
        assert prediction[:, 2].max() < 0.4, name


def _usable(task):
    other = "regression" if task == "classification" else "classification"
    found = [n for n in families() if ONE_TASK.get(n) != other]
    return [n for n in found if n not in OPTIONAL or importlib.util.find_spec(n)]


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_ten_rows_can_be_learnt_from(task):
    rng = np.random.default_rng(0)
    y = ["a", "b"] * 5 if task == "classification" else rng.normal(size=10)
    dataset = prepare(pd.DataFrame({"a": rng.normal(size=10), "y": y}), "y", task)
    for name in _usable(task):
        family = get_family(name)
        for config in (family.default_config(dataset), None):
            fitted = family.fit(dataset, config, np.arange(7), rounds=2 if name in ROUNDS else None)
            assert np.isfinite(fitted.predict(dataset.X)).all(), name


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_columns_without_a_value_in_the_rows_to_learn_from_are_no_hindrance(task):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"a": rng.normal(size=40), "number": np.nan, "word": None}).astype({"word": object})
    frame.loc[38:, "number"], frame.loc[38:, "word"] = [1.5, 2.5], ["u", "v"]
    frame["y"] = ["a", "b"] * 20 if task == "classification" else rng.normal(size=40)
    dataset = prepare(frame, "y", task)
    assert {"number", "word"} <= set(dataset.X.columns)
    for name in _usable(task):
        family = get_family(name)
        for config in (family.default_config(dataset), None):
            fitted = family.fit(dataset, config, np.arange(36), rounds=2 if name in ROUNDS else None)
            assert np.isfinite(fitted.predict(dataset.X)).all(), name


@pytest.mark.parametrize("few", [1, 2])
def test_a_class_of_one_or_two_rows_can_be_learnt(few, tmp_path):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"a": rng.normal(size=60), "b": rng.normal(size=60), "y": ["u", "v"] * 30})
    frame.loc[:1, "y"] = "w"
    dataset = prepare(frame, "y")
    for name in _usable("classification"):
        family = get_family(name)
        config = family.default_config(dataset)
        rows = np.arange(2 - few, 60)
        fitted = family.fit(dataset, config, rows, rounds=2 if name in ROUNDS else None)
        prediction = fitted.predict(dataset.X)
        assert prediction.shape == (60, 3), name
        assert np.allclose(prediction.sum(axis=1), 1), name
        fitted.save(tmp_path)
        assert np.allclose(family.load(tmp_path).predict(dataset.X), prediction), name


@pytest.mark.parametrize(
    ("name", "package", "extra"),
    [
        ("lightgbm", "lightgbm", "models"),
        ("xgboost", "xgboost", "xgboost"),
        ("catboost", "catboost", "catboost"),
        ("ridge", "scikit-learn", "models"),
    ],
)
def test_a_missing_library_is_one_error_with_the_line_that_installs_it(
    name, package, extra, monkeypatch, request
):
    frame = pd.DataFrame({"a": np.arange(40.0), "y": np.arange(40.0) % 7 + 0.5})
    dataset = prepare(frame, "y")
    family = get_family(name)
    config = family.default_config(dataset)  # a suggestion needs no library
    root = "sklearn" if name == "ridge" else name
    real = extras.import_module

    def absent(module):
        if module.split(".")[0] == root:
            raise ModuleNotFoundError(f"No module named {module!r}", name=root)
        return real(module)

    monkeypatch.setattr(extras, "import_module", absent)
    words = rf'{package}, which is not installed.*pip install "tunesmith\[{extra}\]"'
    with pytest.raises(MissingExtra, match=words):
        family.fit(dataset, config, np.arange(40), rounds=2)


class Mean:
    """A family of another package: it predicts the mean, shrunk."""

    name = "mean"

    def space(self, dataset):
        return ts.Space(shrink=ts.Float(0.0, 1.0, default=0.5))

    def default_config(self, dataset):
        return {"shrink": 0.5}

    def fit(self, dataset, config, train, valid=None, **options):
        return FittedMean(float(dataset.y[train].mean()) * (1 - (config or {"shrink": 0.0})["shrink"]))

    def load(self, folder):
        return FittedMean(float((folder / "mean.txt").read_text()))


class FittedMean:
    """What `Mean` fits."""

    rounds, curve = None, np.empty(0)

    def __init__(self, value):
        self.value = value

    def grow(self, rounds):
        pass

    def predict(self, X, rounds=None):
        return np.full(len(X), self.value)

    def save(self, folder):
        (folder / "mean.txt").write_text(repr(self.value))
        return folder / "mean.txt"


READY = Mean()


@pytest.fixture(params=["Mean", "READY"])
def plug_in(request, monkeypatch):
    """An installed package whose entry point names the class, or a ready object."""
    point = EntryPoint("mean", f"{__name__}:{request.param}", base.ENTRY_POINTS)
    monkeypatch.setattr(EntryPoint, "load", lambda self: {"Mean": Mean, "READY": READY}[self.attr])
    monkeypatch.setattr(base, "entry_points", lambda group: [point] if group == base.ENTRY_POINTS else [])


def test_a_family_of_another_package_joins_by_an_entry_point(plug_in, tmp_path):
    assert "mean" in families()
    family = get_family("Mean")
    frame = pd.DataFrame({"a": np.arange(40.0), "y": np.arange(40.0) % 7 + 0.5})
    found = ts.suggest(frame[["a"]], frame["y"], "mean")
    assert found.default == {"shrink": 0.5}
    assert "no rules" in found.reasons[0].why
    dataset = prepare(frame, "y")
    objective = CrossValidation(dataset, family, make_folds(dataset, 4), get_metric(None, dataset))
    study = ts.Study(found.space, seed=0)
    study.run(objective, trials=12, progress=False)
    assert study.best.config["shrink"] < 0.3
    model = refit(dataset, family, study.best.config, scores=objective.evaluate(study.best.config))
    again = TunedModel.load(model.save(tmp_path))
    assert again.predict(frame)[0] == pytest.approx(model.fitted.value)
    assert math.isfinite(model.facts["score"])


def test_a_misspelt_family_is_offered_the_close_one():
    with pytest.raises(OptionError, match="Did you mean 'catboost'"):
        get_family("catbost")
    assert get_family("XGB").name == "xgboost"


@pytest.mark.parametrize(
    ("X", "y", "words"),
    [
        (
            "data.csv",
            "price",
            r"X is no data; allowed: a data frame or an array; given: 'data.csv'. Read a file",
        ),
        (None, [1, 2], "X is no data; allowed: a data frame or an array; given: None"),
        ([[1], [2]], None, "y is no data; allowed: one value a row; given: None"),
        ([[1], [2]], 3, "y is no data"),
        ([[1], [2]], "price", r"y is no data; .* For a column of X write X.pop\(.price.\)"),
        (
            [[1], [2, 3]],
            [1, 2],
            "X is no data; .* given: a list. It cannot be made a data frame: .*inhomogen",
        ),
        ([[1], [2]], {1, 2}, "y is no data; .* given: a set"),
        ([[1], [2]], np.zeros((2, 1, 1)), "y has too many dimensions; allowed: up to 1; given: 3"),
        ([[1], [2]], [1], "X and y differ in length; given: 2 and 1 row"),
    ],
)
def test_what_is_no_data_is_refused_in_words(X, y, words):
    with pytest.raises(OptionError, match=words):
        ts.suggest(X, y, "ridge")


def test_tables_and_targets_come_in_many_forms():
    rows = np.random.default_rng(0).normal(size=(40, 2))
    frame, y = pd.DataFrame(rows, columns=["a", "b"]), rows[:, 0]
    told = [
        ts.suggest(X, y, "ridge").facts
        for X, y in [
            (frame, y),
            (frame.to_dict("list"), list(y)),
            (frame.to_dict("records"), y[:, None]),
            (rows, pd.DataFrame({"price": y})),
        ]
    ]
    assert told[1:] == told[:-1]
    assert ts.suggest(frame["a"], y, "ridge").facts.numeric == 1
