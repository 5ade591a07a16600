"""What the sampler learns from Optuna's trials: values, failures, constraints and trials that were pruned."""

from typing import Any

import pytest

optuna = pytest.importorskip("optuna", reason="Optuna is not installed")

from tunesmith.integrations.optuna import TunesmithSampler  # noqa: E402
from tunesmith.trial import State  # noqa: E402

FAIL = optuna.trial.TrialState.FAIL


def test_failures_are_learnt_from(study: Any) -> None:
    def objective(trial: Any) -> float:
        x = trial.suggest_float("x", 0, 1)
        y = trial.suggest_float("y", 0, 1)
        if x > 0.6:
            raise ValueError
        return float((x - 0.9) ** 2 + y)

    made = study(objective, 30)
    failed = [trial.number for trial in made.trials if trial.state == FAIL]
    assert 0 < len(failed) < 10
    assert made.best_value < 0.11


def test_all_trials_failing_is_no_end(study: Any) -> None:
    def objective(trial: Any) -> float:
        x = trial.suggest_float("x", 0, 1)
        if x < 0.8:
            raise ValueError
        return float(x)

    made = study(objective, 12)
    assert made.trials[0].state == FAIL
    assert made.best_value < 0.9
    assert len({trial.params["x"] for trial in made.trials}) == 12


@pytest.mark.parametrize("way", ["constraints_func", "set_constraint"])
def test_trials_that_break_a_constraint_count_as_failed(study: Any, way: str) -> None:
    if way == "set_constraint" and not hasattr(optuna.Trial, "set_constraint"):
        pytest.skip("Optuna 4 has no set_constraint")

    def objective(trial: Any) -> float:
        x, y = trial.suggest_float("x", 0, 1), trial.suggest_float("y", 0, 1)
        if way == "set_constraint":
            trial.set_constraint("low", -1.0)
            trial.set_constraint("high", x - 0.6)
        else:
            trial.set_user_attr("broken", (-1.0, x - 0.6))
        return float((x - 0.9) ** 2 + y)

    function = None if way == "set_constraint" else lambda trial: trial.user_attrs["broken"]
    made = study(objective, 30, sampler=TunesmithSampler(seed=0, constraints_func=function))
    assert made.best_value < 0.11
    assert 0 < sum(trial.params["x"] > 0.6 for trial in made.trials) < 10


def test_an_infinite_value_counts_as_failed_and_nothing_ends(study: Any) -> None:
    def objective(trial: Any) -> float:
        x = trial.suggest_float("x", 0, 1)
        return float("-inf") if x > 0.7 else float((x - 0.5) ** 2)

    made = study(objective, 15)
    history = made.sampler._followed[1].history
    assert {history[t.number].state for t in made.trials[:14] if t.params["x"] > 0.7} <= {State.FAILED}
    assert min(t.value for t in made.trials if t.params["x"] <= 0.7) < 0.001


def test_pruned_trials_have_their_last_value(study: Any) -> None:
    def objective(trial: Any) -> float:
        x = trial.suggest_float("x", 0, 1)
        for step in range(3):
            trial.report(x + 1 / (1 + step), step)
            if step == 1 and x > 0.4:
                raise optuna.TrialPruned
        return float(x)

    made = study(objective, 12)
    history = made.sampler._followed[1].history
    pruned = [t for t in made.trials[:11] if t.state == optuna.trial.TrialState.PRUNED]
    assert pruned
    for trial in pruned:
        assert history[trial.number].state is State.STOPPED
        assert history[trial.number].value == trial.params["x"] + 0.5
    assert made.best_value < 0.05


@pytest.mark.parametrize("pruner", [optuna.pruners.MedianPruner(2), optuna.pruners.HyperbandPruner(1, 9)])
def test_it_gets_on_with_pruners(study: Any, pruner: Any) -> None:
    def objective(trial: Any) -> float:
        x = trial.suggest_float("x", 0, 1)
        for step in range(9):
            trial.report(x + 1 / (1 + step), step)
            if trial.should_prune():
                raise optuna.TrialPruned
        return float(x)

    made = study(objective, 20, pruner=pruner)
    assert made.best_value < 0.01
    assert any(t.state == optuna.trial.TrialState.PRUNED for t in made.trials)
