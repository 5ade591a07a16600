"""Tune a scikit-learn model with a function of your own: run it, press Ctrl+C, run it again.

python examples/01_function.py
"""

from sklearn.datasets import load_digits
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

import tunesmith as ts

X, y = load_digits(return_X_y=True)

space = ts.Space(
    C=ts.Float(1e-2, 1e3, log=True, default=1.0),
    kernel=ts.Choice(["rbf", "poly"]),
    gamma=ts.Float(1e-4, 1e0, log=True, when={"kernel": "rbf"}),
    degree=ts.Int(2, 4, when={"kernel": "poly"}),
)


def accuracy(config):
    model = make_pipeline(StandardScaler(), SVC(**config))
    return cross_val_score(model, X, y, cv=3).mean()


study = ts.maximize(accuracy, space, trials=25, seed=0, store="example.db", name="digits-svm")
print(f"accuracy {study.best.value:.4f} with {study.best.config}")
