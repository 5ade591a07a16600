"""Random search: distributions, used-up spaces, constraints that are hard to meet, and speed."""

import time

import numpy as np
import pytest

from tunesmith.history import History
from tunesmith.methods.base import Proposal, UsedUp
from tunesmith.methods.random import Random
from tunesmith.space import Choice, Float, Int, Space
from tunesmith.testing.play import play
from tunesmith.trial import State, Trial


def nothing(config: dict[str, object]) -> float:
    return 0.0


def test_draws_are_even_on_the_scale_of_each_parameter() -> None:
    space = Space(lr=Float(1e-4, 1.0, log=True), n=Int(1, 4), kind=Choice(["a", "b", "c"]))
    configs = [t.config for t in play(Random(), space, nothing, 3000).trials]
    decades = np.histogram(np.log10([c["lr"] for c in configs]), bins=[-4, -3, -2, -1, 0])[0]
    np.testing.assert_allclose(decades / 3000, 0.25, atol=0.03)
    for name, options in (("n", (1, 2, 3, 4)), ("kind", ("a", "b", "c"))):
        counts = [sum(c[name] == o for c in configs) for o in options]
        np.testing.assert_allclose(np.array(counts) / 3000, 1 / len(options), atol=0.03)


def test_draws_follow_priors() -> None:
    from scipy import stats

    space = Space(x=Float(prior=stats.norm(3, 2)), y=Float(0, 1))
    history = play(Random(), space, nothing, 2000)
    assert stats.kstest([t.config["x"] for t in history.trials], stats.norm(3, 2).cdf).pvalue > 0.01
    assert history[0].reason == "drawn at random from the priors"


@pytest.mark.parametrize(
    ("space", "total"),
    [
        (Space(a=Choice([1, 2])), 2),
        (Space(a=Choice([1, 2, 3]), b=Choice([1, 2]), c=Choice([1, 2])), 12),
        (Space(a=Int(1, 100)), 100),
        (Space(a=Choice([1, 2]), b=Choice([1, 2])), 4),
        (Space(a=Int(1, 2000, log=True)), 2000),  # the high values are rarely drawn
    ],
)
def test_a_finite_space_is_used_up_in_exactly_as_many_trials(space: Space, total: int) -> None:
    history = play(Random(), space, nothing, total + 20)
    assert len(history) == total
    assert history.distinct == total
    assert Random().propose(history, total, 0) == UsedUp(
        f"All {total:,} configs of the space have been tried."
    )


def test_what_is_left_is_drawn_evenly() -> None:
    space = Space(a=Int(1, 200))
    tried = [Trial(k, {"a": k + 1}, State.COMPLETE, 0.0) for k in range(195)]
    left = []
    for seed in range(400):
        proposal = Random().propose(History(space, trials=tried), 195, seed)
        assert isinstance(proposal, Proposal)
        left.append(proposal.config["a"])
    counts = [left.count(v) for v in range(196, 201)]
    assert sum(counts) == 400
    assert min(counts) > 50


def test_a_branch_that_is_used_up_is_left_behind() -> None:
    space = Space(kind=Choice([*range(500), "net"]), width=Float(0, 1, when={"kind": "net"}))
    tried = [Trial(k, {"kind": k}, State.COMPLETE, 0.0) for k in range(500)]
    history = play(Random(), space, nothing, 520, start=tried)
    assert len(history) == 520
    assert all(t.config["kind"] == "net" for t in history.trials[500:])


def test_a_large_space_without_end_in_sight_is_not_enumerated() -> None:
    space = Space({f"p{k}": Int(0, 99) for k in range(40)})
    started = time.process_time()
    assert play(Random(), space, nothing, 50).distinct == 50
    assert time.process_time() - started < 10.0


# -- constraints ---------------------------------------------------------------------------------------------


def test_every_config_meets_the_constraints() -> None:
    space = Space(x=Float(0, 1), y=Float(0, 1)).require("x < y").require(lambda c: c["x"] + c["y"] < 0.5)
    history = play(Random(), space, nothing, 200)
    assert len(history) == 200
    assert all(t.config["x"] < t.config["y"] < 0.5 - t.config["x"] for t in history.trials)


def test_a_finite_space_under_constraints_is_used_up_exactly() -> None:
    space = Space(a=Int(1, 60), b=Int(1, 60)).require("a + b == 60")
    history = play(Random(), space, nothing, 100)
    assert len(history) == history.distinct == 59
    outcome = Random().propose(history, 59, 0)
    words = "All configs that meet the constraints have been tried (the space has 3,600)."
    assert outcome == UsedUp(words)


@pytest.mark.parametrize(
    ("space", "words"),
    [
        (Space(a=Int(1, 50)).require("a > 50"), "None of the 50 configs of the space meets the constraints."),
        (
            Space(x=Float(0, 1), y=Float(0, 1)).require("y < 0.5").require("x > 2"),
            "No new config that meets the constraints was found in 50,000 draws; x > 2 holds for 0 % of "
            "random configs.",
        ),
        (
            Space(x=Float(0, 1), y=Float(0, 1)).require("x + y == 1"),
            "No new config that meets the constraints was found in 50,000 draws; x + y == 1 holds for 0 % of "
            "random configs (leave out a parameter that follows from the others, and compute it in the "
            "objective).",
        ),
        (
            Space(a=Int(0, 10**9)).require(lambda config: False, text="function never"),
            "No new config that meets the constraints was found in 50,000 draws; function never holds for "
            "0 % of random configs.",
        ),
    ],
)
def test_constraints_that_nothing_meets_end_in_words(space: Space, words: str) -> None:
    started = time.process_time()
    assert Random().propose(History(space), 0, 0) == UsedUp(words)
    assert time.process_time() - started < 25.0


def test_a_constraint_added_later_is_kept_to() -> None:
    space = Space(a=Int(1, 100))
    method = Random()
    history = play(method, space, nothing, 95)
    space.require("a <= 97")
    left = set(range(1, 98)) - {t.config["a"] for t in history.trials}
    while isinstance(proposal := method.propose(history, len(history), 0), Proposal):
        left.remove(proposal.config["a"])
        history.record(Trial(len(history), proposal.config, State.COMPLETE, 0.0))
    assert left == set()


# -- speed ---------------------------------------------------------------------------------------------------


def test_an_ask_costs_the_same_after_100_000_trials() -> None:
    space = Space(x=Float(0, 1), lr=Float(1e-5, 1, log=True), n=Int(1, 100), kind=Choice(["a", "b"]))
    rng = np.random.default_rng(0)
    trials = (Trial(k, space.draw(rng.random(4)), State.COMPLETE, 0.0) for k in range(100_000))
    history, method = History(space, trials=trials), Random()
    method.propose(history, 100_000, 0)
    started = time.process_time()
    play_on = 300
    for _ in range(play_on):
        proposal = method.propose(history, len(history), 0)
        assert isinstance(proposal, Proposal)
        history.record(Trial(len(history), proposal.config, State.COMPLETE, 0.0))
    seconds = (time.process_time() - started) / play_on
    assert seconds < 3e-3  # 0.3 ms; ten times that on a busy machine


def test_many_binary_flags_are_no_trouble() -> None:
    space = Space({f"flag_{k}": Choice([False, True]) for k in range(60)})
    started = time.process_time()
    history = play(Random(), space, nothing, 2000)
    assert history.distinct == 2000
    assert (time.process_time() - started) / 2000 < 5e-3
