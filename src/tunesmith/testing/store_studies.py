"""Rules 2, 5 and 8 of the store's contract: studies, numbers and limits."""

# ruff: noqa: D102 - the name of a test is its docstring

import math
import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from tunesmith.errors import OptionError, StudyNotFound
from tunesmith.store.base import Created, Store, StudyRecord
from tunesmith.store.leases import this_worker
from tunesmith.testing.store_tools import FAILURE, Contract, at_once, get, start, study_of
from tunesmith.trial import Origin, Report, State, Trial


class Studies(Contract):
    """Rule 8, and the studies themselves."""

    def test_a_study_is_created_once_and_then_returned_unchanged(self, store: Store) -> None:
        wanted = StudyRecord(
            "s",
            "maximize",
            {"b": 1, "a": 2.0},
            {"name": "grid"},
            {"name": "asha"},
            2**63 - 1,
            {"m": [1, None]},
        )
        before = time.time()
        first = store.create_study(wanted)
        assert replace(first, id=-1, created=0.0) == wanted
        assert first.id >= 0
        assert before <= first.created <= time.time()
        assert list(first.space) == ["b", "a"]
        assert store.create_study(replace(wanted, direction="minimize", seed=5)) == first
        assert store.get_study("s") == first

    def test_threads_that_create_the_same_study_at_once_all_get_the_one(self, store: Store) -> None:
        records = [StudyRecord("s", "minimize", {}, {}, None, seed=i) for i in range(8)]
        made = at_once(8, lambda i: store.create_study(records[i]))
        assert all(record == made[0] for record in made)
        assert len(store.list_studies()) == 1

    def test_an_unknown_study_is_an_error_that_offers_close_names(self, store: Store) -> None:
        study_of(store, "mnist")
        with pytest.raises(StudyNotFound, match=r"given: 'mnits'\. Did you mean 'mnist'"):
            store.get_study("mnits")
        with pytest.raises(StudyNotFound, match="mnits"):
            store.delete_study("mnits")

    def test_any_text_is_a_name(self, store: Store) -> None:
        names = ["a.b", "lambda", "größer", "🎛", "S", "s", " s ", "a'b\"c; --", "x" * 500]
        ids = {study_of(store, name) for name in names}
        assert len(ids) == len(names)
        assert [store.get_study(name).name for name in names] == names
        assert [s.record.name for s in store.list_studies()] == sorted(names)

    @pytest.mark.parametrize("name", ["", "  ", "a\0b", "caf\udce9", None])
    def test_what_cannot_be_a_name_is_refused_in_words(self, store: Store, name: str) -> None:
        with pytest.raises(OptionError, match="name cannot be that of a study"):
            study_of(store, name)
        if name is not None:
            with pytest.raises(StudyNotFound):
                store.get_study(name)
        assert store.list_studies() == []

    def test_parts_are_replaced_and_the_rest_stays(self, store: Store) -> None:
        study = study_of(store)
        before = store.get_study("study")
        store.update_study(study, space={"y": [1, 2.0, None]})
        store.update_study(study, method={}, scheduler={"name": "asha"}, info={"metric": "auc"})
        after = replace(before, space={"y": [1, 2.0, None]}, method={}, info={"metric": "auc"})
        after = replace(after, scheduler={"name": "asha"})
        assert store.get_study("study") == after

    def test_time_spent_adds_up(self, store: Store) -> None:
        study = study_of(store)
        assert store.add_elapsed(study, 0.1) == 0.1
        assert store.add_elapsed(study, 0.2) == 0.1 + 0.2
        assert store.get_study("study").elapsed == 0.1 + 0.2

    def test_the_list_counts_by_state_and_shows_the_best(self, store: Store) -> None:
        assert store.list_studies() == []
        low, high = study_of(store, "low"), study_of(store, "high", "maximize")
        empty = study_of(store, "empty")
        for study in (low, high):
            for number, value in enumerate((2.0, -1.5, math.nan)):
                start(store, study, number)
                store.finish(study, number, 1, State.COMPLETE, value=value)
            start(store, study, 3)
            store.finish(study, 3, 1, State.STOPPED, value=-100.0 if study == low else 100.0)
            start(store, study, 4)
        found = {s.record.name: s for s in store.list_studies()}
        assert list(found) == ["empty", "high", "low"]
        assert found["low"].record == store.get_study("low")
        assert (found["low"].best_value, found["high"].best_value) == (-1.5, 2.0)
        configs = [store.changes(study, 0)[0][number].config for study, number in ((low, 1), (high, 0))]
        assert [found["low"].best_config, found["high"].best_config] == configs
        assert found["low"].states == dict.fromkeys(State, 0) | {
            State.COMPLETE: 3,
            State.STOPPED: 1,
            State.RUNNING: 1,
        }
        assert found["empty"].record.id == empty
        assert (found["empty"].best_value, found["empty"].best_config) == (None, None)
        assert found["empty"].last_change is None
        assert set(found["empty"].states.values()) == {0}
        assert abs((found["low"].last_change or 0.0) - time.time()) < 60

    def test_nothing_is_wrong_with_a_store_in_use(self, store: Store) -> None:
        assert store.check() == []
        study = study_of(store)
        start(store, study)
        start(store, study, 1)
        assert store.report(study, 0, 1, Report(1, 0.5, 0.1))
        study_of(store, "empty")
        assert store.check() == []

    def test_a_deleted_study_is_gone_and_its_id_is_never_given_again(self, store: Store) -> None:
        kept, gone = study_of(store, "kept"), study_of(store, "gone")
        start(store, kept)
        start(store, gone)
        assert store.report(gone, 0, 1, Report(1, 0.5, 0.1))
        store.delete_study("gone")
        assert [s.record.name for s in store.list_studies()] == ["kept"]
        again = study_of(store, "gone")
        assert again != gone
        assert store.changes(again) == ([], 0)
        assert get(store, kept).state is State.RUNNING
        uses: list[Callable[[], object]] = [
            lambda: store.changes(gone),
            lambda: store.create_trial(gone, Trial(0, {})),
            lambda: store.claim(gone, this_worker()),
            lambda: store.finish(gone, 0, 1, State.COMPLETE, value=1.0),
            lambda: store.add_elapsed(gone, 1.0),
            lambda: store.update_study(gone, info={}),
        ]
        for use in uses:
            with pytest.raises(StudyNotFound, match="deleted"):
                use()


