"""Rules 3, 4, 6 and 7 of the store's contract: states, attempts, changes, dead workers."""

# ruff: noqa: D102 - the name of a test is its docstring

import time
from dataclasses import replace
from typing import Any

import pytest

from tunesmith.errors import OptionError
from tunesmith.store import leases
from tunesmith.store.base import Store
from tunesmith.store.leases import MAX_LOST, Worker, this_worker
from tunesmith.testing.store_tools import (
    ELSEWHERE,
    FAILURE,
    Contract,
    at_once,
    bring_to,
    change_to,
    dead_worker,
    get,
    start,
    study_of,
)
from tunesmith.trial import FailureKind, Report, State, Trial, is_legal


class States(Contract):
    """Rules 3 and 4: who may change what."""

    @pytest.mark.parametrize("before", list(State))
    def test_states_change_as_the_table_says_and_no_other_way(self, store: Store, before: State) -> None:
        study = study_of(store)
        for number, after in enumerate(State):
            bring_to(store, study, number, before)
            old, revision = get(store, study, number), store.changes(study)[1]
            is_changed = change_to(store, study, number, after)
            assert is_changed == is_legal(before, after), f"{before} -> {after}"
            assert get(store, study, number).state is (after if is_changed else before)
            if not is_changed:
                assert (get(store, study, number), store.changes(study)[1]) == (old, revision)

    def test_a_waiting_or_running_end_is_refused_in_words(self, store: Store) -> None:
        study = study_of(store)
        start(store, study)
        for state in (State.WAITING, State.RUNNING):
            with pytest.raises(OptionError, match=f"trial 0 cannot be finished as {state}"):
                store.finish(study, 0, 1, state)
        assert get(store, study).state is State.RUNNING

    def test_of_threads_that_make_the_same_change_one_wins(self, store: Store) -> None:
        study, me = study_of(store), this_worker()
        for number in range(3):
            store.create_trial(study, Trial(number, {}))
        claims = at_once(6, lambda i: store.claim(study, me))
        numbers = [c.number for c in claims if c is not None]
        assert sorted(numbers) == [0, 1, 2]
        ends = at_once(6, lambda i: store.finish(study, 1, 1, State.COMPLETE, value=float(i)))
        assert sum(ends) == 1
        assert get(store, study, 1).value == ends.index(True)

    def test_the_first_result_is_kept(self, store: Store) -> None:
        study = study_of(store)
        start(store, study)
        assert store.finish(study, 0, 1, State.COMPLETE, value=1.0, reason="done")
        kept = get(store, study)
        assert not store.finish(study, 0, 1, State.COMPLETE, value=1.0)
        assert not store.finish(study, 0, 1, State.FAILED, failure=FAILURE)
        assert not store.report(study, 0, 1, Report(1, 0.5, 0.1))
        assert get(store, study) == kept
        assert (kept.state, kept.value, kept.reason, kept.failure) == (State.COMPLETE, 1.0, "done", None)

    def test_unknown_trials_are_answered_false(self, store: Store) -> None:
        study, me = study_of(store), this_worker()
        for number in (0, -1, 7):
            assert store.claim(study, me, number=number) is None
            assert not store.finish(study, number, 1, State.COMPLETE, value=1.0)
            assert not store.release(study, number, 1)
            assert not store.report(study, number, 1, Report(1, 0.5, 0.1))
        assert store.claim(study, me) is None
        assert store.changes(study) == ([], 0)

    def test_the_lowest_waiting_trial_is_claimed_first_or_the_one_named(self, store: Store) -> None:
        study, me = study_of(store), this_worker()
        for number in range(4):
            store.create_trial(study, Trial(number, {"x": number}))
        named = store.claim(study, me, number=2)
        assert named == get(store, study, 2)
        assert [t.number for _ in range(4) if (t := store.claim(study, me))] == [0, 1, 3]

    def test_a_paused_trial_is_resumed_by_name_with_its_reports(self, store: Store) -> None:
        study, me = study_of(store), this_worker()
        start(store, study)
        made = Report(3, 0.5, 0.1)
        assert store.report(study, 0, 1, made)
        assert store.finish(study, 0, 1, State.PAUSED, reason="at rung 3")
        assert get(store, study).finished is None
        assert store.claim(study, me) is None  # a paused one is never taken unasked
        resumed = store.claim(study, me, number=0)
        assert resumed is not None
        assert (resumed.state, resumed.attempt, resumed.reports) == (State.RUNNING, 2, (made,))
        assert resumed.reason == "at rung 3"
        assert not store.report(study, 0, 2, Report(3, 0.4, 0.1))
        assert store.report(study, 0, 2, Report(9, 0.4, 0.1))
        assert [r.step for r in get(store, study).reports] == [3, 9]


