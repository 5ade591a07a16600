"""Finding a config that is new and allowed: shared by every method that draws.

A method first offers candidates of its own (`first_new`). When those are all tried or forbidden, it asks for
any untried config (`untried_config`), and when there is none, ends in words (`used_up`).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from tunesmith.history import History
from tunesmith.learning.caching import PerHistory
from tunesmith.methods.base import UsedUp
from tunesmith.space import Config, Key, Space
from tunesmith.space.counting import Counter
from tunesmith.space.parameters import draw
from tunesmith.trial import Trial
from tunesmith.wording import all_of, counted, percent

DRAWS = 64  # a method's own draws before it looks for what is left
REJECTIONS = 50_000  # draws before a large space counts as used up; about half a second
ENUMERATED = 100_000  # a finite space up to this size is listed instead; about two seconds, once
LISTED_AT_ONCE = 1000  # up to here listing is as quick as drawing
ENDLESS_LEVELS = 64  # values by endless parameter when the branches of a space are weighed


@dataclass(frozen=True)
class _Left:
    """Numbers and keys of the configs that were allowed and untried when this was made."""

    constraints: int
    items: list[tuple[int, Key]]


_LEFT: PerHistory[_Left] = PerHistory()


def first_new(history: History, candidates: Iterable[Config]) -> Config | None:
    """The first candidate that is in no trial and meets the constraints; None when there is none."""
    space = history.space
    for config in candidates:
        if space.key(config) not in history and space.is_allowed(config):
            return config
    return None


def untried_config(history: History, rng: np.random.Generator) -> Config | None:
    """Draw uniformly among the configs that are in no trial and meet the constraints.

    A finite space is exhausted exactly, one by one, where it is small or has no constraints. In an endless
    one, and under constraints that next to nothing satisfies, the search ends after `REJECTIONS` draws.

    Args:
        history: All trials; those of any state count as tried.
        rng: Generator made for this trial.

    Returns:
        A config, or None when there is none left or none was found.
    """
    space = history.space
    counter = space.counter()
    if counter.total is None:
        return first_new(history, _endless_draws(space, rng))
    if not space.constraints and history.distinct >= counter.total:
        return None
    if counter.total > LISTED_AT_ONCE:
        is_large = counter.total > ENUMERATED
        draws = _numbered_draws(counter, rng, REJECTIONS if is_large else LISTED_AT_ONCE)
        found = first_new(history, draws)
        if found is not None or (is_large and space.constraints):
            return found
    left = _left(history, counter)
    return counter.config(left[below(rng, len(left))][0]) if left else None


def used_up(history: History, rng: np.random.Generator) -> UsedUp:
    """Say why there is nothing left, after `untried_config` found nothing."""
    space = history.space
    total = space.size
    if not space.constraints:
        if total is None:
            return UsedUp(f"No new config was found in {REJECTIONS:,} draws: there may be none left.")
        tried = ("of the space has been tried.", "of the space have been tried.")
        return UsedUp(all_of(total, "config", *tried).capitalize())
    if total is None or total > ENUMERATED:
        return UsedUp(
            f"No new config that meets the constraints was found in {REJECTIONS:,} draws; "
            f"{_hardest_constraint(space, rng)}."
        )
    if any(space.is_allowed(trial.config) for trial in _fitting(history)):
        return UsedUp(f"All configs that meet the constraints have been tried (the space has {total:,}).")
    return UsedUp(f"None of the {counted(total, 'config')} of the space meets the constraints.")


def below(rng: np.random.Generator, bound: int) -> int:
    """Draw a whole number from 0 to bound - 1, also beyond 64 bits."""
    if bound < 2**63:
        return int(rng.integers(bound))
    # Eight bytes more than needed leave a bias below 2**-64.
    return int.from_bytes(rng.bytes(bound.bit_length() // 8 + 9), "little") % bound


def _numbered_draws(counter: Counter, rng: np.random.Generator, times: int) -> Iterator[Config]:
    assert counter.total is not None
    for _ in range(times):
        yield counter.config(below(rng, counter.total))


def _endless_draws(space: Space, rng: np.random.Generator) -> Iterator[Config]:
    for _ in range(REJECTIONS // 2 if space.rules else REJECTIONS):
        yield space.draw(rng.random(len(space)))
    if not space.rules:
        return
    # A branch without endless parameters may hold nearly all the probability and be used up: over numbered
    # levels every other branch weighs more.
    levels = {
        name: [draw(parameter, u) for u in rng.random(ENDLESS_LEVELS).tolist()]
        for name, parameter in space.parameters.items()
        if parameter.size is None
    }
    counter = space.counter(levels)
    if counter.total is not None:
        yield from _numbered_draws(counter, rng, REJECTIONS // 2)


def _left(history: History, counter: Counter) -> list[tuple[int, Key]]:
    space = history.space
    kept = _LEFT.get(history, lambda: _Left(-1, []))
    if kept.constraints != len(space.constraints):
        configs = enumerate(counter)
        items = [(number, space.key(config)) for number, config in configs if space.is_allowed(config)]
        kept = _Left(len(space.constraints), items)
    items = [item for item in kept.items if item[1] not in history]
    _LEFT.put(history, _Left(kept.constraints, items))
    return items


def _fitting(history: History) -> Iterator[Trial]:
    return (history[number] for number in range(len(history)) if history.key(number) is not None)


def _hardest_constraint(space: Space, rng: np.random.Generator) -> str:
    configs = [space.draw(rng.random(len(space))) for _ in range(1000)]
    shares = {c.text: sum(c.holds(config) for config in configs) / len(configs) for c in space.constraints}
    text = min(shares, key=lambda t: shares[t])
    hint = f"{text} holds for {percent(shares[text])} of random configs"
    if "==" in text and not shares[text]:
        hint += " (leave out a parameter that follows from the others, and compute it in the objective)"
    return hint
