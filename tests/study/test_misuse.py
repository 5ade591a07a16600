"""Arguments of the wrong kind, given to anything that is public: one clear error, or the right thing."""

import copy
import math
import re

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import tunesmith as ts
from tunesmith.errors import (
    NoFinishedTrial,
    ObjectiveError,
    OptionError,
    SpaceError,
    StudyError,
    StudyNotFound,
    TellError,
)
from tunesmith.methods import Random
from tunesmith.methods.base import Proposal
from tunesmith.schedulers.median import Median
from tunesmith.space.expression import parse

SPACE = ts.Space(x=ts.Float(0, 1), n=ts.Int(1, 5))


@pytest.fixture(scope="module")
def study():
    made = ts.Study(SPACE, seed=0, method="random")
    made.run(lambda config: config["x"], trials=12, progress=False)
    return made


# -- spaces ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ((0, 1), r"For one of several options write x=Choice\(\[0, 1\]\); for a range x=Int\(0, 1\)\."),
        ([0.5, 2], r"for a range x=Float\(0\.5, 2\)\."),
        (["a", "b"], r"For one of several options write x=Choice\(\['a', 'b'\]\)\.$"),
        (7, r"For a fixed value write x=Choice\(\[7\]\)\."),
        (ts.Float, r"Write x=Float\(\.\.\.\)\."),
    ],
)
def test_what_is_no_parameter_is_told_which_one_it_may_be(given, words):
    with pytest.raises(SpaceError, match=words):
        ts.Space(x=given)


@pytest.mark.parametrize("text", ["x + 1", "abs(x)", "-x", "x % 2"])
def test_a_quantity_is_no_constraint_and_no_condition(text):
    with pytest.raises(SpaceError, match=r"neither holds nor fails; given: .* Compare it"):
        ts.Space(x=ts.Int(0, 4)).require(text)
    with pytest.raises(SpaceError, match="neither holds nor fails"):
        ts.Space(x=ts.Int(0, 4), y=ts.Int(0, 1, when=text))
    assert parse(text, ["x"]).value({"x": 3}) is not None  # in a table of rules it is a value


@pytest.mark.parametrize("text", ["flag", "not flag", "flag and x > 1", "x > 1 if flag else x < 3"])
def test_what_holds_or_fails_is_one(text):
    space = ts.Space(flag=ts.Choice([True, False]), x=ts.Int(0, 4)).require(text)
    configs = [{"flag": flag, "x": x} for flag in (True, False) for x in range(5)]
    assert [c for c in configs if space.is_allowed(c)] == [c for c in configs if eval(text, dict(c))]


@pytest.mark.parametrize(
    ("prior", "given"),
    [
        (stats.norm([0.1, 0.2], 1), r"norm\(\[0\.1, 0\.2\], 1\)"),
        (stats.norm(0.5, 0), r"norm\(0\.5, 0\)"),
        (stats.norm(math.nan, 1), r"norm\(nan, 1\)"),
        (stats.uniform(loc=2, scale=-1), r"uniform\(loc=2, scale=-1\)"),
    ],
)
def test_a_prior_without_quantiles_is_refused(prior, given):
    with pytest.raises(SpaceError, match=rf"no quantiles with its arguments; given: {given}\. They must be"):
        ts.Float(0, 1, prior=prior)
    with pytest.raises(SpaceError, match="prior must be a frozen scipy"):
        ts.Float(0, 1, prior="normal")


@pytest.mark.parametrize(
    ("point", "words"),
    [
        ("abc", "is made of numbers; given: 'abc'"),
        ([0.5], r"allowed: shape \(2,\); given: shape \(1,\)"),
        ([[0.5, 0.5]], r"given: shape \(1, 2\)"),
        ([0.5, math.nan], "parameter 'n' is active, and its coordinate NaN"),
    ],
)
def test_a_point_that_is_none_of_the_cube_is_refused(point, words):
    with pytest.raises(SpaceError, match=words):
        SPACE.decode(point)


@pytest.mark.parametrize("require", [5, {"a": 1}, None])
def test_constraints_of_a_table_are_a_list(require):
    with pytest.raises(SpaceError, match="require is no list of expressions; given: "):
        ts.Space.from_dict({"parameters": {"x": {"options": [1]}}, "require": require})


