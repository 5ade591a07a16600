"""The contract of a scheduler: how far each trial goes.

1. A scheduler is a pure function of the history; what it decided before can be read from the reports.
2. It is asked after each report and answers CONTINUE, PAUSE (keep the checkpoint, the trial may be resumed)
   or STOP (for good), with a reason that is kept with the trial.
3. A NaN report counts as the worst; it never changes what is decided about other trials.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from tunesmith.history import History
from tunesmith.trial import Trial


class Action(StrEnum):
    """What a trial does after a report."""

    CONTINUE = "continue"
    PAUSE = "pause"
    STOP = "stop"


@dataclass(frozen=True, slots=True)
class Decision:
    """Answer to one report.

    Args:
        action: What the trial does now.
        reason: One sentence; empty for CONTINUE.
    """

    action: Action = Action.CONTINUE
    reason: str = ""


class Scheduler(Protocol):
    """Decides how far each trial goes; the rules are at the top of this file."""

    @property
    def name(self) -> str:
        """Word by which the registry knows it."""

    @property
    def settings(self) -> dict[str, Any]:
        """Arguments that make the same scheduler again, as JSON values; kept with the study."""

    def after_report(self, history: History, trial: Trial) -> Decision:
        """Decide about a running trial whose newest report is the last of `trial.reports`."""
