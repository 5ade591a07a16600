"""Ask, tell, enqueue, add, best: what a user who runs the objective alone relies on."""

import math
import subprocess
import sys
import tempfile

import numpy as np
import pytest

import tunesmith as ts
from tunesmith.errors import (
    ConfigError,
    NoFinishedTrial,
    OptionError,
    SpaceUsedUp,
    TellError,
)


def space() -> ts.Space:
    return ts.Space(
        lr=ts.Float(1e-5, 1e-1, log=True, default=1e-3),
        layers=ts.Int(1, 6),
        opt=ts.Choice(["adam", "sgd"]),
        momentum=ts.Float(0.0, 0.99, when={"opt": "sgd"}),
    )


def loss(config: dict) -> float:
    return (math.log10(config["lr"]) + 3) ** 2 + config["layers"] + config.get("momentum", 0.5)


def play(study: ts.Study, n: int) -> None:
    for _ in range(n):
        trial = study.ask()
        study.tell(trial, loss(trial.config))


@pytest.mark.parametrize("method", ["random", "sobol", "grid", "bayes", "evolution", "auto"])
def test_five_and_five_trials_equal_ten(where, tmp_path, method):
    whole = ts.Study(space(), method=method, seed=3)
    play(whole, 10)
    first = ts.Study(space(), method=method, seed=3, store=where)
    play(first, 5)
    second = first if where is None else ts.Study(space(), store=where)
    play(second, 5)
    assert [t.config for t in second.trials] == [t.config for t in whole.trials]
    assert [t.value for t in second.trials] == [t.value for t in whole.trials]


def test_values_keep_their_type_in_every_place(where):
    study = ts.Study(space(), seed=0, store=where)
    play(study, 8)
    for trial in study.trials:
        assert type(trial.config["layers"]) is int
        assert type(trial.config["lr"]) is float
        assert type(trial.value) is float
    frame = study.to_frame()
    assert str(frame["config.layers"].dtype) == "Int64"


def test_best_is_what_the_objective_received(where):
    study = ts.Study(space(), seed=0, store=where)
    play(study, 10)
    assert loss(study.best.config) == study.best.value == min(t.value for t in study.trials)


def test_maximize_turns_the_sign_once(where):
    study = ts.Study(ts.Space(x=ts.Int(1, 5)), direction="maximize", method="grid", store=where)
    for _ in range(5):
        trial = study.ask()
        study.tell(trial, trial.config["x"])
    assert study.best.value == 5.0


def test_best_without_a_finished_trial_says_what_failed_first():
    study = ts.Study(space(), seed=0)
    with pytest.raises(NoFinishedTrial, match="no trials at all"):
        _ = study.best
    study.tell(study.ask(), ValueError("the GPU is gone"))
    with pytest.raises(NoFinishedTrial, match="the GPU is gone"):
        _ = study.best


@pytest.mark.parametrize(
    "value", [np.float32(0.5), np.int64(3), np.array(0.25), 7, 0.1 + 0.2, 5e-324, 1.7e308, -1e300]
)
def test_numbers_of_any_kind_are_stored_exactly(where, value):
    study = ts.Study(space(), seed=0, store=where)
    trial = study.ask()
    study.tell(trial, value)
    again = study if where is None else ts.Study.open(where)
    assert again.trials[0].value == float(value)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_value_that_is_not_finite_is_a_failure(where, value):
    study = ts.Study(space(), seed=0, store=where)
    study.tell(study.ask(), value)
    trial = study.trials[0]
    assert trial.state is ts.State.FAILED
    assert trial.failure.kind is ts.FailureKind.NAN
    play(study, 3)
    assert math.isfinite(study.best.value)


@pytest.mark.parametrize(
    "told", [None, "0.5", [1.0], np.array([1.0]), True, 1j, {"loss": 1}, ts.State.RUNNING]
)
def test_a_refused_value_leaves_the_trial_to_be_told(told):
    study = ts.Study(space(), seed=0)
    trial = study.ask()
    with pytest.raises(TellError):
        study.tell(trial, told)
    study.tell(trial, 1.0)
    assert study.best.value == 1.0


def test_telling_twice(where):
    study = ts.Study(space(), seed=0, store=where)
    first, second = study.ask(), study.ask()
    study.tell(second, 2.0)
    study.tell(first, 1.0)
    study.tell(first, 1.0)  # the same again changes nothing
    with pytest.raises(TellError, match="told before"):
        study.tell(first, 1.5)
    assert [t.value for t in study.trials] == [1.0, 2.0]
    with pytest.raises(TellError, match="unknown"):
        study.tell(99, 1.0)


