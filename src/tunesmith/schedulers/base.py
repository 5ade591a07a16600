"""The contract of a scheduler: how far each trial goes, and which one a free worker gets.

1. A scheduler is a pure function of the history (trials with their reports and states, `history.fidelity`,
   `history.seed`). It keeps no state that matters: an object made anew from its settings decides the same, so
   that nothing is lost when a process dies. Caches may only speed it up (`learning/caching.py`,
   `history.changes`).
2. `next` is asked when a worker is free: a PAUSED trial to go on with, a new one to start, or None when there
   is nothing to do before a trial under way reports. Enqueued and given-back trials come first, without
   asking. If another process takes the trial or the number meanwhile, it is asked anew.
3. `propose` gives the config that a new trial would have, or None when there is none to be had: the space is
   used up, or all trials of the run are started. It is asked of the method when first called, and only then.
   A scheduler answers Start only after `propose` gave a config, and never calls `propose` when it resumes
   for reasons that no config can change (asking may take a method long).
4. `target` says how far a trial goes, from where its last report stands, before anybody is asked again: a
   step above its last one; None for the end (`history.fidelity.high`, which may be unknown). It depends on
   nothing that changes while the trial runs, so that it is the same after a kill. Objectives that read
   `trial.fidelity` are run to exactly there.
5. `after_report` is asked when a running trial has reached its target with a finite value (with another it
   has failed, and nobody is asked), never at `high`, where every trial is COMPLETE. It answers CONTINUE (on
   to the next target), PAUSE (keep the checkpoint; it may be resumed) or STOP (for good), with a reason in
   words that is kept with the trial:
   "paused at epoch 9: rank 5 of 9, the best 3 go on to epoch 27".
6. Values that are not finite, and failures, count as the worst. They never change what is decided about
   other trials, except that there is one more that they are better than.
7. With `fidelity.resumable` False a trial that is resumed trains anew from step 1 and pays for it: a
   scheduler stops rather than pauses where it has the choice.
8. When `propose` has no more to give and nothing is due, a scheduler goes on with the best trial as long as
   none has gone all the way: a study ends with one that has.

Losses are `history.loss_at` and `history.curve`: always to be minimised.
`tunesmith.testing.SchedulerContract` checks these rules on any scheduler.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol, TypeAlias

from tunesmith.fidelity import Fidelity
from tunesmith.history import History
from tunesmith.space import Config
from tunesmith.trial import Trial


class Action(StrEnum):
    """What a trial does after a report."""

    CONTINUE = "continue"
    PAUSE = "pause"
    STOP = "stop"


@dataclass(frozen=True, slots=True)
class Decision:
    """Answer to a report.

    Args:
        action: What the trial does now.
        reason: One sentence without a full stop; empty for CONTINUE.
    """

    action: Action = Action.CONTINUE
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Start:
    """Start a new trial, with the config that `propose` gives.

    Args:
        reason: Why not go on with another, kept behind the method's own reason; may be empty.
    """

    reason: str = ""


@dataclass(frozen=True, slots=True)
class Resume:
    """Go on with a PAUSED trial.

    Args:
        number: Number of the trial.
        reason: One sentence without a full stop; kept with the trial.
    """

    number: int
    reason: str


Next: TypeAlias = Start | Resume | None
Propose: TypeAlias = Callable[[], Config | None]


class Scheduler(Protocol):
    """Decides how far each trial goes; the rules are at the top of this file."""

    @property
    def name(self) -> str:
        """Word by which the registry knows it."""

    @property
    def settings(self) -> dict[str, Any]:
        """Arguments that make the same scheduler again, as JSON values; kept with the study."""

    def plan(self, fidelity: Fidelity) -> str | None:
        """Say before the start what it is going to do, for example at which steps trials are compared.

        Raises:
            OptionError: It cannot work with this fidelity.
        """

    def next(self, history: History, propose: Propose) -> Next:
        """Decide what a free worker does."""

    def target(self, history: History, trial: Trial) -> int | None:
        """How far a trial goes from its last report, or from nothing, before `after_report` is asked."""

    def after_report(self, history: History, trial: Trial) -> Decision:
        """Decide about a running trial whose newest report is the last of `trial.reports`."""
