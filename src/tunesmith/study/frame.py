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


def row(trial: Trial, space: Space, *, tuples: bool = False) -> dict[str, Any]:
    """One trial as a flat row of plain values; options without a plain form are shown by label.

    Args:
        trial: The trial.
        space: Space of its study.
        tuples: Leave tuples of plain values as they are, for Python; files get their label.

    Returns:
        Columns number, state, value, `config.NAME` for every parameter (None where inactive), seconds,
        attempt, origin, reason, failure, started, finished.
    """
    names = [*space.names, *(n for n in trial.config if n not in space)]
    return {
        "number": trial.number,
        "state": trial.state.value,
        "value": trial.value,
        **{
            CONFIG_PREFIX + n: _shown(space, n, trial.config[n], tuples) if n in trial.config else None
            for n in names
        },
        "seconds": trial.seconds,
        "attempt": trial.attempt,
        "origin": trial.origin.value,
        "reason": trial.reason,
        "failure": None if trial.failure is None else f"{trial.failure.kind.value}: {trial.failure.message}",
        "started": trial.started,
        "finished": trial.finished,
    }


def shown_config(space: Space, config: Mapping[str, Any]) -> dict[str, Any]:
    """Config of plain values and tuples of them, for Python; an option without a plain form is its label."""
    return {n: _shown(space, n, v, tuples=True) for n, v in config.items()}


def plain_config(space: Space, config: Mapping[str, Any]) -> dict[str, Any]:
    """Config of plain values, for JSON; an option without a plain form, a tuple too, is its label."""
    return {n: _shown(space, n, v, tuples=False) for n, v in config.items()}


def _is_plain(value: Any, tuples: bool) -> bool:
    if tuples and isinstance(value, tuple):
        return all(_is_plain(v, tuples) for v in value)
    return value is None or isinstance(value, (bool, int, float, str))


def _shown(space: Space, name: str, value: Any, tuples: bool) -> Any:
    parameter = space.parameters.get(name)
    if _is_plain(value, tuples):
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
    rows = [row(t, history.space, tuples=True) for t in history.trials]
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
