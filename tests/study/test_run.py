"""minimize and the run loop: limits, failures, bugs, resuming."""

import io
import signal
import sys
import threading
import time

import numpy as np
import pytest

import tunesmith as ts
from tunesmith.errors import ObjectiveError, OptionError
from tunesmith.execution.serial import SerialExecutor


def space() -> ts.Space:
    return ts.Space(x=ts.Float(-1, 1), k=ts.Int(1, 50))


def loss(config: dict) -> float:
    return config["x"] ** 2 + config["k"]


def quiet(objective, made=None, **options):
    options.setdefault("seed", 0)
    options.setdefault("method", "random")
    return ts.minimize(objective, made or space(), progress=False, **options)


def test_trials_is_a_total(where):
    calls = []

    def count(config):
        calls.append(1)
        return loss(config)

    store = where
    if where is None:
        study = quiet(count, trials=4)
        study.run(count, trials=10, progress=False)
    else:
        quiet(count, trials=4, store=store)
        study = quiet(count, trials=10, store=store)
    assert len(calls) == 10
    study.run(count, trials=10, progress=False)
    assert len(calls) == 10
    assert study.stop_reason == "all 10 trials are done"


@pytest.mark.parametrize("workers", [1, 2])
def test_one_bad_trial_never_ends_a_run(where, workers):
    def fails_sometimes(config):
        if config["x"] < 0:
            raise ValueError("negative x")
        return loss(config)

    study = quiet(fails_sometimes, trials=20, store=where, workers=workers)
    failed = [t for t in study.trials if t.state is ts.State.FAILED]
    assert 0 < len(failed) < 20
    assert {t.failure.message for t in failed} == {"ValueError: negative x"}
    assert all("raise ValueError" in t.failure.traceback for t in failed)
    assert all(t.config["x"] < 0 for t in failed)
    assert study.best.config["x"] >= 0


@pytest.mark.parametrize("returned", [None, (0.2, "model"), "0.5", [1.0], True, 1j, {"loss": 0.1}])
def test_a_wrong_type_ends_the_run_at_once_in_words(returned):
    with pytest.raises(ObjectiveError, match=type(returned).__name__.replace("NoneType", "None")):
        quiet(lambda config: returned, trials=5)


def test_a_run_in_which_everything_fails_ends_with_the_first_traceback(where):
    def broken(config):
        raise KeyError("learning_rate")

    with pytest.raises(ObjectiveError, match=r"first 10 trials failed[\s\S]*KeyError[\s\S]*learning_rate"):
        quiet(broken, trials=100, store=where)


def test_max_failures_can_be_set_and_switched_off():
    def broken(config):
        raise KeyError("x")

    with pytest.raises(ObjectiveError, match="first 3 trials"):
        quiet(broken, trials=100, max_failures=3)
    study = quiet(broken, trials=15, max_failures=None)
    assert len(study.trials) == 15


@pytest.mark.parametrize("workers", [1, 2])
def test_a_run_of_few_trials_that_all_fail_is_an_error_with_the_first_traceback(where, workers):
    def broken(config):
        raise KeyError("learning_rate")

    for _ in range(2):  # running the same again runs nothing more, and is no success either
        with pytest.raises(ObjectiveError, match=r"all 3 trials have failed[\s\S]*KeyError[\s\S]*raise Key"):
            quiet(broken, trials=3, store=where, name="few", workers=workers)
    if where is not None:
        assert ts.Study.open(where, "few").history.states[ts.State.FAILED] == 3
        assert quiet(loss, trials=4, store=where, name="few").best.number == 3
    assert quiet(broken, trials=3, max_failures=None).stop_reason == "all 3 trials are done"


@pytest.mark.parametrize("workers", [1, 2])
def test_a_time_that_is_up_with_nothing_but_failures_is_an_error(workers):
    def broken(config):
        time.sleep(0.2)
        raise KeyError("x")

    with pytest.raises(ObjectiveError, match=r"(ended )?trials? (has|have) failed\. .*KeyError"):
        quiet(broken, time=3.0, workers=workers, max_failures=1000)


