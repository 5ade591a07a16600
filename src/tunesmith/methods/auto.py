"""The default method: which method proposes which trial. This is the one place to change it."""

from typing import Any

from tunesmith.history import History
from tunesmith.methods.base import Method, Outcome, Proposal
from tunesmith.methods.random import Random
from tunesmith.methods.sobol import MAX_PARAMETERS, Sobol
from tunesmith.methods.starting import starting_config
from tunesmith.methods.untried import first_new
from tunesmith.space import Space

SPREAD = 64  # first trials that are spread evenly


class Auto:
    """Tries the defaults where there are any, spreads the first trials evenly, and goes on at random."""

    name = "auto"

    def __init__(self) -> None:
        self._sobol, self._random = Sobol(), Random()

    @property
    def settings(self) -> dict[str, Any]:
        """None."""
        return {}

    def propose(self, history: History, number: int, seed: int) -> Outcome:
        """Propose the config of trial `number`, see `Method`."""
        if number < SPREAD and any(p.has_default for p in history.space.parameters.values()):
            config = first_new(history, [starting_config(history.space)])
            if config is not None:
                return Proposal(config, "the defaults")
        return self.choose(history.space, number).propose(history, number, seed)

    def choose(self, space: Space, number: int) -> Method:
        """Choose the method for one trial."""
        return self._sobol if number < SPREAD and len(space) <= MAX_PARAMETERS else self._random

    def plan(self, space: Space) -> str | None:
        """What the method of the first trial says."""
        return self.choose(space, 0).plan(space)
