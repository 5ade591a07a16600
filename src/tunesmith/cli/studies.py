"""studies, trials, best, enqueue, export: looking into a store, and putting a config first in line."""

import csv
import io
import json
import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from tunesmith.cli.common import (
    DEFAULT_STORE,
    JsonOption,
    StoreOption,
    StudyOption,
    json_text,
    open_study,
    print_json,
    print_table,
    trial_json,
)
from tunesmith.errors import ConfigError, OptionError, message, not_one_of, printable
from tunesmith.paths import check_ending, check_writable
from tunesmith.space import Choice, Parameter, Space
from tunesmith.space.files import table
from tunesmith.store.addresses import shown
from tunesmith.study import words
from tunesmith.study.frame import row, shown_config
from tunesmith.study.study import Study
from tunesmith.study.study import studies as list_studies
from tunesmith.trial import State, Trial
from tunesmith.wording import by_state, counted, cut, literal


def studies(store: StoreOption = DEFAULT_STORE, as_json: JsonOption = False) -> None:
    """List the studies in a store."""
    found = list_studies(store)
    if as_json:
        print_json(
            [
                {
                    "name": s.record.name,
                    "direction": s.record.direction,
                    "method": s.record.method.get("name"),
                    "trials": {state.value: n for state, n in s.states.items()},
                    "best": s.best_value,
                    "elapsed": s.record.elapsed,
                    "created": s.record.created,
                    "info": s.record.info,
                }
                for s in found
            ]
        )
        return
    if not found:
        print(f"There are no studies in {shown(store)} yet.")
        return
    print_table(
        ["study", "direction", "method", "trials", "best", "run time", "created"],
        [
            [
                s.record.name,
                s.record.direction,
                str(s.record.method.get("name")),
                by_state(s.states) or "none",
                words.number(s.best_value),
                words.duration(s.record.elapsed),
                f"{datetime.fromtimestamp(s.record.created):%Y-%m-%d %H:%M}",
            ]
            for s in found
        ],
        right=["best", "run time"],
    )


def trials(
    store: StoreOption = DEFAULT_STORE,
    study: StudyOption = None,
    state: Annotated[str | None, typer.Option(help="Only trials in this state: " + ", ".join(State))] = None,
    sort: Annotated[
        str, typer.Option(help="Order: number, or value (the best first, cut short ones last).")
    ] = "number",
    limit: Annotated[int | None, typer.Option(min=1, help="Print only the first so many.")] = None,
    as_json: JsonOption = False,
) -> None:
    """List the trials of a study with their configs."""
    opened = open_study(store, study)
    chosen = _choose(opened, state, sort)[:limit]
    if as_json:
        print_json([trial_json(t, opened.space) for t in chosen])
        return
    if not chosen:
        print(f"There are no such trials in study {opened.name!r}.")
        return
    best = opened.history.best
    print_table(
        ["trial", "state", "value", "time", "config", "why"],
        [
            [
                f"{t.number}{' *' if best is not None and t.number == best.number else ''}",
                t.state.value,
                words.number(t.value),
                "-" if t.seconds is None else words.duration(t.seconds),
                words.config(opened.space, t.config),
                t.reason
                if t.failure is None
                else f"{t.failure.kind.value}: {_first_line(t.failure.message)}",
            ]
            for t in chosen
        ],
        right=["value", "time"],
    )


def _first_line(text: str) -> str:
    return cut(text.strip().partition("\n")[0], words.MESSAGE_WIDTH)


def _choose(study: Study, state: str | None, sort: str) -> list[Trial]:
    if state is not None and state not in list(State):
        raise OptionError(not_one_of("--state is unknown", state, State))
    if sort not in ("number", "value"):
        raise OptionError(message("--sort is unknown", allowed="number, value", given=repr(sort)))
    chosen = [t for t in study.trials if state is None or t.state == state]
    if sort == "value":
        # What was cut short, or is not allowed any more, comes behind: it cannot be the best.
        sign, ranks = study.history.sign, {n: rank for rank, n in enumerate(study.history.ranked())}
        chosen.sort(
            key=lambda t: (
                ranks.get(t.number, len(ranks)),
                t.value is None,
                t.state is not State.COMPLETE,
                sign * (t.value or 0.0),
                t.number,
            )
        )
    return chosen


def best(store: StoreOption = DEFAULT_STORE, study: StudyOption = None, as_json: JsonOption = False) -> None:
    """Print the best config of a study."""
    opened = open_study(store, study)
    found = opened.best
    if as_json:
        print_json({"study": opened.name, **trial_json(found, opened.space)})
        return
    print(
        f"Study {opened.name!r}, trial {found.number} of {len(opened.history)}: {words.number(found.value)}"
    )
    for name, value in shown_config(opened.space, found.config).items():
        print(f"  {printable(name)} = {literal(value)}")


