"""The commands with which a study is gone on with, reproduced and used: exact, to be copied."""

import shlex
from dataclasses import dataclass

from tunesmith.analysis.identity import Identity

MORE = 50  # trials that the command to go on adds
GO_ON, REPRODUCE = f"Go on with {MORE} more trials", "Reproduce in a fresh store"


@dataclass(frozen=True, slots=True)
class Command:
    """Something to run, and what for."""

    purpose: str
    text: str


def commands(identity: Identity, trials: int) -> list[Command]:
    """Commands to go on, to reproduce and to use the result, of a study with so many trials."""
    if identity.store == "memory":
        return [
            Command(
                "The study lives in memory; to be able to go on later", 'ts.minimize(..., store="tune.db")'
            )
        ]
    where = shlex.join(["--study", identity.name, "--store", identity.store])
    opened = f"import tunesmith as ts\nstudy = ts.Study.open({identity.store!r}, {identity.name!r})\n"
    return [
        *_going_on(identity, where, opened, trials),
        Command("Use the result in Python", opened + "config = study.recommend().config"),
        Command("All trials as a table", f"tunesmith export {where} --out trials.csv"),
        Command("This report again", f"tunesmith report {where}"),
    ]


def _going_on(identity: Identity, where: str, opened: str, trials: int) -> list[Command]:
    """Commands to go on and to reproduce, by how the study was run."""
    info = identity.info
    if info.get("data") == "demo":
        more, again = "tunesmith demo " + shlex.join(["--store", identity.store]), "tunesmith demo"
    elif "target" in info and "data" in info and "model" in info:
        parts = ["tunesmith", "tune", str(info["data"]), "--target", str(info["target"])]
        for key in ("model", "metric", "folds"):
            parts += [f"--{key}", str(info[key])]
        more, again = f"{shlex.join(parts)} {where}", f"{shlex.join(parts)} --seed {identity.seed}"
    elif "command" in info:
        more, again = f"tunesmith run study.toml {where}", f"tunesmith run study.toml --seed {identity.seed}"
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
    return [
        Command(GO_ON, f"{more} --trials {trials + MORE}"),
        Command(REPRODUCE, f"{again} --trials {trials} --store again.db"),
    ]