def test_a_run_that_was_told_to_stop_is_no_error_though_everything_failed():
    def broken(config):
        raise KeyError("x")

    study = quiet(broken, trials=9, callbacks=[lambda study, trial: study.stop("seen enough")])
    assert (study.stop_reason, len(study.trials)) == ("seen enough", 1)


def test_a_used_up_space_in_which_everything_failed_is_an_error():
    def broken(config):
        raise KeyError("x")

    with pytest.raises(ObjectiveError, match="all 2 trials have failed"):
        quiet(broken, ts.Space(a=ts.Choice(["x", "y"])), trials=9)


def test_system_exit_of_the_objective_is_a_failure():
    def leaves(config):
        if config["x"] > 0:
            raise SystemExit(3)
        return 1.0

    study = quiet(leaves, trials=10)
    assert {t.state for t in study.trials} == {ts.State.FAILED, ts.State.COMPLETE}


class Panic(BaseException):
    pass


@pytest.mark.parametrize("error", [Panic, KeyboardInterrupt, GeneratorExit])
def test_another_base_exception_ends_the_run_and_is_raised_again(where, error):
    calls = []

    def panics(config):
        calls.append(1)
        if len(calls) == 4:
            raise error("now")
        return 1.0

    study = ts.Study(space(), seed=0, store=where, method="random")
    with pytest.raises(error):
        study.run(panics, trials=10, progress=False)
    assert [t.state for t in study.trials] == ["complete"] * 3 + ["failed"]
    study.run(panics, trials=10, progress=False)
    assert study.history.states[ts.State.COMPLETE] == 9


@pytest.mark.parametrize("method", ["random", "sobol", "grid"])
def test_a_used_up_space_ends_the_run_in_words(where, method):
    small = ts.Space(a=ts.Choice(["x", "y"]), b=ts.Choice([None, True]))
    study = quiet(lambda c: 1.0, small, trials=20, method=method, store=where)
    assert len(study.trials) == 4
    assert study.stop_reason.startswith("the space is used up")


def test_time_is_a_total_and_starts_nothing_late(where):
    started = time.monotonic()
    study = quiet(lambda c: time.sleep(0.05) or 1.0, time=0.4, store=where)
    assert 0.35 < time.monotonic() - started < 2.0
    assert 3 <= len(study.trials) <= 9
    assert study.stop_reason.startswith("the time is up")
    before = len(study.trials)
    study.run(lambda c: 1.0, time="0.4s", progress=False)
    assert len(study.trials) == before
    study.run(lambda c: time.sleep(0.05) or 1.0, time=0.8, progress=False)
    assert len(study.trials) > before


def test_time_ends_a_long_trial_in_a_worker_and_gives_it_back(tmp_path):
    where = str(tmp_path / "tune.db")
    study = quiet(lambda c: time.sleep(60) or 1.0, time=3, workers=2, store=where)
    assert {t.state for t in study.trials} == {ts.State.WAITING}
    study.run(lambda c: 2.0, trials=2, time=60, progress=False)
    assert [t.value for t in study.trials] == [2.0, 2.0]
    assert {t.attempt for t in study.trials} == {2}


def test_target_and_patience_end_a_run():
    study = quiet(lambda c: 0.5, trials=50, target=0.5)
    assert len(study.trials) == 1
    assert "target" in study.stop_reason
    study = quiet(lambda c: 1.0, trials=50, patience=5)
    assert len(study.trials) == 6
    assert "patience" in study.stop_reason
    study = ts.maximize(lambda c: c["k"], space(), trials=500, target=30, progress=False, seed=0)
    assert study.best.value >= 30


def test_known_results_do_not_hide_that_all_trials_fail():
    study = ts.Study(ts.Space(x=ts.Int(0, 99)), method="random", seed=0)
    study.add({"x": 1}, 1.0)
    with pytest.raises(ObjectiveError, match="all of the first 3 trials failed"):
        study.run(lambda config: 1 / 0, trials=50, max_failures=3, progress=False)
    assert study.history.counted == 3


