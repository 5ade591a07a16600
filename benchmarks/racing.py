"""Folds as a race: share of the folds that are run, and whether the winner is the one that all folds give.

    python benchmarks/racing.py
    python benchmarks/racing.py --tune

The first draws the same 20 configs at random with and without racing; six seeds. The second searches as
`tunesmith tune` does, on 300 rows by five folds, and scores the model that is shipped on up to 1,500 other
rows of its data set, paired by data set and seed: all folds of 30 trials, beside a race of 30 ("race"),
and a race that may fit as many folds as the first does ("as long"). Shown are the share of folds that are
fitted, the processor time, and by how much the loss on the other rows is higher, negative where it is lower.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse
import time
import warnings
from typing import Any

import numpy as np
from datasets import load, part
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_wine
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, SVR
from sklearn.tree import DecisionTreeClassifier

import tunesmith as ts
from tunesmith.integrations.sklearn import TunesmithSearchCV
from tunesmith.models.base import get_family
from tunesmith.models.folds import make_folds
from tunesmith.models.metrics import get_metric
from tunesmith.models.objective import CrossValidation
from tunesmith.models.ruled import suggested

SEEDS = range(6)
CONFIGS = 20
SETS = ("spam", "telephone", "cells", "churn", "credit", "computers", "concrete", "wages")
FAMILIES = ("linear", "lightgbm")  # linear: logistic or ridge, as the task is
ROWS, OTHER_ROWS, FOLDS, TRIALS = 300, 1500, 5, 30
FOLD = ts.Fidelity("fold", 1, FOLDS, resumable=False)
ARMS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {  # of the study, and of its run
    "all folds": ({}, {"trials": TRIALS}),
    "race": ({"fidelity": FOLD, "scheduler": "racing"}, {"trials": TRIALS}),
    "as long": ({"fidelity": FOLD, "scheduler": "racing"}, {"budget": ts.Steps(FOLDS * TRIALS)}),
}


def svm(name):
    return {
        f"{name}__C": ts.Float(1e-3, 1e3, log=True),
        f"{name}__gamma": ts.Float(1e-5, 10, log=True),
    }


def cases():
    tree = {"max_depth": ts.Int(1, 20), "min_samples_leaf": ts.Int(1, 50, log=True)}
    classifier, regressor = make_pipeline(StandardScaler(), SVC()), make_pipeline(StandardScaler(), SVR())
    digits = [part[:600] for part in load_digits(return_X_y=True)]
    yield "wine, SVC", classifier, svm("svc"), load_wine(return_X_y=True)
    yield "breast cancer, SVC", classifier, svm("svc"), load_breast_cancer(return_X_y=True)
    yield "diabetes, SVR", regressor, svm("svr"), load_diabetes(return_X_y=True)
    yield "digits, tree", DecisionTreeClassifier(random_state=0), tree, digits


def tuned(name: str, word: str, seed: int, arm: str) -> tuple[float, int, float]:
    """Loss on other rows, folds that were fitted, and seconds of one search."""
    whole = load(name)
    order = np.random.default_rng(seed).permutation(len(whole))
    data, other = (part(whole, np.sort(rows)) for rows in np.split(order[: ROWS + OTHER_ROWS], [ROWS]))
    model = word if word != "linear" else "ridge" if data.task == "regression" else "logistic"
    family, metric = get_family(model), get_metric(None, data)
    found, folds = suggested(model, data, family), make_folds(data, FOLDS, seed=seed)
    objective = CrossValidation(data, family, folds, metric, seed=seed)
    of_study, of_run = ARMS[arm]
    study = ts.Study(found.space, direction=metric.direction, seed=seed, **of_study)
    for config in (found.default, *found.portfolio):
        study.enqueue(config)
    started = time.process_time()
    study.run(objective, progress=False, **of_run)
    seconds = time.process_time() - started
    config = found.space.check(study.recommend().config)
    rounds = objective.evaluate(config).refit_rounds
    fitted = family.fit(data, config, np.arange(ROWS), rounds=rounds, seed=seed)
    loss = metric.sign * metric.score(other.y, fitted.predict(other.X, None))
    return loss, sum(trial.last_step for trial in study.trials), seconds


def tune(seeds: int) -> None:
    print(f"{'':10} {'':10} {'folds':>6} {'time':>6} {'loss':>15}")
    for word in FAMILIES:
        runs = {
            arm: np.array([tuned(name, word, seed, arm) for name in SETS for seed in range(seeds)])
            for arm in ARMS
        }
        whole = runs["all folds"]
        for arm, found in runs.items():
            more = found[:, 0] / whole[:, 0] - 1.0
            error = more.std(ddof=1) / np.sqrt(len(more))
            shares = found[:, 1:].sum(axis=0) / whole[:, 1:].sum(axis=0)
            print(f"{word:10} {arm:10} {shares[0]:6.0%} {shares[1]:6.0%} {more.mean():+7.1%} ± {error:.1%}")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tune", action="store_true", help="as `tunesmith tune` searches")
    parser.add_argument("--seeds", type=int, default=3, help="of --tune")
    given = parser.parse_args()
    warnings.simplefilter("ignore")  # small classes of some folds
    if given.tune:
        tune(given.seeds)
        return
    print(f"{'':20} {'folds':>5} {'run':>6} {'same winner':>12} {'score lost':>11}")
    for name, model, space, (X, y) in cases():
        for cv in (5, 10):
            run, same, lost = [], 0, []
            for seed in SEEDS:
                options = {"n_iter": CONFIGS, "cv": cv, "random_state": seed, "method": "random"}
                whole = TunesmithSearchCV(model, space, **options).fit(X, y)
                race = TunesmithSearchCV(model, space, racing=True, **options).fit(X, y)
                run.append(race.cv_results_["n_splits_run"].sum() / (CONFIGS * cv))
                same += int(race.best_index_ == whole.best_index_)
                lost.append(whole.best_score_ - race.best_score_)
            print(
                f"{name:20} {cv:5} {np.mean(run):6.0%} {same:7} of {len(SEEDS)} {np.mean(lost):11.4f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