class Attempts(Contract):
    """Rule 4: an attempt that is no longer the current one."""

    def test_a_stale_attempt_changes_nothing(self, store: Store) -> None:
        study, me = study_of(store), this_worker()
        start(store, study)
        assert store.release(study, 0, 1)
        assert store.claim(study, me, number=0) is not None
        kept = get(store, study)
        for attempt in (0, 1, 3):
            assert not store.finish(study, 0, attempt, State.COMPLETE, value=1.0)
            assert not store.report(study, 0, attempt, Report(1, 0.5, 0.1))
            assert not store.release(study, 0, attempt)
        assert get(store, study) == kept
        assert store.finish(study, 0, 2, State.COMPLETE, value=2.0)

    @pytest.mark.parametrize("state", [State.COMPLETE, State.STOPPED, State.FAILED])
    def test_a_late_result_is_taken_while_the_trial_waits(self, store: Store, state: State) -> None:
        study = study_of(store)
        start(store, study)
        store.claim(study, this_worker(), number=0)
        assert store.release(study, 0, 1)
        assert not store.finish(study, 0, 1, State.PAUSED)  # only a running trial can be laid aside
        assert store.finish(study, 0, 1, state, value=1.0)
        assert (get(store, study).state, get(store, study).value) == (state, 1.0)
        assert store.claim(study, this_worker()) is None

    def test_a_late_result_of_an_earlier_attempt_is_taken_too(self, store: Store) -> None:
        study = study_of(store)
        start(store, study)
        for attempt in (1, 2):
            assert store.release(study, 0, attempt)
            assert store.claim(study, this_worker(), number=0) is not None
        assert store.release(study, 0, 3)
        assert not store.finish(study, 0, 4, State.COMPLETE, value=1.0)
        assert store.finish(study, 0, 1, State.COMPLETE, value=1.0)

    def test_reports_rise_and_those_of_a_lost_attempt_go_with_the_next(self, store: Store) -> None:
        study, me = study_of(store), this_worker()
        start(store, study)
        for step, is_taken in [(2, True), (2, False), (1, False), (4, True)]:
            assert store.report(study, 0, 1, Report(step, step / 3, 0.1)) is is_taken
        assert store.finish(study, 0, 1, State.PAUSED)
        assert store.claim(study, me, number=0) is not None
        assert store.report(study, 0, 2, Report(5, 0.5, 0.1))
        assert store.release(study, 0, 2)
        assert [r.step for r in get(store, study).reports] == [2, 4, 5]  # a late result may need them
        again = store.claim(study, me)
        assert again is not None
        assert [r.step for r in again.reports] == [2, 4]  # up to the pause: where the next attempt begins
        assert get(store, study) == again
        assert store.report(study, 0, 3, Report(5, 0.6, 0.1))
        assert store.release(study, 0, 3)
        last = store.claim(study, me)
        assert last is not None
        assert [r.step for r in last.reports] == [2, 4]

    def test_reports_of_a_lost_attempt_stay_for_the_next_that_asks_for_them(self, store: Store) -> None:
        study, me = study_of(store), this_worker()
        start(store, study)
        for attempt in (1, 2, 3):
            assert store.report(study, 0, attempt, Report(attempt, 0.5, 0.1))
            assert store.release(study, 0, attempt)
            again = store.claim(study, me, keeps_reports=True)
            assert again is not None
            assert [r.step for r in again.reports] == list(range(1, attempt + 1))
            assert get(store, study) == again

    def test_a_trial_that_is_claimed_may_be_given_a_reason(self, store: Store) -> None:
        study, me = study_of(store), this_worker()
        start(store, study)
        assert store.finish(study, 0, 1, State.PAUSED, reason="paused")
        assert store.claim(study, me, number=0, reason="goes on") == get(store, study)
        assert get(store, study).reason == "goes on"
        assert store.release(study, 0, 2)
        assert store.claim(study, me) is not None
        assert get(store, study).reason == "goes on"


