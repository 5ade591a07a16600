"""What a study has taught, for the page: drawings, importance, effects, the model, forecast, advice.

Each is a function of `tunesmith.analysis`, computed on a copy of the trials and kept until one changes
(`watch.Mirror`), so that however many look, each is computed once. Those of SLOW are asked of the `analyst`.
Nothing here knows HTTP.
"""

from collections.abc import Callable, Mapping
from typing import Any

from tunesmith.analysis.effects import Effects
from tunesmith.analysis.expectation import Beliefs, Slice
from tunesmith.analysis.figures import model, parameters, progress
from tunesmith.analysis.figures.style import Figure
from tunesmith.analysis.finding import Known, know
from tunesmith.analysis.forecast import forecast
from tunesmith.analysis.health import examine
from tunesmith.analysis.origin import how_to_change
from tunesmith.dashboard import form
from tunesmith.dashboard.data import plain
from tunesmith.dashboard.watch import Watched
from tunesmith.history import History
from tunesmith.rules.tables import limits

FIGURES: Mapping[str, Callable[[History], Figure | None]] = {
    "history": progress.draw_history,
    "curves": progress.draw_curves,
    "timeline": progress.draw_timeline,
}
TOO_FEW = "There are too few results yet: the model needs three different ones."


def drawn(watched: Watched, kind: str) -> dict[str, Any]:
    """A drawing of how the study went, of `FIGURES`."""
    return {"figure": watched.mirror.ask(("figure", kind), FIGURES[kind])}


def _known(watched: Watched) -> Known:
    """What importance and advice both need; each part is computed when first asked for."""
    natural = limits(str(watched.record.info.get("model")))
    return watched.mirror.ask("known", lambda history: know(history, natural, watched.record.info))


def importances(watched: Watched) -> dict[str, Any]:
    """Which parameters matter, everywhere and among the best: shares with intervals, and their drawing."""

    def find(_: History) -> dict[str, Any]:
        known = _known(watched)
        whole, best = known.importance, known.importance_of_best
        rows = [
            {
                "name": name,
                "value": share.value,
                "low": share.low,
                "high": share.high,
                "best": best[name].value,
                "best_low": best[name].low,
                "best_high": best[name].high,
            }
            for name, share in whole.items()
        ]
        pairs = [
            {"names": list(names), "value": share.value, "low": share.low, "high": share.high}
            for names, share in whole.pairs.items()
        ]
        return {
            "rows": rows,
            "pairs": pairs,
            "trials": whole.trials,
            "note": whole.note,
            "figure": parameters.draw_importance(whole, best) if whole.trials else None,
        }

    return watched.mirror.ask("importance", find)


def effect(watched: Watched, first: str, second: str | None) -> dict[str, Any]:
    """How the value changes with one parameter, or with two."""

    def find(history: History) -> Figure | None:
        effects = watched.mirror.ask("effects", Effects)
        if second is None:
            one = effects.one(first)
            return None if one is None else parameters.draw_effect(history, one)
        two = effects.two(first, second)
        return None if two is None else parameters.draw_pair(history, two)

    figure = watched.mirror.ask(("effect", first, second), find)
    return {"figure": figure, "note": "" if figure else TOO_FEW}


def believed(watched: Watched, first: str, second: str | None) -> dict[str, Any]:
    """The model along one parameter or over two: expected value, doubt, promise."""
    names = (first,) if second is None else (first, second)

    def find(history: History) -> dict[str, Any]:
        found = _beliefs(watched).along(names)
        if found is None:
            return {"figures": {}, "base": {}, "note": TOO_FEW}
        figures = model.draw_maps(history, found) if second else {"line": model.draw_line(history, found)}
        return {"figures": figures, "base": form.write(history.space, _rest(found)), "note": ""}

    return watched.mirror.ask(("model", names), find)


def _rest(found: Slice) -> dict[str, Any]:
    return {name: value for name, value in found.base.items() if name not in found.names}


def _beliefs(watched: Watched) -> Beliefs:
    beliefs = watched.mirror.hold("beliefs", Beliefs)
    beliefs.update()
    return beliefs


def expected(watched: Watched, values: Mapping[str, str]) -> dict[str, Any]:
    """What the model expects of a config that was typed, and how unsure it is."""
    typed = form.read(watched.history.space, values)
    made: dict[str, Any] = {
        "active": list(typed.active),
        "errors": dict(typed.errors),
        "broken": list(typed.broken),
        "expectation": None,
        "note": "",
    }
    if typed.errors:
        return made
    found = watched.mirror.ask(
        ("about", tuple(sorted(form.write(watched.history.space, typed.config).items()))),
        lambda _: _beliefs(watched).about(typed.config),
    )
    if found is None:
        return made | {"note": TOO_FEW}
    names = ("value", "low", "high", "run_low", "run_high", "success", "gain")
    numbers = {name: plain(getattr(found, name)) for name in names}
    return made | {"expectation": {**numbers, "trials": list(found.trials)}}


def advice(watched: Watched) -> dict[str, Any]:
    """Which config to ship, and what is wrong with the study."""

    def find(history: History) -> dict[str, Any]:
        known = _known(watched)
        chosen = known.recommendation
        findings = [
            {"sentence": f.sentence, "evidence": f.evidence, "change": f.change} for f in examine(known)
        ]
        how = how_to_change(watched.record.info)
        if chosen is None:
            return {"recommendation": None, "findings": findings, "how_to_change": how}
        numbers = {name: plain(getattr(chosen, name)) for name in ("value", "low", "high", "number")}
        config = form.write(history.space, chosen.config)
        told = {**numbers, "config": config, "sentence": chosen.sentence, "ties": list(chosen.ties)}
        return {"recommendation": told, "findings": findings, "how_to_change": how}

    return watched.mirror.ask("advice", find)


def outlook(watched: Watched) -> dict[str, Any]:
    """What more trials would bring."""

    def find(history: History) -> dict[str, Any]:
        found = forecast(history)
        if found is None:
            return {"sentence": "", "rows": []}
        names = ("trials", "value", "low", "high", "chance", "seconds")
        rows = [{name: plain(getattr(o, name)) for name in names} for o in found.outlooks]
        return {"sentence": str(found), "rows": rows}

    return watched.mirror.ask("forecast", find)


SLOW: Mapping[str, Callable[..., dict[str, Any]]] = {
    "importance": importances,
    "effect": effect,
    "advice": advice,
    "forecast": outlook,
}
"""What takes seconds; asked of the `analyst`."""
