"""Leases: who has a running trial, and whether that worker is still alive.

A trial that is RUNNING belongs to a worker: one process. Whether that process still lives is decided by

| where the worker is, seen from here | who decides |
|---|---|
| nowhere: the trial was asked for to be kept until a time | that time |
| same boot and process-id namespace | the system: its process id exists and was started at the same time |
| same machine, another boot | the reboot: no process outlives it |
| anywhere else, or where the system cannot tell | its heartbeat: older than `EXPIRY` means dead |

so that a live process on this machine is never robbed of its trial, however long it is busy, and a dead one
is known at once. Containers share a boot but not their process ids, hence the namespace. What is not here:
giving the trials back, which is the store's `reclaim`.
"""

import contextlib
import os
import platform
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from tunesmith.errors import StoreError
from tunesmith.store.forks import ForkSafe

EXPIRY = 60.0  # seconds without a heartbeat after which a worker elsewhere counts as dead
BEAT = 15.0  # seconds between heartbeats; EXPIRY forgives three that were missed
MAX_LOST = 10  # attempts lost with their worker after which a trial has FAILED: it may be what kills it

_PROC = Path("/proc")
_PS_TIMEOUT = 10.0  # seconds; `ps` answers within milliseconds unless the machine is in trouble


@dataclass(frozen=True, slots=True)
class Worker:
    """A process that runs or asked for trials.

    Args:
        id: Text by which trials name it; another process never has the same.
        machine: Machine id and host name; both, since copies of a virtual machine share the former.
        boot: Identity of this start of the system; empty where it has none.
        namespace: Process-id namespace it lives in; empty where there are none.
        pid: Process id.
        start: When the process was started, in the system's own words; empty where it does not say.
    """

    id: str
    machine: str = ""
    boot: str = ""
    namespace: str = ""
    pid: int = 0
    start: str = ""


_KEPT = "kept"  # in place of a namespace
_mine: Worker | None = None


def this_worker() -> Worker:
    """Identity of this process; a forked child has its own.

    Example:
        >>> this_worker() == this_worker(), this_worker().pid == os.getpid()
        (True, True)
    """
    global _mine
    pid = os.getpid()
    if _mine is None or _mine.pid != pid:
        host = platform.node()
        parts = (f"{_machine_id()}/{host}", _boot_id(), _namespace(), pid, _start_of(pid) or "")
        # A process without a known start gets the present moment, so that a reused process id differs.
        text = "\n".join(map(str, (*parts, "" if parts[-1] else time.time_ns())))
        digest = blake2b(text.encode("utf-8", "surrogateescape"), digest_size=6).hexdigest()
        _mine = Worker(f"{host or 'host'}:{pid}:{digest}", *parts)
    return _mine


def keeper(until: float) -> Worker:
    """Who has a trial that waits for its result until a time, whatever becomes of the process that asked.

    Args:
        until: Unix time in seconds.

    Example:
        >>> [is_dead(keeper(1000.0), None, now, this_worker()) for now in (999.0, 1001.0)]
        [False, True]
    """
    return Worker(f"{_KEPT}:{os.getpid()}:{time.time_ns()}", namespace=_KEPT, start=repr(until))


def is_dead(worker: Worker, last_heartbeat: float | None, now: float, here: Worker) -> bool:
    """Tell whether a worker is dead; the table at the top of this file says how.

    Args:
        worker: Worker in question.
        last_heartbeat: When it was last heard of, Unix time in seconds; None for never.
        now: Unix time in seconds.
        here: Worker that asks: this process.

    Example:
        >>> elsewhere = Worker("other:1:aa", machine="other", boot="b", pid=1)
        >>> [is_dead(elsewhere, beat, 1000.0, this_worker()) for beat in (999.0, 900.0)]
        [False, True]
    """
    if worker.id == here.id:
        return False
    if worker.namespace == _KEPT:
        return now > float(worker.start)
    is_same_machine = bool(worker.machine) and worker.machine == here.machine
    # A boot id is unique in the world, so a machine that changed its name is still the same one.
    is_same_boot = worker.boot == here.boot and (bool(worker.boot) or is_same_machine)
    if is_same_boot and worker.namespace == here.namespace:
        lives = _is_alive(worker)
        if lives is not None:
            return not lives
    elif is_same_machine and worker.boot and here.boot and worker.boot != here.boot:
        return True
    return last_heartbeat is None or now - last_heartbeat > EXPIRY


def _is_alive(worker: Worker) -> bool | None:
    """Whether its process runs; None where the system cannot tell."""
    if not worker.start or worker.pid <= 0:
        return None
    start = _start_of(worker.pid)
    return None if start is None else start == worker.start


