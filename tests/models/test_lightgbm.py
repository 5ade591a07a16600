"""The LightGBM family."""

import json

import numpy as np
import pandas as pd
import pytest

from tunesmith.errors import DataError, OptionError
from tunesmith.models.base import get_family
from tunesmith.models.data import prepare
from tunesmith.models.folds import make_folds
from tunesmith.models.lightgbm import LightGBM, feature_names, patience_for
from tunesmith.models.metrics import get_metric
from tunesmith.models.ruled import suggested
from tunesmith.models.stopping import LEAST_STEP, MAX_ROUNDS

FAMILY = LightGBM()


def halves(dataset):
    rows = np.arange(len(dataset))
    return rows[::2], rows[1::2]


def fit(dataset, config="default", **options):
    train, valid = halves(dataset)
    config = FAMILY.default_config(dataset) if config == "default" else config
    return FAMILY.fit(dataset, config, train, valid, **options)


def test_the_default_config_fits_the_space_and_can_be_stored(dataset):
    space = FAMILY.space(dataset)
    config = space.check(FAMILY.default_config(dataset))
    assert config == FAMILY.default_config(dataset)
    assert json.loads(json.dumps(config)) == config
    assert all(p.has_default for p in space.parameters.values())


def test_the_librarys_own_values_predict_as_the_library_does_by_itself(dataset):
    import lightgbm

    train, valid = halves(dataset)
    plain = FAMILY.fit(dataset, None, train).predict(dataset.X.iloc[valid])
    library = suggested("lightgbm", dataset).portfolio[0]
    ours = FAMILY.fit(dataset, library, train, rounds=100).predict(dataset.X.iloc[valid])
    kind = lightgbm.LGBMRegressor if dataset.task == "regression" else lightgbm.LGBMClassifier
    X = dataset.X.set_axis(feature_names(dataset.X.columns), axis=1)
    theirs = kind(verbosity=-1, n_jobs=1).fit(X.iloc[train], dataset.y[train])
    expected = (
        theirs.predict(X.iloc[valid]) if dataset.task == "regression" else theirs.predict_proba(X.iloc[valid])
    )
    scale = np.std(expected)
    assert np.abs(plain - expected).max() < 1e-6 * scale
    assert np.abs(ours - expected).mean() < 0.1 * scale  # but for the trace of a penalty


def test_the_same_arguments_give_the_same_model_whatever_the_threads(dataset):
    train, valid = halves(dataset)
    config = FAMILY.space(dataset).decode([0.6] * len(FAMILY.space(dataset)))
    X = dataset.X.iloc[valid]

    def predicted(seed, threads=1):
        return FAMILY.fit(dataset, config, train, rounds=15, seed=seed, threads=threads).predict(X)

    assert np.array_equal(predicted(5), predicted(5))
    assert np.array_equal(predicted(5), predicted(5, threads=2))
    assert not np.array_equal(predicted(5), predicted(6))


def test_one_fit_never_disturbs_the_next(dataset):
    first = fit(dataset)
    curve = first.curve
    slow = {**FAMILY.default_config(dataset), "learning_rate": 0.3}
    fit(dataset, slow)
    assert np.array_equal(fit(dataset).curve, curve)
    assert np.array_equal(first.curve, curve)


def test_training_stops_when_the_watched_loss_stops_falling(dataset):
    fitted = fit(dataset)
    patience = patience_for(FAMILY.default_config(dataset)["learning_rate"])
    assert fitted.rounds == len(fitted.curve) < MAX_ROUNDS
    assert fitted.curve[-patience:].min() > (1 - 2 * LEAST_STEP) * fitted.curve[:-patience].min()
    assert np.argmin(fitted.curve) < fitted.rounds - 1
    assert [patience_for(rate) for rate in (1.0, 0.1, 0.001)] == [30, 50, 250]


def test_the_curve_is_the_metric_on_the_watched_rows_round_by_round(dataset):
    _, valid = halves(dataset)
    metric = get_metric(None, dataset)
    fitted = fit(dataset, metric=metric)
    for rounds in (1, 5, fitted.rounds):
        score = metric.score(dataset.y[valid], fitted.predict(dataset.X.iloc[valid], rounds))
        assert fitted.curve[rounds - 1] == pytest.approx(score, rel=1e-6)


