"""What all drawings share: colours, symbols, escaping, axes, thinning, maps.

The colours are those of Okabe and Ito, which people with any of the common colour blindnesses can tell apart;
states differ by symbol as well.
"""

import html
import math
from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np

from tunesmith import wording
from tunesmith.history import History
from tunesmith.space import Choice, Parameter
from tunesmith.trial import State, Trial

Figure: TypeAlias = dict[str, Any]

BLUE, ORANGE, GREEN, SKY, RED, PURPLE, GREY = (
    "#0072B2", "#E69F00", "#009E73", "#56B4E9", "#D55E00", "#CC79A7", "#888888",
)  # fmt: skip
COLOURS = {
    State.COMPLETE: BLUE,
    State.STOPPED: ORANGE,
    State.FAILED: PURPLE,
    State.RUNNING: GREEN,
    State.PAUSED: SKY,
    State.WAITING: GREY,
}
SYMBOLS = {
    State.COMPLETE: "circle",
    State.STOPPED: "triangle-up",
    State.FAILED: "x",
    State.RUNNING: "diamond",
    State.PAUSED: "square",
    State.WAITING: "circle-open",
}
SCALE = "Cividis"  # readable without red and green
RANKS = [[0.0, "#00356b"], [0.15, "#2f6fab"], [0.5, "#a9bccb"], [1.0, "#e4dcc6"]]  # best to worst
MOST_POINTS = 1500  # trials that one drawing shows
DIGITS = 5  # figures of a number in a drawing
MOST_TICKS = 10  # on an axis of whole numbers, each of which has one
LABEL = 40  # characters of an option's label


def text(value: object, width: int = 200) -> str:
    """Text of the user's, safe and of bounded length."""
    shown = str(value)
    return html.escape(shown if len(shown) <= width else shown[: width - 1] + "…")


def number(value: float) -> float:
    """A number to as many figures as can be seen."""
    rounded = float(f"{value:.{DIGITS}g}")
    return rounded if math.isfinite(rounded) else value  # the largest float is rounded up to infinity


def finite(value: float) -> float:
    """The same for an end of an axis, which has to be finite."""
    return number(min(max(value, -1e307), 1e307))


def numbers(values: Sequence[float] | np.ndarray[Any, Any]) -> list[float | None]:
    """Numbers for a drawing; what is not finite is a gap."""
    return [number(float(v)) if np.isfinite(v) else None for v in values]


def figure(data: list[dict[str, Any]], *, height: int = 360, **layout: Any) -> Figure:
    """A drawing with the layout that all share; its colours come from the page around it."""
    base = {
        "height": height,
        "margin": {"l": 64, "r": 16, "t": 16, "b": 52},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "legend": {"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0},
        "hovermode": "closest",
        "font": {"size": 13},
    }
    return {"data": data, "layout": {**base, **layout}}


def axis(title: str, parameter: Parameter | None = None, **more: Any) -> dict[str, Any]:
    """An axis with its title; of a parameter, on the parameter's scale."""
    made: dict[str, Any] = {
        "title": {"text": text(title, 60)},
        "automargin": True,
        "zeroline": False,
        "exponentformat": "power",
    }
    if isinstance(parameter, Choice):
        made["type"] = "category"
    elif parameter is not None and parameter.log:
        made["type"] = "log"
        if parameter.high / parameter.low < 1000:  # else powers of ten, Plotly's own
            steps = [m * 10.0**k for k in range(-12, 13) for m in (1, 2, 5)]
            ticks = [v for v in steps if parameter.low <= v <= parameter.high]
            made |= {"tickvals": ticks, "ticktext": [f"{v:g}" for v in ticks]}
    return made | more


def counting_axis(title: str, last: int) -> dict[str, Any]:
    """An axis of whole numbers up to `last`: there is no trial 2.5."""
    return axis(title, dtick=1) if last <= MOST_TICKS else axis(title)


def value_of(parameter: Parameter, value: Any) -> Any:
    """A parameter's value for a drawing: a number, or an option's label."""
    if isinstance(parameter, Choice):
        return text(parameter.labels[parameter.index(value)], LABEL)
    return number(float(value)) if isinstance(value, float) else value


def thinned(history: History, *states: State) -> list[Trial]:
    """Trials in these states whose value is finite; of many, the best and evenly chosen others."""
    rows = history.numbers(*states)
    rows = rows[~np.isinf(history.loss[rows])]
    if len(rows) > MOST_POINTS:
        losses = history.loss[rows]
        best = rows[np.argsort(np.where(np.isnan(losses), np.inf, losses), kind="stable")[: MOST_POINTS // 5]]
        even = rows[np.linspace(0, len(rows) - 1, MOST_POINTS - len(best)).round().astype(int)]
        rows = np.unique(np.concatenate([best, even]))
    return [history[number] for number in rows.tolist()]


def final(history: History, trial: Trial) -> float:
    """Value of a trial; of one that was stopped, where it would have ended, and never beyond the best."""
    loss = history.loss_of(trial)
    if trial.state is State.STOPPED:
        ended = float(history.loss[trial.number])
        loss = loss if math.isnan(ended) else ended
        best = history.best
        if best is not None and best.state is State.COMPLETE:
            loss = max(loss, history.loss_of(best))
    return history.sign * loss


def usual(values: list[float], sign: float) -> list[float]:
    """Values without the far ones on the bad side, which would press all others into a line."""
    losses = sign * np.asarray(values)
    q1, q3 = np.quantile(losses, [0.25, 0.75], method="nearest").tolist()
    kept = losses[losses <= q3 + 4.0 * max(q3 - q1, 1e-300)]
    return [float(v) for v in sign * kept]


def labels(parameter: Parameter, at: Sequence[Any]) -> list[Any]:
    """Places along an axis for a drawing: numbers as they are, labels of options."""
    return [text(v, LABEL) for v in at] if isinstance(parameter, Choice) else list(at)


def draw_map(
    history: History,
    names: Sequence[str],
    at: Sequence[Sequence[Any]],
    heat: dict[str, Any],
    trials: list[Trial],
    name: str,
    size: int,
) -> Figure:
    """A map over two parameters with trials on it.

    Args:
        history: Of the trials.
        names: The two parameters.
        at: Places along each.
        heat: Of the map: `z` (values of the second, values of the first), and how it is coloured.
        trials: Those shown, with a value.
        name: What they are called.
        size: Of their dots, in pixels.
    """
    first, second = (history.space[name] for name in names)
    data: list[dict[str, Any]] = [
        {
            "type": "heatmap", "x": labels(first, at[0]), "y": labels(second, at[1]), "colorscale": SCALE,
            **heat,
        },
        {
            "type": "scatter", "mode": "markers", "name": name,
            "x": [value_of(first, t.config[names[0]]) for t in trials],
            "y": [value_of(second, t.config[names[1]]) for t in trials],
            "text": [f"trial {t.number}: {wording.number(t.value)}" for t in trials], "hoverinfo": "text",
            "marker": {"color": RED, "size": size, "line": {"color": "white", "width": 1}},
        },
    ]  # fmt: skip
    return figure(
        data, height=340, showlegend=False, xaxis=axis(names[0], first), yaxis=axis(names[1], second)
    )
