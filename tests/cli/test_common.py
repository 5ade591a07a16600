"""What the commands print for people."""

import sys

import pytest

from tunesmith.cli.common import say


@pytest.mark.parametrize("is_terminal", [True, False])
def test_lines_are_broken_between_words_on_a_terminal_only(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], is_terminal: bool
) -> None:
    monkeypatch.setenv("COLUMNS", "30")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: is_terminal, raising=False)
    line = "  depth: default 4, since rows < 4000 (rows = 442)"
    command = "Search it: tunesmith tune houses.csv --target price"
    say(line, command)
    shown = capsys.readouterr().err.splitlines()
    wrapped = ["  depth: default 4, since rows", "  < 4000 (rows = 442)"]
    assert shown == [*(wrapped if is_terminal else [line]), command]
