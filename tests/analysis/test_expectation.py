"""What the model expects of configs that were not run, along a parameter and over two."""

import math

import numpy as np
import pytest

from tunesmith.analysis.expectation import Beliefs
from tunesmith.analysis.figures.model import draw_line, draw_maps
from tunesmith.errors import SpaceError
from tunesmith.fidelity import Fidelity
from tunesmith.history import History
from tunesmith.seeds import generator
from tunesmith.space import Choice, Float, Int, Space
from tunesmith.trial import Failure, FailureKind, Report, State, Trial


def space() -> Space:
    return Space(
        x=Float(1e-4, 1, log=True),
        n=Int(1, 9),
        kind=Choice(["a", "b", "c"]),
        only=Float(0, 1, when={"kind": "b"}),
    )


def value(config: dict) -> float:
    return (
        (math.log10(config["x"]) + 2) ** 2
        + 0.1 * config["n"]
        + (config["kind"] == "c")
        + config.get("only", 0.0)
    )


def history(n: int = 40, direction: str = "minimize", fails: bool = False) -> History:
    made = History(space(), direction)
    rng = generator(0, n, "test")
    sign = 1 if direction == "minimize" else -1
    for number in range(n):
        config = made.space.draw(rng.random(4))
        if fails and config["x"] > 0.1:
            failure = Failure(FailureKind.ERROR, "no")
            made.record(Trial(number, config, State.FAILED, failure=failure, attempt=1))
        else:
            made.record(Trial(number, config, State.COMPLETE, sign * value(config), attempt=1))
    return made


@pytest.mark.parametrize("direction", ["minimize", "maximize"])
def test_what_is_expected_is_near_the_truth_and_the_interval_mostly_holds_it(direction):
    beliefs = Beliefs(history(direction=direction))
    sign = 1 if direction == "minimize" else -1
    rng = generator(1, 0, "test")
    held, errors = 0, []
    for _ in range(40):
        config = space().draw(rng.random(4))
        found = beliefs.about(config)
        held += found.low <= sign * value(config) <= found.high
        errors.append(abs(found.value - sign * value(config)))
        assert found.run_low <= found.low <= found.value <= found.high <= found.run_high
    assert held >= 24  # at least 60 of 100, where 80 are meant
    assert np.median(errors) < 0.4


def test_a_good_config_has_a_chance_to_win_and_a_bad_one_none():
    beliefs = Beliefs(history())
    good = beliefs.about({"x": 0.01, "n": 1, "kind": "a"})
    bad = beliefs.about({"x": 1.0, "n": 9, "kind": "c"})
    assert good.gain > 0.2
    assert bad.gain < 0.01


def test_a_config_that_was_run_is_known_by_its_trials():
    known = history()
    found = Beliefs(known).about(known[7].config)
    assert found.trials == (7,)
    assert abs(found.value - known[7].value) < 0.3


def test_where_trials_failed_one_more_probably_fails():
    beliefs = Beliefs(history(60, fails=True))
    sure = beliefs.about({"x": 0.01, "n": 3, "kind": "a"}).success
    risky = beliefs.about({"x": 0.9, "n": 3, "kind": "a"}).success
    assert sure > 0.8 > 0.7 > risky


def test_it_follows_the_history():
    known = history(10)
    beliefs = Beliefs(known)
    config = {"x": 0.01, "n": 2, "kind": "a"}
    before = beliefs.about(config)
    known.record(Trial(10, config, State.COMPLETE, value(config), attempt=1))
    beliefs.update()
    after = beliefs.about(config)
    assert after.trials == (10,)
    assert after.high - after.low < before.high - before.low


def test_along_a_parameter_the_shape_is_found_and_drawn_on_its_scale():
    known = history()
    found = Beliefs(known).along(["x"])
    best = found.at[0][int(np.argmin(found.value))]
    assert 0.003 < best < 0.03
    assert found.is_log == (True,)
    assert found.promise.max() == 1.0
    assert (found.low <= found.value).all()
    assert draw_line(known, found)["layout"]["xaxis"]["type"] == "log"
    options = Beliefs(known).along(["kind"])
    assert options.at == (("a", "b", "c"),)
    assert draw_line(known, options)["layout"]["xaxis"]["type"] == "category"


def test_over_two_parameters_there_are_three_maps():
    known = history()
    found = Beliefs(known).along(["x", "kind"])
    assert found.value.shape == (33, 3)
    assert set(draw_maps(known, found)) == {"expected", "doubt", "promise"}
    assert found.value[:, 2].min() > found.value[:, 0].min()


def test_a_conditional_parameter_is_looked_at_where_it_is_active():
    beliefs = Beliefs(history())
    assert beliefs.along(["only"]).base["kind"] == "b"
    assert beliefs.along(["only"], {"x": 0.01, "n": 1, "kind": "a"}) is None


def test_with_too_few_results_nothing_is_claimed():
    for few in (History(space()), history(2), history(9, fails=False)):
        beliefs = Beliefs(few)
        known = beliefs.is_known
        assert known == (len(few) == 9)
        assert (beliefs.about({"x": 0.01, "n": 1, "kind": "a"}) is not None) == known
        assert (beliefs.along(["x"]) is not None) == known
    with pytest.raises(SpaceError, match="Did you mean 'kind'"):
        Beliefs(history(5)).along(["kinds"])


def test_where_there_is_a_fidelity_it_speaks_of_the_end_of_training():
    # What learns fast ends badly: beginnings, made comparable by what others gained, say the opposite.
    def loss(x: float, step: int) -> float:
        return 0.2 + 0.6 * x + 2.0 * math.exp(-(0.1 + x) * step)

    trials = []
    for number in range(40):
        x, last = (7 * number % 40) / 39, 27 if number % 4 == 0 else 3
        reports = tuple(Report(step, loss(x, step), 0.0) for step in range(1, last + 1))
        state, end = (State.COMPLETE, reports[-1].value) if last == 27 else (State.PAUSED, None)
        trials.append(Trial(number, {"x": x}, state, end, reports, attempt=1))
    made = History(Space(x=Float(0, 1)), "minimize", trials, fidelity=Fidelity("epoch", 1, 27))
    beliefs = Beliefs(made)
    errors = [abs(beliefs.about({"x": x}).value - loss(x, 27)) for x in np.linspace(0.05, 0.95, 10).tolist()]
    assert max(errors) < 0.1
    line = beliefs.along(["x"])
    best = min(range(len(line.value)), key=lambda k: line.value[k])
    assert loss(line.at[0][best], 27) < 0.35  # 0.26 is the lowest there is
    assert line.promise.max() == 1.0
    assert 0.0 <= beliefs.about({"x": 0.3}).gain <= 1.0
