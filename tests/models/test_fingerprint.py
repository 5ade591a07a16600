"""A fingerprint tells a table from its earlier self, and from nothing else."""

import numpy as np
import pandas as pd
import pytest

from tunesmith.models.data import prepare
from tunesmith.models.fingerprint import fingerprint

FRAME = pd.DataFrame(
    {
        "a": [0.1, -0.0, np.nan, 4.0] * 10,
        "b": ["u", "v", None, "u"] * 10,
        "y": [True, False, True, True] * 10,
        "n": range(40),
    }
)


def made(frame: pd.DataFrame) -> str:
    return fingerprint(prepare(frame, "y"))


def test_the_same_table_has_the_same_one() -> None:
    assert made(FRAME) == made(FRAME.copy())
    assert made(FRAME) == made(FRAME.assign(a=FRAME["a"].replace(-0.0, 0.0)))
    assert made(FRAME) == made(FRAME.assign(a=FRAME["a"] * (1 + 1e-16)))
    assert len(made(FRAME)) == 8


@pytest.mark.parametrize(
    "change",
    [
        lambda f: f.assign(a=f["a"].where(f["n"] != 7, 9.0)),
        lambda f: f.assign(b=f["b"].replace("v", "w")),
        lambda f: f.assign(y=f["y"].where(f["n"] != 7, ~f["y"])),
        lambda f: f.assign(y=f["y"].map({True: "yes", False: "no"})),
        lambda f: f.rename(columns={"a": "c"}),
        lambda f: f.iloc[::-1],
        lambda f: f[["b", "a", "y", "n"]],
        lambda f: f.iloc[1:],
    ],
)
def test_another_table_has_another(change) -> None:
    assert made(change(FRAME)) != made(FRAME)


def test_other_groups_are_another_table() -> None:
    made = [fingerprint(prepare(FRAME.assign(g=FRAME["n"] // size), "y", groups="g")) for size in (4, 4, 5)]
    assert made[0] == made[1] != made[2]
