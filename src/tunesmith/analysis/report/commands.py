"""The commands with which a study is gone on with, reproduced and used: exact, to be copied."""

import shlex
from dataclasses import dataclass

from tunesmith.analysis.identity import Identity
from tunesmith.analysis.origin import TABLE_OPTIONS, on_table, origin, study_file

MORE = 50  # trials that the command to go on adds
GO_ON, REPRODUCE = f"Go on with {MORE} more trials", "Reproduce in a fresh store"


@dataclass(frozen=True, slots=True)
class Command:
    """Something to run, and what for."""

    purpose: str
    text: str


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
    kind = origin(info)
    if kind == "demo":
        base, where, how = "tunesmith demo", where[2:], []
    elif kind == "table":
        base = on_table("tune", str(info["data"]), {key: info.get(key) for key in TABLE_OPTIONS})
    elif kind == "command":
        base = shlex.join(["tunesmith", "run", study_file(info)])
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
