"""Output: what a worker process prints on a terminal, handed on in whole lines through this process.

Two processes that write to one terminal tear each other's lines, and a display that is redrawn in place
(`study.progress`) is torn by any of them. Through `sys.stderr` of this process, which rich looks after while
it draws, each line comes above the display. Where stderr is no terminal, workers write to it themselves.
"""

import os
import sys
from contextlib import suppress

AT_ONCE = 65536  # bytes taken in one go, as many as a pipe holds


class Output:
    """The end of a pipe that a worker writes to instead of a terminal; `fileno` is for selectors."""

    def __init__(self) -> None:
        # The writing end stays open here: a worker that closes its own must not make this one ready for ever.
        self._reading, self.writing = os.pipe()
        os.set_blocking(self._reading, False)
        self._rest = b""

    def fileno(self) -> int:
        """The end to wait for."""
        return self._reading

    def hand_on(self) -> None:
        """Print the whole lines that have come; the beginning of another waits for its end."""
        with suppress(BlockingIOError):
            *lines, rest = (self._rest + os.read(self._reading, AT_ONCE)).split(b"\n")
            self._rest = rest.rpartition(b"\r")[2]  # bars that are drawn over and over: the last counts
            _print(lines)

    def close(self) -> None:
        """Print what is left, and let go of the pipe."""
        with suppress(BlockingIOError):
            while data := os.read(self._reading, AT_ONCE):
                self._rest += data
        *lines, rest = self._rest.split(b"\n")
        _print([*lines, rest] if rest else lines)
        self.let_go()

    def let_go(self) -> None:
        """Let go of the pipe."""
        for fd in (self._reading, self.writing):
            if fd >= 0:
                os.close(fd)
        self._reading = self.writing = -1


def shares_terminal() -> bool:
    """Whether what this process says goes to a terminal, to which its workers would write as well."""
    # While rich draws, it stands before stderr, and before its version 15 says that this is no terminal.
    stderr = getattr(sys.stderr, "rich_proxied_file", sys.stderr)
    try:
        return bool(stderr.isatty()) and os.isatty(2)
    except (AttributeError, OSError, ValueError):  # there is none, or it was closed
        return False


def _print(lines: list[bytes]) -> None:
    text = "".join(_last_drawn(line).decode(errors="replace") + "\n" for line in lines)
    # Whoever reads it may have gone, and it may have been closed: no reason to lose a run.
    with suppress(AttributeError, OSError, ValueError):
        sys.stderr.write(text)
        sys.stderr.flush()


def _last_drawn(line: bytes) -> bytes:
    return line.rstrip(b"\r").rpartition(b"\r")[2]
