"""Single figures for notebooks and scripts, as Plotly figures: `ts.plot.history(study)` and its like.

Each takes a study, or a `History`. Plotly is loaded when the first figure is made.
"""

import os
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from tunesmith.analysis.effects import Effects
from tunesmith.analysis.figures import parameters, progress, style
from tunesmith.analysis.importance import importance as find_importance
from tunesmith.errors import OptionError, message, missing_extra
from tunesmith.history import History
from tunesmith.threads import one_thread

if TYPE_CHECKING:
    import plotly.graph_objects as go

__all__ = ["curves", "effect", "history", "importance", "pair", "parallel", "timeline"]


class _Study(Protocol):
    @property
    def trials(self) -> tuple[Any, ...]: ...

    @property
    def history(self) -> History: ...


Source: TypeAlias = "_Study | History"


def history(study: Source) -> "go.Figure":
    """Value of every trial, and the best so far.

    Raises:
        OptionError: No trial has a value yet.
    """
    drawn = progress.draw_history(_history_of(study))
    return _drawn(drawn if drawn["data"] else None, "values")


def importance(study: Source) -> "go.Figure":
    """Which parameters matter, everywhere and among the best configs, with intervals."""
    known = _history_of(study)
    return _drawn(
        parameters.draw_importance(find_importance(known), find_importance(known, "best")), "parameters"
    )


@one_thread()
def effect(study: Source, name: str) -> "go.Figure":
    """How the value changes with one parameter, with its interval, over the trials.

    Args:
        study: Study or history.
        name: The parameter.

    Raises:
        OptionError: There are too few results, or it has a single value.
    """
    known = _history_of(study)
    found = Effects(known).one(name)
    return _drawn(
        None if found is None else parameters.draw_effect(known, found), f"results to show {name!r}"
    )


@one_thread()
def pair(study: Source, first: str, second: str) -> "go.Figure":
    """How the value changes with two parameters, as a map with the best trials on it.

    Args:
        study: Study or history.
        first: Parameter along the horizontal axis.
        second: Parameter along the vertical axis.

    Raises:
        OptionError: There are too few results, or the two are never both active.
    """
    known = _history_of(study)
    if first == second:
        fix = f"For one parameter: ts.plot.effect(study, {first!r})."
        raise OptionError(message("a pair is of two parameters", given=f"{first!r} twice", fix=fix))
    found = Effects(known).two(first, second)
    wanted = f"results to show {first!r} with {second!r}"
    return _drawn(None if found is None else parameters.draw_pair(known, found), wanted)


def parallel(study: Source) -> "go.Figure":
    """Every complete trial as a line over the parameters, coloured by its rank."""
    known = _history_of(study)
    return _drawn(parameters.draw_parallel(known, list(find_importance(known))), "two complete trials")


def curves(study: Source) -> "go.Figure":
    """Learning curves, coloured by what became of the trial."""
    return _drawn(progress.draw_curves(_history_of(study)), "reports")


def timeline(study: Source) -> "go.Figure":
    """Which worker ran which trial when."""
    return _drawn(progress.draw_timeline(_history_of(study)), "times")


def _history_of(study: Source) -> History:
    if isinstance(study, History):
        return study
    if not isinstance(getattr(study, "history", None), History):
        fix = "Open one: ts.Study.open('tune.db')." if isinstance(study, (str, os.PathLike)) else None
        raise OptionError(message("a figure is drawn of a study", given=repr(study), fix=fix))
    _ = study.trials  # reads what other processes have added
    return study.history


def _drawn(figure: style.Figure | None, what: str) -> "go.Figure":
    if figure is None:
        raise OptionError(message(f"there are no {what} to draw yet", fix="Run more trials first."))
    try:
        import plotly.graph_objects as go
    except ImportError as error:
        raise missing_extra("plotly", "report", "a figure") from error
    return go.Figure(figure)
