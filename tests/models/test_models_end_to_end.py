"""From a table to a saved model, in one go."""

import pickle

import numpy as np
import pytest

from tunesmith.models.base import get_family
from tunesmith.models.demo import load_demo
from tunesmith.models.folds import make_folds
from tunesmith.models.metrics import get_metric
from tunesmith.models.objective import CrossValidation
from tunesmith.models.tuned import TunedModel, compare, refit


@pytest.fixture(scope="module")
def search():
    dataset = load_demo()
    return CrossValidation(
        dataset, get_family("lightgbm"), make_folds(dataset, 5, seed=0), get_metric(None, dataset)
    )


def test_a_config_gives_the_same_value_again_and_after_pickling(search):
    config = search.family.default_config(search.dataset)
    value = search(config)
    assert 0.05 < value < 0.2
    assert search(config) == value
    assert pickle.loads(pickle.dumps(search))(config) == value


def test_a_saved_model_predicts_the_same_labels_and_probabilities(search, tmp_path):
    config = search.family.default_config(search.dataset)
    scores = search.evaluate(config)
    model = refit(search.dataset, search.family, config, scores=scores)
    assert model.rounds == scores.refit_rounds
    loaded = TunedModel.load(model.save(tmp_path / "model"))
    raw = search.dataset.X
    assert np.array_equal(model.predict_proba(raw), loaded.predict_proba(raw))
    assert set(loaded.predict(raw)) == {"benign", "malignant"}


def test_early_stopping_beats_the_librarys_fixed_number_of_rounds(search):
    gain = compare(
        search.dataset, search.family, search.family.default_config(search.dataset), search.metric, repeats=1
    )
    assert gain.difference > 0
    assert gain.tuned.mean < gain.baseline.mean
