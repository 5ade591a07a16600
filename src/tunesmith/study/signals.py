"""Ctrl+C and SIGTERM while a run goes on."""

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType

ENDS = (signal.SIGINT, signal.SIGTERM)


class Signals:
    """Both signals during a run: noted, and raised only where a trial runs in this process."""

    def __init__(self) -> None:
        self.count = 0
        self.terminated = False
        self._raise_now = False

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if number == signal.SIGTERM:
            self.terminated = True
        self.count += 1
        if self.count > 2:  # whoever swallows KeyboardInterrupt cannot hold the user up
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            signal.raise_signal(signal.SIGINT)
        if self._raise_now or self.count > 1:
            raise KeyboardInterrupt

    @contextlib.contextmanager
    def installed(self) -> Iterator[None]:
        """Handle both signals, where that is possible: in the main thread."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        # None is the handler of a program around Python, which could not be put back.
        before = {s: signal.signal(s, self._handle) for s in ENDS if signal.getsignal(s) is not None}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    @contextlib.contextmanager
    def interrupting(self, runs_here: bool) -> Iterator[None]:
        """While the objective runs in this process, a signal interrupts it."""
        self._raise_now = runs_here
        try:
            yield
        finally:
            self._raise_now = False
