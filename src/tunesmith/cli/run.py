"""run: tune any command, in any language, from a study file.

    command = "python train.py --lr {lr} --epochs {epochs}"
    metric = "loss"                # key of the last JSON line on stdout; or
    # regex = 'loss: ([0-9.]+)'    # the last match on stdout; or
    # file = "result.json"         # a number, or JSON with the key of `metric`
    direction = "minimize"
    trials = 50

    [space]
    lr = {type = "float", low = 1e-5, high = 0.1, log = true}
    epochs = {type = "int", low = 1, high = 20}

With a table [fidelity] trials are compared before their end (`schedulers`): {epoch} then is how far to train,
going on from a checkpoint in $TUNESMITH_FOLDER, and lines such as {"step": 3, "loss": 0.5} are reports.

    [fidelity]
    name = "epoch"
    low = 1
    high = 81

The same keys in YAML or JSON do the same; they are checked in `study_file.py`. How a command is run and its
metric found is `execution/command.py`.
"""

import os
import shlex
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from tunesmith.cli.common import (
    DEFAULT_STORE,
    JsonOption,
    SeedOption,
    TimeOption,
    TrialMemoryOption,
    TrialsOption,
    TrialTimeOption,
    exit_if_interrupted,
    print_json,
    say,
    trial_json,
)
from tunesmith.cli.study_file import check_options, fidelity_of_table, read_study_file
from tunesmith.errors import OptionError, message, printable
from tunesmith.execution.command import CommandObjective
from tunesmith.execution.processes import ProcessExecutor
from tunesmith.fidelity import Steps
from tunesmith.space import Space
from tunesmith.study import words
from tunesmith.study.frame import shown_config
from tunesmith.study.options import DEFAULT_MAX_FAILURES
from tunesmith.study.study import Study
from tunesmith.wording import counted, literal


def run(
    file: Annotated[Path, typer.Argument(help="Study file: TOML, YAML or JSON.", show_default=False)],
    trials: TrialsOption = None,
    time: TimeOption = None,
    workers: Annotated[int | None, typer.Option("--workers", "-w", min=1, help="Trials at once.")] = None,
    method: Annotated[str | None, typer.Option("--method", "-m", help="Which config to try next.")] = None,
    store: Annotated[
        str | None,
        typer.Option(
            "--store",
            "-s",
            help="File or PostgreSQL database that keeps the studies; by default the study file's, else "
            f"$TUNESMITH_STORE, else {DEFAULT_STORE}.",
        ),
    ] = None,
    study: Annotated[str | None, typer.Option("--study", "-n", help="Name of the study.")] = None,
    seed: SeedOption = None,
    trial_time: TrialTimeOption = None,
    trial_memory: TrialMemoryOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tune any command, as a study file says; options here go before those of the file.

    The command's exit code must be 0; its metric is the last JSON line on stdout, a regular expression's last
    match, or a file. Running the same again goes on where it stopped.
    """
    given = read_study_file(file)
    chosen = {
        "trials": trials,
        "time": time,
        "workers": workers,
        "method": method,
        "store": store,
        "name": study,
        "seed": seed,
        "trial_time": trial_time,
        "trial_memory": trial_memory,
    }
    options = {"name": file.stem, **given, **{k: v for k, v in chosen.items() if v is not None}}
    check_options(options)
    _run(file, options, as_json)


def _run(file: Path, options: Mapping[str, Any], as_json: bool) -> None:
    space = Space.from_dict({"parameters": options["space"], "require": options.get("require", [])})
    fidelity = fidelity_of_table(options.get("fidelity"))
    objective = CommandObjective(
        options["command"],
        space.names,
        metric=options.get("metric"),
        regex=options.get("regex"),
        file=options.get("file"),
        fidelity=None if fidelity is None else fidelity.name,
    )
    executor = _executor(objective, options)
    for config in options.get("enqueue", []):
        space.check(config, partial=True)
    opened = Study(
        space,
        direction=options.get("direction", "minimize"),
        method=options.get("method", "auto"),
        scheduler=options.get("scheduler"),
        fidelity=fidelity,
        store=options.get("store") or os.environ.get("TUNESMITH_STORE") or DEFAULT_STORE,
        name=options["name"],
        seed=options.get("seed"),
        info={key: options.get(key) for key in ("metric", "regex", "file")},
    )
    _keep_command(opened, options["command"], file)
    for config in options.get("enqueue", []):
        opened.enqueue(config)
    opened.run(
        objective,
        executor=executor,
        trials=options.get("trials"),
        time=options.get("time"),
        max_failures=options.get("max_failures", DEFAULT_MAX_FAILURES),
        target=options.get("target"),
        patience=options.get("patience"),
        budget=None if (steps := options.get("steps")) is None else Steps(steps),
    )
    exit_if_interrupted(opened)
    _print(opened, objective, as_json)


def _executor(objective: CommandObjective, options: Mapping[str, Any]) -> ProcessExecutor:
    # Also a single worker is a process of its own, so that whatever ends the run ends the command as well.
    workers = options.get("workers", 1)
    if objective.shares_file and workers > 1:
        raise OptionError(
            message(
                "trials that run at once would write to the same file",
                given=f"file = {options['file']!r}, workers = {workers}",
                fix='Put the trial into the name: file = "result-{TUNESMITH_TRIAL}.json".',
            )
        )
    if objective.unused:
        say(f"The command does not mention {', '.join(objective.unused)}: does it read TUNESMITH_CONFIG?")
    return ProcessExecutor(
        objective, workers, trial_time=options.get("trial_time"), trial_memory=options.get("trial_memory")
    )


def _keep_command(study: Study, command: object, file: Path) -> None:
    """Keep the command and its file beside the study; another one than before is no mistake, but is said."""
    record = study.ledger.record
    before = record.info.get("command")
    if before not in (None, command) and len(study.history):
        earlier = before if isinstance(before, str) else shlex.join(map(str, before))
        say(f"The command has changed; earlier trials ran: {earlier}")
    info = {**record.info, "command": command, "study_file": str(file)}
    if info != record.info:
        study.store.update_study(record.id, info=info)
        study.ledger.record = replace(record, info=info)


def _print(study: Study, objective: CommandObjective, as_json: bool) -> None:
    best = study.best
    if as_json:
        print_json({"study": study.name, "stopped": study.stop_reason, "best": trial_json(best, study.space)})
        return
    which = words.which(study, best)
    print(f"Best value {words.number(best.value)} ({which}; {counted(len(study.history), 'trial')}):")
    for name, value in shown_config(study.space, best.config).items():
        print(f"  {printable(name)} = {literal(value)}")
    fidelity = study.history.fidelity
    steps = None if fidelity is None else fidelity.high or (best.reports[-1].step if best.reports else None)
    print(f"Run it: {objective.shown(best.config, steps)}")
    where = shlex.join(["--study", study.name, "--store", study.store.url])
    say(f"All trials: tunesmith trials {where}")
