"""A study with a fidelity that several tests run."""

import math
from collections.abc import Callable
from typing import Any

import pytest

import tunesmith as ts


def train(config: dict[str, Any], trial: Any) -> float:
    """Learning curve that falls to x: 1 / step above it."""
    value = math.inf
    for step in trial.steps():
        value = config["x"] + 1.0 / step
        trial.report(value)
    return value


@pytest.fixture
def tuned() -> Callable[..., ts.Study]:
    """Runner of an objective of one parameter, x, on up to 27 epochs, with ASHA unless told otherwise."""

    def run(objective: Callable[..., Any] = train, trials: int | None = 30, **options: Any) -> ts.Study:
        given = {
            "method": "random",
            "scheduler": "asha",
            "fidelity": ts.Fidelity("epoch", 1, 27),
            "seed": 0,
            "progress": False,
            **options,
        }
        return ts.minimize(objective, ts.Space(x=ts.Float(0, 1)), trials=trials, **given)

    return run
