"""All commands, gathered into one Typer application."""

from collections.abc import Callable
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from tunesmith.cli import dashboard, doctor, insights, run, steer, studies, suggest, tune
from tunesmith.errors import OptionError, message
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


class _Command(TyperCommand):
    """A command that says how stores and studies are named to who gives one as it stands."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the arguments.

        Raises:
            OptionError: There are more than it takes.
        """
        ctx.allow_extra_args = True  # as Typer's own words for this do not say what to do
        left: list[str] = super().parse_args(ctx, args)
        if ctx.args and not ctx.resilient_parsing:
            options = {option for parameter in self.params for option in parameter.opts}
            study = ", a study with --study NAME" if "--study" in options else ""
            fix = f"A store is named with --store FILE{study}." if "--store" in options else None
            wrong = f"{self.name} takes no such argument"
            raise OptionError(message(wrong, given=" ".join(map(repr, ctx.args)), fix=fix))
        return left


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
    app.command(cls=_Command, rich_help_panel=_panel)(_command)
