"""Drawings: what is in them, that Plotly takes them, that texts are escaped, that many trials are thinned."""

import json
from dataclasses import replace
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest

import tunesmith as ts
from tunesmith.analysis.effects import Effects
from tunesmith.analysis.figures import parameters, progress, style
from tunesmith.analysis.importance import importance
from tunesmith.errors import OptionError
from tunesmith.fidelity import Fidelity
from tunesmith.history import History
from tunesmith.space import Choice, Float, Int, Space
from tunesmith.trial import Report, State, Trial

UNIT = Space(x=Float(0, 1), y=Float(0, 1))


def every(history: History) -> dict[str, Any]:
    """All drawings of a history, those that there are none of left out."""
    effects = Effects(history)
    names = list(history.space.names)
    found: dict[str, Any] = {
        "history": progress.draw_history(history),
        "curves": progress.draw_curves(history),
        "timeline": progress.draw_timeline(history),
        "importance": parameters.draw_importance(importance(history), importance(history, "best")),
        "parallel": parameters.draw_parallel(history, names),
    }
    for name in names:
        one = effects.one(name)
        found[f"effect-{name}"] = one and parameters.draw_effect(history, one)
    two = effects.two(names[0], names[-1])
    found["pair"] = two and parameters.draw_pair(history, two)
    return {key: figure for key, figure in found.items() if figure is not None}


def test_plotly_takes_them_all(lively: History) -> None:
    figures = every(lively)
    assert set(figures) == {
        "history", "curves", "timeline", "importance", "parallel", "pair",
        "effect-lr", "effect-optimizer", "effect-momentum", "effect-layers",
    }  # fmt: skip
    for figure in figures.values():
        go.Figure(figure)
        json.dumps(figure, allow_nan=False)


def test_history_shows_every_trial_by_what_became_of_it(lively: History) -> None:
    by_name = {trace["name"]: trace for trace in progress.draw_history(lively)["data"]}
    names = dict.fromkeys((State.COMPLETE, State.FAILED, State.STOPPED))
    names |= {state: state.value for state in names} | {State.STOPPED: progress.STOPPED_NAME}
    assert set(by_name) == {*names.values(), "best so far"}
    for state, name in names.items():
        assert by_name[name]["x"] == lively.numbers(state).tolist()
    assert len({trace["marker"]["symbol"] for name, trace in by_name.items() if name != "best so far"}) == 3
    line = by_name["best so far"]["y"]
    assert line == sorted(line, reverse=True)
    assert line[-1] == pytest.approx(lively.best.value, rel=1e-4)  # type: ignore[union-attr]


@pytest.mark.parametrize("direction", ["minimize", "maximize"])
def test_no_trial_that_was_stopped_looks_better_than_the_best(direction: Any) -> None:
    sign = 1.0 if direction == "minimize" else -1.0
    folds = [0.5, 0.1, 0.9, 0.5, 0.5]  # what each fold adds: the first two are the easy ones
    means = [float(np.mean(folds[: k + 1])) for k in range(5)]
    trials = []
    for number, (level, ran) in enumerate([(1.0, 5), (1.05, 2), (1.1, 5), (0.4, 1), (1.2, 1)]):
        reports = tuple(Report(k + 1, sign * (level + means[k]), 0.0) for k in range(ran))
        state = State.COMPLETE if ran == 5 else State.STOPPED
        trials.append(Trial(number, {"x": 0.1 * number}, state, reports[-1].value, reports=reports))
    fidelity = Fidelity("fold", 1, 5)
    history = History(Space(x=Float(0, 1)), direction, trials, fidelity=fidelity)
    drawn = {trace["name"]: trace for trace in progress.draw_history(history)["data"]}
    best = sign * history.best.value  # type: ignore[union-attr, operator]
    assert sign * trials[1].value < best  # type: ignore[operator] # as it stands, on two folds
    stopped = drawn[progress.STOPPED_NAME]
    assert np.multiply(sign, stopped["y"]).tolist() == pytest.approx([1.55, best, 1.7])
    assert stopped["text"][0].startswith(f"trial 1: {sign * 1.35:g} at fold 2")
    curves = progress.draw_curves(history)
    assert curves is not None
    assert curves["data"][-1]["name"] == "best (trial 0)"  # trial 3 is no better: it is not known to be
    assert curves["layout"]["xaxis"]["dtick"] == 1  # there is no fold 2.5


