"""Reopening a stored study: what comes back, what may change and is told, and what contradicts it."""

import contextlib
import json
import pickle
import sqlite3

import pytest

import tunesmith as ts
from tunesmith.dashboard.watch import Watch
from tunesmith.errors import OptionError, StoreError, StudyError, StudyMismatch, StudyNotFound
from tunesmith.store import open_store

EPOCHS = ts.Fidelity("epoch", 1, 27)
SPACE = ts.Space(x=ts.Float(0, 1))
MIXED = ts.Space(
    layers=ts.Int(1, 6), opt=ts.Choice(["adam", "sgd"]), momentum=ts.Float(0.0, 0.99, when={"opt": "sgd"})
)


def test_a_later_constraint_takes_an_earlier_best_away(tmp_path):
    where = str(tmp_path / "tune.db")
    study = ts.Study(ts.Space(x=ts.Float(-1, 1)), seed=0, store=where)
    study.add({"x": 0.5}, -1.0)
    study.add({"x": -0.5}, 1.0)
    stricter = ts.Study(ts.Space(x=ts.Float(-1, 1)).require("x < 0"), store=where)
    assert stricter.best.config == {"x": -0.5}


@pytest.mark.parametrize("is_kept", [True, False])
@pytest.mark.parametrize("direction", ["minimize", "maximize"])
@pytest.mark.parametrize(
    ("space", "best"),
    [
        (ts.Space(x=ts.Float(-1, 1)), 0),
        (ts.Space(x=ts.Float(-1, 1)).require("x < 0"), 1),
        (ts.Space(x=ts.Float(-1, 0)), 1),
        (ts.Space(x=ts.Float(0.75, 1)), None),
    ],
)
def test_the_list_of_studies_shows_the_best_that_its_space_allows(tmp_path, space, best, direction, is_kept):
    values = [-1.0, 1.0, 2.0] if direction == "minimize" else [1.0, -1.0, -2.0]
    store = open_store(tmp_path / "tune.db" if is_kept else None)
    study = ts.Study(ts.Space(x=ts.Float(-1, 1)), direction=direction, store=store)
    for x, value in zip((0.5, -0.5, -0.25), values, strict=True):
        study.add({"x": x}, value)
    ts.Study(space, store=store)
    (listed,) = ts.studies(store)
    assert listed.best_value == (None if best is None else values[best])
    assert listed.best_config == (None if best is None else study.trials[best].config)
    assert [line.best_value for line, _ in Watch(store).studies()] == [listed.best_value]


def test_objects_come_back_as_themselves_with_their_space(tmp_path):
    class Tanh:
        pass

    options = [(0,), (1, 2), None, True, Tanh, float("nan"), {"a": 1}]
    where = str(tmp_path / "tune.db")
    made = ts.Space(o=ts.Choice(options), x=ts.Int(1, 3, when={"o": Tanh}))
    study = ts.Study(made, store=where, method="grid")
    play_options = [study.ask() for _ in range(9)]
    for trial in play_options:
        study.tell(trial, 1.0)
    again = ts.Study(made, store=where)
    assert [t.config["o"] for t in again.trials if t.config["o"] == (1, 2)] == [(1, 2)]
    assert sum(t.config["o"] is Tanh for t in again.trials) == 3
    assert sum(t.config["o"] is options[6] for t in again.trials) == 1
    stranger = ts.Study.open(where)
    assert {type(t.config["o"]) for t in stranger.trials} == {tuple, type(None), bool, str, float, dict}


def test_reopening_restores_everything_and_names_contradictions(tmp_path):
    where = str(tmp_path / "tune.db")
    ts.Study(MIXED, direction="maximize", method="sobol", seed=7, store=where, info={"metric": "auc"})
    again = ts.Study.open(where)
    assert (again.direction, again.method.name, again.seed) == ("maximize", "sobol", 7)
    assert again.space == MIXED
    with pytest.raises(StudyMismatch, match=r"'maximize'.*'minimize'"):
        ts.Study(MIXED, direction="minimize", store=where)
    with pytest.raises(StudyMismatch, match=r"7.*8"):
        ts.Study(MIXED, seed=8, store=where)
    with pytest.raises(StudyMismatch, match=r"auc.*logloss"):
        ts.Study(MIXED, store=where, info={"metric": "logloss"})
    with pytest.raises(StudyNotFound, match="default"):
        ts.Study.open(where, "defualt")


