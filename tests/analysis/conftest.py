"""Histories that several tests look at."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.stats import qmc

from tunesmith.history import History
from tunesmith.space import Choice, Float, Int, Space
from tunesmith.trial import Failure, FailureKind, Report, State, Trial

Objective = Callable[[dict[str, Any]], float | None]
Make = Callable[..., History]


@pytest.fixture
def make() -> Make:
    """Maker of the history of an objective at configs that fill the space; None is a failure."""

    def made(
        space: Space,
        objective: Objective,
        count: int,
        *,
        noise: float = 0.0,
        direction: Any = "minimize",
        seed: int = 0,
    ) -> History:
        rng = np.random.default_rng(seed)
        points = qmc.Sobol(max(1, len(space)), rng=seed).random_base2(int(np.ceil(np.log2(max(count, 2)))))
        trials = []
        for number in range(count):
            config: dict[str, Any] = {}
            for name, u in zip(space.names, points[number], strict=True):
                if space.is_active(name, config):
                    config[name] = space[name].decode(float(u))
            value = objective(config)
            if value is None:
                failure = Failure(FailureKind.ERROR, "it broke", "Traceback: it broke")
                trials.append(Trial(number, config, State.FAILED, failure=failure))
            else:
                trials.append(
                    Trial(number, config, State.COMPLETE, value + noise * float(rng.standard_normal()))
                )
        return History(space, direction, trials)

    return made


HOSTILE = "<script>alert('x')</script>\"&' </style> \u2028\u2029 </script><!-- ]]> {{ 7*7 }}"


@pytest.fixture
def hostile() -> str:
    """A text that ends every kind of quoting that a page uses, if it is let."""
    return HOSTILE


@pytest.fixture(scope="session")
def lively() -> History:
    """A study with everything: conditions, a log scale, curves by fate, workers, failures of two kinds."""
    space = Space(
        lr=Float(1e-5, 1e-1, log=True, default=1e-3),
        optimizer=Choice(["adam", "sgd"]),
        momentum=Float(0.0, 0.99, when={"optimizer": "sgd"}),
        layers=Int(1, 6),
    )
    rng = np.random.default_rng(0)
    clock = [1.7e9, 1.7e9 + 3.0]
    trials = []
    for number, point in enumerate(qmc.Sobol(4, seed=1).random_base2(6).tolist()):
        config: dict[str, Any] = {}
        for name, u in zip(space.names, point, strict=True):
            if space.is_active(name, config):
                config[name] = space[name].decode(u)
        loss = 0.3 + 0.1 * (math.log10(config["lr"]) + 2.7) ** 2 + 0.03 * config["layers"]
        loss += 0.4 * (config.get("momentum", 0.6) - 0.8) ** 2 + 0.01 * float(rng.standard_normal())
        curve = tuple(Report(s, loss + math.exp(-s / 4.0), float(s)) for s in range(1, 13))
        start, worker = clock[number % 2], f"host:{number % 2}"
        clock[number % 2] += 30.0 + number % 7
        common: dict[str, Any] = {
            "attempt": 1, "started": start, "finished": start + 29.0, "worker": worker, "reason": "why not",
        }  # fmt: skip
        if config["lr"] > 0.03:
            kind = FailureKind.NAN if number % 3 else FailureKind.MEMORY
            failure = Failure(kind, f"loss is {kind.value} at step {number}", f"Traceback: trial {number}")
            trials.append(Trial(number, config, State.FAILED, failure=failure, reports=curve[:2], **common))
        elif loss > 0.8:
            trials.append(Trial(number, config, State.STOPPED, curve[3].value, reports=curve[:4], **common))
        else:
            trials.append(Trial(number, config, State.COMPLETE, loss, reports=curve, **common))
    return History(space, "minimize", trials)
