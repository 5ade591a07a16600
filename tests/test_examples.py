"""The scripts under examples/ run as they stand, and what they say of Ctrl+C is true."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import tunesmith as ts

FOLDER = Path(__file__).parents[1] / "examples"
CHECKPOINTS = "04_pytorch_checkpoints.py"

pytestmark = pytest.mark.slow


def start(script: Path, folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, str(script)],
        cwd=folder,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process: subprocess.Popen[str]) -> str:
    out, err = process.communicate(timeout=240)
    assert process.returncode == 0, err
    return out


def briefly(name: str, folder: Path, changes: dict[str, str]) -> Path:
    """The script with fewer or shorter trials."""
    text = (FOLDER / name).read_text()
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    script = folder / name
    script.write_text(text)
    return script


def test_every_example_is_run_here() -> None:
    names = {path.name for path in FOLDER.iterdir() if not path.name.startswith((".", "_"))}
    elsewhere = {"05_scikit_learn.py"}  # tests/integrations/test_example.py
    assert names == {"01_function.py", "02_ask_and_tell.py", "03_any_command", CHECKPOINTS} | elsewhere


def test_a_function(tmp_path: Path) -> None:
    pytest.importorskip("sklearn")
    out = finish(start(briefly("01_function.py", tmp_path, {"trials=25": "trials=6"}), tmp_path))
    assert float(out.split()[1]) > 0.9


def test_ask_and_tell(tmp_path: Path) -> None:
    out = finish(start(FOLDER / "02_ask_and_tell.py", tmp_path))
    assert "after 41 trials" in out


@pytest.mark.skipif(shutil.which("awk") is None, reason="its training script is in awk")
def test_any_command(tmp_path: Path) -> None:
    shutil.copytree(FOLDER / "03_any_command", tmp_path / "study")
    cli = "from tunesmith.cli import main; main()"
    command = [sys.executable, "-c", cli, "run", "study.toml", "--trials", "6"]
    done = subprocess.run(command, cwd=tmp_path / "study", capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "Run it: awk -f train.awk" in done.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="needs a signal")
def test_checkpoints_go_on_after_an_interrupt_and_no_epoch_is_reported_twice(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    pytest.importorskip("sklearn")
    # Six trials: none gets past epoch 3 before the best one, paused there, is brought to the end.
    short = 'fidelity=ts.Fidelity("epoch", 1, 9), scheduler="asha"'
    changes = {"trials=25": "trials=6", 'fidelity=ts.Fidelity("epoch", 1, 27)': short}
    script = briefly(CHECKPOINTS, tmp_path, changes)
    store = tmp_path / "example.db"
    process = start(script, tmp_path)
    until = time.monotonic() + 120
    while len(list(tmp_path.rglob("checkpoint.pt"))) < 3:
        assert process.poll() is None
        assert time.monotonic() < until
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    finish(process)

    before = ts.Study.open(str(store)).trials
    assert 3 <= len(before) < 6
    assert all(t.state is not ts.State.RUNNING for t in before)
    # The interrupt may come between a report and its checkpoint: that epoch is trained again when needed.
    cut_short = next((t.number for t in before if t.state is ts.State.WAITING), None)
    out = finish(start(script, tmp_path))
    assert "accuracy 0.9" in out
    study = ts.Study.open(str(store))
    assert study.history.counted == 6
    for trial in study.trials:
        assert [r.step for r in trial.reports] == list(range(1, len(trial.reports) + 1))
    for trial in before:  # what was known is kept as it was
        assert study.history[trial.number].reports[: len(trial.reports)] == trial.reports
    best = study.best
    assert best.state is ts.State.COMPLETE
    assert best.attempt > 1
    for trial in study.trials:
        saved = torch.load(Path(study.ledger.folder(trial.number)) / "checkpoint.pt")
        assert saved["accuracy"] == trial.reports[saved["epoch"] - 1].value
        behind = trial.reports[-1].step - saved["epoch"]
        assert behind == 0 or (behind == 1 and trial.number == cut_short)
