"""Methods without a model keep the contract of methods; the others have files of their own."""

from itertools import chain, islice

import pytest

from tunesmith.methods.base import Method
from tunesmith.methods.grid import Grid
from tunesmith.methods.levels import levels_of
from tunesmith.methods.listed import ListMethod
from tunesmith.methods.manual import Manual
from tunesmith.methods.random import Random
from tunesmith.methods.sobol import Sobol
from tunesmith.methods.starting import starting_config
from tunesmith.methods.walk import Walk
from tunesmith.space import Config, Space
from tunesmith.testing.method import MethodContract, named
from tunesmith.testing.problems import OPAQUE


class TestRandom(MethodContract):
    def make(self) -> Method:
        return Random()


class TestSobol(MethodContract):
    def make(self) -> Method:
        return Sobol()


class TestGrid(MethodContract):
    uses_seed = False
    many = 500

    def make(self) -> Method:
        return Grid()

    def reach(self, space: Space) -> int | None:
        counter = space.counter(levels_of(space, {}, 5))
        assert counter.total is not None
        if counter.total > 10_000:
            return None
        return sum(space.is_allowed(config) for config in counter)


class TestGridOfThree(TestGrid):
    def make(self) -> Method:
        return Grid(levels=3)

    def reach(self, space: Space) -> int | None:
        counter = space.counter(levels_of(space, {}, 3))
        assert counter.total is not None
        return None if counter.total > 10_000 else sum(map(space.is_allowed, counter))


class TestManual(MethodContract):
    uses_seed = False

    def make_for(self, space: Space) -> Method:
        counter = space.counter(levels_of(space, {}, 4))
        return Manual(list(islice((by_label(c) for c in counter if space.is_allowed(c)), 12)))

    def reach(self, space: Space) -> int | None:
        return listed(self.make_for(space), space)


class TestWalk(MethodContract):
    uses_seed = False

    def make_for(self, space: Space) -> Method:
        first = next(
            config
            for config in chain([starting_config(space)], space.counter(levels_of(space, {}, 4)))
            if space.is_allowed(config)
        )
        return Walk(by_label(first), space.names[0])

    def reach(self, space: Space) -> int | None:
        return listed(self.make_for(space), space)


def by_label(config: Config) -> Config:
    return {name: "opaque" if value is OPAQUE else value for name, value in config.items()}


def listed(method: Method, space: Space) -> int:
    assert isinstance(method, ListMethod)
    return len({entry.key for entry in method.entries(space)})


def test_the_contract_cannot_be_passed_by_a_method_that_repeats() -> None:
    class Repeats(Random):
        def propose(self, history, number, seed):  # type: ignore[no-untyped-def]
            return super().propose(type(history)(history.space), 0, seed)

    class Contract(MethodContract):
        is_registered = False

        def make(self) -> Method:
            return Repeats()

    contract = Contract()
    with pytest.raises(AssertionError):
        contract.test_a_batch_without_tell_is_distinct(named("floats"))
    with pytest.raises(AssertionError):
        contract.test_every_config_fits_is_new_and_plain(named("floats"))
