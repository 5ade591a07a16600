"""Drawings of what the model believes along one parameter and over two: expected value, doubt, promise."""

import math
from typing import Any

import numpy as np

from tunesmith.analysis.expectation import Slice
from tunesmith.analysis.figures.style import (
    BLUE,
    GREY,
    ORANGE,
    Figure,
    axis,
    draw_map,
    figure,
    final,
    finite,
    labels,
    numbers,
    thinned,
    value_of,
)
from tunesmith.history import History
from tunesmith.space import Choice
from tunesmith.trial import State, Trial

SHOWN_TRIALS = 400  # in a map
BAND, PROMISE = "rgba(86,180,233,0.30)", "rgba(230,159,0,0.25)"


def draw_line(history: History, found: Slice) -> Figure:
    """Expected value along one parameter with its interval, over the trials; below it what is promising."""
    (name,), (at,) = found.names, found.at
    parameter = history.space[name]
    is_choice = isinstance(parameter, Choice)
    x = labels(parameter, at)
    trials = [t for t in thinned(history, State.COMPLETE, State.STOPPED) if name in t.config]
    points = {
        "type": "scatter", "mode": "markers", "name": "trials",
        "x": [value_of(parameter, t.config[name]) for t in trials],
        "y": numbers([math.nan if t.value is None else final(history, t) for t in trials]),
        "text": [f"trial {t.number}" for t in trials], "hoverinfo": "text+x+y",
        "marker": {"color": GREY, "size": 5, "opacity": 0.5},
    }  # fmt: skip
    value, low, high = (numbers(v) for v in (found.value, found.low, found.high))
    promise = {"x": x, "y": numbers(found.promise), "xaxis": "x", "yaxis": "y2", "name": "promise"}
    if is_choice:
        spread = {
            "type": "data", "symmetric": False, "thickness": 2,
            "array": numbers(found.high - found.value), "arrayminus": numbers(found.value - found.low),
        }  # fmt: skip
        lines: list[dict[str, Any]] = [
            points,
            {"type": "scatter", "mode": "markers", "name": "expected", "x": x, "y": value, "error_y": spread,
             "marker": {"color": BLUE, "size": 11}},
            {**promise, "type": "bar", "marker": {"color": ORANGE}},
        ]  # fmt: skip
    else:
        edge = {"type": "scatter", "mode": "lines", "line": {"width": 0}, "hoverinfo": "skip", "x": x}
        lines = [
            {**edge, "y": low, "showlegend": False},
            {**edge, "y": high, "fill": "tonexty", "fillcolor": BAND, "name": "80 % interval"},
            points,
            {"type": "scatter", "mode": "lines", "name": "expected", "x": x, "y": value,
             "line": {"color": BLUE, "width": 3}},
            {**promise, "type": "scatter", "mode": "lines", "fill": "tozeroy", "fillcolor": PROMISE,
             "line": {"color": ORANGE, "width": 2}},
        ]  # fmt: skip
    return figure(
        lines,
        height=460,
        xaxis=axis(name, parameter, anchor="y2"),
        yaxis=axis("value", domain=[0.3, 1.0], range=_axis_range(_limits(history, found))),
        yaxis2=axis("promise", domain=[0.0, 0.2], range=[0, 1.05], showticklabels=False),
    )


def _limits(history: History, found: Slice) -> tuple[float, float]:
    """Ends of what is shown: all that is good; of what is bad, what trials have shown and as much again."""
    complete = history.ranked()  # of the others the losses are guesses, which would stretch the axis
    known = history.loss[complete if len(complete) > 1 else np.isfinite(history.loss)]
    losses = history.sign * np.stack([found.value, found.low, found.high])
    best = min(float(known.min()), float(losses.min()))
    worst = min(float(max(known.max(), losses[0].max())), 2.0 * float(known.max()) - float(known.min()))
    low, high = sorted((history.sign * best, history.sign * worst))
    return low, high


def _axis_range(ends: tuple[float, float]) -> list[float]:
    room = 0.05 * (ends[1] - ends[0] or 1.0)
    return [finite(ends[0] - room), finite(ends[1] + room)]


def draw_maps(history: History, found: Slice) -> dict[str, Figure]:
    """Maps over two parameters: "expected" value, "doubt" (half the interval's width) and "promise"."""
    good = _best(history, found.names)
    value = np.clip(found.value, *_limits(history, found))
    return {
        "expected": _map(history, found, value, good, history.sign < 0),
        "doubt": _map(history, found, 0.5 * (found.high - found.low), good, False),
        "promise": _map(history, found, found.promise, good, True),
    }


def _map(history: History, found: Slice, z: Any, trials: list[Trial], is_reversed: bool) -> Figure:
    heat = {
        "z": [numbers(row) for row in z.T], "reversescale": is_reversed,
        "colorbar": {"thickness": 10, "outlinewidth": 0},
        "hovertemplate": "%{x}, %{y}: %{z}<extra></extra>",
    }  # fmt: skip
    return draw_map(history, found.names, found.at, heat, trials, "trials", 6)


def _best(history: History, names: tuple[str, ...]) -> list[Trial]:
    """Complete trials in which these parameters are active, the best first."""
    active = (history[n] for n in history.ranked() if all(name in history[n].config for name in names))
    return [t for t, _ in zip(active, range(SHOWN_TRIALS), strict=False) if t.value is not None]
