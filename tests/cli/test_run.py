"""run STUDY.toml: a command in another language as the objective."""

import json
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