def _start_of(pid: int) -> str | None:
    """When a process was started; "" when there is no such process, None when that cannot be known."""
    if sys.platform == "win32":  # os.kill(pid, 0) would be a Ctrl+C there; the heartbeat decides
        return None
    if (_PROC / "self" / "stat").exists():
        try:
            stat = (_PROC / str(pid) / "stat").read_text(errors="replace")
        except OSError:
            # Nothing there, or (mount option hidepid) nothing that we may see.
            return None if _exists(pid) else ""
        # "pid (name) state ppid ...", where the name may hold blanks and brackets: count from its end.
        fields = stat.rpartition(")")[2].split()
        return "" if fields[0] in "ZXx" else fields[19]  # 22nd field: clock ticks since boot
    return _start_by_ps(pid)


def _exists(pid: int) -> bool:
    """Whether there is such a process, our own or another user's."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _start_by_ps(pid: int) -> str | None:
    """As `_start_of`, for systems without /proc."""
    command = ["ps", "-o", "stat=,lstart=", "-p", str(pid)]
    fixed = os.environ | {"LC_ALL": "C", "TZ": "UTC"}  # the same words whoever asks
    try:
        done = subprocess.run(command, env=fixed, capture_output=True, text=True, timeout=_PS_TIMEOUT)
    except (OSError, subprocess.SubprocessError):
        return None
    state, _, start = done.stdout.strip().partition(" ")
    if not state:
        return "" if done.returncode == 1 and not done.stderr else None
    return "" if state.startswith("Z") else " ".join(start.split())


def _machine_id() -> str:
    for path in ("/etc/machine-id", "/var/lib/dbus/machine-id"):
        with contextlib.suppress(OSError):
            return Path(path).read_text().strip()
    return ""


def _boot_id() -> str:
    with contextlib.suppress(OSError):
        return (_PROC / "sys" / "kernel" / "random" / "boot_id").read_text().strip()
    if sys.platform == "darwin":
        command = ["sysctl", "-n", "kern.bootsessionuuid"]
        with contextlib.suppress(OSError, subprocess.SubprocessError):
            return subprocess.run(command, capture_output=True, text=True, timeout=_PS_TIMEOUT).stdout.strip()
    return ""


def _namespace() -> str:
    with contextlib.suppress(OSError):
        return str((_PROC / "self" / "ns" / "pid").stat().st_ino)
    return ""


class Heartbeat(ForkSafe):
    """A daemon thread that beats while trials are held.

    It starts with the first trial held and ends by itself a beat after the last, with the store, or with the
    process, which it never keeps alive. A beat that fails is tried again at the next.

    Args:
        beat: Method of the store that notes that this process is alive; held weakly.
        every: Seconds between beats.
    """

    def __init__(self, beat: Callable[[], None], every: float = BEAT) -> None:
        self._beat = weakref.WeakMethod(beat)
        self._every = every
        self._held: set[Hashable] = set()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._stopped = threading.Event()
        self.watch_forks()

    @property
    def is_beating(self) -> bool:
        """Whether its thread runs."""
        return self._thread is not None and self._thread.is_alive()

    def hold(self, trial: Hashable) -> None:
        """Note that this process has a trial, and see that the thread runs."""
        with self._lock:
            self._held.add(trial)
            if not self.is_beating:
                self._stopped = threading.Event()
                weakref.finalize(self, self._stopped.set)  # a loop over studies is not to pile up threads
                self._thread = threading.Thread(
                    target=_beat_on,
                    args=(weakref.ref(self), self._stopped, self._every),
                    name="tunesmith-heartbeat",
                    daemon=True,
                )
                # Without a thread to spare, others here still see this process; only those elsewhere do not.
                with contextlib.suppress(RuntimeError):
                    self._thread.start()

    def drop(self, trial: Hashable) -> None:
        """Note that this process no longer has a trial; unknown ones are ignored."""
        with self._lock:
            self._held.discard(trial)

    def stop(self) -> None:
        """End the thread; the next `hold` starts another."""
        with self._lock:
            self._stopped.set()
            self._thread = None

    def _beat_once(self) -> bool:
        """Beat if a trial is held; tell whether to go on."""
        with self._lock:
            if not self._held:
                self._thread = None
                return False
        beat = self._beat()
        if beat is None:
            return False
        # A store out of reach for a moment must not end the heart; the run itself will meet the error.
        with contextlib.suppress(StoreError):
            beat()
        return True

    def before_fork(self) -> None:
        """Take the lock, so that the child does not inherit it taken by a thread it does not have."""
        self._lock.acquire()

    def after_fork(self, is_child: bool) -> None:
        """Let go of the lock; a child holds no trials and has no thread."""
        if is_child:
            self._held, self._thread, self._stopped = set(), None, threading.Event()
        self._lock.release()


def _beat_on(heart: "weakref.ref[Heartbeat]", stopped: threading.Event, every: float) -> None:
    # Only a weak reference is kept between beats, so that a forgotten store can go.
    while not stopped.wait(every):
        alive = heart()
        if alive is None or not alive._beat_once():
            return
        del alive