@pytest.mark.parametrize("data", [None, [1], '{"x": 1}'])
def test_a_space_is_made_of_a_table(data):
    with pytest.raises(SpaceError, match="a space is a table of parameters; given: "):
        ts.Space.from_dict(data)


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("s.json", '{"a": {"options": [1]}, "a": {"options": [2]}}', "the key 'a' is there twice"),
        ("s.yaml", "a: {options: [1]}\na: {options: [2]}", "the key 'a' is there twice"),
        ("s.yaml", "a: {options: [1], options: [2]}", "the key 'options' is there twice"),
        ("s.toml", "a = 1\na = 2", "not valid TOML"),
        ("s.json", "[" * 100_000, "not valid JSON"),
    ],
)
def test_a_file_that_says_a_thing_twice_or_without_end_is_refused(tmp_path, name, text, words):
    (tmp_path / name).write_text(text)
    with pytest.raises(OptionError, match=words):
        ts.Space.load(tmp_path / name)


def test_yaml_may_still_take_over_a_table(tmp_path):
    (tmp_path / "s.yaml").write_text("a: &a {type: int, low: 1, high: 3}\nb: {<<: *a, high: 9}\n")
    assert ts.Space.load(tmp_path / "s.yaml") == ts.Space(a=ts.Int(1, 3), b=ts.Int(1, 9))


@pytest.mark.parametrize("several", [[3, 4], (3, 4), {3, 4}, range(3, 5), np.arange(3, 5)])
def test_a_condition_may_name_several_values_in_any_way(several):
    space = ts.Space(n=ts.Int(1, 5), x=ts.Float(0, 1, when={"n": several}))
    assert [n for n in range(1, 6) if space.is_active("x", {"n": n})] == [3, 4]


def test_a_grid_of_more_levels_than_memory_holds_is_refused():
    with pytest.raises(OptionError, match="a whole number from 1 to 1,000,000"):
        ts.Study(SPACE, method={"name": "grid", "levels": 10**12})


# -- studies and runs ------------------------------------------------------------------------------------


def test_an_option_that_no_run_has_offers_the_one_that_is_meant(study):
    with pytest.raises(OptionError, match=r"no such option; .*given: 'trails'\. Did you mean 'trials'"):
        study.run(lambda config: 0.0, trails=3)


def test_callbacks_that_cannot_be_called_are_refused_before_a_trial_is_run():
    ran = []
    for callback in (lambda study: None, lambda a, b, c: None, 3):
        with pytest.raises(OptionError, match=r"functions of \(study, trial\)"):
            ts.minimize(ran.append, SPACE, trials=3, callbacks=[callback])
    assert not ran
    told = []
    for callback in (lambda *both: told.append(both), lambda study, trial, more=1: told.append(trial)):
        ts.minimize(lambda c: c["x"], SPACE, trials=2, callbacks=[callback], progress=False)
    assert len(told) == 4


def one_by_one(lr, layers):
    return lr


@pytest.mark.parametrize(
    ("objective", "call"),
    [
        (one_by_one, "lambda config: one_by_one(**config)"),
        (lambda lr, layers: lr, "lambda config: f(**config)"),
        (lambda **config: 1.0, "lambda config: f(**config)"),
    ],
)
def test_an_objective_of_the_parameters_is_told_how_to_get_them(objective, call, tmp_path):
    space = ts.Space(lr=ts.Float(0, 1), layers=ts.Int(1, 3), depth=ts.Int(1, 3))
    store = tmp_path / "tune.db"
    for run in (
        lambda: ts.minimize(objective, space, trials=2, store=store, progress=False),
        lambda: ts.Study(space).run(objective, trials=2, progress=False),
    ):
        with pytest.raises(ObjectiveError, match=f"takes parameters one by one.*{re.escape(call)}"):
            run()
    assert not store.exists()


@pytest.mark.parametrize("objective", [lambda lr: lr["lr"], lambda lr, trial: lr["lr"], lambda *args: 1.0])
def test_a_config_may_have_any_name(objective):
    space = ts.Space(lr=ts.Float(0, 1), trial=ts.Int(1, 3))
    assert len(ts.minimize(objective, space, trials=2, progress=False).trials) == 2


@pytest.mark.parametrize("reason", ["", "  ", None, 5])
def test_a_reason_to_stop_is_text(study, reason):
    with pytest.raises(OptionError, match="the reason to stop must be text; given: "):
        study.stop(reason)


def test_a_masked_number_is_missing():
    study = ts.Study(SPACE, seed=0, method="random")
    for value in (np.ma.masked, np.ma.masked_array(0.5, mask=True), np.ma.masked_array(0.5)):
        study.tell(study.ask(), value)
    assert [t.value for t in study.trials] == [None, None, 0.5]
    with pytest.raises(ObjectiveError, match="the objective returned NaN"):
        ts.minimize(lambda config: np.ma.masked, SPACE, trials=2, max_failures=2, progress=False)


def test_a_number_as_text_is_told_how_to_be_one(study):
    with pytest.raises(TellError, match=r"tell float\(\.\.\.\) of it"):
        study.add({"x": 0.1, "n": 1}, "0.5")


