"""Trials as a table: rows of plain values, and the same as a pandas data frame."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tunesmith import wording
from tunesmith.errors import missing_extra
from tunesmith.history import History
from tunesmith.space import Choice, Int, Space
from tunesmith.trial import Trial

if TYPE_CHECKING:
    import pandas as pd

MOST_INT64 = 2**63 - 1
CONFIG_PREFIX = "config."  # keeps a parameter called "value" apart from the column
JSON = (list, dict)  # of plain values, which are shown as they are
PYTHON = (*JSON, tuple)


def row(trial: Trial, space: Space, *, whole: tuple[type, ...] = ()) -> dict[str, Any]:
    """One trial as a flat row of plain values; other options are shown by label.

    Args:
        trial: The trial.
        space: Space of its study.
        whole: Types of which options of plain values are left as they are: tuples in a data frame, which
            wants values that can be hashed; none in a CSV file. All others are shown by label.

    Returns:
        Columns number, state, value, `config.NAME` for every parameter (None where inactive), seconds,
        attempt, origin, reason, failure, started, finished, note.
    """
    names = [*space.names, *(n for n in trial.config if n not in space)]
    return {
        "number": trial.number,
        "state": trial.state.value,
        "value": trial.value,
        **{
            CONFIG_PREFIX + n: _shown(space, n, trial.config[n], whole) if n in trial.config else None
            for n in names
        },
        "seconds": trial.seconds,
        "attempt": trial.attempt,
        "origin": trial.origin.value,
        "reason": trial.reason,
        "failure": None if trial.failure is None else f"{trial.failure.kind.value}: {trial.failure.message}",
        "started": trial.started,
        "finished": trial.finished,
        "note": trial.note,
    }


def shown_config(space: Space, config: Mapping[str, Any]) -> dict[str, Any]:
    """Config of plain values and tuples, lists and dicts of them; an option of another kind is its label."""
    return {n: _shown(space, n, v, PYTHON) for n, v in config.items()}


def plain_config(space: Space, config: Mapping[str, Any]) -> dict[str, Any]:
    """Config of JSON values; an option without such a form, a tuple too, is its label."""
    return {n: _shown(space, n, v, JSON) for n, v in config.items()}


def _is_plain(value: Any, whole: tuple[type, ...]) -> bool:
    if type(value) in whole:
        keys = value if isinstance(value, dict) else ()
        parts = value.values() if isinstance(value, dict) else value
        return all(type(k) is str for k in keys) and all(_is_plain(v, whole) for v in parts)
    return value is None or isinstance(value, (bool, int, float, str))


def _shown(space: Space, name: str, value: Any, whole: tuple[type, ...]) -> Any:
    parameter = space.parameters.get(name)
    if _is_plain(value, whole):
        return value
    return wording.option(parameter, value) if isinstance(parameter, Choice) else str(value)


def to_frame(history: History) -> "pd.DataFrame":
    """All trials as a data frame; integers stay integers where a parameter is sometimes inactive.

    Raises:
        MissingExtra: pandas is not installed.
    """
    try:
        import pandas as pd
    except ImportError as error:
        raise missing_extra("pandas", "models", "a data frame of trials") from error
    rows = [row(t, history.space, whole=(tuple,)) for t in history.trials]
    frame = pd.DataFrame(rows or None, columns=None if rows else list(row(Trial(0, {}), history.space)))
    for name, parameter in history.space.parameters.items():
        column = CONFIG_PREFIX + name
        if isinstance(parameter, Int) and column in frame:
            values = [r[column] for r in rows]
            # Trials from before the parameter became an Int may hold anything, and an Int may be of any size.
            if all(v is None or (type(v) is int and abs(v) <= MOST_INT64) for v in values):
                frame[column] = pd.array(values, dtype="Int64")
    for column in ("started", "finished"):
        if column in frame:
            frame[column] = pd.to_datetime(frame[column].astype("float64"), unit="s", utc=True)
    return frame
