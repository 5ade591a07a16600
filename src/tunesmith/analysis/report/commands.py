"""The commands with which a study is gone on with, reproduced and used: exact, to be copied."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tunesmith.analysis.identity import Identity

TABLE_OPTIONS = "target", "model", "metric", "folds", "task", "groups", "drop"  # of `tune`, kept in its info
MORE = 50  # trials that the command to go on adds
GO_ON, REPRODUCE = f"Go on with {MORE} more trials", "Reproduce in a fresh store"


@dataclass(frozen=True, slots=True)
class Command:
    """Something to run, and what for."""

    purpose: str
    text: str


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


def how_to_change(info: Mapping[str, Any]) -> str:
    """How a change of the space is made where it is no code of the user's; "" where it is.

    Args:
        info: What belongs to the study: how it was run.
    """
    if info.get("data") == "demo":
        return "The space of the demo is fixed; in a search of your own these lines would be changed."
    if _is_of_table(info):
        options = {key: info.get(key) for key in ("target", "model", "task", "drop")}
        code = on_table("suggest", str(info["data"]), options)
        return (
            "tunesmith tune searches what rules of thumb suggest. To search another space, get it as code, "
            f"change these lines there, and call ts.minimize: {code} --as python"
        )
    if "command" in info:
        file = info.get("study_file", "study.toml")
        return (
            f"In {file} a parameter is a table of the same words, such as "
            '{type = "float", low = 0.001, high = 1.0, log = true}; constraints are a list, require.'
        )
    return ""


def _is_of_table(info: Mapping[str, Any]) -> bool:
    return all(key in info for key in ("target", "data", "model"))


def commands(identity: Identity, trials: int) -> list[Command]:
    """Commands to go on, to reproduce and to use the result, of a study with so many trials."""
    if identity.store is None:
        return [
            Command(
                "The study lives in memory; to be able to go on later", 'ts.minimize(..., store="tune.db")'
            )
        ]
    where = shlex.join(["--study", identity.name, "--store", identity.store])
    opened = f"import tunesmith as ts\nstudy = ts.Study.open({identity.store!r}, {identity.name!r})\n"
    return [
        *_going_on(identity, identity.store, opened, trials),
        Command("Use the result in Python", opened + "config = study.recommend().config"),
        Command("All trials as a table", f"tunesmith export {where} --out trials.csv"),
        Command("This report again", f"tunesmith report {where}"),
    ]


def _going_on(identity: Identity, store: str, opened: str, trials: int) -> list[Command]:
    """Commands to go on and to reproduce, by how the study was run."""
    info, method = identity.info, str(identity.method.get("name", "auto"))
    where, how = ["--study", identity.name, "--store", store], ["--seed", str(identity.seed)]
    if info.get("data") == "demo":
        base, where, how = "tunesmith demo", where[2:], []
    elif _is_of_table(info):
        base = on_table("tune", str(info["data"]), {key: info.get(key) for key in TABLE_OPTIONS})
    elif "command" in info:
        base = shlex.join(["tunesmith", "run", str(info.get("study_file", "study.toml"))])
    else:
        settings = "method=study.method, scheduler=study.scheduler,\n    fidelity=study.history.fidelity"
        return [
            Command(GO_ON, f"{opened}study.run(objective, trials={trials + MORE})"),
            Command(
                REPRODUCE,
                f"{opened}again = ts.Study(\n    study.space, direction=study.direction, {settings},"
                f'\n    seed=study.seed, store="again.db",\n)\nagain.run(objective, trials={trials})',
            ),
        ]
    how += [] if method == "auto" else ["--method", method]
    again = ["--trials", str(trials), "--store", "again.db"]
    return [
        Command(GO_ON, f"{base} {shlex.join(where)} --trials {trials + MORE}"),
        Command(REPRODUCE, f"{base} {shlex.join([*how, *again])}"),
    ]
