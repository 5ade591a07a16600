"""Is it worth going on? What more trials would bring, how likely, and how long they would take.

Gains are drawn from what a model of the losses expects of the search played on, and from how the search
itself has fared so far (`gains`). An interval begins at the best value now, which a search never loses, and
ends at the gain that is not exceeded with 80 % probability. `python benchmarks/forecast.py` shows what came
true.

A gain counts as real when it is more than the noise: one standard deviation of a single result, or, where
there is none, a hundredth of the distance between the best and the middle result.

What is not here: how gains are drawn (`gains`), and ending a run for it (`stopping`).

References:
    [Makarova2022] A. Makarova and others, Automatic Termination for Hyperparameter Optimization, 2022: an
        improvement smaller than the noise of the estimate is none.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from tunesmith import wording
from tunesmith.analysis.gains import configs_left, draw_gains, prospect
from tunesmith.errors import OptionError, message
from tunesmith.history import History
from tunesmith.learning.loss_model import LEAST
from tunesmith.learning.observed import Observed, Status
from tunesmith.learning.scales import Floats
from tunesmith.seeds import generator
from tunesmith.space.labels import plain
from tunesmith.threads import one_thread

TRIALS = (10, 20, 50)
HELD = 0.8  # probability with which an interval holds the best value
WORTH = 0.2  # chance of a real gain below which going on is not worth it
RECENT = 20  # finished trials whose times are taken


@dataclass(frozen=True, slots=True)
class Outlook:
    """What so many more trials would bring.

    Args:
        trials: How many more.
        value: Best value that `study.best` is then expected to show, the middle of all that may come.
        low: Lower end of the interval that holds it with 80 % probability; one end is the best value now.
        high: Upper end.
        gain: By how much the best value is expected to get better, on average, 0 or more.
        chance: Chance that a config is found that is better than the best one by more than the noise.
        seconds: Expected wall time at the pace of the last trials; None when no times are known.
    """

    trials: int
    value: float
    low: float
    high: float
    gain: float
    chance: float
    seconds: float | None


@dataclass(frozen=True, slots=True)
class Forecast:
    """What more trials would bring, and whether they are worth it.

    Args:
        best: Best value now.
        noise: What a gain has to exceed to be real, in units of the value.
        outlooks: By number of trials, rising.
        is_worth_it: Whether the longest outlook has a real chance of a real gain.
        sentence: The answer in words.
        note: What to know before using it; empty when there is nothing.
    """

    best: float
    noise: float
    outlooks: tuple[Outlook, ...]
    is_worth_it: bool
    sentence: str
    note: str = ""

    def __str__(self) -> str:
        """The answer in words, with the note."""
        return f"{self.sentence} {self.note}".strip()


@one_thread()
def forecast(history: History, trials: Sequence[int] = TRIALS) -> Forecast | None:
    """Say what more trials would bring.

    Args:
        history: The trials.
        trials: Numbers of further trials, each 1 to 200.

    Returns:
        The forecast; None when there is no finished trial that meets the constraints.

    Raises:
        OptionError: A number of trials is not allowed.
    """
    listed = [plain(m) for m in trials] if isinstance(trials, Iterable) else []
    if not listed or not all(type(m) is int and 1 <= m <= 200 for m in listed):
        wrong = "trials must be a list of whole numbers from 1 to 200"
        raise OptionError(message(wrong, given=repr(trials), fix="For example forecast([10, 20, 50])."))
    steps = sorted(set(listed))
    best = history.best
    if best is None:
        return None
    seen = Observed(history)
    seen.update(history)
    loss = float(seen.loss[best.number])
    results = len(seen.numbers(Status.FINITE))
    rng = generator(0, seen.n, "forecast")
    known = prospect(history, seen, steps, rng)
    pace = seconds_a_trial(history)
    if known is None:
        return _unknown(history, loss, steps, pace, results)
    left = configs_left(history)
    gains, real = draw_gains(known, rng)
    outlooks = tuple(
        _outlook(loss, history.sign, gains[:, k], float(real[:, k].mean()), m, pace) if left else
        _nothing(history.sign, loss, m)
        for k, m in enumerate(steps)
    )  # fmt: skip
    noise = float(np.median(known.noise))
    return _answer(history, loss, noise, outlooks, _note(history, left, steps[-1], seen))


def _outlook(
    loss: float, sign: float, gains: Floats, chance: float, trials: int, pace: float | None
) -> Outlook:
    middle, most = np.quantile(gains, [0.5, HELD])
    value, end = sign * (loss - float(middle)), sign * (loss - float(most))
    ends = sorted((sign * loss, end))
    seconds = None if pace is None else trials * pace
    return Outlook(trials, value, ends[0], ends[1], float(gains.mean()), chance, seconds)


def _nothing(sign: float, loss: float, trials: int) -> Outlook:
    value = sign * loss
    return Outlook(trials, value, value, value, 0.0, 0.0, 0.0)


def seconds_a_trial(history: History) -> float | None:
    """Wall time that a trial has cost lately, several at once counted as such; None when not known."""
    timed = [t for t in history.trials if t.seconds is not None and t.started and t.finished]
    timed = sorted(timed, key=lambda t: t.finished or 0.0)[-RECENT:]
    if not timed:
        return None
    busy = sum(t.seconds or 0.0 for t in timed)
    # Moments when none ran, such as a night between two runs, are not counted.
    span, until = 0.0, -math.inf
    for begun, ended in sorted((t.started or 0.0, t.finished or 0.0) for t in timed):
        span += max(0.0, ended - max(begun, until))
        until = max(until, ended)
    return min(busy, span) / len(timed)


def _unknown(
    history: History, loss: float, steps: Sequence[int], pace: float | None, results: int
) -> Forecast:
    """Before there is a model: only the order of results is known, and each new one may be the best."""
    value = history.sign * loss
    equal = results >= LEAST
    outlooks = tuple(
        Outlook(m, value, value, value, 0.0, 1.0 / (results + 1) if equal else m / (results + m),
                None if pace is None else m * pace)
        for m in steps
    )  # fmt: skip
    note = (
        f"All {results} results are equal: nothing shows what could be better."
        if equal
        else f"{wording.counted(results, 'result', 'is', 'are')} too few for a model ({LEAST}): "
        "the value cannot be forecast yet."
    )
    return _answer(history, loss, 0.0, outlooks, note)


def _answer(
    history: History, loss: float, noise: float, outlooks: tuple[Outlook, ...], note: str
) -> Forecast:
    last = outlooks[-1]
    worth = last.chance >= WORTH
    time = "" if not last.seconds else f" (about {wording.duration(last.seconds)})"
    has = "has" if last.trials == 1 else "have"
    beyond = f" by more than the noise ({noise:.2g})" if noise > 0.0 else ""
    now, low, high = (wording.number(v) for v in (history.sign * loss, last.low, last.high))
    then = "" if low == high == now else f", then {wording.number(last.value)} [{low}, {high}]"
    sentence = (
        f"{wording.counted(last.trials, 'more trial')}{time} {has} a {100 * last.chance:.0f} % chance "
        f"to beat the best{beyond}; the best value is now {now}{then}: "
        + ("worth going on." if worth else "not worth going on.")
    )
    return Forecast(history.sign * loss, noise, outlooks, worth, sentence, note)


def _note(history: History, left: int, trials: int, seen: Observed) -> str:
    if not left:
        return "Every config has been tried."
    if left < trials:
        return f"Only {wording.counted(left, 'config', 'has', 'have')} not been tried."
    results = len(seen.numbers(Status.FINITE))
    if results < 2 * len(seen.encoding.owners):
        few = wording.counted(results, "result", "is", "are")
        parameters = wording.counted(len(seen.encoding.owners), "parameter")
        return f"{few} few for {parameters}: the forecast is rough."
    said = ("is not finished and has no part in this.", "are not finished and have no part in this.")
    running = int(np.count_nonzero(seen.status == Status.OPEN))
    unfinished = wording.counted(running, "trial", *said) if running else ""
    return f"{unfinished} {wording.guessed(history)}".strip()
