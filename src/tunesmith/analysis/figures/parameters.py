"""Drawings of what parameters do: importance, effects of one and two, parallel coordinates."""

import math
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from tunesmith.analysis.effects import Effect, PairEffect
from tunesmith.analysis.figures.style import (
    BLUE,
    GREY,
    ORANGE,
    RANKS,
    Figure,
    axis,
    draw_map,
    figure,
    finite,
    labels,
    number,
    numbers,
    text,
    thinned,
    usual,
    value_of,
)
from tunesmith.analysis.importance import Importances
from tunesmith.history import History
from tunesmith.space import Choice, Float, Int, Parameter
from tunesmith.trial import State, Trial

MOST_BARS, MOST_AXES = 20, 12


def draw_importance(whole: Importances, best: Importances | None = None) -> Figure:
    """Shares by parameter with their intervals, over the whole space and among the best configs."""
    names = list(whole)[:MOST_BARS][::-1]
    data = []
    shown = [
        (whole, "everywhere", BLUE, "circle", 0.0 if best is None else 0.14),
        (best, "among the best", ORANGE, "diamond", -0.14),
    ]
    for found, label, colour, symbol, shift in shown:
        if found is None:
            continue
        shares = [found[name] for name in names]
        data.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": label,
                "x": [number(s.value) for s in shares],
                "y": [k + shift for k in range(len(names))],
                "text": [f"{text(n, 40)}, {label}: {s}"
                         for n, s in zip(names, shares, strict=True)],
                "hoverinfo": "text",
                "error_x": {
                    "type": "data",
                    "symmetric": False,
                    "array": [number(s.high - s.value) for s in shares],
                    "arrayminus": [number(s.value - s.low) for s in shares],
                    "thickness": 2,
                    "width": 4,
                },
                "marker": {"color": colour, "size": 10, "symbol": symbol},
            }
        )  # fmt: skip
    rows = {"tickvals": list(range(len(names))), "ticktext": [text(name, 40) for name in names]}
    return figure(
        data,
        height=130 + 36 * len(names),
        xaxis=axis("share of importance", range=[-0.02, 1.02], tickformat=".0%"),
        yaxis=axis("", None, range=[-0.6, len(names) - 0.4], showgrid=False, **rows),
    )


def draw_effect(history: History, effect: Effect) -> Figure:
    """Expected value by one parameter with its interval, over the trials."""
    parameter = history.space[effect.name]
    trials = [t for t in thinned(history, State.COMPLETE) if effect.name in t.config]
    is_choice = isinstance(parameter, Choice)
    at = labels(parameter, effect.at)
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
            "array": numbers(effect.high - effect.value), "arrayminus": numbers(effect.value - effect.low),
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
    middle = np.quantile(values, [0.1, 0.9], method="nearest").tolist() if values else []
    inner = sorted([*ends, *middle])
    width = inner[-1] - inner[0] or 1.0
    low = max(min([inner[0], *values]), inner[0] - width)
    high = min(max([inner[-1], *values]), inner[-1] + width)
    return [finite(low - 0.05 * width), finite(high + 0.05 * width)]


def draw_pair(history: History, effect: PairEffect) -> Figure:
    """Expected value by two parameters as a map, with the best trials on it."""
    good = sorted(
        (t for t in thinned(history, State.COMPLETE) if all(n in t.config for n in effect.names)),
        key=lambda t: (float(history.loss[t.number]), t.number),
    )[:40]
    kept = usual(effect.value.ravel().tolist(), history.sign)  # one far corner would take all the colours
    heat = {
        "z": [numbers(row) for row in effect.value.T], "zmin": number(min(kept)), "zmax": number(max(kept)),
        "customdata": [numbers(row) for row in effect.deviation.T], "zsmooth": False,
        "reversescale": history.sign < 0, "colorbar": {"thickness": 12, "title": {"text": "value"}},
        "hovertemplate": "%{x}, %{y}<br>expected %{z} ± %{customdata}<extra></extra>",
    }  # fmt: skip
    return draw_map(history, effect.names, effect.at, heat, good, "best trials", 7)


