"""Where a study came from, and so what its user has in hand to change it: code, a data file, or a study file.

A study knows by its info: `tunesmith tune` keeps the data file there, `tunesmith run` the command.
"""

import shlex
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any, Literal

TABLE_OPTIONS = "target", "model", "metric", "folds", "task", "groups", "drop"  # of `tune`, kept in its info
MOST_FOLDS = 20
ROWS_A_FOLD = 10  # at least, for a score to say anything
Info = Mapping[str, Any]


def origin(info: Info) -> Literal["demo", "table", "command", "code"]:
    """How a study is run.

    Args:
        info: What belongs to the study.
    """
    if info.get("data") == "demo":
        return "demo"
    if all(key in info for key in ("target", "data", "model")):
        return "table"
    return "command" if "command" in info else "code"


def study_file(info: Info) -> str:
    """File that a command's study was run from."""
    return str(info.get("study_file", "study.toml"))


def on_table(command: str, file: str, options: Mapping[str, Any]) -> str:
    """A command on a data file as one line; lists are options that are repeated, None is left out.

    Example:
        >>> on_table("tune", "my data.csv", {"target": "y", "task": None, "drop": ["id", "day"]})
        "tunesmith tune 'my data.csv' --target y --drop id --drop day"
    """
    parts = ["tunesmith", command, file]
    for name, value in options.items():
        for one in value if isinstance(value, (list, tuple)) else [value]:
            parts += [] if one is None else [f"--{name}", str(one)]
    return shlex.join(parts)


def how_to_change(info: Info) -> str:
    """How a change of the space is made where it is no code of the user's; "" where it is."""
    kind = origin(info)
    if kind == "demo":
        return "The space of the demo is fixed; in a search of your own these lines would be changed."
    if kind == "table":
        options = {key: info.get(key) for key in ("target", "model", "task", "drop")}
        code = on_table("suggest", str(info["data"]), options)
        return (
            "tunesmith tune searches what rules of thumb suggest. To search another space, get it as code, "
            f"change these lines there, and call ts.minimize: {code} --as python"
        )
    if kind == "command":
        return (
            f"In {study_file(info)} a parameter is a table of the same words, such as "
            '{type = "float", low = 0.001, high = 1.0, log = true}; constraints are a list, require.'
        )
    return ""


def less_noise(info: Info, runs: int) -> str:
    """How values become less noisy.

    Args:
        info: What belongs to the study.
        runs: Runs whose mean is as precise as is needed.
    """
    kind = origin(info)
    if kind == "command":
        return (
            f"In {study_file(info)}: a command that trains with the seeds from $TUNESMITH_SEED to "
            f"$TUNESMITH_SEED + {runs - 1}, and prints the mean"
        )
    if kind == "code":
        mean = f"statistics.mean(run(config, seed) for seed in range({runs}))"
        return f"return {mean}  # or {runs} times the folds"
    before = int(info.get("folds", MOST_FOLDS))
    folds = min(before * runs, MOST_FOLDS, int(info.get("rows", 0)) // ROWS_A_FOLD)
    if kind == "demo" or folds <= before:
        return "More rows to tune on; more trials would be led by the same noise"
    file, target, model = (str(info[key]) for key in ("data", "target", "model"))
    command = on_table("tune", file, {key: info.get(key) for key in TABLE_OPTIONS} | {"folds": folds})
    return f"{command} --study {shlex.quote(f'{PurePath(file).stem}-{target}-{model}-{folds}-folds')}"


def better_choice(info: Info, number: int) -> str:
    """How the config that is recommended is used, in place of the luckiest.

    Args:
        info: What belongs to the study.
        number: Trial that is recommended.
    """
    kind = origin(info)
    if kind == "command":
        return (
            f"Use the config of trial {number}, as tunesmith trials shows it, not that of tunesmith best; "
            "and judge it on data of its own"
        )
    if kind == "code":
        return "config = study.recommend().config  # not study.best.config; and judge it on data of its own"
    return (
        f"Use the model that tunesmith {'demo' if kind == 'demo' else 'tune'} saved: it has the recommended "
        "config, and its score on fresh folds is the one to expect"
    )


def limited(info: Info, name: str, value: str) -> str:
    """How an option of the run is given.

    Example:
        >>> limited({}, "trial_time", "1h"), limited({"command": "train {x}"}, "trial_time", "1h")
        ('trial_time="1h"', '--trial-time 1h')
    """
    return f'{name}="{value}"' if origin(info) == "code" else f"--{name.replace('_', '-')} {value}"


def look_at_failure(info: Info, number: int) -> str:
    """How a trial that failed is looked at."""
    if origin(info) == "code":
        return f"objective(study.trials[{number}].config)  # fails again, where it can be looked at"
    return f"tunesmith trials --state failed --json  # says how each failed; trial {number} was the first"
