"""The parts of a report as data for its template: sentences, tables and figures. Nothing here is HTML."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from tunesmith import wording
from tunesmith.analysis.effects import Effects
from tunesmith.analysis.figures import parameters, progress
from tunesmith.analysis.figures.style import MOST_POINTS, Figure
from tunesmith.analysis.finding import know
from tunesmith.analysis.forecast import Forecast, forecast
from tunesmith.analysis.health import Finding, examine
from tunesmith.analysis.identity import Identity
from tunesmith.analysis.importance import Importances
from tunesmith.analysis.recommend import Recommendation
from tunesmith.history import History
from tunesmith.trial import State

SHOWN_EFFECTS, SHOWN_PAIRS, SHOWN_BEST = 6, 2, 12
MORE = 50  # trials that the command to go on adds
GO_ON, REPRODUCE = f"Go on with {MORE} more trials", "Reproduce in a fresh store"
SHOWN_CAUSES, TRACEBACK = 12, 4000  # causes, and characters of a traceback, from its end


@dataclass(frozen=True, slots=True)
class Drawing:
    """A figure of the report.

    Args:
        key: Name within the page.
        title: What it shows, for those who cannot see it too.
        figure: What Plotly draws.
    """

    key: str
    title: str
    figure: Figure


@dataclass(frozen=True, slots=True)
class Table:
    """A table: a caption, a head, rows of text."""

    caption: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True)
class CauseOfFailure:
    """Failed trials of one cause, with the first one's config and traceback."""

    title: str
    trials: str
    config: str
    traceback: str


@dataclass(frozen=True, slots=True)
class Command:
    """Something to run, and what for."""

    purpose: str
    text: str


@dataclass(frozen=True, slots=True)
class Report:
    """All parts, in the order of the page."""

    name: str
    made: str
    version: str
    facts: Sequence[tuple[str, str]]
    config: Sequence[tuple[str, str]]
    recommendation: Recommendation | None
    no_config: str
    expectation: str
    findings: Sequence[Finding]
    forecast: Forecast | None
    forecast_table: Table | None
    history: Drawing | None
    importance: Drawing | None
    importance_table: Table
    importance_note: str
    effects: Sequence[Drawing]
    pairs: Sequence[Drawing]
    parallel: Drawing | None
    curves: Drawing | None
    timeline: Drawing | None
    best: Table
    causes: Sequence[CauseOfFailure]
    commands: Sequence[Command]
    thinned: str

    @property
    def all_figures(self) -> list[Drawing]:
        """Every figure of the page."""
        single = [self.history, self.importance, self.parallel, self.curves, self.timeline]
        return [d for d in [*single, *self.effects, *self.pairs] if d is not None]


def gather(history: History, identity: Identity) -> Report:
    """Make all parts of a report; any history will do, an empty one too."""
    known = know(history)
    whole, best = known.importance, known.importance_of_best
    chosen, outlook = known.recommendation, forecast(history)
    effects = Effects(history)
    names = [n for n in whole if history.space[n].size != 1]
    config = [] if chosen is None else list(chosen.config.items())
    return Report(
        name=identity.name,
        made=f"{datetime.now():%Y-%m-%d %H:%M}",
        version=identity.version,
        facts=_facts(history, identity),
        config=[(n, _value(history, n, v)) for n, v in config],
        recommendation=chosen,
        no_config=(
            "No finished trial meets the constraints"
            if history.states[State.COMPLETE]
            else "No trial is complete yet"
        )
        + ", so there is no config to recommend.",
        expectation="" if chosen is None else chosen.sentence,
        findings=examine(known),
        forecast=outlook,
        forecast_table=None if outlook is None else _forecast_table(outlook),
        history=_drawing(
            "history", "Value of each trial, and the best so far", progress.draw_history(history)
        )
        if history.numbers(State.COMPLETE, State.STOPPED, State.FAILED).size
        else None,
        importance=_drawing(
            "importance", "Importance of each parameter", parameters.draw_importance(whole, best)
        )
        if effects.is_known
        else None,
        importance_table=_importance_table(whole, best),
        importance_note=whole.note,
        effects=_effects(history, effects, names),
        pairs=_pairs(history, effects, whole),
        parallel=_drawing(
            "parallel", "Every trial as a line over the parameters", parameters.draw_parallel(history, names)
        ),
        curves=_drawing(
            "curves", "Learning curves by what became of the trial", progress.draw_curves(history)
        ),
        timeline=_drawing("timeline", "Which worker ran which trial when", progress.draw_timeline(history)),
        best=_best_table(history),
        causes=_causes(history),
        commands=_commands(identity, len(history)),
        thinned=f"Of {len(history)} trials, drawings show {MOST_POINTS}: the best, and evenly chosen others."
        if len(history) > MOST_POINTS
        else "",
    )


def _drawing(key: str, title: str, figure: Figure | None) -> Drawing | None:
    return None if figure is None else Drawing(key, title, figure)


def _value(history: History, name: str, value: object) -> str:
    return wording.shown(history.space, name, value)


def _facts(history: History, identity: Identity) -> list[tuple[str, str]]:
    counts = ", ".join(f"{n} {state.value}" for state, n in history.states.items() if n) or "none"
    best = history.best
    facts = [
        ("trials", counts),
        ("best value", "-" if best is None else f"{wording.number(best.value)} (trial {best.number})"),
        ("direction", history.direction),
        ("method", str(identity.method.get("name", "-"))),
        ("run time", wording.duration(identity.elapsed)),
        ("seed", str(identity.seed)),
        ("store", identity.store),
    ]
    return facts + [(k, str(v)) for k, v in identity.info.items() if v is not None]


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %" if share >= 0.1 else f"{100 * share:.1f} %"


