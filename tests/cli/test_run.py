"""run STUDY.toml: a command in another language as the objective."""

import json
import subprocess
import sys
import textwrap

import pytest

import tunesmith as ts

SCRIPT = """
    #!/bin/bash
    # "trains" with awk; fails for x above 8, says a curve before its result
    x=$1; y=$2
    if [ "$x" -gt 8 ]; then echo "x is too large: $x" >&2; exit 3; fi
    for step in 1 2; do echo "{\\"step\\": $step, \\"loss\\": $((10 - step))}"; done
    awk -v x="$x" -v y="$y" 'BEGIN { printf "{\\"loss\\": %.6f}\\n", (x - 3) ^ 2 + y }'
"""

STUDY = """
    command = "bash train.sh {x} {y}"
    metric = "loss"
    trials = 12
    seed = 0
    method = "random"

    [space]
    x = {type = "int", low = 0, high = 10}
    y = {type = "float", low = 0.0, high = 1.0}
"""


@pytest.fixture
def study_file(tmp_path):
    (tmp_path / "train.sh").write_text(textwrap.dedent(SCRIPT).lstrip())
    file = tmp_path / "study.toml"
    file.write_text(textwrap.dedent(STUDY))
    return file


def test_a_shell_script_is_tuned_and_resumed(call, study_file, tmp_path):
    first = call("run", "study.toml", "--trials", 5, "--json")
    assert first.code == 0
    second = call("run", "study.toml", "--json")
    best = second.json["best"]
    assert best["value"] == pytest.approx((best["config"]["x"] - 3) ** 2 + best["config"]["y"], abs=1e-6)
    study = ts.Study.open(str(tmp_path / "tunesmith.db"), "study")
    assert len(study.trials) == 12
    done = next(t for t in study.trials if t.state is ts.State.COMPLETE)
    assert [(r.step, r.value) for r in done.reports] == [(1, 9.0), (2, 8.0)]
    failed = [t for t in study.trials if t.state is ts.State.FAILED]
    assert failed
    assert all(t.config["x"] > 8 and "x is too large" in t.failure.traceback for t in failed)
    again = call("run", "study.toml")
    assert "12 trials found" in again.err
    assert "all 12 trials are done" in again.err


def test_limits_end_one_command_only(call, study_file, tmp_path):
    (tmp_path / "train.sh").write_text('if [ $1 -gt 5 ]; then sleep 60; fi; echo "{\\"loss\\": $1}"\n')
    text = study_file.read_text().replace("trials = 12", 'trials = 6\ntrial_time = "0.5s"')
    study_file.write_text(text)
    result = call("run", "study.toml", "--study", "limited", "--workers", 2)
    assert result.code == 0
    states = {t.config["x"] > 5: t.state for t in ts.Study.open("tunesmith.db", "limited").trials}
    assert states == {True: ts.State.FAILED, False: ts.State.COMPLETE}


def test_json_and_yaml_say_the_same(call, study_file, tmp_path):
    import tomllib

    import yaml

    data = tomllib.loads(study_file.read_text())
    (tmp_path / "study.json").write_text(json.dumps(data))
    (tmp_path / "study.yaml").write_text(yaml.safe_dump(data, sort_keys=False))
    results = [
        call("run", name, "--trials", 3, "--study", name, "--json").json["best"]["config"]
        for name in ("study.toml", "study.json", "study.yaml")
    ]
    assert results[0] == results[1] == results[2]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("metric =", "metrik =", "Did you mean 'metric'?"),
        ("{x} {y}", "{x} {z}", "z"),
        ('type = "int"', 'type = "integer"', "int"),
        ("low = 0, high = 10", "low = 10, high = 0", "x"),
        ("bash train.sh", "no-such-program", "no-such-program"),
        ('command = "bash train.sh {x} {y}"', "", "command"),
        ('metric = "loss"', "", "metric"),
        ("trials = 12", "", "no limit"),
        ("trials = 12", "trials = = 12", "TOML"),
    ],
)
def test_a_wrong_study_file_is_one_line_and_code_2(call, study_file, old, new, words):
    text = study_file.read_text()
    assert old in text
    study_file.write_text(text.replace(old, new))
    result = call("run", "study.toml")
    assert result.code == 2
    assert words in result.err
    assert "Traceback" not in result.err


def test_a_command_that_always_fails_ends_with_its_words(call, study_file, tmp_path):
    (tmp_path / "train.sh").write_text("echo 'no such data set: mnist' >&2; exit 1\n")
    result = call("run", "study.toml", "--trials", 50)
    assert result.code == 1
    assert "no such data set: mnist" in result.err


def test_enqueued_configs_of_the_file_come_first(call, study_file):
    study_file.write_text(study_file.read_text() + "\n[[enqueue]]\nx = 3\ny = 0.0\n")
    assert call("run", "study.toml", "--trials", 2, "--json").json["best"]["value"] == 0.0