class Numbers(Contract):
    """Rules 2 and 5."""

    def test_only_the_next_number_is_taken(self, store: Store) -> None:
        study = study_of(store)
        for number, outcome in [(1, "no"), (0, "yes"), (0, "no"), (2, "no"), (1, "yes"), (-1, "no")]:
            created = store.create_trial(study, Trial(number, {"x": number}))
            assert created is (Created.YES if outcome == "yes" else Created.NUMBER_TAKEN)
        assert [(t.number, t.config) for t in store.changes(study)[0]] == [(0, {"x": 0}), (1, {"x": 1})]

    def test_of_threads_that_offer_the_same_number_one_wins(self, store: Store) -> None:
        study = study_of(store)

        def create_20(thread: int) -> int:
            tries = made = 0
            while made < 20:
                number = len(store.changes(study)[0])
                trial = Trial(number, {"thread": thread}, State.RUNNING)
                made += store.create_trial(study, trial, worker=this_worker()) is Created.YES
                tries += 1
            return tries

        at_once(4, create_20)
        trials = store.changes(study)[0]
        assert [t.number for t in trials] == list(range(80))
        assert sorted(t.config["thread"] for t in trials) == sorted([0, 1, 2, 3] * 20)

    def test_a_running_trial_needs_a_worker(self, store: Store) -> None:
        study = study_of(store)
        with pytest.raises(OptionError, match=r"trial 0 .* worker"):
            store.create_trial(study, Trial(0, {}, State.RUNNING))
        assert store.changes(study) == ([], 0)

    def test_a_started_trial_knows_its_attempt_worker_and_times(self, store: Store) -> None:
        study, before = study_of(store), time.time()
        start(store, study)
        trial = get(store, study)
        assert (trial.attempt, trial.lost, trial.worker) == (1, 0, this_worker().id)
        assert trial.started is not None
        assert before <= trial.created <= trial.started <= time.time()
        assert trial.finished is None

    def test_the_limit_counts_what_was_ever_started_here(self, store: Store) -> None:
        study, me = study_of(store), this_worker()
        added = Trial(0, {}, State.COMPLETE, 1.0, origin=Origin.ADDED)
        assert store.create_trial(study, added, limit=0) is Created.YES
        assert store.create_trial(study, Trial(1, {}), limit=0) is Created.YES  # waits, so has not started
        assert store.claim(study, me, limit=0) is None
        assert store.claim(study, me, number=1, limit=0) is None
        running = Trial(2, {}, State.RUNNING)
        assert store.create_trial(study, running, worker=me, limit=0) is Created.LIMIT_REACHED
        assert store.create_trial(study, running, worker=me, limit=1) is Created.YES
        assert store.claim(study, me, limit=1) is None
        assert store.finish(study, 2, 1, State.FAILED, failure=FAILURE)
        assert store.claim(study, me, limit=1) is None
        claimed = store.claim(study, me, limit=2)
        assert claimed is not None
        assert claimed.number == 1

    def test_a_trial_given_back_keeps_its_place_under_the_limit(self, store: Store) -> None:
        study, me = study_of(store), this_worker()
        assert store.create_trial(study, Trial(0, {})) is Created.YES
        start(store, study, 1)
        assert store.release(study, 1, 1)
        new = Trial(2, {}, State.RUNNING)
        assert store.create_trial(study, new, worker=me, limit=1) is Created.LIMIT_REACHED
        claimed = store.claim(study, me, limit=1)
        assert claimed is not None
        assert (claimed.number, claimed.attempt) == (1, 2)
        assert store.finish(study, 1, 2, State.PAUSED)
        assert store.claim(study, me, number=1, limit=1) is not None

    def test_threads_together_never_overshoot_the_limit(self, store: Store) -> None:
        study = study_of(store)
        for number in range(5):
            store.create_trial(study, Trial(number, {}))

        def work(thread: int) -> None:
            while True:
                if store.claim(study, this_worker(), limit=23) is not None:
                    continue
                new = Trial(len(store.changes(study)[0]), {}, State.RUNNING)
                created = store.create_trial(study, new, worker=this_worker(), limit=23)
                if created is Created.LIMIT_REACHED:
                    return

        at_once(4, work)
        assert [t.state for t in store.changes(study)[0]] == [State.RUNNING] * 23
