"""What `tune` says in the end: the config, what to expect of it, and what was gained."""

import math
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tunesmith.cli.common import trial_json
from tunesmith.space import Config
from tunesmith.study.frame import plain_config, shown_config
from tunesmith.study.study import Study
from tunesmith.trial import State
from tunesmith.wording import counted, estimate, literal, number, percent

if TYPE_CHECKING:
    from tunesmith.analysis.recommend import Recommendation
    from tunesmith.models.objective import FoldScores
    from tunesmith.models.tuned import Gain


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of tuning.

    Args:
        study: Study, with all trials.
        model: Name of the model family.
        suggested: Config that rules of thumb suggested.
        shipped: Config that was refitted.
        scores: Its scores on the folds of the search.
        gain: Its gain over the library's defaults on fresh folds.
        folder: Where the model was saved.
        rounds: Rounds of the refitted model; None in a family without.
    """

    study: Study
    model: str
    suggested: Config
    shipped: "Recommendation"
    scores: "FoldScores"
    gain: "Gain"
    folder: Path
    rounds: int | None


def in_words(outcome: Outcome) -> str:
    """Say it in words."""
    return "\n".join(["", *_config(outcome), "", *_scores(outcome), "", *_what_now(outcome)])


def _config(outcome: Outcome) -> list[str]:
    study, shipped, best = outcome.study, outcome.shipped, outcome.study.best
    own = study.trials[shipped.number].value
    is_best = own == best.value  # or as good as the one that was first
    title = "Best config" if is_best else "Recommended config"
    lines = [f"{title} (trial {shipped.number} of {study.history.finished}):"]
    start = shown_config(study.space, outcome.suggested)
    for name, value in shown_config(study.space, shipped.config).items():
        remark = f"   (suggested: {literal(start[name])})" if start.get(name, value) != value else ""
        lines.append(f"  {name} = {literal(value)}{remark}")
    if not is_best and number(own) == number(best.value):
        lines.append(f"Trial {best.number} did as well.")
    elif not is_best:
        lines.append(
            f"Trial {best.number} has the best result, {number(best.value)}, but by what all trials say "
            f"together that was luck: trial {shipped.number} is expected to do better on new data."
        )
    return lines


def _scores(outcome: Outcome) -> list[str]:
    gain = outcome.gain
    verdict = "a clear gain" if gain.is_clear else "not clear of the noise"
    lines = [f"{gain.metric.words}, {'lower' if gain.metric.sign > 0 else 'higher'} is better:"]
    for label, numbers, remark in (
        (
            "on the folds of the search",
            _with_error(outcome.scores),
            f"chosen of {outcome.study.history.finished}{_saved(outcome.study)}",
        ),
        (f"on {len(gain.tuned.scores)} fresh folds", _with_error(gain.tuned), "what to expect"),
        (f"{outcome.model}'s defaults there", _with_error(gain.baseline), ""),
        (
            "gain over the defaults",
            estimate(gain.difference, gain.standard_error),
            (f"{100 * gain.share:+.1f} %; " if math.isfinite(gain.share) else "") + verdict,
        ),
    ):
        lines.append(f"  {label:28}{numbers:>22}" + (f"   ({remark})" if remark else ""))
    return lines


def _saved(study: Study) -> str:
    """Share of the folds that did not have to be run; empty where that is none."""
    history = study.history
    if history.fidelity is None or history.fidelity.high is None:
        return ""
    stopped = history.numbers(State.STOPPED).tolist()
    left_out = sum(history.fidelity.high - history[number].last_step for number in stopped)
    return f"; {percent(left_out / (left_out + history.steps))} of the folds left out" if left_out else ""


def _what_now(outcome: Outcome) -> list[str]:
    study, folder = outcome.study, outcome.folder
    trained = f", {counted(outcome.rounds, 'round')}" if outcome.rounds else ""
    lines = [f"Model, refitted on all rows{trained}: {folder}/"]
    lines += [f'  from tunesmith.models.tuned import TunedModel; TunedModel.load("{folder}").predict(frame)']
    if study.store.is_lasting:
        which = ["--study", study.name, "--store", study.store.url]
        lines.append("Go on with a larger --trials or --time, or look at it all:")
        lines += [f"  {shlex.join(['tunesmith', what, *which])}" for what in ("report", "trials")]
    return lines


def _with_error(scores: "FoldScores") -> str:
    return estimate(scores.mean, scores.standard_error)


def as_json(outcome: Outcome) -> dict[str, Any]:
    """All of it as JSON values."""
    study, shipped, gain = outcome.study, outcome.shipped, outcome.gain
    return {
        "study": study.name,
        "store": study.store.url,
        "stopped": study.stop_reason,
        "metric": gain.metric.name,
        "direction": gain.metric.direction,
        "best": trial_json(study.best, study.space),
        "suggested": plain_config(study.space, outcome.suggested),
        "recommended": {
            "number": shipped.number,
            "config": plain_config(study.space, shipped.config),
            "expected": shipped.value,
            "interval": [shipped.low, shipped.high],
        },
        "search_folds": _shown(outcome.scores),
        "folds_run": study.history.steps,
        "fresh_folds": _shown(gain.tuned),
        "defaults": _shown(gain.baseline),
        "gain": {
            "difference": gain.difference,
            "standard_error": gain.standard_error,
            "share": gain.share,
            "is_clear": gain.is_clear,
        },
        "model": str(outcome.folder),
        "rounds": outcome.rounds,
    }


def _shown(scores: "FoldScores") -> dict[str, Any]:
    return {"mean": scores.mean, "standard_error": scores.standard_error, "scores": list(scores.scores)}
