"""MethodContract: the rules of `methods/base.py` as tests that run on any method.

class TestMine(MethodContract):
    def make(self):
        return MyMethod()

The problems that every method is tried on are `problems.py`.
"""

# ruff: noqa: D102 - the name of a test is its docstring

import copy
import json
import math
import pickle
import random
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tunesmith.history import History
from tunesmith.methods.base import Method, Proposal, UsedUp
from tunesmith.methods.registry import make_method, method_settings
from tunesmith.space import Choice, Config, Space
from tunesmith.testing.play import play, told
from tunesmith.testing.problems import PROBLEMS, Problem
from tunesmith.trial import Origin, Report, State, Trial

PLAIN = (int, float, str, bool, type(None))
every_problem = pytest.mark.parametrize("problem", PROBLEMS, ids=lambda problem: problem.name)


OUTCOMES = (
    (State.COMPLETE, 1.0),
    (State.RUNNING, None),
    (State.FAILED, None),
    (State.WAITING, None),
    (State.STOPPED, 0.25),
    (State.COMPLETE, 1e308),
    (State.PAUSED, None),
    (State.COMPLETE, -1e308),
    (State.STOPPED, None),
    (State.COMPLETE, 1.0),
)
CURVE = (Report(1, 1.0, 0.1), Report(2, math.nan, 0.2), Report(3, math.inf, 0.3))


_plays: dict[tuple[type, str], tuple[Space, History]] = {}


