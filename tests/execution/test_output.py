"""What workers print on a terminal comes in whole lines, above what is drawn there."""

import io
import os
import pty
import re
import subprocess
import sys
import textwrap
from contextlib import suppress
from pathlib import Path
from typing import IO

import pytest

from tunesmith.execution.output import Output, shares_terminal

SCRIPT = """
    import sys, time
    import tunesmith as ts

    def objective(config):
        for part in ("said ", "by ", f"{config['n']} "):
            sys.stderr.write(part)
            sys.stderr.flush()
            time.sleep(0.05)
        print("to its end")  # on stdout, which is the same terminal
        return float(config["n"])

    ts.minimize(objective, ts.Space(n=ts.Int(0, 9)), trials=10, workers=2, method="grid")
"""


def on_a_terminal(script: str, folder: Path, stdout: IO[bytes] | None = None) -> str:
    """What a script writes to a terminal, as it is written; its stdout may go elsewhere."""
    (folder / "script.py").write_text(textwrap.dedent(script))
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "script.py"],
        cwd=folder,
        stdin=theirs,
        stdout=stdout or theirs,
        stderr=theirs,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "100", "LINES": "40"},
    ) as process:
        os.close(theirs)
        written = b""
        with suppress(OSError):  # that there is nobody at the other end any more
            while data := os.read(ours, 65536):
                written += data
        os.close(ours)
        assert process.wait() == 0
    return written.decode()


def test_workers_tear_neither_each_others_lines_nor_the_display(tmp_path: Path) -> None:
    written = on_a_terminal(SCRIPT, tmp_path)
    assert "of 10 trials" in written  # there is a display
    said = re.findall(r"[^\r\n]*said by[^\r\n]*", re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", written))
    assert sorted(said) == [f"said by {n} to its end" for n in range(10)]


@pytest.mark.parametrize("workers", [1, 2])
def test_what_is_printed_for_a_file_comes_into_it(tmp_path: Path, workers: int) -> None:
    script = f"""
        import tunesmith as ts

        def objective(config):
            print("tried", config["n"])
            return float(config["n"])

        ts.minimize(objective, ts.Space(n=ts.Int(0, 4)), trials=5, workers={workers}, method="grid")
    """
    with open(tmp_path / "out.txt", "wb") as file:
        written = on_a_terminal(script, tmp_path, file)
    assert "of 5 trials" in written
    assert "tried" not in written
    assert sorted((tmp_path / "out.txt").read_text().splitlines()) == [f"tried {n}" for n in range(5)]


def test_only_whole_lines_are_handed_on(capsys: pytest.CaptureFixture[str]) -> None:
    output = Output()
    os.write(output.writing, b"one\ntw")
    output.hand_on()
    assert capsys.readouterr().err == "one\n"
    os.write(output.writing, b"o\nthree")
    output.hand_on()
    assert capsys.readouterr().err == "two\n"
    output.close()
    assert capsys.readouterr().err == "three\n"


def test_of_a_bar_that_is_drawn_over_and_over_the_last_one_counts(capsys: pytest.CaptureFixture[str]) -> None:
    output = Output()
    for part in (b"10 %", b"\r50 %", b"\r90 %"):
        os.write(output.writing, part)
        output.hand_on()
    os.write(output.writing, b"\r100 %\r\n")
    output.hand_on()
    output.close()
    assert capsys.readouterr().err == "100 %\n"


def test_without_a_terminal_workers_write_for_themselves(capfd: pytest.CaptureFixture[str]) -> None:
    assert not shares_terminal()


def test_a_terminal_is_known_while_rich_draws_on_it_whatever_its_version(monkeypatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    class Before15(io.TextIOBase):
        rich_proxied_file = Terminal()

    monkeypatch.setattr(os, "isatty", lambda fd: True)
    monkeypatch.setattr(sys, "stderr", Before15())
    is_known = shares_terminal()
    monkeypatch.undo()
    assert is_known