def test_a_run_that_could_try_nothing_says_why_there_is_no_best():
    study = ts.minimize(
        lambda c: c["x"], ts.Space(x=ts.Float(0, 1)).require("x > 2"), trials=3, progress=False
    )
    with pytest.raises(NoFinishedTrial, match="The run ended: the space is used up: No new config"):
        _ = study.best


@pytest.mark.parametrize("trials", [5, [], [0], [201], ["a"], [1.5], [True], None])
def test_numbers_of_further_trials_are_a_list(study, trials):
    with pytest.raises(OptionError, match=r"a list of whole numbers .* For example forecast"):
        study.forecast(trials)


def test_numbers_of_further_trials_may_be_an_array(study):
    assert [o.trials for o in study.forecast(np.array([5, 10])).outlooks] == [5, 10]


def test_a_frame_of_no_trials_has_the_columns_of_one_of_some(study):
    empty = ts.Study(SPACE).to_frame()
    assert list(empty.columns) == list(study.to_frame().columns)
    assert str(empty["config.n"].dtype) == str(study.to_frame()["config.n"].dtype) == "Int64"
    assert pd.concat([empty, study.to_frame()])["number"].tolist() == list(range(12))


def test_whole_numbers_of_any_size_are_kept_to_the_last_digit(tmp_path):
    study = ts.Study(
        ts.Space(n=ts.Int(-(10**30), 10**30)), seed=0, method="random", store=tmp_path / "tune.db"
    )
    study.run(lambda config: config["n"] / 1e30, trials=4, progress=False)
    assert study.to_frame()["config.n"].tolist() == [t.config["n"] for t in study.trials]


@pytest.mark.filterwarnings("error")
def test_the_widest_range_there_is_can_be_drawn():
    study = ts.Study(ts.Space(x=ts.Float(-1.7e308, 1.7e308)), seed=0, method="random")
    study.run(lambda config: abs(config["x"] / 1e308), trials=20, progress=False)
    assert ts.plot.parallel(study).data
    assert ts.plot.effect(study, "x").data


def test_one_trial_is_not_said_to_be_none():
    study = ts.Study(SPACE, seed=0)
    study.tell(study.ask(), 1.0)
    with pytest.raises(OptionError, match="there are no two complete trials to draw yet"):
        ts.plot.parallel(study)


@pytest.mark.parametrize("make", [ts.Steps, lambda count: ts.Fidelity("row", 1, count)])
def test_steps_beyond_what_a_store_can_hold_are_refused(make):
    with pytest.raises(OptionError, match="whole number of 1 or more; allowed: up to 9223372036854775807"):
        make(10**30)
    make(2**63 - 1)


def test_a_pair_is_of_two(study):
    with pytest.raises(OptionError, match=r"a pair is of two parameters; given: 'x' twice\. .*effect"):
        ts.plot.pair(study, "x", "x")
    with pytest.raises(OptionError, match=r"Open one: ts\.Study\.open"):
        ts.plot.history("tune.db")


# -- stores ----------------------------------------------------------------------------------------------


def test_names_of_studies_are_text_and_one_of_several_is_asked_for(tmp_path):
    store = str(tmp_path / "tune.db")
    for name in ("a", "b"):
        ts.Study(SPACE, store=store, name=name)
    with pytest.raises(OptionError, match="name must be text"):
        ts.Study.open(store, 5)
    with pytest.raises(StudyNotFound, match="several studies; name one of them; allowed: 'a', 'b'"):
        ts.Study.open(store)


def test_a_changed_space_of_no_trials_says_nothing_of_them(tmp_path):
    ts.Study(SPACE, store=str(tmp_path / "tune.db"))
    (note,) = ts.Study({"x": ts.Float(0, 2)}, store=str(tmp_path / "tune.db")).notes
    assert "The space has changed: n is gone" in note
    assert "trial" not in note


def test_info_that_is_not_equal_to_itself_is_the_same(tmp_path):
    for _ in range(2):
        study = ts.Study(SPACE, store=str(tmp_path / "tune.db"), info={"limit": math.nan})
    assert math.isnan(study.ledger.record.info["limit"])


def test_a_fidelity_is_no_info():
    with pytest.raises(OptionError, match=r"no place for a fidelity; given: 9\. .*fidelity=ts\.Fidelity"):
        ts.Study(SPACE, info={"fidelity": 9})


