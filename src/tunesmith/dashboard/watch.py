"""Studies as they are watched: read from a store that is only read, a little at a time, and kept.

A study is read whole once; after that only what has changed. What takes long is computed on a copy, the
`Mirror`, so that the live numbers never wait for it.
"""

import threading
import time
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

from tunesmith.errors import StudyNotFound
from tunesmith.history import History
from tunesmith.store import Control, Store, StudyRecord, StudySummary
from tunesmith.store.names import deleted_study
from tunesmith.study.ledger import Ledger
from tunesmith.study.listing import listed
from tunesmith.study.opening import stored_space

T = TypeVar("T")

KEPT_STUDIES = 6  # studies kept in memory; the one looked at longest ago goes first
LOOK_EVERY = 0.2  # seconds; of many who ask at once, one looks


class Mirror:
    """A history of one's own that follows another, for work that takes long.

    Args:
        source: The history that is followed.
        lock: Held while `source` is read.
    """

    def __init__(self, source: History, lock: "threading.RLock") -> None:
        self._source = source
        self._source_lock = lock
        self._lock = threading.RLock()  # work may ask for other work
        self._kept: dict[Hashable, tuple[int, Any]] = {}
        self._held: dict[str, Any] = {}
        self.mark = 0
        self.history = History(source.space, source.direction, fidelity=source.fidelity, seed=source.seed)

    def ask(self, key: Hashable, work: Callable[[History], T]) -> T:
        """What `work` makes of the trials as they are now; made once, until a trial changes.

        Args:
            key: Names the work and its arguments.
            work: A function of the history, or a method of something that keeps it.
        """
        with self._lock:
            with self._source_lock:
                numbers, mark = self._source.changes(self.mark)
                changed = [self._source[n] for n in numbers]
            for trial in changed:
                self.history.record(trial)
            self.mark = mark
            known = self._kept.get(key)
            if known is None or known[0] != mark:
                if len(self._kept) > 200:
                    self._kept.clear()
                known = self._kept[key] = (mark, work(self.history))
            made: T = known[1]
            return made

    def hold(self, name: str, make: Callable[[History], T]) -> T:
        """What is made once and keeps itself up to date; for work under way."""
        if name not in self._held:
            self._held[name] = make(self.history)
        held: T = self._held[name]
        return held


class Watched:
    """One study as it is watched.

    Args:
        store: Where it is; only read.
        record: The study.
    """

    def __init__(self, store: Store, record: StudyRecord) -> None:
        self.ledger = Ledger(store, record, stored_space(record))
        self.control: Control = store.get_control(record.id)
        self.orphans: tuple[int, ...] = ()
        self.epoch = f"{record.id}-{time.time_ns():x}"
        self.mirror = Mirror(self.history, self.lock)
        self._looked = 0.0

    @property
    def record(self) -> StudyRecord:
        """The study as it is stored."""
        return self.ledger.record

    @property
    def history(self) -> History:
        """The trials as they were when last looked at."""
        return self.ledger.history

    @property
    def lock(self) -> "threading.RLock":
        """Held while the history is read or changed."""
        return self.ledger.lock

    def look(self) -> bool:
        """Take in what has changed; False when another space makes this one useless.

        Raises:
            StudyNotFound: It was deleted.
        """
        with self.lock:
            if time.monotonic() - self._looked < LOOK_EVERY:
                return True
            store, before = self.ledger.store, self.record
            now = store.get_study(before.name)
            if now.id != before.id:
                raise deleted_study(before.id)
            if (now.space, now.info, now.direction) != (before.space, before.info, before.direction):
                return False
            self.ledger.record = now
            self.ledger.sync()
            self.control = store.get_control(now.id)
            self.orphans = tuple(store.orphans(now.id))
            self._looked = time.monotonic()
            return True


class Watch:
    """All studies of a store, as they are watched.

    Args:
        store: The store; only read.
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        self.is_closing = False
        self._lock = threading.Lock()
        self._watched: dict[int, Watched] = {}

    def studies(self) -> list[tuple[StudySummary, Control]]:
        """All studies, the one that changed last first, and what is asked of each."""
        found = listed(self.store)
        found.sort(key=lambda s: -(s.last_change or s.record.created))
        return [(s, self.store.get_control(s.record.id)) for s in found]

    def study(self, study_id: int) -> Watched:
        """A study as it is now.

        Raises:
            StudyNotFound: There is none of this id.
        """
        with self._lock:
            watched = self._watched.pop(study_id, None)
            if watched is None or not watched.look():
                watched = self._open(study_id)
            self._watched[study_id] = watched  # last again
            while len(self._watched) > KEPT_STUDIES:
                self._watched.pop(next(iter(self._watched)))
            return watched

    def _open(self, study_id: int) -> Watched:
        record = next((s.record for s in self.store.list_studies() if s.record.id == study_id), None)
        if record is None:
            raise StudyNotFound(f"there is no study {study_id} in this store.")
        watched = Watched(self.store, record)
        watched.look()
        return watched
