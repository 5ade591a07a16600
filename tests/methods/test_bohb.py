"""BOHB keeps the contract and does what its paper says."""

import numpy as np
import pytest

from tunesmith.fidelity import Fidelity
from tunesmith.history import History
from tunesmith.methods.base import Method, Proposal
from tunesmith.methods.bohb import AT_RANDOM, Bohb, losses_at_highest, split
from tunesmith.space import Choice, Float, Space
from tunesmith.testing.method import MethodContract
from tunesmith.testing.play import play
from tunesmith.trial import Failure, FailureKind, Report, State, Trial


class TestBohb(MethodContract):
    many = 500

    def make(self) -> Method:
        return Bohb()


SPACE = Space(x=Float(0, 1), kind=Choice(["a", "b", "c"]))


def curve(number: int, *losses: float, state: State = State.PAUSED, x: float | None = None) -> Trial:
    reports = tuple(Report(step, loss, 0.0) for step, loss in enumerate(losses, start=1))
    at = 0.05 * number if x is None else x
    value = losses[-1] if state in (State.COMPLETE, State.STOPPED) else None
    failure = Failure(FailureKind.ERROR, "it was made to fail") if state is State.FAILED else None
    return Trial(number, {"x": at, "kind": "abc"[number % 3]}, state, value, reports, failure)


@pytest.mark.parametrize(("n", "least", "expected"), [(6, 3, (3, 3)), (100, 4, (15, 85))])
def test_split_follows_equation_3(n: int, least: int, expected: tuple[int, int]) -> None:
    assert split(n, least) == expected


def test_the_highest_step_that_enough_trials_have_reached_is_looked_at() -> None:
    trials = [curve(0, 5, 4, 3), curve(1, 5, 4, 2), curve(2, 6, 1), curve(3, 7)]
    history = History(SPACE, trials=trials, fidelity=Fidelity("epoch", 1, 9))
    for enough, (step, numbers, losses) in {
        2: (3, [0, 1], [3, 2]),
        3: (2, [0, 1, 2], [4, 4, 1]),
        4: (1, [0, 1, 2, 3], [5, 5, 6, 7]),
        9: (1, [0, 1, 2, 3], [5, 5, 6, 7]),
    }.items():
        found = losses_at_highest(history, enough)
        assert (found[0], found[1].tolist(), found[2].tolist()) == (step, numbers, losses)


def test_failed_trials_are_worst_at_every_step() -> None:
    trials = [curve(0, 5, 4), curve(1, 0.0, state=State.FAILED), curve(2, 6, 1)]
    history = History(SPACE, trials=trials, fidelity=Fidelity("epoch", 1, 9))
    step, numbers, losses = losses_at_highest(history, 3)
    assert (step, dict(zip(numbers.tolist(), losses.tolist(), strict=True))) == (2, {0: 4, 2: 1, 1: np.inf})


def test_when_all_have_failed_it_draws_at_random() -> None:
    trials = [curve(n, state=State.FAILED) for n in range(6)]
    history = History(SPACE, trials=trials, fidelity=Fidelity("epoch", 1, 9))
    proposals = [Bohb().propose(history, 6, seed) for seed in range(9)]
    reasons = [p.reason for p in proposals if isinstance(p, Proposal)]
    assert len(reasons) == 9
    assert "drawn at random: 6 trials all have the same loss" in reasons


def test_it_draws_near_the_good_configs() -> None:
    trials = [curve(n, abs(x - 0.3), x=x) for n, x in enumerate(np.linspace(0.01, 0.99, 40).tolist())]
    history = History(SPACE, trials=trials, fidelity=Fidelity("epoch", 1, 9))
    near, modelled = 0, 0
    for seed in range(60):
        proposal = Bohb().propose(history, len(history), seed)
        assert isinstance(proposal, Proposal)
        if proposal.reason.startswith("near the 6 best of 40 trials at epoch 1"):
            modelled += 1
            near += abs(proposal.config["x"] - 0.3) < 0.2
    assert 0.5 < modelled / 60 < 1.0 - AT_RANDOM / 2
    assert near >= 0.8 * modelled


def test_it_finds_better_configs_than_it_began_with() -> None:
    space = Space({f"x{i}": Float(0, 1) for i in range(3)})
    wins = 0
    for seed in range(5):
        found = play(Bohb(), space, lambda c: sum((v - 0.7) ** 2 for v in c.values()), 60, seed=seed)
        wins += found.loss[30:].min() < found.loss[:15].min()
    assert wins >= 4


def test_constants_and_failures_do_not_keep_it_from_making_a_model() -> None:
    constants = {f"c{i}": Float(1, 1) for i in range(3)}
    space = Space({"x": Float(0, 1), "y": Float(0, 1), **constants})
    rng, history = np.random.default_rng(0), History(space, fidelity=Fidelity("epoch", 1, 9))
    reasons = []
    for number in range(60):
        proposal = Bohb().propose(history, number, 0)
        assert isinstance(proposal, Proposal)
        reasons.append(proposal.reason)
        if rng.random() < 0.4:
            failure = Failure(FailureKind.ERROR, "it was made to fail")
            history.record(Trial(number, proposal.config, State.FAILED, None, (), failure))
        else:
            reports = (Report(1, proposal.config["x"], 0.0),)
            history.record(Trial(number, proposal.config, State.PAUSED, reports=reports))
    assert sum(reason.startswith("near the") for reason in reasons) > 25


def test_odd_curves_do_not_make_it_raise() -> None:
    odd = [
        curve(n, *losses) for n, losses in enumerate([(np.nan,), (np.inf, 1), (), (2, 2, 2), (1e308,)] * 4)
    ]
    history = History(SPACE, trials=odd, fidelity=Fidelity("epoch", 1))
    assert all(isinstance(Bohb().propose(history, 20, seed), Proposal) for seed in range(5))
