"""What people ask of a study while it runs: pause, resume, stop, notes on trials.

It is kept in the store, so it reaches the runs of all processes; they look for it between trials.
What is not here: `Study.stop`, which ends the run of this process only.
"""

import math
import time
from typing import TYPE_CHECKING

from tunesmith.errors import OptionError, TellError, message
from tunesmith.store import Control
from tunesmith.study.ledger import Ledger
from tunesmith.study.telling import check_own
from tunesmith.trial import Trial
from tunesmith.whole import whole

if TYPE_CHECKING:
    from tunesmith.execution.handle import TrialHandle
    from tunesmith.study.study import Study

LOOK_EVERY = 0.5  # seconds between looks at what people ask of the study
PAUSED = "The study is paused; it goes on when it is resumed: tunesmith resume, its page, study.resume()."


class Steering:
    """The part of Study that people steer by."""

    ledger: Ledger

    def pause(self) -> None:
        """Have no run of this study, in any process, start a trial before `resume`; those in hand go on."""
        self.ledger.store.pause_study(self.ledger.record.id, True)

    def resume(self) -> None:
        """Let the runs of this study go on."""
        self.ledger.store.pause_study(self.ledger.record.id, False)

    def stop_all(self) -> None:
        """End every run of this study now under way, in any process, after its trials in hand."""
        self.ledger.store.stop_study(self.ledger.record.id)

    def note(self, trial: "TrialHandle | Trial | int", text: str) -> None:
        """Replace the note on a trial, in any state.

        Raises:
            OptionError: The note is no text.
            TellError: The trial is unknown, or another study's.
        """
        if not isinstance(text, str):
            raise OptionError(message("a note must be text", given=repr(text), fix="Write str(...) of it."))
        number = whole(getattr(trial, "number", trial))
        self.ledger.sync()
        if number is not None and 0 <= number < len(self.ledger.history):
            check_own(trial, self.ledger.history[number], self.ledger.record.name)
        if number is None or not self.ledger.store.note(self.ledger.record.id, number, text):
            raise TellError(message("the trial is unknown", given=repr(trial)))
        self.ledger.sync()


class Asked:
    """What people ask of the runs of the study, looked up now and then."""

    def __init__(self, study: "Study") -> None:
        self._study = study
        self._stops = self._read().stops
        self._looked = -math.inf
        self.is_paused = False

    def _read(self) -> Control:
        return self._study.store.get_control(self._study.ledger.record.id)

    def look(self) -> str:
        """Why the run should end; empty for going on."""
        now = time.monotonic()
        if now - self._looked < LOOK_EVERY:
            return ""
        self._looked = now
        control = self._read()
        self.is_paused = control.is_paused
        return "the study was told to stop" if control.stops > self._stops else ""