def _importance_table(whole: Importances, best: Importances) -> Table:
    rows = [
        [name, _percent(s.value), f"{_percent(s.low)} to {_percent(s.high)}", _percent(best[name].value),
         f"{_percent(best[name].low)} to {_percent(best[name].high)}"]
        for name, s in whole.items()
    ]  # fmt: skip
    head = ["parameter", "everywhere", "80 % interval", "among the best", "80 % interval"]
    return Table("Share of importance by parameter", head, rows)


def _forecast_table(found: Forecast) -> Table:
    rows = [
        [
            str(o.trials),
            "-" if o.seconds is None else wording.duration(o.seconds),
            wording.number(o.value),
            f"{wording.number(o.low)} to {wording.number(o.high)}",
            _percent(o.chance),
        ]
        for o in found.outlooks
    ]
    head = ["more trials", "time", "best value then", "80 % interval", "chance of a real gain"]
    return Table("What more trials would bring", head, rows)


def _effects(history: History, effects: Effects, names: list[str]) -> list[Drawing]:
    made = []
    for k, name in enumerate(names[:SHOWN_EFFECTS]):
        found = effects.one(name)
        if found is not None:
            title = f"Effect of {name} on the value"
            made.append(Drawing(f"effect-{k}", title, parameters.draw_effect(history, found)))
    return made


def _pairs(history: History, effects: Effects, whole: Importances) -> list[Drawing]:
    made = []
    for k, ((one, two), share) in enumerate(list(whole.pairs.items())[:SHOWN_PAIRS]):
        found = effects.two(one, two)
        if found is not None:
            title = f"{one} with {two}: {_percent(share.value)} of the variance is what the two do together"
            made.append(Drawing(f"pair-{k}", title, parameters.draw_pair(history, found)))
    return made


def _best_table(history: History) -> Table:
    rows = history.numbers(State.COMPLETE)
    order = rows[history.loss[rows].argsort(kind="stable")][:SHOWN_BEST].tolist()
    body = [
        [
            str(n),
            wording.number(history[n].value),
            "-" if (seconds := history[n].seconds) is None else wording.duration(seconds),
            wording.config(history.space, history[n].config),
            history[n].reason,
        ]
        for n in order
    ]
    return Table("Best trials", ["trial", "value", "time", "config", "why it was tried"], body)


def _causes(history: History) -> list[CauseOfFailure]:
    made = []
    for cause in wording.causes(history)[:SHOWN_CAUSES]:
        first = history[cause.numbers[0]]
        assert first.failure is not None
        shown = ", ".join(map(str, cause.numbers[:20])) + (" …" if len(cause.numbers) > 20 else "")
        count = len(cause.numbers)
        made.append(
            CauseOfFailure(
                f"{count} trial{'s' if count > 1 else ''} failed ({cause.kind.value}): {cause.message}",
                shown,
                wording.config(history.space, first.config),
                first.failure.traceback[-TRACEBACK:],
            )
        )
    return made


def _commands(identity: Identity, trials: int) -> list[Command]:
    """Commands to go on, to reproduce and to use the result, of a study with so many trials."""
    if identity.store == "memory":
        return [
            Command(
                "The study lives in memory; to be able to go on later", 'ts.minimize(..., store="tune.db")'
            )
        ]
    where = shlex.join(["--study", identity.name, "--store", identity.store])
    opened = f"import tunesmith as ts\nstudy = ts.Study.open({identity.store!r}, {identity.name!r})\n"
    return [
        *_going_on(identity, where, opened, trials),
        Command("Use the result in Python", opened + "config = study.recommend().config"),
        Command("All trials as a table", f"tunesmith export {where} --out trials.csv"),
        Command("This report again", f"tunesmith report {where}"),
    ]


def _going_on(identity: Identity, where: str, opened: str, trials: int) -> list[Command]:
    """Commands to go on and to reproduce, by how the study was run."""
    info = identity.info
    if info.get("data") == "demo":
        more, again = "tunesmith demo " + shlex.join(["--store", identity.store]), "tunesmith demo"
    elif "target" in info and "data" in info and "model" in info:
        parts = ["tunesmith", "tune", str(info["data"]), "--target", str(info["target"])]
        for key in ("model", "metric", "folds"):
            parts += [f"--{key}", str(info[key])]
        more, again = f"{shlex.join(parts)} {where}", f"{shlex.join(parts)} --seed {identity.seed}"
    elif "command" in info:
        more, again = f"tunesmith run study.toml {where}", f"tunesmith run study.toml --seed {identity.seed}"
    else:
        settings = "method=study.method, scheduler=study.scheduler,\n    fidelity=study.history.fidelity"
        return [
            Command(GO_ON, f"{opened}study.run(objective, trials={trials + MORE})"),
            Command(
                REPRODUCE,
                f"{opened}again = ts.Study(\n    study.space, direction=study.direction, {settings},"
                f'\n    seed=study.seed, store="again.db",\n)\nagain.run(objective, trials={trials})',
            ),
        ]
    return [
        Command(GO_ON, f"{more} --trials {trials + MORE}"),
        Command(REPRODUCE, f"{again} --trials {trials} --store again.db"),
    ]
