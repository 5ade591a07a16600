"""What more trials would bring: ranges, order, pace, and the cases in which little is known."""

import math
from typing import Any

import numpy as np
import pytest

from tunesmith.analysis.forecast import Forecast, forecast, seconds_a_trial
from tunesmith.analysis.rollout import play_on
from tunesmith.analysis.stopping import StopWhenNotWorthIt
from tunesmith.errors import NoFinishedTrial, OptionError
from tunesmith.history import History
from tunesmith.space import Choice, Float, Int, Space
from tunesmith.study.study import Study
from tunesmith.trial import State, Trial
from tunesmith.wording import number

SQUARE = Space(x=Float(-1, 1), y=Float(-1, 1))


def bowl(c: dict[str, Any]) -> float:
    return float((c["x"] - 0.3) ** 2 + (c["y"] + 0.2) ** 2)


def search(trials: int, seed: int, noise: float = 0.0) -> Study:
    study = Study(SQUARE, seed=seed)
    rng = np.random.default_rng(seed)
    for _ in range(trials):
        trial = study.ask()
        study.tell(trial, bowl(trial.config) + noise * float(rng.standard_normal()))
    return study


def known(history: History, *trials: int) -> Forecast:
    found = forecast(history, trials or (10, 20, 50))
    assert found is not None
    return found


def test_more_trials_bring_more(make: Any) -> None:
    found = known(make(SQUARE, bowl, 20))
    assert [o.trials for o in found.outlooks] == [10, 20, 50]
    for o in found.outlooks:
        assert o.low <= o.value <= o.high <= found.best
        assert o.gain >= 0.0
        assert 0.0 <= o.chance <= 1.0
    assert [o.chance for o in found.outlooks] == sorted(o.chance for o in found.outlooks)
    assert [o.value for o in found.outlooks] == sorted((o.value for o in found.outlooks), reverse=True)


def test_maximising_turns_it_round(make: Any) -> None:
    found = known(make(SQUARE, lambda c: -bowl(c), 20, direction="maximize"))
    for o in found.outlooks:
        assert found.best <= o.low <= o.value <= o.high


def test_losses_that_never_were_below_zero_are_not_expected_there(make: Any) -> None:
    found = known(make(SQUARE, bowl, 20))
    assert all(o.low >= 0.0 for o in found.outlooks)
    shifted = known(make(SQUARE, lambda c: bowl(c) - 1.0, 20))  # the same, where 0 is no floor
    assert min(o.low for o in shifted.outlooks) < -1.0
    scores = known(make(SQUARE, lambda c: -bowl(c), 20, direction="maximize"))
    assert all(o.high <= 0.0 for o in scores.outlooks)


def test_a_finished_search_is_not_worth_going_on_and_a_fresh_one_is() -> None:
    done, fresh = known(search(40, 0).history), known(search(5, 0).history)
    assert fresh.outlooks[0].chance > 0.5
    assert fresh.is_worth_it
    assert "worth going on" in fresh.sentence
    assert done.outlooks[0].chance < 0.1
    assert ("not worth going on" in done.sentence) is not done.is_worth_it
    assert done.outlooks[0].gain < 0.1 * fresh.outlooks[0].gain


def test_where_no_value_can_be_forecast_none_is_named() -> None:
    few = known(search(2, 0).history)
    assert "too few for a model" in few.note
    assert f"the best value is now {number(few.best)}: " in few.sentence


def test_noise_is_what_a_gain_has_to_exceed() -> None:
    clear, noisy = known(search(30, 1).history), known(search(30, 1, noise=0.2).history)
    assert noisy.noise > 0.08
    assert clear.noise < 0.05
    assert f"({noisy.noise:.2g})" in noisy.sentence


def test_its_interval_holds_what_comes() -> None:
    held = []
    for seed in range(6):
        study = search(12, seed, noise=0.02)
        outlook = known(study.history, 10).outlooks[0]
        rng = np.random.default_rng(100 + seed)
        for _ in range(10):
            trial = study.ask()
            study.tell(trial, bowl(trial.config) + 0.02 * float(rng.standard_normal()))
        held.append(outlook.low - 1e-9 <= (study.best.value or 0.0) <= outlook.high + 1e-9)
    assert sum(held) >= 4


def test_before_there_is_a_model_the_order_of_results_is_all(make: Any) -> None:
    found = known(make(SQUARE, bowl, 1), 10)
    assert found.outlooks[0].chance == pytest.approx(10 / 11)
    assert "too few for a model" in found.note
    equal = known(make(SQUARE, lambda c: 1.0, 9), 10)
    assert equal.outlooks[0].chance == pytest.approx(0.1)
    assert "equal" in equal.note


def test_nothing_to_forecast_from(make: Any) -> None:
    assert forecast(History(SQUARE)) is None
    assert forecast(make(SQUARE, lambda c: None, 8)) is None
    with pytest.raises(NoFinishedTrial):
        Study(SQUARE, seed=0).forecast()


