"""Methods that go through a list of configs which depends on the space alone (`manual.py`, `walk.py`)."""

from dataclasses import dataclass
from typing import Any

from tunesmith.history import History
from tunesmith.learning.caching import PerHistory
from tunesmith.methods.base import Outcome, Proposal, UsedUp
from tunesmith.space import Config, Key, Space
from tunesmith.wording import all_of, counted


@dataclass(frozen=True, slots=True)
class Listed:
    """One config of a list.

    Args:
        config: A config that fits the space and meets its constraints.
        reason: Why it is in the list, one sentence.
        key: Its identity.
    """

    config: Config
    reason: str
    key: Key


@dataclass
class _Cursor:
    """A list, and the position before which all configs have been tried."""

    constraints: int
    entries: list[Listed]
    next: int = 0


class ListMethod:
    """Proposes the configs of a list in order, each once."""

    name = "list"
    noun = "list"

    def __init__(self) -> None:
        self._cursors: PerHistory[_Cursor] = PerHistory()

    @property
    def settings(self) -> dict[str, Any]:
        """Arguments that make the same method again, as JSON values."""
        raise NotImplementedError

    def entries(self, space: Space) -> list[Listed]:
        """Make the list for a space; equal configs may be in it more than once.

        Raises:
            ConfigError: A config that was given does not fit the space or breaks a constraint.
            OptionError: The list cannot be made for this space.
        """
        raise NotImplementedError

    def propose(self, history: History, number: int, seed: int) -> Outcome:
        """Propose the config of trial `number`, see `Method`."""
        constraints = len(history.space.constraints)
        cursor = self._cursors.get(
            history,
            lambda: _Cursor(constraints, self.entries(history.space)),
            lambda cursor: cursor.constraints == constraints,
        )
        while cursor.next < len(cursor.entries):
            entry = cursor.entries[cursor.next]
            if entry.key not in history:
                return Proposal(dict(entry.config), entry.reason)
            cursor.next += 1
        tried = (f"of the {self.noun} has been tried.", f"of the {self.noun} have been tried.")
        return UsedUp(all_of(_different(cursor.entries), "config", *tried).capitalize())

    def plan(self, space: Space) -> str | None:
        """Say how many configs there are; raises as `entries` does."""
        entries = self.entries(space)
        total = _different(entries)
        text = f"The {self.noun} has {counted(total, 'config')}."
        return text if total == len(entries) else f"{text} Equal ones are run once."


def _different(entries: list[Listed]) -> int:
    return len({entry.key for entry in entries})
