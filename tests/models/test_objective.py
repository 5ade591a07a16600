"""Cross-validation as an objective: no leak, the same value for the same config, reports fold by fold."""

import math
import pickle
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from tunesmith.models.base import get_family
from tunesmith.models.data import prepare
from tunesmith.models.folds import make_folds
from tunesmith.models.lightgbm import LightGBM
from tunesmith.models.metrics import METRICS, get_metric
from tunesmith.models.objective import CrossValidation, FoldScores


class Recorder:
    """Stands in for a trial: keeps reports, and asks to stop after some."""

    def __init__(self, stop_after=None):
        self.reports, self.stop_after = [], stop_after

    def report(self, value, step=None):
        self.reports.append((step, value))

    @property
    def stop_requested(self):
        return len(self.reports) == self.stop_after


class Watching:
    """A family that learns nothing and remembers which rows it was shown; its best round differs by fold."""

    name = "watching"

    def __init__(self):
        self.calls = []

    def fit(self, dataset, config, train, valid=None, **options):
        self.calls.append((train, valid, options))
        rounds = 10 + len(self.calls)  # fold i is best at round i + 1, counted over the calls
        curve = np.abs(np.arange(rounds) - len(self.calls) + 0.0)
        curve = np.empty(0) if valid is None else curve
        model = SimpleNamespace(curve=curve, rounds=rounds, grown=[], asked=[])
        model.grow = model.grown.append

        def predict(X, rounds=None):
            model.asked.append(rounds)
            return np.zeros(len(X))

        model.predict = predict
        self.models = [*getattr(self, "models", []), model]
        return model


def cross_validation(dataset, family=None, k=4, repeats=1, metric=None, **options):
    folds = make_folds(dataset, k, repeats, seed=1)
    return CrossValidation(dataset, family or LightGBM(), folds, get_metric(metric, dataset), **options)


@pytest.fixture
def amounts():
    return prepare(pd.DataFrame({"x": np.arange(40.0), "y": np.arange(40.0) ** 2}), "y")


def test_no_fold_chooses_the_round_that_it_is_scored_at(amounts):
    family = Watching()
    scores = cross_validation(amounts, family).evaluate({})
    curves = [m.curve for m in family.models]
    for i in range(4):
        others = [c for j, c in enumerate(curves) if j != i]
        width = max(map(len, others))
        held = [np.concatenate([c, np.full(width - len(c), c[-1])]) for c in others]
        assert scores.rounds[i] == np.argmin(np.mean(held, axis=0)) + 1
        assert family.models[i].asked[-1] == scores.rounds[i] == family.models[i].grown[-1]
    assert len(set(scores.rounds)) > 1


def test_scored_rows_are_watched_but_never_learnt_from(amounts):
    family = Watching()
    search = cross_validation(amounts, family)
    search.evaluate({})
    for (train, valid, _), (expected_train, scored) in zip(family.calls, search.folds, strict=True):
        assert train.tolist() == expected_train.tolist()
        assert valid.tolist() == scored.tolist()


def test_a_single_split_sets_rows_aside_for_early_stopping(amounts):
    family = Watching()
    rows = np.arange(40)
    CrossValidation(amounts, family, [(rows[:30], rows[30:])], METRICS["rmse"]).evaluate({})
    train, watched, _ = family.calls[0]
    assert sorted([*train, *watched]) == list(range(30))
    assert len(watched) == 6


def test_the_librarys_defaults_are_scored_without_watching(amounts):
    family = Watching()
    scores = cross_validation(amounts, family).evaluate(None)
    assert all(valid is None for _, valid, _ in family.calls)
    assert scores.rounds is None


def test_pure_noise_does_not_look_learnable():
    flattered = []
    for seed in range(8):
        rng = np.random.default_rng(seed)
        frame = pd.DataFrame(rng.normal(size=(200, 6)), columns=list("abcdef")).assign(
            y=rng.permutation(200) % 2
        )
        dataset = prepare(frame, "y")
        search = cross_validation(dataset, k=5)
        config = search.family.default_config(dataset)
        own = []
        for train, scored in search.folds:  # what scoring at each fold's own best round would say
            own.append(search.family.fit(dataset, config, train, scored).curve.min())
        flattered.append((np.mean(own), search(config)))
    own_mean, value_mean = np.mean(flattered, axis=0)
    assert own_mean < math.log(2)  # the leak: better than the coin that it is
    assert value_mean > math.log(2)


def test_the_same_config_gives_the_same_value_everywhere(dataset):
    search = cross_validation(dataset, seed=3)
    config = search.family.space(dataset).decode([0.5] * len(search.family.space(dataset)))
    value = search(config)
    assert value == search(config, Recorder()) == search.evaluate(config).mean
    copy = pickle.loads(pickle.dumps(search))
    assert copy(config) == value


def test_reports_are_running_means_one_a_fold(dataset):
    search = cross_validation(dataset)
    config = search.family.default_config(dataset)
    trial = Recorder()
    value = search(config, trial)
    assert [step for step, _ in trial.reports] == [1, 2, 3, 4]
    assert trial.reports[-1][1] == pytest.approx(value, rel=1e-9)
    assert all(0.3 * value < report < 3 * value for _, report in trial.reports)


@pytest.mark.parametrize("name", ["knn", "lightgbm"])
def test_reporting_predicts_nothing_twice(amounts, name, monkeypatch):
    """Rows that were predicted with the same rounds are not predicted again for the next report."""
    family, asked = get_family(name), []
    search = cross_validation(amounts, family)
    config = family.default_config(amounts)
    kind = type(family.fit(amounts, config, *search.folds[0]))
    predict = kind.predict

    def counted(model, X, rounds=None):
        asked.append((model, rounds, model.rounds))
        return predict(model, X, rounds)

    monkeypatch.setattr(kind, "predict", counted)
    search(config, Recorder())
    assert len(asked) == len(set(asked))
    assert len(asked) >= len(search.folds)


def test_it_ends_when_asked_to(binary):
    family = LightGBM()
    search = cross_validation(binary, family)
    trial = Recorder(stop_after=2)
    assert search(family.default_config(binary), trial) == trial.reports[-1][1]
    assert len(trial.reports) == 2


def test_models_of_a_trial_that_was_stopped_are_not_trained_on(amounts):
    family = Watching()
    cross_validation(amounts, family)({}, Recorder(stop_after=2))
    assert [model.grown for model in family.models] == [[], []]


@pytest.mark.parametrize("name", sorted(n for n, m in METRICS.items() if m.task == "classification"))
def test_every_metric_of_classes_works(binary, name):
    search = cross_validation(binary, metric=name)
    scores = search.evaluate(search.family.default_config(binary))
    assert search.direction == METRICS[name].direction
    assert all(math.isfinite(s) for s in scores.scores)
    baseline = {"log_loss": 0.7, "brier": 0.25}.get(name, 0.5)
    assert METRICS[name].sign * scores.mean < METRICS[name].sign * baseline


def test_scores_say_mean_and_standard_error():
    scores = FoldScores((1.0, 2.0, 3.0, 4.0))
    assert scores.mean == 2.5
    assert scores.standard_error == pytest.approx(np.std([1, 2, 3, 4], ddof=1) / 2)
    assert math.isnan(FoldScores((1.0,)).standard_error)


def test_repeats_do_not_shrink_the_standard_error_as_new_rows_would(amounts):
    scores = cross_validation(amounts, Watching(), k=4, repeats=3).evaluate({})
    assert (len(scores.scores), scores.repeats) == (12, 3)
    assert scores.standard_error == pytest.approx(np.std(scores.scores, ddof=1) / 2)