def enqueue(
    values: Annotated[
        list[str] | None, typer.Argument(help="NAME=VALUE for each parameter; missing ones are filled in.")
    ] = None,
    config: Annotated[str | None, typer.Option(help='The config as JSON, such as {"lr": 0.1}.')] = None,
    store: StoreOption = DEFAULT_STORE,
    study: StudyOption = None,
    as_json: JsonOption = False,
) -> None:
    """Put a config first in line; the next run (or one under way) takes it up."""
    opened = open_study(store, study)
    from_json = ((n, _fit_label(opened, n, v)) for n, v in _read_json(config).items())
    pairs = [*from_json, *(_read_pair(v, opened.space) for v in values or [])]
    try:
        given = table(pairs)
    except ValueError as error:
        raise OptionError(message(str(error), fix="Give each parameter one value.")) from error
    if not given:
        raise OptionError(
            message("there is no config", fix="Say for example: tunesmith enqueue lr=0.01 layers=3")
        )
    trial = opened.enqueue(given)
    if as_json:
        print_json(trial_json(trial, opened.space))
    elif trial.state is State.WAITING:
        print(
            f"Trial {trial.number} waits in study {opened.name!r}: {words.config(opened.space, trial.config)}"
        )
    else:
        known = f"{trial.state.value}, {words.number(trial.value)}"
        print(f"Trial {trial.number} has this config already ({known}).")


def _read_json(text: str | None) -> dict[str, Any]:
    if text is None:
        return {}
    try:
        data = json.loads(text, object_pairs_hook=table)
    except ValueError as error:
        raise OptionError(message(f"--config is not valid JSON: {error}", given=repr(text))) from error
    if not isinstance(data, dict):
        raise OptionError(message("--config must be a JSON object", given=repr(text)))
    return data


def _read_pair(text: str, space: Space) -> tuple[str, Any]:
    name, sign, value = text.partition("=")
    name = name.strip()
    if not sign or not name:
        raise OptionError(message("a value is given as NAME=VALUE", given=repr(text)))
    return name, _read_value(space.parameters.get(name), value)


def _read_value(parameter: Parameter | None, text: str) -> Any:
    """Read what was typed: the option of this label, "1.10" or "3e563" as well, else JSON, else a number."""
    if isinstance(parameter, Choice) and text in parameter.labels:
        return parameter.value_at(parameter.labels.index(text))
    for read in (json.loads,) if isinstance(parameter, Choice) else (json.loads, int, float):  # not JSON: .5
        try:
            return read(text)
        except ValueError:
            continue
    return text


def _fit_label(study: Study, name: str, value: Any) -> Any:
    """Take an option by its label where the text as it stands is no option."""
    parameter = study.space.parameters.get(name)
    labels = getattr(parameter, "labels", ())
    if parameter is None or not labels:
        return value
    try:
        parameter.check(value)
    except ConfigError:
        text = value if isinstance(value, str) else json.dumps(value)
        return parameter.value_at(labels.index(text)) if text in labels else value
    return value


def export(
    store: StoreOption = DEFAULT_STORE,
    study: StudyOption = None,
    form: Annotated[
        str | None,
        typer.Option(
            "--format", "-f", help="csv or json; by default as --out ends, else csv.", show_default=False
        ),
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="File to write; stdout by default.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
) -> None:
    """Write all trials of a study as CSV or JSON."""
    if as_json and form not in (None, "json"):
        raise OptionError(message("--json and --format exclude each other", given=f"--format {form}"))
    form = "json" if as_json else form
    if form is None:
        form = "json" if out is not None and out.suffix.lower() == ".json" else "csv"
    if form not in ("csv", "json"):
        raise OptionError(message("--format is unknown", allowed="csv, json", given=repr(form)))
    if out is not None:
        check_ending(f"an export as {form.upper()}", out, (f".{form}", ".txt"))
        check_writable("an export", out)
    opened = open_study(store, study)
    if form == "csv":
        text = _as_csv(opened)
    else:
        text = json_text([trial_json(t, opened.space) for t in opened.trials], 1) + "\n"
    if out is None:
        sys.stdout.write(text)
        return
    try:
        out.write_text(text, encoding="utf-8", errors="backslashreplace", newline="")
    except OSError as error:
        raise OptionError(message(f"cannot write {str(out)!r}: {error.strerror}")) from error
    print(f"Wrote {counted(len(opened.history), 'trial')} to {out}.", file=sys.stderr)


def _as_csv(study: Study) -> str:
    rows = [row(t, study.space) for t in study.trials]
    columns = list(dict.fromkeys(c for r in rows for c in r)) or list(row(Trial(0, {}), study.space))
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns, restval="")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
