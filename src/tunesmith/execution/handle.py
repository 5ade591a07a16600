"""TrialHandle: what an objective gets as its second argument.

It knows nothing of studies or stores: whoever runs the objective gives it a function that takes a report and
answers it. How the objective is called is in `values.py`, how a job is run in `worker.py`.
"""

import operator
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from tunesmith.errors import ObjectiveError, message
from tunesmith.execution.base import Answer
from tunesmith.execution.values import as_float

Send: TypeAlias = Callable[[int, float], Answer]
"""Takes (step, value) of a report and answers it."""


class TrialHandle:
    """A running trial as its objective sees it.

    Args:
        number: Number of the trial.
        attempt: Which attempt to run it this is, from 1.
        config: Values of the active parameters.
        seed: A number for the objective's own randomness; the same for every attempt.
        folder: Directory for checkpoints; empty when there is none.
        send: Takes a report and answers it.

    Example:
        >>> handle = TrialHandle(0, 1, {"x": 2}, send=lambda step, value: Answer.END)
        >>> handle.report(0.5)
        >>> handle.stop_requested
        True
    """

    def __init__(
        self,
        number: int,
        attempt: int,
        config: Mapping[str, Any],
        seed: int = 0,
        folder: str | Path = "",
        *,
        send: Send,
    ) -> None:
        self.number = number
        self.attempt = attempt
        self.config: dict[str, Any] = dict(config)
        self.seed = seed
        self._folder = str(folder)
        self._send = send
        self._last_step = 0
        self._stop_requested = False
        self._lock = threading.Lock()  # training libraries report from threads of their own

    @property
    def has_folder(self) -> bool:
        """Whether there is a place for the trial's files."""
        return bool(self._folder)

    @property
    def folder(self) -> Path:
        """Directory for checkpoints, the same for every attempt; it is made when first asked for.

        Raises:
            ObjectiveError: The study has no place for files.
        """
        if not self._folder:
            raise ObjectiveError(
                message(
                    f"trial {self.number} has no folder, as its study has no place for files",
                    fix='Give the study a store, for example store="tune.db".',
                )
            )
        path = Path(self._folder)
        path.mkdir(parents=True, exist_ok=True)
        return path

    @property
    def stop_requested(self) -> bool:
        """Whether the objective should return now; what it returns then is not used."""
        return self._stop_requested

    def report(self, value: Any, step: int | None = None) -> None:
        """Report an intermediate value, so that it is kept and a scheduler can judge the trial.

        Args:
            value: What was measured, a number in the direction of the study; may be NaN.
            step: How far the trial is, 1 or more and above the last step; None for the step after the last.

        Raises:
            ObjectiveError: The value is no number, or the step does not rise.
        """
        number = as_float(value, "trial.report() was given")
        with self._lock:
            step = self._next_step(step)
            if not self._stop_requested:
                self._stop_requested = self._send(step, number) is Answer.END
            self._last_step = step

    def _next_step(self, step: int | None) -> int:
        if step is None:
            return self._last_step + 1
        try:
            plain = -1 if isinstance(step, bool) else operator.index(step)
        except TypeError:
            plain = -1
        if plain <= self._last_step:
            raise ObjectiveError(
                message(
                    f"trial {self.number}: the steps of reports must rise",
                    allowed=f"a whole number of {self._last_step + 1} or more",
                    given=repr(step),
                    fix="Steps count from 1: the value after the first epoch belongs to step 1.",
                )
            )
        return plain

    def __reduce__(self) -> str:
        """Refuse to be pickled."""
        raise TypeError(
            message(
                "a running trial cannot be sent to another process",
                fix="Send its config, return values from there, and report them here.",
            )
        )

    def __repr__(self) -> str:
        """Number, attempt and config."""
        return f"TrialHandle(number={self.number}, attempt={self.attempt}, config={self.config!r})"
