"""MemoryStore: studies kept in this process and gone with it. The rules it keeps are in `base.py`."""

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from tunesmith.store import moves
from tunesmith.store.base import Control, Created, StudyRecord, StudySummary
from tunesmith.store.forks import ForkSafe
from tunesmith.store.leases import Worker, is_dead, this_worker
from tunesmith.store.names import check_name, deleted_study, no_study
from tunesmith.store.stored_json import copied, plain_text
from tunesmith.trial import Failure, Report, State, Trial


@dataclass(slots=True)
class _Study:
    """A study and its trials, as this store keeps them: nothing in it is ever handed out itself."""

    record: StudyRecord
    control: Control = field(default_factory=Control)
    trials: list[Trial] = field(default_factory=list)
    revision: int = 0
    started: int = 0
    last_change: float | None = None
    changed: dict[int, int] = field(default_factory=dict)
    """Revision of each trial's last change, latest last."""
    report_attempts: dict[int, list[int]] = field(default_factory=dict)
    """Attempt that made each of a trial's reports."""
    numbers: dict[State, set[int]] = field(default_factory=lambda: {s: set() for s in State})
    """Numbers of the trials in each state."""
    best_value: float | None = None
    best_config: dict[str, Any] | None = None

    def get(self, number: int) -> Trial | None:
        """Trial of this number; None when there is none."""
        return self.trials[number] if 0 <= number < len(self.trials) else None

    def put(self, *trials: Trial) -> None:
        """Take in new trials and newer records, as one change."""
        self.revision += 1
        self.last_change = time.time()
        for trial in trials:
            number = trial.number
            if number == len(self.trials):
                self.trials.append(trial)
            else:
                old = self.trials[number]
                self.started -= moves.is_started(old)
                self.numbers[old.state].discard(number)
                self.trials[number] = trial
            self.started += moves.is_started(trial)
            self.numbers[trial.state].add(number)
            self.changed.pop(number, None)
            self.changed[number] = self.revision
            if trial.state is State.COMPLETE and self._is_better(trial.value):
                self.best_value, self.best_config = trial.value, trial.config

    def _is_better(self, value: float | None) -> bool:
        if value is None or math.isnan(value):
            return False
        if self.best_value is None:
            return True
        return value < self.best_value if self.record.direction == "minimize" else value > self.best_value

    def summary(self) -> StudySummary:
        """Its line in the list of studies."""
        states = {state: len(numbers) for state, numbers in self.numbers.items()}
        return StudySummary(
            _copy(self.record), states, self.best_value, self.last_change, _copy_values(self.best_config)
        )


