"""WarmWorker: one worker process as its parent sees it. Started once, given jobs one by one, ended for good.

What the process does is `process_worker.py`; which worker gets which job, and what its death means, is
`processes.py`. Only for systems with process groups (Linux, macOS).
"""

import os
import pickle
import re
import signal
import subprocess
import sys
import tempfile
import time
import weakref
from collections.abc import Iterable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from multiprocessing.connection import Pipe
from pathlib import Path
from typing import IO

from tunesmith.errors import OptionError, message
from tunesmith.execution.base import Answer, Event, Job
from tunesmith.execution.limits import thread_shares
from tunesmith.execution.output import Output, shares_terminal
from tunesmith.execution.process_worker import Began, Ready, Reported
from tunesmith.execution.script import guarded_script
from tunesmith.execution.words import of_signal

Message = Ready | Began | Reported | Event

GRACE = 0.3  # seconds that descendants get between SIGTERM and SIGKILL, to remove what they left on disk
UNKILLABLE = 10.0  # seconds after which a process that does not even die of SIGKILL is left to itself
LAST_WORDS = 4000  # characters of a dead worker's stderr that are kept
_OURS = re.compile(rf'  File "({re.escape(str(Path(__file__).parent))}.*|<string>)", line \d+ in ')
_START = (
    "import sys; sys.path[:] = sys.argv[6:]; "
    "from tunesmith.execution.process_worker import main; del sys.argv[6:]; main()"
)


@dataclass(eq=False)
class Task:
    """A job with what was found out about it.

    Args:
        job: The job.
        data: The job pickled.
        starts: How many workers died before they could begin it.
        began: When the objective was called, on the monotonic clock; None before.
        held: Bytes that the worker held then.
        was_ended: Whether a report was answered END.
    """

    job: Job
    data: bytes
    starts: int = 0
    began: float | None = None
    held: int = 0
    was_ended: bool = False


class Launch:
    """All that is needed to start workers of one executor.

    Args:
        objective: The objective pickled. It is written to a file without a name, so that it is sent once,
            is not kept in memory and is gone when the last process is.
        workers: How many workers share the cores.
        memory: Limit of a trial's memory in bytes; 0 for none.

    Raises:
        OptionError: There is no place for such a file.
    """

    def __init__(self, objective: bytes, workers: int, memory: int) -> None:
        _hold_standard_descriptors()
        self.payload = _written(objective)
        self.environment = thread_shares(os.environ, workers)
        self.memory = memory
        self.path = [p for p in sys.path if isinstance(p, str)]
        self.folder = os.getcwd()
        self.arguments = list(sys.argv) if hasattr(sys, "argv") else [""]
        self.script = guarded_script()

    def close(self) -> None:
        """Let go of the file."""
        self.payload.close()


def _hold_standard_descriptors() -> None:
    # Where a program has closed them, the next files that are opened get their numbers. One of ours would be
    # stdin or stdout to the processes that are started.
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # the lowest number that is free


def _written(objective: bytes) -> IO[bytes]:
    try:
        with ExitStack() as leaving:
            file: IO[bytes] = leaving.enter_context(tempfile.TemporaryFile())
            file.write(objective)
            file.flush()
            leaving.pop_all()
            return file
    except OSError as error:
        wrong = (
            f"the objective ({len(objective):,} bytes with its data) cannot be written for worker processes"
        )
        fix = "Set TMPDIR to a folder with space, or load large data inside the objective."
        raise OptionError(message(f"{wrong}: {error.strerror}", fix=fix)) from error


def interpreter_flags() -> list[str]:
    """Flags that make another interpreter behave as this one does: -O, -W and so on."""
    flags = ["-P"]  # do not import from the working directory unless sys.path says so
    if sys.flags.optimize:
        flags.append("-" + "O" * sys.flags.optimize)
    for name, flag in (("isolated", "-I"), ("ignore_environment", "-E"), ("no_user_site", "-s")):
        if getattr(sys.flags, name):
            flags.append(flag)
    flags += [f"-W{option}" for option in sys.warnoptions]
    flags += [f"-X{k}" if v is True else f"-X{k}={v}" for k, v in sys._xoptions.items()]
    return flags


