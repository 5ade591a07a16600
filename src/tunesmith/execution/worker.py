"""Runs one job and turns whatever happens into one event. Nothing of the objective's outlives it here.

This is the only place with a broad `except`: the objective is the user's code and may raise anything.
The process round it is in `process_worker.py`; what it is called with in `handle.py` and `values.py`.
"""

import gc
import pickle
import time
import traceback
from dataclasses import replace
from pathlib import Path

from tunesmith.errors import ObjectiveError, printable
from tunesmith.execution.base import Answer, Ended, Event, Failed, Finished, Job
from tunesmith.execution.handle import Send, TrialHandle
from tunesmith.execution.memory import resident
from tunesmith.execution.values import Call, TrialFailed, as_float, not_finite
from tunesmith.trial import Failure, FailureKind

LONGEST_MESSAGE = 500  # characters of a failure's one line
LONGEST_TRACEBACK = 20_000  # characters; a longer one loses its middle
WORTH_A_COLLECTION = 1.0  # seconds of run time beside which a pass of the garbage collector is nothing
MUCH_GROWTH = 64 * 2**20  # bytes that the process may have grown by since the last pass
_OURS = str(Path(__file__).parent)


def run_job(call: Call, job: Job, send: Send) -> Event:
    """Run one job to its end.

    Args:
        call: Calls the objective with (config, handle), see `values.adapt`.
        job: What to run.
        send: Takes a report and answers it.

    Returns:
        Finished, Failed, or Ended when a report was answered END, whatever the objective did then.

    Raises:
        BaseException: What `send` raised, whatever the objective made of it: that is not the objective's.
    """
    door = _Door(send)
    handle = TrialHandle.of(job, door)
    began = time.monotonic()
    event: Event
    try:
        value = call(dict(job.config), handle)  # a dict of its own
        if handle.error is not None:
            raise handle.error  # a library in between has swallowed it, or made another of it
        event = _of_value(job.number, value, handle)
        value = None
    except BaseException as error:
        mistake = handle.error if isinstance(error, Exception) else None
        event = _of_error(job.number, mistake or error, handle)
        _forget_frames(error)
    handle.end()
    if door.problem is not None:
        raise door.problem
    _cleaner.after_trial(time.monotonic() - began)
    return event


class _Cleaner:
    """Collects what a trial left in cycles, which models are full of, before the next one needs the room.

    Python itself goes by the number of objects, whatever memory they hold.
    """

    def __init__(self) -> None:
        self._size = resident()

    def after_trial(self, seconds: float) -> None:
        # A GPU's memory does not show in the size of the process, hence the first test.
        if gc.isenabled() and (seconds > WORTH_A_COLLECTION or resident() > self._size + MUCH_GROWTH):
            gc.collect()
            self._size = resident()


_cleaner = _Cleaner()


class _Door:
    """Passes reports on, and keeps what went wrong on our side of the door."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.problem: BaseException | None = None

    def __call__(self, step: int, value: float) -> Answer:
        try:
            return self._send(step, value)
        except BaseException as problem:
            self.problem = problem
            raise


def _of_value(number: int, value: object, handle: TrialHandle) -> Event:
    if handle.stop_requested:
        return Ended(number, handle.used)
    plain = as_float(value)
    failure = not_finite(plain)
    if failure:
        return Failed(number, failure, at=handle.paid)
    return Finished(number, plain, handle.at, handle.used)


def _of_error(number: int, error: BaseException, handle: TrialHandle) -> Event:
    if handle.stop_requested and isinstance(error, (Exception, SystemExit)):
        return Ended(number, handle.used)
    if isinstance(error, TrialFailed):
        return Failed(number, error.failure, at=handle.paid)
    failure = failure_of(error)
    if isinstance(error, ObjectiveError):
        return Failed(number, failure, is_bug=True)
    if isinstance(error, (Exception, SystemExit)):
        return Failed(number, failure, at=handle.paid)
    return Failed(number, failure, error=error)


def failure_of(error: BaseException) -> Failure:
    """What is kept of an exception: its kind and its texts, of bounded length."""
    # CUDA's and other libraries' own errors for "no memory" are no MemoryError, but are named alike.
    names = {c.__name__ for c in type(error).__mro__}
    is_memory = isinstance(error, MemoryError) or "OutOfMemoryError" in names
    return Failure(FailureKind.MEMORY if is_memory else FailureKind.ERROR, one_line(error), text_of(error))


def one_line(error: BaseException) -> str:
    """Say in one line what was raised."""
    if isinstance(error, SystemExit):
        return f"the objective called sys.exit({'' if error.code is None else repr(error.code)})"
    if isinstance(error, ObjectiveError):
        return str(error)
    try:
        text = printable(" ".join(str(error).split()))
    except Exception:  # a user's __str__ may raise as well
        text = "(its text cannot be made)"
    if len(text) > LONGEST_MESSAGE:
        text = text[: LONGEST_MESSAGE - 1] + "…"
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def text_of(error: BaseException) -> str:
    """Traceback as text, without the frames of ours that lie above the objective."""
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename.startswith(_OURS):
        trace = trace.tb_next
    try:
        text = "".join(traceback.format_exception(type(error), error, trace))
    except Exception as problem:
        text = f"(the traceback of a {type(error).__name__} cannot be shown: {type(problem).__name__})"
    if len(text) > LONGEST_TRACEBACK:
        half = LONGEST_TRACEBACK // 2
        text = f"{text[:half]}\n  ... {len(text) - 2 * half} characters left out ...\n{text[-half:]}"
    return text


def _forget_frames(error: BaseException) -> None:
    # A frame that holds its own exception is a cycle, and keeps the objective's arrays until the garbage
    # collector happens to run.
    seen: set[int] = set()
    todo: list[BaseException | None] = [error]
    while todo:
        link = todo.pop()
        if link is None or id(link) in seen:
            continue
        seen.add(id(link))
        if link.__traceback__ is not None:
            traceback.clear_frames(link.__traceback__)
            link.__traceback__ = None
        todo += [link.__cause__, link.__context__]


def run_pickled(call: Call, number: int, data: bytes, send: Send) -> Event:
    """Run a pickled job, as `run_job` does; one that cannot be unpickled here is a mistake of the user's."""
    try:
        job: Job = pickle.loads(data)
    except Exception as error:
        wrong = f"the config of trial {number} cannot be read in a worker process: {one_line(error)}"
        return Failed(number, Failure(FailureKind.ERROR, wrong, text_of(error)), is_bug=True)
    return run_job(call, job, send)


def dumps(event: Event) -> bytes:
    """Pickle an event; an exception in it that cannot be pickled is replaced by one that names it."""
    if not isinstance(event, Failed) or event.error is None:
        return pickle.dumps(event)
    import cloudpickle

    try:
        data: bytes = cloudpickle.dumps(event)
        pickle.loads(data)
    except Exception:
        stand_in = ObjectiveError(f"the objective raised {event.failure.message}")
        return pickle.dumps(replace(event, error=stand_in))
    return data