def draw_parallel(history: History, order: list[str]) -> Figure | None:
    """Every complete trial as a line over the parameters, coloured by its rank; None for fewer than two."""
    trials = thinned(history, State.COMPLETE)
    if len(trials) < 2:
        return None
    trials.sort(key=lambda t: -float(history.loss[t.number]))  # the best are drawn last, on top
    names = [n for n in order if history.space[n].size != 1][:MOST_AXES]
    dimensions = [_dimension(name, history.space[name], trials) for name in names]
    dimensions.append(_value_dimension(history, trials))
    data = {
        "type": "parcoords",
        "dimensions": dimensions,
        "line": {
            "color": [round(float(r), 3) for r in np.linspace(1.0, 0.0, len(trials))],
            "colorscale": RANKS,
            "showscale": True,
            "colorbar": {
                "title": {"text": "rank"}, "tickvals": [0, 1], "ticktext": ["best", "worst"], "thickness": 12,
            },
        },
        "labelangle": -20,
        "labelfont": {"size": 12},
    }  # fmt: skip
    return figure([data], height=420, margin={"l": 60, "r": 30, "t": 80, "b": 24})


def _dimension(name: str, p: Parameter, trials: list[Trial]) -> dict[str, Any]:
    """One axis; where the parameter is inactive the line goes below it, to a tick of its own."""
    place: Callable[[Any], float]
    if isinstance(p, Choice):
        place, ends = (lambda option: float(p.index(option))), (0.0, float(p.size - 1))
        ticks = {float(k): text(label, 16) for k, label in enumerate(p.labels)}
    else:
        place = math.log10 if p.log else float
        ends = place(p.low), place(p.high)
        ticks = {place(value): f"{value:.3g}" for value in _round_values(p)}
    # A part of the width may be too small for a float, the whole of it too large.
    gap = max(ends[0] - ((0.12 * ends[1] - 0.12 * ends[0]) or 1.0), -sys.float_info.max)
    is_active = [name in t.config for t in trials]
    if not all(is_active):
        ticks[gap] = "inactive"
    return {
        "label": text(name, 18),
        "values": [
            number(place(t.config[name]) if on else gap) for t, on in zip(trials, is_active, strict=True)
        ],
        "range": [number(ends[0] if all(is_active) else gap), number(ends[1])],
        "tickvals": [number(tick) for tick in ticks],
        "ticktext": list(ticks.values()),
    }


def _round_values(p: Float | Int) -> list[float]:
    """Values of a range to write at an axis, its ends among them."""
    if p.log:
        inner = [10.0**k for k in range(math.ceil(math.log10(p.low)), math.floor(math.log10(p.high)) + 1)]
        near = 0.06 * math.log10(p.high / p.low)
        inner = [v for v in inner if min(math.log10(v / p.low), math.log10(p.high / v)) > near]
    elif isinstance(p, Int):
        step = max(1, math.ceil((p.high - p.low) / 6))
        inner = [float(v) for v in range(p.low + step, p.high, step) if p.high - v >= 0.5 * step]
    else:
        # Not by the width, which may be beyond the largest float.
        inner = [(1 - share) * p.low + share * p.high for share in (0.25, 0.5, 0.75)]
    return [float(p.low), *inner, float(p.high)]


def _value_dimension(history: History, trials: list[Trial]) -> dict[str, Any]:
    """The axis of the value; far ones on the bad side are drawn at its end, which says so."""
    values = [t.value for t in trials if t.value is not None]
    kept = usual(values, history.sign)
    low, high = min(kept), max(kept)
    made: dict[str, Any] = {
        "label": "value",
        "values": numbers([min(max(v, low), high) for v in values]),
        "range": [number(low), number(high)],
    }
    if len(kept) < len(values):
        ticks = np.linspace(low, high, 5).tolist()
        bad = -1 if history.sign > 0 else 0
        labels = [f"{tick:.4g}" for tick in ticks]
        labels[bad] += " or worse"
        made |= {"tickvals": [number(tick) for tick in ticks], "ticktext": labels}
    return made