# -- suggest ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("X", "y", "words"),
    [
        (np.zeros((10, 2, 2)), np.arange(10), "X has too many dimensions; allowed: up to 2; given: 3"),
        (np.arange(10.0), np.zeros((10, 2)), "y has too many dimensions; allowed: up to 1; given: 2"),
        (
            [[{"a": 1}]] * 30,
            np.arange(30.0),
            "cell of the column 'x0' holds no single value; given: a dict",
        ),
    ],
)
def test_data_of_the_wrong_shape_is_refused_in_words(X, y, words):
    with pytest.raises(ts.TunesmithError, match=words):
        ts.suggest(X, y)


def test_a_sparse_table_is_told_how_to_be_a_full_one():
    sparse = pytest.importorskip("scipy.sparse")
    with pytest.raises(OptionError, match=r"It is sparse: write X\.toarray\(\)"):
        ts.suggest(sparse.eye(30).tocsr(), np.arange(30.0))


def test_a_target_may_be_a_frame_of_one_column():
    X = pd.DataFrame(np.random.default_rng(0).normal(size=(40, 2)))
    y = X[0] + X[1]
    assert ts.suggest(X, y.to_frame("target")).default == ts.suggest(X, y).default


# -- what an objective does to its config ----------------------------------------------------------------


@pytest.mark.parametrize("options", [[[1], [1, 2]], {"one": [1], "two": [1, 2]}, [{"a": [1]}, {"a": [2]}]])
def test_an_objective_that_changes_an_option_changes_it_for_no_other_trial(options):
    space = ts.Space(o=ts.Choice(options), x=ts.Float(0, 1))
    before = copy.deepcopy(space["o"].options)

    def objective(config, trial):
        assert config["o"] in before
        one = config["o"] if isinstance(config["o"], list) else config["o"]["a"]
        one.append(99)
        return config["x"]

    study = ts.minimize(objective, space, trials=8, max_failures=1, progress=False)
    study.ask().config["o"].clear()
    assert space["o"].options == before
    assert all(t.config["o"] in before for t in study.trials)


# -- what is no trial ------------------------------------------------------------------------------------


def test_what_is_no_trial_is_told_from_one_that_is_unknown():
    study = ts.Study(SPACE, seed=0)
    with pytest.raises(
        TellError, match="the trial is unknown; allowed: none yet: ask for one first; given: 0"
    ):
        study.tell(0, 1.0)
    trials = study.ask(2)
    for given in ("0", 0.0, trials[0].config, None):
        with pytest.raises(TellError, match="this is no trial; allowed: what ask returned, or its number"):
            study.tell(given, 1.0)
    with pytest.raises(TellError, match=r"this is no trial; .* Tell them one by one\."):
        study.tell(trials, 1.0)
    with pytest.raises(TellError, match=r"given: 'FAILED'\. Did you mean 'failed'\?"):
        study.tell(trials[0], state="FAILED")


def test_a_trial_is_no_config_and_told_how_to_be_one(study):
    for give in (study.enqueue, lambda trial: study.add(trial, 1.0)):
        with pytest.raises(
            SpaceError, match=r"a config is a mapping .* Give the config of it: trial\.config\."
        ):
            give(study.trials[0])
    with pytest.raises(SpaceError, match=r"Give it as a dict: row\.to_dict\(\)\."):
        study.enqueue(study.to_frame().iloc[0])


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        (None, "method 'mine' proposed no config; allowed: a Proposal, or UsedUp; given: None"),
        ({"x": 0.5, "n": 1}, "method 'mine' proposed no config"),
        (
            Proposal({"x": 9.0, "n": 1}, "why not"),
            "method 'mine' proposed what is not of the space: parameter 'x'",
        ),
        (Proposal({"x": 0.5}, "why not"), "method 'mine' proposed what is not of the space: .* lacks .* 'n'"),
    ],
)
def test_what_a_method_of_ones_own_proposes_is_looked_at(outcome, words):
    class Mine(Random):
        name = "mine"

        def propose(self, history, number, seed):
            return outcome

    study = ts.Study(SPACE, method=Mine())
    with pytest.raises(StudyError, match=words):
        study.run(lambda config: 1.0, trials=3, progress=False)
    assert study.trials == ()


@pytest.mark.parametrize("decision", [None, False, "stop"])
def test_what_a_scheduler_of_ones_own_decides_is_looked_at(decision):
    class Mine(Median):
        name = "mine"

        def after_report(self, history, trial):
            return decision

    def objective(config, trial):
        for _ in trial.steps():
            trial.report(config["x"])
        return config["x"]

    study = ts.Study(SPACE, scheduler=Mine(), fidelity=ts.Fidelity("epoch", 1, 9))
    with pytest.raises(StudyError, match=f"scheduler 'mine' decided nothing; .* given: {decision!r}"):
        study.run(objective, trials=3, progress=False)
