"""A store with studies of every kind, and the page's application on it."""

import math
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

import tunesmith as ts
from tunesmith.dashboard.app import make_app
from tunesmith.dashboard.guard import TOKEN_HEADER

TOKEN = "a token"
EVIL = "<img src=x onerror=alert(1)>"
LIVE = """
import math, sys, time
import tunesmith as ts
space = ts.Space(lr=ts.Float(1e-5, 1e-1, log=True, default=1e-3), layers=ts.Int(1, 6))
def train(config, trial):
    if config["lr"] > 0.03:
        raise FloatingPointError("exploded")
    base = 0.1 + 0.03 * (math.log10(config["lr"]) + 3) ** 2 + 0.02 * abs(config["layers"] - 3)
    for epoch in trial.steps():
        time.sleep(0.03)
        trial.report(base + 0.5 / epoch, epoch)
    return base
study = ts.minimize(train, space, trials=5000, store=sys.argv[1], name="a live one", seed=0, method="sobol",
                    fidelity=ts.Fidelity("epoch", 1, 9), scheduler="median", workers=2, progress=False)
print(study.stop_reason)
"""


def space() -> ts.Space:
    made = ts.Space(
        {
            "lr": ts.Float(1e-5, 1e-1, log=True, default=1e-3),
            "layers": ts.Int(1, 6),
            "optimizer": ts.Choice(["adam", "sgd", EVIL]),
            "momentum": ts.Float(0.0, 0.99, when={"optimizer": "sgd"}),
            "huge": ts.Int(0, 2**62),
        }
    )
    return made.require("layers * lr < 0.2")


def loss(config: dict) -> float:
    if config["lr"] > 0.03:
        raise FloatingPointError(f"exploded {EVIL}")
    if config["layers"] == 6 and config["optimizer"] == "adam":
        return math.nan
    return (math.log10(config["lr"]) + 3) ** 2 + 0.3 * abs(config["layers"] - 3) + config.get("momentum", 0.5)


def fill(path: str) -> None:
    """Studies as people have them: a usual one, and those with which viewers show a blank page."""
    ts.minimize(
        loss, space(), trials=24, store=path, name=f"usual {EVIL}", seed=0, method="sobol", progress=False
    )
    ts.Study(space(), store=path, name="empty")
    bad = ts.Study(ts.Space(x=ts.Float(0, 1)), store=path, name="only failed", seed=0)
    for told in (math.nan, math.inf, ValueError("no")):
        bad.tell(bad.ask(), told)
    ts.Study(ts.Space(x=ts.Float(0, 1)), store=path, name="only running", seed=0).ask()
    one = ts.Study(ts.Space(c=ts.Choice(["a"]), x=ts.Float(0, 1)), store=path, name="one option", seed=0)
    one.tell(one.ask(), 1.0)
    same = ts.Study(ts.Space(x=ts.Int(1, 9)), store=path, name="all equal", direction="maximize", seed=0)
    for _ in range(5):
        same.tell(same.ask(), 2.0)
    curves = ts.Study(
        ts.Space(x=ts.Float(0, 1)), store=path, name="curves", seed=0, fidelity=ts.Fidelity("epoch", 1, 9)
    )
    curves.run(_train, trials=8, progress=False)


def _train(config: dict, trial) -> float:
    for epoch in trial.steps():
        trial.report(config["x"] + 1 / epoch, epoch)
    return config["x"]


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The store, as the bytes of its file."""
    path = tmp_path_factory.mktemp("filled") / "tune.db"
    fill(str(path))
    return path.read_bytes()


@pytest.fixture
def path(filled: bytes, tmp_path: Path) -> str:
    """A store of the test's own."""
    made = tmp_path / "tune.db"
    made.write_bytes(filled)
    return str(made)


@pytest.fixture
def client(path: str) -> Iterator[TestClient]:
    """Calls the application as its page does, with the token."""
    with TestClient(
        make_app(path, TOKEN), base_url="http://127.0.0.1:8787", headers={TOKEN_HEADER: TOKEN}
    ) as made:
        yield made


@pytest.fixture
def ids(client: TestClient) -> dict[str, int]:
    """Ids of the studies by the first words of their names."""
    names = ("usual", "empty", "only failed", "only running", "one option", "all equal", "curves")
    found = client.get("/api/studies").json()["studies"]
    return {name: next(s["id"] for s in found if s["name"].startswith(name)) for name in names}


class Server:
    """`tunesmith dashboard` as a process of its own."""

    def __init__(self, path: str, *options: str) -> None:
        command = [
            sys.executable,
            "-c",
            "from tunesmith.cli import main; main()",
            "dashboard",
            path,
            *options,
        ]
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
        )
        self.url = ""
        deadline = time.monotonic() + 60
        assert self.process.stdout is not None
        while not self.url.startswith("http") and time.monotonic() < deadline:
            if select.select([self.process.stdout], [], [], 1.0)[0]:
                self.url = self.process.stdout.readline().strip()
            if self.process.poll() is not None:
                break
        assert self.url.startswith("http"), (
            self.process.stderr.read() if self.process.poll() is not None else ""
        )
        self.base, _, fragment = self.url.partition("/#token=")
        self.token = fragment

    def stop(self) -> tuple[int, str]:
        """End it as Ctrl+C does; its exit code and what it said on stderr."""
        self.process.send_signal(signal.SIGINT)
        try:
            _, words = self.process.communicate(timeout=30)
        finally:
            self.process.kill()
        return self.process.returncode, words


@pytest.fixture(scope="module")
def shared(filled: bytes, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The page of a store that no test changes, so that each thing is computed once."""
    path = tmp_path_factory.mktemp("shared") / "tune.db"
    path.write_bytes(filled)
    server = Server(str(path), "--port", "0")
    yield server
    server.stop()


@pytest.fixture
def serve(path: str) -> Iterator[Callable[..., Server]]:
    """Serves the page with some options."""
    made: list[Server] = []

    def start(*options: str) -> Server:
        made.append(Server(path, "--port", "0", *options))
        return made[-1]

    yield start
    for server in made:
        server.stop()


@pytest.fixture
def run(path: str) -> Iterator[subprocess.Popen[str]]:
    """A run of the study "a live one" in a process of its own."""
    process = subprocess.Popen([sys.executable, "-c", LIVE, path], stdout=subprocess.PIPE, text=True)
    yield process
    if process.poll() is None:
        process.send_signal(2)
        process.communicate(timeout=30)
