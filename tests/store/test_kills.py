"""kill -9 at any moment: of whoever makes the store, and of whoever runs trials."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="starts its processes by fork")


def kill(job: str, rounds: int, folder: Path) -> None:
    command = [sys.executable, str(Path(__file__).with_name("killer.py")), job, str(rounds), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=500)
    assert done.stderr == ""
    assert done.returncode == 0


@pytest.mark.slow
def test_a_store_whose_maker_was_killed_is_completed_by_the_next(tmp_path: Path) -> None:
    kill("creation", 40, tmp_path)


@pytest.mark.slow
def test_nothing_told_is_lost_and_the_running_trial_is_given_back(tmp_path: Path) -> None:
    kill("running", 20, tmp_path)
