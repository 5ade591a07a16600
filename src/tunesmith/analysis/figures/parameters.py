"""Drawings of what parameters do: importance, effects of one and two, parallel coordinates."""

import math
from typing import Any

import numpy as np

from tunesmith.analysis.effects import Effect, PairEffect
from tunesmith.analysis.figures.style import (
    BLUE,
    GREY,
    ORANGE,
    RED,
    SCALE,
    Figure,
    axis,
    figure,
    number,
    numbers,
    text,
    thinned,
    value_of,
)
from tunesmith.analysis.importance import Importances
from tunesmith.history import History
from tunesmith.space import Choice, Parameter
from tunesmith.trial import State

MOST_BARS, MOST_AXES = 20, 12


def draw_importance(whole: Importances, best: Importances | None = None) -> Figure:
    """Shares by parameter with their intervals, over the whole space and among the best configs."""
    names = list(whole)[:MOST_BARS][::-1]
    data = []
    for found, label, colour, symbol in (
        (best, "among the best", ORANGE, "diamond"),
        (whole, "everywhere", BLUE, "circle"),
    ):
        if found is None:
            continue
        shares = [found[name] for name in names]
        data.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": label,
                "x": [number(s.value) for s in shares],
                "y": [text(name, 40) for name in names],
                "error_x": {
                    "type": "data",
                    "symmetric": False,
                    "array": [number(s.high - s.value) for s in shares],
                    "arrayminus": [number(s.value - s.low) for s in shares],
                    "thickness": 2,
                },
                "marker": {"color": colour, "size": 11, "symbol": symbol},
            }
        )
    return figure(
        data[::-1],
        height=130 + 34 * len(names),
        xaxis=axis("share of importance", range=[-0.02, 1.02], tickformat=".0%"),
        yaxis=axis("", type="category"),
    )


def draw_effect(history: History, effect: Effect) -> Figure:
    """Expected value by one parameter with its interval, over the trials."""
    parameter = history.space[effect.name]
    trials = [t for t in thinned(history, State.COMPLETE) if effect.name in t.config and t.value is not None]
    is_choice = isinstance(parameter, Choice)
    at = [text(v, 40) if is_choice else v for v in effect.at]
    value, low, high = (numbers(v) for v in (effect.value, effect.low, effect.high))
    points: dict[str, Any] = {
        "type": "scatter", "mode": "markers", "name": "trials",
        "x": [value_of(parameter, t.config[effect.name]) for t in trials],
        "y": [number(t.value or 0.0) for t in trials],
        "marker": {"color": GREY, "size": 5, "opacity": 0.5}, "hoverinfo": "x+y",
    }  # fmt: skip
    if is_choice:
        spread: dict[str, Any] = {
            "type": "data", "symmetric": False, "thickness": 2,
            "array": [number(float(h - v)) for h, v in zip(effect.high, effect.value, strict=True)],
            "arrayminus": [number(float(v - lo)) for lo, v in zip(effect.low, effect.value, strict=True)],
        }  # fmt: skip
        data = [points, {"type": "scatter", "mode": "markers", "name": "expected", "x": at, "y": value,
                         "error_y": spread, "marker": {"color": BLUE, "size": 11}}]  # fmt: skip
    else:
        band: dict[str, Any] = {
            "type": "scatter", "mode": "lines", "showlegend": False,
            "line": {"width": 0}, "hoverinfo": "skip",
        }  # fmt: skip
        data = [
            {**band, "x": at, "y": low},
            {**band, "x": at, "y": high, "fill": "tonexty", "fillcolor": "rgba(86,180,233,0.35)"},
            points,
            {"type": "scatter", "mode": "lines", "name": "expected", "x": at, "y": value,
             "line": {"color": BLUE, "width": 3}},
        ]  # fmt: skip
    title = effect.name + (f" (when {effect.condition})" if effect.condition else "")
    reach = _reach([*effect.low.tolist(), *effect.high.tolist()], points["y"])
    return figure(
        data, height=280, showlegend=False, xaxis=axis(title, parameter), yaxis=axis("value", range=reach)
    )


def _reach(ends: list[float], values: list[float]) -> list[float]:
    """Range of the value's axis: the effect, and all trials but the far ones."""
    usual = np.quantile(values, [0.0, 0.9]).tolist() if values else []
    usual += np.quantile(values, [0.1, 1.0]).tolist() if values else []
    inner = sorted([*ends, *usual[1:3]])
    width = inner[-1] - inner[0] or 1.0
    low = max(min([inner[0], *values]), inner[0] - width)
    high = min(max([inner[-1], *values]), inner[-1] + width)
    return [number(low - 0.05 * width), number(high + 0.05 * width)]


