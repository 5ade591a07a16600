"""What must be so around a fork: no lock taken, no database connection open.

A forked child has a copy of every lock, in whatever state another thread had it, and of every open file.
SQLite may neither be used nor even closed through a connection that crossed a fork, and two processes would
speak through one with a server, so connections are closed before.
"""

import os
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager


class ForkSafe:
    """Something to be put in order around every fork of this process, as long as it lives."""

    def watch_forks(self) -> None:
        """Begin to be told of forks."""
        _WATCHERS.append(weakref.ref(self, _WATCHERS.remove))

    def before_fork(self) -> None:
        """Prepare for a fork: take locks, close connections."""

    def after_fork(self, is_child: bool) -> None:
        """Undo `before_fork`, in the parent or in the child."""


_WATCHERS: "list[weakref.ref[ForkSafe]]" = []
_prepared: list[ForkSafe] = []


def _before() -> None:
    for ref in list(_WATCHERS):
        watcher = ref()
        if watcher is not None:
            watcher.before_fork()
            _prepared.append(watcher)


def _after(is_child: bool) -> None:
    while _prepared:
        _prepared.pop().after_fork(is_child)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_before,
        after_in_parent=lambda: _after(False),
        after_in_child=lambda: _after(True),
    )


class Gate:
    """Lets any number of threads in, until it is shut; `shut` waits until all have left."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._inside = 0
        self._is_shut = False

    @contextmanager
    def inside(self) -> Iterator[None]:
        """Be inside; waits while the gate is shut."""
        with self._changed:
            while self._is_shut:
                self._changed.wait()
            self._inside += 1
        try:
            yield
        finally:
            with self._changed:
                self._inside -= 1
                self._changed.notify_all()

    def shut(self) -> None:
        """Keep everybody out, once those inside have left."""
        with self._changed:
            while self._is_shut:
                self._changed.wait()
            self._is_shut = True
            while self._inside:
                self._changed.wait()

    def open(self) -> None:
        """Let everybody in again."""
        with self._changed:
            self._is_shut = False
            self._changed.notify_all()
