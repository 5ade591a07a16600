"""The tuned model: refit, predict on raw tables, save and load, and the gain over the defaults."""

import json

import numpy as np
import pandas as pd
import pytest

from tunesmith.errors import ConfigError, DataError, OptionError
from tunesmith.models import tuned
from tunesmith.models.data import prepare
from tunesmith.models.folds import make_folds
from tunesmith.models.lightgbm import LightGBM
from tunesmith.models.metrics import get_metric
from tunesmith.models.objective import CrossValidation
from tunesmith.models.tuned import TunedModel, compare, refit

FAMILY = LightGBM()


def tune(dataset, **options):
    config = FAMILY.default_config(dataset)
    search = CrossValidation(dataset, FAMILY, make_folds(dataset, 3), get_metric(None, dataset))
    scores = search.evaluate(config)
    return refit(dataset, FAMILY, config, scores=scores, **options), scores


@pytest.fixture(scope="module")
def raw():
    from numpy.random import default_rng

    rng = default_rng(1)
    x, text = rng.normal(size=200), rng.choice(["a", "b", None], size=200)
    return pd.DataFrame(
        {"x": x, "text": text, "day": pd.date_range("2024-01-01", periods=200).astype(str), "y": x > 0}
    )


def test_it_is_fitted_for_the_rounds_that_the_folds_found(dataset):
    model, scores = tune(dataset, facts={"study": "s"})
    assert model.rounds == scores.refit_rounds
    assert min(scores.rounds) <= scores.refit_rounds <= max(scores.rounds)
    assert model.facts["study"] == "s"
    assert model.facts["score"] == scores.mean
    assert len(model.fitted.curve) == 0  # it watched no rows


def test_a_config_of_another_space_is_refused(binary):
    _, scores = tune(binary)
    config = {**FAMILY.default_config(binary), "num_leafs": 3}
    with pytest.raises(ConfigError, match="num_leaves"):
        refit(binary, FAMILY, config, scores=scores)
    with pytest.raises(ConfigError):
        compare(binary, FAMILY, config, get_metric(None, binary))


def test_labels_come_back_as_they_were(raw):
    assert tune(prepare(raw, "y"))[0].predict(raw).dtype == bool
    text = raw.assign(y=np.where(raw["y"], "ja", "nein"))
    model, _ = tune(prepare(text, "y"))
    assert (model.predict(text) == text["y"]).mean() > 0.95
    assert np.allclose(model.predict_proba(text).sum(axis=1), 1)
    whole = raw.assign(y=np.where(raw["y"], 7, 3))
    assert set(tune(prepare(whole, "y"))[0].predict(whole).tolist()) == {3, 7}
    mixed = raw.assign(y=[7 if v else "low" for v in raw["y"]])
    assert set(map(type, tune(prepare(mixed, "y"))[0].predict(mixed))) == {int, str}


def test_saved_and_loaded_it_predicts_the_same_on_raw_tables(dataset, tmp_path, raw):
    model, _ = tune(dataset)
    frame = dataset.X.rename(columns=str)
    frame = pd.DataFrame(
        {
            c.source: (pd.Timestamp("1970-01-01") + pd.to_timedelta(dataset.X[c.name], unit="D")).dt.strftime(
                "%F"
            )
            if c.part == "days"
            else dataset.X[c.name]
            for c in dataset.recipe.columns
            if c.part in ("", "days")
        }
    )
    frame.loc[0, "colour"] = None
    frame["colour"] = frame["colour"].astype(object)
    frame.loc[1, "colour"] = "never seen"
    loaded = TunedModel.load(model.save(tmp_path / "some" / "model"))
    assert (loaded.config, loaded.classes, loaded.task, loaded.rounds) == (
        model.config,
        model.classes,
        model.task,
        model.rounds,
    )
    assert loaded.predict(frame).tolist() == model.predict(frame).tolist()
    expected = model.fitted.predict(dataset.X)
    ours = loaded.predict(frame) if dataset.task == "regression" else loaded.predict_proba(frame)
    assert np.array_equal(ours[2:], expected[2:])
    assert not list((tmp_path / "some" / "model").glob("*.pkl"))