def test_signals_that_a_program_around_python_handles_are_left_to_it(monkeypatch):
    known = signal.getsignal
    monkeypatch.setattr(signal, "getsignal", lambda s: None if s == signal.SIGTERM else known(s))
    handler = known(signal.SIGTERM)
    seen = []
    quiet(lambda c: seen.append(known(signal.SIGTERM)) or 1.0, trials=1)
    assert seen == [handler]
    assert known(signal.SIGTERM) == handler


def test_known_results_are_no_trials_that_brought_nothing():
    study = ts.Study(ts.Space(x=ts.Int(0, 99)), method="random", seed=0)
    for x in range(30):
        study.add({"x": x}, float(x))
    study.run(lambda config: 100.0, trials=50, patience=5, progress=False)
    assert study.history.counted == 5
    assert study.stop_reason == "5 trials brought nothing better (patience 5)"
    study.run(lambda config: 100.0, trials=50, patience=5, progress=False)  # of the study, not of the run
    assert study.history.counted == 5


def test_a_callback_sees_each_trial_and_can_end_the_run():
    seen = []

    def callback(study, trial):
        seen.append(trial.number)
        if len(seen) == 3:
            study.stop("seen enough")

    study = quiet(loss, trials=50, callbacks=[callback])
    assert seen == [0, 1, 2]
    assert study.stop_reason == "seen enough"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "no limit"),
        ({"trials": 0}, "trials"),
        ({"trials": 2.5}, "trials"),
        ({"trials": 3, "time": "soon"}, "soon"),
        ({"trials": 3, "workers": 0}, "workers"),
        ({"trials": 3, "trial_memory": "much"}, "much"),
    ],
)
def test_wrong_limits_are_refused(options, words):
    with pytest.raises(OptionError, match=words):
        quiet(loss, **options)


@pytest.mark.parametrize(
    "options",
    [
        {"trials": None},
        {"target": "0.1"},
        {"target": float("nan")},
        {"callbacks": print},
        {"callbacks": [3]},
        {"progress": None},
        {"executor": "threads"},
        {"executor": SerialExecutor},
        {"scheduler": "asha"},
        {"time": "abc"},
        {"trial_memory": "x"},
        {"method": "baye"},
        {"name": ""},
        {"seed": -1},
        {"fidelity": 3},
    ],
)
def test_a_slip_of_the_pen_leaves_no_study_behind(tmp_path, options):
    where = tmp_path / "tune.db"
    with pytest.raises(OptionError):
        ts.minimize(loss, space(), **{"trials": 3, "store": str(where), "progress": False, **options})
    assert not where.exists() or ts.studies(str(where)) == []


def test_an_executor_and_the_options_it_replaces_exclude_each_other():
    with pytest.raises(OptionError, match="executor and workers"):
        quiet(loss, trials=3, executor=SerialExecutor(loss), workers=2)
    assert len(quiet(loss, trials=3, executor=SerialExecutor(loss)).trials) == 3


def test_a_misspelt_option_is_a_type_error_in_both_directions():
    for function in (ts.minimize, ts.maximize):
        with pytest.raises(TypeError, match="trails"):
            function(loss, space(), trails=3)


def test_an_objective_that_was_called_already_is_refused():
    with pytest.raises(OptionError, match="Did you call it"):
        quiet(0.3, trials=3)


def test_the_objective_may_change_its_config():
    def greedy(config):
        config["x"] = 99.0
        return 1.0

    study = quiet(greedy, trials=3)
    assert all(abs(t.config["x"]) <= 1 for t in study.trials)


def test_the_very_object_reaches_the_objective():
    option, many = object(), np.ones(3)
    seen = []
    space = ts.Space(o=ts.Choice({"one": option, "two": many, "three": [option]}))
    quiet(lambda c: seen.append(c["o"]) or 1.0, space, method="grid", trials=3)
    assert seen[0] is option
    assert seen[1] is many
    assert seen[2][0] is option  # the list is a copy, what is in it is not


