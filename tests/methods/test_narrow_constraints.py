"""Constraints that next to no draw meets."""

from collections.abc import Mapping

import pytest

from tunesmith.space import Float, Space
from tunesmith.study.study import Study


@pytest.mark.parametrize(
    ("require", "target"),
    [
        pytest.param("abs(a + b + c - 1) < 1e-3", {"a": 0.2, "b": 0.5, "c": 0.3}, id="a sum"),
        pytest.param("abs(a - b) < 1e-4", {"a": 0.7, "b": 0.7, "c": 0.1}, id="two alike"),
    ],
)
def test_narrow_constraints_are_no_end(require: str, target: Mapping[str, float]) -> None:
    def best(seed: int) -> float:
        study = Study(Space({n: Float(0, 1) for n in "abc"}).require(require), method="bayes", seed=seed)
        for _ in range(30):
            trial = study.ask()
            study.tell(trial, sum((trial.config[n] - x) ** 2 for n, x in target.items()))
        return study.best.value or 0.0

    assert sum(best(seed) < 1e-3 for seed in range(4)) >= 3
