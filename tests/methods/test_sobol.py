"""Sobol search: even spread, pure random access, priors, conditions, duplicates and limits."""

import time

import numpy as np
import pytest

from tunesmith.errors import OptionError
from tunesmith.history import History
from tunesmith.methods.base import Proposal, UsedUp
from tunesmith.methods.sobol import Sobol, _Sequence
from tunesmith.space import Choice, Float, Int, Space
from tunesmith.testing.play import play
from tunesmith.trial import Origin, State, Trial


def nothing(config: dict[str, object]) -> float:
    return 0.0


def test_points_are_spread_more_evenly_than_random_ones() -> None:
    from scipy.stats import qmc

    space = Space(x=Float(0, 1), y=Float(0, 1), z=Float(0, 1))
    for seed in range(5):
        sobol = play(Sobol(), space, nothing, 128, seed=seed)
        random = np.random.default_rng(seed).random((128, 3))
        assert qmc.discrepancy(sobol.X) < qmc.discrepancy(random) / 3


def test_each_half_and_quarter_gets_its_share() -> None:
    space = Space(x=Float(0, 1), kind=Choice(["a", "b", "c", "d"]))
    configs = [t.config for t in play(Sobol(), space, nothing, 64).trials]
    assert [sum(c["kind"] == o for c in configs) for o in "abcd"] == [16] * 4
    assert sum(c["x"] < 0.25 for c in configs) == 16


def test_priors_are_honoured() -> None:
    from scipy import stats

    space = Space(x=Float(prior=stats.norm(3, 2)), n=Int(0, 1))
    history = play(Sobol(), space, nothing, 256)
    assert abs(np.mean([t.config["x"] for t in history.trials]) - 3) < 0.05
    assert history[0].reason == "a point of the Sobol sequence from the priors"


def test_the_point_of_a_number_depends_on_seed_and_number_alone() -> None:
    space = Space(x=Float(0, 1), y=Float(0, 1))
    whole = play(Sobol(), space, nothing, 40)
    # Added and enqueued trials take numbers; those that follow keep theirs.
    added = [Trial(k, {"x": 0.1, "y": k / 100}, State.COMPLETE, 0.0, origin=Origin.ADDED) for k in range(7)]
    mixed = play(Sobol(), space, nothing, 40, start=added)
    assert [t.config for t in mixed.trials[7:]] == [t.config for t in whole.trials[7:]]


@pytest.mark.parametrize("d", [1, 3, 200])
def test_random_access_agrees_with_going_through(d: int) -> None:
    through = _Sequence(d, 7)
    points = np.array([through.point(k) for k in range(3000)])
    jumping = _Sequence(d, 7)
    for k in (2999, 0, 1500, 1023, 1024, 17, 2998):
        np.testing.assert_array_equal(jumping.point(k), points[k])
    assert ((points >= 0) & (points < 1)).all()
    assert len(np.unique(points[:, 0])) == 3000


def test_far_points_are_cheap() -> None:
    space = Space({f"x{k}": Float(0, 1) for k in range(20)})
    sequence = _Sequence(20, 0)
    started = time.process_time()
    for k in range(10**6, 10**6 + 500):
        space.draw(sequence.point(k))
    assert time.process_time() - started < 20.0


@pytest.mark.parametrize("total", [2, 12, 100])
def test_a_finite_space_is_used_up_in_exactly_as_many_trials(total: int) -> None:
    space = Space(a=Int(1, total))
    history = play(Sobol(), space, nothing, total + 20)
    assert len(history) == history.distinct == total
    assert isinstance(Sobol().propose(history, total, 0), UsedUp)


def test_constraints_keep_the_spread() -> None:
    from scipy.stats import qmc

    space = Space(x=Float(0, 1), y=Float(0, 1)).require("x < 0.5")
    history = play(Sobol(), space, nothing, 128)
    assert {t.reason for t in history.trials} == {"a point of the Sobol sequence"}
    points = history.X * np.array([2.0, 1.0])
    assert points.max() < 1
    assert qmc.discrepancy(points) < qmc.discrepancy(np.random.default_rng(0).random((128, 2))) / 3


def test_what_was_looked_at_before_makes_no_difference() -> None:
    space = Space(a=Int(1, 9), b=Int(1, 9)).require("a < b")
    old = Sobol()
    history = History(space)
    while True:
        proposal = old.propose(history, len(history), 3)
        assert proposal == Sobol().propose(History(space, trials=history.trials), len(history), 3)
        if isinstance(proposal, UsedUp):
            break
        history.record(Trial(len(history), proposal.config, State.COMPLETE, 0.0))
    assert len(history) == 36


def test_more_parameters_than_the_sequence_has_dimensions_are_one_clear_error() -> None:
    space = Space({f"x{k}": Float(0, 1) for k in range(21_202)})
    for refused in (lambda: Sobol().plan(space), lambda: Sobol().propose(History(space), 0, 0)):
        with pytest.raises(
            OptionError, match=r"allowed: up to 21,201 parameters; given: 21,202\. Use method="
        ):
            refused()


def test_an_ask_costs_the_same_after_100_000_trials() -> None:
    space = Space(x=Float(0, 1), lr=Float(1e-5, 1, log=True), n=Int(1, 100), kind=Choice(["a", "b"]))
    rng = np.random.default_rng(0)
    trials = (Trial(k, space.draw(rng.random(4)), State.COMPLETE, 0.0) for k in range(100_000))
    history, method = History(space, trials=trials), Sobol()
    method.propose(history, 100_000, 0)
    started = time.process_time()
    for _ in range(300):
        proposal = method.propose(history, len(history), 0)
        assert isinstance(proposal, Proposal)
        history.record(Trial(len(history), proposal.config, State.COMPLETE, 0.0))
    assert (time.process_time() - started) / 300 < 0.3e-3 * 10  # 0.3 ms; ten times that on a busy machine