def test_reports_are_kept(where):
    def reports(config, trial):
        for step in range(1, 4):
            trial.report(config["x"] / step)
        return config["x"]

    for workers in (1, 2):
        study = quiet(reports, trials=3, store=where, workers=workers, name=f"w{workers}")
        for trial in study.trials:
            assert [r.step for r in trial.reports] == [1, 2, 3]
            assert trial.reports[1].value == trial.config["x"] / 2


def test_a_clock_that_is_set_back_makes_no_time_negative(where, monkeypatch):
    def slips(config, trial):
        monkeypatch.setattr(time, "time", lambda: 1000.0)
        trial.report(1.0)
        return config["x"]

    (trial,) = quiet(slips, trials=1, store=where).trials
    assert (trial.seconds, trial.reports[0].time) == (0.0, 0.0)


def test_ordered_workers_reproduce(tmp_path):
    def jitter(config):
        time.sleep(0.02 * (config["k"] % 3))
        return loss(config)

    runs = [quiet(jitter, trials=12, workers=3, ordered=True, seed=4) for _ in range(2)]
    assert [t.config for t in runs[0].trials] == [t.config for t in runs[1].trials]
    assert [t.value for t in runs[0].trials] == [t.value for t in runs[1].trials]


def test_a_run_outside_the_main_thread_works():
    result = []
    thread = threading.Thread(target=lambda: result.append(quiet(loss, trials=3)))
    thread.start()
    thread.join()
    assert len(result[0].trials) == 3


def test_plain_lines_tell_a_newcomer_what_happens(capsys):
    ts.minimize(loss, space(), trials=5, seed=0, method="random")
    err = capsys.readouterr().err
    assert "5 trials in total" in err
    assert 'store="tune.db"' in err
    assert "Best:" in err
    assert capsys.readouterr().out == ""


def test_a_search_that_thinks_far_longer_than_its_trials_take_says_so_once():
    study = ts.minimize(
        lambda config: config["x"] ** 2, ts.Space(x=ts.Float(-1, 1)), trials=105, progress=False
    )
    assert ["evolution" in note for note in study.notes].count(True) == 1
    for method in ("random", "evolution"):
        study = ts.minimize(
            lambda c: c["x"], ts.Space(x=ts.Float(-1, 1)), trials=105, method=method, progress=False
        )
        assert not any("evolution" in note for note in study.notes)


class Gone(io.StringIO):
    """A terminal that goes away after so many writes."""

    def __init__(self, writes, error, terminal):
        super().__init__()
        self.left, self.error, self.terminal = writes, error, terminal

    def isatty(self):
        return self.terminal

    def write(self, text):
        self.left -= 1
        if self.left < 0:
            raise self.error
        return super().write(text)


@pytest.mark.parametrize("terminal", [False, True])
@pytest.mark.parametrize("writes", [0, 3, 8])
def test_a_terminal_that_goes_away_ends_no_run(monkeypatch, writes, terminal):
    monkeypatch.setattr(sys, "stderr", Gone(writes, OSError(5, "Input/output error"), terminal))
    study = ts.minimize(loss, space(), trials=12, seed=0, method="random")
    assert study.history.states[ts.State.COMPLETE] == 12


def test_a_closed_or_missing_stderr_ends_no_run(monkeypatch):
    closed = io.StringIO()
    closed.close()
    for stream in (closed, None):
        monkeypatch.setattr(sys, "stderr", stream)
        assert len(ts.minimize(loss, space(), trials=3, seed=0, method="random").trials) == 3


def test_a_line_tells_the_time_that_the_trial_in_it_took(capsys):
    def slow(config):
        time.sleep(1.0)
        return config["x"]

    ts.minimize(slow, ts.Space(x=ts.Float(0, 1)), trials=1, method="random")
    (line,) = (line for line in capsys.readouterr().err.splitlines() if line.startswith("1 of 1 trial"))
    assert float(line.split(", ")[1].removesuffix(" s")) >= 1.0
