"""Runs many processes on one store: `python crowd.py JOB COUNT PATH...`; ends with the number that failed.

Everything is imported once, then forked, and the children start together when a pipe is closed, so that they
meet in the first microseconds rather than spread out by the time that imports take.
"""

import os
import signal
import sys
import time
import traceback
from collections.abc import Callable

from tunesmith.store import SqlStore, Store, migrations
from tunesmith.store.base import Created, StudyRecord
from tunesmith.store.leases import this_worker
from tunesmith.trial import Report, State, Trial

assert migrations.is_known("0001")  # loads Alembic before the fork
RECORD = StudyRecord("crowd", "minimize", {"x": 1}, {"name": "random"}, None, seed=1)
TRIALS = 20  # that each process runs


def run_trials(store: Store, study: int, index: int, count: int = TRIALS) -> None:
    """Run trials as a study does: look, offer the next number, report, finish."""
    done = revision = known = 0
    while done < count:
        found, revision = store.changes(study, revision)
        known = max([known, *(t.number + 1 for t in found)])
        trial = Trial(known, {"process": index, "mine": done}, State.RUNNING)
        if store.create_trial(study, trial, worker=this_worker()) is not Created.YES:
            continue
        assert store.report(study, trial.number, 1, Report(1, 0.1 + 0.2, 0.0))
        assert store.finish(study, trial.number, 1, State.COMPLETE, value=index + done / 7)
        done += 1


def tune(path: str, index: int) -> None:
    """Open, create the study, and run trials."""
    store = SqlStore(path)
    run_trials(store, store.create_study(RECORD).id, index)


def tune_or_read(path: str, index: int) -> None:
    """The first two look on, ten times a second; the others run trials."""
    if index > 1:
        return tune(path, index)
    store, seen, revision = SqlStore(path), dict[int, Trial](), 0
    study = store.create_study(RECORD).id
    total = (int(sys.argv[2]) - 2) * TRIALS
    while sum(t.is_finished for t in seen.values()) < total:
        found, revision = store.changes(study, revision)
        seen.update({t.number: t for t in found})
        assert sorted(seen) == list(range(len(seen)))
        assert sum(store.list_studies()[0].states.values()) >= len(seen)
        time.sleep(0.1)
    return None


def create(path: str, index: int) -> None:
    """Open and create the study."""
    store = SqlStore(path)
    assert store.create_study(RECORD) == store.get_study("crowd")


def race_to_limit(path: str, index: int) -> None:
    """Claim and create until the limit of 50 is reached."""
    store = SqlStore(path)
    study = store.create_study(RECORD).id
    while True:
        if (trial := store.claim(study, this_worker(), limit=50)) is None:
            trial = Trial(len(store.changes(study)[0]), {"process": index}, State.RUNNING, attempt=1)
            created = store.create_trial(study, trial, worker=this_worker(), limit=50)
            if created is Created.LIMIT_REACHED:
                return
            if created is Created.NUMBER_TAKEN:
                continue
        if trial.number % 3:
            assert store.finish(study, trial.number, trial.attempt, State.COMPLETE, value=1.0)
        elif trial.attempt < 3:  # given back, and to be claimed by anybody
            assert store.release(study, trial.number, trial.attempt)
        else:
            assert store.finish(study, trial.number, trial.attempt, State.PAUSED)


def inherit(path: str, index: int) -> None:
    """Use a store that the parent had opened before the fork."""
    run_trials(INHERITED[0], INHERITED[0].create_study(RECORD).id, index)


INHERITED: list[Store] = []
JOBS: dict[str, Callable[[str, int], None]] = {
    job.__name__: job for job in (tune, tune_or_read, create, race_to_limit, inherit)
}


def main(job: str, count: int, path: str) -> int:
    """Fork the children, let them go together, and count those that failed."""
    if job == "inherit":
        INHERITED.append(SqlStore(path))
        study = INHERITED[0].create_study(RECORD).id
        start = Trial(0, {"process": -1}, State.RUNNING)
        assert INHERITED[0].create_trial(study, start, worker=this_worker()) is Created.YES
    gate, opener = os.pipe()
    children = []
    for index in range(count):
        child = os.fork()
        if child == 0:
            status = 1
            try:
                os.close(opener)
                os.read(gate, 1)  # returns when the parent closes its end
                signal.alarm(100)  # a deadlock becomes a failure
                JOBS[job](path, index)
                status = 0
            except BaseException:
                traceback.print_exc()
            finally:
                sys.stderr.flush()
                os._exit(status)
        children.append(child)
    os.close(opener)
    if job == "inherit":
        study = INHERITED[0].create_study(RECORD).id
        run_trials(INHERITED[0], study, -1)
        assert INHERITED[0].reclaim(study) == []
        assert INHERITED[0].finish(study, 0, 1, State.COMPLETE, value=0.0)
    return sum(os.waitpid(child, 0)[1] != 0 for child in children)


if __name__ == "__main__":
    sys.exit(sum(main(sys.argv[1], int(sys.argv[2]), path) for path in sys.argv[3:]))
