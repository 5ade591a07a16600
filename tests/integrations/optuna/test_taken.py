"""A study of ours made of one of Optuna's."""

from pathlib import Path
from typing import Any

import pytest

optuna = pytest.importorskip("optuna", reason="Optuna is not installed")

import tunesmith as ts  # noqa: E402
from tunesmith.errors import OptionError  # noqa: E402
from tunesmith.integrations.optuna import from_optuna  # noqa: E402
from tunesmith.trial import Origin, State  # noqa: E402


def train(trial: Any) -> float:
    lr = trial.suggest_float("lr", 1e-5, 1e-1, log=True)
    layers = trial.suggest_int("layers", 1, 3)
    if trial.suggest_categorical("optimizer", ["adam", "sgd"]) == "sgd":
        lr *= 1 + trial.suggest_float("momentum", 0, 1)
    if layers == 3 and lr > 0.03:
        raise ValueError
    trial.report(1 - lr, 1)
    if layers == 2 and lr > 0.03:
        raise optuna.TrialPruned
    return float(1 - lr * layers)


@pytest.fixture(scope="module")
def theirs() -> Any:
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.RandomSampler(seed=1))
    study.optimize(train, n_trials=60, catch=(ValueError,))
    return study


def test_results_and_conditions_are_there(theirs: Any, tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match=r"from_optuna leaves out \d pruned trials\.$"):
        ours = from_optuna(theirs, store=tmp_path / "tune.db", name="taken", seed=0)
    assert ours.space == ts.Space(
        lr=ts.Float(1e-5, 1e-1, log=True),
        layers=ts.Int(1, 3),
        optimizer=ts.Choice(["adam", "sgd"]),
        momentum=ts.Float(0, 1, when={"optimizer": "sgd"}),
    )
    assert (ours.best.config, ours.best.value) == (theirs.best_params, theirs.best_value)
    states = [trial.state for trial in theirs.trials]
    assert states.count(optuna.trial.TrialState.FAIL) == ours.history.states[State.FAILED] > 0
    assert {trial.origin for trial in ours.trials} == {Origin.ADDED}
    assert set(ours.importance()) == set(ours.space)
    assert ts.Study.open(tmp_path / "tune.db", "taken").best.value == theirs.best_value


def test_it_goes_on(theirs: Any) -> None:
    with pytest.warns(UserWarning, match="leaves out"):
        ours = from_optuna(theirs, seed=0)
    known = len(ours.trials)
    ours.run(lambda config: 1 - config["lr"] * config["layers"], trials=10, progress=False)
    assert len(ours.trials) == known + 10
    assert ours.best.value > 1 - 1.1e-5


def test_a_space_may_be_given(theirs: Any) -> None:
    space = {"lr": ts.Float(1e-4, 1e-1, log=True), "layers": ts.Int(1, 3)}
    with pytest.warns(
        UserWarning, match=r"\d+ trials outside of the space, the values of optimizer, momentum"
    ):
        ours = from_optuna(theirs, space)
    assert len(ours.trials) == sum(
        t.params["lr"] >= 1e-4 and t.state != optuna.trial.TrialState.PRUNED for t in theirs.trials
    )


def test_a_value_that_has_no_say_is_left_out_of_a_config() -> None:
    space = ts.Space(a=ts.Choice(["x", "y"]), b=ts.Int(0, 9, when={"a": "x"}))
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    study.optimize(lambda t: t.suggest_int("b", 0, 9) + (t.suggest_categorical("a", "xy") == "x"), n_trials=6)
    configs = [trial.config for trial in from_optuna(study, space).trials]
    assert {"a": "y"} in configs
    assert all(("b" in config) == (config["a"] == "x") for config in configs)


def test_what_broke_a_constraint_is_not_the_best() -> None:
    def constraint(trial: Any) -> tuple[float]:
        return (trial.params["x"] - 0.5,)

    with pytest.warns(match="constraints_func"):
        sampler = optuna.samplers.TPESampler(seed=0, constraints_func=constraint)
    study = optuna.create_study(direction="maximize", sampler=sampler)
    study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=15)
    ours = from_optuna(study)
    assert ours.best.value <= 0.5 < max(trial.value for trial in study.trials)


def test_fixed_values_stay_in_the_configs() -> None:
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    study.optimize(lambda t: t.suggest_int("a", 3, 3) + t.suggest_float("x", 0, 1), n_trials=4)
    assert from_optuna(study).best.config == study.best_params


def test_what_cannot_be_taken_is_said() -> None:
    with pytest.raises(OptionError, match=r"shows what its space is; given: 0 trials\. Give a space\."):
        from_optuna(optuna.create_study())
    with pytest.raises(OptionError, match="studies of one objective; given: one of 2 objectives"):
        from_optuna(optuna.create_study(directions=["minimize", "minimize"]))
