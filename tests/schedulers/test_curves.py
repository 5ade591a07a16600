"""Curves explains itself, and decides as a model of all curves says."""

import math
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from tunesmith.execution.handle import TrialHandle
from tunesmith.fidelity import Fidelity
from tunesmith.history import History
from tunesmith.schedulers.base import Action, Decision, Resume, Start
from tunesmith.schedulers.curves import Curves
from tunesmith.schedulers.registry import default_scheduler
from tunesmith.space import Config, Float, Space
from tunesmith.study.study import Study
from tunesmith.testing.race import race
from tunesmith.trial import Report, State, Trial

EPOCHS = Fidelity("epoch", 1, 52)
SPACE = Space(x=Float(0, 1), y=Float(0, 1))


# -- hand-made histories ---------------------------------------------------------------------------------


def falling(end: float, steps: int) -> list[float]:
    return [end + 1.0 / step for step in range(1, steps + 1)]


def history(
    curves: Sequence[Sequence[float]], fidelity: Fidelity = EPOCHS, states: Sequence[State] = ()
) -> History:
    rng = np.random.default_rng(0)
    made = History(SPACE, fidelity=fidelity)
    for number, losses in enumerate(curves):
        config = {"x": float(rng.random()), "y": float(rng.random())}
        reports = tuple(Report(step, loss, 0.0) for step, loss in enumerate(losses, start=1))
        state = State.COMPLETE if len(losses) == fidelity.high else State.PAUSED
        if number < len(states):
            state = states[number]
        value = losses[-1] if state is State.COMPLETE else None
        made.record(Trial(number, config, state, value, reports))
    return made


def nothing() -> Config | None:
    return None


def anything() -> Config | None:
    return {"x": 0.5, "y": 0.5}


def test_the_trial_with_most_to_gain_goes_on() -> None:
    ends = [0.5, 0.6, 0.05, 0.7, 0.8, 0.9]
    h = history([falling(0.4, 52), *[falling(end, 6) for end in ends]])
    found = Curves().next(h, nothing)
    assert isinstance(found, Resume)
    assert found.number == 3
    assert re.fullmatch(r"goes on to epoch 7: leads, with 0\.\d+ expected at epoch 52", found.reason)


def test_nothing_goes_on_when_nothing_can_win() -> None:
    h = history([falling(0.0, 52), *[falling(5.0 + n, 24) for n in range(6)]])
    assert Curves().next(h, nothing) is None


def test_a_new_config_is_started_where_the_paused_ones_are_hopeless() -> None:
    h = history([falling(0.5, 52), *[falling(5.0 + n, 24) for n in range(6)]])
    found = Curves().next(h, anything)
    assert isinstance(found, Start)
    assert re.fullmatch(r"\(promises more for its cost than to go on with trial \d\)", found.reason)


def decision(h: History, losses: Sequence[float]) -> Decision:
    reports = tuple(Report(step, loss, 0.0) for step, loss in enumerate(losses, start=1))
    h.record(Trial(len(h), {"x": 0.31, "y": 0.62}, State.RUNNING, None, reports))
    return Curves().after_report(h, h[len(h) - 1])


def test_a_trial_that_cannot_win_is_stopped_and_told_why() -> None:
    h = history([falling(0.0, 52), *[falling(0.1 + 0.01 * n, 52) for n in range(6)]])
    found = decision(h, falling(9.0, 24))
    assert found.action is Action.STOP
    assert re.fullmatch(
        r"stopped at epoch 24: under 1 % chance of beating 0\.0[12]\d+ by epoch 52", found.reason
    )


def test_a_trial_that_may_win_is_paused_and_told_its_chance() -> None:
    h = history([falling(0.1 * n, 6) for n in range(6)])
    found = decision(h, falling(0.1, 3))
    assert found.action is Action.PAUSE
    assert re.fullmatch(r"paused at epoch 3: \d+ % chance of beating 0\.\d+ by epoch 52", found.reason)


def test_one_that_cannot_be_resumed_goes_on_or_is_stopped() -> None:
    fidelity = Fidelity("epoch", 1, 52, resumable=False)
    good = history([falling(0.5 + 0.1 * n, 52) for n in range(6)], fidelity)
    assert decision(good, falling(0.1, 24)).action is Action.CONTINUE
    bad = history([falling(0.5 + 0.1 * n, 52) for n in range(6)], fidelity)
    assert decision(bad, falling(9.0, 24)).action is Action.STOP