def draw_pair(history: History, effect: PairEffect) -> Figure:
    """Expected value by two parameters as a map, with the best trials on it."""
    first, second = (history.space[name] for name in effect.names)
    x, y = (
        [text(v, 40) if isinstance(p, Choice) else v for v in at]
        for p, at in zip((first, second), effect.at, strict=True)
    )
    good = sorted(
        (t for t in thinned(history, State.COMPLETE) if all(n in t.config for n in effect.names)),
        key=lambda t: (float(history.loss[t.number]), t.number),
    )[:40]
    data: list[dict[str, Any]] = [
        {
            "type": "heatmap", "x": x, "y": y, "z": [numbers(row) for row in effect.value.T],
            "customdata": [numbers(row) for row in effect.deviation.T], "colorscale": SCALE,
            "reversescale": history.sign < 0, "zsmooth": False, "colorbar": {"thickness": 12},
            "hovertemplate": "%{x}, %{y}<br>expected %{z} ± %{customdata}<extra></extra>",
        },
        {
            "type": "scatter", "mode": "markers", "name": "best trials",
            "x": [value_of(first, t.config[effect.names[0]]) for t in good],
            "y": [value_of(second, t.config[effect.names[1]]) for t in good],
            "text": [f"trial {t.number}: {t.value:.5g}" for t in good], "hoverinfo": "text",
            "marker": {"color": RED, "size": 7, "line": {"color": "white", "width": 1}},
        },
    ]  # fmt: skip
    return figure(
        data,
        height=340,
        showlegend=False,
        xaxis=axis(effect.names[0], first),
        yaxis=axis(effect.names[1], second),
    )


def draw_parallel(history: History, order: list[str]) -> Figure | None:
    """Every trial as a line over the parameters, coloured by its rank; None when none is complete."""
    trials = [t for t in thinned(history, State.COMPLETE) if t.value is not None and np.isfinite(t.value)]
    if len(trials) < 2:
        return None
    trials.sort(key=lambda t: -float(history.loss[t.number]))  # the best are drawn last, on top
    names = [n for n in order if history.space[n].size != 1][:MOST_AXES]
    dimensions = [_dimension(n, history.space[n], [t.config.get(n) for t in trials]) for n in names]
    losses = np.array([t.value for t in trials], dtype=np.float64)
    low, high = float(losses.min()), float(losses.max())
    dimensions.append({"label": "value", "values": numbers(losses), "range": [number(low), number(high)]})
    rank = np.linspace(1.0, 0.0, len(trials))
    data = {
        "type": "parcoords",
        "dimensions": dimensions,
        "line": {
            "color": [round(float(r), 3) for r in rank], "colorscale": SCALE, "reversescale": True,
            "showscale": True,
            "colorbar": {
                "title": {"text": "rank"}, "tickvals": [0, 1], "ticktext": ["best", "worst"], "thickness": 12,
            },
        },
        "labelangle": -20,
        "labelfont": {"size": 12},
    }  # fmt: skip
    return figure([data], height=420, margin={"l": 60, "r": 30, "t": 80, "b": 24})


def _dimension(name: str, p: Parameter, values: list[Any]) -> dict[str, Any]:
    """One axis; values where the parameter is inactive lie below it, at a tick of their own."""
    if isinstance(p, Choice):
        low, high = 0.0, float(p.size - 1)
        at = [None if v is None and not _has_none(p) else float(p.index(v)) for v in values]
        ticks, labels = list(range(p.size)), [text(label, 16) for label in p.labels]
    else:
        change = math.log10 if p.log else float
        low, high = change(p.low), change(p.high)
        at = [None if v is None else change(v) for v in values]
        ticks = np.linspace(low, high, 5).tolist()
        labels = [f"{10**t if p.log else t:.3g}" for t in ticks]
    room = 0.12 * (high - low or 1.0)
    gap = low - room
    made: dict[str, Any] = {
        "label": text(name, 18),
        "values": [number(gap if v is None else v) for v in at],
        "range": [number(gap if None in at else low), number(high)],
        "tickvals": ([gap] if None in at else []) + ticks,
        "ticktext": (["inactive"] if None in at else []) + labels,
    }
    return made


def _has_none(p: Choice) -> bool:
    return any(option is None for option in p.options)
