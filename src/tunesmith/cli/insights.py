"""importance, report: what a study has learnt, in the terminal and as a page."""

import dataclasses
from pathlib import Path
from typing import Annotated, Literal

import typer

from tunesmith.cli.common import (
    DEFAULT_STORE,
    JsonOption,
    StoreOption,
    StudyOption,
    open_study,
    print_json,
    print_table,
    say,
    waiting,
)
from tunesmith.errors import MissingExtra
from tunesmith.study.study import Study
from tunesmith.wording import percent


def importance(
    store: StoreOption = DEFAULT_STORE,
    study: StudyOption = None,
    # As `analysis.importance.Region`, which would load SciPy's statistics at the start of every command.
    region: Annotated[
        Literal["all", "best"], typer.Option(help="Over all of the space, or among the best configs of it.")
    ] = "all",
    as_json: JsonOption = False,
) -> None:
    """Print which parameters matter, with 80 % intervals."""
    opened = open_study(store, study)
    found = opened.importance(region)
    if as_json:
        print_json(
            {
                "study": opened.name,
                "region": found.region,
                "trials": found.trials,
                "importance": {name: dataclasses.asdict(share) for name, share in found.items()},
                "pairs": [
                    {"names": names, **dataclasses.asdict(share)} for names, share in found.pairs.items()
                ],
                "note": found.note,
            }
        )
        return
    where = "everywhere" if region == "all" else "among the best"
    print_table(
        ["parameter", f"share {where}", "80 % interval"],
        [[name, percent(s.value), s.interval] for name, s in found.items()],
        right=[f"share {where}", "80 % interval"],
    )
    if found.note:
        print(found.note)


def report(
    store: StoreOption = DEFAULT_STORE,
    study: StudyOption = None,
    out: Annotated[Path, typer.Option("--out", "-o", help="File to write.")] = Path("report.html"),
    as_json: JsonOption = False,
) -> None:
    """Write everything that is known of a study into one HTML file that needs no network."""
    opened = open_study(store, study)
    path = opened.report(out)
    if as_json:
        print_json({"study": opened.name, "path": str(path), "trials": len(opened.history)})
    else:
        print(f"Wrote {path} ({path.stat().st_size / 1e6:.1f} MB): open it in any browser.")


def write_report(study: Study, path: Path | None) -> str | None:
    """Write the report that a search ends with; without the packages it needs, say so and go on."""
    if path is None:
        return None
    try:
        with waiting("Writing the report ..."):
            return str(study.report(path))
    except MissingExtra as error:  # the tuning is done; that has to be said, and is no reason to fail
        say(f"No report: {error}")
        return None