@pytest.mark.parametrize("direction", ["minimize", "maximize"])
def test_far_values_do_not_press_all_others_flat(make: Any, direction: Any) -> None:
    sign = 1.0 if direction == "minimize" else -1.0
    history = make(UNIT, lambda c: sign * (1e6 if c["x"] > 0.95 else c["x"]), 50, direction=direction)
    low, high = progress.draw_history(history)["layout"]["yaxis"]["range"]
    assert max(abs(low), abs(high)) < 3.0
    values = parameters.draw_parallel(history, ["x", "y"])["data"][0]["dimensions"][-1]  # type: ignore[index]
    assert np.abs(values["range"]).max() < 3.0
    assert sum("or worse" in tick for tick in values["ticktext"]) == 1


def test_axes_that_count_have_no_halves(make: Any) -> None:
    few, many = make(UNIT, lambda c: c["x"], 4), make(UNIT, lambda c: c["x"], 40)
    assert progress.draw_history(few)["layout"]["xaxis"]["dtick"] == 1
    assert "dtick" not in progress.draw_history(many)["layout"]["xaxis"]


def test_curves_are_by_fate(lively: History) -> None:
    figure = progress.draw_curves(lively)
    assert figure is not None
    names = [trace["name"] for trace in figure["data"]]
    assert set(names[:3]) == {"complete", "stopped", "failed"}
    assert names[-1].startswith("best (trial ")
    stopped = next(t for t in figure["data"] if t["name"] == "stopped")
    assert stopped["x"][:5] == [1.0, 2.0, 3.0, 4.0, None]


def test_timeline_has_a_lane_for_each_worker(lively: History) -> None:
    figure = progress.draw_timeline(lively)
    assert figure is not None
    assert figure["layout"]["yaxis"]["ticktext"] == ["worker 1", "worker 2"]
    assert figure["layout"]["xaxis"]["title"]["text"] == "min since the start"


def test_a_process_that_ran_several_at_once_has_a_lane_for_each() -> None:
    times = [(0.0, 4.0), (1.0, 2.0), (2.5, 5.0), (4.5, 6.0)]
    trials = [
        Trial(k, {"x": 0.5}, State.COMPLETE, 1.0, worker="one", started=start, finished=end)
        for k, (start, end) in enumerate(times)
    ]
    assert progress.lanes_of(trials) == {0: 0, 1: 1, 2: 1, 3: 0}
    elsewhere = Trial(4, {"x": 0.5}, State.COMPLETE, 1.0, worker="two", started=9.0, finished=10.0)
    assert progress.lanes_of([*trials, elsewhere])[4] == 2


def test_importance_has_its_intervals(lively: History) -> None:
    found = importance(lively)
    (trace,) = parameters.draw_importance(found)["data"]
    assert trace["x"][::-1] == pytest.approx([s.value for s in found.values()], abs=1e-4)
    for k, share in enumerate(reversed(list(found.values()))):
        assert trace["x"][k] + trace["error_x"]["array"][k] == pytest.approx(share.high, abs=1e-3)
        assert trace["x"][k] - trace["error_x"]["arrayminus"][k] == pytest.approx(share.low, abs=1e-3)


def test_effects_are_on_the_scale_of_the_parameter(lively: History) -> None:
    figures = every(lively)
    assert figures["effect-lr"]["layout"]["xaxis"]["type"] == "log"
    assert figures["effect-optimizer"]["layout"]["xaxis"]["type"] == "category"
    assert "type" not in figures["effect-layers"]["layout"]["xaxis"]
    assert "when" in figures["effect-momentum"]["layout"]["xaxis"]["title"]["text"]
    shown = figures["effect-momentum"]["data"][2]["x"]
    assert len(shown) == sum("momentum" in t.config for t in lively.trials if t.state is State.COMPLETE)


@pytest.mark.parametrize("ends", [(-1.7e308, 1.7e308), (-1e308, 1e308), (0.0, 5e-324)])
def test_parallel_lines_go_below_an_axis_of_any_width(ends: tuple[float, float]) -> None:
    study = ts.Study(Space(on=Choice([True, False]), x=Float(*ends, when={"on": True})))
    for value, config in enumerate([{"on": False}, {"on": True, "x": ends[0]}, {"on": True, "x": ends[1]}]):
        study.add(config, value)
    drawn = parameters.draw_parallel(study.history, ["on", "x"])
    assert drawn is not None
    json.dumps(drawn, allow_nan=False)
    x = drawn["data"][0]["dimensions"][1]
    assert min(x["values"]) == x["range"][0] < ends[0]
    assert dict(zip(x["tickvals"], x["ticktext"], strict=True))[x["range"][0]] == "inactive"


