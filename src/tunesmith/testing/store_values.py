"""Rule 9 of the store's contract: values come back as they were."""

# ruff: noqa: D102 - the name of a test is its docstring

import json
import math
import struct
from dataclasses import replace
from typing import Any

import pytest

from tunesmith.errors import StoreError
from tunesmith.store.base import Created, Store
from tunesmith.store.leases import this_worker
from tunesmith.testing.store_tools import CONFIG, FAILURE, Contract, get, start, study_of
from tunesmith.trial import Failure, FailureKind, Origin, Report, State, Trial

ODD_FLOATS = (0.1 + 0.2, 5e-324, 1e308, -1e-7, 1 / 3, 2.0**53 + 2, math.inf, -math.inf, 0.0, -0.0, 3.0)


def bits(value: float | None) -> bytes:
    """All bits of a float."""
    assert type(value) is float
    return struct.pack("<d", value)


class Values(Contract):
    """Rule 9: values come back as they were, to the last bit."""

    def test_floats_keep_every_bit(self, store: Store) -> None:
        study = study_of(store)
        for number, value in enumerate(ODD_FLOATS):
            config = {"x": value if math.isfinite(value) else 0.0}
            running = Trial(number, config, State.RUNNING)
            assert store.create_trial(study, running, worker=this_worker()) is Created.YES
            assert store.report(study, number, 1, Report(1, value, 0.1 + 0.2))
            assert store.finish(study, number, 1, State.COMPLETE, value=value)
            trial = get(store, study, number)
            assert bits(trial.value) == bits(trial.reports[0].value) == bits(value)
            assert bits(trial.config["x"]) == bits(config["x"])
            assert trial.reports[0].time == 0.1 + 0.2

    def test_nan_is_kept_apart_from_none(self, store: Store) -> None:
        study = study_of(store)
        start(store, study)
        assert store.report(study, 0, 1, Report(1, math.nan, 0.1))
        assert get(store, study).value is None
        assert store.finish(study, 0, 1, State.STOPPED, value=math.nan)
        trial = get(store, study)
        assert trial.value is not None
        assert math.isnan(trial.value)
        assert math.isnan(trial.reports[0].value)

    def test_configs_keep_type_and_order(self, store: Store) -> None:
        study = study_of(store)
        config: dict[str, Any] = {
            "b": 1,
            "a": 1.0,
            "lambda": True,
            "a.b": None,
            "🎛": "größer \0 \u2028 \"'",
            "": "",
        }
        config |= {"t": {"tuple": [1, 2.5]}, "l": {"label": "nan"}, "big": 2**70, "z": -0.0, "lone": "\ud800"}
        store.create_trial(study, Trial(0, config))
        read = get(store, study).config
        assert json.dumps(read) == json.dumps(config)
        assert [type(v) for v in read.values()] == [type(v) for v in config.values()]

    def test_ints_told_as_values_become_floats(self, store: Store) -> None:
        study = study_of(store)
        start(store, study)
        store.finish(study, 0, 1, State.COMPLETE, value=3)
        assert bits(get(store, study).value) == bits(3.0)

    def test_what_json_has_not_is_refused_by_name(self, store: Store) -> None:
        study = study_of(store)
        with pytest.raises(StoreError, match="config of trial 0 cannot be stored"):
            store.create_trial(study, Trial(0, {"x": object()}))
        assert store.changes(study) == ([], 0)

    def test_failures_keep_kind_message_and_traceback(self, store: Store) -> None:
        study = study_of(store)
        for number, kind in enumerate(FailureKind):
            start(store, study, number)
            failure = Failure(kind, "ü: no", 'Traceback\n  File "x"\n' * 1000)
            assert store.finish(study, number, 1, State.FAILED, failure=failure)
            assert get(store, study, number).failure == failure

    def test_undecodable_output_of_a_command_can_be_told(self, store: Store) -> None:
        study = study_of(store)
        start(store, study)
        words = b"caf\xe9".decode(errors="surrogateescape")
        assert store.finish(
            study, 0, 1, State.FAILED, failure=Failure(FailureKind.ERROR, words), reason=words
        )
        trial = get(store, study)
        assert trial.failure is not None
        assert trial.failure.message == trial.reason == "caf\\udce9"

    def test_what_no_database_takes_in_a_text_is_spelled_out(self, store: Store) -> None:
        study = study_of(store)
        start(store, study)
        assert store.note(study, 0, "a\0b")
        failure = Failure(FailureKind.ERROR, "no\0", "Traceback \0")
        assert store.finish(study, 0, 1, State.FAILED, failure=failure, reason="\0")
        trial = get(store, study)
        assert (trial.note, trial.reason) == (r"a\x00b", r"\x00")
        assert trial.failure == Failure(FailureKind.ERROR, r"no\x00", r"Traceback \x00")

    def test_a_finished_trial_is_taken_whole(self, store: Store) -> None:
        study = study_of(store)
        made = Trial(0, dict(CONFIG), State.STOPPED, 0.5, (Report(1, 0.7, 0.1), Report(5, 0.5, 0.2)))
        made = replace(made, origin=Origin.ADDED, reason="from a table", is_repeat=True, attempt=2, lost=1)
        made = replace(made, worker="me", created=10.5, started=11.5, finished=12.5)
        assert store.create_trial(study, made) is Created.YES
        assert get(store, study) == made
        failed = replace(made, number=1, state=State.FAILED, value=None, reports=(), failure=FAILURE)
        assert store.create_trial(study, failed) is Created.YES
        assert get(store, study, 1) == failed
