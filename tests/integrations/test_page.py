"""The code on the page about integrations runs, and so does its example."""

import doctest
import runpy
from pathlib import Path

import pytest

pytest.importorskip("sklearn")
pytest.importorskip("lightgbm")
pytest.importorskip("torch")

ROOT = Path(__file__).parents[2]


def test_the_page_says_what_happens() -> None:
    failed, tried = doctest.testfile(str(ROOT / "docs" / "integrations.md"), module_relative=False)
    assert tried > 25
    assert failed == 0


def test_the_example_runs(capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_path(str(ROOT / "examples" / "05_scikit_learn.py"), run_name="__main__")
    printed = capsys.readouterr().out
    assert "of 100 folds were run" in printed
    assert "svc__gamma" in printed
