"""The command line: `tunesmith COMMAND`.

    app.py        all commands, gathered
    common.py     options and printing shared by the commands
    tune.py       tune and demo: a model family on a data set
    run.py        run: any command as the objective
    studies.py    studies, trials, best, enqueue, export: looking into a store
    doctor.py     doctor: versions and the health of a store

Exit codes: 0 done; 1 the run ended in an error; 2 the input is wrong; 3 there is no finished trial; 130
interrupted (Ctrl+C).
"""

import sys

from tunesmith.errors import NoFinishedTrial, ObjectiveError, TunesmithError

EXIT_ERROR, EXIT_INPUT, EXIT_NOTHING, EXIT_INTERRUPTED = 1, 2, 3, 130


def main() -> None:
    """Entry point of the command `tunesmith`: one clear line instead of a traceback, unless --debug."""
    from tunesmith.cli.app import app, is_debug

    try:
        app()
    except TunesmithError as error:
        if is_debug():
            raise
        print(f"Error: {error}", file=sys.stderr)
        if isinstance(error, ObjectiveError):
            raise SystemExit(EXIT_ERROR) from None
        raise SystemExit(EXIT_NOTHING if isinstance(error, NoFinishedTrial) else EXIT_INPUT) from None