def test_the_trial_of_another_study_is_refused(where):
    study, other = (ts.Study(space(), seed=0, store=where, name=name) for name in "ab")
    mine, theirs = study.ask(), other.ask()
    for given in (theirs, other.trials[0]):
        with pytest.raises(
            TellError, match="trial 0 is another study's; allowed: what was asked of study 'a'"
        ):
            study.tell(given, 1.0)
    study.tell(mine, 2.0)
    other.tell(other.trials[0], 3.0)
    assert (study.best.value, other.best.value) == (2.0, 3.0)


class OutOfMemoryError(RuntimeError):
    """As a library of its own may call it; it cannot even be shown."""

    def __str__(self):
        raise ValueError("no text")


def test_an_exception_that_is_told_is_kept_as_one_that_a_run_meets():
    study = ts.Study(space(), seed=0)
    study.tell(study.ask(), OutOfMemoryError())
    study.tell(study.ask(), ValueError("x" * 10**6))
    short, long = (t.failure for t in study.trials)
    assert (short.kind, short.message) == ("memory", "OutOfMemoryError: (its text cannot be made)")
    assert len(long.message) < 1000
    assert len(long.traceback) < 30_000


def test_tell_takes_a_number_or_an_exception_or_a_state():
    study = ts.Study(space(), seed=0)
    study.ask(3)
    study.tell(0, 1.0)
    study.tell(1, MemoryError("too big"))
    study.tell(2, "failed")
    assert [t.failure.kind if t.failure else None for t in study.trials] == [None, "memory", "error"]


def test_ask_for_several_gives_distinct_configs(where):
    study = ts.Study(ts.Space(a=ts.Int(1, 4), b=ts.Choice([True, None, "x"])), seed=0, store=where)
    trials = study.ask(12)
    assert len({study.space.key(t.config) for t in trials}) == 12
    with pytest.raises(SpaceUsedUp):
        study.ask()


def test_asking_for_more_than_there_is_gives_what_there_is():
    study = ts.Study(ts.Space(a=ts.Int(1, 4)), seed=0)
    assert len(study.ask(10)) == 4
    with pytest.raises(OptionError):
        study.ask(0)


def test_enqueued_configs_come_first_and_once(where):
    study = ts.Study(space(), seed=0, store=where)
    for _ in range(2):  # a restarted script enqueues again
        study.enqueue({"lr": 0.01, "layers": 3.0, "opt": "adam"})
        study.enqueue({"layers": 2})
    assert len(study.trials) == 2
    first, second = study.ask(), study.ask()
    assert first.config == {"lr": 0.01, "layers": 3, "opt": "adam"}
    assert second.config["layers"] == 2
    assert second.config["lr"] == 1e-3  # a missing value takes its default
    assert [t.origin for t in study.trials] == ["enqueued", "enqueued"]


def test_why_a_config_was_enqueued_is_kept(where):
    study = ts.Study(ts.Space(a=ts.Float(0, 1), b=ts.Int(1, 9)), seed=0, store=where)
    for why in ("the paper's", "", "another reason"):  # a restarted script enqueues again
        study.enqueue({"a": 0.5, "b": 1}, why)
        study.enqueue({"b": 2}, reason=why)
    reasons = ["enqueued: the paper's", "enqueued, with b given: the paper's"]
    assert [t.reason for t in study.trials] == reasons
    with pytest.raises(OptionError, match="must be text; given: 3"):
        study.enqueue({"b": 3}, 3)


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"lr": 1.03}, "lr"),
        ({"opt": "adamw"}, "adam, sgd"),
        ({"layer": 3}, "layers"),
        ({"layers": 2.5}, "2.5"),
        ({"opt": "adam", "momentum": 0.5}, "not active"),
        ({"lr": math.nan}, "lr"),
        ({"lr": "0.1"}, "lr"),
    ],
)
def test_an_enqueued_config_that_does_not_fit_is_refused_at_once(config, words):
    study = ts.Study(space(), seed=0)
    with pytest.raises(ConfigError, match=words):
        study.enqueue(config)
    assert len(study.trials) == 0


