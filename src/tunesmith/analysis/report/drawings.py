"""The drawings of a report, each with a title and a sentence that says what is to be seen in it.

The sentence is for those who cannot see the drawing, too. What is not here: how they are drawn (`figures`).
"""

from dataclasses import dataclass

import numpy as np

from tunesmith import wording
from tunesmith.analysis.effects import Effect, Effects
from tunesmith.analysis.figures import parameters, progress
from tunesmith.analysis.figures.style import Figure
from tunesmith.analysis.importance import Importances
from tunesmith.history import History
from tunesmith.trial import State

SHOWN_EFFECTS, SHOWN_PAIRS = 6, 2


@dataclass(frozen=True, slots=True)
class Drawing:
    """A figure of the report.

    Args:
        key: Name within the page.
        title: What it shows.
        note: What is to be seen in it, in words.
        figure: What Plotly draws.
    """

    key: str
    title: str
    note: str
    figure: Figure


def draw_progress(history: History) -> list[Drawing]:
    """How the study went: values, learning curves, workers; those that there is something to show of."""
    made = []
    if history.numbers(State.COMPLETE, State.STOPPED, State.FAILED).size:
        figure = progress.draw_history(history)
        made.append(Drawing("history", "Value of each trial", _of_history(history, figure), figure))
    curves = progress.draw_curves(history)
    if curves is not None:
        made.append(Drawing("curves", "Learning curves by fate", _of_curves(history), curves))
    timeline = progress.draw_timeline(history)
    if timeline is not None:
        made.append(Drawing("timeline", "Who ran what when", _of_workers(history), timeline))
    return made


def _of_history(history: History, figure: Figure) -> str:
    best = history.best
    said = "No trial has a value yet."
    if best is not None:
        since = sum(t.state is State.COMPLETE for t in history.trials[best.number + 1 :])
        said = f"The best value is {wording.number(best.value)}, of trial {best.number}"
        came = wording.counted(since, "complete trial")
        said += f"; {came} came after it." if since else ", the last complete one."
    if history.states[State.STOPPED]:
        said += " Stopped trials stand where they would have ended, as far as others tell, never beyond it."
    is_cut = "range" in figure["layout"]["yaxis"]
    return said + (" Far worse values are cut off; a double click shows them." if is_cut else "")


def _of_curves(history: History) -> str:
    counts = dict.fromkeys(State, 0)
    for trial in history.trials:
        counts[trial.state] += len(trial.reports) > 1
    return f"What trials reported on the way: {wording.by_state(counts)}. The best one is thick."


def _of_workers(history: History) -> str:
    trials = progress.timed(history)
    workers = 1 + max(progress.lanes_of(trials).values())
    who = wording.counted(workers, "worker")
    if history.states[State.PAUSED]:
        return f"{who}; what was paused is not drawn."
    spans = [(t.started or 0.0, t.finished or 0.0) for t in trials]
    whole = max(end for _, end in spans) - min(start for start, _ in spans)
    busy = sum(end - start for start, end in spans) / max(whole * workers, 1e-9)
    return f"{who}, busy {wording.percent(busy)} of the time from the first start to the last end."


def draw_parameters(history: History, whole: Importances, best: Importances) -> list[Drawing]:
    """What the parameters do: importance, effects, pairs, and every trial as a line."""
    effects = Effects(history)
    names = [n for n in whole if history.space[n].size != 1]
    made = []
    if effects.is_known:
        figure = parameters.draw_importance(whole, best)
        made.append(
            Drawing("importance", "Importance of each parameter", _of_importance(whole, best), figure)
        )
    for k, name in enumerate(names[:SHOWN_EFFECTS]):
        found = effects.one(name)
        if found is not None:
            figure = parameters.draw_effect(history, found)
            made.append(Drawing(f"effect-{k}", f"Effect of {name}", _of_effect(history, found), figure))
    for k, ((one, two), share) in enumerate(list(whole.pairs.items())[:SHOWN_PAIRS]):
        both = effects.two(one, two)
        if both is not None:
            joint = wording.percent(share.value)
            note = f"{joint} of the variance is what the two do together; dots: best trials."
            figure = parameters.draw_pair(history, both)
            made.append(Drawing(f"pair-{k}", f"{one} with {two}", note, figure))
    lines = parameters.draw_parallel(history, names)
    if lines is not None:
        note = "One line a complete trial, the strongest the best. Drag along an axis to pick some."
        made.append(Drawing("parallel", "All trials over the parameters", note, lines))
    return made


def _of_importance(whole: Importances, best: Importances) -> str:
    names = [name for name in whole if whole[name].value > 0.0]
    if not names:
        return "No parameter has shown an effect."
    said = f"{names[0]} matters most ({wording.percent(whole[names[0]].value)})"
    if len(names) > 1:
        said += f", then {names[1]} ({wording.percent(whole[names[1]].value)})"
    first = next(iter(best))
    if first != names[0] and best[first].value > 0.0:
        said += f"; among the best configs it is {first} ({wording.percent(best[first].value)})"
    return said + "."


def _of_effect(history: History, effect: Effect) -> str:
    order = np.argsort(history.sign * effect.value, kind="stable")
    good, bad = (
        f"{wording.number(float(effect.value[k]), 3)} at {_shown(effect.at[k])}"
        for k in (order[0], order[-1])
    )
    return f"Expected value: best {good}, worst {bad}."


def _shown(value: object) -> str:
    return wording.number(value, 3) if isinstance(value, float) else str(value)