def test_a_changed_space_goes_on_with_what_still_fits(tmp_path):
    where = str(tmp_path / "tune.db")
    old = ts.Space(batch=ts.Choice([64, 128]), lr=ts.Float(0.1, 1.0))
    study = ts.Study(old, seed=0, store=where, method="random")
    for _ in range(6):
        study.tell(study.ask(), 1.0)
    wider = ts.Study(ts.Space(batch=ts.Choice([64, 128, 256]), lr=ts.Float(0.01, 1.0)), store=where)
    assert "batch is now" in wider.notes[0]
    assert "6 of 6" in wider.notes[0]
    assert ts.Study(wider.space, store=where).notes == []
    narrow = ts.Study(ts.Space(batch=ts.Choice([128]), lr=ts.Float(0.01, 1.0)), store=where)
    assert {type(t.config["batch"]) for t in narrow.trials} == {int}
    narrow.tell(narrow.ask(), 0.5)
    assert narrow.best.config["batch"] == 128


def test_the_best_is_always_within_the_space(tmp_path):
    where = str(tmp_path / "tune.db")
    study = ts.Study(ts.Space(x=ts.Float(0, 1)), store=where, seed=0)
    study.add({"x": 0.1}, 0.0)
    study.add({"x": 0.7}, 1.0)
    narrow = ts.Study(ts.Space(x=ts.Float(0.5, 1)), store=where)
    assert narrow.best.config == narrow.recommend().config == {"x": 0.7}


def test_a_constraint_added_later_reaches_the_next_opening_only(tmp_path):
    where, made = str(tmp_path / "tune.db"), ts.Space(x=ts.Float(0, 1))
    study = ts.Study(made, store=where, seed=0, method="random")
    study.add({"x": 0.1}, 0.0)
    study.add({"x": 0.9}, 1.0)
    made.require("x > 0.5")
    assert study.best.config == {"x": 0.1}
    again = ts.Study(made, store=where)
    assert again.best.config == {"x": 0.9}
    assert "1 of 2 earlier trials fit" in again.notes[0]


def test_a_stored_study_can_be_pickled_and_one_in_memory_says_why_not(tmp_path):
    study = ts.Study(MIXED, seed=0, store=str(tmp_path / "tune.db"))
    study.run(lambda config: config["layers"], trials=3, progress=False)
    assert pickle.loads(pickle.dumps(study)).trials == study.trials
    with pytest.raises(StudyError, match="lives in memory"):
        pickle.dumps(ts.Study(MIXED))


def test_fidelity_and_scheduler_are_kept_with_the_study(tmp_path):
    store = str(tmp_path / "tune.db")
    ts.Study(SPACE, store=store, fidelity=EPOCHS, scheduler={"name": "asha", "eta": 4})
    for study in (ts.Study.open(store), ts.Study(SPACE, store=store)):
        assert study.history.fidelity == EPOCHS
        assert study.scheduler.name == "asha"
        assert study.scheduler.settings == {"eta": 4}


def test_a_reopening_that_is_refused_changes_nothing(tmp_path):
    store = str(tmp_path / "tune.db")
    ts.Study(SPACE, store=store, fidelity=EPOCHS, info={"data": "a"})
    with pytest.raises(ts.errors.StudyMismatch, match="data"):
        ts.Study(SPACE, store=store, fidelity=ts.Fidelity("epoch", 1, 81), info={"data": "b"})
    assert ts.Study(SPACE, store=store).history.fidelity == EPOCHS


def test_another_scheduler_takes_over_and_is_told(tmp_path, tuned):
    store = str(tmp_path / "tune.db")
    tuned(trials=10, store=store)
    study = tuned(trials=20, store=store, scheduler="median")
    assert "From here on the scheduler is median; it was asha." in study.notes
    assert ts.Study.open(store).scheduler.name == "median"


def test_another_fidelity_is_an_error_where_values_would_change_their_meaning(tmp_path, tuned):
    store = str(tmp_path / "tune.db")
    tuned(store=store)
    with pytest.raises(StudyMismatch, match="another fidelity"):
        ts.Study(SPACE, store=store, fidelity=ts.Fidelity("row", 1, 27))
    words = (
        r"another high of the fidelity 'epoch'.*high=27; given: high=81\. .*new\.enqueue\(old\.best\.config\)"
    )
    with pytest.raises(StudyMismatch, match=words):
        ts.Study(SPACE, store=store, fidelity=ts.Fidelity("epoch", 1, 81))
    study = ts.Study(SPACE, store=store, fidelity=ts.Fidelity("epoch", 3, 27))
    assert "From here on the fidelity is" in study.notes[0]
    assert ts.Study.open(store).history.fidelity.low == 3


