"""Parameters and conditions of a define-by-run objective, as its trials show them."""

from collections.abc import Sequence
from typing import Any

import pytest

optuna = pytest.importorskip("optuna", reason="Optuna is not installed")

from optuna.distributions import (  # noqa: E402
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

import tunesmith as ts  # noqa: E402
from tunesmith.integrations.optuna.found import as_parameter, find  # noqa: E402

COMPLETE = optuna.trial.TrialState.COMPLETE
PRUNED, FAIL = optuna.trial.TrialState.PRUNED, optuna.trial.TrialState.FAIL
UNIT = FloatDistribution(0, 1)
MODEL = CategoricalDistribution(["svm", "tree", "knn"])
LAYERS = IntDistribution(1, 5)
BOTH = CategoricalDistribution([True, False])


def trials(*kinds: dict[str, Any]) -> Sequence[Any]:
    """Trials of given values, each with its distribution; complete unless "state" says otherwise."""
    study = optuna.create_study()
    for kind in kinds:
        state = kind.get("state", COMPLETE)
        asked = {name: both for name, both in kind.items() if name != "state"}
        trial = optuna.create_trial(
            params={name: value for name, (value, _) in asked.items()},
            distributions={name: distribution for name, (_, distribution) in asked.items()},
            value=1.0 if state == COMPLETE else None,
            state=state,
        )
        study.add_trial(trial)
    return study.trials


def test_a_parameter_of_some_trials_depends_on_a_choice() -> None:
    found = find(
        trials(
            {"model": ("svm", MODEL), "C": (0.5, UNIT), "x": (0.1, UNIT)},
            {"model": ("tree", MODEL), "x": (0.2, UNIT)},
        )
    )
    assert list(found.distributions) == ["model", "C", "x"]
    assert found.conditions == {"C": {"model": ["svm"]}}
    assert found.space() == ts.Space(
        model=ts.Choice(["svm", "tree", "knn"]), C=ts.Float(0, 1, when={"model": "svm"}), x=ts.Float(0, 1)
    )


def test_a_whole_number_that_was_not_seen_goes_with_the_next_one_below() -> None:
    found = find(
        trials(
            {"layers": (2, LAYERS), "units_1": (0.1, UNIT)},
            {"layers": (1, LAYERS)},
            {"layers": (4, LAYERS), "units_1": (0.2, UNIT), "units_3": (0.2, UNIT)},
        )
    )
    assert found.conditions == {"units_1": {"layers": [2, 3, 4, 5]}, "units_3": {"layers": [4, 5]}}


def test_steps_and_a_threshold_from_above() -> None:
    steps = IntDistribution(0, 8, step=2)
    seen = trials({"n": (4, steps)}, {"n": (2, steps), "x": (0.1, UNIT)})
    assert find(seen).conditions == {"x": {"n": [0, 2]}}


def test_a_condition_may_read_two_parameters() -> None:
    found = find(
        trials(
            {"a": (True, BOTH), "b": (True, BOTH), "x": (0.1, UNIT)},
            {"a": (True, BOTH), "b": (False, BOTH)},
            {"a": (False, BOTH), "b": (True, BOTH)},
        )
    )
    assert found.conditions == {"x": {"b": [True], "a": [True]}}


def test_conditions_nest() -> None:
    found = find(
        trials(
            {"model": ("svm", MODEL), "soft": (True, BOTH), "x": (0.1, UNIT)},
            {"model": ("svm", MODEL), "soft": (False, BOTH)},
            {"model": ("tree", MODEL)},
        )
    )
    assert found.conditions == {"soft": {"model": ["svm"]}, "x": {"soft": [True]}}


def test_what_nothing_explains_is_left_out() -> None:
    explained = {"model": ("svm", MODEL), "u": (0.3, UNIT)}
    found = find(trials({**explained, "x": (0.1, UNIT)}, explained))
    assert list(found.distributions) == ["model", "u"]
    assert not found.conditions


def test_a_number_that_is_asked_for_later_is_no_parent() -> None:
    found = find(trials({"x": (0.1, UNIT), "b": (True, BOTH)}, {"b": (False, BOTH)}))
    assert list(found.distributions) == ["b"]


@pytest.mark.parametrize("state", [PRUNED, FAIL])
def test_trials_that_did_not_come_to_their_end_tell_nothing(state: Any) -> None:
    early = {"model": ("svm", MODEL), "state": state}
    found = find(trials({"model": ("svm", MODEL), "x": (0.1, UNIT)}, early))
    assert list(found.distributions) == ["model", "x"]
    assert not found.conditions
    assert list(find(trials(early)).distributions) == ["model"]  # unless there are no others


def test_a_range_that_was_changed_is_taken_when_two_trials_have_it() -> None:
    old, new = {"x": (0.5, UNIT)}, {"x": (0.5, FloatDistribution(0, 0.6))}
    assert find(trials(old, old, new)).distributions == {}
    assert find(trials(old, new, new)).distributions == {"x": FloatDistribution(0, 0.6)}


def test_only_what_is_asked_for() -> None:
    seen = trials({"model": ("svm", MODEL), "C": (0.5, UNIT)}, {"model": ("tree", MODEL)})
    assert find(seen, within={"model": MODEL}).distributions == {"model": MODEL}
    assert find(seen, within={"C": UNIT}).distributions == {}  # PartialFixedSampler keeps what explains it
    assert find([], within={"C": UNIT}).distributions == {"C": UNIT}


@pytest.mark.parametrize(
    ("distribution", "parameter"),
    [
        (FloatDistribution(0, 1), ts.Float(0, 1)),
        (FloatDistribution(1e-5, 1, log=True), ts.Float(1e-5, 1, log=True)),
        (FloatDistribution(-10.2, 10.2, step=0.1), ts.Float(-10.2, 10.2, step=0.1)),
        (IntDistribution(1, 64, log=True), ts.Int(1, 64, log=True)),
        (IntDistribution(0, 8, step=2), ts.Int(0, 8, step=2)),
        (CategoricalDistribution(["a", None, 2]), ts.Choice(["a", None, 2])),
        (CategoricalDistribution([1, True, 1.0, 0.0, -0.0, False]), ts.Choice([1, 0.0])),
        (CategoricalDistribution(["only"]), ts.Choice(["only"])),
    ],
)
def test_values_are_the_same(distribution: Any, parameter: Any) -> None:
    made = as_parameter(distribution)
    assert made == parameter
    if isinstance(made, ts.Choice):
        assert [type(o) for o in made.options] == [type(o) for o in parameter.options]


def test_options_without_a_name_get_one() -> None:
    with pytest.warns(UserWarning, match="persistent storage"):
        distribution = CategoricalDistribution([first := object(), second := object()])
    made = as_parameter(distribution)
    assert isinstance(made, ts.Choice)
    assert made.labels == ("option 0", "option 1")
    assert made.options[0] is first
    assert made.options[1] is second
