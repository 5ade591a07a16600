"""StoreContract: the rules of `store/base.py` as tests that run on any store.

class TestMine(StoreContract):
    def make_store(self, tmp_path):
        return MyStore(tmp_path / "mine")

The tests themselves are in `store_studies.py`, `store_trials.py`, `store_values.py` and `store_people.py`.
What is not here: processes, kills and locks, which differ from store to store (ours: tests/store).
"""

# ruff: noqa: D102 - the name of a test is its docstring

from pathlib import Path

from tunesmith.store.base import Store
from tunesmith.store.leases import this_worker
from tunesmith.testing.store_people import People
from tunesmith.testing.store_studies import Numbers, Studies
from tunesmith.testing.store_tools import CONFIG, FAILURE, get, start, study_of
from tunesmith.testing.store_trials import Attempts, Changes, States, Workers
from tunesmith.testing.store_values import Values
from tunesmith.trial import Report, State, Trial


class StoreContract(Studies, Numbers, States, Attempts, Changes, Workers, Values, People):
    """Tests that any store must pass; a subclass says how to make one."""


class PersistentStoreContract(StoreContract):
    """Also what holds for a store that `make_store` opens again when it is given the same path."""

    def test_all_is_there_after_opening_again(self, store: Store, tmp_path: Path) -> None:
        study = study_of(store)
        start(store, study, 0)
        store.report(study, 0, 1, Report(1, 0.1 + 0.2, 0.1))
        start(store, study, 1)
        store.finish(study, 1, 1, State.FAILED, failure=FAILURE)
        store.create_trial(study, Trial(2, {"ü": 1}))
        store.add_elapsed(study, 1.5)
        before = store.changes(study), store.get_study("study"), store.list_studies()
        store.close()
        for again in (store, self.make_store(tmp_path)):
            assert (again.changes(study), again.get_study("study"), again.list_studies()) == before
            assert again.reclaim(study) == []
        assert again.finish(study, 0, 1, State.COMPLETE, value=1.0)
        again.close()

    def test_two_stores_on_one_place_see_each_other_at_once(self, store: Store, tmp_path: Path) -> None:
        other = self.make_store(tmp_path)
        study = study_of(store)
        assert study_of(other) == study
        start(store, study)
        revision = store.changes(study)[1]
        assert other.finish(study, 0, 1, State.COMPLETE, value=1.0)
        assert [t.state for t in store.changes(study, revision)[0]] == [State.COMPLETE]
        assert other.create_trial(study, Trial(1, dict(CONFIG))).value == "yes"
        assert store.claim(study, this_worker()) == get(other, study, 1)
        other.close()