class WarmWorker:
    """One worker process.

    Args:
        launch: What to start.
    """

    def __init__(self, launch: Launch) -> None:
        self.task: Task | None = None
        self.is_ready = False
        self.pidfd = -1
        # Takes stderr until it is ready, then the traceback of a crash.
        self.notes: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - open as long as we are
        self.connection, theirs = Pipe()
        reading, self.lifeline = os.pipe()
        self.output = Output() if shares_terminal() else None
        stderr = os.dup(2 if self.output is None else self.output.writing)
        _alive.add(self)
        passed = (theirs.fileno(), reading, stderr, launch.payload.fileno())
        numbers = map(str, (*passed, launch.memory))
        try:
            self.process = subprocess.Popen(
                [sys.executable, *interpreter_flags(), "-c", _START, *numbers, *launch.path],
                stdin=subprocess.DEVNULL,
                stdout=stderr if self.output is not None and os.isatty(1) else None,
                stderr=self.notes,
                pass_fds=passed,
                cwd=launch.folder,
                env={**os.environ, **launch.environment},
                start_new_session=True,
            )
        except OSError:
            _let_go(self)
            raise
        finally:
            theirs.close()
            os.close(reading)
            os.close(stderr)
        if hasattr(os, "pidfd_open"):
            self.pidfd = os.pidfd_open(self.process.pid)
        with suppress(BrokenPipeError):  # if it died at once, `receive` says so
            self.connection.send((launch.arguments, launch.script))

    def give(self, task: Task) -> None:
        """Send a job.

        Raises:
            OSError: The process has died.
        """
        self.task = task
        self.connection.send_bytes(pickle.dumps((task.job.number, task.data)))

    def receive(self) -> Message | None:
        """Take the next message; None when the process has closed the connection, which only the dead do."""
        try:
            data: Message = self.connection.recv()
        except (EOFError, ConnectionResetError):
            return None
        return data

    def answer(self, answer: Answer) -> None:
        """Answer a report."""
        with suppress(BrokenPipeError, ConnectionResetError):  # its death is seen in its turn
            self.connection.send(answer)

    @property
    def is_dead(self) -> bool:
        """Whether the process has ended. It is not reaped by this, so that its group keeps its number."""
        if self.process.returncode is not None:
            return True
        if not hasattr(os, "waitid"):  # macOS before Python 3.13
            return self.process.poll() is not None
        try:
            flags = os.WEXITED | os.WNOHANG | os.WNOWAIT
            return os.waitid(os.P_PID, self.process.pid, flags) is not None
        except ChildProcessError:  # somebody else reaps children here
            return self.process.poll() is not None

    def wait_for_death(self) -> None:
        """Wait for the process to end: its connection closes a moment before there is an exit code."""
        deadline = time.monotonic() + 1.0
        while not self.is_dead and time.monotonic() < deadline:
            time.sleep(0.001)

    def death(self) -> str:
        """Say in words how the ended process died."""
        code = self.process.returncode
        if code >= 0:
            return f"its process ended with exit code {code} before it returned"
        return f"its process was ended by {of_signal(-code)}"

    def last_words(self) -> str:
        """What the process wrote to stderr before it was ready, or the user's lines where it crashed."""
        size = os.fstat(self.notes.fileno()).st_size
        start = max(0, size - LAST_WORDS)
        text = os.pread(self.notes.fileno(), LAST_WORDS, start).decode(errors="replace")
        text = text.partition("\nExtension modules:")[0]
        return "\n".join(line for line in text.splitlines() if not _OURS.match(line)).strip()


_alive: "weakref.WeakSet[WarmWorker]" = weakref.WeakSet()


def _forget_in_child() -> None:
    # A process that the parent forks must not hold the lifelines open when the parent dies.
    for worker in list(_alive):
        _let_go(worker)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_in_child)


def end(workers: Iterable[WarmWorker], *, patience: float = 0.0) -> None:
    """End processes with their descendants, and reap them.

    Args:
        workers: Which.
        patience: Seconds that those without a job get to leave by themselves, so that what the objective
            registered with `atexit` runs.
    """
    workers = list(workers)
    for worker in workers:
        if patience and worker.is_ready and worker.task is None:
            worker.connection.close()
        else:
            _signal(worker.process.pid, signal.SIGKILL)
    deadline = time.monotonic() + patience
    for worker in workers:
        while not worker.is_dead and time.monotonic() < deadline:
            time.sleep(0.002)
    for worker in workers:
        _signal(worker.process.pid, signal.SIGKILL)
        _signal(-worker.process.pid, signal.SIGTERM)  # not reaped yet, so the group's number is still ours
        with suppress(subprocess.TimeoutExpired):  # a driver may keep it, and nothing can be done then
            worker.process.wait(UNKILLABLE)
    deadline = time.monotonic() + GRACE
    for worker in workers:
        while _signal(-worker.process.pid, 0) and time.monotonic() < deadline:
            time.sleep(0.002)
        _signal(-worker.process.pid, signal.SIGKILL)
        if worker.output is not None:
            worker.output.close()
        _let_go(worker)


def _let_go(worker: WarmWorker) -> None:
    worker.connection.close()
    worker.notes.close()
    if worker.output is not None:
        worker.output.let_go()
    for fd in (worker.lifeline, worker.pidfd):
        if fd >= 0:
            os.close(fd)
    worker.lifeline = worker.pidfd = -1


def _signal(pid: int, number: int) -> bool:
    # Answers whether there is such a process, or group when pid is negative.
    try:
        os.kill(pid, number)
    except (ProcessLookupError, PermissionError):  # macOS forbids to signal a group of zombies
        return False
    return True
