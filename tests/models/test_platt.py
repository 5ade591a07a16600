"""Probabilities from distances: as good as the classes are rare, and for classes of two rows too."""

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_iris
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from tunesmith.models.platt import Platt, sigmoid


def test_where_there_is_nothing_to_learn_a_rare_class_keeps_its_share() -> None:
    share, worst = 0.06, 0.0
    for seed in range(10):
        rng = np.random.default_rng(seed)
        y = (rng.random(400) < share).astype(int)
        X, others = ((rng.random((n, 60)) < 0.01).astype(float) for n in (400, 3000))
        model = make_pipeline(StandardScaler(), SVC(gamma=0.01 / 60, C=0.35))
        made = Platt(model, seed).fit(X, y).predict_proba(others)
        loss = -share * np.log(made[:, 1]).mean() - (1 - share) * np.log(made[:, 0]).mean()
        worst = max(worst, loss / (-share * np.log(share) - (1 - share) * np.log(1 - share)))
    assert worst < 1.1  # 1.27 where a sigmoid learnt by some models is applied to another


@pytest.mark.parametrize("load", [load_breast_cancer, load_iris])
def test_easy_classes_are_told_apart_with_confidence(load: object) -> None:
    X, y = load(return_X_y=True)  # type: ignore[operator]
    learnt, held, classes, truth = train_test_split(X, y, random_state=0, stratify=y)
    made = Platt(make_pipeline(StandardScaler(), SVC()), 0).fit(learnt, classes).predict_proba(held)
    assert made.shape == (len(held), len(np.unique(y)))
    assert np.allclose(made.sum(axis=1), 1.0)
    assert log_loss(truth, made) < 0.2


def test_a_class_with_fewer_rows_than_folds_is_learnt() -> None:
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1, 3], [40, 40, 2])
    X = rng.standard_normal((82, 3)) + 4.0 * y[:, None]
    fitted = Platt(SVC(), 0).fit(X, y)
    assert fitted.classes_.tolist() == [0, 1, 3]
    assert fitted.predict_proba(np.full((1, 3), 12.0)).argmax() == 2


def test_the_sigmoid_is_that_of_equal_odds_far_from_zero() -> None:
    rng = np.random.default_rng(0)
    distances = rng.normal(1e-4, 1e-6, 4000)
    is_in = rng.random(4000) < 1 / (1 + np.exp(-2e6 * (distances - 1e-4)))
    slope, offset = sigmoid(distances, is_in)
    assert slope == pytest.approx(2e6, rel=0.1)
    assert offset == pytest.approx(-200, rel=0.1)
