"""Runs trials in warm worker processes of this machine, each under its own limits.

This file decides which worker gets which job and what its messages, its overtime and its death mean. One
process as seen from here is `warm.py`, the same from inside `process_worker.py`.
"""

import os
import selectors
import signal
import sys
import time
import weakref
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

from tunesmith.errors import ObjectiveError, OptionError, message
from tunesmith.execution import memory
from tunesmith.execution.base import Answer, Ended, Event, Failed, Job, OnReport
from tunesmith.execution.limits import parse_bytes, parse_seconds
from tunesmith.execution.pickling import dump_job, dump_objective
from tunesmith.execution.process_worker import Began, Ready, Reported
from tunesmith.execution.serial import full
from tunesmith.execution.values import adapt
from tunesmith.execution.warm import Launch, Task, WarmWorker, end
from tunesmith.trial import Failure, FailureKind
from tunesmith.whole import whole

LOOK_EVERY = 0.2  # seconds between looks at memory, and at deaths where the system does not tell of them
MOST_STARTS = 3  # workers that may die under one job before it begins
PATIENCE = 2.0  # seconds that idle workers get to leave by themselves when the executor is closed


class ProcessExecutor:
    """Runs jobs in worker processes, several at once.

    A worker is started when it is first needed, loads the objective once and then runs job after job. Each
    is in a process group of its own; whoever ends it ends what the objective started as well. Cores are
    shared out among the workers through the variables in `limits.THREADS`, unless the user set them.

    Args:
        objective: A function of (config) or (config, trial); lambdas, closures, bound methods and what is
            defined in a script or notebook will do.
        workers: How many processes, 1 or more.
        trial_time: Longest run of one trial, in seconds or as text ("10m"); start-up does not count.
        trial_memory: Memory that one trial may take on top of what its worker holds when it begins, in bytes
            or as text ("2GB"). Linux only.

    Raises:
        ObjectiveError: The objective cannot be called with a config, or cannot be sent to a process.
        OptionError: A limit or the number of workers cannot be used, or the system is Windows.
    """

    def __init__(
        self,
        objective: Callable[..., Any],
        workers: int = 1,
        trial_time: float | str | None = None,
        trial_memory: int | str | None = None,
    ) -> None:
        _check_system()
        self._capacity = _check_workers(workers)
        self._time = None if trial_time is None else parse_seconds(trial_time, "trial_time")
        self._memory = 0 if trial_memory is None else parse_bytes(trial_memory, "trial_memory")
        if self._memory:
            memory.check_supported()
        adapt(objective)  # refuses here what every worker would refuse
        self._launch = Launch(dump_objective(objective), self._capacity, self._memory)
        self._workers: set[WarmWorker] = set()
        self._selector = selectors.DefaultSelector()
        # Kept here rather than in `wait`, so that nothing is lost when Ctrl+C interrupts it.
        self._events: list[Event] = []
        self._closed = False
        self._last_look = 0.0
        self._finalizer = weakref.finalize(self, _end_all, self._workers, self._launch, os.getpid())

    @property
    def capacity(self) -> int:
        """Number of workers."""
        return self._capacity

    def submit(self, job: Job) -> None:
        """Start a job in an idle worker, or in a new one.

        Raises:
            ObjectiveError: A value of the config cannot be sent to a process.
        """
        if self._closed:
            raise ObjectiveError(message("the executor is closed", fix="Make another one for each run."))
        if sum(w.task is not None for w in self._workers) >= self._capacity:
            raise full(self._capacity)
        self._place(Task(job, dump_job(job, job.config)))

    def _place(self, task: Task) -> None:
        idle = [w for w in self._workers if w.task is None]
        while idle:
            worker = idle.pop()
            try:
                worker.give(task)
                return
            except OSError:  # it died while it had nothing to do
                self._drop(worker)
        try:
            worker = WarmWorker(self._launch)
        except OSError as error:
            which = f"worker {len(self._workers) + 1} of {self._capacity}"
            wrong = f"{which} cannot be started: {error.strerror}"
            fix = "Say fewer workers, or raise the limit that is named (ulimit -a shows them)."
            raise OptionError(message(wrong, fix=fix)) from error
        self._workers.add(worker)
        self._selector.register(worker.connection, selectors.EVENT_READ, worker)
        if worker.pidfd >= 0:
            self._selector.register(worker.pidfd, selectors.EVENT_READ, worker)
        if worker.output is not None:
            self._selector.register(worker.output, selectors.EVENT_READ, worker)
        with suppress(OSError):  # if it died at once, `wait` finds it, and says why
            worker.give(task)

    def _drop(self, worker: WarmWorker) -> None:
        self._selector.unregister(worker.connection)
        if worker.pidfd >= 0:
            self._selector.unregister(worker.pidfd)
        if worker.output is not None:
            self._selector.unregister(worker.output)
        self._workers.discard(worker)
        end([worker])

    def wait(self, timeout: float, on_report: OnReport) -> list[Event]:
        """Wait until a job ends or `timeout` seconds have passed.

        Raises:
            ObjectiveError: The objective cannot be loaded in a worker process.
        """
        deadline = time.monotonic() + timeout
        while True:
            now = time.monotonic()
            patience = 0.0 if self._events else min(deadline, self._next_look(now)) - now
            ready = self._selector.select(max(0.0, patience))
            self._listen(ready, on_report)
            self._keep_limits(on_report)
            if self._events or time.monotonic() >= deadline:
                events, self._events = self._events, []
                return events

    def _next_look(self, now: float) -> float:
        # When something has to be done that no process will tell us of.
        looks = [w.task.began + self._time for w in self._busy() if self._time and w.task and w.task.began]
        if self._memory or any(w.pidfd < 0 for w in self._workers):
            looks.append(now + LOOK_EVERY)
        return min(looks, default=float("inf"))

    def _busy(self) -> Iterable[WarmWorker]:
        return [w for w in self._workers if w.task is not None]

    def _listen(self, ready: list[tuple[selectors.SelectorKey, int]], on_report: OnReport) -> None:
        printing = {key.data for key, _ in ready if key.fileobj is key.data.output}
        for worker in printing:  # first: what a trial printed comes before the news of its end
            worker.output.hand_on()
        talking = {key.data for key, _ in ready if key.fileobj is key.data.connection}
        for worker in talking:
            self._hear(worker, on_report)
        for worker in {key.data for key, _ in ready if key.fileobj is key.data.pidfd} - talking:
            self._bury(worker)  # dead, and all that it said has been heard

    def _hear(self, worker: WarmWorker, on_report: OnReport) -> None:
        if worker not in self._workers:
            return  # `on_report` cancelled its job a moment ago
        news, task = worker.receive(), worker.task
        if news is None:
            self._bury(worker)
        elif isinstance(news, Ready):
            worker.is_ready = True
        elif task is None:
            raise AssertionError(f"a worker without a job said {news}")
        elif isinstance(news, Began):
            task.began, task.held = news.at, news.held
        elif isinstance(news, Reported):
            answer = on_report(task.job.number, news.step, news.value)
            task.was_ended = task.was_ended or answer is Answer.END
            if worker in self._workers:  # `on_report` may have cancelled the job
                worker.answer(answer)
        else:
            worker.task = None
            self._events.append(news)

    def _keep_limits(self, on_report: OnReport) -> None:
        now = time.monotonic()
        looks = now - self._last_look >= LOOK_EVERY
        for worker in self._busy():
            task = worker.task
            assert task is not None
            if looks and worker.pidfd < 0 and worker.is_dead:
                self._bury(worker)
            elif task.began is None:
                continue
            elif self._time and now > task.began + self._time:
                if worker.connection.poll():
                    self._hear(worker, on_report)  # perhaps it ended in time, and we listen late
                if worker.task is not task or worker not in self._workers:
                    continue
                wrong = f"it ran longer than trial_time ({self._time:g} s) and was ended"
                self._kill(worker, Failure(FailureKind.TIMEOUT, wrong))
            elif looks and self._memory:
                held = memory.used_by(worker.process.pid, task.held + self._memory) - task.held
                if held > self._memory:
                    wrong = (
                        f"it held {held:,} bytes, more than trial_memory ({self._memory:,}), and was ended"
                    )
                    self._kill(worker, Failure(FailureKind.MEMORY, wrong))
        if looks:
            self._last_look = now

    def _kill(self, worker: WarmWorker, failure: Failure) -> None:
        task = worker.task
        assert task is not None
        self._drop(worker)
        self._fail(task, failure)

    def _fail(self, task: Task, failure: Failure) -> None:
        number = task.job.number
        self._events.append(Ended(number) if task.was_ended else Failed(number, failure))

    def _bury(self, worker: WarmWorker) -> None:
        """Find out what the death of a worker means for its job."""
        if worker not in self._workers:
            return
        task = worker.task
        worker.wait_for_death()
        words = worker.last_words()
        self._drop(worker)
        if task is None:
            return
        if task.began is None:
            task.starts += 1
            failed_to_load = not worker.is_ready and worker.process.returncode >= 0
            if not failed_to_load and task.starts < MOST_STARTS:
                self._place(task)
                return
            if not worker.is_ready:
                raise ObjectiveError(_failed_start(worker, words))
        kind = FailureKind.CRASH
        if self._memory and worker.process.returncode == -signal.SIGABRT:
            kind = FailureKind.MEMORY  # C++ gives up like this when an allocation fails
        self._fail(task, Failure(kind, worker.death(), words))

    def cancel(self, number: int) -> None:
        """End a job's process, with all that it started; a new one takes its place when it is needed."""
        self._events = [e for e in self._events if e.number != number]
        for worker in self._busy():
            if worker.task is not None and worker.task.job.number == number:
                self._drop(worker)

    def close(self) -> None:
        """End every process."""
        if not self._closed:
            self._closed = True
            self._selector.close()
            self._finalizer()


def _end_all(workers: set[WarmWorker], launch: Launch, owner: int) -> None:
    if os.getpid() != owner:  # a process that the owner forked has nothing to end here
        return
    end(workers, patience=PATIENCE)
    workers.clear()
    launch.close()


def _failed_start(worker: WarmWorker, words: str) -> str:
    return message(
        "the objective cannot be loaded in a worker process: "
        + worker.death().removesuffix(" before it returned"),
        fix="What it needs must be importable there; the last lines that the process wrote were:\n" + words,
    )


def _check_workers(workers: object) -> int:
    number = whole(workers)
    if number is None or number < 1:
        raise OptionError(
            message("workers cannot be used", allowed="a whole number of 1 or more", given=repr(workers))
        )
    return number


def _check_system() -> None:
    if sys.platform == "win32":
        raise OptionError(
            message(
                "worker processes and trial limits need Linux or macOS",
                given="Windows",
                fix="Use workers=1 without trial_time and trial_memory, or run under WSL.",
            )
        )
    if not sys.executable:
        raise OptionError(
            message(
                "worker processes cannot be started, as Python does not know its own path (sys.executable)"
            )
        )
