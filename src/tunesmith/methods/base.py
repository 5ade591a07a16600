"""The contract of a method: which config to try next.

1. A method is a pure function of (space, history, seed, trial number). It keeps no state that matters: an
   object made anew from its settings proposes the same. Caches may only speed it up.
2. It returns a config that fits the space, meets its constraints and is in no earlier trial, whatever that
   trial's state; or a marked repeat; or UsedUp when there is none left.
3. It never raises because of what is in the history: constant losses, failures only, infinities, trials
   that no longer fit the space.
4. Trials that are RUNNING or WAITING count as tried, so that workers asking at the same time get different
   configs.
5. It changes nothing that it is given, draws only from `seeds.generator`, and hands out plain Python values.

`tunesmith.testing.MethodContract` checks all of this on any method.
"""

from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from tunesmith.history import History
from tunesmith.space import Config, Space


@dataclass(frozen=True, slots=True)
class Proposal:
    """A config to try.

    Args:
        config: Values of the active parameters, in the order of the space.
        reason: One sentence on why this config; kept with the trial.
        is_repeat: Whether it repeats an earlier config on purpose.
    """

    config: Config
    reason: str
    is_repeat: bool = False


@dataclass(frozen=True, slots=True)
class UsedUp:
    """There is nothing left to try.

    Args:
        words: Why, one sentence for people.
    """

    words: str


Outcome: TypeAlias = Proposal | UsedUp


class Method(Protocol):
    """Decides which config to try next; the rules are at the top of this file."""

    @property
    def name(self) -> str:
        """Word by which the registry knows it."""

    @property
    def settings(self) -> dict[str, Any]:
        """Arguments that make the same method again, as JSON values; kept with the study.

        The registry hands them to the class method `from_settings` where there is one, else to the class.
        """

    def propose(self, history: History, number: int, seed: int) -> Outcome:
        """Propose the config of trial `number`.

        Args:
            history: All trials of the study; `history.space` is the space.
            number: Number that the trial will have, `len(history)`.
            seed: Seed of the study.
        """

    def plan(self, space: Space) -> str | None:
        """Say before the start what the method is going to do, for example how many configs a grid has.

        Returns:
            One sentence or more for people; None when there is nothing to say.
        """
