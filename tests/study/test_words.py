"""How failures are grouped, and what a data frame and a shown config hold."""

import re
from types import SimpleNamespace

import pytest

import tunesmith as ts
from tunesmith import wording
from tunesmith.errors import ConfigError, ObjectiveError, OptionError
from tunesmith.study import words
from tunesmith.study.frame import plain_config, shown_config


def failed_study(space, text):
    study = ts.Study(space, method="random", seed=0)
    for _ in range(10):
        trial = study.ask()
        study.tell(trial, ValueError(text(trial.config)))
    return study


def test_messages_that_quote_the_config_are_one_cause():
    space = ts.Space(lr=ts.Float(1e-8, 1e-1, log=True), opt=ts.Choice(["adam", "sgd", "b"]))
    study = failed_study(space, lambda c: f"cat: nosuch{c['lr']}{c['opt']}: no such file, batch {c['opt']}")
    (line,) = words.failures(study)
    first = study.trials[0].config
    assert line.startswith(f"10 failed (error): ValueError: cat: nosuch{first['lr']}")
    assert line.endswith("(trial 0)")


def test_other_words_are_other_causes():
    space = ts.Space(x=ts.Int(0, 100), opt=ts.Choice(["memory", "b"]))
    study = failed_study(space, lambda c: "out of memory" if c["x"] % 2 else "bad labels")
    counts = sorted(int(line.split()[0]) for line in words.failures(study))
    assert sum(counts) == 10
    assert len(counts) == 2


def test_trials_are_counted_in_words():
    study = ts.Study(ts.Space(x=ts.Int(0, 9)), method="random", seed=0)
    assert words.counts(study, SimpleNamespace(trials=None), 1) == "0 trials, 1 running"
    study.tell(study.ask(), 1.0)
    assert words.counts(study, SimpleNamespace(trials=None), 0) == "1 trial"
    assert words.counts(study, SimpleNamespace(trials=5), 0) == "1 of 5 trials"


def test_time_left_is_said_while_trials_are_left():
    study = ts.Study(ts.Space(x=ts.Int(0, 9)), method="random", seed=0)
    limits = SimpleNamespace(trials=3, time=None, steps=None)
    study.tell(study.ask(), 1.0)
    assert words.time_left(study, limits, 1.0, per_second=0.5) == "4 s left"
    assert words.time_left(study, limits, 1.0, per_second=0.0) == ""
    for _ in range(2):
        study.tell(study.ask(), 1.0)
    assert words.time_left(study, limits, 1.0, per_second=0.5) == ""
    timed = SimpleNamespace(trials=3, time=10.0, steps=None)
    assert words.time_left(study, timed, 4.0, per_second=0.5) == "6 s left"


@pytest.mark.parametrize(
    ("before", "after", "dtype"),
    [
        (ts.Float(0.1, 0.9), ts.Int(0, 5), "float64"),
        (ts.Choice(["small", "large"]), ts.Int(0, 5), "object"),
        (ts.Int(0, 3), ts.Int(0, 5), "Int64"),
    ],
)
def test_a_frame_outlives_a_change_of_kind(tmp_path, before, after, dtype):
    for parameter in (before, after):
        study = ts.Study(ts.Space(x=parameter), store=str(tmp_path / "a.db"), method="random", seed=0)
        study.tell(study.ask(), 1.0)
    frame = study.to_frame()
    assert str(frame["config.x"].dtype) == dtype
    assert list(frame["config.x"]) == [t.config["x"] for t in study.trials]


def test_large_integers_stay_exact_beside_inactive_ones():
    space = ts.Space(a=ts.Choice([True, False]), n=ts.Int(2**53 + 1, 2**53 + 1, when={"a": True}))
    study = ts.Study(space, method="grid")
    for _ in range(2):
        study.tell(study.ask(), 1.0)
    assert study.to_frame()["config.n"].dropna().tolist() == [2**53 + 1]


def test_tuples_are_tuples_in_python_and_labels_in_files():
    space = ts.Space(sizes=ts.Choice([(64, 32), None]), f=ts.Choice([(dict,)]))
    config = {"sizes": (64, 32), "f": (dict,)}
    assert shown_config(space, config) == {"sizes": (64, 32), "f": "(<class 'dict'>,)"}
    assert plain_config(space, config) == {"sizes": "(64, 32)", "f": "(<class 'dict'>,)"}
    study = ts.Study(space)
    study.add(config, 1.0)
    assert study.to_frame()["config.sizes"][0] == (64, 32)


