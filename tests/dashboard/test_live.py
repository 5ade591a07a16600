"""The page as it is served, beside runs: events, and that watching neither writes nor holds anybody up."""

import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import tunesmith as ts
from tunesmith.dashboard.guard import TOKEN_HEADER

pytestmark = pytest.mark.slow


def get(server, path: str, token: str = "") -> Any:
    request = urllib.request.Request(server.base + path, headers={TOKEN_HEADER: token} if token else {})
    with urllib.request.urlopen(request, timeout=180) as answer:
        return json.load(answer)


def id_of(server, name: str) -> int:
    return next(s["id"] for s in get(server, "/api/studies")["studies"] if s["name"].startswith(name))


def events(server, study: int) -> Iterator[tuple[str, Any]]:
    kind = "message"
    with urllib.request.urlopen(f"{server.base}/api/studies/{study}/events", timeout=20) as answer:
        for line in answer:
            text = line.decode().rstrip("\n")
            if text.startswith("event: "):
                kind = text[7:]
            elif text.startswith("data: "):
                yield kind, json.loads(text[6:])


def test_events_come_when_something_changes_and_say_when_the_study_is_gone(serve, path):
    server = serve()
    study = ts.Study.open(path, "one option")
    coming = events(server, id_of(server, "one option"))
    kind, first = next(coming)
    assert (kind, first["trials"], first["is_paused"]) == ("message", 1, False)
    trial = study.ask()
    assert next(coming)[1]["states"]["running"] == 1
    study.tell(trial, 0.5)
    assert next(coming)[1]["best"]["value"] == 0.5
    study.pause()
    assert next(coming)[1]["is_paused"]
    study.store.delete_study("one option")
    assert next(coming)[0] == "gone"
    assert list(coming) == []


def test_watching_writes_nothing_and_waits_for_nobody_who_writes(serve, path):
    server = serve()
    study = id_of(server, "usual")
    before = Path(path).read_bytes()
    writer = sqlite3.connect(path, isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    began = time.monotonic()
    for part in ("", "/trials", "/figures/history", "/failures", "/workers"):
        get(server, f"/api/studies/{study}{part}")
    assert time.monotonic() - began < 10  # whoever waited for the lock would do so for a minute
    writer.execute("ROLLBACK")
    writer.close()
    assert Path(path).read_bytes() == before


def test_a_run_that_is_watched_ten_times_a_second_ends_as_it_should(serve, path):
    server = serve()
    study = ts.Study(ts.Space(x=ts.Float(0, 1)), store=path, name="watched", method="random", seed=0)
    number, is_over = id_of(server, "watched"), threading.Event()
    seen: list[int] = []

    def watch() -> None:
        while not is_over.wait(0.1):
            seen.append(len(get(server, f"/api/studies/{number}/trials")["rows"]))

    watcher = threading.Thread(target=watch)
    watcher.start()
    study.run(lambda c: time.sleep(0.005) or c["x"], trials=200, progress=False)
    is_over.set()
    watcher.join()
    assert study.stop_reason == "all 200 trials are done"
    assert seen == sorted(seen)
    assert len(seen) > 5


def test_what_a_person_asks_for_reaches_a_run_under_way(serve, path):
    server = serve()
    study = ts.Study(ts.Space(x=ts.Float(0, 1)), store=path, name="steered", method="random", seed=0)
    number = id_of(server, "steered")

    def send(method: str, part: str, body: dict) -> Any:
        head = {TOKEN_HEADER: server.token, "content-type": "application/json"}
        url = f"{server.base}/api/studies/{number}{part}"
        request = urllib.request.Request(url, json.dumps(body).encode(), head, method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    runner = threading.Thread(
        target=lambda: study.run(lambda c: time.sleep(0.02) or c["x"], trials=10_000, progress=False)
    )
    runner.start()
    enqueued = send("POST", "/trials", {"values": {"x": "0.123"}})["number"]
    deadline = time.monotonic() + 20
    while study.trials[enqueued].state is not ts.State.COMPLETE and time.monotonic() < deadline:
        time.sleep(0.05)
    assert study.trials[enqueued].value == 0.123
    send("PUT", "/control", {"wish": "stop"})
    runner.join(20)
    assert not runner.is_alive()
    assert study.stop_reason == "the study was told to stop"


def test_beyond_this_machine_nothing_of_a_study_is_shown_without_the_token(serve):
    server = serve("--host", "0.0.0.0")
    server.base = server.base.replace("0.0.0.0", "127.0.0.1")
    with pytest.raises(urllib.error.HTTPError, match="401"):
        get(server, "/api/studies")
    assert get(server, "/api/studies", server.token)["studies"]
    with urllib.request.urlopen(server.base + "/") as answer:
        assert b"usual" not in answer.read()


def test_ctrl_c_ends_it_in_peace_whatever_is_under_way_and_the_token_is_printed_once(serve):
    server = serve()
    study = id_of(server, "usual")
    coming = events(server, study)
    next(coming)

    def ask_for_long() -> None:
        with contextlib.suppress(OSError):
            get(server, f"/api/studies/{study}/forecast")

    asking = threading.Thread(target=ask_for_long)
    asking.start()
    time.sleep(1.0)
    began = time.monotonic()
    code, words = server.stop()
    assert time.monotonic() - began < 15
    assert code == 0
    assert len(words.splitlines()) == 2  # what it said at the start
    assert server.token not in words
    assert list(coming) == []
    asking.join(20)
    assert not asking.is_alive()


def test_the_analyst_ends_with_the_page_even_when_that_is_killed(serve):
    server = serve()
    get(server, f"/api/studies/{id_of(server, 'usual')}/importance")
    task = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children")
    if not task.exists():
        pytest.skip("this system does not list the children of a process")
    children = [int(p) for p in _children(server.process.pid)]
    assert children
    os.kill(server.process.pid, signal.SIGKILL)
    server.process.wait()
    deadline = time.monotonic() + 20
    while any(_is_alive(p) for p in children) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not any(_is_alive(p) for p in children)


def _children(pid: int) -> list[str]:
    found = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(OSError):
            found += (task / "children").read_text().split()
    return found


def _is_alive(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["missing.db"], "there is no store"),
        (["--store", "missing.db"], "there is no store"),
        (["{path}", "--host", "999.1.1.1", "--port", "0"], "cannot listen there"),
    ],
)
def test_what_cannot_be_served_is_said_in_one_line_and_nothing_is_made(path, tmp_path, options, words):
    command = [sys.executable, "-c", "from tunesmith.cli import main; main()", "dashboard"]
    command += [o.replace("{path}", path) for o in options]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=60, check=False)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "missing.db").exists()
