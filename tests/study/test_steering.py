"""Pause, resume, stop and notes, as people ask them of the runs of a study."""

import threading
import time

import pytest

import tunesmith as ts
from tunesmith.errors import OptionError, TellError
from tunesmith.study.steering import PAUSED


def make(where: str | None, **options) -> ts.Study:
    return ts.Study(ts.Space(x=ts.Float(-1, 1)), method="random", seed=0, store=where, **options)


def slow(config: dict) -> float:
    time.sleep(0.01)
    return config["x"] ** 2


def run_aside(study: ts.Study, **options) -> threading.Thread:
    thread = threading.Thread(target=lambda: study.run(slow, progress=False, **options), daemon=True)
    thread.start()
    return thread


def until(condition, seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_paused_study_starts_nothing_and_goes_on_when_it_is_resumed(where):
    study = make(where)
    study.pause()
    thread = run_aside(study, trials=5)
    until(lambda: PAUSED in study.notes)
    time.sleep(0.6)
    assert len(study.trials) == 0
    study.resume()
    thread.join(20)
    assert not thread.is_alive()
    assert study.stop_reason == "all 5 trials are done"


def test_a_pause_reaches_a_run_under_way_and_its_trials_end(where):
    study = make(where)
    thread = run_aside(study, trials=100_000)
    until(lambda: len(study.trials) > 3)
    study.pause()
    until(lambda: PAUSED in study.notes)
    count = len(study.trials)
    time.sleep(0.4)
    assert len(study.trials) == count
    assert {t.state for t in study.trials} == {ts.State.COMPLETE}
    study.stop_all()
    thread.join(20)
    assert not thread.is_alive()
    assert study.stop_reason == "the study was told to stop"


def test_the_time_of_a_pause_does_not_count(where):
    study = make(where)
    study.pause()
    thread = run_aside(study, time=0.5)
    time.sleep(1.2)
    assert thread.is_alive()
    study.resume()
    thread.join(20)
    assert len(study.trials) > 3
    assert 0.4 < study.store.get_study(study.name).elapsed < 1.1


def test_a_stop_ends_all_runs_of_the_study_and_no_later_one(tmp_path):
    store = str(tmp_path / "tune.db")
    studies = [make(store) for _ in range(2)]
    threads = [run_aside(study, trials=100_000) for study in studies]
    until(lambda: len(studies[0].trials) > 3)
    ts.Study.open(store).stop_all()
    for thread in threads:
        thread.join(20)
    assert [study.stop_reason for study in studies] == ["the study was told to stop"] * 2
    more = len(studies[0].trials) + 3
    assert make(store).run(slow, trials=more, progress=False).stop_reason == f"all {more} trials are done"


def test_a_note_is_kept_with_the_trial_and_changes_nothing_else(where):
    study = make(where)
    study.run(slow, trials=4, progress=False)
    before, best = study.trials, study.best
    study.note(2, "looks odd")
    assert [t.note for t in study.trials] == ["", "", "looks odd", ""]
    assert [t.value for t in study.trials] == [t.value for t in before]
    assert study.best.number == best.number
    study.note(study.trials[2], "")
    assert study.trials == before
    with pytest.raises(TellError, match="unknown"):
        study.note(4, "x")
    with pytest.raises(OptionError, match="a note must be text; given: 3"):
        study.note(0, 3)
    with pytest.raises(TellError, match="trial 0 is another study's"):
        study.note(make(where, name="other").ask(), "x")


def test_a_note_does_not_change_what_comes_next(where):
    plain, noted = make(where, name="a"), make(where, name="b")
    for study in (plain, noted):
        study.run(slow, trials=6, progress=False)
    noted.note(3, "hm")
    assert plain.ask().config == noted.ask().config
