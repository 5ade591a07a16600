"""kill -9 in the middle of a run with checkpoints: no rung is lost, no epoch is trained twice.

But for the one under way. Objectives write what they train to a log that no kill can take back.
"""

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest

import tunesmith as ts
from tunesmith.schedulers.rungs import rungs
from tunesmith.schedulers.standings import Standings

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform == "win32", reason="needs kill -9")]

WORKERS = 4
SCRIPT = """
    import os, sys, time
    import tunesmith as ts

    def train(config, trial):
        saved = trial.folder / "epoch"
        done = int(saved.read_text()) if saved.exists() else 0
        value = None
        for epoch in trial.steps(after=done):
            with open(sys.argv[2], "a") as log:
                log.write(f"{trial.number} {epoch}\\n")
            time.sleep(0.003)
            value = (config["x"] - 0.3) ** 2 + 1.0 / epoch
            new = trial.folder / "epoch.new"
            new.write_text(str(epoch))
            new.replace(saved)  # written, then renamed: a kill leaves the old one or the new one
            trial.report(value, epoch)
        return (config["x"] - 0.3) ** 2 + 1.0 / 27 if value is None else value

    study = ts.minimize(
        train, ts.Space(x=ts.Float(0, 1)), trials=100, workers=int(sys.argv[3]), method="random",
        scheduler="asha", fidelity=ts.Fidelity("epoch", 1, 27), seed=1, store=sys.argv[1], progress=False,
    )
    print("ENDED", study.stop_reason)
"""


def start(folder: Path) -> subprocess.Popen:
    script = folder / "script.py"
    script.write_text(textwrap.dedent(SCRIPT))
    arguments = [str(folder / "tune.db"), str(folder / "log.txt"), str(WORKERS)]
    return subprocess.Popen(
        [sys.executable, str(script), *arguments],
        env=dict(os.environ),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def lines(folder: Path) -> list[str]:
    log = folder / "log.txt"
    return log.read_text().splitlines() if log.exists() else []


def kill_after(folder: Path, more: int) -> bool:
    """Run until so many more epochs are trained, and kill; False when the run ended before."""
    wanted, process = len(lines(folder)) + more, start(folder)
    until = time.monotonic() + 60
    while len(lines(folder)) < wanted and process.poll() is None:
        assert time.monotonic() < until
        time.sleep(0.01)
    was_running = process.poll() is None
    process.send_signal(signal.SIGKILL)
    process.communicate()
    return was_running


def test_killed_again_and_again_a_run_loses_no_rung_and_trains_no_epoch_twice(tmp_path):
    kills = sum(kill_after(tmp_path, 60) for _ in range(4))
    assert kills >= 3
    before = ts.Study.open(str(tmp_path / "tune.db"))
    known = {t.number: [r.step for r in t.reports] for t in before.trials}
    process = start(tmp_path)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    assert "all 100 trials are done" in out

    study = ts.Study.open(str(tmp_path / "tune.db"))
    assert study.history.counted == 100
    assert all(t.state in (ts.State.PAUSED, ts.State.COMPLETE) for t in study.trials)
    for number, steps in known.items():  # no report was lost
        assert [r.step for r in study.history[number].reports][: len(steps)] == steps
    trained = Counter(lines(tmp_path))
    again = {line: count for line, count in trained.items() if count > 1}
    assert sum(count - 1 for count in again.values()) <= kills * WORKERS
    for trial in study.trials:  # every epoch up to the last was trained, in one attempt or another
        last = trial.reports[-1].step
        assert {f"{trial.number} {epoch}" for epoch in range(1, last + 1)} <= set(trained)

    standings = Standings(rungs(1, 27, 3))
    standings.update(study.history)
    assert len(standings.places[0]) == 100
    for here, above in pairwise(standings.places):
        # Promotions of before are kept, also of those that later ones have outrun.
        assert len(above) >= len(here) // 3
        assert {n for _, n in here[: len(here) // 3]} <= {n for _, n in above}
    assert study.best.state == ts.State.COMPLETE


def test_two_processes_share_a_study_and_train_no_epoch_twice(tmp_path):
    ts.Study(
        ts.Space(x=ts.Float(0, 1)),
        method="random",
        scheduler="asha",
        fidelity=ts.Fidelity("epoch", 1, 27),
        seed=1,
        store=str(tmp_path / "tune.db"),
    )
    for process in [start(tmp_path), start(tmp_path)]:
        out, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
        assert "all 100 trials are" in out
    study = ts.Study.open(str(tmp_path / "tune.db"))
    assert study.history.counted == len(study.trials) == 100
    assert set(Counter(lines(tmp_path)).values()) == {1}
    assert len(lines(tmp_path)) == study.history.steps
    best = study.best
    assert best.state == ts.State.COMPLETE
    assert (best.config["x"] - 0.3) ** 2 == min((t.config["x"] - 0.3) ** 2 for t in study.trials)
