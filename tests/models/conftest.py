"""Small data sets that the tests of model families share."""

import numpy as np
import pandas as pd
import pytest

from tunesmith.models.data import prepare

ROWS = 240


def mixed_frame(seed=0, rows=ROWS):
    """Numbers, text with unseen and missing values, a flag, dates, awkward names, three kinds of target."""
    rng = np.random.default_rng(seed)
    x, colour = rng.normal(size=rows), rng.choice(["red", "blüe", "green"], size=rows)
    signal = x + (colour == "red") - (colour == "green") + 0.3 * rng.normal(size=rows)
    return pd.DataFrame(
        {
            'größe [cm], "raw"': np.where(rng.random(rows) < 0.1, np.nan, x),
            "größe{cm}:raw": rng.normal(size=rows),
            "colour": pd.Series(colour).where(rng.random(rows) > 0.1, None),
            "flag": rng.random(rows) < 0.5,
            "day": pd.date_range("2024-01-01", periods=rows, freq="D").strftime("%Y-%m-%d"),
            "amount": 100 + 20 * signal,
            "answer": np.where(signal > 0, "yes", "no"),
            "level": np.select([signal < -0.7, signal < 0.7], ["low", "middle"], "high"),
        }
    )


TARGETS = ("amount", "answer", "level")


def mixed_dataset(target, seed=0, rows=ROWS):
    frame = mixed_frame(seed, rows)
    return prepare(frame, target, drop=[t for t in TARGETS if t != target])


@pytest.fixture(scope="session", params=TARGETS)
def dataset(request):
    """Regression, two classes, three classes."""
    return mixed_dataset(request.param)


@pytest.fixture(scope="session")
def binary():
    return mixed_dataset("answer")
