"""Importance from trials alone: the truth lies in its intervals, and it says when little is known."""

import math
import re
from typing import Any

import numpy as np
import pytest

from tunesmith.analysis.forecast import forecast
from tunesmith.analysis.importance import Importances, importance
from tunesmith.errors import OptionError
from tunesmith.fidelity import Fidelity
from tunesmith.history import History
from tunesmith.space import Choice, Float, Int, Space
from tunesmith.study.study import Study
from tunesmith.trial import Report, State, Trial

ANGLES = Space({f"x{k}": Float(-math.pi, math.pi) for k in (1, 2, 3)})
CUBE = Space({f"x{k}": Float(0.0, 1.0) for k in range(4)})


def ishigami(c: dict[str, Any]) -> float:
    wave = math.sin(c["x1"])
    return wave + 7.0 * math.sin(c["x2"]) ** 2 + 0.1 * c["x3"] ** 4 * wave


def g_function(c: dict[str, Any]) -> float:
    return math.prod((abs(4.0 * c[f"x{k}"] - 2.0) + a) / (1.0 + a) for k, a in enumerate((0, 1, 4.5, 9)))


def check_sums(found: Importances) -> None:
    assert sum(s.value for s in found.values()) == pytest.approx(1.0)
    for share in found.values():
        assert 0.0 <= share.low <= share.value <= share.high <= 1.0
    values = [s.value for s in found.values()]
    assert values == sorted(values, reverse=True)


def test_ishigami(make: Any) -> None:
    found = importance(make(ANGLES, ishigami, 128))
    check_sums(found)
    assert [found[n].value for n in ANGLES] == pytest.approx([0.436, 0.442, 0.122], abs=0.08)
    assert [found[n].main for n in ANGLES] == pytest.approx([0.314, 0.442, 0.0], abs=0.12)
    assert next(iter(found.pairs)) == ("x1", "x3")
    assert found.note == ""


def test_the_g_function(make: Any) -> None:
    found = importance(make(CUBE, g_function, 128))
    assert list(found)[:3] == ["x0", "x1", "x2"]
    assert [found[n].value for n in CUBE] == pytest.approx([0.752, 0.211, 0.029, 0.009], abs=0.06)


def test_intervals_hold_the_truth_mostly(make: Any) -> None:
    truth = {"x0": 0.752, "x1": 0.211, "x2": 0.029, "x3": 0.009}
    held = 0
    for seed in range(3):
        found = importance(make(CUBE, g_function, 32, seed=seed))
        held += sum(found[n].low - 0.005 <= share <= found[n].high + 0.005 for n, share in truth.items())
    assert held >= 7  # of 12, where 80 % would be 10


def test_intervals_shrink_with_trials(make: Any) -> None:
    wide, narrow = (importance(make(CUBE, g_function, n))["x0"] for n in (16, 128))
    assert narrow.high - narrow.low < 0.6 * (wide.high - wide.low)


def test_noise_widens_intervals(make: Any) -> None:
    clear, noisy = (importance(make(CUBE, g_function, 64, noise=noise))["x0"] for noise in (0.0, 0.6))
    assert noisy.high - noisy.low > 1.5 * (clear.high - clear.low)


@pytest.mark.parametrize("region", ["all", "best"])
def test_five_trials_have_an_answer_and_say_that_it_is_unsure(make: Any, region: Any) -> None:
    found = importance(make(CUBE, g_function, 5), region)
    check_sums(found)
    assert max(s.high - s.low for s in found.values()) > 0.3
    assert "5 results are few for 4 parameters" in found.note


@pytest.mark.parametrize("count", [0, 1, 2])
def test_with_less_it_says_so(make: Any, count: int) -> None:
    found = importance(make(CUBE, g_function, count))
    assert all((s.value, s.low, s.high) == (0.0, 0.0, 1.0) for s in found.values())
    there = "There is 1 result" if count == 1 else f"There are {count} results"
    assert found.note == f"{there}; importance needs 3."


def test_equal_values_show_no_effect(make: Any) -> None:
    found = importance(make(CUBE, lambda c: 2.5, 20))
    assert all(s.value == 0.0 for s in found.values())
    assert "All 20 results are equal" in found.note


def test_one_parameter_has_all(make: Any) -> None:
    found = importance(make(Space(x=Float(0, 1)), lambda c: c["x"] ** 2, 12))
    assert found["x"].value == pytest.approx(1.0)
    assert found.pairs == {}


def test_a_parameter_with_a_single_value_has_none(make: Any) -> None:
    space = Space(x=Float(0, 1), fixed=Choice(["only"]), n=Int(3, 3))
    found = importance(make(space, lambda c: c["x"], 15))
    assert next(iter(found)) == "x"
    assert (found["fixed"].value, found["fixed"].high, found["n"].value) == (0.0, 0.0, 0.0)
    only = importance(make(Space(fixed=Choice(["only"])), lambda c: 1.0, 4))
    assert "nothing to compare" in only.note


