"""SqlStore: studies kept in a database, through SQLAlchemy Core. The rules it keeps are in `base.py`.

Every change of a study's trials goes alike (`_change`): begin a transaction that writes, read the study's
row, which holds its counters and is the lock of the study in databases that lock rows, read the trial, let
`moves` say what becomes of it, write it and the counters. Whoever has the lock sees all that was done before,
and is seen before the next has it; so revisions are seen in their order. What is not here: tables
(`schema.py`), rows (`rows.py`), connections (`database.py`) and everything that only one kind of database
does (`sqlite.py`, `postgres.py`).
"""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from tunesmith.store import moves, rows, statements
from tunesmith.store.base import Control, Created, StudyRecord, StudySummary
from tunesmith.store.change import Change, hear, unless_there
from tunesmith.store.database import Database, place_of
from tunesmith.store.leases import Heartbeat, Worker, is_dead, this_worker
from tunesmith.store.names import check_name, deleted_study, no_study
from tunesmith.store.schema import reports, studies, trials
from tunesmith.store.stored_json import dump, load, plain_text
from tunesmith.trial import Failure, Report, State, Trial


class SqlStore:
    """Keeps studies in a database, for any number of processes and threads at once.

    Args:
        where: Path of a SQLite file, made unless it is there, for processes of one machine; or the address of
            a PostgreSQL database, for those of many.
        must_exist: Never make it: a missing one is an error.
        read_only: Only read it, never lock it; it must exist and be of this version.

    Raises:
        OptionError: It is an address that cannot be read.
        StoreError: It cannot be opened, or is no store of tunesmith.
        MissingExtra: The driver of the database is not installed.
    """

    def __init__(
        self, where: str | os.PathLike[str], *, must_exist: bool = False, read_only: bool = False
    ) -> None:
        self._place = place_of(os.fspath(where))
        self._database = Database(self._place, must_exist=must_exist, read_only=read_only)
        self._heart = Heartbeat(self._beat)

    @property
    def url(self) -> str:
        """Path or address as it was given, but for its password."""
        return self._place.url

    @property
    def files(self) -> str:
        """Beside a file; of a database on a server, in the working directory and of the database's name."""
        return self._place.files

    @property
    def is_lasting(self) -> bool:
        """Always: a database is there without us."""
        return True

    def __repr__(self) -> str:
        """Class and where it is."""
        return f"SqlStore({self.url!r})"

    def __reduce__(self) -> tuple[type["SqlStore"], tuple[str]]:
        """Pickled as its place, with a password; a copy opens connections of its own."""
        return type(self), (self._place.whole,)

    # -- studies -----------------------------------------------------------------------------------------

    def create_study(self, record: StudyRecord) -> StudyRecord:
        """Create a study, or return the stored one of the same name, unchanged."""
        check_name(record.name)
        with self._database.reading() as connection:  # most often it is there, and nobody needs to wait
            found = _find(connection, record.name)
        if found is not None:
            return found
        values = rows.study_row(replace(record, created=record.created or time.time()))
        with self._database.writing() as connection:
            found = _find(connection, record.name)
            if found is None:
                with unless_there(connection):
                    connection.execute(insert(studies), values)
                found = _find(connection, record.name)
            assert found is not None
            return found

    def get_study(self, name: str) -> StudyRecord:
        """Read a study.

        Raises:
            StudyNotFound: There is none of that name.
        """
        with self._database.reading() as connection:
            return _named(connection, name)

    def list_studies(self) -> list[StudySummary]:
        """Summaries of all studies, by name."""
        by_study = trials.c.study_id, trials.c.state
        counted = select(*by_study, func.count()).group_by(*by_study)
        listed = select(*rows.STUDY_COLUMNS, studies.c.last_change)
        states: dict[int, dict[State, int]] = {}
        summaries: list[StudySummary] = []
        with self._database.reading() as connection:
            for study, state, count in connection.execute(counted):
                states.setdefault(study, {})[State(state)] = count
            for row in connection.execute(listed).all():
                record = rows.study_of(row[:-1])
                value, config = _best(connection, record)
                known = dict.fromkeys(State, 0) | states.get(record.id, {})
                summaries.append(StudySummary(record, known, value, row[-1], config))
        return sorted(summaries, key=lambda s: s.record.name)  # here, as databases have orders of their own

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
        new = {name: dump(name, part) for name, part in parts.items() if part is not None}
        if new:
            self._put(study_id, new)

    def add_elapsed(self, study_id: int, seconds: float) -> float:
        """Add to the wall time spent and return the new total."""
        mine = studies.c.id == study_id
        with self._database.writing() as connection:
            more = studies.c.elapsed + float(seconds)
            connection.execute(update(studies).where(mine).values(elapsed=more))
            total = connection.execute(select(studies.c.elapsed).where(mine)).scalar()
        if total is None:
            raise deleted_study(study_id)
        self._database.settle()  # here, as runs save their time every few seconds
        return float(total)

    def get_control(self, study_id: int) -> Control:
        """What is asked of the runs of a study."""
        with self._database.reading() as connection:
            row = connection.execute(statements.GET_CONTROL, {"study": study_id}).first()
        if row is None:
            raise deleted_study(study_id)
        return Control(bool(row.is_paused), row.stops)

    def pause_study(self, study_id: int, is_paused: bool) -> None:
        """Have no run start a trial, or let them again."""
        self._put(study_id, {"is_paused": is_paused})

    def stop_study(self, study_id: int) -> None:
        """Have every run that is under way end after its trials in hand; a pause ends, too."""
        self._put(study_id, {"is_paused": False, "stops": studies.c.stops + 1})

    def delete_study(self, name: str) -> None:
        """Delete a study with all its trials.

        Raises:
            StudyNotFound: There is none of that name.
        """
        with self._database.writing() as connection:
            gone = _named(connection, name).id
            connection.execute(statements.LOCK_COUNTERS, {"study": gone})  # no trial is added any more
            connection.execute(delete(reports).where(reports.c.study_id == gone))
            connection.execute(delete(trials).where(trials.c.study_id == gone))
            connection.execute(delete(studies).where(studies.c.id == gone))

    # -- trials ------------------------------------------------------------------------------------------

    def changes(self, study_id: int, since: int = 0) -> tuple[list[Trial], int]:
        """Trials created or changed after revision `since`, by number, and the newest revision."""
        which = {"study": study_id, "since": since}
        with self._database.reading() as connection:
            counters = connection.execute(statements.GET_COUNTERS, {"study": study_id}).first()
            if counters is None:
                raise deleted_study(study_id)
            if counters.revision <= since:
                return [], counters.revision
            all_, some = statements.GET_ALL, statements.GET_CHANGED
            found = rows.raw(connection.execute(some if since > 0 else all_, which))
            all_, some = statements.GET_ALL_REPORTS, statements.GET_CHANGED_REPORTS
            reported = rows.raw(connection.execute(some if since > 0 else all_, which))
        return rows.trials_of(found, reported), counters.revision

    def create_trial(
        self, study_id: int, trial: Trial, *, worker: Worker | None = None, limit: int | None = None
    ) -> Created:
        """Add a trial under its number, in its state; `worker` is required for RUNNING."""
        made = moves.created(trial, worker, time.time())
        with self._change(study_id) as change:
            if limit is not None and moves.is_started(made) and change.started >= limit:
                return Created.LIMIT_REACHED
            if made.number != change.trials:
                return Created.NUMBER_TAKEN
            change.add(made)
            if worker is not None:
                self._hear(change.connection, worker)
        self._hold(study_id, made, worker)
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
        with self._change(study_id) as change:
            is_full = limit is not None and change.started >= limit
            if number is None:
                number = change.lowest_waiting(least_attempt=1 if is_full else 0)
            trial = None if number is None else change.get(number)
            if trial is None or (is_full and not moves.is_started(trial)):
                return None
            made = moves.claimed(trial, worker, time.time(), reason)
            if made is None:
                return None
            if trial.state is State.WAITING and not keeps_reports:
                change.drop_reports(trial.number, trial.attempt)
            change.put(trial, made)
            self._hear(change.connection, worker)
            kept = change.reports(trial.number)
        self._hold(study_id, made, worker)
        return replace(made, reports=kept)

    def report(self, study_id: int, number: int, attempt: int, report: Report) -> bool:
        """Add an intermediate value to a RUNNING trial; a step at or below the last is answered False."""
        with self._change(study_id) as change:
            trial = change.get(number)
            if trial is None:
                return False
            last = change.last_step(number)
            if not moves.is_report_taken(trial, attempt, report.step, last):
                return False
            change.add_report(number, attempt, report)
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

        def end(trial: Trial) -> Trial | None:
            now = time.time()
            return moves.finished(trial, attempt, state, now, value=value, failure=failure, reason=reason)

        return self._move(study_id, number, attempt, end)

    def release(self, study_id: int, number: int, attempt: int) -> bool:
        """Give a RUNNING trial back: it is WAITING again."""
        return self._move(study_id, number, attempt, lambda trial: moves.released(trial, attempt))

    def note(self, study_id: int, number: int, text: str) -> bool:
        """Replace the note on a trial; False when there is no such trial."""
        with self._change(study_id) as change:
            trial = change.get(number)
            if trial is not None:
                change.put(trial, moves.noted(trial, text))
        return trial is not None

    def reclaim(self, study_id: int) -> list[int]:
        """Give back the trials of dead workers, and return their numbers."""
        with self._database.reading() as connection:
            if not self._gone(connection, study_id):
                return []
        with self._change(study_id) as change:
            # Looked at anew: what was lost a moment ago may have been given back by another, and be running.
            gone = [t for n in self._gone(change.connection, study_id) if (t := change.get(n)) is not None]
            now = time.time()
            for trial in gone:
                change.put(trial, moves.lost(trial, now))
        return [t.number for t in gone]

    def orphans(self, study_id: int) -> list[int]:
        """Numbers of the trials that `reclaim` would give back; nothing is changed."""
        with self._database.reading() as connection:
            return self._gone(connection, study_id)

    def check(self) -> list[str]:
        """Look the whole store over, and return what is wrong with it, one sentence each."""
        with self._database.reading() as connection:
            problems = self._place.problems(connection)
            for study in connection.execute(statements.COUNT_TRIALS):
                if study.trials != study.there:
                    problems.append(
                        f"study {study.name!r} should have {study.trials} trials, and has {study.there}"
                    )
        return problems

    def heartbeat(self, worker: Worker) -> None:
        """Note that a worker is alive."""
        with self._database.writing() as connection:
            self._hear(connection, worker)

    def close(self) -> None:
        """Let go of all connections; they are opened again when next used."""
        self._heart.stop()
        self._database.close()

    # -- inside ------------------------------------------------------------------------------------------

    def _put(self, study_id: int, columns: dict[str, Any]) -> None:
        """Replace columns of a study that are no counters of its trials."""
        statement = update(studies).where(studies.c.id == study_id).values(columns)
        with self._database.writing() as connection:
            if not connection.execute(statement).rowcount:
                raise deleted_study(study_id)

    @contextmanager
    def _change(self, study_id: int) -> Iterator[Change]:
        """Change trials of a study: all of it or, after an exception, nothing."""
        with self._database.writing() as connection:
            counters = connection.execute(statements.LOCK_COUNTERS, {"study": study_id}).first()
            if counters is None:
                raise deleted_study(study_id)
            change = Change(connection, study_id, *counters)
            yield change
            if change.is_made:
                new = {
                    "revision": change.revision + 1,
                    "trials": change.trials,
                    "started": change.started,
                    "last_change": time.time(),
                }
                connection.execute(statements.PUT_COUNTERS, new | {"study": study_id})

    def _move(self, study_id: int, number: int, attempt: int, move: Callable[[Trial], Trial | None]) -> bool:
        with self._change(study_id) as change:
            trial = change.get(number)
            made = None if trial is None else move(trial)
            if trial is not None and made is not None:
                change.put(trial, made)
        self._heart.drop((study_id, number, attempt))  # also when refused: this attempt is over
        return made is not None

    def _hear(self, connection: Connection, worker: Worker) -> None:
        hear(connection, worker, self._place.now(connection))

    def _gone(self, connection: Connection, study_id: int) -> list[int]:
        """Numbers of the RUNNING trials whose worker is dead."""
        here = this_worker()
        running = connection.execute(statements.GET_RUNNING, {"study": study_id}).all()
        if all(owner == here.id for _, owner, *_ in running):
            return []
        now = self._place.now(connection)
        verdicts: dict[str | None, bool] = {here.id: False}
        for _, owner, *worker, heartbeat in running:
            if owner not in verdicts:
                verdicts[owner] = worker[0] is None or is_dead(Worker(*worker), heartbeat, now, here)
        return [number for number, owner, *_ in running if verdicts[owner]]

    def _hold(self, study_id: int, trial: Trial, worker: Worker | None) -> None:
        if trial.state is State.RUNNING and worker == this_worker():
            self._heart.hold((study_id, trial.number, trial.attempt))

    def _beat(self) -> None:
        self.heartbeat(this_worker())


def _best(connection: Connection, record: StudyRecord) -> tuple[float | None, dict[str, Any] | None]:
    """Value and config of the best complete trial, the earliest of equals."""
    value = trials.c.value
    these = trials.c.study_id == record.id, trials.c.state == State.COMPLETE.value, value.is_not(None)
    order = value.desc() if record.direction == "maximize" else value
    first = select(value, trials.c.config).where(*these).order_by(order, trials.c.number).limit(1)
    found = connection.execute(first).first()
    return (None, None) if found is None else (found[0], load(found[1]))


def _find(connection: Connection, name: str) -> StudyRecord | None:
    row = connection.execute(select(*rows.STUDY_COLUMNS).where(studies.c.name == plain_text(name))).first()
    return None if row is None else rows.study_of(row)


def _named(connection: Connection, name: str) -> StudyRecord:
    found = _find(connection, name)
    if found is None:
        raise no_study(name, connection.execute(select(studies.c.name)).scalars())
    return found
