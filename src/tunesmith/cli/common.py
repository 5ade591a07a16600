"""Options and printing that the commands share."""

import json
import math
import shutil
import sys
import textwrap
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from tunesmith.errors import printable
from tunesmith.execution.limits import parse_bytes, parse_seconds
from tunesmith.space import Space
from tunesmith.study.frame import plain_config
from tunesmith.study.study import Study
from tunesmith.trial import Trial

DEFAULT_STORE = "tunesmith.db"
PIPE_WIDTH = 200  # characters of a table that is not printed on a terminal
LONG_WORD = 16  # characters; words from here on may be broken to fit
GAP = 3  # characters between two columns

StoreOption = Annotated[
    str,
    typer.Option(
        "--store", "-s", help="File or PostgreSQL database that keeps the studies.", envvar="TUNESMITH_STORE"
    ),
]
StudyOption = Annotated[
    str | None,
    typer.Option("--study", "-n", help="Name of the study; may be left out when there is only one."),
]
DataArgument = Annotated[Path, typer.Argument(help="CSV or Parquet file.", show_default=False)]
TargetOption = Annotated[str, typer.Option("--target", help="Column to predict.", show_default=False)]
TaskOption = Annotated[
    str | None, typer.Option("--task", help="classification or regression; by default told from the target.")
]
DropOption = Annotated[list[str] | None, typer.Option("--drop", help="Column to leave out; may be repeated.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON on stdout, for scripts.")]
TrialsOption = Annotated[
    int | None, typer.Option("--trials", "-t", min=1, help="Total number of trials, earlier ones included.")
]
TimeOption = Annotated[
    str | None, typer.Option("--time", help='Total run time, such as "90s", "10m", "2h"; earlier runs count.')
]
WorkersOption = Annotated[
    int | None, typer.Option("--workers", "-w", min=1, help="Trials at once; by default one a core.")
]
MethodOption = Annotated[
    str,
    typer.Option("--method", "-m", help="Which config to try next: auto, bayes, random, sobol, grid, ..."),
]
SeedOption = Annotated[
    int | None, typer.Option("--seed", min=0, help="Seed; the same seed, the same search.")
]
TrialTimeOption = Annotated[
    str | None, typer.Option("--trial-time", help='Longest time for one trial, such as "5m"; then it failed.')
]
TrialMemoryOption = Annotated[
    str | None,
    typer.Option("--trial-memory", help='Most memory for one trial, such as "2GB"; then it failed.'),
]


def say(*lines: str) -> None:
    """Print lines for people on stderr, so that stdout stays free for results.

    On a terminal they are broken between words, but for those that name a command, which people copy.
    """
    width = shutil.get_terminal_size().columns if sys.stderr.isatty() else 0
    for line in lines:
        indent = line[: len(line) - len(line.lstrip())]
        is_whole = len(line) <= width or not width or "tunesmith " in line
        print(line if is_whole else textwrap.fill(line, width, subsequent_indent=indent), file=sys.stderr)


def check_limits(time: object, trial_time: object, trial_memory: object) -> None:
    """Check limits before a study is made.

    Raises:
        OptionError: One cannot be read.
    """
    for name, value, parse in (
        ("time", time, parse_seconds),
        ("trial_time", trial_time, parse_seconds),
        ("trial_memory", trial_memory, parse_bytes),
    ):
        if value is not None:
            parse(value, name)


def open_study(store: str, name: str | None) -> Study:
    """Open a stored study; what could not be opened as it was stored is said on stderr."""
    study = Study.open(store, name)
    say(*study.notes)
    return study


def exit_if_interrupted(study: Study) -> None:
    """End the command with code 130 when the run was ended by Ctrl+C."""
    if study.stop_reason == "interrupted":
        raise typer.Exit(130)


def print_json(data: object) -> None:
    """Print JSON on stdout; NaN and infinity, which JSON has not, become null."""
    print(json_text(data, 2))


def json_text(data: object, indent: int) -> str:
    """Data as JSON text; NaN and infinity become null, and what stdout cannot write is escaped."""
    plain = _plain(data)
    text = json.dumps(plain, indent=indent, ensure_ascii=False, allow_nan=False)
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        return json.dumps(plain, indent=indent, allow_nan=False)
    return text


def _plain(data: Any) -> Any:
    if isinstance(data, dict):
        return {str(k): _plain(v) for k, v in data.items()}
    if isinstance(data, (list, tuple)):
        return [_plain(v) for v in data]
    if isinstance(data, float) and not math.isfinite(data):
        return None
    return data


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str]], *, right: Iterable[str] = ()) -> None:
    """Print a table on stdout; columns named in `right` are flush right.

    On a terminal too narrow for whole words, one line for each cell instead.
    """
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    rows = [[printable(cell) for cell in row] for row in rows]
    console = Console() if sys.stdout.isatty() else Console(width=PIPE_WIDTH)
    if _narrowest([columns, *rows]) > console.width:
        for row in rows:
            print(*(f"{name}: {cell}" for name, cell in zip(columns, row, strict=True)), "", sep="\n")
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in columns:
        table.add_column(name, justify="right" if name in set(right) else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    console.print(table)


def _narrowest(rows: list[Sequence[str]]) -> int:
    """Width of a table whose cells are broken between words only, but for long ones."""
    longest = (
        max(len(word) for cell in column for word in [*cell.split(), ""])
        for column in zip(*rows, strict=True)
    )
    return sum(min(width, LONG_WORD) + GAP for width in longest)


def trial_json(trial: Trial, space: Space) -> dict[str, Any]:
    """A trial for `--json`: number, state, value, config."""
    return {
        "number": trial.number,
        "state": trial.state.value,
        "value": trial.value,
        "config": plain_config(space, trial.config),
        "seconds": trial.seconds,
        "origin": trial.origin.value,
        "reason": trial.reason,
        "attempt": trial.attempt,
        "note": trial.note,
        "failure": None
        if trial.failure is None
        else {
            "kind": trial.failure.kind.value,
            "message": trial.failure.message,
            "traceback": trial.failure.traceback,
        },
        "reports": [{"step": r.step, "value": r.value} for r in trial.reports],
    }


def waiting(text: str) -> Any:
    """Show a sentence while something takes its time."""
    from rich.console import Console

    return Console(stderr=True).status(text)
