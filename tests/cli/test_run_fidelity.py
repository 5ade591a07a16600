"""run STUDY.toml with [fidelity]: {epoch}, JSON lines as reports, checkpoints in $TUNESMITH_FOLDER."""

import textwrap
from collections import Counter
from pathlib import Path

import pytest

import tunesmith as ts

SCRIPT = """
    # "trains" from its checkpoint to epoch $2; the saving is slower than the report of the last epoch
    x=$1; until=$2; saved=$TUNESMITH_FOLDER/epoch
    done=0; [ -f "$saved" ] && done=$(cat "$saved")
    for epoch in $(seq $((done + 1)) "$until"); do
        echo "$TUNESMITH_TRIAL $epoch" >> log.txt
        awk -v x="$x" -v e="$epoch" 'BEGIN { printf "{\\"step\\": %d, \\"loss\\": %.6f}\\n", e, x + 1 / e }'
    done
    sleep 0.05
    echo "$until" > "$saved.new"; mv "$saved.new" "$saved"
"""

STUDY = """
    command = "bash train.sh {x} {epoch}"
    metric = "loss"
    trials = 12
    seed = 0
    method = "random"
    scheduler = "asha"

    [fidelity]
    name = "epoch"
    low = 1
    high = 9

    [space]
    x = {type = "float", low = 0.0, high = 1.0}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "train.sh").write_text(textwrap.dedent(SCRIPT).lstrip())
    (tmp_path / "study.toml").write_text(textwrap.dedent(STUDY))
    return tmp_path


def test_a_command_goes_on_from_its_checkpoint_and_trains_no_epoch_twice(call, folder):
    assert call("run", "study.toml", "--trials", 6).code == 0
    outcome = call("run", "study.toml")
    assert outcome.code == 0
    study = ts.Study.open(str(folder / "tunesmith.db"), "study")
    trained = Counter((folder / "log.txt").read_text().splitlines())
    assert set(trained.values()) == {1}
    assert len(trained) == study.history.steps
    assert study.best.state == ts.State.COMPLETE
    assert study.best.config["x"] == min(t.config["x"] for t in study.trials)
    assert any(t.state == ts.State.PAUSED and "at epoch 1" in t.reason for t in study.trials)
    assert f"Run it: bash train.sh {study.best.config['x']} 9" in outcome.out


def test_a_budget_of_steps_and_a_result_that_is_a_report(call, folder):
    # No line says a step: the result of each call is the report there.
    (folder / "train.sh").write_text(
        """awk -v x="$1" -v e="$2" 'BEGIN { printf "{\\"loss\\": %.6f}\\n", x + 1 / e }'\n"""
    )
    text = (folder / "study.toml").read_text().replace("trials = 12", "steps = 40")
    (folder / "study.toml").write_text(text)
    outcome = call("run", "study.toml")
    assert "the budget of 40 steps is used up" in outcome.err
    study = ts.Study.open(str(folder / "tunesmith.db"), "study")
    assert {r.step for t in study.trials for r in t.reports} == {1, 3, 9}
    assert 30 <= study.history.steps <= 40


@pytest.mark.slow
def test_a_command_that_trains_on_so_many_folds_in_one_call_by_two_workers(call, folder):
    (folder / "train.sh").write_text(
        """echo "$1 $2" >> log.txt
        awk -v x="$1" -v folds="$2" 'BEGIN {
            for (k = 1; k <= folds; k++) sum += (x - 0.3) ^ 2 + (k % 3) / 100
            printf "{\\"loss\\": %.6f}\\n", sum / folds
        }'\n"""
    )
    text = (folder / "study.toml").read_text().replace('"epoch"', '"fold"').replace("{epoch}", "{fold}")
    (folder / "study.toml").write_text(text.replace("trials = 12", "trials = 12\n    workers = 2"))
    outcome = call("run", "study.toml")
    assert outcome.code == 0, outcome.err
    study = ts.Study.open(str(folder / "tunesmith.db"), "study")
    assert study.history.counted == 12
    called = (folder / "log.txt").read_text().splitlines()
    assert len(set(called)) == len(called)
    assert sorted(called) == sorted(f"{t.config['x']} {r.step}" for t in study.trials for r in t.reports)
    best = study.best
    assert best.state == ts.State.COMPLETE
    assert best.config["x"] == min((t.config["x"] for t in study.trials), key=lambda x: (x - 0.3) ** 2)
    assert best.value == pytest.approx((best.config["x"] - 0.3) ** 2 + 0.01, abs=1e-6)
    assert f"Run it: bash train.sh {best.config['x']} 9" in outcome.out


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("low = 1", "lowest = 1", "fidelity has an unknown key"),
        ("high = 9", "high = 0", "high must be a whole number"),
        ('name = "epoch"', 'name = "x"', "has the name of a parameter"),
        ("{epoch}", "{epochs}", "Did you mean 'epoch'"),
        ('"asha"', '"ahsa"', "Did you mean 'asha'"),
        ("trials = 12", "steps = 0", "steps cannot be used"),
    ],
)
def test_mistakes_are_told_before_anything_runs(call, folder, old, new, words):
    text = (folder / "study.toml").read_text().replace(old, new)
    (folder / "study.toml").write_text(text)
    outcome = call("run", "study.toml")
    assert outcome.code != 0
    assert words in " ".join(outcome.err.split())
    assert not (folder / "log.txt").exists()


def test_a_command_that_does_not_say_how_far_it_is_is_told_in_its_own_words(call, folder):
    (folder / "train.sh").write_text("""echo '{"loss": 0.5}'\n""")
    text = (folder / "study.toml").read_text().replace(" {epoch}", "")
    (folder / "study.toml").write_text(text.replace("trials = 12", "trials = 2"))
    outcome = call("run", "study.toml")
    assert outcome.code == 0
    assert 'The command has no {epoch}, and prints no lines of JSON with a "step": every trial' in outcome.err
    assert "trial.steps" not in outcome.err
