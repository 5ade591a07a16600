"""The parts of a report as data for its template: sentences, tables and figures. Nothing here is HTML."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from tunesmith import wording
from tunesmith.analysis.figures.style import MOST_POINTS
from tunesmith.analysis.finding import know
from tunesmith.analysis.forecast import Forecast, forecast, seconds_a_trial
from tunesmith.analysis.health import Finding, examine
from tunesmith.analysis.identity import Identity, settings
from tunesmith.analysis.importance import Importances
from tunesmith.analysis.origin import how_to_change
from tunesmith.analysis.recommend import Recommendation
from tunesmith.analysis.report.commands import Command, commands
from tunesmith.analysis.report.drawings import Drawing, draw_parameters, draw_progress
from tunesmith.history import History
from tunesmith.trial import State

NO_TRIAL = "No trial is complete yet"
SHOWN_BEST = 12
SHOWN_CAUSES, TRACEBACK = 12, 4000  # causes, and characters of a traceback, from its end


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
class Report:
    """All parts, in the order of the page.

    Args:
        name: Of the study.
        made: When the report was made.
        version: Of tunesmith.
        headlines: What people look for first: label, value, remark.
        facts: Settings of the study: label, value.
        recommendation: The config to ship; None when there is none.
        config: Its values as text.
        no_config: Why there is none.
        findings: What is wrong with the study.
        how_to_change: How what they advise is done; empty where it is plain.
        forecast: What more trials would bring; None when there is no finished trial.
        forecast_table: The same in numbers.
        progress: Drawings of how it went.
        parameters: Drawings of what parameters do.
        importance: Shares in numbers.
        importance_note: What to know of them.
        best: The best trials.
        causes: Of failure.
        commands: To go on.
        thinned: That not all trials are drawn; empty when they are.
    """

    name: str
    made: str
    version: str
    headlines: Sequence[tuple[str, str, str]]
    facts: Sequence[tuple[str, str]]
    recommendation: Recommendation | None
    config: Sequence[tuple[str, str]]
    no_config: str
    findings: Sequence[Finding]
    how_to_change: str
    forecast: Forecast | None
    forecast_table: Table | None
    progress: Sequence[Drawing]
    parameters: Sequence[Drawing]
    importance: Table
    importance_note: str
    best: Table
    causes: Sequence[CauseOfFailure]
    commands: Sequence[Command]
    thinned: str

    @property
    def drawings(self) -> list[Drawing]:
        """Every drawing of the page."""
        return [*self.progress, *self.parameters]

    def named(self, beginning: str) -> list[Drawing]:
        """Drawings whose key begins so."""
        return [d for d in self.drawings if d.key.startswith(beginning)]


def gather(history: History, identity: Identity) -> Report:
    """Make all parts of a report; any history will do, an empty one too."""
    known = know(history, identity.limits, identity.info)
    whole, best = known.importance, known.importance_of_best
    chosen, outlook = known.recommendation, forecast(history)
    why = "No finished trial meets the constraints" if history.states[State.COMPLETE] else NO_TRIAL
    many = f"Of {len(history):,} trials, drawings show {MOST_POINTS}: the best, and evenly chosen others."
    config = {} if chosen is None else chosen.config
    return Report(
        name=identity.name,
        made=f"{datetime.now():%Y-%m-%d %H:%M}",
        version=identity.version,
        headlines=_headlines(history, identity, chosen, outlook),
        facts=[
            *settings(history, identity.method, identity.scheduler, identity.info).items(),
            ("store", identity.store or "memory"),
        ],
        recommendation=chosen,
        config=[(name, wording.shown(history.space, name, value)) for name, value in config.items()],
        no_config=f"{why}, so there is no config to recommend.",
        findings=examine(known),
        how_to_change=how_to_change(identity.info),
        forecast=outlook,
        forecast_table=None if outlook is None else _forecast_table(outlook),
        progress=draw_progress(history),
        parameters=draw_parameters(history, whole, best),
        importance=_importance_table(whole, best),
        importance_note=whole.note,
        best=_best_table(history),
        causes=_causes(history),
        commands=commands(identity, len(history)),
        thinned=many if len(history) > MOST_POINTS else "",
    )


def _headlines(
    history: History, identity: Identity, chosen: Recommendation | None, outlook: Forecast | None
) -> list[tuple[str, str, str]]:
    counts = wording.by_state(history.states) or "none yet"
    found = []
    if chosen is not None:
        sure = (
            f"{_short(chosen.low)} to {_short(chosen.high)}"
            if chosen.low < chosen.high
            else "too few to tell luck"
        )
        found.append(("value to expect", _short(chosen.value), sure))
    if history.best is not None:
        found.append(("best single run", _short(history.best.value), f"trial {history.best.number}"))
    found.append(("trials", f"{len(history):,}", counts))
    pace = seconds_a_trial(history)
    each = "" if pace is None else f"{wording.duration(pace)} a trial"
    found.append(("run time", wording.duration(identity.elapsed), each))
    if outlook is not None:
        last = outlook.outlooks[-1]
        found.append(
            (
                wording.counted(last.trials, "more trial"),
                wording.percent(last.chance),
                "chance of a real gain",
            )
        )
    return found


def _short(value: float | None) -> str:
    return wording.number(value, wording.SHORT)


def _importance_table(whole: Importances, best: Importances) -> Table:
    rows = [
        [name, *(text for s in (share, best[name]) for text in (wording.percent(s.value), s.interval))]
        for name, share in whole.items()
    ]
    head = ["parameter", "everywhere", "80 % interval", "among the best", "80 % interval"]
    return Table("Share of importance by parameter", head, rows)


def _forecast_table(found: Forecast) -> Table:
    rows = [
        [
            str(o.trials),
            "-" if o.seconds is None else wording.duration(o.seconds),
            wording.number(o.value),
            f"{wording.number(o.low)} to {wording.number(o.high)}",
            wording.percent(o.chance),
        ]
        for o in found.outlooks
    ]
    head = ["more trials", "time", "best value then", "80 % interval", "chance of a real gain"]
    return Table("What more trials would bring", head, rows)


def _best_table(history: History) -> Table:
    body = [
        [
            str(n),
            wording.number(history[n].value),
            "-" if (seconds := history[n].seconds) is None else wording.duration(seconds),
            wording.config(history.space, history[n].config),
            history[n].reason,
        ]
        for n in history.ranked()[:SHOWN_BEST]
    ]
    return Table("Best trials", ["trial", "value", "time", "config", "why it was tried"], body)


def _causes(history: History) -> list[CauseOfFailure]:
    made = []
    for cause in wording.causes(history)[:SHOWN_CAUSES]:
        first = history[cause.numbers[0]]
        assert first.failure is not None
        shown = ", ".join(map(str, cause.numbers[:20])) + (" …" if len(cause.numbers) > 20 else "")
        failed = wording.counted(len(cause.numbers), "trial", "failed", "failed")
        made.append(
            CauseOfFailure(
                f"{failed} ({cause.kind.value}): {cause.message}",
                shown,
                wording.config(history.space, first.config),
                first.failure.traceback[-TRACEBACK:],
            )
        )
    return made
