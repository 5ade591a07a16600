"""The command line: `tunesmith COMMAND`.

    app.py        all commands, gathered
    common.py     options and printing shared by the commands
    tune.py       tune and demo: a model family on a data set; what is said in the end is outcome.py
    suggest.py    suggest: where to start and where to search, with reasons
    run.py        run: any command as the objective; its file is study_file.py
    studies.py    studies, trials, best, enqueue, export: looking into a store
    insights.py   importance, report: what a study has learnt
    steer.py      pause, resume, stop: steering the runs of a study
    dashboard.py  dashboard: the live page
    doctor.py     doctor: versions and the health of a store, or what is wrong with a study

Exit codes: 0 done; 1 the run ended in an error; 2 the input is wrong; 3 there is no finished trial; 130
interrupted (Ctrl+C).
"""

import errno
import io
import os
import sys
import warnings
from typing import NoReturn, TextIO

from tunesmith.errors import NoFinishedTrial, ObjectiveError, TunesmithError

EXIT_ERROR, EXIT_INPUT, EXIT_NOTHING, EXIT_INTERRUPTED = 1, 2, 3, 130


def main() -> None:
    """Entry point of the command `tunesmith`: one clear line instead of a traceback, unless --debug."""
    if _is_missing(sys.stderr):  # a job without one: the exit code says how it ended
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115 - open as long as we are
    if sys.stdout is None:  # print would drop the results without a word
        _fail("stdout is closed")
    if isinstance(sys.stdout, io.TextIOWrapper):
        # Pipes on Windows take few letters, and names of files need not be text at all: both are spelled out.
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        _call(_debug_first(sys.argv[1:]))
    except KeyboardInterrupt:  # before there is a run, which takes it and ends by itself
        print("Interrupted.", file=sys.stderr)
        raise SystemExit(EXIT_INTERRUPTED) from None
    except BrokenPipeError:
        _fail("stdout was closed before everything was written")
    except OSError as error:
        if error.errno != errno.ENOSPC or error.filename is not None:
            raise
        _fail(f"cannot write: {error.strerror}")
    finally:
        try:
            sys.stdout.flush()
        except OSError as error:
            _fail(f"cannot write: {error.strerror}")


def _is_missing(stream: TextIO | None) -> bool:
    try:
        return stream is None or os.fstat(stream.fileno()) is None
    except io.UnsupportedOperation:  # it is no file, but takes what is written
        return False
    except OSError:
        return True


def _debug_first(arguments: list[str]) -> list[str]:
    """Take --debug from anywhere; what follows a bare -- is no option."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    if "--debug" not in arguments[:end]:
        return arguments
    return ["--debug", *(a for a in arguments[:end] if a != "--debug"), *arguments[end:]]


def _call(arguments: list[str]) -> None:
    from tunesmith.cli.app import app, is_debug

    try:
        with warnings.catch_warnings():
            if arguments[:1] != ["--debug"]:
                warnings.showwarning = _say_warning
            app(args=arguments)
    except TunesmithError as error:
        if is_debug():
            raise
        print(f"Error: {error}", file=sys.stderr)
        if isinstance(error, ObjectiveError):
            raise SystemExit(EXIT_ERROR) from None
        raise SystemExit(EXIT_NOTHING if isinstance(error, NoFinishedTrial) else EXIT_INPUT) from None
    except SystemExit as end:
        # Click and rich end a command by themselves when stdout is a closed pipe.
        if isinstance(end.__context__, BrokenPipeError):
            raise end.__context__ from None
        raise


def _say_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """Say a warning as one line: where in our code it was given is nothing to who types commands."""
    print(f"Warning: {message}", file=sys.stderr)


def _fail(reason: str) -> NoReturn:
    print(f"Error: {reason}.", file=sys.stderr)
    if sys.stdout is not None:
        # What is still in the buffer would fail once more when Python ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    raise SystemExit(EXIT_ERROR)
