"""What a run shows while it goes on: a live display on a terminal, plain lines elsewhere, or nothing.

Everything goes to stderr, so that stdout stays free for a program's own output. The wording of values,
configs and failures is `words.py`, which the command line uses too.
"""

import sys
import time
from typing import TYPE_CHECKING, Any, Protocol, TextIO

from tunesmith.errors import printable
from tunesmith.study import words
from tunesmith.trial import State, Trial

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.live import Live

    from tunesmith.study.options import Limits
    from tunesmith.study.study import Study

LINE_EVERY = 10.0  # seconds between plain lines without news


class Progress(Protocol):
    """Is told of a run as it goes on."""

    def start(self, study: "Study", limits: "Limits", notes: list[str]) -> None:
        """The run begins; `notes` are sentences that the user should read."""

    def update(self, study: "Study", running: int, elapsed: float) -> None:
        """Called several times a second; `elapsed` is the study's total run time in seconds."""

    def trial(self, study: "Study", trial: Trial) -> None:
        """A trial has ended."""

    def note(self, text: str) -> None:
        """There is something that the user should read."""

    def finish(self, study: "Study", reason: str) -> None:
        """The run has ended."""


def make_progress(wanted: "bool | Progress") -> Progress:
    """Choose the display: none, the one given, live on a terminal, or plain lines."""
    if not isinstance(wanted, bool):
        return wanted
    if not wanted or _is_gone():
        return Silent()
    return UntilGone(LiveDisplay() if sys.stderr.isatty() else PlainLines())


def _is_gone() -> bool:
    """Whether there is nothing to write to; a program without a console, such as pythonw, never has."""
    return sys.stderr is None or getattr(sys.stderr, "closed", False)


def _is_terminal(stream: TextIO) -> bool:
    try:
        return stream.isatty()
    except (AttributeError, ValueError):  # there is none, or it was closed
        return False


class Silent:
    """Shows nothing."""

    def start(self, study: "Study", limits: "Limits", notes: list[str]) -> None:
        """Nothing."""

    def update(self, study: "Study", running: int, elapsed: float) -> None:
        """Nothing."""

    def trial(self, study: "Study", trial: Trial) -> None:
        """Nothing."""

    def note(self, text: str) -> None:
        """Nothing; `Study.notes` has it."""

    def finish(self, study: "Study", reason: str) -> None:
        """Nothing."""


class UntilGone:
    """Another display, until what it writes to is gone: a closed terminal is no reason to lose a run."""

    def __init__(self, shown: Progress) -> None:
        self._shown = shown

    def _tell(self, what: str, *news: Any) -> None:
        try:
            getattr(self._shown, what)(*news)
        except OSError:
            self._shown = Silent()
        except ValueError:
            if not _is_gone():
                raise
            self._shown = Silent()

    def start(self, study: "Study", limits: "Limits", notes: list[str]) -> None:
        """Tell it."""
        self._tell("start", study, limits, notes)

    def update(self, study: "Study", running: int, elapsed: float) -> None:
        """Tell it."""
        self._tell("update", study, running, elapsed)

    def trial(self, study: "Study", trial: Trial) -> None:
        """Tell it."""
        self._tell("trial", study, trial)

    def note(self, text: str) -> None:
        """Tell it."""
        self._tell("note", text)

    def finish(self, study: "Study", reason: str) -> None:
        """Tell it."""
        self._tell("finish", study, reason)