def test_failures_are_left_out(make: Any) -> None:
    space = Space(x=Float(0, 1), y=Float(0, 1))
    found = importance(make(space, lambda c: None if c["y"] > 0.4 else c["x"], 60))
    assert found["x"].value > 0.9
    assert found.trials < 30
    assert "failed and have no part" in found.note
    assert importance(make(space, lambda c: None, 9)).trials == 0


def test_infinite_and_far_values_do_no_harm(make: Any) -> None:
    space = Space(x=Float(0, 1), y=Float(0, 1))
    found = importance(make(space, lambda c: 1e200 if c["x"] > 0.97 else c["y"], 64))
    check_sums(found)
    assert found["y"].value > 0.2


def test_conditional_parameters(make: Any) -> None:
    space = Space(
        kind=Choice(["sgd", "adam"]),
        momentum=Float(0, 1, when={"kind": "sgd"}),
        beta=Float(0, 1, when={"kind": "adam"}),
        lr=Float(1e-4, 1e-1, log=True),
    )

    def loss(c: dict[str, Any]) -> float:
        inner = 2.0 * (c["momentum"] - 0.5) ** 2 if c["kind"] == "sgd" else 0.1
        return inner + 0.05 * abs(math.log10(c["lr"]) + 2.5)

    found = importance(make(space, loss, 96))
    check_sums(found)
    assert found["beta"].value < 0.05
    assert found["momentum"].value > 0.25
    assert next(iter(found)) in ("momentum", "kind")


def test_maximising_changes_nothing(make: Any) -> None:
    low = importance(make(CUBE, g_function, 32))
    high = importance(make(CUBE, lambda c: -g_function(c), 32, direction="maximize"))
    assert {n: s.value for n, s in low.items()} == pytest.approx({n: s.value for n, s in high.items()})


def test_what_decides_among_the_best_is_something_else(make: Any) -> None:
    space = Space(x=Float(0, 1), y=Float(0, 1))

    def loss(c: dict[str, Any]) -> float:
        return 10.0 * max(0.0, c["x"] - 0.4) + (c["y"] - 0.3) ** 2  # x is harmless below 0.4

    history = make(space, loss, 100)
    assert list(importance(history)) == ["x", "y"]
    assert list(importance(history, "best")) == ["y", "x"]
    assert importance(history, "best")["y"].value > 0.6


def test_the_same_history_has_the_same_answer(make: Any) -> None:
    one, two = (importance(make(CUBE, g_function, 24)) for _ in range(2))
    assert one == two


def test_values_far_from_even_do_not_mislead() -> None:
    # A search sits on its optimum; an average over trials would not see y, which hardly varied.
    space = Space(x=Float(0, 1), y=Float(0, 1))
    rng = np.random.default_rng(0)
    rows = [(rng.random(), rng.random()) for _ in range(20)] + [(rng.random(), 0.3) for _ in range(60)]
    trials = [
        Trial(k, {"x": x, "y": y}, State.COMPLETE, 0.2 * x + (y - 0.3) ** 2) for k, (x, y) in enumerate(rows)
    ]
    found = importance(History(space, "minimize", trials))
    # Truth: Var(0.2 x) = 0.00333, Var((y - 0.3)²) = 0.0195.
    assert found["y"].value > 0.7


def test_an_unknown_region_is_an_error(make: Any) -> None:
    with pytest.raises(OptionError, match="region is unknown; allowed: all, best"):
        importance(make(CUBE, g_function, 4), "worst")  # type: ignore[arg-type]


def test_it_is_a_mapping_of_a_study() -> None:
    study = Study(Space(x=Float(0, 1), y=Float(0, 1)), method="random", seed=0)
    for _ in range(12):
        trial = study.ask()
        study.tell(trial, trial.config["x"])
    found = study.importance()
    assert list(found) == ["x", "y"]
    assert float(found["x"]) > 0.8
    assert dict(found).keys() == {"x", "y"}
    assert set(study.importance(region="best")) == {"x", "y"}


def test_printed_it_is_a_line_for_each_parameter_and_the_note(make: Any) -> None:
    lines = str(importance(make(CUBE, g_function, 8))).splitlines()
    assert [line.partition(":")[0] for line in lines[:4]] == list(importance(make(CUBE, g_function, 8)))
    assert re.fullmatch(r"x\d: [\d.]+ % \([\d.]+ % to [\d.]+ %\)", lines[0])
    assert lines[4].startswith("8 results are few for 4 parameters")


def test_it_says_when_most_results_are_guesses() -> None:
    trials = []
    for number in range(24):
        x = (7 * number % 24) / 24
        last = 9 if number % 4 == 0 else 3
        reports = tuple(Report(step, x + 1.0 / step, 0.0) for step in range(1, last + 1))
        state, value = (State.COMPLETE, reports[-1].value) if last == 9 else (State.PAUSED, None)
        trials.append(Trial(number, {"x": x}, state, value, reports))
    history = History(Space(x=Float(0, 1)), "minimize", trials, fidelity=Fidelity("epoch", 1, 9))
    words = "18 of 24 results are of trials that were cut short: what they would have come to is estimated."
    assert importance(history).note == words
    outlook = forecast(history)
    assert outlook is not None
    assert outlook.note.endswith(words)
