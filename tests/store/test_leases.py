"""Who is dead: processes alive, killed, stopped, forked; other boots, machines and systems; the heart."""

import gc
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tunesmith.errors import StoreError
from tunesmith.store import SqlStore, leases, open_store
from tunesmith.store.leases import EXPIRY, Heartbeat, Worker, is_dead, this_worker
from tunesmith.testing.store_tools import get, start, study_of
from tunesmith.trial import State

NOW = 1000.0
on_linux = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads /proc")

HOLDER = """
import sys, time
from tunesmith.store import open_store
from tunesmith.store.leases import this_worker
from tunesmith.testing.store_tools import start
start(open_store(sys.argv[1]), 1, int(sys.argv[2]))
print(this_worker().id, flush=True)
time.sleep(600)
"""


def wait_for(what: object, seconds: float = 10.0) -> None:
    """Wait until a function answers True."""
    deadline = time.monotonic() + seconds
    while not what():  # type: ignore[operator]
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.005)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A store with one study, whose id is 1."""
    store = open_store(tmp_path / "tune.db")
    assert study_of(store) == 1
    store.close()
    return tmp_path / "tune.db"


@pytest.fixture
def holder(path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds trial 0."""
    command = [sys.executable, "-c", HOLDER, str(path), "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline().count(":") == 2
        yield process
        process.kill()


@pytest.mark.slow
def test_a_process_keeps_its_trial_while_it_lives_even_stopped_and_loses_it_when_killed(
    path: Path, holder: subprocess.Popen[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_store(path)
    monkeypatch.setattr(leases, "EXPIRY", -1.0)  # whatever the age of its heartbeat
    assert store.reclaim(1) == []
    holder.send_signal(signal.SIGSTOP)
    assert store.reclaim(1) == []
    assert get(store, 1).state is State.RUNNING
    holder.kill()
    wait_for(lambda: store.reclaim(1) == [0])  # a zombie by now: nobody has waited for it
    assert holder.returncode is None
    assert (get(store, 1).state, get(store, 1).lost) == (State.WAITING, 1)


@on_linux
def test_a_zombie_is_dead() -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    try:
        stat = Path(f"/proc/{process.pid}/stat")
        start = stat.read_text().rpartition(")")[2].split()[19]
        wait_for(lambda: stat.read_text().rpartition(")")[2].split()[0] == "Z")
        zombie = replace(this_worker(), id="z", pid=process.pid, start=start)
        assert is_dead(zombie, NOW, NOW, this_worker())
    finally:
        process.wait()


def test_a_worker_knows_itself_and_keeps_its_identity() -> None:
    me = this_worker()
    assert me is this_worker()
    assert (me.pid, str(me.pid) in me.id) == (os.getpid(), True)
    assert not is_dead(me, None, NOW, me)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
def test_a_forked_child_is_another_worker() -> None:
    code = (
        "import os; from tunesmith.store.leases import *; mine = this_worker(); child = os.fork()\n"
        "if child == 0: os._exit(this_worker().id == mine.id or is_dead(mine, None, 0, this_worker()))\n"
        "print(os.waitpid(child, 0)[1])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.stdout.strip(), done.stderr) == ("0", "")


HERE = Worker("h", machine="id/host", boot="b", namespace="4", pid=os.getpid(), start=this_worker().start)


@pytest.mark.parametrize(
    ("other", "heartbeat", "expected"),
    [
        pytest.param(HERE, 0.0, False, id="alive, however old its heartbeat"),
        pytest.param(replace(HERE, pid=2**30), NOW, True, id="no such process, however new its heartbeat"),
        pytest.param(replace(HERE, start="1"), NOW, True, id="process id reused"),
        pytest.param(
            replace(HERE, machine="id/renamed", pid=2**30), NOW, True, id="renamed machine, same boot"
        ),
        pytest.param(replace(HERE, boot="old"), NOW, True, id="before the reboot"),
        pytest.param(replace(HERE, boot="old", machine="id/new"), NOW, False, id="copy of this machine"),
        pytest.param(replace(HERE, boot="", pid=2**30), NOW, False, id="no boot known there: heartbeat"),
        pytest.param(replace(HERE, namespace="5", pid=2**30), NOW, False, id="other container, fresh"),
        pytest.param(replace(HERE, namespace="5"), NOW - EXPIRY - 1, True, id="other container, silent"),
        pytest.param(Worker("e", "elsewhere", "x", "4", 1, "1"), NOW - EXPIRY, False, id="elsewhere, fresh"),
        pytest.param(
            Worker("e", "elsewhere", "x", "4", 1, "1"), NOW - EXPIRY - 1, True, id="elsewhere, silent"
        ),
        pytest.param(Worker("e", "elsewhere", "x", "4", 1, "1"), None, True, id="elsewhere, never heard of"),
        pytest.param(
            Worker("e", "elsewhere", "x", "4", 1, "1"), NOW + 999, False, id="elsewhere, fast clock"
        ),
        pytest.param(Worker("e"), NOW - 1, False, id="nothing known but a fresh heartbeat"),
        pytest.param(replace(HERE, start=""), NOW - 1, False, id="start unknown: heartbeat"),
    ],
)
@on_linux
def test_the_table_of_who_decides(other: Worker, heartbeat: float | None, expected: bool) -> None:
    assert is_dead(replace(other, id="other"), heartbeat, NOW, HERE) is expected


def test_without_boot_ids_the_machine_and_process_decide() -> None:
    here = replace(HERE, boot="", id="me")
    assert is_dead(replace(here, id="o", pid=2**30), NOW, NOW, here)
    assert not is_dead(replace(here, id="o"), 0.0, NOW, here)
    assert not is_dead(replace(here, id="o", machine="other", pid=2**30), NOW, NOW, here)


@pytest.mark.skipif(shutil.which("ps") is None, reason="asks ps")
def test_without_proc_the_system_is_asked_by_ps(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(leases, "_PROC", tmp_path / "none")
    start = leases._start_of(os.getpid())
    assert start
    assert start == leases._start_of(os.getpid())
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    assert start == leases._start_of(os.getpid())
    assert leases._start_of(2**22 + 1) == ""
    here = replace(HERE, start=start)
    assert not is_dead(replace(here, id="o"), 0.0, NOW, here)
    assert is_dead(replace(here, id="o", start="Mon Jan 1 00:00:00 2001"), NOW, NOW, here)


def test_where_ps_is_missing_the_heartbeat_decides(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(leases, "_PROC", tmp_path / "none")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert leases._start_of(os.getpid()) is None
    assert not is_dead(replace(HERE, id="o", pid=2**30), NOW, NOW, HERE)
    assert is_dead(replace(HERE, id="o"), NOW - EXPIRY - 1, NOW, HERE)


@on_linux
def test_a_process_that_may_not_be_seen_is_left_to_its_heartbeat(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "self").mkdir()
    (tmp_path / "self" / "stat").touch()
    monkeypatch.setattr(leases, "_PROC", tmp_path)  # as with the mount option hidepid: nobody else is there
    assert leases._start_of(os.getppid()) is None
    assert leases._start_of(2**30) == ""
    assert not is_dead(replace(HERE, id="o", pid=1, start="5"), NOW - 1, NOW, HERE)


@on_linux
def test_a_process_name_with_blanks_and_brackets_is_read_rightly(tmp_path: Path) -> None:
    program = tmp_path / "a ) S (1 2"
    program.symlink_to(sys.executable)
    process = subprocess.Popen([str(program), "-c", "import time; time.sleep(60)"])
    try:
        wait_for(lambda: ") S (1" in Path(f"/proc/{process.pid}/stat").read_text())
        start = leases._start_of(process.pid)
        assert start is not None
        assert int(start) >= int(this_worker().start)
    finally:
        process.kill()
        process.wait()


# -- the heart -------------------------------------------------------------------------------------------


class Patient:
    """Counts beats, and fails some of them."""

    def __init__(self, *, failures: int = 0) -> None:
        self.beats = 0
        self.failures = failures

    def beat(self) -> None:
        self.beats += 1
        if self.beats <= self.failures:
            raise StoreError("out of reach")


def test_the_heart_beats_while_trials_are_held_and_rests_after() -> None:
    patient = Patient()
    heart = Heartbeat(patient.beat, every=0.01)
    assert not heart.is_beating
    heart.hold((1, 0))
    heart.hold((1, 1))
    heart.drop((1, 0))
    wait_for(lambda: patient.beats >= 2)
    heart.drop((1, 1))
    heart.drop((9, 9))
    wait_for(lambda: not heart.is_beating)
    beats = patient.beats
    time.sleep(0.05)
    assert patient.beats == beats
    heart.hold((1, 2))
    wait_for(lambda: patient.beats > beats)
    heart.stop()


def test_the_heart_survives_a_store_out_of_reach() -> None:
    patient = Patient(failures=3)
    heart = Heartbeat(patient.beat, every=0.01)
    heart.hold((1, 0))
    wait_for(lambda: patient.beats >= 5)
    heart.stop()


def test_the_heart_stops_with_its_store() -> None:
    patient = Patient()
    heart = Heartbeat(patient.beat, every=0.01)
    heart.hold((1, 0))
    thread = heart._thread
    assert thread is not None
    assert thread.daemon
    gone = weakref.ref(patient)
    del patient
    gc.collect()
    assert gone() is None
    thread.join(5)
    assert not thread.is_alive()


def test_a_forgotten_heart_ends_at_once_and_not_a_beat_later() -> None:
    patient = Patient()
    heart = Heartbeat(patient.beat, every=3600)
    heart.hold((1, 0))
    heart.drop((1, 0))
    thread = heart._thread
    assert thread is not None
    del heart
    gc.collect()
    thread.join(5)
    assert not thread.is_alive()


def test_starting_a_trial_starts_the_heart_of_the_store(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = SqlStore(path)
    store._heart._every = 0.01
    assert not store._heart.is_beating
    start(store, 1, 0, Worker("other:1:aa"))
    assert not store._heart.is_beating  # another's trial is not ours to keep
    start(store, 1, 1)
    assert store._heart.is_beating
    later = time.time() + 5000
    monkeypatch.setattr(time, "time", lambda: later)

    def heartbeat() -> float:
        with store._database.reading() as connection:
            found = connection.exec_driver_sql(
                "SELECT heartbeat FROM workers WHERE id = ?", (this_worker().id,)
            )
            return float(found.scalar_one())

    wait_for(lambda: heartbeat() == later)
    assert store.release(1, 1, 1)
    wait_for(lambda: not store._heart.is_beating)
    assert store.claim(1, this_worker()) is not None
    assert store._heart.is_beating
    store.close()
    assert not store._heart.is_beating
    assert not [t for t in threading.enumerate() if t.name == "tunesmith-heartbeat" and not t.daemon]


BUSY_FORKS = """
import os, sys, threading, time
from tunesmith.store import open_store
from tunesmith.store.leases import this_worker
from tunesmith.testing.store_tools import start
from tunesmith.trial import State
store = open_store(sys.argv[1])
stop = threading.Event()
def busy():
    while not stop.is_set():
        store.changes(1)
        store.heartbeat(this_worker())
threads = [threading.Thread(target=busy) for _ in range(3)]
start(store, 1, 0)
for thread in threads: thread.start()
for number in range(1, 16):
    child = os.fork()
    if child == 0:
        start(store, 1, number)
        os._exit(0 if store.finish(1, number, 1, State.COMPLETE, value=1.0) else 1)
    assert os.waitpid(child, 0)[1] == 0, number
stop.set()
for thread in threads: thread.join()
assert store.finish(1, 0, 1, State.COMPLETE, value=1.0)
print(len([t for t in store.changes(1)[0] if t.state is State.COMPLETE]))
"""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
def test_forks_are_safe_while_other_threads_use_the_store(path: Path) -> None:
    command = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", BUSY_FORKS, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100)
    assert (done.stdout.strip(), done.stderr) == ("16", "")


def test_a_process_with_a_held_trial_ends_at_once(path: Path) -> None:
    code = HOLDER.replace("time.sleep(600)", "")
    command = [sys.executable, "-c", code, str(path), "0"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=10)
    assert (done.returncode, done.stderr) == (0, "")
    assert open_store(path).reclaim(1) == [0]