class Changes(Contract):
    """Rule 6: what readers see."""

    def test_each_change_is_told_once_by_number(self, store: Store) -> None:
        study = study_of(store)
        assert store.changes(study) == ([], 0)
        for number in range(3):
            start(store, study, number)
        found, revision = store.changes(study)
        assert [t.number for t in found] == [0, 1, 2]
        assert store.changes(study, revision) == ([], revision)
        store.finish(study, 2, 1, State.COMPLETE, value=1.0)
        store.report(study, 0, 1, Report(1, 0.5, 0.1))
        store.report(study, 0, 1, Report(2, 0.5, 0.1))
        found, newer = store.changes(study, revision)
        assert [(t.number, t.state, len(t.reports)) for t in found] == [
            (0, State.RUNNING, 2),
            (2, State.COMPLETE, 0),
        ]
        assert newer > revision
        assert store.changes(study, newer) == ([], newer)
        assert len(store.changes(study)[0]) == 3

    def test_what_is_handed_out_and_in_are_copies(self, store: Store) -> None:
        study = study_of(store)
        config: dict[str, Any] = {"x": 1.0, "t": {"tuple": [1, {"tuple": [2]}]}}
        store.create_trial(study, Trial(0, config))
        config["x"] = 2.0
        config["t"]["tuple"].append(3)
        for _ in range(2):
            read = get(store, study).config
            assert read == {"x": 1.0, "t": {"tuple": [1, {"tuple": [2]}]}}
            read["t"]["tuple"][1]["tuple"].append(9)
            read.clear()
        claimed = store.claim(study, this_worker())
        assert claimed is not None
        claimed.config.clear()
        assert get(store, study).config["x"] == 1.0
        store.get_study("study").space["x"] = 2
        store.list_studies()[0].record.info["a"] = 1
        assert (store.get_study("study").space, store.get_study("study").info) == ({"x": 1}, {})

    def test_studies_with_the_same_names_do_not_touch(self, store: Store) -> None:
        one, two = study_of(store, "one"), study_of(store, "two", "maximize")
        for study, value in ((one, 1.0), (two, 2.0)):
            start(store, study)
            store.report(study, 0, 1, Report(1, value, 0.1))
            store.finish(study, 0, 1, State.COMPLETE, value=value)
        assert [get(store, s).value for s in (one, two)] == [1.0, 2.0]
        assert [len(get(store, s).reports) for s in (one, two)] == [1, 1]
        start(store, two, 1)
        assert len(store.changes(one)[0]) == 1
        store.delete_study("two")
        assert get(store, one).reports[0].value == 1.0

    def test_a_reader_that_follows_along_ends_with_all_and_sees_no_gaps(self, store: Store) -> None:
        study, seen = study_of(store), dict[int, Trial]()

        def work(thread: int) -> None:
            if thread == 0:
                for number in range(60):
                    start(store, study, number)
                    store.report(study, number, 1, Report(1, 0.5, 0.1))
                    store.finish(study, number, 1, State.COMPLETE, value=float(number))
                return
            revision = 0
            while not (len(seen) == 60 and seen[59].is_finished):
                found, revision = store.changes(study, revision)
                assert [t.number for t in found] == sorted({t.number for t in found})
                seen.update({t.number: t for t in found})
                assert sorted(seen) == list(range(len(seen)))

        at_once(2, work)
        assert list(seen.values()) == store.changes(study)[0]


