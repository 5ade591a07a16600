"""NoScheduler: every trial goes all the way. What a study has that names no fidelity."""

from typing import Any

from tunesmith.fidelity import Fidelity
from tunesmith.history import History
from tunesmith.schedulers.base import Decision, Next, Propose, Start
from tunesmith.schedulers.rungs import endless
from tunesmith.trial import Trial


class NoScheduler:
    """Starts trial after trial and never ends one."""

    name = "none"

    @property
    def settings(self) -> dict[str, Any]:
        """None."""
        return {}

    def plan(self, fidelity: Fidelity) -> str | None:
        """Say so where a trial has no end."""
        return endless(fidelity)

    def next(self, history: History, propose: Propose) -> Next:
        """Start a trial, as long as there is a config."""
        return None if propose() is None else Start()

    def target(self, history: History, trial: Trial) -> int | None:
        """To the end."""
        return None

    def after_report(self, history: History, trial: Trial) -> Decision:
        """Go on."""
        return Decision()