def test_another_fidelity_counts_steps_and_the_best_anew(tmp_path):
    store = str(tmp_path / "tune.db")
    study = ts.Study(SPACE, store=store, method="random", seed=0)
    for step, value in ((3, 1.0), (1, 2.0)):
        trial = study.ask()
        trial.report(value, step)
        study.tell(trial, state="stopped")
    study.tell(study.ask(), 5.0)
    again = ts.Study(SPACE, store=store, fidelity=EPOCHS)
    assert again.history.steps == 3 + 1 + 27  # what is complete without a report went all the way
    started = ts.Study(SPACE, store=store, name="none is complete")
    trial = started.ask()
    trial.report(1.0, 3)
    started.tell(trial, state="stopped")
    assert ts.Study(SPACE, store=store, name="none is complete", fidelity=EPOCHS).best.number == trial.number


def test_opening_by_an_object_is_refused(tmp_path):
    store = str(tmp_path / "tune.db")
    ts.Study(SPACE, store=store)
    study = ts.Study(SPACE)
    with pytest.raises(OptionError, match=r"Study\.open makes a new Study, .* Write study = Study\.open"):
        study.open(store)
    for build in (SPACE.load, SPACE.from_dict):
        with pytest.raises(OptionError, match="makes a new Space"):
            build({})
    assert ts.Study.open(store).space == SPACE


def test_a_study_in_memory_cannot_be_opened_again():
    for nowhere in (None, "memory"):
        for look in (ts.Study.open, ts.studies):
            with pytest.raises(StoreError, match="in memory"):
                look(nowhere)


@pytest.mark.parametrize(
    ("options", "labels", "configs", "kept"),
    [
        ([1, 1], ["one", "uno"], [1, 1], [1, 1]),
        ([0.0, -0.0], ["0.0", "-0.0"], [0.0, -0.0], [0.0, -0.0]),
        ([{"label": "a"}] * 2, ["a", "b"], [{"label": "a"}] * 2, ["a", "a"]),
        (
            [{"tuple": [1], "label": "a"}, {"tuple": [1], "label": "b"}],
            ["a", "b"],
            [{"tuple": [1]}] * 2,
            [(1,), (1,)],
        ),
    ],
)
def test_equal_options_that_an_older_version_took_leave_its_results_readable(
    tmp_path, options, labels, configs, kept
):
    where = str(tmp_path / "tune.db")
    old(where, {"type": "choice", "options": options, "labels": labels, "default": options[1]}, configs)
    study = ts.Study.open(where)
    assert [repr(t.config["o"]) for t in study.trials] == list(map(repr, kept))
    assert study.space["o"].labels == (labels[0],)
    assert study.best.value == 0.0
    assert study.notes[0].startswith(
        f"Options of o that are equal to another one count as that one: {labels[1]}."
    )
    study.run(lambda config: 9.0, trials=3, progress=False)
    assert len(ts.Study.open(where).trials) == 3


def test_a_store_that_had_only_labels_of_lists_has_the_lists_once_their_space_is_given(tmp_path):
    where = str(tmp_path / "tune.db")
    label = {"label": "[1, 2]"}
    old(where, {"type": "choice", "options": [label, 3], "labels": ["[1, 2]", "3"]}, [label, 3])
    assert "only labels" in ts.Study.open(where).notes[0]
    again = ts.Study(ts.Space(o=ts.Choice([[1, 2], 3]), x=ts.Float(0, 1)), store=where)
    assert again.notes == []
    stranger = ts.Study.open(where)
    assert stranger.notes == []
    assert [t.config["o"] for t in stranger.trials] == [[1, 2], 3]


def test_options_that_are_equal_by_value_alone_are_told_apart(tmp_path):
    where = str(tmp_path / "tune.db")
    old(where, {"type": "choice", "options": [1, True, 1.0], "labels": ["1", "True", "1.0"]}, [True, 1.0, 1])
    study = ts.Study.open(where)
    assert [repr(t.config["o"]) for t in study.trials] == ["True", "1.0", "1"]
    assert study.notes == []


def test_what_stands_for_an_object_is_not_taken_for_a_text(tmp_path):
    where = str(tmp_path / "tune.db")
    one = object()
    made = ts.Space(
        o=ts.Choice({"one": one, "two": "one", "three": object()}), n=ts.Int(1, 1, when={"o": one})
    )
    study = ts.Study(made, store=where, method="grid", seed=0)
    for value in range(3):
        study.tell(study.ask(), value)
    stranger = ts.Study.open(where)
    assert sorted(t.config["o"] for t in stranger.trials) == ["<one>", "one", "three"]
    assert [stranger.space["o"].index(t.config["o"]) for t in stranger.trials] == [
        made["o"].index(t.config["o"]) for t in study.trials
    ]
    assert {t.config["o"] for t in stranger.trials if "n" in t.config} == {"<one>"}
    assert stranger.space.rules["n"].allowed == (("o", ("<one>",)),)