class Workers(Contract):
    """Rule 7: whose trials are given back."""

    def test_a_living_worker_keeps_its_trials_however_old_its_heartbeat(
        self, store: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        study = study_of(store)
        start(store, study)
        monkeypatch.setattr(leases, "EXPIRY", -1.0)  # every heartbeat is too old
        assert store.reclaim(study) == []
        assert get(store, study).state is State.RUNNING

    @pytest.mark.parametrize(
        "worker",
        [
            pytest.param(dead_worker(), id="its process is gone"),
            pytest.param(replace(this_worker(), id="reused:1:aa", start="7"), id="its process id was reused"),
            pytest.param(replace(this_worker(), id="before:1:aa", boot="earlier"), id="the machine rebooted"),
        ],
    )
    def test_trials_of_a_dead_worker_here_are_given_back_at_once(self, store: Store, worker: Worker) -> None:
        study = study_of(store)
        start(store, study, 0)
        start(store, study, 1, worker)
        store.finish(study, 0, 1, State.COMPLETE, value=1.0)
        start(store, study, 2, worker)
        start(store, study, 3)
        revision = store.changes(study)[1]
        assert store.orphans(study) == [1, 2]
        assert store.changes(study, revision) == ([], revision)
        assert store.reclaim(study) == [1, 2]
        assert store.orphans(study) == []
        assert [t.number for t in store.changes(study, revision)[0]] == [1, 2]
        trial = get(store, study, 1)
        assert (trial.state, trial.lost, trial.attempt) == (State.WAITING, 1, 1)
        assert store.reclaim(study) == []
        claimed = store.claim(study, this_worker())
        assert claimed is not None
        assert (claimed.number, claimed.attempt, claimed.lost) == (1, 2, 1)
        assert claimed.worker == this_worker().id

    def test_a_worker_elsewhere_is_dead_when_its_heartbeat_is_too_old(
        self, store: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        study = study_of(store)
        start(store, study, 0, ELSEWHERE)
        assert store.reclaim(study) == []
        late = time.time() + leases.EXPIRY + 1
        self.set_clock(monkeypatch, late)
        store.heartbeat(ELSEWHERE)
        assert store.reclaim(study) == []
        self.set_clock(monkeypatch, late + leases.EXPIRY + 1)
        assert store.reclaim(study) == [0]

    def test_a_heartbeat_of_a_worker_without_trials_is_taken(self, store: Store) -> None:
        study = study_of(store)
        store.heartbeat(ELSEWHERE)
        store.heartbeat(ELSEWHERE)
        start(store, study, 0, ELSEWHERE)
        assert store.reclaim(study) == []

    def test_a_trial_lost_too_often_has_failed(self, store: Store) -> None:
        study = study_of(store)
        start(store, study, 0, dead_worker())
        for lost in range(1, MAX_LOST):
            assert store.reclaim(study) == [0]
            assert get(store, study).lost == lost
            assert store.claim(study, dead_worker()) is not None
        assert store.reclaim(study) == [0]
        trial = get(store, study)
        assert (trial.state, trial.lost, trial.attempt) == (State.FAILED, MAX_LOST, MAX_LOST)
        assert trial.failure is not None
        assert (trial.failure.kind, trial.finished is not None) == (FailureKind.CRASH, True)
        assert f"{MAX_LOST} times" in trial.failure.message
        assert store.claim(study, this_worker()) is None

    def test_waiting_and_paused_trials_belong_to_nobody(self, store: Store) -> None:
        study = study_of(store)
        start(store, study, 0, dead_worker())
        start(store, study, 1, dead_worker())
        assert store.release(study, 0, 1)
        assert store.finish(study, 1, 1, State.PAUSED)
        assert store.reclaim(study) == []