def test_lists_and_dicts_are_themselves_in_json_and_labels_in_tables():
    space = ts.Space(p=ts.Choice({"wide": [64, 32], "none": []}), q=ts.Choice([{"a": 0.1 + 0.2}, [(1,)]]))
    config = {"p": [64, 32], "q": {"a": 0.1 + 0.2}}
    assert shown_config(space, config) == plain_config(space, config) == config
    assert plain_config(space, {"q": [(1,)]}) == {"q": "[(1,)]"}
    assert wording.literal([64, {"a": 0.1 + 0.2}]) == "[64, {'a': 0.3}]"
    study = ts.Study(space)
    study.add(config, 1.0)
    assert study.to_frame()["config.p"][0] == "wide"


def test_new_failures_are_counted_too():
    space = ts.Space(x=ts.Int(0, 100))
    study = failed_study(space, lambda c: "bad labels")
    assert words.failures(study) == ["10 failed (error): ValueError: bad labels (trial 0)"]
    study.tell(study.ask(), ValueError("bad labels"))
    assert words.failures(study) == ["11 failed (error): ValueError: bad labels (trial 0)"]


def test_one_is_counted_in_the_singular(capsys):
    space = ts.Space(x=ts.Int(1, 1))
    for trials in (1, 2):
        study = ts.minimize(lambda config: 0.0, space, trials=trials, method="grid")
        said = capsys.readouterr().err + repr(study) + study.forecast().note + study.importance().note
        assert "1 trials" not in said
        assert "1 configs" not in said
        assert "1 results" not in said
        assert ".. " not in said
        reason = (
            "the only trial is done",
            "the space is used up: The only config of the grid has been tried.",
        )
        assert study.stop_reason == reason[trials - 1]
    with pytest.raises(ts.errors.ObjectiveError, match="the first trial failed"):
        ts.minimize(lambda config: 1 / 0, space, trials=1, max_failures=1, progress=False)


def test_more_are_counted_in_the_plural():
    study = ts.minimize(lambda config: config["x"], ts.Space(x=ts.Int(1, 9)), trials=3, progress=False)
    assert study.stop_reason == "all 3 trials are done"
    assert "3 trials" in repr(study)


def test_what_is_said_of_odd_text_moves_no_cursor_and_breaks_no_line(capsys):
    odd = ["two\nlines", "\x1b[2J", "\r over", "\x1b[31mred\x1b[0m", "\u202eturned", "\x07"]

    def objective(config):
        if config["a\x1b[1mb"] == odd[0]:
            raise ValueError("\x1b[31mbad\x1b[0m \x07 \u202e thing")
        return 1.0

    space = ts.Space({"a\x1b[1mb": ts.Choice(odd)})
    study = ts.minimize(objective, space, trials=6, method="grid")
    said = capsys.readouterr().err
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", said)
    assert "Trial 0 failed: ValueError: bad \\x07 \\u202e thing\n" in said
    assert study.trials[0].failure.traceback.count("\x1b[31m") == 1  # kept as it was, for who looks closer
    assert [t.config["a\x1b[1mb"] for t in study.trials] == odd


def test_a_space_of_hundreds_of_parameters_fills_no_page_with_each_line(capsys):
    space = ts.Space({f"p{n}": ts.Float(0, 1) for n in range(500)})
    study = ts.minimize(lambda c: c["p0"], space, trials=3, seed=0)
    assert max(map(len, capsys.readouterr().err.splitlines())) < 700
    with pytest.raises(ConfigError, match=r"lacks the parameter 'p499'") as lacking:
        study.add({f"p{n}": 0.5 for n in range(499)}, 1.0)
    with pytest.raises(ConfigError, match="unknown parameter") as unknown:
        study.enqueue({"q": 0.5})
    with pytest.raises(ObjectiveError, match="division by zero") as failed:
        ts.minimize(lambda c: 1 / 0, space, trials=1, seed=0, progress=False)
    with pytest.raises(OptionError, match="1 to 200 characters") as name:
        ts.Study(space, name="n" * 5000)
    assert all(len(str(error.value)) < 1500 for error in (lacking, unknown, failed, name))
    assert len(study.best.config) == 500


@pytest.mark.parametrize("workers", [-1, "auto", 0])
def test_all_cores_are_asked_for_by_their_number(workers):
    with pytest.raises(OptionError, match=r"For all cores say workers=os\.cpu_count\(\)\."):
        ts.minimize(len, ts.Space(x=ts.Float(0, 1)), trials=1, workers=workers)
