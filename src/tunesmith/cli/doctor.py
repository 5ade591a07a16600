"""doctor: what is installed, a store and trials of dead workers; or what is wrong with one study."""

import dataclasses
import importlib.metadata
import os
import platform
from typing import Annotated, Any

import typer

from tunesmith.cli.common import DEFAULT_STORE, JsonOption, StoreOption, open_study, print_json, print_table
from tunesmith.errors import StoreError
from tunesmith.execution.limits import usable_cores
from tunesmith.store import open_store
from tunesmith.store.addresses import is_server, shown
from tunesmith.study.study import Study
from tunesmith.trial import State
from tunesmith.version import __version__
from tunesmith.wording import counted

PACKAGES = (
    "numpy", "scipy", "sqlalchemy", "alembic", "psycopg", "cloudpickle", "typer", "rich",
    "pandas", "pyarrow", "pyyaml", "scikit-learn", "lightgbm", "plotly", "jinja2",
)  # fmt: skip


def doctor(
    store: StoreOption = DEFAULT_STORE,
    study: Annotated[
        str | None, typer.Option("--study", "-n", help="Say what is wrong with this study instead.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Check the installation and a store: versions, health, trials of dead workers.

    With --study: what is wrong with the study, which line to change, and whether it is worth going on.
    """
    if study is not None:
        _examine(open_study(store, study), as_json)
        return
    versions = {name: _version(name) for name in PACKAGES}
    report: dict[str, Any] = {
        "tunesmith": __version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "cores": usable_cores(),
        "packages": versions,
        "store": _look_at(store),
    }
    if as_json:
        print_json(report)
    else:
        _print(report)
    if report["store"]["problems"]:
        raise typer.Exit(1)


def _examine(study: Study, as_json: bool) -> None:
    from tunesmith.analysis.origin import how_to_change

    findings = study.health()
    forecast = None if study.history.best is None else study.forecast()
    if as_json:
        print_json(
            {
                "study": study.name,
                "findings": [dataclasses.asdict(finding) for finding in findings],
                "forecast": None if forecast is None else dataclasses.asdict(forecast),
            }
        )
        return
    print(
        f"Study {study.name!r}, {counted(len(study.history), 'trial')}: "
        + (f"{counted(len(findings), 'thing')} to look at." if findings else "nothing wrong was found.")
    )
    for number, finding in enumerate(findings, 1):
        print(f"\n{number}. {finding.sentence}\n   {finding.evidence}\n   Change: {finding.change}")
    how = how_to_change(study.ledger.record.info)
    if findings and how:
        print(f"\n{how}")
    if forecast is not None:
        print(f"\nForecast: {forecast}")


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _look_at(where: str) -> dict[str, Any]:
    path = where.removeprefix("sqlite:///")
    exists = is_server(where) or os.path.lexists(os.path.expanduser(path))
    found: dict[str, Any] = {"where": shown(where), "exists": exists, "problems": [], "studies": []}
    if not exists and "://" not in path:
        return found
    try:
        store = open_store(where, must_exist=True)
        found["problems"] += store.check()
        for summary in store.list_studies():
            record = summary.record
            orphans = store.orphans(record.id)
            found["studies"].append(
                {
                    "name": record.name,
                    "trials": sum(summary.states.values()),
                    "running": summary.states.get(State.RUNNING, 0),
                    "orphans": orphans,
                }
            )
    except StoreError as error:
        found["problems"].append(str(error))
    return found


def _print(report: dict[str, Any]) -> None:
    cores = counted(report["cores"], "core")
    print("tunesmith {tunesmith}, Python {python}, {platform}, ".format(**report) + cores)
    print_table(
        ["package", "version"], [[n, v or "not installed (optional)"] for n, v in report["packages"].items()]
    )
    store = report["store"]
    if not store["exists"]:
        print(f"Store {store['where']}: there is none yet; the first run makes it.")
        return
    for problem in store["problems"]:
        print(f"Store {store['where']}: {problem}")
    if not store["problems"]:
        print(f"Store {store['where']}: healthy.")
    for study in store["studies"]:
        text = f"  study {study['name']!r}: {counted(study['trials'], 'trial')}, {study['running']} running"
        if study["orphans"]:
            numbers = ", ".join(str(n) for n in study["orphans"])
            dead = f"the workers of trials {numbers} are dead: the next run takes them up by itself"
            if len(study["orphans"]) == 1:
                dead = f"the worker of trial {numbers} is dead: the next run takes it up by itself"
            text += f"; {dead}"
        print(text)
