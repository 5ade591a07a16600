"""Study.recommend: the config to ship, by what all results say of it."""

import math

import numpy as np
import pytest

from tunesmith.analysis.recommend import recommend
from tunesmith.errors import NoFinishedTrial
from tunesmith.fidelity import Fidelity
from tunesmith.history import History
from tunesmith.space import Choice, Float, Int, Space
from tunesmith.study.study import Study
from tunesmith.trial import Report, State, Trial


def bowl(config: dict[str, float]) -> float:
    return (config["x"] - 0.3) ** 2 + (config["y"] - 0.6) ** 2


def random_study(trials: int, noise: float, seed: int, direction: str = "minimize") -> Study:
    study = Study(
        Space(x=Float(0, 1), y=Float(0, 1)),
        direction="maximize" if direction == "maximize" else "minimize",
        method="random",
        seed=seed,
    )
    rng = np.random.default_rng(seed)
    sign = -1.0 if direction == "maximize" else 1.0
    for _ in range(trials):
        trial = study.ask()
        study.tell(trial, sign * bowl(trial.config) + noise * rng.standard_normal())
    return study


def test_without_a_finished_trial_it_says_so() -> None:
    study = Study(Space(x=Float(0, 1)), method="random", seed=0)
    with pytest.raises(NoFinishedTrial, match="no finished trial"):
        study.recommend()
    study.tell(study.ask(), State.FAILED)
    with pytest.raises(NoFinishedTrial, match="1 failed"):
        study.recommend()


@pytest.mark.parametrize("trials", [1, 2, 3])
def test_it_works_from_the_first_trial_on(trials: int) -> None:
    study = random_study(trials, 0.0, seed=1)
    found = study.recommend()
    assert found.config == study.best.config
    assert found.number == study.best.number
    assert found.low <= found.value <= found.high


def test_without_noise_it_is_the_best_and_has_no_ties() -> None:
    study = random_study(30, 0.0, seed=2)
    found = study.recommend()
    assert found.number == study.best.number
    assert found.ties == ()
    assert math.isclose(found.value, study.best.value or 0.0, rel_tol=0.05, abs_tol=1e-3)


def test_with_noise_it_is_better_than_the_lowest_value_seen() -> None:
    chosen, lucky = [], []
    for seed in range(12):
        study = random_study(40, 0.15, seed)
        chosen.append(bowl(study.recommend().config))
        lucky.append(bowl(study.best.config))
    assert np.mean(chosen) < 0.6 * np.mean(lucky)


def test_intervals_hold_the_truth_about_as_often_as_they_say() -> None:
    held = 0
    for seed in range(20):
        found = random_study(40, 0.1, seed).recommend()
        assert found.low < found.value < found.high
        held += found.low <= bowl(found.config) <= found.high
    assert 12 <= held <= 20


def test_ties_are_other_configs_that_may_be_as_good() -> None:
    found = random_study(40, 0.15, seed=3).recommend()
    assert found.ties
    assert found.number not in found.ties
    assert len(set(found.ties)) == len(found.ties)


def test_maximising_turns_everything_round() -> None:
    low, high = (random_study(30, 0.0, seed=4, direction=d) for d in ("minimize", "maximize"))
    one, two = low.recommend(), high.recommend()
    assert one.number == two.number
    assert math.isclose(one.value, -two.value, abs_tol=1e-9)
    assert two.low <= two.value <= two.high


def test_repeats_are_averaged() -> None:
    study = Study(Space(n=Choice(["a", "b"]), k=Int(1, 3)), method="random", seed=0)
    for value in (1.0, 1.1, 0.9, 1.05, 0.95):
        study.add({"n": "a", "k": 1}, value)
    for value in (0.2, 1.9, 2.1, 2.0):  # lucky once
        study.add({"n": "b", "k": 1}, value)
    assert study.best.config["n"] == "b"
    found = study.recommend()
    assert found.config == {"n": "a", "k": 1}
    assert found.number == 0
    assert 0.8 < found.value < 1.2


def test_only_complete_trials_that_meet_the_constraints_are_recommended() -> None:
    study = Study(Space(x=Float(0, 1)), method="random", seed=0)
    for x in np.linspace(0.0, 1.0, 11):
        study.add({"x": float(x)}, float(x))
    study.space.require("x > 0.25")
    assert study.recommend().config["x"] == pytest.approx(0.3)


def test_what_was_cut_short_does_not_speak_for_a_config_that_ran_to_its_end() -> None:
    # The larger x, the faster a config learns and the worse it ends, so that its beginning is no sign of it.
    trials = []
    for number in range(30):
        x = (7 * number % 30 + 1) / 30
        last = 27 if number % 3 == 0 else 2
        curve = [x + 2.0 * math.exp(-(0.05 + x) * step) for step in range(1, last + 1)]
        reports = tuple(Report(step + 1, loss, 0.0) for step, loss in enumerate(curve))
        state, value = (State.COMPLETE, curve[-1]) if last == 27 else (State.PAUSED, None)
        trials.append(Trial(number, {"x": x}, state, value, reports))
    history = History(Space(x=Float(0, 1)), "minimize", trials, fidelity=Fidelity("epoch", 1, 27))
    found, best = recommend(history), history.best
    assert found is not None
    assert best is not None
    assert (found.number, found.config) == (best.number, best.config)
    assert found.value == pytest.approx(best.value, abs=0.05)
    assert all(history[number].state is State.COMPLETE for number in found.ties)


@pytest.mark.parametrize("value", [0.0, 1e300, -1e300, 1e-17])
def test_equal_values_make_every_config_a_tie(value: float) -> None:
    study = Study(Space(x=Float(0, 1)), method="random", seed=0)
    for _ in range(6):
        study.tell(study.ask(), value)
    found = study.recommend()
    assert (found.value, found.low, found.high) == (value, value, value)
    assert len(found.ties) == 5


def test_it_is_the_same_after_reopening(tmp_path: object) -> None:
    path = f"{tmp_path}/tune.db"
    study = Study(Space(x=Float(0, 1), y=Float(0, 1)), store=path, name="s", seed=5)
    for _ in range(12):
        trial = study.ask()
        study.tell(trial, bowl(trial.config))
    assert Study.open(path, "s").recommend() == study.recommend()
