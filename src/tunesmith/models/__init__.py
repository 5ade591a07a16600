"""Model families that `tune` and `suggest` know, and all it takes to tune one on a table.

    tables.py     reading a file                    columns.py    what columns become
    data.py       Dataset: table and target         folds.py      which rows are scored when
    metrics.py    by what configs are compared      rounds.py     how many rounds count
    objective.py  cross-validation as an objective  tuned.py      refit, save, load, gain
    base.py       contract and registry of families ruled.py      spaces and defaults by rules; suggest
    stopping.py   when a fit stops by itself        watching.py   the loss on rows that are watched
    preparing.py  what scikit-learn's models need   demo.py       the data set of the demo

The families: lightgbm.py, xgboost.py, catboost.py, hist_gradient_boosting.py, mlp.py; those that train in one
go are estimators.py. pandas and the libraries are imported where they are used, through `extras.py`.
"""
