"""What the page shows of a study, as JSON values: pure functions of what is watched.

Numbers that JSON has not are text ("nan", "inf"); whole numbers that JavaScript would round are text, too.
Options are labels. What takes long to compute is `insights.py`.
"""

import json
import math
from typing import Any

from tunesmith import wording
from tunesmith.analysis.identity import settings
from tunesmith.dashboard import form
from tunesmith.dashboard.watch import Watched
from tunesmith.history import History
from tunesmith.space import Choice
from tunesmith.store import Control, StudySummary
from tunesmith.trial import State, Trial

EXACT = 2**53  # whole numbers beyond this one are rounded by JavaScript
LONGEST = 20_000  # characters of a traceback, from its end

COLUMNS = ("number", "state", "value", "seconds", "started", "origin", "attempt", "step", "failure", "note")


def text_of(data: Any) -> str:
    """Data as JSON text; a number that JSON has not, and that slipped through, is null."""
    try:
        return json.dumps(data, separators=(",", ":"), allow_nan=False)
    except ValueError:
        return json.dumps(_finite(data), separators=(",", ":"), allow_nan=False)


def _finite(data: Any) -> Any:
    if isinstance(data, dict):
        return {key: _finite(value) for key, value in data.items()}
    if isinstance(data, (list, tuple)):
        return [_finite(value) for value in data]
    return None if isinstance(data, float) and not math.isfinite(data) else data


def plain(value: Any) -> Any:
    """A value that JavaScript reads without loss; anything unusual as text.

    Example:
        >>> plain(0.5), plain(float("inf")), plain(2**60), plain(None)
        (0.5, 'inf', '1152921504606846976', None)
    """
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, int):
        return value if abs(value) <= EXACT else str(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    return str(value)


def study_line(summary: StudySummary, control: Control) -> dict[str, Any]:
    """A study's line in the list."""
    record = summary.record
    return {
        "id": record.id,
        "name": record.name,
        "direction": record.direction,
        "method": str(record.method.get("name", "")),
        "states": {state.value: count for state, count in summary.states.items()},
        "best": plain(summary.best_value),
        "last_change": summary.last_change,
        "is_paused": control.is_paused,
    }


def study_facts(watched: Watched) -> dict[str, Any]:
    """What does not change while a study runs: its settings, and the fields of its parameters."""
    record, history = watched.record, watched.history
    return {
        "id": record.id,
        "name": record.name,
        "direction": record.direction,
        "created": record.created,
        "facts": settings(history, record.method, record.scheduler, record.info),
        "fidelity": None if history.fidelity is None else history.fidelity.name,
        "fields": form.fields(history.space),
        "constraints": [c.text for c in history.space.constraints],
        "columns": list(COLUMNS),
        "store": watched.ledger.store.url,
    }


def pulse(watched: Watched) -> dict[str, Any]:
    """What changes all the time, in a few numbers: sent to the page whenever it does."""
    history = watched.history
    best = history.best
    return {
        "epoch": watched.epoch,
        "mark": history.mark,
        "trials": len(history),
        "states": {state.value: count for state, count in history.states.items()},
        "best": None
        if best is None
        else {
            "number": best.number,
            "value": plain(best.value),
            "state": best.state.value,
            "config": form.write(history.space, best.config),
        },
        "elapsed": watched.record.elapsed,
        "is_paused": watched.control.is_paused,
        "stops": watched.control.stops,
        "lost": len(watched.orphans),
    }


def trials_since(watched: Watched, since: int, epoch: str) -> dict[str, Any]:
    """Trials that have changed after a mark, as rows: COLUMNS, then one value a parameter.

    Args:
        watched: The study.
        since: Mark of an earlier answer; 0 for all.
        epoch: Epoch of that answer; of another one, all are sent.
    """
    history = watched.history
    numbers, mark = history.changes(since if epoch == watched.epoch and since >= 0 else 0)
    return {
        "epoch": watched.epoch,
        "mark": mark,
        "is_whole": epoch != watched.epoch or since <= 0,
        "rows": [_row(history, history[n]) for n in numbers],
    }


def _row(history: History, trial: Trial) -> list[Any]:
    parameters = history.space.parameters
    failure = trial.failure
    values = []
    for name, p in parameters.items():
        value = trial.config.get(name)
        is_option = isinstance(p, Choice) and name in trial.config
        values.append(form.written(p, value) if is_option else plain(value))
    value, seconds, started = trial.value, trial.seconds, trial.started
    if value is None and trial.state in (State.RUNNING, State.PAUSED) and trial.reports:
        value = trial.reports[-1].value
    return [
        trial.number,
        trial.state.value,
        plain(value),
        None if seconds is None else round(seconds, 3),
        None if started is None else round(started, 1),
        trial.origin.value,
        trial.attempt,
        trial.reports[-1].step if trial.reports else None,
        "" if failure is None else f"{failure.kind.value}: {failure.message.partition(chr(10))[0][:160]}",
        trial.note,
        *values,
    ]


def trial_detail(history: History, trial: Trial) -> dict[str, Any]:
    """All that is known of one trial."""
    failure = trial.failure
    return {
        "number": trial.number,
        "state": trial.state.value,
        "value": plain(trial.value),
        "config": form.write(history.space, trial.config),
        "fits": not history.space.unfit(trial.config),
        "reason": trial.reason,
        "origin": trial.origin.value,
        "is_repeat": trial.is_repeat,
        "attempt": trial.attempt,
        "lost": trial.lost,
        "worker": trial.worker,
        "created": trial.created,
        "started": trial.started,
        "finished": trial.finished,
        "seconds": trial.seconds,
        "note": trial.note,
        "failure": None
        if failure is None
        else {
            "kind": failure.kind.value,
            "message": failure.message,
            "traceback": failure.traceback[-LONGEST:],
        },
        "reports": [[plain(r.step), plain(r.value), round(r.time, 3)] for r in trial.reports],
    }


def failures(history: History) -> list[dict[str, Any]]:
    """Failed trials by cause, most frequent first, with the first one's traceback."""
    made = []
    for cause in wording.causes(history):
        first = history[cause.numbers[0]]
        assert first.failure is not None
        made.append(
            {
                "kind": cause.kind.value,
                "message": cause.message,
                "numbers": list(cause.numbers),
                "config": form.write(history.space, first.config),
                "traceback": first.failure.traceback[-LONGEST:],
            }
        )
    return made


def workers(watched: Watched) -> list[dict[str, Any]]:
    """Workers that have or had a trial: what each runs, and what it has done."""
    history, lost = watched.history, set(watched.orphans)
    found: dict[str, dict[str, Any]] = {}
    for trial in history.trials:
        if trial.worker is None:
            continue
        line = found.setdefault(
            trial.worker,
            {
                "name": trial.worker,
                "running": [],
                "lost": [],
                "done": 0,
                "failed": 0,
                "seconds": 0.0,
                "last": 0.0,
            },
        )
        if trial.state is State.RUNNING:
            line["lost" if trial.number in lost else "running"].append(trial.number)
        line["done"] += trial.is_finished
        line["failed"] += trial.state is State.FAILED
        line["seconds"] += trial.seconds or 0.0
        line["last"] = max(line["last"], trial.finished or trial.started or 0.0)
    return sorted(found.values(), key=lambda line: (not line["running"], -line["last"]))
