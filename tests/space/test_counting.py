"""Counting and numbering agree with enumeration by brute force, and never enumerate themselves."""

import time
from itertools import product

import pytest

from tunesmith.errors import SpaceError
from tunesmith.space import Choice, Float, Int, Space
from tunesmith.testing.problems import PROBLEMS


def by_brute_force(space: Space, levels: dict[str, list[object]] | None = None) -> set[tuple[object, ...]]:
    """Keys of all configs, from the product of all values, inactive ones thrown out."""
    values = [
        (levels or {}).get(name) or [parameter.value_at(k) for k in range(parameter.size or 0)]
        for name, parameter in space.parameters.items()
    ]
    found = set()
    for combination in product(*values):
        config: dict[str, object] = {}
        for name, value in zip(space.names, combination, strict=True):
            if space.is_active(name, config):
                config[name] = value
        found.add(space.key(config))
    return found


FINITE = [p for p in PROBLEMS if (size := p.make().size) is not None and size <= 5000]


@pytest.mark.parametrize("problem", FINITE, ids=lambda p: p.name)
def test_every_config_has_one_number(problem) -> None:
    space = problem.make()
    counter = space.counter()
    keys = [space.key(config) for config in counter]
    assert len(keys) == counter.total == space.size
    assert set(keys) == by_brute_force(space)
    assert all(space.unfit(config) is False for config in counter)


def test_values_that_read_alike_are_told_apart() -> None:
    space = Space(
        kind=Choice(["1", 2, 1]),
        text=Int(1, 3, when={"kind": "1"}),
        number=Int(1, 5, when={"kind": 1}),
    )
    assert space.size == 3 + 1 + 5
    assert {space.key(config) for config in space.counter()} == by_brute_force(space)


def test_a_grid_takes_the_given_levels() -> None:
    space = Space(
        kernel=Choice(["linear", "rbf", "poly"]),
        gamma=Float(0, 1, when={"kernel": ["rbf", "poly"]}),
        degree=Int(2, 5, when={"kernel": "poly"}),
        c=Float(0, 9),
    )
    levels = {"gamma": [0.0, 0.5, 1.0], "c": [1.0, 9.0]}
    counter = space.counter(levels)
    assert counter.total == 2 * (1 + 3 + 3 * 4)
    assert {space.key(c) for c in counter} == by_brute_force(space, levels)  # type: ignore[arg-type]


def test_the_last_parameter_turns_fastest() -> None:
    counter = Space(a=Choice(["x", "y"]), b=Int(1, 2)).counter()
    assert [tuple(c.values()) for c in counter] == [("x", 1), ("x", 2), ("y", 1), ("y", 2)]


def test_an_endless_parameter_makes_the_space_endless() -> None:
    assert Space(a=Int(1, 3), x=Float(0, 1)).size is None
    assert Space(a=Choice([0, 1]), x=Float(0, 1, when={"a": 1})).size is None
    assert Space(a=Int(1, 3), x=Float(1, 1)).size == 3


def test_huge_spaces_are_counted_at_once() -> None:
    started = time.process_time()
    flags = Space({f"f{k}": Choice([False, True]) for k in range(60)})
    assert flags.size == 2**60
    assert flags.counter().config(2**60 - 1) == dict.fromkeys(flags.names, True)
    wide = Space({f"p{k}": Int(0, 99) for k in range(200)})
    assert wide.size == 100**200
    assert list(wide.counter().config(100**200 - 1).values()) == [99] * 200
    chain: dict[str, Choice] = {"c0": Choice([0, 1])}
    for k in range(1, 40):
        chain[f"c{k}"] = Choice([0, 1], when={f"c{k - 1}": 1})
    assert Space(chain).size == 41
    parent = Space(n=Int(0, 99_999), **{f"x{k}": Int(1, 10, when="n >= 50000") for k in range(9)})
    assert parent.size == 50_000 + 50_000 * 10**9
    assert parent.counter().config(50_000)["n"] == 50_000
    assert time.process_time() - started < 3.0


def test_conditions_too_entangled_to_count_make_it_endless_in_bounded_time() -> None:
    flags = {f"f{k}": Choice([0, 1]) for k in range(30)}
    every = " + ".join(flags)
    started = time.process_time()
    assert Space(flags, x=Int(1, 3, when=f"{every} > 4")).size is None
    assert Space(n=Int(0, 10**12), x=Int(1, 3, when="n > 4")).size is None
    assert time.process_time() - started < 10.0


def test_what_was_just_countable_can_be_numbered_throughout() -> None:
    counter = Space(a=Int(1, 141), f=Int(1, 2), b=Int(1, 140), x=Int(1, 3, when="a + b > 100")).counter()
    firsts = range(0, counter.total, counter.total // 400)
    assert {counter.config(number)["a"] for number in firsts} == set(range(1, 142))


def test_a_number_out_of_range_is_refused() -> None:
    counter = Space(a=Int(1, 3)).counter()
    for number in (-1, 3):
        with pytest.raises(IndexError, match=f"config number {number} of 3"):
            counter.config(number)


@pytest.mark.parametrize("levels", [{"b": [1]}, {"a": []}])
def test_levels_that_cannot_be_are_refused(levels) -> None:
    with pytest.raises(SpaceError, match="levels are given by parameter, one or more each; allowed: a"):
        Space(a=Int(1, 3)).counter(levels)


@pytest.mark.parametrize("problem", FINITE, ids=lambda p: p.name)
def test_the_next_config_that_differs_in_a_parameter_is_found(problem) -> None:
    space = problem.make()
    counter = space.counter()
    configs = list(counter)
    for number in range(0, len(configs), 1 + len(configs) // 40):
        config = configs[number]
        for name in config:
            after = counter.after(number, [name])
            names = space.names[: space.names.index(name) + 1]
            expected = number
            while expected < len(configs) and all(
                configs[expected].get(n, "absent") is config.get(n, "absent")
                or configs[expected].get(n, "absent") == config.get(n, "absent")
                for n in names
            ):
                expected += 1
            assert after == expected