def test_a_curve_of_a_metric_where_high_is_good_is_turned(binary):
    metric = get_metric("auc", binary)
    fitted = fit(binary, metric=metric)
    assert -1 <= fitted.curve.min() < -0.6


def test_growing_is_the_same_as_having_trained_longer(dataset):
    train, valid = halves(dataset)
    config = FAMILY.default_config(dataset)
    short = FAMILY.fit(dataset, config, train, rounds=5)
    short.grow(12)
    short.grow(3)
    assert short.rounds == 12
    long = FAMILY.fit(dataset, config, train, rounds=12)
    assert np.array_equal(short.predict(dataset.X.iloc[valid]), long.predict(dataset.X.iloc[valid]))


def test_categories_are_used_as_such():
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 40, 2000)
    good = rng.permutation(40)[:20]  # half of the categories, in no order
    frame = pd.DataFrame(
        {"c": [f"k{c}" for c in codes], "n": rng.normal(size=2000), "y": np.isin(codes, good)}
    )
    dataset = prepare(frame, "y")
    text = FAMILY.fit(
        dataset, FAMILY.default_config(dataset), np.arange(2000), rounds=3
    ).booster.model_to_string()
    assert "num_cat=1" in text


def test_probabilities_have_a_column_per_class_and_sum_to_one(dataset):
    prediction = fit(dataset).predict(dataset.X)
    if dataset.task == "regression":
        assert prediction.shape == (len(dataset),)
    else:
        assert prediction.shape == (len(dataset), len(dataset.classes))
        assert np.allclose(prediction.sum(axis=1), 1)


def test_what_was_saved_predicts_the_same(dataset, tmp_path):
    fitted = fit(dataset)
    file = fitted.save(tmp_path)
    assert file.name == "model.txt"
    assert np.array_equal(FAMILY.load(tmp_path).predict(dataset.X), fitted.predict(dataset.X))
    file.write_text("this is no model")
    with pytest.raises(DataError, match="model cannot be read"):
        FAMILY.load(tmp_path)
    with pytest.raises(DataError, match="model cannot be read"):
        FAMILY.load(tmp_path / "nowhere")


def test_nothing_is_written_to_the_screen(dataset, capfd):
    config = {**FAMILY.default_config(dataset), "min_child_samples": 50, "learning_rate": 0.3}
    fit(dataset, config).predict(dataset.X)
    captured = capfd.readouterr()
    assert (captured.out, captured.err) == ("", "")


def test_a_config_that_can_split_nothing_still_predicts(dataset):
    _, valid = halves(dataset)
    config = {**FAMILY.default_config(dataset), "min_child_samples": 100}
    fitted = FAMILY.fit(dataset, config, halves(dataset)[0], valid)
    assert len(fitted.curve) == fitted.rounds >= 1
    assert np.isfinite(fitted.predict(dataset.X)).all()


def test_names_that_lightgbm_refuses_are_rewritten_and_stay_apart():
    names = ['a "b"', "a_b_", "a:b,", "größe [cm]", "größe {cm}", "", " "]
    made = feature_names(names)
    assert len(set(made)) == len(names)
    assert not any(c in name for name in made for c in ' ",:[]{}')


def test_families_are_found_by_name_with_help(monkeypatch):
    assert get_family("LightGBM").name == "lightgbm"
    with pytest.raises(OptionError, match=r"allowed: .*lightgbm.*Did you mean 'lightgbm'"):
        get_family("lightgmb")

    class Point:
        name = "mine"

        @staticmethod
        def load():
            return LightGBM

    monkeypatch.setattr("tunesmith.models.base.entry_points", lambda group: [Point()])
    assert isinstance(get_family("mine"), LightGBM)


def test_folds_with_one_class_learnt_from_do_not_break_it():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"x": rng.normal(size=40), "y": ["a"] * 37 + ["b", "b", "c", "c"][:3]})
    dataset = prepare(frame, "y")
    for train, scored in make_folds(dataset, 5):
        fitted = FAMILY.fit(dataset, FAMILY.default_config(dataset), train, scored)
        assert np.isfinite(fitted.predict(dataset.X.iloc[scored])).all()