class MemoryStore(ForkSafe):
    """Keeps studies in memory; for any number of threads of one process.

    Example:
        >>> store = MemoryStore()
        >>> study = store.create_study(StudyRecord("default", "minimize", {}, {}, None, seed=0))
        >>> store.create_trial(study.id, Trial(0, {"x": 1.5}))
        <Created.YES: 'yes'>
        >>> store.claim(study.id, this_worker()).attempt
        1
    """

    def __init__(self) -> None:
        self._studies: dict[int, _Study] = {}
        self._heard: dict[str, tuple[Worker, float]] = {}
        self._next_id = 1
        self._lock = threading.Lock()
        self.watch_forks()

    @property
    def url(self) -> str:
        """Always "memory"."""
        return "memory"

    @property
    def files(self) -> str:
        """Always empty: there is no place that outlives it."""
        return ""

    @property
    def is_lasting(self) -> bool:
        """Never: it ends with the process."""
        return False

    # -- studies -----------------------------------------------------------------------------------------

    def create_study(self, record: StudyRecord) -> StudyRecord:
        """Create a study, or return the stored one of the same name, unchanged."""
        check_name(record.name)
        made = replace(_copy(record), created=record.created or time.time())
        with self._lock:
            for study in self._studies.values():
                if study.record.name == record.name:
                    return _copy(study.record)
            made = replace(made, id=self._next_id)
            self._next_id += 1
            self._studies[made.id] = _Study(made)
            return _copy(made)

    def get_study(self, name: str) -> StudyRecord:
        """Read a study.

        Raises:
            StudyNotFound: There is none of that name.
        """
        with self._lock:
            return _copy(self._named(name).record)

    def list_studies(self) -> list[StudySummary]:
        """Summaries of all studies, by name."""
        with self._lock:
            return sorted((s.summary() for s in self._studies.values()), key=lambda s: s.record.name)

    def update_study(
        self,
        study_id: int,
        *,
        space: dict[str, Any] | None = None,
        method: dict[str, Any] | None = None,
        scheduler: dict[str, Any] | None = None,
        info: dict[str, Any] | None = None,
    ) -> None:
        """Replace parts of a study."""
        parts = {"space": space, "method": method, "scheduler": scheduler, "info": info}
        new: dict[str, Any] = {k: copied(k, v) for k, v in parts.items() if v is not None}
        with self._lock:
            study = self._study(study_id)
            study.record = replace(study.record, **new)

    def add_elapsed(self, study_id: int, seconds: float) -> float:
        """Add to the wall time spent and return the new total."""
        with self._lock:
            study = self._study(study_id)
            study.record = replace(study.record, elapsed=study.record.elapsed + float(seconds))
            return study.record.elapsed

    def get_control(self, study_id: int) -> Control:
        """What is asked of the runs of a study."""
        with self._lock:
            return self._study(study_id).control

    def pause_study(self, study_id: int, is_paused: bool) -> None:
        """Have no run start a trial, or let them again."""
        with self._lock:
            study = self._study(study_id)
            study.control = replace(study.control, is_paused=is_paused)

    def stop_study(self, study_id: int) -> None:
        """Have every run that is under way end after its trials in hand; a pause ends, too."""
        with self._lock:
            study = self._study(study_id)
            study.control = Control(stops=study.control.stops + 1)

    def delete_study(self, name: str) -> None:
        """Delete a study with all its trials.

        Raises:
            StudyNotFound: There is none of that name.
        """
        with self._lock:
            del self._studies[self._named(name).record.id]

    # -- trials ------------------------------------------------------------------------------------------

    def changes(self, study_id: int, since: int = 0) -> tuple[list[Trial], int]:
        """Trials created or changed after revision `since`, by number, and the newest revision."""
        with self._lock:
            study = self._study(study_id)
            numbers = []
            for number, revision in reversed(study.changed.items()):
                if revision <= since:
                    break
                numbers.append(number)
            return [_copy_trial(study.trials[n]) for n in sorted(numbers)], study.revision

    def create_trial(
        self, study_id: int, trial: Trial, *, worker: Worker | None = None, limit: int | None = None
    ) -> Created:
        """Add a trial under its number, in its state; `worker` is required for RUNNING."""
        made = moves.created(trial, worker, time.time())
        config = copied(f"the config of trial {trial.number}", trial.config)
        made = replace(made, config=config, reason=plain_text(made.reason), note=plain_text(made.note))
        with self._lock:
            study = self._study(study_id)
            if limit is not None and moves.is_started(made) and study.started >= limit:
                return Created.LIMIT_REACHED
            if made.number != len(study.trials):
                return Created.NUMBER_TAKEN
            study.put(made)
            study.report_attempts[made.number] = [made.attempt] * len(made.reports)
            self._hear(worker)
            return Created.YES

    def claim(
        self,
        study_id: int,
        worker: Worker,
        *,
        number: int | None = None,
        limit: int | None = None,
        keeps_reports: bool = False,
        reason: str | None = None,
    ) -> Trial | None:
        """Start the next attempt of the lowest WAITING trial, or of trial `number`, WAITING or PAUSED."""
        with self._lock:
            study = self._study(study_id)
            is_full = limit is not None and study.started >= limit
            for candidate in sorted(study.numbers[State.WAITING]) if number is None else [number]:
                trial = study.get(candidate)
                if trial is None or (is_full and not moves.is_started(trial)):
                    continue
                made = moves.claimed(
                    trial, worker, time.time(), None if reason is None else plain_text(reason)
                )
                if made is None:
                    return None
                if trial.state is State.WAITING and not keeps_reports:
                    made = self._without_lost_reports(study, made, trial.attempt)
                study.put(made)
                self._hear(worker)
                return _copy_trial(made)
            return None

    @staticmethod
    def _without_lost_reports(study: _Study, trial: Trial, attempt: int) -> Trial:
        pairs = list(zip(trial.reports, study.report_attempts[trial.number], strict=True))
        kept = [(r, a) for r, a in pairs if a != attempt]
        study.report_attempts[trial.number] = [a for _, a in kept]
        return replace(trial, reports=tuple(r for r, _ in kept))

    def report(self, study_id: int, number: int, attempt: int, report: Report) -> bool:
        """Add an intermediate value to a RUNNING trial; a step at or below the last is answered False."""
        with self._lock:
            study = self._study(study_id)
            trial = study.get(number)
            if trial is None:
                return False
            last = trial.reports[-1].step if trial.reports else None
            if not moves.is_report_taken(trial, attempt, report.step, last):
                return False
            made = Report(int(report.step), float(report.value), float(report.time))
            study.report_attempts[number].append(attempt)
            study.put(replace(trial, reports=(*trial.reports, made)))
            return True

    def finish(
        self,
        study_id: int,
        number: int,
        attempt: int,
        state: State,
        *,
        value: float | None = None,
        failure: Failure | None = None,
        reason: str | None = None,
    ) -> bool:
        """End a trial as COMPLETE, STOPPED or FAILED, or lay it aside as PAUSED."""
        if failure is not None:
            failure = Failure(failure.kind, plain_text(failure.message), plain_text(failure.traceback))
        reason = None if reason is None else plain_text(reason)

        def end(trial: Trial) -> Trial | None:
            now = time.time()
            return moves.finished(trial, attempt, state, now, value=value, failure=failure, reason=reason)

        return self._move(study_id, number, end)

    def release(self, study_id: int, number: int, attempt: int) -> bool:
        """Give a RUNNING trial back: it is WAITING again."""
        return self._move(study_id, number, lambda trial: moves.released(trial, attempt))

    def note(self, study_id: int, number: int, text: str) -> bool:
        """Replace the note on a trial; False when there is no such trial."""
        return self._move(study_id, number, lambda trial: moves.noted(trial, text))

    def reclaim(self, study_id: int) -> list[int]:
        """Give back the trials of dead workers, and return their numbers."""
        with self._lock:
            study = self._study(study_id)
            gone = self._gone(study)
            if gone:
                study.put(*(moves.lost(t, time.time()) for t in gone))
            return [t.number for t in gone]

    def orphans(self, study_id: int) -> list[int]:
        """Numbers of the trials that `reclaim` would give back; nothing is changed."""
        with self._lock:
            return [t.number for t in self._gone(self._study(study_id))]

    def check(self) -> list[str]:
        """Look the whole store over: in memory there is nothing that could be wrong."""
        return []

    def heartbeat(self, worker: Worker) -> None:
        """Note that a worker is alive."""
        with self._lock:
            self._hear(worker)

    def close(self) -> None:
        """Do nothing: there is nothing to let go of."""

    # -- inside ------------------------------------------------------------------------------------------

    def _named(self, name: str) -> _Study:
        for study in self._studies.values():
            if study.record.name == name:
                return study
        raise no_study(name, [s.record.name for s in self._studies.values()])

    def _study(self, study_id: int) -> _Study:
        if study_id not in self._studies:
            raise deleted_study(study_id)
        return self._studies[study_id]

    def _gone(self, study: _Study) -> list[Trial]:
        """RUNNING trials whose worker is dead."""
        here, now = this_worker(), time.time()
        running = [study.trials[n] for n in sorted(study.numbers[State.RUNNING])]
        known = {t.worker: self._heard.get(t.worker or "") for t in running}
        dead = {w for w, heard in known.items() if heard is None or is_dead(*heard, now, here)}
        return [t for t in running if t.worker in dead]

    def _move(self, study_id: int, number: int, move: Callable[[Trial], Trial | None]) -> bool:
        with self._lock:
            study = self._study(study_id)
            trial = study.get(number)
            made = None if trial is None else move(trial)
            if made is None:
                return False
            study.put(made)
            return True

    def _hear(self, worker: Worker | None) -> None:
        if worker is not None:
            self._heard[worker.id] = (worker, time.time())

    def before_fork(self) -> None:
        """Take the lock, so that the child does not inherit a half-made change."""
        self._lock.acquire()

    def after_fork(self, is_child: bool) -> None:
        """Let go of the lock."""
        self._lock.release()


def _copy(record: StudyRecord) -> StudyRecord:
    return replace(
        record,
        space=copied("space", record.space),
        method=copied("method", record.method),
        scheduler=copied("scheduler", record.scheduler),
        info=copied("info", record.info),
    )


def _copy_trial(trial: Trial) -> Trial:
    return replace(trial, config=_copy_values(trial.config))


def _copy_values(value: Any) -> Any:
    # JSON values only, so this is all that can be changed from outside; much faster than copy.deepcopy.
    if type(value) is dict:
        return {k: _copy_values(v) if type(v) in (dict, list) else v for k, v in value.items()}
    if type(value) is list:
        return [_copy_values(v) for v in value]
    return value
