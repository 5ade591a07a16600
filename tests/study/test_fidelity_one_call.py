"""Objectives that train in one call as far as `trial.fidelity` says: rows, folds or trees, however run."""

import math
import os
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tunesmith as ts

SPACE = ts.Space(penalty=ts.Float(1e-4, 1e4, log=True), degree=ts.Int(1, 6))
ROWS, FOLDS = ts.Fidelity("row", 20, 180), ts.Fidelity("fold", 1, 9)


def data() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, 270)
    return x, np.sin(3 * x) + 0.2 * rng.normal(size=270)


def ridge(config: dict[str, Any], train: np.ndarray, valid: np.ndarray) -> float:
    """Squared error of a polynomial by ridge regression, on other rows than those it was fitted to."""
    x, y = data()
    X = np.vander(x, config["degree"] + 1)
    A = X[train].T @ X[train] + config["penalty"] * np.eye(X.shape[1])
    return float(np.mean((X[valid] @ np.linalg.solve(A, X[train].T @ y[train]) - y[valid]) ** 2))


def rows(config: dict[str, Any], trial: Any) -> float:
    return ridge(config, np.arange(trial.fidelity), np.arange(180, 270))


def folds(config: dict[str, Any], trial: Any) -> float:
    parts = np.array_split(np.arange(270), 9)
    losses = [
        ridge(config, np.concatenate(parts[:k] + parts[k + 1 :]), parts[k]) for k in range(trial.fidelity)
    ]
    return float(np.mean(losses))


def trees(config: dict[str, Any], trial: Any) -> float:
    import lightgbm

    x, y = data()
    settings = {"min_data_in_leaf": 5, "lambda_l2": config["penalty"], "max_depth": config["degree"]}
    settings |= {"verbose": -1, "num_threads": 1, "learning_rate": 0.2}
    model = lightgbm.train(settings, lightgbm.Dataset(x[:180, None], y[:180]), trial.fidelity)
    return float(np.mean((model.predict(x[180:, None]) - y[180:]) ** 2))


TASKS = {"rows": (rows, ROWS), "folds": (folds, FOLDS), "trees": (trees, ts.Fidelity("tree", 2, 54))}


def search(objective: Callable[..., Any], **options: Any) -> ts.Study:
    """Random configs, the same each time."""
    return ts.minimize(objective, SPACE, method="random", seed=0, progress=False, **options)


def check(study: ts.Study, objective: Callable[..., float]) -> None:
    """Every value is that of the objective at its step, and the best came to the last one."""

    class At:
        def __init__(self, fidelity: int) -> None:
            self.fidelity = fidelity

    fidelity = study.history.fidelity
    assert fidelity is not None
    for trial in study.trials:
        steps = [r.step for r in trial.reports]
        assert steps == sorted(set(steps))
        for report in trial.reports:
            assert report.value == pytest.approx(objective(trial.config, At(report.step)))
        if trial.state is ts.State.COMPLETE and fidelity.high is not None:
            assert trial.value == pytest.approx(objective(trial.config, At(fidelity.high)))
    lengths = [t.reports[-1].step for t in study.trials]
    assert lengths.count(fidelity.low) > len(lengths) / 2
    assert study.best.state is ts.State.COMPLETE


@pytest.mark.slow
@pytest.mark.parametrize("kind", list(TASKS))
def test_worker_processes(kind: str) -> None:
    if kind == "trees":
        pytest.importorskip("lightgbm")
    objective, fidelity = TASKS[kind]
    study = search(objective, trials=27, workers=2, scheduler="asha", fidelity=fidelity)
    assert study.history.counted == 27
    check(study, objective)


@pytest.mark.parametrize("kind", ["rows", "folds"])
def test_ask_and_tell(kind: str) -> None:
    objective, fidelity = TASKS[kind]
    study = ts.Study(SPACE, method="random", scheduler="asha", fidelity=fidelity, seed=0)
    called = set()
    while len(study.trials) < 27:
        trial = study.ask()
        assert (trial.number, trial.fidelity) not in called
        called.add((trial.number, trial.fidelity))
        study.tell(trial, objective(trial.config, trial))
    check(study, objective)


def test_ask_and_tell_of_several_at_once_in_any_order() -> None:
    study = ts.Study(SPACE, method="random", scheduler="asha", fidelity=FOLDS, seed=0)
    for _ in range(15):
        for trial in reversed(study.ask(3)):
            study.tell(trial, folds(trial.config, trial))
    check(study, folds)


def test_ask_and_tell_goes_on_in_another_process(tmp_path: Any) -> None:
    store = str(tmp_path / "tune.db")
    ts.Study(SPACE, method="random", scheduler="asha", fidelity=FOLDS, seed=0, store=store)
    for _ in range(35):
        study = ts.Study.open(store)  # as a script does that is started for each trial
        trial = study.ask()
        study.tell(trial, folds(trial.config, trial))
    whole = ts.Study(SPACE, method="random", scheduler="asha", fidelity=FOLDS, seed=0)
    for _ in range(35):
        trial = whole.ask()
        whole.tell(trial, folds(trial.config, trial))
    assert [(t.config, t.state, t.value) for t in study.trials] == [
        (t.config, t.state, t.value) for t in whole.trials
    ]
    check(study, folds)


