"""What the methods share: the config to start from, what is left, values in settings, caches by history."""

import copy
import gc
import json
import pickle

import numpy as np
import pytest

from tunesmith.errors import ConfigError, OptionError
from tunesmith.history import History
from tunesmith.learning.caching import PerHistory
from tunesmith.methods import untried
from tunesmith.methods.starting import starting_config
from tunesmith.methods.untried import below, first_new, untried_config
from tunesmith.methods.values import check_value, config_from_json, from_json, to_json
from tunesmith.space import Choice, Float, Int, Space
from tunesmith.testing.problems import OPAQUE, PROBLEMS
from tunesmith.trial import State, Trial


class Tanh:
    """A class given as an option."""


# -- starting ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda p: p.name)
def test_the_config_to_start_from_fits(problem) -> None:
    space = problem.make()
    assert not space.unfit(starting_config(space))


def test_defaults_come_first_then_the_middle() -> None:
    from scipy import stats

    space = Space(
        a=Float(0, 1, default=0.9),
        b=Float(1, 100, log=True),
        c=Choice(["x", "y", "z"]),
        d=Choice([16, 32, 64], ordered=True),
        e=Float(prior=stats.norm(3, 1)),
        f=Int(1, 9, when={"c": "y"}),
        g=Choice([None, 1], default=None),
    )
    assert starting_config(space) == pytest.approx(
        {"a": 0.9, "b": 10.0, "c": "x", "d": 32, "e": 3.0, "g": None}, nan_ok=True
    )
    assert starting_config(space, {"c": "y", "a": 0.1})["f"] == 5
    assert "f" not in starting_config(space, {"f": 3})


# -- what is left --------------------------------------------------------------------------------------------


def test_the_first_new_candidate_is_taken() -> None:
    space = Space(a=Int(1, 9)).require("a != 2")
    history = History(space, trials=[Trial(0, {"a": 1}, State.RUNNING)])
    assert first_new(history, [{"a": 1}, {"a": 2}, {"a": 3}, {"a": 4}]) == {"a": 3}
    assert first_new(history, [{"a": 1}, {"a": 2}]) is None


@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda p: p.name)
def test_an_untried_config_fits_and_is_new_as_long_as_there_is_one(problem) -> None:
    space = problem.make()
    history = History(space)
    for number in range(30):
        config = untried_config(history, np.random.default_rng(number))
        if config is None:
            assert space.size is not None
            assert sum(space.is_allowed(c) for c in space.counter()) == number
            return
        assert space.check(config) == config
        assert space.key(config) not in history
        history.record(Trial(number, config, State.COMPLETE, 0.0))


def test_what_was_listed_before_makes_no_difference() -> None:
    space = Space(a=Int(1, 50)).require("a % 3 == 0")
    history = History(space)
    for number in range(16):
        fresh = History(space, trials=history.trials)
        config = untried_config(history, np.random.default_rng(number))
        assert config == untried_config(fresh, np.random.default_rng(number))
        assert config is not None
        history.record(Trial(number, config, State.COMPLETE, 0.0))
    assert untried_config(history, np.random.default_rng(0)) is None


def test_a_large_space_is_used_up_to_the_last_config(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(untried, "ENUMERATED", 1100)  # what is large
    monkeypatch.setattr(untried, "REJECTIONS", 50)
    space = Space(a=Int(1, 40), b=Int(1, 40))
    configs = list(space.counter())[:1598]
    history = History(space, trials=[Trial(k, c, State.COMPLETE, 0.0) for k, c in enumerate(configs)])
    for number in range(1598, 1600):
        config = untried_config(history, np.random.default_rng(0))
        assert config is not None
        assert config["a"] == 40
        history.record(Trial(number, config, State.COMPLETE, 0.0))
    assert untried_config(history, np.random.default_rng(0)) is None


@pytest.mark.parametrize("bound", [1, 7, 2**63, 2**63 + 1, 10**40])
def test_whole_numbers_are_drawn_evenly_whatever_the_bound(bound: int) -> None:
    rng = np.random.default_rng(0)
    drawn = [below(rng, bound) for _ in range(2000)]
    assert all(0 <= n < bound and type(n) is int for n in drawn)
    if bound > 1:
        assert sum(drawn) / 2000 / (bound - 1) == pytest.approx(0.5, abs=0.03)


# -- values in settings --------------------------------------------------------------------------------------


def test_values_come_back_from_settings_as_the_very_options() -> None:
    options = [1, "1", 1.5, True, None, float("inf"), (1, (2, "a")), [1, 2], {"a": 1}, Tanh]
    parameter = Choice(options)
    for option in options:
        assert parameter.check(from_json(parameter, json.loads(json.dumps(to_json(option))))) is option


def test_a_label_will_do_for_an_object() -> None:
    space = Space(o=Choice({"small": OPAQUE, "text": "big"}), x=Float(0, 1))
    assert check_value(space, "o", "small") is OPAQUE
    assert check_value(space, "o", "big") == "big"
    assert config_from_json(space, {"o": "small", "x": 0.5, "y": 1}) == {"o": OPAQUE, "x": 0.5, "y": 1}
    with pytest.raises(ConfigError, match=r"parameter 'o': the value is not allowed; .* given: 'smal'"):
        check_value(space, "o", "smal")


def test_an_object_without_a_name_is_refused() -> None:
    with pytest.raises(OptionError, match=r"an object without a readable name.*Give the label"):
        to_json(OPAQUE)
    with pytest.raises(OptionError, match="an object without a readable name"):
        to_json((1, OPAQUE))


def test_numpy_values_become_plain() -> None:
    assert [type(to_json(v)) for v in (np.float64(1), np.int64(1), np.bool_(True))] == [float, int, bool]


# -- caches --------------------------------------------------------------------------------------------------


def test_a_cache_goes_with_its_history_and_is_neither_copied_nor_pickled() -> None:
    cache = PerHistory[list[int]]()
    history, other = (History(Space(a=Int(1, 2))) for _ in range(2))
    cache.get(history, list).append(1)
    assert cache.get(other, list) == []
    for twin in (copy.deepcopy(cache), pickle.loads(pickle.dumps(cache))):
        assert twin.get(history, list) == []
    cache.put(history, [7])
    assert cache.get(history, list) == [7]
    del history
    gc.collect()
    assert len(cache._values) == 1
