"""The forecast's benchmark judges what was said by what came, and its score is a proper one."""

import importlib
import math
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

from tunesmith.history import History
from tunesmith.space import Float, Space
from tunesmith.trial import State, Trial

FOLDER = Path(__file__).parents[2] / "benchmarks"
MODULES = ("forecast", "functions", "peers", "references", "running", "tables", "tasks")


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    monkeypatch.syspath_prepend(str(FOLDER))
    yield importlib.import_module("forecast")
    for name in MODULES:
        sys.modules.pop(name, None)


def test_crps_is_that_of_a_normal(bench: ModuleType) -> None:
    x = np.random.default_rng(0).standard_normal((20_000, 2))
    at_zero = 2.0 / math.sqrt(2.0 * math.pi) - 1.0 / math.sqrt(math.pi)
    assert bench.crps(x, np.array([0.0, 0.0])) == pytest.approx(at_zero, abs=0.01)
    assert bench.crps(np.full((5, 1), 3.0), np.array([1.0]))[0] == pytest.approx(2.0)


def test_what_came_true_is_told_and_true(bench: ModuleType) -> None:
    values = [5.0, 4.0, *[6.0] * 9, 3.0, *[6.0] * 11]
    trials = [Trial(k, {"x": k / 100}, State.COMPLETE, v) for k, v in enumerate(values)]
    history = History(Space(x=Float(0, 1)), "minimize", trials)
    problem = SimpleNamespace(true=lambda config: values[round(100 * config["x"])] - 0.5)
    found = bench.came({"n": 2, "best": 4.0, "noise": 0.5}, history, problem)
    assert found["gains"] == [1.0, 1.0]  # after 10 and 20 more; there are no 50
    assert found["beat"] == [True, True]
    assert bench.came({"n": 2, "best": 4.0, "noise": 1.5}, history, problem)["beat"] == [False, False]


def test_a_row_keeps_what_gains_are_drawn_from(bench: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    job = bench.Job("random", "syn/branin", 0, 30, "random from 8")
    row = bench.run_search(job, [8])
    assert row["error"] is None
    (made,) = row["made"]
    assert [made["n"], len(made["gains"]), len(made["outlooks"])] == [8, 2, 3]
    known = made["prospect"]
    assert np.shape(known["told"]) == (64, 3)
    # Drawn anew they are what the forecast said, but for the luck of the draw.
    redrawn, real = bench.draw_gains(
        bench.Prospect(**{k: np.asarray(v) for k, v in known.items()}), np.random.default_rng(1)
    )
    for k, outlook in enumerate(made["outlooks"]):
        assert real[:, k].mean() == pytest.approx(outlook["chance"], abs=0.03)
        assert np.quantile(redrawn[:, k], 0.8) == pytest.approx(outlook["high"] - outlook["low"], rel=0.2)
    bench.show([row])
    bench.fit([row, {**row, "task": "syn/other"}])
    told = capsys.readouterr().out
    assert "held (0.80)" in told
    assert "the other" in told