class PlainLines:
    """One line when the run begins, at each new best, at least every few seconds, and at the end."""

    def __init__(self) -> None:
        self._limits: Limits | None = None
        self._last_line = 0.0
        self._best: int | None = None
        self._began = time.monotonic()

    def _say(self, text: str) -> None:
        print(printable(text), file=sys.stderr, flush=True)
        self._last_line = time.monotonic()

    def start(self, study: "Study", limits: "Limits", notes: list[str]) -> None:
        """Say what is going to happen."""
        self._limits = limits
        best = study.history.best
        self._best = None if best is None else best.number
        for line in [words.opening(study, limits), *notes]:
            self._say(line)

    def update(self, study: "Study", running: int, elapsed: float) -> None:
        """Say a line when none was said for a while."""
        self._began = time.monotonic() - elapsed
        if time.monotonic() - self._last_line >= LINE_EVERY:
            self._say(self._status(study))

    def trial(self, study: "Study", trial: Trial) -> None:
        """Say a line when this is a new best, or the first failure of its kind."""
        best = study.history.best
        if best is not None and best.number == trial.number != self._best:
            self._best = best.number
            self._say(f"{self._status(study)}: {words.config(study.space, best.config)}")
        elif trial.failure is not None and study.history.states[State.FAILED] == 1:
            self._say(f"Trial {trial.number} failed: {trial.failure.message}")

    def note(self, text: str) -> None:
        """Say it."""
        self._say(text)

    def _status(self, study: "Study") -> str:
        assert self._limits is not None
        return words.status(study, self._limits, time.monotonic() - self._began)

    def finish(self, study: "Study", reason: str) -> None:
        """Say how it ended."""
        for line in words.closing(study, reason):
            self._say(line)


class LiveDisplay:
    """A bar, the best so far with its config, the rate, the time left and the failures, redrawn in place."""

    def __init__(self) -> None:
        self._live: Live | None = None
        self._limits: Limits | None = None
        self._running = 0
        self._began = self._started = time.monotonic()
        self._done_before = 0

    def start(self, study: "Study", limits: "Limits", notes: list[str]) -> None:
        """Say what is going to happen, and begin to draw."""
        from rich.console import Console
        from rich.live import Live

        self._limits = limits
        self._started = time.monotonic()
        self._done_before = study.history.finished
        console = Console(stderr=True)
        for line in [words.opening(study, limits), *notes]:
            console.print(printable(line), markup=False, highlight=False)
        self._live = Live(
            console=console,
            get_renderable=lambda: self._draw(study),
            refresh_per_second=4,
            transient=True,
            # Rich would print above the display, on stderr, what is meant for a file or a pipe.
            redirect_stdout=_is_terminal(sys.stdout),
        )
        self._live.start()

    def update(self, study: "Study", running: int, elapsed: float) -> None:
        """Note what the next redraw shows."""
        self._running, self._began = running, time.monotonic() - elapsed

    def trial(self, study: "Study", trial: Trial) -> None:
        """Nothing: the next redraw shows it."""

    def note(self, text: str) -> None:
        """Say it above the display."""
        if self._live is not None:
            self._live.console.print(printable(text), markup=False, highlight=False)

    def _draw(self, study: "Study") -> "RenderableType":
        from rich.console import Group
        from rich.progress_bar import ProgressBar
        from rich.table import Table
        from rich.text import Text

        assert self._limits is not None
        elapsed = time.monotonic() - self._began  # also while a trial runs, when nothing updates it
        done, total = words.position(study, self._limits, elapsed)
        rate = self._rate(study)
        head: Any = Table.grid(padding=(0, 2))
        head.add_row(
            ProgressBar(total=total or 1.0, completed=done if total else 0.0, width=32, pulse=not total),
            Text(words.counts(study, self._limits, self._running)),
            Text(words.rate(rate)),
            Text(words.time_left(study, self._limits, elapsed, rate, self._running)),
        )
        lines: list[RenderableType] = [head]
        best = study.history.best
        if best is not None:
            lines.append(
                Text.assemble(
                    ("best ", "bold"),
                    (f"{words.number(best.value)}", "bold green"),
                    f"  {words.which(study, best)}  {words.config(study.space, best.config)}",
                )
            )
        lines += [Text(line, style="yellow") for line in words.failures(study)]
        return Group(*lines)

    def _rate(self, study: "Study") -> float:
        done = study.history.finished - self._done_before
        return done / max(time.monotonic() - self._started, 1e-9)

    def finish(self, study: "Study", reason: str) -> None:
        """Stop drawing and say how it ended."""
        if self._live is None:
            return
        self._live.stop()
        for line in words.closing(study, reason):
            self._live.console.print(printable(line), markup=False, highlight=False)
