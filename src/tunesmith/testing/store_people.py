"""Rule 10 of the store's contract: what people ask of a study, and their notes on trials."""

# ruff: noqa: D102 - the name of a test is its docstring

from collections.abc import Callable
from dataclasses import replace

import pytest

from tunesmith.errors import StudyNotFound
from tunesmith.store.base import Control, Store
from tunesmith.store.leases import this_worker
from tunesmith.testing.store_tools import Contract, at_once, bring_to, get, start, study_of
from tunesmith.trial import Report, State, Trial


class People(Contract):
    """Rule 10."""

    def test_nothing_is_asked_of_a_new_study(self, store: Store) -> None:
        assert store.get_control(study_of(store)) == Control(is_paused=False, stops=0)

    def test_a_pause_lasts_until_it_is_taken_back_or_the_study_is_stopped(self, store: Store) -> None:
        study, other = study_of(store), study_of(store, "other")
        store.pause_study(study, True)
        store.pause_study(study, True)
        assert store.get_control(study) == Control(is_paused=True)
        store.pause_study(study, False)
        assert store.get_control(study) == Control(is_paused=False)
        store.pause_study(study, True)
        store.stop_study(study)
        assert store.get_control(study) == Control(is_paused=False, stops=1)
        assert store.get_control(other) == Control()

    def test_every_stop_is_counted_once(self, store: Store) -> None:
        study = study_of(store)
        at_once(8, lambda _: store.stop_study(study))
        assert store.get_control(study).stops == 8

    def test_what_is_asked_of_a_study_changes_none_of_its_trials(self, store: Store) -> None:
        study = study_of(store)
        start(store, study)
        before = store.changes(study), store.get_study("study")
        store.pause_study(study, True)
        store.stop_study(study)
        assert (store.changes(study), store.get_study("study")) == before

    def test_a_deleted_study_is_asked_nothing(self, store: Store) -> None:
        gone = study_of(store)
        start(store, gone)
        store.delete_study("study")
        uses: list[Callable[[], object]] = [
            lambda: store.get_control(gone),
            lambda: store.pause_study(gone, True),
            lambda: store.stop_study(gone),
            lambda: store.note(gone, 0, "late"),
        ]
        for use in uses:
            with pytest.raises(StudyNotFound, match="deleted"):
                use()

    @pytest.mark.parametrize("state", list(State))
    def test_a_note_is_a_change_of_its_trial_and_of_nothing_else(self, store: Store, state: State) -> None:
        study = study_of(store)
        bring_to(store, study, 0, state)
        start(store, study, 1)
        before, revision = get(store, study), store.changes(study)[1]
        assert store.note(study, 0, "größer 🎛 <b>\n'; --")
        changed, newest = store.changes(study, revision)
        assert newest > revision
        assert changed == [replace(before, note="größer 🎛 <b>\n'; --")]
        assert store.note(study, 0, "")
        assert get(store, study) == before

    def test_a_note_stays_with_its_trial_whatever_becomes_of_it(self, store: Store) -> None:
        study = study_of(store)
        assert store.create_trial(study, Trial(0, {}, note="from the start")).value == "yes"
        assert get(store, study).note == "from the start"
        assert store.note(study, 0, "mine")
        claimed = store.claim(study, this_worker())
        assert claimed is not None
        assert claimed.note == "mine"
        assert store.report(study, 0, 1, Report(1, 0.5, 0.1))
        assert store.note(study, 0, "still mine")
        assert store.finish(study, 0, 1, State.COMPLETE, value=1.0)
        assert get(store, study) == replace(get(store, study), note="still mine", value=1.0)
        assert [r.step for r in get(store, study).reports] == [1]

    def test_a_note_on_a_trial_that_is_not_there_is_answered_false(self, store: Store) -> None:
        study = study_of(store)
        start(store, study)
        before = store.changes(study)
        assert not store.note(study, 1, "x")
        assert not store.note(study, -1, "x")
        assert store.changes(study) == before

    def test_a_note_that_cannot_be_encoded_is_spelled_out(self, store: Store) -> None:
        study = study_of(store)
        start(store, study)
        assert store.note(study, 0, "caf\udce9")
        assert get(store, study).note == r"caf\udce9"
