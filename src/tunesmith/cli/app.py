"""All commands, gathered into one Typer application."""

from collections.abc import Callable
from typing import Annotated

import typer

from tunesmith.cli import dashboard, doctor, insights, run, steer, studies, suggest, tune
from tunesmith.version import __version__

_debug = False

app = typer.Typer(
    name="tunesmith",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    help="Finds good hyperparameters in the fewest trials, loses nothing, and says why.",
    epilog="Exit codes: 0 done, 1 ended by an error, 2 wrong input, 3 no finished trial, 130 interrupted.",
)


def is_debug() -> bool:
    """Whether --debug was given."""
    return _debug


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"tunesmith {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    debug: Annotated[bool, typer.Option("--debug", help="Show the full traceback of an error.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    global _debug
    _debug = debug


_TUNE, _LOOK = "Tune", "Look into a store"
_COMMANDS: tuple[tuple[str, Callable[..., None]], ...] = (
    (_TUNE, tune.demo),
    (_TUNE, tune.tune),
    (_TUNE, suggest.suggest),
    (_TUNE, run.run),
    (_LOOK, studies.studies),
    (_LOOK, studies.trials),
    (_LOOK, studies.best),
    (_LOOK, insights.importance),
    (_LOOK, insights.report),
    (_LOOK, dashboard.dashboard),
    (_LOOK, studies.enqueue),
    (_LOOK, steer.pause),
    (_LOOK, steer.resume),
    (_LOOK, steer.stop),
    (_LOOK, studies.export),
    (_LOOK, doctor.doctor),
)
for _panel, _command in _COMMANDS:
    app.command(rich_help_panel=_panel)(_command)
