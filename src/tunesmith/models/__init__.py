"""Model families that `tune` and `suggest` know, and all it takes to tune one on a table.

    tables.py     reading a file                    columns.py    what columns become
    data.py       Dataset: table and target         folds.py      which rows are scored when
    metrics.py    by what configs are compared      rounds.py     how many rounds count
    base.py       contract and registry of families lightgbm.py   the LightGBM family
    objective.py  cross-validation as an objective  tuned.py      refit, save, load, gain
    demo.py       the data set of the demo

pandas, LightGBM and scikit-learn are imported where they are used, through `extras.py`.
"""