def test_an_enqueued_config_that_breaks_a_constraint_is_told_which():
    study = ts.Study(ts.Space(x=ts.Float(0, 1), y=ts.Float(0, 1)).require("x < y"), seed=0)
    with pytest.raises(ConfigError, match="the config breaks the constraint x < y"):
        study.enqueue({"x": 0.5, "y": 0.1})
    with pytest.raises(ts.errors.SpaceError, match="no values of the missing parameters"):
        study.enqueue({"x": 1.0})
    assert len(study.trials) == 0


def test_known_results_inform_and_do_not_count(where):
    study = ts.Study(space(), seed=0, store=where)
    config = {"lr": 0.01, "layers": 3, "opt": "adam"}
    for _ in range(2):
        study.add(config, 0.5)
    assert len(study.trials) == 1
    assert study.best.config == config
    study.run(loss, trials=4, progress=False)
    assert len(study.trials) == 5
    assert sum(study.space.key(t.config) == study.space.key(config) for t in study.trials) == 1


def test_an_infeasible_config_is_never_best(where):
    limited = ts.Space(x=ts.Float(-1, 1), y=ts.Float(-1, 1)).require("x < y")
    study = ts.Study(limited, seed=0, store=where, method="random")
    with pytest.raises(ConfigError, match="x < y"):
        study.add({"x": 0.5, "y": 0.0}, -100.0)
    for _ in range(20):
        trial = study.ask()
        assert trial.config["x"] < trial.config["y"]
        study.tell(trial, trial.config["x"] ** 2 + trial.config["y"] ** 2)
    assert study.best.config["x"] < study.best.config["y"]


def test_two_studies_with_the_same_parameter_do_not_disturb_each_other(where):
    one = ts.Study(ts.Space(loss=ts.Choice(["l1", "l2"])), name="one", store=where, seed=0)
    two = ts.Study(ts.Space(loss=ts.Choice([3, 4, 5])), name="two", store=where, seed=0)
    for _ in range(2):
        one.tell(one.ask(), 1.0)
        two.tell(two.ask(), 1.0)
    assert {t.config["loss"] for t in one.trials} == {"l1", "l2"}
    assert {t.config["loss"] for t in two.trials} <= {3, 4, 5}


def test_the_global_generators_are_left_alone():
    import random

    np_state, py_state = np.random.get_state()[1].copy(), random.getstate()  # noqa: NPY002
    play(ts.Study(space(), seed=0), 12)
    assert (np.random.get_state()[1] == np_state).all()  # noqa: NPY002
    assert random.getstate() == py_state


@pytest.mark.parametrize(
    "arguments",
    [
        {"direction": "maximise"},
        {"method": "bayess"},
        {"seed": -1},
        {"seed": "x"},
        {"name": ""},
        {"store": "mysql://x"},
        {"store": 3},
    ],
)
def test_wrong_arguments_are_refused_in_words(arguments):
    with pytest.raises(OptionError) as caught:
        ts.Study(space(), **arguments)
    assert "given" in str(caught.value)


def test_a_space_that_is_none_is_refused():
    with pytest.raises(OptionError, match="must be a Space"):
        ts.Study(3)
    assert len(ts.Study({"x": ts.Int(1, 2)}).space) == 1


def test_what_is_handed_out_may_be_changed(where):
    study = ts.Study(space(), seed=0, store=where)
    play(study, 4)
    before = dict(study.best.config)
    for trial in (study.best, study.trials[study.best.number], study.enqueue(before)):
        trial.config.pop("lr")
        trial.config["n_jobs"] = 4
    assert study.best.config == before


def test_different_wishes_are_different_trials():
    study = ts.Study(
        ts.Space(c=ts.Choice([1, True]), lr=ts.Float(0, 1, default=0.1), x=ts.Int(1, 9, default=5)), seed=0
    )
    for wish in ({"c": 1}, {"c": True}, {"c": 1, "lr": 0.3, "x": 9}, {"c": 1, "x": 9}, {"c": 1}):
        study.enqueue(wish)
    configs = [t.config for t in study.trials]
    assert len(configs) == 4
    assert [type(c["c"]) for c in configs] == [int, bool, int, int]
    assert [(c["lr"], c["x"]) for c in configs] == [(0.1, 5), (0.1, 5), (0.3, 9), (0.1, 9)]


