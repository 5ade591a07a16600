"""The study file of `run`: its keys, and a check of every value before a study is made of it.

What the values mean, and what is run, is `run.py`; reading TOML, YAML and JSON is `space/files.py`.
"""

import json
import math
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tunesmith.cli.common import check_limits
from tunesmith.errors import OptionError, did_you_mean, message
from tunesmith.fidelity import Fidelity
from tunesmith.space.files import read_file

KEYS: Mapping[str, str] = {
    "command": "what is run, with {name} for each parameter; text, or a list of arguments",
    "space": "table of parameters",
    "require": "constraints, a list of expressions",
    "metric": "key of the metric in JSON",
    "regex": "regular expression that finds the metric on stdout",
    "file": "file that the command leaves the metric in",
    "direction": "minimize or maximize",
    "trials": "total number of trials",
    "time": "total run time",
    "workers": "trials at once",
    "method": "which config to try next",
    "scheduler": "how far each trial goes",
    "fidelity": "how far trials may be trained: a table of name, low, high, resumable",
    "steps": "total number of steps of the fidelity",
    "seed": "seed of the study",
    "store": "file or PostgreSQL database that keeps the study",
    "name": "name of the study",
    "trial_time": "longest time for one trial",
    "trial_memory": "most memory for one trial",
    "max_failures": "failed trials before the first complete one that end the run",
    "target": "value that is good enough",
    "patience": "trials without a better value that end the run",
    "enqueue": "configs to try first, a list of tables",
}


def read_study_file(file: Path) -> dict[str, Any]:
    """Read a study file and check its keys; the values are `check_options`.

    Raises:
        OptionError: It cannot be read, has an unknown key, or lacks one.
    """
    if not os.path.isfile(file):  # unlike Path.is_file, never an error
        what = "is a folder" if os.path.isdir(file) else "is not there, or may not be looked at"
        raise OptionError(
            message(f"the study file {str(file)!r} {what}", fix="Give a TOML, YAML or JSON file.")
        )
    given = read_file(file)
    for key in given:
        if key not in KEYS:
            raise OptionError(
                message(
                    f"{file.name} has an unknown key",
                    allowed=", ".join(KEYS),
                    given=repr(key),
                    fix=did_you_mean(key, KEYS),
                )
            )
    for key in ("command", "space"):
        if key not in given:
            raise OptionError(message(f"{file.name} lacks {key!r}: {KEYS[key]}"))
    return given


def check_options(options: Mapping[str, Any]) -> None:
    """Check the type of every value, and that there is a limit.

    Raises:
        OptionError: A value is of another type or out of range; the error names its key.
    """
    for key, value in options.items():
        allowed, fits = _TYPES.get(key, ("", _anything))
        if not fits(value):
            fix = None
            if isinstance(value, str) and fits(_number(value)):
                fix = f"Write {key} = {value}, without quotes."
            elif key == "enqueue" and isinstance(value, Mapping):
                fix = "Write [[enqueue]] in place of [enqueue], or a list: enqueue = [{...}]."
            elif key == "require" and isinstance(value, str):
                fix = f"Write require = [{json.dumps(value)}]."
            raise OptionError(message(f"{key} cannot be used", allowed=allowed, given=repr(value), fix=fix))
    fidelity_of_table(options.get("fidelity"))
    check_limits(options.get("time"), options.get("trial_time"), options.get("trial_memory"))
    if all(options.get(key) is None for key in ("trials", "time", "steps")):
        raise OptionError(
            message(
                "there is no limit",
                allowed="trials, time, steps, or several of them",
                fix="Say for example --trials 60 or --time 30min, or trials = 60 in the file.",
            )
        )


def fidelity_of_table(table: "Mapping[str, Any] | None") -> Fidelity | None:
    """Fidelity that the file gives; None for none.

    Raises:
        OptionError: A key is unknown, or a value not allowed.
    """
    if table is None:
        return None
    allowed = ("name", "low", "high", "resumable")
    for key in table:
        if key not in allowed:
            fix = did_you_mean(key, allowed)
            raise OptionError(
                message("fidelity has an unknown key", allowed=", ".join(allowed), given=repr(key), fix=fix)
            )
    return Fidelity(**table)


def _anything(value: object) -> bool:
    return True


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_int(least: int) -> Callable[[object], bool]:
    return lambda value: isinstance(value, int) and not isinstance(value, bool) and value >= least


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _is_list_of(fits: Callable[[object], bool]) -> Callable[[object], bool]:
    return lambda value: isinstance(value, list) and all(map(fits, value))


def _is_table(value: object) -> bool:
    return isinstance(value, Mapping)


def _is_filled_table(value: object) -> bool:
    return isinstance(value, Mapping) and bool(value)


def _number(text: str) -> float | None:
    for read in (int, float):
        try:
            return read(text)
        except ValueError:
            continue
    return None


_Check = tuple[str, Callable[[Any], bool]]
_TEXT: _Check = ("text", _is_text)
_COUNT: _Check = ("a whole number of 1 or more", _is_int(1))
_TYPES: Mapping[str, _Check] = {
    "space": ('a table of parameters, such as lr = {type = "float", low = 0, high = 1}', _is_filled_table),
    "require": ("a list of expressions", _is_list_of(_is_text)),
    "metric": _TEXT,
    "regex": _TEXT,
    "file": _TEXT,
    "trials": _COUNT,
    "workers": _COUNT,
    "max_failures": _COUNT,
    "patience": _COUNT,
    "method": ("a name, or a table with a name", lambda v: _is_text(v) or _is_table(v)),
    "scheduler": ("a name, or a table with a name", lambda v: _is_text(v) or _is_table(v)),
    "fidelity": ("a table of name, low, high", _is_table),
    "steps": _COUNT,
    "seed": ("a whole number of 0 or more", _is_int(0)),
    "store": _TEXT,
    "name": _TEXT,
    "target": ("a number", _is_number),
    "enqueue": ("a list of tables", _is_list_of(_is_table)),
}
