"""What a run says: how it begins, goes on and ends, for the displays and the command line.

Single values, configs and times are put into words by `tunesmith.wording`, whose names are here too.
"""

from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from tunesmith.errors import bounded, message
from tunesmith.execution.base import Use
from tunesmith.fidelity import Fidelity
from tunesmith.history import History
from tunesmith.learning.pace import seconds_per_step
from tunesmith.trial import State, Trial
from tunesmith.wording import MESSAGE_WIDTH as MESSAGE_WIDTH
from tunesmith.wording import all_of, by_state, causes
from tunesmith.wording import config as config
from tunesmith.wording import counted as counted
from tunesmith.wording import duration as duration
from tunesmith.wording import number as number

if TYPE_CHECKING:
    from tunesmith.study.options import Limits
    from tunesmith.study.study import Study

SHOWN_CAUSES = 5
THINKING = ("auto", "bayes")  # methods that think long about each config
CHEAP, CHEAP_TRIALS = 10, 100  # so many times longer than the trials themselves, over so many of them
_known_failures: "WeakKeyDictionary[Study, tuple[int, list[str]]]" = WeakKeyDictionary()


def opening(study: "Study", limits: "Limits") -> str:
    """First line of a run: what is searched, how far it is, and where it is kept."""
    asked = " or ".join(
        part
        for part in (
            counted(limits.trials, "trial") if limits.trials else "",
            duration(limits.time) if limits.time else "",
            counted(limits.steps, "step") if limits.steps else "",
        )
        if part
    )
    done = study.history.counted
    where = f"in {study.store.url}" if study.store.is_lasting else 'in memory only: store="tune.db" keeps it'
    verb = (
        f"Going on with study {study.name!r}: {counted(done, 'trial')} found"
        if done
        else f"Study {study.name!r}"
    )
    by = study.method.name + (f" with {study.scheduler.name}" if study.history.fidelity else "")
    return f"{verb}, {study.direction} by {by}, {asked} in total, {where}."


def position(study: "Study", limits: "Limits", elapsed: float) -> tuple[float, float]:
    """How far the run is, and out of how much: trials, seconds or steps, which end sooner; 0 if unknown."""
    parts = []
    if limits.trials:
        parts.append((float(min(study.history.finished, limits.trials)), float(limits.trials)))
    if limits.time:
        parts.append((min(elapsed, limits.time), limits.time))
    if limits.steps:
        parts.append((float(min(study.history.steps, limits.steps)), float(limits.steps)))
    return max(parts, key=lambda p: p[0] / p[1]) if parts else (0.0, 0.0)


def counts(study: "Study", limits: "Limits", running: int) -> str:
    """Trials done, to come and running."""
    total = f" of {limits.trials}" if limits.trials else ""
    done = study.history.finished
    noun = "trial" if (limits.trials or done) == 1 else "trials"
    return f"{done}{total} {noun}" + (f", {running} running" if running else "")


def rate(per_second: float) -> str:
    """Trials a second, a minute or an hour."""
    for unit, factor in (("s", 1), ("min", 60), ("h", 3600)):
        if per_second * factor >= 1:
            return f"{per_second * factor:.3g}/{unit}"
    return ""


def time_left(study: "Study", limits: "Limits", elapsed: float, per_second: float, running: int = 1) -> str:
    """Expected time to the end, "" while unknown."""
    parts = []
    left = (limits.trials or 0) - study.history.finished
    if left > 0 and per_second > 0:  # where none is left, paused ones go on: nobody knows how long
        parts.append(left / per_second)
    if limits.time:
        parts.append(max(0.0, limits.time - elapsed))
    pace = seconds_per_step(study.history) if limits.steps else None
    if limits.steps and pace is not None:
        parts.append(max(0, limits.steps - study.history.steps) * pace / max(1, running))
    return f"{duration(min(parts))} left" if parts else ""


def status(study: "Study", limits: "Limits", elapsed: float) -> str:
    """One line on where a run is."""
    best = study.history.best
    text = f"{counts(study, limits, 0)}, {duration(elapsed)}"
    failed = study.history.states[State.FAILED]
    if failed:
        text += f", {failed} failed"
    if best is not None:
        text += f", best {number(best.value)} ({which(study, best)})"
    return text


def which(study: "Study", trial: Trial) -> str:
    """Number of a trial, and how far it got where it was cut short: its value is no final one."""
    fidelity = study.history.fidelity
    if fidelity is None or trial.state is State.COMPLETE or not trial.reports:
        return f"trial {trial.number}"
    of = "" if fidelity.high is None else f" of {fidelity.high}"
    return f"trial {trial.number}, {fidelity.name} {trial.reports[-1].step}{of}"


def all_started(trials: int, elsewhere: int, waiting: int, started: int) -> str:
    """Why a run ends that may start no more trials.

    Args:
        trials: How many the study may have.
        elsewhere: How many of them run in other processes.
        waiting: How many wait beyond that number.
        started: How many it has, which a run that was given more may have left.

    Example:
        >>> all_started(4, 0, 0, 4), all_started(4, 0, 0, 9)
        ('all 4 trials are done', '9 trials are done, more than the 4 asked for')
    """
    if elsewhere > 0:
        runs = "runs in another process" if elsewhere == 1 else "run in other processes"
        return f"{all_of(trials, 'trial', 'is', 'are')} started; {elsewhere} still {runs}"
    if started > trials:
        return f"{counted(started, 'trial', 'is', 'are')} done, more than the {trials:,} asked for"
    more = f"; {waiting} enqueued, which more trials would run" if waiting else ""
    return all_of(trials, "trial", "is done", "are done") + more