@pytest.mark.parametrize("bad", [math.nan, math.inf, "failed", ValueError("no memory for so many rows")])
def test_what_fails_further_on_is_failed_and_others_go_on(bad: Any) -> None:
    study = ts.Study(SPACE, method="random", scheduler="asha", fidelity=FOLDS, seed=0)
    failed = None
    for _ in range(45):
        trial = study.ask()
        if trial.fidelity == 3 and failed is None:
            failed = trial.number
            study.tell(trial, bad)
        else:
            study.tell(trial, folds(trial.config, trial))
    assert failed is not None
    ended = study.history[failed]
    assert ended.state in (ts.State.FAILED, ts.State.STOPPED)
    assert ended.reports[0].step == 1
    assert study.best.state is ts.State.COMPLETE
    assert study.best.number != failed


def test_an_unknown_largest_number_opens_rungs_by_need() -> None:
    study = search(rows, budget=ts.Steps(1500), fidelity=ts.Fidelity("row", 5), scheduler="asha")
    reached = {r.step for t in study.trials for r in t.reports}
    assert {5, 15} <= reached
    assert study.history.steps <= 1500
    assert study.best.reports[-1].step == max(reached)


@pytest.mark.parametrize("scheduler", ["none", "median", "halving", "hyperband", "asha"])
@pytest.mark.parametrize("resumable", [None, False])
def test_a_budget_of_steps_is_what_the_calls_come_to(scheduler: str, resumable: bool | None) -> None:
    calls: list[tuple[int, int]] = []

    def counted(config: dict[str, Any], trial: Any) -> float:
        calls.append((trial.number, trial.fidelity))
        return folds(config, trial)

    fidelity = ts.Fidelity("fold", 1, 9, resumable=resumable)
    study = search(counted, budget=ts.Steps(100), scheduler=scheduler, fidelity=fidelity)
    # Each call is paid for whole where nothing can be resumed, else as far as it went beyond the one before.
    whole, furthest = sum(k for _, k in calls), sum(dict(calls).values())
    assert study.history.steps == furthest
    assert 90 < (furthest if resumable is None else whole) <= 100


@pytest.mark.parametrize("scheduler", ["none", "asha"])
def test_a_call_that_fails_costs_what_it_was_asked_for(scheduler: str) -> None:
    calls: list[tuple[int, int]] = []

    def fails_for_some(config: dict[str, Any], trial: Any) -> float:
        calls.append((trial.number, trial.fidelity))
        if trial.number % 2 or trial.fidelity == 9:
            raise ValueError("no memory for so many rows")
        return folds(config, trial)

    limits: dict[str, Any] = {"budget": ts.Steps(60), "max_failures": None}
    study = search(fails_for_some, scheduler=scheduler, fidelity=FOLDS, **limits)
    furthest = dict(calls)
    assert study.history.steps == sum(furthest.values())
    for trial in study.history.failed:
        last = trial.reports[-1]
        assert (last.step, math.isnan(last.value)) == (furthest[trial.number], True)
        assert "no memory" in trial.failure.message


def test_a_call_that_fails_costs_what_it_was_asked_for_also_where_it_is_told() -> None:
    study = ts.Study(SPACE, method="random", scheduler="none", fidelity=FOLDS, seed=0)
    trial = study.ask()
    assert trial.fidelity == 9
    study.tell(trial, "failed")
    study.tell(trial, "failed")  # the same again is no mistake
    assert (study.history.steps, study.trials[0].last_step) == (9, 9)


def test_a_call_that_reports_on_the_way_costs_what_it_reported() -> None:
    def breaks(config: dict[str, Any], trial: Any) -> float:
        for step in range(1, trial.fidelity):
            trial.report(1.0, step)
            if step == 4:
                raise ValueError("broken")
        return 0.0

    study = ts.Study(SPACE, method="random", scheduler="none", fidelity=FOLDS, seed=0)
    study.run(breaks, trials=2, max_failures=None, progress=False)
    assert [t.last_step for t in study.trials] == [4, 4]


def test_a_call_whose_process_dies_costs_what_the_others_do() -> None:
    def dies(config: dict[str, Any], trial: Any) -> float:
        if trial.fidelity == 9 and trial.number == 1:
            os._exit(1)
        return 0.5

    study = ts.Study(SPACE, method="random", scheduler="none", fidelity=FOLDS, seed=0)
    study.run(dies, trials=2, executor="processes", workers=1, progress=False)
    assert [t.state for t in study.trials] == [ts.State.COMPLETE, ts.State.FAILED]
    assert study.history.steps == 18


@pytest.mark.parametrize("answer", [lambda config: config["penalty"], lambda config: 1 / 0])
def test_a_budget_of_steps_ends_a_run_whose_objective_reports_nothing(answer: Any) -> None:
    study = search(answer, budget=ts.Steps(30), max_failures=None, scheduler="none", fidelity=FOLDS)
    assert study.stop_reason == "the budget of 30 steps is used up"
    assert len(study.trials) in (4, 30)  # complete at fold 9 each, or failed before the first
