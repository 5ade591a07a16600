"""pause, resume, stop: runs of a study steered from another terminal."""

import threading

import pytest

import tunesmith as ts
from tunesmith.trial import State

SPACE = ts.Space(x=ts.Float(0, 1))


@pytest.fixture
def study(tmp_path):
    return ts.Study(SPACE, store=str(tmp_path / "tunesmith.db"), name="mnist", method="random", seed=0)


def test_a_paused_study_goes_on_when_it_is_resumed(call, study):
    study.ask()
    paused = call("pause")
    assert paused.code == 0
    said, _, command = paused.out.partition("; to go on: tunesmith ")
    assert said == "Study 'mnist' is paused (1 trial in hand still)"
    assert call("pause", "--study", "mnist", "--json").json == {
        "study": "mnist",
        "paused": True,
        "stops": 0,
        "running": 1,
    }
    assert call(*command.strip().removesuffix(".").split()).out == "Study 'mnist' goes on.\n"
    assert call("resume").out == "Study 'mnist' was not paused.\n"


def test_a_run_elsewhere_ends_after_its_trials_in_hand(call, study):
    begun, may_end = threading.Event(), threading.Event()

    def objective(config):
        begun.set()
        assert may_end.wait(20)
        return config["x"]

    run = threading.Thread(target=study.run, args=(objective,), kwargs={"trials": 1000, "progress": False})
    run.start()
    assert begun.wait(20)
    told = call("stop", "--study", "mnist")
    may_end.set()
    run.join(20)
    assert told.out == "Study 'mnist' is told to stop (1 trial in hand); a later run goes on with it.\n"
    assert study.stop_reason == "the study was told to stop"
    assert study.history.states[State.COMPLETE] < 1000
    assert study.history.states[State.RUNNING] == 0


@pytest.mark.parametrize("command", ["pause", "resume", "stop"])
def test_an_unknown_study_is_an_error_with_near_names(call, study, command):
    wrong = call(command, "--study", "mnits")
    assert wrong.code == 2
    assert "mnist" in wrong.err


@pytest.mark.parametrize("command", ["pause", "resume", "stop", "trials", "best", "report", "doctor"])
def test_a_store_or_study_as_it_stands_is_told_how_it_is_named(call, study, command):
    wrong = call(command, "tune.db")
    assert wrong.code == 2
    assert wrong.err == (
        f"Error: {command} takes no such argument; given: 'tune.db'. "
        "A store is named with --store FILE, a study with --study NAME.\n"
    )
