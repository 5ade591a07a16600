"""A data set, and a study that stops trials early."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

import tunesmith as ts
from tunesmith.study.study import Study

Arrays = tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]


@pytest.fixture(scope="session")
def two_classes() -> Arrays:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 5))
    return X, (X[:, 0] + 0.5 * X[:, 1] + rng.normal(scale=0.5, size=400) > 0).astype(np.int64)


@pytest.fixture
def run() -> Callable[..., Study]:
    """Run an objective on given learning rates, one after the other, 27 rounds at most."""

    def go(objective: Callable[..., Any], rates: list[float], **options: Any) -> Study:
        space = ts.Space(rate=ts.Float(1e-6, 1.0, log=True))
        given: dict[str, Any] = {"fidelity": ts.Fidelity("round", 1, 27), "scheduler": "median", "seed": 0}
        direction = options.pop("direction", "minimize")
        study = Study(space, direction=direction, method="random", **{**given, **options})
        for rate in rates:
            study.enqueue({"rate": rate})
        return study.run(objective, trials=len(rates), progress=False)

    return go
