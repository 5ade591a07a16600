"""The analyst: a process of its own for what takes long, so that page and runs stay quick.

It opens the store itself, only to read, gives way to every other process, and keeps what it has computed
until a trial changes. It is started when first asked, and ends with the page, whatever ends that: the pipe
between them then breaks. Questions and answers are lines of JSON. The store is the first line, as an address
may hold a password, and every user of a machine can read the arguments of a process.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from typing import Any

from tunesmith.dashboard.data import text_of
from tunesmith.errors import StoreError, StudyError, StudyNotFound, TunesmithError

NICE = 5  # of 19: it gives way to runs and page
KINDS: dict[str, type[TunesmithError]] = {"StudyNotFound": StudyNotFound, "StoreError": StoreError}


class Analyst:
    """The process, as the page sees it; one question at a time.

    Args:
        store: The store, as `open_store` takes it.
    """

    def __init__(self, store: str) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self._is_closed = False

    def ask(self, kind: str, study_id: int, *arguments: str | None) -> str:
        """Answer of a function of `insights.SLOW`, as JSON text.

        Args:
            kind: Its name.
            study_id: The study.
            *arguments: What else it takes.

        Raises:
            TunesmithError: What it raised there, or that the process died.
        """
        with self._lock:
            process = self._started()
            assert process.stdout is not None
            self._tell(process, [kind, study_id, arguments])
            said = process.stdout.readline()
            if not said.endswith("\n"):
                self._end()
                raise StudyError("the process that analyses has died; ask again.")
        verdict, _, text = said.rstrip("\n").partition(" ")
        if verdict == "answer":
            return text
        raise KINDS.get(verdict, StudyError)(json.loads(text))

    def _started(self) -> "subprocess.Popen[str]":
        if self._is_closed:
            raise StudyError("the page is about to end.")
        if self._process is None:
            command = [sys.executable, "-m", "tunesmith.dashboard.analyst"]
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
            )
            self._tell(self._process, self._store)
        return self._process

    def _tell(self, process: "subprocess.Popen[str]", what: object) -> None:
        assert process.stdin is not None
        with contextlib.suppress(OSError):  # of one that has died, reading will say so
            process.stdin.write(json.dumps(what) + "\n")
            process.stdin.flush()

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.communicate()

    def close(self) -> None:
        """End the process, also in the middle of an answer: it only reads."""
        self._is_closed = True
        process = self._process
        if process is not None:
            process.kill()
        with self._lock:
            self._end()


def main() -> None:
    """What runs in the process: answers questions until the page is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is the page's to decide about
    with contextlib.suppress(AttributeError, OSError):
        os.nice(NICE)
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a library prints is no answer
    from tunesmith.dashboard.insights import SLOW
    from tunesmith.dashboard.watch import Watch
    from tunesmith.store import open_store
    from tunesmith.threads import one_thread

    watch = Watch(open_store(json.loads(sys.stdin.readline()), read_only=True))
    for line in sys.stdin:
        kind, study_id, arguments = json.loads(line)
        try:
            with one_thread():
                made: Any = SLOW[kind](watch.study(study_id), *arguments)
            said = f"answer {text_of(made)}"
        except TunesmithError as error:
            said = f"{type(error).__name__} {json.dumps(str(error))}"
        with contextlib.suppress(BrokenPipeError):
            answers.write(said + "\n")
            answers.flush()


if __name__ == "__main__":
    main()
