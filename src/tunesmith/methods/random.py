"""Random search: draws from the priors, or evenly over the ranges on their scales."""

from typing import Any

from tunesmith.history import History
from tunesmith.methods.base import Outcome, Proposal
from tunesmith.methods.untried import DRAWS, first_new, untried_config, used_up
from tunesmith.seeds import generator
from tunesmith.space import Choice, Space
from tunesmith.wording import counted


class Random:
    """Draws configs at random; a finite space is used up without repeats.

    Example:
        >>> from tunesmith.space import Int
        >>> Random().propose(History(Space(a=Int(1, 9))), 0, seed=0).config
        {'a': 8}
    """

    name = "random"

    @property
    def settings(self) -> dict[str, Any]:
        """None."""
        return {}

    def propose(self, history: History, number: int, seed: int) -> Outcome:
        """Propose the config of trial `number`, see `Method`."""
        space = history.space
        rng = generator(seed, number, "random")
        config = first_new(history, (space.draw(rng.random(len(space))) for _ in range(DRAWS)))
        if config is not None:
            return Proposal(config, f"drawn at random{source(space)}")
        config = untried_config(history, rng)
        if config is not None:
            return Proposal(config, "drawn at random among the configs that are left")
        return used_up(history, rng)

    def plan(self, space: Space) -> str | None:
        """Say how many configs a finite space has."""
        return size_in_words(space)


def source(space: Space) -> str:
    """Where draws come from, for reasons: " from the priors" where there are any."""
    has_prior = any(not isinstance(p, Choice) and p.prior is not None for p in space.parameters.values())
    return " from the priors" if has_prior else ""


def size_in_words(space: Space) -> str | None:
    """How many configs a finite space has; None for one that no run will use up."""
    total = space.size
    if total is None or total > 100_000:
        return None
    return f"The space has {counted(total, 'config')}; the run ends when all have been tried."