def test_quantities_have_no_probabilities(raw):
    model, _ = tune(prepare(raw.assign(y=raw["x"] * 3), "y"))
    with pytest.raises(OptionError, match="no probabilities"):
        model.predict_proba(raw)


def test_a_folder_that_holds_no_whole_model_is_refused(raw, tmp_path):
    with pytest.raises(DataError, match="holds no saved model"):
        TunedModel.load(tmp_path)
    model, _ = tune(prepare(raw, "y"))
    model.save(tmp_path)
    described = json.loads((tmp_path / "tunesmith.json").read_text())
    (tmp_path / "model.txt").write_text("cut")
    with pytest.raises(DataError, match=r"'model\.txt' is not the one that was saved"):
        TunedModel.load(tmp_path)
    (tmp_path / "tunesmith.json").write_text(json.dumps({**described, "format": 99}))
    with pytest.raises(DataError, match="newer tunesmith"):
        TunedModel.load(tmp_path)
    (tmp_path / "tunesmith.json").write_text("{")
    with pytest.raises(DataError, match="holds no saved model"):
        TunedModel.load(tmp_path)


def test_the_gain_is_paired_on_fresh_folds(binary, monkeypatch):
    seeds = []
    real = tuned.make_folds
    monkeypatch.setattr(tuned, "make_folds", lambda *a, **k: seeds.append(k["seed"]) or real(*a, **k))
    config = FAMILY.default_config(binary)
    metric = get_metric(None, binary)
    same = compare(binary, FAMILY, config, metric, baseline=config, k=3, repeats=2, seed=4)
    assert (same.difference, same.standard_error) == (0.0, 0.0)
    assert not same.is_clear
    assert len(same.tuned.scores) == 6
    assert seeds != [4]
    worse = {**config, "learning_rate": 0.3, "min_child_samples": 50, "num_leaves": 2, "lambda_l2": 99.0}
    gain = compare(binary, FAMILY, config, metric, baseline=worse, k=3, repeats=2)
    assert gain.difference == pytest.approx(gain.baseline.mean - gain.tuned.mean)
    assert gain.is_clear
    assert gain.share == pytest.approx(gain.difference / gain.baseline.mean)
    turned = compare(binary, FAMILY, worse, get_metric("auc", binary), baseline=config, k=3)
    assert turned.difference < 0


def test_the_standard_error_counts_that_folds_share_rows(binary):
    metric = get_metric(None, binary)
    gain = compare(binary, FAMILY, FAMILY.default_config(binary), metric, k=4, repeats=2)
    differences = np.array(gain.baseline.scores) - np.array(gain.tuned.scores)
    assert gain.standard_error == pytest.approx(np.sqrt(differences.var(ddof=1) * (1 / 8 + 1 / 3)))


@pytest.mark.parametrize("target", ["y", "x"])
def test_a_table_of_no_rows_has_no_predictions(raw, target):
    model, _ = tune(prepare(raw, target))
    assert model.predict(raw.iloc[:0]).shape == (0,)
    if target == "y":
        assert model.predict_proba(raw.iloc[:0]).shape == (0, 2)


@pytest.mark.parametrize("table", [None, [[1.0, "a"]], {"x": [1.0]}, np.zeros((2, 3))])
def test_what_is_no_table_is_refused_in_words(raw, table):
    model, _ = tune(prepare(raw, "y"))
    with pytest.raises(DataError, match=r"this is no table; given: a .* Write pandas\.DataFrame"):
        model.predict(table)


def test_a_file_in_the_way_of_a_model_and_a_description_of_something_else_are_told(raw, tmp_path):
    model, _ = tune(prepare(raw, "y"))
    (tmp_path / "taken").write_text("")
    with pytest.raises(OptionError, match=r"is a file\. Name a folder"):
        model.save(tmp_path / "taken")
    with pytest.raises(
        OptionError, match=r"a model, which is a folder, is not what a name that ends in \.json"
    ):
        model.save(tmp_path / "model.json")
    for content in ("[]", '{"format": "x"}'):
        (tmp_path / "tunesmith.json").write_text(content)
        with pytest.raises(DataError, match=r"no saved model: tunesmith\.json is not as it was written"):
            TunedModel.load(tmp_path)