def test_a_function_with_a_text_of_its_own_lets_the_study_be_reopened(tmp_path):
    where = str(tmp_path / "tune.db")
    space = ts.Space(x=ts.Float(0, 1)).require(lambda config: config["x"] > 0.5, text="fits into memory")
    for trials in (3, 6):
        study = ts.minimize(lambda config: config["x"], space, trials=trials, store=where, progress=False)
        assert study.notes == []
    assert all(t.config["x"] > 0.5 for t in study.trials)
    assert len(ts.Study.open(where).trials) == 6


def test_what_no_store_can_hold_is_said_on_opening(tmp_path):
    class Own:
        def ppf(self, q):
            return q

        def cdf(self, x):
            return x

    where = str(tmp_path / "tune.db")
    space = ts.Space(x=ts.Float(0, 1, prior=Own()), o=ts.Choice([len, "a", (1, 2)]), n=ts.Int(0, 3))
    ts.Study(space.require(lambda config: True, text="is cheap").require("n < 3"), store=where)
    (note,) = ts.Study.open(where).notes
    assert note == (
        "A store holds no Python objects. It has of o only labels, which stand for its objects (len); "
        "of x no prior; of the constraint 'is cheap' only the name, so that it forbids nothing. "
        "To go on as before, give the space: ts.Study(space, store=..., name=...)."
    )
    assert ts.Study(space, store=where).notes == []


@pytest.mark.parametrize("store", [None, "tune.db"])
def test_what_waits_and_no_longer_fits_is_not_run_until_it_does(tmp_path, store):
    where = ts.Study(SPACE).store if store is None else str(tmp_path / store)
    wide = ts.Space(x=ts.Float(0, 1), o=ts.Choice(["a", "b"]))
    first = ts.Study(wide, store=where, name="s", seed=0)
    for config in ({"x": 0.1, "o": "a"}, {"x": 0.9, "o": "b"}, {"x": 0.8, "o": "a"}, {"x": 0.6, "o": "a"}):
        first.enqueue(config)
    given = []

    def objective(config):
        given.append((config["x"], config["o"]))
        return config["x"]

    narrow = ts.Space(x=ts.Float(0.5, 1), o=ts.Choice(["a"])).require("x > 0.7")
    study = ts.Study(narrow, store=where, name="s")
    assert study.notes[0].endswith("3 enqueued configs do not fit, and wait until the space allows it.")
    study.run(objective, trials=3, progress=False)
    assert given[0] == (0.8, "a")
    assert all(x > 0.7 and o == "a" for x, o in given)
    assert len(given) == 3
    assert study.stop_reason == "all 3 trials are done"
    ts.Study(wide, store=where, name="s").run(objective, trials=6, progress=False)
    assert given[3:] == [(0.1, "a"), (0.9, "b"), (0.6, "a")]


def old(where, parameter, configs):
    """Store a study as one of an older version, with what no version takes any more."""
    x = ts.Float(0, 1)
    study = ts.Study(ts.Space(o=ts.Choice(["p", "q", "r"]), x=x), store=where, method="random")
    for value in range(len(configs)):
        study.tell(study.ask(), value)
    with contextlib.closing(sqlite3.connect(where)) as database, database:
        space = {"parameters": {"o": parameter, "x": ts.Space(x=x).to_dict()["parameters"]["x"]}}
        database.execute("UPDATE studies SET space = ?", [json.dumps(space)])
        for number, config in enumerate(configs):
            row = [json.dumps({"o": config, "x": 0.1}), number]
            database.execute("UPDATE trials SET config = ? WHERE number = ?", row)


def test_earlier_trials_count_with_the_default_of_a_new_parameter(tmp_path):
    where, old = str(tmp_path / "tune.db"), {"opt": ts.Choice(["adam", "sgd"]), "x": ts.Int(1, 9)}
    study = ts.Study(ts.Space(old), store=where, seed=0)
    study.add({"opt": "adam", "x": 1}, 1.0)
    study.add({"opt": "sgd", "x": 2}, 0.5)
    study.enqueue({"opt": "sgd", "x": 3})
    momentum = ts.Float(0, 0.99, default=0.9, when={"opt": "sgd"})
    again = ts.Study(ts.Space(old | {"momentum": momentum, "layers": ts.Int(1, 4, default=2)}), store=where)
    assert "to 4): earlier trials count with its default 2. 3 of 3 earlier trials fit" in again.notes[0]
    assert again.trials[0].config == {"opt": "adam", "x": 1, "layers": 2}
    assert again.best.config == {"opt": "sgd", "x": 2, "momentum": 0.9, "layers": 2}
    assert again.ask().config == {"opt": "sgd", "x": 3, "momentum": 0.9, "layers": 2}
    bare = ts.Study(ts.Space(old | {"rate": ts.Float(0, 1)}), store=where)
    assert "0 of 3 earlier trials fit" in bare.notes[0]
