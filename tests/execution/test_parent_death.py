"""kill -9 of the parent at any moment leaves no worker and nothing that a worker started."""

import os
import random
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="finds processes in /proc")

SCRIPT = """
import os, signal, subprocess, sys, time
from tunesmith.execution.base import Answer, Job
from tunesmith.execution.processes import ProcessExecutor

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs are born deaf to it
MODE = sys.argv[1]

def objective(config):
    subprocess.Popen(["sleep", "100"])
    if MODE == "GIL":
        import ctypes
        ctypes.PyDLL(None).sleep(100)
    if MODE == "short":
        time.sleep(0.01)
        return 0.0
    time.sleep(100)

executor = ProcessExecutor(objective, 2)
number = 2
for n in range(number):
    executor.submit(Job(n, 1, {}))
if MODE == "forked" and os.fork() == 0:
    time.sleep(60)  # would hold the parent's ends of all pipes open, and outlives it
    os._exit(0)
print("started", flush=True)
while True:
    for event in executor.wait(1.0, lambda *report: Answer.CONTINUE):
        executor.submit(Job(number, 1, {}))
        number += 1
"""


def marked(mark: str) -> list[int]:
    """Processes that have a mark in their environment, zombies aside."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if mark.encode() in (entry / "environ").read_bytes():
                    found.append(int(entry.name))
            except OSError:  # ended, or somebody else's
                continue
    return found


def start(folder: Path, mode: str) -> tuple[subprocess.Popen[str], str]:
    path = folder / "script.py"
    path.write_text(textwrap.dedent(SCRIPT))
    mark = f"TUNESMITH_TEST_MARK={folder}"
    name, _, value = mark.partition("=")
    process = subprocess.Popen(
        [sys.executable, str(path), mode], stdout=subprocess.PIPE, text=True, env={**os.environ, name: value}
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "started\n"
    return process, mark


def wait_for(condition: object, seconds: float = 20.0) -> None:
    assert callable(condition)
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def kill(process: "subprocess.Popen[str]") -> None:
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert process.stdout is not None
    process.stdout.close()


@pytest.mark.parametrize("mode", ["sleep", "GIL", "forked"])
def test_workers_and_what_they_started_die_with_the_parent(tmp_path: Path, mode: str) -> None:
    process, mark = start(tmp_path, mode)
    expected = 6 if mode == "forked" else 5  # the parent, two workers and a child of each
    wait_for(lambda: len(marked(mark)) == expected)
    kill(process)
    left = 1 if mode == "forked" else 0
    wait_for(lambda: len(marked(mark)) == left, 5.0)
    for pid in marked(mark):
        os.kill(pid, signal.SIGKILL)


@pytest.mark.slow
def test_a_kill_at_any_moment_leaves_nothing(tmp_path: Path) -> None:
    moments = random.Random(0)
    for turn in range(12):
        folder = tmp_path / str(turn)
        folder.mkdir()
        process, mark = start(folder, "short")
        time.sleep(moments.uniform(0.0, 0.4))  # while workers start, run, and start children
        kill(process)
        wait_for(lambda mark=mark: marked(mark) == [], 5.0)


def test_an_interrupted_parent_leaves_nothing(tmp_path: Path) -> None:
    process, mark = start(tmp_path, "sleep")
    wait_for(lambda: len(marked(mark)) == 5)
    process.send_signal(signal.SIGINT)
    process.wait(timeout=10)
    assert process.stdout is not None
    process.stdout.close()
    assert marked(mark) == []


def test_where_the_kernel_gives_no_help_a_thread_watches_the_parent(tmp_path: Path) -> None:
    code = """
import os, subprocess, sys, time
from tunesmith.execution.process_worker import die_with_parent
sys.platform = "darwin"
child = subprocess.Popen(["sleep", "60"])
die_with_parent(int(sys.argv[1]))
print("watching", flush=True)
time.sleep(60)
"""
    mark = f"TUNESMITH_TEST_MARK={tmp_path}"
    name, _, value = mark.partition("=")
    reading, writing = os.pipe()
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(reading)],
        stdout=subprocess.PIPE,
        text=True,
        pass_fds=[reading],
        start_new_session=True,
        env={**os.environ, name: value},
    )
    os.close(reading)
    assert process.stdout is not None
    assert process.stdout.readline() == "watching\n"
    assert len(marked(mark)) == 2
    os.close(writing)
    assert process.wait(10) == -signal.SIGKILL
    process.stdout.close()
    wait_for(lambda: marked(mark) == [], 5.0)