def unused(
    used: AbstractSet[Use], trial: Trial, fidelity: Fidelity | None, *, is_command: bool = False
) -> str:
    """What to tell the user of an objective that does not use its trial as it should; "" for nothing.

    Args:
        used: What it used.
        trial: The trial, as it was when it was started.
        fidelity: How far trials may be trained.
        is_command: Whether it is a command instead of a function.
    """
    if fidelity is None:
        return ""
    if not used & {Use.STEPS, Use.FIDELITY, Use.REPORT}:
        calls = f"neither trial.steps() nor trial.fidelity ({fidelity.name}s), and reports nothing"
        asks = f"The objective asks {calls}"
        if is_command:
            asks = f'The command has no {{{fidelity.name}}}, and prints no lines of JSON with a "step"'
        return f"{asks}: every trial runs to its end, and none can be compared before."
    if fidelity.resumable is None and Use.STEPS in used and trial.reports and Use.FOLDER not in used:
        return (
            f"Trials go on behind the last {fidelity.name} they reported, and the objective looked for no "
            "checkpoint in trial.folder. If training starts anew each time, say so: "
            f"Fidelity({fidelity.name!r}, ..., resumable=False); if it does go on, resumable=True."
        )
    return ""


def slow_asks(method: str, trials: int, asking: float, trying: float) -> str:
    """What to tell the user, once, when choosing configs takes nearly all the time; "" for nothing.

    How much is thought about each config does not depend on the clock: the same seed gives the same study.

    Args:
        method: Name of the method.
        trials: How many have ended in this run.
        asking: Seconds that choosing configs took.
        trying: Seconds that those trials took.
    """
    if method not in THINKING or trials != CHEAP_TRIALS or asking < CHEAP * trying:
        return ""
    return (
        f"A trial takes {1e3 * trying / trials:.2g} ms, choosing its config {1e3 * asking / trials:.2g} ms. "
        'With trials as cheap as this, method="evolution" tries many more in the same time.'
    )


def why_no_best(name: str, history: History, ended: str = "") -> str:
    """Say why a study has no best trial: how many are in each state, what failed first, or why it ended."""
    states = history.states
    given = by_state(states) or "no trials at all"
    text = message(f"study {name!r} has no finished trial yet", given=given)
    if states[State.COMPLETE]:
        text = message(f"no finished trial of study {name!r} meets the constraints", given=given)
    first = next((t for t in history.trials if t.failure), None)
    if first is not None and first.failure is not None:
        text += f" Trial {first.number} failed first: {first.failure.message}"
    return f"{text} The run ended: {ended}" if ended and not len(history) else text


def nothing_but_failures(history: History, wrong: str, fix: str) -> str:
    """Message of an error for a run whose trials all failed, with the first traceback.

    Args:
        history: What was run; one trial at least has failed.
        wrong: How many they are.
        fix: What to do.
    """
    first = next(t for t in history.trials if t.failure is not None)
    assert first.failure is not None
    cause = f"Trial {first.number}, config {bounded(repr(first.config))}: {first.failure.message}"
    return f"{message(wrong, fix=fix)} {cause}\n{first.failure.traceback}".rstrip()


def failures(study: "Study") -> list[str]:
    """Failed trials grouped by cause, most frequent first, with one trial to look at.

    Messages that differ only in numbers and options have the same cause; the first is shown as it is.
    """
    failed = study.history.states[State.FAILED]
    if not failed:
        return []
    known = _known_failures.get(study)
    if known is None or known[0] != failed:  # a failed trial stays as it is, and a display asks many times
        known = _known_failures[study] = (failed, _group_failures(study))
    return list(known[1])


def _group_failures(study: "Study") -> list[str]:
    groups = causes(study.history)
    lines = [
        f"{len(cause.numbers)} failed ({cause.kind.value}): {cause.message} (trial {cause.numbers[0]})"
        for cause in groups[:SHOWN_CAUSES]
    ]
    rest = sum(len(cause.numbers) for cause in groups[SHOWN_CAUSES:])
    return lines + ([f"{rest} failed for other reasons"] if rest else [])


def closing(study: "Study", reason: str) -> list[str]:
    """Last lines of a run: why it ended, what is best, what failed, and how to go on."""
    history = study.history
    ended = [s for s in (State.PAUSED, State.STOPPED) if history.states[s]]
    states = ", ".join(f"{history.states[s]} {s.value}" for s in (State.COMPLETE, *ended, State.FAILED))
    lines = [f"Ended: {reason.removesuffix('.')}. {states}."]
    best = history.best
    if best is not None:
        lines.append(f"Best: {number(best.value)} ({which(study, best)}): {config(study.space, best.config)}")
    else:
        lines.append("Best: no trial is complete yet.")
    lines += failures(study)
    if reason == "interrupted":
        if study.store.is_lasting:
            lines.append(
                f"Nothing is lost: run the same again to go on (study {study.name!r} in {study.store.url})."
            )
        else:
            lines.append('This study lives in memory only; give store="tune.db" to be able to go on later.')
    return lines
