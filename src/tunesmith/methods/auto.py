"""The default method: which method proposes which trial. This is the one place to change it.

One method for every number of trials: where trials are so quick that 25 ms for a config are too much, a run
says so and names evolution; by the trial it is no better, not even after 1,000 (README, search quality).
"""

from typing import Any

from tunesmith.history import History
from tunesmith.methods.base import Method, Outcome
from tunesmith.methods.bayes import Bayes
from tunesmith.space import Space


class Auto:
    """Searches by `Bayes`, which is made for every space and stays quick however many trials there are."""

    name = "auto"

    def __init__(self) -> None:
        self._bayes = Bayes()

    @property
    def settings(self) -> dict[str, Any]:
        """None."""
        return {}

    def propose(self, history: History, number: int, seed: int) -> Outcome:
        """Propose the config of trial `number`, see `Method`."""
        return self.choose(history.space, number).propose(history, number, seed)

    def choose(self, space: Space, number: int) -> Method:
        """Choose the method for one trial."""
        return self._bayes

    def plan(self, space: Space) -> str | None:
        """What the method of the first trial says."""
        return self.choose(space, 0).plan(space)