def test_a_space_without_parameters_is_said_in_words_of_the_file(call, tmp_path):
    (tmp_path / "empty.toml").write_text('command = "true"\nmetric = "loss"\ntrials = 1\n[space]\n')
    result = call("run", "empty.toml")
    assert result.code == 2
    assert "space cannot be used; allowed: a table of parameters, such as lr = {type" in result.err


def test_a_warning_is_one_line_that_names_no_file_of_ours(tmp_path):
    space = "x = {type = 'float', low = 0, high = 1, step = 0.3}"
    (tmp_path / "s.toml").write_text(
        f"command = 'echo {{x}}'\nregex = '(.+)'\ntrials = 1\n[space]\n{space}\n"
    )
    command = [sys.executable, "-m", "tunesmith", "run", "s.toml"]
    said = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stderr
    assert said.startswith("Warning: Float 'x': steps of 0.3 from 0.0 do not reach high=1.0.")
    assert ".py" not in said


@pytest.fixture
def sure_file(study_file, tmp_path):
    """A study file whose command never fails."""
    (tmp_path / "train.sh").write_text('echo "{\\"loss\\": $1}"\n')
    return study_file


def test_another_command_is_a_note_and_another_metric_is_refused(call, sure_file, tmp_path):
    assert call("run", "study.toml", "--trials", 2).code == 0
    text = sure_file.read_text()
    sure_file.write_text(text.replace("bash train.sh {x}", "bash ./train.sh {x}"))
    changed = call("run", "study.toml", "--trials", 3)
    assert changed.code == 0, changed.err
    assert "The command has changed; earlier trials ran: bash train.sh {x} {y}" in changed.err
    assert "has changed" not in call("run", "study.toml", "--trials", 3).err
    sure_file.write_text(text.replace('metric = "loss"', "regex = '[0-9.]+'"))
    refused = call("run", "study.toml", "--trials", 3)
    assert refused.code == 2
    assert "metric" in refused.err


def test_options_go_before_the_file_and_the_file_before_the_environment(
    call, sure_file, tmp_path, monkeypatch
):
    monkeypatch.setenv("TUNESMITH_STORE", "environment.db")
    assert call("run", "study.toml", "--trials", 1, "--seed", 7).code == 0
    assert ts.Study.open("environment.db").seed == 7
    sure_file.write_text('store = "file.db"\n' + sure_file.read_text())
    assert call("run", "study.toml", "--trials", 1).code == 0
    assert (tmp_path / "file.db").exists()
    assert call("run", "study.toml", "--trials", 1, "--store", "option.db").code == 0
    assert (tmp_path / "option.db").exists()
    assert not (tmp_path / "tunesmith.db").exists()


def test_a_limit_for_one_command_may_be_an_option(call, study_file, tmp_path):
    (tmp_path / "train.sh").write_text('if [ $1 -gt 5 ]; then sleep 60; fi; echo "{\\"loss\\": $1}"\n')
    assert call("run", "study.toml", "--trials", 6, "--trial-time", "0.5s").code == 0
    assert {t.config["x"] > 5: t.state for t in ts.Study.open("tunesmith.db").trials} == {
        True: ts.State.FAILED,
        False: ts.State.COMPLETE,
    }


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('workers = "2"', "Write workers = 2, without quotes."),
        ("workers = 0", "workers cannot be used"),
        ('target = "0.1"', "Write target = 0.1, without quotes."),
        ("enqueue = {x = 3, y = 0.1}", "Write [[enqueue]]"),
        ("enqueue = [{x = 99, y = 0.1}]", "99"),
        ('time = "abc"', "time cannot be used"),
        ('trial_memory = "much"', "trial_memory cannot be used"),
        ("patience = 1.5", "patience cannot be used"),
        ('require = "x < y"', "a list of expressions; given: 'x < y'. Write require = [\"x < y\"]."),
        ('scheduler = "asha"', 'in a study file fidelity = {name = "epoch", low = 1, high = 50}'),
        ("name = 3", "name cannot be used"),
    ],
)
def test_a_value_of_another_type_is_one_line_and_makes_no_study(call, study_file, tmp_path, line, words):
    study_file.write_text(line + "\n" + textwrap.dedent(study_file.read_text()))
    result = call("run", "study.toml")
    assert result.code == 2
    assert words in result.err
    assert len(result.err.strip().splitlines()) == 1
    assert not (tmp_path / "tunesmith.db").exists()


@pytest.mark.parametrize(
    ("name", "words"),
    [(".", "is a folder"), ("nofile.toml", "is not there"), (f"{'x' * 300}.toml", "is not there")],
)
def test_a_missing_study_file_is_said_in_plain_words(call, name, words):
    result = call("run", name)
    assert result.code == 2
    assert words in result.err
    assert "Errno" not in result.err


def test_the_command_to_go_on_with_is_quoted_for_the_shell(call, sure_file):
    result = call("run", "study.toml", "--trials", 1, "--study", "my first study")
    assert "--study 'my first study'" in result.err