def test_a_finite_space_ends(make: Any) -> None:
    space = Space(a=Int(1, 3), b=Choice(["x", "y"]))
    trials = [
        Trial(k, {"a": a, "b": b}, State.COMPLETE, float(a))
        for k, (a, b) in enumerate((a, b) for a in (1, 2, 3) for b in ("x", "y"))
    ]
    done = known(History(space, "minimize", trials))
    assert done.note == "Every config has been tried."
    assert [o.chance for o in done.outlooks] == [0.0] * 3
    assert not done.is_worth_it
    assert "Only 2 configs" in known(History(space, "minimize", trials[:4])).note


def test_failures_make_gains_rarer(make: Any) -> None:
    def often(c: dict[str, Any]) -> float | None:
        return None if math.sin(40 * c["x"] + 31 * c["y"]) > -0.6 else bowl(c)

    def never(c: dict[str, Any]) -> float:
        return bowl(c)

    some, all_ = known(make(SQUARE, often, 64)), known(make(SQUARE, never, 16))
    assert all(math.isfinite(o.value) for o in some.outlooks)
    assert some.outlooks[0].chance <= all_.outlooks[0].chance + 0.3


def timed(*spans: tuple[float, float]) -> History:
    trials = [
        Trial(k, {"x": k / 99, "y": 0.0}, State.COMPLETE, float(k), attempt=1, started=s, finished=e)
        for k, (s, e) in enumerate(spans)
    ]
    return History(SQUARE, "minimize", trials)


def test_time_counts_trials_that_ran_at_once() -> None:
    start = 1.7e9
    one_by_one = timed(*((start + 10 * k, start + 10 * k + 10) for k in range(6)))
    two_at_once = timed(*((start + 10 * (k // 2), start + 10 * (k // 2) + 10) for k in range(6)))
    begun = [start + 10 * k + (30_000 if k > 2 else 0) for k in range(6)]
    a_night_between = timed(*((s, s + 10) for s in begun))
    assert seconds_a_trial(one_by_one) == pytest.approx(10.0)
    assert seconds_a_trial(two_at_once) == pytest.approx(5.0)
    assert seconds_a_trial(a_night_between) == pytest.approx(10.0)
    assert seconds_a_trial(History(SQUARE)) is None
    found = known(one_by_one, 10)
    assert found.outlooks[0].seconds == pytest.approx(100.0)
    assert "about 1 min 40 s" in found.sentence


@pytest.mark.parametrize("trials", [(), (0,), (201,), (1.5,), ("10",), 10, None])
def test_numbers_of_trials_are_checked(make: Any, trials: Any) -> None:
    with pytest.raises(OptionError, match="whole numbers from 1 to 200"):
        forecast(make(SQUARE, bowl, 5), trials)


def test_the_same_history_has_the_same_forecast(make: Any) -> None:
    assert known(make(SQUARE, bowl, 12)) == known(make(SQUARE, bowl, 12))


def test_a_search_played_on_finds_the_lowest_of_normals() -> None:
    rng = np.random.default_rng(0)
    played = play_on(np.zeros(9), np.eye(9), 1e-9, np.ones(9), 8, 500, rng)
    # Lowest of eight independent standard normals: -1.4236 on average.
    assert played.found[:, -1].mean() == pytest.approx(-1.4236, abs=0.1)
    assert (np.diff(played.found) <= 0.0).all()
    assert np.allclose(played.told, played.found, atol=1e-3)


def test_a_search_played_on_learns_and_avoids_what_fails() -> None:
    rng = np.random.default_rng(1)
    mean = np.array([0.0, -3.0, -1.0, 0.5])
    surely = play_on(mean, 0.01 * np.eye(4), 1e-6, np.ones(4), 1, 100, rng)
    assert surely.found[:, 0].mean() == pytest.approx(-3.0, abs=0.1)
    risky = play_on(mean, 0.01 * np.eye(4), 1e-6, np.array([1.0, 1e-9, 1.0, 1.0]), 1, 100, rng)
    assert risky.found[:, 0].mean() == pytest.approx(-1.0, abs=0.1)


def test_a_run_ends_when_it_is_not_worth_it() -> None:
    study = Study(SQUARE, seed=0)
    study.run(bowl, trials=120, progress=False, callbacks=[StopWhenNotWorthIt(trials=10, chance=0.2)])
    assert 15 <= len(study.trials) < 100
    assert study.stop_reason.startswith("10 more trials")
    assert "chance to beat the best" in study.stop_reason
    assert study.best.value is not None
    assert study.best.value < 1e-3


def test_a_run_goes_on_while_it_is_worth_it() -> None:
    study = Study(SQUARE, seed=0, method="random")
    study.run(
        lambda c: bowl(c), trials=25, progress=False, callbacks=[StopWhenNotWorthIt(trials=50, chance=1e-6)]
    )
    assert len(study.trials) == 25


@pytest.mark.parametrize(
    "arguments",
    [{"trials": 0}, {"trials": True}, {"trials": 2.0}, {"chance": 0}, {"chance": 1.0}, {"chance": "x"}],
)
def test_the_callback_checks_its_arguments(arguments: Any) -> None:
    with pytest.raises(OptionError, match=next(iter(arguments))):
        StopWhenNotWorthIt(**arguments)
