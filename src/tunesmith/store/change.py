"""Change: one change of a study's trials under way, within a transaction of an SQL store."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, insert
from sqlalchemy.exc import IntegrityError

from tunesmith.store import moves, rows, statements
from tunesmith.store.leases import Worker
from tunesmith.store.schema import reports, trials, workers
from tunesmith.trial import Report, Trial


@dataclass(slots=True)
class Change:
    """A change of one study under way: its counters, and how to read and write its trials."""

    connection: Connection
    study: int
    revision: int
    trials: int
    started: int
    is_made: bool = False

    def get(self, number: int) -> Trial | None:
        """Trial of this number, without its reports; None when there is none."""
        row = self.connection.execute(statements.GET_TRIAL, {"study": self.study, "trial": number}).first()
        return None if row is None else rows.trials_of([row])[0]

    def add(self, trial: Trial) -> None:
        """Write a new trial."""
        values = rows.fixed_columns(trial) | rows.changing_columns(trial)
        new = {"study_id": self.study, "revision": self.revision + 1}
        self.connection.execute(insert(trials), values | new)
        if trial.reports:
            made = [rows.report_row(self.study, trial.number, trial.attempt, r) for r in trial.reports]
            self.connection.execute(insert(reports), made)
        self.trials += 1
        self.started += moves.is_started(trial)
        self.is_made = True

    def put(self, old: Trial, new: Trial) -> None:
        """Write what became of a trial."""
        self._update(old.number, rows.changing_columns(new))
        self.started += moves.is_started(new) - moves.is_started(old)

    def lowest_waiting(self, least_attempt: int) -> int | None:
        """Number of the first WAITING trial that was started this often, or more."""
        which = {"study": self.study, "least_attempt": least_attempt}
        return self.connection.execute(statements.GET_LOWEST_WAITING, which).scalar()

    def reports(self, number: int) -> tuple[Report, ...]:
        """Reports of a trial."""
        this = {"study": self.study, "trial": number}
        return rows.reports_of(self.connection.execute(statements.GET_REPORTS, this)).get(number, ())

    def last_step(self, number: int) -> int | None:
        """Step of a trial's last report; None when there is none."""
        this = {"study": self.study, "trial": number}
        return self.connection.execute(statements.GET_LAST_STEP, this).scalar()

    def add_report(self, number: int, attempt: int, report: Report) -> None:
        """Write a report."""
        self.connection.execute(insert(reports), rows.report_row(self.study, number, attempt, report))
        self._update(number, {})

    def drop_reports(self, number: int, attempt: int) -> None:
        """Delete what an attempt that was lost had reported."""
        which = {"study": self.study, "trial": number, "lost_attempt": attempt}
        self.connection.execute(statements.DROP_REPORTS, which)

    def _update(self, number: int, columns: dict[str, Any]) -> None:
        where = {"study": self.study, "trial": number}
        self.connection.execute(statements.PUT_TRIAL, columns | {"revision": self.revision + 1} | where)
        self.is_made = True


def hear(connection: Connection, worker: Worker, now: float) -> None:
    """Note that a worker is alive."""
    if not connection.execute(statements.BEAT, {"worker": worker.id, "heartbeat": now}).rowcount:
        with unless_there(connection):  # its heart beats in another thread, maybe through another store
            connection.execute(insert(workers), rows.worker_row(worker) | {"heartbeat": now})


@contextmanager
def unless_there(connection: Connection) -> Iterator[None]:
    """Insert a row that another process may insert at the same moment: theirs stays, and that is no error."""
    with suppress(IntegrityError), connection.begin_nested():
        yield
