"""The worker process: loads the objective once, then runs the jobs that come over its connection.

Started by `warm.py` in a session of its own. It must start fast, so this file and all that it imports stay
light. What it sends back is below; one job's run is `worker.py`.
"""

import faulthandler
import functools
import io
import mmap
import os
import pickle
import select
import signal
import sys
import threading
import time
import types
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

from tunesmith.execution.base import Answer
from tunesmith.execution.memory import held_by, limited
from tunesmith.execution.script import Script
from tunesmith.execution.values import Call, adapt
from tunesmith.execution.worker import dumps, run_pickled


@dataclass(frozen=True, slots=True)
class Ready:
    """The objective is loaded."""


@dataclass(frozen=True, slots=True)
class Began:
    """The objective is about to be called.

    Args:
        at: `time.monotonic()`, which all processes of a machine share.
        held: Bytes that the process holds already; 0 when there is no memory limit.
    """

    at: float
    held: int


@dataclass(frozen=True, slots=True)
class Reported:
    """An intermediate value; the worker waits for the answer."""

    step: int
    value: float


def main() -> None:
    """Be a worker process; `warm.py` says with which arguments."""
    connection_fd, lifeline, stderr, payload, memory = map(int, sys.argv[1:6])
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is the parent's to decide about
    die_with_parent(lifeline)
    connection: Connection[Any, Any] = Connection(connection_fd)
    try:
        sys.argv[:], script = connection.recv()
        call = adapt(_load(payload, script))
        _hand_over_stderr(stderr)
        connection.send(Ready())
        _serve(connection, call, memory)
    except (EOFError, BrokenPipeError, ConnectionResetError):
        pass  # the parent has closed the connection: the end of the work
    finally:
        _flush()


def _load(payload: int, script: Script | None) -> Any:
    with mmap.mmap(payload, 0, access=mmap.ACCESS_READ) as data:
        objective = pickle.loads(data)
    os.close(payload)
    _fill_main(objective, script)
    return objective


def _fill_main(objective: Any, script: Script | None) -> None:
    # What came from the user's script is pickled by its name in `__main__` when the objective itself uses
    # multiprocessing or saves a model, so it has to be there under that name.
    function = objective
    while isinstance(function, functools.partial):
        function = function.func
    function = getattr(function, "__func__", function)
    if not isinstance(function, types.FunctionType):
        function = type(function).__call__
    names = getattr(function, "__globals__", {})
    if names.get("__name__") == "__main__":
        main_module = vars(sys.modules["__main__"])
        main_module.update({k: v for k, v in names.items() if not k.startswith("__")})
        if script is not None:
            script.stand_for()


def _serve(connection: "Connection[Any, Any]", call: Call, memory: int) -> None:
    pid = os.getpid()

    def send(step: int, value: float) -> Answer:
        if os.getpid() != pid:
            raise RuntimeError("trial.report() was called in a process that the objective forked")
        connection.send(Reported(step, value))
        answer: Answer = connection.recv()
        return answer

    def measured_call(config: dict[str, Any], handle: Any) -> Any:
        # Start-up and unpickling are not the trial's: its time and memory begin here.
        connection.send(Began(time.monotonic(), held_by(pid) if memory else 0))
        with limited(memory) if memory else nullcontext():
            return call(config, handle)

    while True:
        number, data = pickle.loads(connection.recv_bytes())
        event = run_pickled(measured_call, number, data, send)
        if os.getpid() != pid:
            os._exit(0)  # forked by the objective, and came back from it, too: the result is not its to send
        _flush()  # what the trial printed comes before the news of its end
        connection.send_bytes(dumps(event))


def _hand_over_stderr(stderr: int) -> None:
    # Until now stderr went to a file that the parent quotes when the start fails. From here on it is the
    # user's, and the file takes what the interpreter says last when it crashes.
    _flush()
    notes = os.dup(2)
    said = os.pread(notes, os.fstat(notes).st_size, 0)
    os.dup2(stderr, 2)
    os.close(stderr)
    if said:
        os.write(2, said)
    os.ftruncate(notes, 0)
    os.lseek(notes, 0, os.SEEK_SET)
    faulthandler.enable(notes)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)  # whole lines, so that workers' lines do not mix


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        # An objective may have closed or replaced them, and whoever reads them may have gone.
        with suppress(AttributeError, OSError, ValueError):
            stream.flush()


def die_with_parent(lifeline: int) -> None:
    """Arrange that this process and its descendants are killed when the parent dies, at any moment.

    Args:
        lifeline: Reading end of a pipe that only the parent can write to, and never does.
    """
    if sys.platform == "linux":
        import fcntl

        # The kernel itself kills the process group when the pipe breaks, also while C code has the GIL.
        fcntl.fcntl(lifeline, fcntl.F_SETOWN, -os.getpgrp())
        fcntl.fcntl(lifeline, fcntl.F_SETSIG, signal.SIGKILL)
        flags = fcntl.fcntl(lifeline, fcntl.F_GETFL)
        fcntl.fcntl(lifeline, fcntl.F_SETFL, flags | os.O_ASYNC)
        if select.select([lifeline], [], [], 0)[0]:  # it broke before we were armed
            os.killpg(0, signal.SIGKILL)
    else:
        threading.Thread(target=_watch, args=(lifeline, os.getppid()), daemon=True).start()


def _watch(lifeline: int, parent: int) -> None:
    # Not on Linux, where a thread of ours would make every fork in an objective warn (Python 3.12 on).
    while not select.select([lifeline], [], [], 1.0)[0] and os.getppid() == parent:
        pass
    os.killpg(0, signal.SIGKILL)
