"""Spaces of which hardly any config works."""

from collections.abc import Callable

import pytest

from tunesmith.space import Choice, Config, Float, Int, Space
from tunesmith.study.study import Study
from tunesmith.trial import State

Works = Callable[[Config], bool]
TRIALS, SEEDS = 30, 5

BATCH = Space(batch=Int(1, 200))
WIDE = Space(batch=Int(1, 512), width=Int(16, 4096), layers=Int(1, 48))
SMALL = Space(x=Float(0, 1, default=0.31), y=Float(0, 1, default=0.7))
OPTION = Space(kind=Choice(list("abcdefghij")), x=Float(0, 1))


def worked(space: Space, works: Works, seed: int) -> list[bool]:
    study = Study(space, method="bayes", seed=seed)
    results = []
    for _ in range(TRIALS):
        trial = study.ask()
        results.append(works(trial.config))
        study.tell(trial, float(trial.number) if results[-1] else State.FAILED)
    return results


@pytest.mark.parametrize(
    ("space", "works", "least"),
    [
        pytest.param(BATCH, lambda c: c["batch"] <= 5, 5, id="an end"),
        pytest.param(WIDE, lambda c: c["batch"] * c["width"] * c["layers"] < 40_000, 8, id="a corner"),
        pytest.param(SMALL, lambda c: abs(c["x"] - 0.31) + abs(c["y"] - 0.7) < 0.06, 3, id="the defaults"),
        pytest.param(OPTION, lambda c: c["kind"] == "h", 18, id="an option"),
    ],
)
def test_where_hardly_any_config_works_those_that_do_are_found(
    space: Space, works: Works, least: int
) -> None:
    counts = [sum(worked(space, works, seed)) for seed in range(SEEDS)]
    assert sum(count >= least for count in counts) >= 4, counts


def test_while_none_works_ends_are_looked_at_and_the_inside_too() -> None:
    study = Study(Space(x=Float(0, 1), y=Float(-5, 5)), method="bayes", seed=0)
    for _ in range(TRIALS):
        study.tell(study.ask(), State.FAILED)
    ends = [trial.config["x"] in (0, 1) or trial.config["y"] in (-5, 5) for trial in study.trials]
    assert 5 <= sum(ends) <= 25
    assert study.trials[-1].reason == "far from all others, as none has worked"


def test_a_finite_space_in_which_all_fails_is_used_up() -> None:
    study = Study(Space(n=Int(1, 6), kind=Choice(["a", "b", "c"])), method="bayes", seed=0)
    for _ in range(18):
        study.tell(study.ask(), State.FAILED)
    assert len({(t.config["n"], t.config["kind"]) for t in study.trials}) == 18


def test_steps_shrink_while_they_fail() -> None:
    study = Study(Space(x=Float(0, 1, default=0.5)), method="bayes", seed=1)
    gaps = []
    for _ in range(12):
        trial = study.ask()
        gaps.append(abs(trial.config["x"] - 0.5))
        study.tell(trial, 1.0 if len(gaps) == 1 else State.FAILED)
    assert gaps[0] == 0.0
    assert min(gaps[1:]) < 0.1 * min(gaps[1:4])
