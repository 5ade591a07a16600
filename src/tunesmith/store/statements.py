"""Statements of the run loop, built once: to build one takes longer than to run it.

Their parameters: `study` and `trial` say which, other names are columns or said beside the statement.
"""

from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, delete, func, select, update

from tunesmith.store import rows
from tunesmith.store.schema import reports, studies, trials, workers
from tunesmith.trial import State

_this_study = studies.c.id == bindparam("study")
_these_trials = trials.c.study_id == bindparam("study")
_this_trial = _these_trials & (trials.c.number == bindparam("trial"))
_these_reports = reports.c.study_id == bindparam("study")
_this_trials_reports = _these_reports & (reports.c.number == bindparam("trial"))

# Numbers are looked up first, in an index that holds them, and the rows by number then. Asked for both at
# once, SQLite walks through all trials of the study for the sake of their order.
_changed = select(trials.c.number).where(_these_trials, trials.c.revision > bindparam("since"))


def _in_state(state: State) -> Select[Any]:
    return select(trials.c.number).where(_these_trials, trials.c.state == state.value)


def _is_among(numbers: Select[Any]) -> ColumnElement[bool]:
    return trials.c.number.in_(numbers)


GET_COUNTERS = select(studies.c.revision, studies.c.trials, studies.c.started).where(_this_study)
GET_CONTROL = select(studies.c.is_paused, studies.c.stops).where(_this_study)
LOCK_COUNTERS = GET_COUNTERS.with_for_update()
PUT_COUNTERS = update(studies).where(_this_study)
GET_TRIAL = select(*rows.TRIAL_COLUMNS).where(_this_trial)
PUT_TRIAL = update(trials).where(_this_trial)
GET_ALL = select(*rows.TRIAL_COLUMNS).where(_these_trials).order_by(trials.c.number)
GET_CHANGED = select(*rows.TRIAL_COLUMNS).where(_these_trials, _is_among(_changed)).order_by(trials.c.number)
GET_ALL_REPORTS = (
    select(*rows.REPORT_COLUMNS).where(_these_reports).order_by(reports.c.number, reports.c.step)
)
GET_CHANGED_REPORTS = (
    select(*rows.REPORT_COLUMNS)
    .where(_these_reports, reports.c.number.in_(_changed))
    .order_by(reports.c.number, reports.c.step)
)
GET_REPORTS = select(*rows.REPORT_COLUMNS).where(_this_trials_reports).order_by(reports.c.step)
GET_LAST_STEP = select(func.max(reports.c.step)).where(_this_trials_reports)
DROP_REPORTS = delete(reports).where(_this_trials_reports, reports.c.attempt == bindparam("lost_attempt"))
GET_LOWEST_WAITING = select(func.min(trials.c.number)).where(
    _these_trials, _is_among(_in_state(State.WAITING)), trials.c.attempt >= bindparam("least_attempt")
)
GET_RUNNING = (
    select(trials.c.number, trials.c.worker, *workers.columns)
    .outerjoin(workers, workers.c.id == trials.c.worker)
    .where(_these_trials, _is_among(_in_state(State.RUNNING)))
    .order_by(trials.c.number)
)
COUNT_TRIALS = (
    select(studies.c.name, studies.c.trials, func.count(trials.c.number).label("there"))
    .outerjoin(trials, trials.c.study_id == studies.c.id)
    .group_by(studies.c.id)
)
BEAT = update(workers).where(workers.c.id == bindparam("worker"))
