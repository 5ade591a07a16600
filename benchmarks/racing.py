"""Folds as a race: share of the folds that are run, and whether the winner is the one that all folds give.

    python benchmarks/racing.py

Each search draws the same 20 configs at random with and without racing; six seeds.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import warnings

import numpy as np
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_wine
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, SVR
from sklearn.tree import DecisionTreeClassifier

import tunesmith as ts
from tunesmith.integrations.sklearn import TunesmithSearchCV

SEEDS = range(6)
CONFIGS = 20


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


def main():
    warnings.simplefilter("ignore")  # small classes of some folds
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