class MethodContract:
    """Tests that any method must pass; a subclass says how to make one."""

    trials = 40
    """Trials of a usual test: more than the method's start-up phase."""
    many = 2000
    """Asks of the test for values at the bounds."""
    is_registered = True
    """Whether the registry knows it by its name."""
    uses_seed = True
    """Whether another seed gives other configs."""

    def make(self) -> Method:
        """Make the method."""
        raise NotImplementedError

    def make_for(self, space: Space) -> Method:
        """Make the method for a space, where its settings depend on one."""
        return self.make()

    def reach(self, space: Space) -> int | None:
        """Number of different configs that the method can propose; None when there is no end of them."""
        total = space.size
        if total is None or total > 1000:
            return None
        return sum(space.is_allowed(config) for config in space.counter())

    def _played(self, problem: Problem) -> tuple[Space, History]:
        """A usual play, made once for all tests that look at one; that another is the same has its test.

        The history is shared: to change one, copy its trials.
        """
        key = type(self), problem.name
        if key not in _plays:
            space = problem.make()
            _plays[key] = space, play(self.make_for(space), space, problem.objective(space), self.trials)
        return _plays[key]

    # -- 1. a pure function ------------------------------------------------------------------------------

    @every_problem
    def test_an_object_made_anew_proposes_the_same(self, problem: Problem) -> None:
        space, history = self._played(problem)
        for number in range(0, len(history), max(1, len(history) // 4)):
            before = History(space, trials=history.trials[:number])
            proposal = self.make_for(space).propose(before, number, 0)
            assert isinstance(proposal, Proposal)
            assert same(space, proposal.config, history[number].config)
            assert proposal.reason == history[number].reason

    @every_problem
    def test_half_and_half_is_the_whole(self, problem: Problem) -> None:
        space, history = self._played(problem)
        whole = history.trials[:10]
        again = problem.make()
        half = play(self.make_for(again), again, problem.objective(again), 5)
        both = play(self.make_for(again), again, problem.objective(again), 10, start=half.trials)
        assert len(both) == len(whole)
        assert all(same(space, a.config, b.config) for a, b in zip(whole, both.trials, strict=True))

    @every_problem
    def test_settings_make_the_same_method(self, problem: Problem) -> None:
        if not self.is_registered:
            pytest.skip("the registry does not know it")
        space, history = self._played(problem)
        method = self.make_for(space)
        settings = json.loads(json.dumps(method_settings(method), allow_nan=False))
        again = make_method(settings)
        assert type(again) is type(method)
        assert again.settings == method.settings
        for number, trial in enumerate(history.trials[:5]):
            before = History(space, trials=history.trials[:number])
            proposal = again.propose(before, number, 0)
            assert isinstance(proposal, Proposal)
            assert same(space, proposal.config, trial.config)

    def test_copies_and_pickles_propose_the_same(self) -> None:
        problem = named("branches")
        space = problem.make()
        method = self.make_for(space)
        history = play(method, space, problem.objective(space), 5)
        proposal = method.propose(history, 5, 0)
        for other in (copy.deepcopy(method), pickle.loads(pickle.dumps(method))):
            assert other.propose(history, 5, 0) == proposal

    def test_another_seed_gives_other_configs(self) -> None:
        space = named("floats").make()
        objective = named("floats").objective(space)
        one, two = (play(self.make_for(space), space, objective, 10, seed=seed) for seed in (1, 2))
        assert (one.trials != two.trials) is self.uses_seed

    # -- 2. what it returns ------------------------------------------------------------------------------

    @every_problem
    def test_every_config_fits_is_new_and_plain(self, problem: Problem) -> None:
        space, history = self._played(problem)
        assert len(history) > 0
        for trial in history.trials:
            check_config(space, trial.config)
            assert trial.is_repeat or min(history.same(space.key(trial.config))) == trial.number
            assert trial.reason
            assert "\n" not in trial.reason

    @every_problem
    def test_a_used_up_space_ends_in_words_after_exactly_all_configs(self, problem: Problem) -> None:
        space = problem.make()
        reach = self.reach(space)
        if reach is None or reach > 200:
            pytest.skip("there is no end of configs")
        method = self.make_for(space)
        history = play(method, space, problem.objective(space), reach + 10)
        assert sum(not trial.is_repeat for trial in history.trials) == reach
        if len(history) > reach:
            pytest.skip("it goes on with repeats")
        for asked in (method, self.make_for(space)):
            outcome = asked.propose(history, len(history), 0)
            assert isinstance(outcome, UsedUp)
            assert outcome.words.endswith(".")

    @pytest.mark.parametrize("name", ["floats", "logs", "steps", "ints"])
    def test_values_never_leave_their_bounds(self, name: str) -> None:
        problem = named(name)
        space = problem.make()
        history = play(self.make_for(space), space, problem.objective(space), self.many)
        for trial in history.trials:
            assert space.check(trial.config) == trial.config
            for parameter, value in zip(space.parameters.values(), trial.config.values(), strict=True):
                assert not isinstance(parameter, Choice)
                assert parameter.low <= value <= parameter.high

    # -- 3. what is in the history -----------------------------------------------------------------------

    @every_problem
    def test_nothing_in_the_history_makes_it_raise(self, problem: Problem) -> None:
        space = problem.make()
        method = self.make_for(space)
        history = History(space)
        for number in range(self.trials):
            trial = next_mixed(method, history, number)
            if trial is None:
                break
            history.record(trial)

    @pytest.mark.parametrize("value", [0.0, 1e300, -1e300, 1e-300])
    def test_constant_values_are_no_trouble(self, value: float) -> None:
        space = named("mixed_choices").make()
        history = play(self.make_for(space), space, lambda config: value, self.trials)
        assert len(history) == min(self.trials, self._end(space))

    def test_failures_only_are_no_trouble(self) -> None:
        space = named("branches").make()
        method = self.make_for(space)
        history = History(space)
        for number in range(min(self.trials, self._end(space))):
            proposal = method.propose(history, number, 0)
            assert isinstance(proposal, Proposal)
            history.record(told(proposal, number, State.FAILED))

    def _end(self, space: Space) -> int:
        reach = self.reach(space)
        return 10**9 if reach is None else reach

    # -- 4. trials under way count as tried --------------------------------------------------------------

    @every_problem
    def test_a_batch_without_tell_is_distinct(self, problem: Problem) -> None:
        space = problem.make()
        method, objective = self.make_for(space), problem.objective(space)
        history = History(space)
        for _ in range(3):
            batch = []
            for _ in range(8):
                proposal = method.propose(history, len(history), 0)
                if isinstance(proposal, UsedUp):
                    break
                batch.append(told(proposal, len(history), State.RUNNING))
                history.record(batch[-1])
            for trial in batch:
                proposal = Proposal(trial.config, trial.reason, trial.is_repeat)
                history.record(told(proposal, trial.number, State.COMPLETE, objective(trial.config)))
        news = [space.key(t.config) for t in history.trials if not t.is_repeat]
        assert len(set(news)) == len(news)
        assert len(news) == min(24, self._end(space))

    # -- 5. nothing else changes -------------------------------------------------------------------------

    def test_global_generators_are_left_alone(self) -> None:
        problem = named("mixed_choices")
        space = problem.make()
        before = repr(np.random.get_state()), random.getstate()  # noqa: NPY002 - it is the global one we watch
        first = play(self.make_for(space), space, problem.objective(space), self.trials)
        assert (repr(np.random.get_state()), random.getstate()) == before  # noqa: NPY002

        def meddling(config: Config) -> float:
            random.seed(1)
            np.random.seed(1)  # noqa: NPY002
            return problem.objective(space)(config)

        state = random.getstate(), np.random.get_state()  # noqa: NPY002
        try:
            second = play(self.make_for(space), space, meddling, self.trials)
        finally:
            random.setstate(state[0])
            np.random.set_state(state[1])  # noqa: NPY002
        assert second.trials == first.trials

    @every_problem
    def test_what_it_is_given_stays_and_what_it_gave_may_be_changed(self, problem: Problem) -> None:
        space, played = self._played(problem)
        method = self.make_for(space)
        history = History(space, trials=played.trials[:5])
        trials, configs = history.trials, [dict(trial.config) for trial in history.trials]
        definition = space.to_dict()
        first = method.propose(history, len(history), 0)
        assert history.trials == trials
        assert [trial.config for trial in history.trials] == configs
        assert space.to_dict() == definition
        if isinstance(first, Proposal):
            config = dict(first.config)
            first.config.clear()
            second = method.propose(history, len(history), 0)
            assert isinstance(second, Proposal)
            assert same(space, second.config, config)

    @every_problem
    def test_its_plan_is_words_or_nothing(self, problem: Problem) -> None:
        space = problem.make()
        plan = self.make_for(space).plan(space)
        assert plan is None or plan.strip()


def named(name: str) -> Problem:
    """Problem of a name."""
    return next(problem for problem in PROBLEMS if problem.name == name)


def same(space: Space, a: Config, b: Config) -> bool:
    """Whether two configs are the same, in order and to the last bit."""
    types = [list(map(type, config.values())) for config in (a, b)]
    return list(a) == list(b) and space.key(a) == space.key(b) and types[0] == types[1]


def check_config(space: Space, config: Config) -> None:
    """Check that a config is just as it has to be."""
    assert list(config) == [name for name in space.names if name in config]
    checked = space.check(config)  # raises where it does not fit
    for name, value in config.items():
        parameter = space[name]
        if isinstance(parameter, Choice):
            assert any(value is option or _is_plain_equal(value, option) for option in parameter.options)
        else:
            assert type(value) is type(parameter.low)
            assert checked[name] == value


def _is_plain_equal(value: Any, option: Any) -> bool:
    return type(value) in PLAIN and type(value) is type(option) and value == option


def next_mixed(method: Method, history: History, number: int) -> Trial | None:
    """Trial of a number in one state of many; None when the method has nothing left."""
    if number % 7 == 6:
        return Trial(number, {"gone": 1}, State.COMPLETE, 0.5, origin=Origin.ADDED)  # of an older space
    proposal = method.propose(history, number, 0)
    if isinstance(proposal, UsedUp):
        return None
    assert proposal.is_repeat or history.space.key(proposal.config) not in history
    check_config(history.space, proposal.config)
    state, value = OUTCOMES[number % len(OUTCOMES)]
    trial = told(proposal, number, state, value)
    return replace(trial, reports=CURVE) if state in (State.STOPPED, State.PAUSED) else trial
