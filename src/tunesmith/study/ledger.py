"""Ledger: a study's trials as its store has them, kept in step, and the changes that are made to them.

Several threads, and any number of processes, may work on one study. What the store promises (numbers without
gaps, one winner among processes, leases) is `store/base.py`; here it is turned into "the next trial" and
"this trial has ended". The study (`study.py`) decides what is tried, the ledger makes it so.
"""

import os
import shutil
import tempfile
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import count

from tunesmith.errors import StoreError, message
from tunesmith.fidelity import fidelity_of
from tunesmith.history import History
from tunesmith.paths import folder_name
from tunesmith.seeds import generator
from tunesmith.space import Space
from tunesmith.store import Store, StudyRecord
from tunesmith.store.base import Created
from tunesmith.store.leases import Worker, keeper, this_worker
from tunesmith.study.opening import direction_of
from tunesmith.trial import Failure, Report, State, Trial


class LimitReached(Exception):
    """As many trials as were asked for have been started."""


class Ledger:
    """A study's trials, in step with the store.

    Args:
        store: Where they are.
        record: The study.
        space: Its space, with the very objects that are options.
    """

    def __init__(self, store: Store, record: StudyRecord, space: Space) -> None:
        self.store = store
        self.record = record
        fidelity = fidelity_of(record.info.get("fidelity"))
        self.history = History(space, direction_of(record), fidelity=fidelity, seed=record.seed)
        self.lock = threading.RLock()
        self._revision = 0
        self._is_plain = space.is_stored_plainly
        self._last_reclaim = 0.0
        self._temporary = ""
        self._keeper: Worker | None = None
        self.sync()
        self._old_misfits = [
            t.number
            for t in self.history.trials
            if not t.is_finished and (space.unfit(t.config) or not space.is_allowed(t.config))
        ]

    def sync(self) -> None:
        """Take in what was changed, here and by other processes."""
        with self.lock:
            changed, self._revision = self.store.changes(self.record.id, self._revision)
            for trial in changed:
                space, config = self.history.space, trial.config
                config = space.complete(config if self._is_plain else space.from_stored(config))
                self.history.record(trial if config is trial.config else replace(trial, config=config))

    # -- the next trial ----------------------------------------------------------------------------------

    @property
    def taker(self) -> Worker:
        """Who takes trials: this process, unless they are to be kept for later."""
        return self._keeper or this_worker()

    @contextmanager
    def keeping(self, seconds: float | None) -> Iterator[None]:
        """Take trials that are kept for so long, whatever becomes of this process; None: while it lives."""
        with self.lock:
            self._keeper = None if seconds is None else keeper(time.time() + seconds)
            try:
                yield
            finally:
                self._keeper = None

    def claim(self, limit: int | None) -> Trial | None:
        """Start a waiting trial; None when there is none, or when `limit` trials have been started."""
        with self.lock:
            self.sync()
            if limit is not None and self.history.counted >= limit:
                return None
            if not self.history.states[State.WAITING]:
                return None
            # The store looks for the first by itself, unless some are to be passed over.
            for number in self._waiting() if self.misfits else [None]:
                keeps = self.history.fidelity is not None
                claimed = self.store.claim(
                    self.record.id, self.taker, number=number, limit=limit, keeps_reports=keeps
                )
                self.sync()
                if claimed is not None:
                    return self.history[claimed.number]
            return None

    @property
    def misfits(self) -> list[int]:
        """Numbers of waiting trials from before the space was changed, which wait until it allows them."""
        return [n for n in self._old_misfits if self.history[n].state is State.WAITING]

    def _waiting(self) -> list[int]:
        misfits = self.misfits
        return [n for n in self.history.numbers(State.WAITING).tolist() if n not in misfits]

    def resume(self, number: int, reason: str) -> Trial | None:
        """Go on with a paused trial; None when another process took it."""
        with self.lock:
            claimed = self.store.claim(
                self.record.id, self.taker, number=number, keeps_reports=True, reason=reason
            )
            self.sync()
            return None if claimed is None else self.history[number]

    def create(
        self, build: Callable[[int], Trial], worker: Worker | None = None, limit: int | None = None
    ) -> Trial:
        """Offer what `build` makes of the next number to the store, anew while others take that number.

        Args:
            build: Makes the trial of a number, or returns one that is there already.
            worker: Who starts it; None for one that waits or has ended.
            limit: How many trials may ever have been started.

        Raises:
            LimitReached: So many have.
            StoreError: The store contradicts itself.
        """
        with self.lock:
            self.sync()
            while True:
                trial = build(len(self.history))
                if trial.number < len(self.history):
                    return trial
                stored = replace(trial, config=self.history.space.to_stored(trial.config))
                created = self.store.create_trial(self.record.id, stored, worker=worker, limit=limit)
                if created is Created.LIMIT_REACHED:
                    raise LimitReached
                self.sync()
                if created is Created.YES:
                    return self.history[trial.number]
                if len(self.history) <= trial.number:
                    wrong = f"store {self.store.url!r} is damaged: it hides trial {trial.number}"
                    raise StoreError(message(wrong, fix="Look at it: tunesmith doctor"))

    def objective_seed(self, number: int) -> int:
        """A number for the objective's own randomness, the same for every attempt of a trial."""
        return int(generator(self.record.seed, number, "objective").integers(2**31))

    def folder(self, number: int) -> str:
        """Directory for a trial's checkpoints, the same for every attempt, where the store has its files.

        It is made when the objective first asks for it (`trial.folder`). Of a study in memory it is a
        temporary one, gone with the study, where there is a fidelity to go on with; else empty.
        """
        if not self.store.is_lasting:
            if self.history.fidelity is None:
                return ""
            if not self._temporary:
                self._temporary = tempfile.mkdtemp(prefix="tunesmith-")
                weakref.finalize(self, _remove, self._temporary, os.getpid())
            return os.path.join(self._temporary, str(number))
        return os.path.join(self.store.files, folder_name(self.record.name), str(number))

    def set_files_aside(self) -> list[str]:
        """Move files of an earlier study of this name: a trial would take its checkpoints for its own.

        Returns:
            What was moved, in words; empty for nothing.
        """
        old = os.path.join(self.store.files, folder_name(self.record.name))
        if not (self.store.is_lasting and os.path.isdir(old)):
            return []
        places = (os.path.join(self.store.files, folder_name(f"{self.record.name}.old{n}")) for n in count(1))
        new = next(place for place in places if not os.path.lexists(place))
        os.rename(old, new)
        return [
            f"Files of an earlier study {self.record.name!r}, which the store has no more, are in {new} now."
        ]

    # -- a trial that runs -------------------------------------------------------------------------------

    def report(self, number: int, attempt: int, step: int, value: float) -> bool:
        """Keep an intermediate value; False when the trial is not this attempt's any more."""
        with self.lock:
            now = time.time()  # of a clock that may be set back
            seconds = max(0.0, now - (self.history[number].started or now))
            kept = self.store.report(self.record.id, number, attempt, Report(step, value, seconds))
            self.sync()
            return kept

    def finish(
        self,
        number: int,
        attempt: int,
        state: State,
        *,
        value: float | None = None,
        failure: Failure | None = None,
        reason: str | None = None,
    ) -> bool:
        """End a trial, or lay it aside; False when it is not this attempt's any more."""
        with self.lock:
            done = self.store.finish(
                self.record.id, number, attempt, state, value=value, failure=failure, reason=reason
            )
            self.sync()
            if done and state in (State.STOPPED, State.FAILED):
                self._clear_folder(number)
            return done

    def _clear_folder(self, number: int) -> None:
        """Delete the checkpoints of a trial that can never go on, unless it is the best one."""
        best = self.history.best
        folder = "" if self.history.fidelity is None else self.folder(number)
        if folder and (best is None or best.number != number):
            shutil.rmtree(folder, ignore_errors=True)

    def release(self, number: int, attempt: int) -> bool:
        """Give a running trial back, to be run again."""
        with self.lock:
            done = self.store.release(self.record.id, number, attempt)
            self.sync()
            return done

    def reclaim(self, every: float = 0.0) -> list[int]:
        """Give back the trials of dead workers, unless that was done within the last `every` seconds."""
        now = time.monotonic()
        if self._last_reclaim and now - self._last_reclaim < every:
            return []
        self._last_reclaim = now
        numbers = self.store.reclaim(self.record.id)
        if numbers:
            self.sync()
        return numbers


def _remove(folder: str, owner: int) -> None:
    if os.getpid() == owner:  # not in a process that the owner forked
        shutil.rmtree(folder, ignore_errors=True)
