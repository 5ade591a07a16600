"""Racing: the rule itself. That it keeps the contract of a scheduler is in test_contract.py."""

import numpy as np
import pytest

from tunesmith.errors import OptionError
from tunesmith.fidelity import Fidelity
from tunesmith.history import Direction
from tunesmith.schedulers.racing import Racing, chance_to_win
from tunesmith.space import Int, Space
from tunesmith.study.study import Study
from tunesmith.trial import State, Trial

FOLDS = Fidelity("fold", 1, 5)


def run(scores: list[list[float]], direction: Direction = "minimize", chance: float = 0.05) -> list[Trial]:
    """A study whose trials have these scores by fold, reported as means."""
    space = Space(x=Int(0, len(scores)))
    study = Study(
        space, direction=direction, method="random", fidelity=FOLDS, scheduler=Racing(chance), seed=0
    )
    for row in scores:
        trial = study.ask()
        for k in trial.steps():
            trial.report(float(np.mean(row[:k])), k)
        study.tell(trial, float(np.mean(row)))
    return list(study.trials)


def test_one_that_is_worse_on_every_fold_is_stopped_early() -> None:
    best, worse = run([[1.0, 3.0, 2.0, 5.0, 1.0], [2.0, 4.1, 2.9, 6.0, 2.0]])
    assert best.state is State.COMPLETE
    assert worse.state is State.STOPPED
    assert len(worse.reports) == 2
    assert worse.reason.startswith("stopped at fold 2: on average 1.05 worse than trial 0, a chance of")


def test_one_that_may_still_win_runs_on() -> None:
    _, other = run([[1.0, 3.0, 2.0, 5.0, 1.0], [1.5, 2.8, 2.2, 4.5, 1.3]])
    assert other.state is State.COMPLETE


def test_hard_folds_count_against_nobody() -> None:
    _, better = run([[1.0, 9.0, 1.0, 1.0, 1.0], [0.9, 8.9, 0.9, 0.9, 0.9]])
    assert better.state is State.COMPLETE


def test_high_is_good_where_the_study_says_so() -> None:
    scores = [[0.9, 0.8, 0.7, 0.8, 0.9], [0.5, 0.41, 0.3, 0.4, 0.5]]
    assert run(scores, "maximize")[1].state is State.STOPPED
    assert run(scores, "minimize")[1].state is State.COMPLETE


def test_the_first_has_nobody_to_lose_to() -> None:
    assert run([[5.0, 6.0, 7.0, 8.0, 9.0]])[0].state is State.COMPLETE


@pytest.mark.parametrize(("done", "parts"), [(2, 5), (3, 5), (5, 10), (8, 10)])
def test_the_chance_is_that_of_a_simulation(done: int, parts: int) -> None:
    """Of trials judged to win with a chance near p, a share of p wins, when differences are normal."""
    rng = np.random.default_rng(0)
    runs = 4000
    # A flat prior over how far behind they are, as the t distribution has it.
    behind = rng.normal(rng.uniform(-8, 8, size=(runs, 1)), 1.0, size=(runs, parts))
    chances = np.array([chance_to_win(row[:done].tolist(), parts) for row in behind])
    won = behind.mean(axis=1) < 0
    unsure = (chances > 0.02) & (chances < 0.98)
    assert unsure.sum() > 50
    error = np.sqrt(unsure.sum()) / 2
    assert abs(won[unsure].sum() - chances[unsure].sum()) < 3 * error


@pytest.mark.parametrize("chance", [0, 0.5, 1.0, "a", True])
def test_a_chance_that_cannot_be_is_refused(chance: object) -> None:
    with pytest.raises(OptionError, match=r"chance must be above 0 and below 0\.5"):
        Racing(chance)  # type: ignore[arg-type]
