"""A PostgreSQL server of the tests' own, in a temporary folder, on loopback, gone with the session; and what
the crowds of processes of `crowd.py` have to leave in any store.
"""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tunesmith.trial import State, Trial

USER, PASSWORD, QUOTED = "tester", "s3cr:t@/?", "s3cr%3At%40%2F%3F"  # as passwords are


class Server:
    """A server of PostgreSQL.

    Args:
        tools: Folder of initdb and pg_ctl.
        folder: Where it keeps everything; its own.
    """

    def __init__(self, tools: Path, folder: Path) -> None:
        self.tools, self.folder, self.count = tools, folder, 0
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.owner: dict[str, Any] = {}
        if os.geteuid() == 0:  # it refuses to be run by root
            import pwd

            users = {user.pw_name: user for user in pwd.getpwall()}
            user = users.get("postgres") or users["nobody"]
            self.owner = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
            os.chown(folder, user.pw_uid, user.pw_gid)
        (folder / "password").write_text(PASSWORD)
        words = ["--username", USER, "--pwfile", str(folder / "password"), "--auth", "scram-sha-256"]
        self.do("initdb", *words, "--encoding", "UTF8", "--locale", "C", "--no-sync")

    def do(self, tool: str, *words: str) -> None:
        """Run one of its tools. They write to a file: a server would keep a pipe open."""
        command = [str(self.tools / tool), "--pgdata", str(self.folder / "data"), *words]
        with (self.folder.parent / "said").open("w+") as said:
            done = subprocess.run(
                command, stdin=subprocess.DEVNULL, stdout=said, stderr=said, cwd="/", timeout=60, **self.owner
            )
            said.seek(0)
            assert done.returncode == 0, said.read()

    def start(self) -> None:
        """Have it run, and wait until it lets in."""
        words = f"-F -p {self.port} -k {self.folder} -c listen_addresses=127.0.0.1"
        self.do("pg_ctl", "--wait", "--log", str(self.folder / "log"), "--options", words, "start")

    def stop(self, mode: str = "immediate") -> None:
        """End it, by default as after a crash."""
        self.do("pg_ctl", "--wait", "--mode", mode, "stop")

    def url(self, database: str, owner: str = f"{USER}:{QUOTED}") -> str:
        """Address of a database."""
        return f"postgresql://{owner}@127.0.0.1:{self.port}/{database}"

    def execute(self, words: str, database: str = "postgres") -> list[Any]:
        """Have it do something, and return the rows."""
        import psycopg

        with psycopg.connect(self.url(database), autocommit=True) as connection:
            cursor = connection.execute(words)
            return cursor.fetchall() if cursor.description else []

    def create(self) -> str:
        """Make an empty database, and return its address.

        Text is sorted in it as people do, and numbers are shown short, unless one asks for more.
        """
        self.count += 1
        name = f"database{self.count}"
        self.execute(
            f"CREATE DATABASE {name} TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'en-US' LOCALE 'C'"
        )
        self.execute(f"ALTER DATABASE {name} SET extra_float_digits = 0")
        return self.url(name)


def _tools() -> Path | None:
    """Folder of PostgreSQL's tools, the newest where Debian has several."""
    found = shutil.which("pg_ctl")
    if found:
        return Path(found).resolve().parent
    return max(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: int(p.parent.name), default=None)


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """A server that runs."""
    if sys.platform == "win32":
        pytest.skip("starts a server as Unix does")
    pytest.importorskip("psycopg")
    tools = _tools()
    if tools is None:
        pytest.skip("there is no PostgreSQL: no pg_ctl on the PATH, nothing in /usr/lib/postgresql")
    # Not in pytest's own folder, which other users may not enter.
    with tempfile.TemporaryDirectory(prefix="tunesmith-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        inner = Path(folder) / "postgres"
        inner.mkdir()
        made = Server(tools, inner)
        made.start()
        try:
            yield made
        finally:
            made.stop()


@pytest.fixture(scope="session")
def _shared(server: Server) -> str:
    from tunesmith.store import SqlStore

    url = server.create()
    SqlStore(url).close()
    return url


@pytest.fixture
def url(server: Server, _shared: str) -> Iterator[str]:
    """Address of a store without studies."""
    yield _shared
    tables = ", ".join(f"tunesmith.{table}" for table in ("studies", "trials", "reports", "workers"))
    server.execute(f"TRUNCATE {tables} RESTART IDENTITY", _shared.rpartition("/")[2])


@pytest.fixture
def new_url(server: Server) -> Iterator[str]:
    """Address of a new database."""
    made = server.create()
    yield made
    server.execute(f"DROP DATABASE IF EXISTS {made.rpartition('/')[2]} WITH (FORCE)")


@pytest.fixture
def check_crowd() -> Callable[[list[Trial], range], None]:
    """Checks that the trials of a crowd that tuned are all there, each once, with all that was told."""

    def check(trials: list[Trial], processes: range) -> None:
        assert [t.number for t in trials] == list(range(len(processes) * 20))
        assert Counter(t.config["process"] for t in trials) == dict.fromkeys(processes, 20)
        for trial in trials:
            assert trial.state is State.COMPLETE
            assert trial.value == trial.config["process"] + trial.config["mine"] / 7
            assert [r.value for r in trial.reports] == [0.1 + 0.2]

    return check
