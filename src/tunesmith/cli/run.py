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

The same keys in YAML or JSON do the same. How a command is run and its metric found is
`execution/command.py`.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from tunesmith.cli.common import (
    DEFAULT_STORE,
    JsonOption,
    TimeOption,
    TrialsOption,
    exit_if_interrupted,
    print_json,
    say,
    trial_json,
)
from tunesmith.errors import OptionError, did_you_mean, message
from tunesmith.execution.command import CommandObjective
from tunesmith.execution.processes import ProcessExecutor
from tunesmith.space import Space
from tunesmith.space.files import read_file
from tunesmith.study import words
from tunesmith.study.frame import shown_config
from tunesmith.study.run import DEFAULT_MAX_FAILURES
from tunesmith.study.study import Study

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
    "seed": "seed of the study",
    "store": "file that keeps the study",
    "name": "name of the study",
    "trial_time": "longest time for one trial",
    "trial_memory": "most memory for one trial",
    "max_failures": "failed trials before the first complete one that end the run",
    "target": "value that is good enough",
    "patience": "trials without a better value that end the run",
    "enqueue": "configs to try first, a list of tables",
}


def run(
    file: Annotated[Path, typer.Argument(help="Study file: TOML, YAML or JSON.", show_default=False)],
    trials: TrialsOption = None,
    time: TimeOption = None,
    workers: Annotated[int | None, typer.Option("--workers", "-w", min=1, help="Trials at once.")] = None,
    method: Annotated[str | None, typer.Option("--method", "-m", help="Which config to try next.")] = None,
    store: Annotated[str | None, typer.Option("--store", "-s", help="File that keeps the studies.")] = None,
    study: Annotated[str | None, typer.Option("--study", "-n", help="Name of the study.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Tune any command, as a study file says; options here go before those of the file.

    The command's exit code must be 0; its metric is the last JSON line on stdout, a regular expression's last
    match, or a file. Running the same again goes on where it stopped.
    """
    given = _read(file)
    chosen = {
        "trials": trials,
        "time": time,
        "workers": workers,
        "method": method,
        "store": store,
        "name": study,
    }
    options = {**given, **{k: v for k, v in chosen.items() if v is not None}}
    space = Space.from_dict({"parameters": options["space"], "require": options.get("require", [])})
    objective = CommandObjective(
        options["command"],
        space.names,
        metric=options.get("metric"),
        regex=options.get("regex"),
        file=options.get("file"),
    )
    opened = Study(
        space,
        direction=options.get("direction", "minimize"),
        method=options.get("method", "auto"),
        store=options.get("store", DEFAULT_STORE),
        name=options.get("name", file.stem),
        seed=options.get("seed"),
        info={
            "command": options["command"] if isinstance(options["command"], str) else list(options["command"])
        },
    )
    for config in options.get("enqueue", []):
        opened.enqueue(config)
    opened.run(
        objective,
        executor=_executor(objective, options),
        trials=options.get("trials"),
        time=options.get("time"),
        max_failures=options.get("max_failures", DEFAULT_MAX_FAILURES),
        target=options.get("target"),
        patience=options.get("patience"),
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


def _read(file: Path) -> dict[str, Any]:
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


def _print(study: Study, objective: CommandObjective, as_json: bool) -> None:
    best = study.best
    if as_json:
        print_json({"study": study.name, "stopped": study.stop_reason, "best": trial_json(best, study.space)})
        return
    print(f"Best value {words.number(best.value)} (trial {best.number} of {len(study.history)}):")
    for name, value in shown_config(study.space, best.config).items():
        print(f"  {name} = {value!r}")
    print(f"Run it: {objective.shown(best.config)}")
    say(f"All trials: tunesmith trials --study {study.name} --store {study.store.url}")