def test_tell_by_keyword_and_by_numpy_number():
    study = ts.Study(space(), seed=0)
    study.ask(np.int64(3))
    study.tell(np.int64(0), value=0.5)
    study.tell(1, state="failed")
    study.tell(2, state=ts.State.FAILED)
    assert [t.state for t in study.trials] == ["complete", "failed", "failed"]
    with pytest.raises(TellError, match="one thing"):
        study.tell(0)


class Constant:
    """A method that no registry knows."""

    name = "constant"
    settings: dict = {}  # noqa: RUF012

    def propose(self, history, number, seed):
        from tunesmith.methods.base import Proposal, UsedUp

        return UsedUp("that was all") if number else Proposal({"x": 0.5}, "the only one")

    def plan(self, space):
        return None


def test_a_method_of_ones_own_needs_no_registry(where):
    study = ts.Study(ts.Space(x=ts.Float(0, 1)), method=Constant(), store=where)
    assert study.ask().config == {"x": 0.5}
    with pytest.raises(SpaceUsedUp, match="that was all"):
        study.ask()


def test_checkpoint_folders_stay_beside_the_store(tmp_path):
    folders = set()
    for name in ("a/b", "..", "Ülm ' \" x", "学習率" * 60, "学習率" * 60 + "2", "/" * 200):
        study = ts.Study(space(), store=str(tmp_path / "tune.db"), name=name)
        folder = study.ask().folder
        assert folder.is_dir()
        assert folder.parent.parent == tmp_path / "tune.db.files"
        folders.add(folder)
    assert len(folders) == 6


@pytest.mark.parametrize("where", ["tune.db", "~/tune.db", "sqlite:///tune.db"])
def test_checkpoint_folders_stay_where_they_are_when_the_objective_changes_directory(
    tmp_path, monkeypatch, where
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    study = ts.Study(space(), store=where)
    with tempfile.TemporaryDirectory() as gone:
        monkeypatch.chdir(gone)
        inside = study.ask().folder
    after = study.ask().folder  # in a directory that is no more
    monkeypatch.chdir(tmp_path)
    assert {inside.parent.parent, after.parent.parent} == {tmp_path / "tune.db.files"}


@pytest.mark.parametrize("is_long", [False, True])
def test_a_new_study_takes_no_checkpoint_of_an_earlier_one_of_its_name(tmp_path, is_long):
    store, name = tmp_path / "tune.db", "x" * 200 if is_long else "mnist"

    def trained(config, trial):
        assert not list(trial.folder.iterdir())
        (trial.folder / "model").write_text("weights")
        return loss(config)

    for earlier in range(3):
        study = ts.Study(space(), store=store, name=name, seed=earlier).run(trained, trials=2, progress=False)
        assert len(list(tmp_path.glob("tune.db.files/*/*/model"))) == 2 * (earlier + 1)  # nothing is lost
        assert len(study.notes) == bool(earlier)
        for file in tmp_path.glob("tune.db*"):
            if file.is_file():
                file.unlink()
    assert "are in" in study.notes[0]


# -- trials that outlive the process that asked ----------------------------------------------------------

ASK = """
import sys, tunesmith as ts
store, keep = sys.argv[1], sys.argv[2] or None
trial = ts.Study(ts.Space(x=ts.Float(0, 1)), store=store, name="jobs", seed=0).ask(keep=keep)
print(trial.number)
"""


def asked(store: str, keep: str) -> int:
    done = subprocess.run(
        [sys.executable, "-c", ASK, store, keep], capture_output=True, text=True, check=True
    )
    return int(done.stdout)


def test_a_kept_trial_is_told_by_its_number_from_another_process(tmp_path):
    store = str(tmp_path / "a.db")
    assert [asked(store, "1h") for _ in range(3)] == [0, 1, 2]
    study = ts.Study.open(store, "jobs")
    study.tell(1, 0.5)
    assert [trial.state.value for trial in study.trials] == ["running", "complete", "running"]
    assert asked(store, "1h") == 3


@pytest.mark.parametrize("keep", ["", "1ms"])
def test_a_trial_that_nobody_keeps_is_taken_again(tmp_path, keep):
    store = str(tmp_path / "a.db")
    assert [asked(store, keep) for _ in range(2)] == [0, 0]


def test_how_long_a_trial_is_kept_is_checked():
    study = ts.Study(space())
    with pytest.raises(OptionError, match="keep cannot be used"):
        study.ask(keep="long")
    assert not study.trials
    assert [trial.number for trial in study.ask(2, keep=60)] == [0, 1]
