"""The example of a search inside scikit-learn runs as it stands."""

import runpy
from pathlib import Path

import pytest

pytest.importorskip("sklearn")

ROOT = Path(__file__).parents[2]


def test_the_example_runs(capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_path(str(ROOT / "examples" / "05_scikit_learn.py"), run_name="__main__")
    printed = capsys.readouterr().out
    assert "of 100 folds were run" in printed
    assert "svc__gamma" in printed