def test_parallel_lines_go_below_the_axis_where_a_parameter_is_inactive(lively: History) -> None:
    figure = parameters.draw_parallel(lively, list(lively.space.names))
    assert figure is not None
    axes = {d["label"]: d for d in figure["data"][0]["dimensions"]}
    momentum = axes["momentum"]
    gap = momentum["range"][0]
    assert gap < 0.0
    assert dict(zip(momentum["tickvals"], momentum["ticktext"], strict=True))[gap] == "inactive"
    inactive = sum("momentum" not in t.config for t in lively.trials if t.state is State.COMPLETE)
    assert momentum["values"].count(gap) == inactive
    assert axes["lr"]["ticktext"] == ["1e-05", "0.0001", "0.001", "0.01", "0.1"]
    assert axes["layers"]["ticktext"] == ["1", "2", "3", "4", "5", "6"]
    assert axes["optimizer"]["ticktext"] == ["adam", "sgd"]


def test_none_as_an_option_is_not_inactive(make: Any) -> None:
    space = Space(kind=Choice(["a", "b"]), clip=Choice([None, 1.0], when={"kind": "a"}))
    figure = parameters.draw_parallel(
        make(space, lambda c: 1.0 if c["kind"] == "a" else 2.0, 24), ["kind", "clip"]
    )
    assert figure is not None
    values = figure["data"][0]["dimensions"][1]["values"]
    assert set(values) == {-0.12, 0.0, 1.0}


def test_texts_of_the_user_are_escaped(hostile: str) -> None:
    space = Space({hostile: Choice([hostile, "b"]), "x": Float(0, 1)})
    trials = [
        Trial(k, {hostile: (hostile, "b")[k % 2], "x": k / 20}, State.COMPLETE, k / 10.0) for k in range(20)
    ]
    for figure in every(History(space, "minimize", trials)).values():
        assert "<script" not in json.dumps(figure)
        assert "</style" not in json.dumps(figure)


def test_large_studies_are_thinned_but_keep_the_best(make: Any) -> None:
    history = make(UNIT, lambda c: c["x"], 4000)
    shown = style.thinned(history, State.COMPLETE)
    assert len(shown) <= style.MOST_POINTS
    best = np.argsort(history.loss)[:100]
    assert set(best.tolist()) <= {t.number for t in shown}
    assert len({t.number // 400 for t in shown}) == 10


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_few_trials_have_few_drawings_and_no_error(make: Any, count: int) -> None:
    figures = every(make(UNIT, lambda c: c["x"], count))
    assert ("parallel" in figures) is (count >= 2)
    assert ("pair" in figures) is (count >= 3)
    for figure in figures.values():
        go.Figure(figure)


def test_values_that_are_not_finite_or_equal_are_drawn(make: Any) -> None:
    history = make(UNIT, lambda c: 1.0, 6)
    odd = [
        replace(t, value=value)
        for t, value in zip(history.trials, [np.inf, -1e300, 1e300, 1.0, 1.0, 1.0], strict=True)
    ]
    for known in (history, History(UNIT, "minimize", odd)):
        for figure in every(known).values():
            json.dumps(figure, allow_nan=False)


def test_colours_differ_in_lightness_or_symbol_for_the_colour_blind() -> None:
    assert len(set(style.COLOURS.values())) == len(State)
    assert len(set(style.SYMBOLS.values())) == len(State)


# -- ts.plot ------------------------------------------------------------------------------------------------


def test_single_figures_of_a_study() -> None:
    study = ts.Study(Space(x=Float(0, 1), n=Int(1, 4)), method="random", seed=0)
    for _ in range(12):
        trial = study.ask()
        trial.report(1.0, step=1)
        trial.report(0.5, step=2)
        study.tell(trial, trial.config["x"])
    plots = ts.plot
    made = [
        plots.history(study), plots.importance(study), plots.effect(study, "x"), plots.pair(study, "x", "n"),
        plots.parallel(study), plots.curves(study), plots.timeline(study),
    ]  # fmt: skip
    assert all(isinstance(figure, go.Figure) for figure in made)
    assert isinstance(plots.history(study.history), go.Figure)


def test_what_cannot_be_drawn_is_an_error_in_words() -> None:
    study = ts.Study(Space(x=Float(0, 1)), seed=0)
    for draw in (ts.plot.history, ts.plot.parallel, ts.plot.curves, ts.plot.timeline):
        with pytest.raises(OptionError, match="to draw yet"):
            draw(study)
    study.tell(study.ask(), state="failed")
    with pytest.raises(OptionError, match="no values to draw yet"):
        ts.plot.history(study)
    with pytest.raises(OptionError, match="results to show 'x'"):
        ts.plot.effect(study, "x")
    with pytest.raises(ts.TunesmithError, match="'xx'"):
        ts.plot.effect(study, "xx")
    with pytest.raises(OptionError, match="a figure is drawn of a study"):
        ts.plot.history("tune.db")  # type: ignore[arg-type]
