"""All commands, gathered into one Typer application."""

from typing import Annotated

import typer

from tunesmith import __version__
from tunesmith.cli import doctor, run, studies, tune

_debug = False

app = typer.Typer(
    name="tunesmith",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    help="Finds good hyperparameters in the fewest trials, loses nothing, and says why.",
    epilog="Exit codes: 0 done, 1 the run ended in an error, 2 wrong input, 3 no finished trial, 130 interrupted.",
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


for command in (tune.demo, tune.tune, run.run):
    app.command(rich_help_panel="Tune")(command)
for command in (studies.studies, studies.trials, studies.best, studies.enqueue, studies.export):
    app.command(rich_help_panel="Look into a store")(command)
app.command(rich_help_panel="Look into a store")(doctor.doctor)
