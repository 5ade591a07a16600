"""Drawings of how a study went: values by trial, learning curves, and which worker ran what when."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from tunesmith import wording
from tunesmith.analysis.figures.style import (
    COLOURS,
    MOST_POINTS,
    RED,
    SYMBOLS,
    Figure,
    axis,
    counting_axis,
    figure,
    final,
    finite,
    number,
    numbers,
    text,
    thinned,
    usual,
)
from tunesmith.history import History
from tunesmith.trial import State, Trial

MOST_CURVES, MOST_STEPS = 120, 60
STOPPED_NAME = "stopped: where it would have ended"
UNITS = ((1.0, "s"), (60.0, "min"), (3600.0, "h"), (86400.0, "days"))


def draw_history(history: History) -> Figure:
    """Value of every trial, and the best so far as a line.

    The last value of a trial that was stopped is no final one: on the folds that it ran it may lie beyond the
    best. It stands where it would have ended, as far as others tell, and never beyond the best.
    """
    data: list[dict[str, Any]] = []
    best = _best_so_far(history)
    for state in (State.COMPLETE, State.STOPPED):
        trials = [t for t in thinned(history, state) if t.value is not None]
        if trials:
            data.append(_points(history, trials, [number(final(history, t)) for t in trials], state))
    failed = thinned(history, State.FAILED)
    known = [y for trace in data for y in trace["y"]]
    if failed and known:
        # They have no value: they stand in a row at the bad end.
        row = history.sign * max(history.sign * value for value in usual(known, history.sign))
        data.append(_points(history, failed, [row] * len(failed), State.FAILED))
    if best:
        data.append(
            {
                "type": "scatter",
                "mode": "lines",
                "name": "best so far",
                "x": [n for n, _ in best],
                "y": [number(v) for _, v in best],
                "line": {"color": RED, "width": 2.5, "shape": "hv"},
                "hoverinfo": "skip",
            }
        )
    kept = usual(known, history.sign) if known else []
    more: dict[str, Any] = {}
    if kept and max(known) - min(known) > 1.05 * (max(kept) - min(kept)):
        room = 0.06 * (max(kept) - min(kept) or 1.0)
        more["range"] = [finite(min(kept) - room), finite(max(kept) + room)]  # double click shows all
    return figure(data, xaxis=counting_axis("trial", len(history)), yaxis=axis("value", **more))


def _points(history: History, trials: list[Trial], y: list[float], state: State) -> dict[str, Any]:
    def hover(t: Trial) -> str:
        said = (
            wording.number(t.value) if t.failure is None else f"{t.failure.kind.value}: {t.failure.message}"
        )
        if t.state is State.STOPPED and t.reports:
            step = history.fidelity.name if history.fidelity else "step"
            said += f" at {step} {t.last_step}"
        return f"trial {t.number}: {text(said, 80)}<br>{text(wording.config(history.space, t.config), 110)}"

    return {
        "type": "scatter",
        "mode": "markers",
        "name": STOPPED_NAME if state is State.STOPPED else state.value,
        "x": [t.number for t in trials],
        "y": y,
        "text": [hover(t) for t in trials],
        "hoverinfo": "text",
        "marker": {"color": COLOURS[state], "symbol": SYMBOLS[state], "size": 7, "opacity": 0.75},
    }


def _best_so_far(history: History) -> list[tuple[int, float]]:
    """Trials that were better than all before, and the last trial."""
    found: list[tuple[int, float]] = []
    lowest = np.inf
    for n in history.numbers(State.COMPLETE).tolist():
        loss = float(history.loss[n])
        if loss < lowest and history.space.is_allowed(history[n].config):
            lowest = loss
            found.append((n, history.sign * loss))
    return [*found, (len(history) - 1, found[-1][1])] if found else []


def draw_curves(history: History) -> Figure | None:
    """Learning curves, coloured by what became of the trial; None when there are no reports."""
    trials = [t for t in history.trials if len(t.reports) > 1]
    if not trials:
        return None
    order = sorted(trials, key=lambda t: (np.isnan(history.loss[t.number]), history.loss[t.number], t.number))
    if len(order) > MOST_CURVES:
        places = np.linspace(0, len(order) - 1, MOST_CURVES).round().astype(int)
        order = [order[k] for k in places]
    data = []
    for state in State:
        x: list[float | None] = []
        y: list[float | None] = []
        names: list[str] = []
        for t in (t for t in order if t.state is state):
            xs, ys = _curve(t)
            x += [*xs, None]
            y += [*ys, None]
            names += [f"trial {t.number}"] * len(xs) + [""]
        if x:
            data.append(
                {
                    "type": "scatter", "mode": "lines", "name": state.value, "x": x, "y": y, "text": names,
                    "hoverinfo": "text+y", "line": {"color": COLOURS[state], "width": 1.2}, "opacity": 0.6,
                }
            )  # fmt: skip
    best = history.best
    if best is not None and len(best.reports) > 1:
        xs, ys = _curve(best)
        data.append(
            {
                "type": "scatter", "mode": "lines", "name": f"best (trial {best.number})", "x": xs, "y": ys,
                "line": {"color": RED, "width": 3},
            }
        )  # fmt: skip
    steps = counting_axis(
        history.fidelity.name if history.fidelity else "step", max(t.last_step for t in order)
    )
    return figure(data, xaxis=steps, yaxis=axis("reported value"))


def _curve(trial: Trial) -> tuple[list[float | None], list[float | None]]:
    reports = trial.reports
    if len(reports) > MOST_STEPS:
        reports = tuple(reports[k] for k in np.linspace(0, len(reports) - 1, MOST_STEPS).round().astype(int))
    return [float(r.step) for r in reports], numbers([r.value for r in reports])


def timed(history: History) -> list[Trial]:
    """Trials whose times are known."""
    return [t for t in history.trials if t.started is not None and t.finished is not None]


def lanes_of(trials: Sequence[Trial]) -> dict[int, int]:
    """Which worker ran each trial, from 0: a process that ran several at once counts as so many workers.

    Args:
        trials: Those whose times are known.
    """
    free: dict[str, list[tuple[float, int]]] = {}  # by process: when each of its lanes is free again
    lanes: dict[int, int] = {}
    count = 0
    for t in sorted(trials, key=lambda t: (t.started or 0.0, t.number)):
        mine = free.setdefault(t.worker or "unknown", [])
        idle = [lane for lane in mine if lane[0] <= (t.started or 0.0)]
        if idle:
            mine.remove(idle[0])
            lanes[t.number] = idle[0][1]
        else:
            lanes[t.number], count = count, count + 1
        mine.append((t.finished or 0.0, lanes[t.number]))
    return lanes


def draw_timeline(history: History) -> Figure | None:
    """Which worker ran which trial when; None when no times are known."""
    trials = timed(history)
    if not trials:
        return None
    shown = trials[-MOST_POINTS:]
    start = min(t.started or 0.0 for t in shown)
    span = max(t.finished or 0.0 for t in shown) - start
    factor, unit = max((u for u in UNITS if span >= 2.0 * u[0]), default=UNITS[0])
    lanes = lanes_of(shown)
    workers = 1 + max(lanes.values())
    data = []
    for state in (State.COMPLETE, State.STOPPED, State.FAILED):
        x: list[float | None] = []
        y: list[float | None] = []
        names: list[str] = []
        for t in (t for t in shown if t.state is state):
            ends = [((t.started or 0.0) - start) / factor, ((t.finished or 0.0) - start) / factor]
            x += [*(round(e, 4) for e in ends), None]
            y += [float(lanes[t.number])] * 2 + [None]
            names += [f"trial {t.number}, {wording.duration(t.seconds or 0.0)}"] * 2 + [""]
        if x:
            data.append(
                {
                    "type": "scatter", "mode": "lines+markers", "name": state.value, "x": x, "y": y,
                    "text": names, "hoverinfo": "text", "line": {"color": COLOURS[state], "width": 7},
                    "marker": {"size": 9, "symbol": "line-ns-open", "color": COLOURS[state]},
                }
            )  # fmt: skip
    ticks: dict[str, Any] = {
        "tickvals": list(range(workers)),
        "ticktext": [f"worker {k + 1}" for k in range(workers)],
    }
    height = min(700, 150 + 34 * workers)
    since = "the start" if len(shown) == len(trials) else f"trial {shown[0].number}"
    return figure(
        data,
        height=height,
        xaxis=axis(f"{unit} since {since}"),
        yaxis=axis("", range=[-0.7, workers - 0.3], **ticks),
    )
