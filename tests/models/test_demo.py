"""The demo's data set."""

from tunesmith.models.demo import DESCRIPTION, load_demo
from tunesmith.models.lightgbm import LightGBM
from tunesmith.models.metrics import get_metric
from tunesmith.models.tuned import compare


def test_it_is_real_and_described():
    dataset = load_demo()
    assert dataset.task == "regression"
    assert f"{len(dataset)} patients, {dataset.X.shape[1]} measurements" in DESCRIPTION
    assert (dataset.y.min(), dataset.y.max()) == (25, 346)
    assert dataset.X["body mass index"].between(18, 43).all()


def test_a_config_such_as_a_search_finds_gains_clearly_over_the_defaults():
    dataset = load_demo()
    config = {
        "learning_rate": 0.05,
        "num_leaves": 3,
        "min_child_samples": 6,
        "feature_fraction": 0.8,
        "bagging_fraction": 0.6,
        "lambda_l2": 0.3,
        "extra_trees": True,
    }
    gain = compare(dataset, LightGBM(), config, get_metric(None, dataset), seed=7)
    assert gain.is_clear
    assert gain.share > 0.04