ODD = {
    "one point": [[float(n)] for n in range(6)],
    "flat": [[1.0] * 6] * 5,
    "crossing": [[n + (5 - 2 * n) / step for step in range(1, 25)] for n in range(6)],
    "rising": [[n - 1.0 / step for step in range(1, 25)] for n in range(6)],
    "not finite": [[np.nan], [np.inf, 1.0], [1.0, np.nan], [2.0, -np.inf], [3.0]],
    "huge": [[1e300, 1.0], [1e308], [-1e308], [2.0]],
    "spikes": [[1.0, 1e12, 1.0, -1e12][: 1 + n % 4] for n in range(8)],
    "nothing": [[], [], [], []],
}


@pytest.mark.parametrize("name", ODD)
@pytest.mark.parametrize("high", [52, 5000, None])
def test_odd_curves_never_make_it_raise(name: str, high: int | None) -> None:
    h = history(ODD[name], Fidelity("epoch", 1, high))
    assert isinstance(Curves().next(h, anything), Start | Resume)
    Curves().next(h, nothing)
    for losses in ([1.0], [1e300], [math.nan], [0.0] * 40):
        assert decision(h, losses).action in Action


# -- studies ---------------------------------------------------------------------------------------------


def curve(config: Config, step: int) -> float:
    """Where x is large, loss falls at once and not far; the best is at a small x."""
    x, y = config["x"], config["y"]
    return float(0.5 * abs(x - 0.2) + (y - 0.6) ** 2 + (1.2 - x) / step)


def finish_the_best(seed: int, first: int, steps: int = 250) -> float:
    """Half of the steps for random configs up to a first rung, the rest to finish the best of them."""
    configs = drawn(seed, steps // 2 // first)
    configs.sort(key=lambda config: curve(config, first))
    return min(curve(config, 52) for config in configs[: steps // 2 // (52 - first)])


def full_trainings(seed: int, steps: int = 250) -> float:
    return min(curve(config, 52) for config in drawn(seed, steps // 52))


def drawn(seed: int, count: int) -> list[Config]:
    study = Study(SPACE, method="random", seed=seed)
    return [study.ask().config for _ in range(count)]


def test_it_beats_full_trainings_and_training_many_briefly_to_finish_the_best() -> None:
    wins = Counter[str]()
    for seed in range(4):
        study = Study(SPACE, fidelity=EPOCHS, seed=seed)
        race(study, curve, 10_000, seed=seed, most_steps=250)
        found = curve(study.best.config, 52)
        wins["full"] += found < full_trainings(seed)
        wins["one step"] += found < finish_the_best(seed, 1)
        wins["three steps"] += found < finish_the_best(seed, 3)
    assert len(wins) == 3
    assert min(wins.values()) >= 3


def test_a_study_without_a_last_step_ends_where_training_no_longer_pays() -> None:
    study = Study(SPACE, method="random", fidelity=Fidelity("epoch"), seed=0)
    trained = race(study, curve, 12, most_steps=5000)
    assert study.scheduler.name == "curves"
    assert len(study.trials) == 12
    assert len(trained) < 1000
    assert study.history.states[State.RUNNING] == 0
    furthest = max(study.trials, key=lambda trial: len(trial.reports))
    assert len(furthest.reports) > 50
    assert re.fullmatch(r"paused at epoch \d+: training longer brings next to nothing", furthest.reason)


def test_a_study_cut_in_two_is_the_study_in_one(tmp_path: Path) -> None:
    def train(config: Config, trial: TrialHandle) -> float:
        value = math.nan
        for step in trial.steps():
            value = curve(config, step)
            trial.report(value)
        return value

    def run(name: str, *counts: int) -> list[tuple[Config, int, str]]:
        for trials in counts:
            study = Study(SPACE, fidelity=EPOCHS, seed=1, store=str(tmp_path / name))
            study.run(train, trials=trials, progress=False)
            assert study.scheduler.name == "curves"
        return [(t.config, len(t.reports), t.reason) for t in study.trials]

    whole, halves = run("one.db", 10), run("two.db", 5, 10)
    assert [config for config, _, _ in whole[:5]] == [config for config, _, _ in halves[:5]]
    # A study that ends after five trials brings one to the end, which one that goes on need not do then.
    again = run("three.db", 5, 10)
    assert again == halves


def test_defaults() -> None:
    assert default_scheduler("bayes", Fidelity("epoch")) == "curves"
    assert default_scheduler("bohb", EPOCHS) == "hyperband"
    study = Study(SPACE, method="bohb", fidelity=EPOCHS)
    assert study.scheduler.name == "hyperband"
