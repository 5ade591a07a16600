"""Is it worth going on? What more trials would bring, how likely, and how long they would take.

The search is played on from where it stands, on functions drawn from the model's posterior (`rollout`):
hyperparameters are drawn too, and both views of the losses are taken, so that the answer knows how little is
known. Such a forecast is too hopeful: a drawn function has dips that real ones have not, and real ones have a
floor. So every gain is multiplied by a draw of what gains are off by, and a share of them is none at all:

    gain = KEPT exp(OFF N) min(gain played, 3 s) + SMALL s exp(1.5 N'),  s = middle result - best result

with N, N' standard normal; and losses that never were below 0 are taken to stay there. Each improvement
counts as real when a random share of it is more than the noise. The numbers were fitted to the tasks of
`benchmarks/forecast.py`, which shows with other seeds what came true; no command repeats the fit.

A gain counts as real when it is more than the noise: one standard deviation of a single result, or, where
there is none, a hundredth of the distance between the best and the middle result.

What is not here: ending a run for it (`stopping`).

References:
    [Makarova2022] A. Makarova and others, Automatic Termination for Hyperparameter Optimization, 2022: an
        improvement smaller than the noise of the estimate is none.
"""

# ruff: noqa: N806 - symbols of the notation in `learning.encoding`

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from tunesmith import wording
from tunesmith.analysis.rollout import Rollouts, play_on
from tunesmith.errors import OptionError, message
from tunesmith.history import History
from tunesmith.learning.draws import draw_models
from tunesmith.learning.failures import learn_failures
from tunesmith.learning.loss_model import LEAST, VIEWS, LossModel
from tunesmith.learning.observed import Observed, Status
from tunesmith.learning.scales import Floats
from tunesmith.methods.candidates import Candidates, draw_positions, meets_constraints
from tunesmith.seeds import generator
from tunesmith.space.labels import plain
from tunesmith.surrogate.paths import draw_paths
from tunesmith.threads import one_thread

TRIALS = (10, 20, 50)
MODELS, SEARCHES = 4, 8  # models of each view, searches for each model
POOL = 1024  # configs among which candidates are chosen; as many evenly drawn, and moved from the best
DRAWN, LOWEST, ANY, KNOWN = (
    64,
    64,
    48,
    10,
)  # candidates: lowest of a drawn function, lowest bound, others, tried
ENDS = (0.1, 0.9)  # of the interval, which holds the best value with 80 % probability
KEPT, OFF, NONE, SMALL = 0.2, 1.8, 0.12, 0.003  # see above; NONE: share of searches that gain nothing
MOST, SMALL_OFF = 3.0, 1.5
AGAIN = 8  # draws of N for each search
LEAST_GAIN = 0.01  # of the distance from the best to the middle result: less is no gain
WORTH = 0.1  # chance of a real gain below which going on is not worth it
RECENT = 20  # finished trials whose times are taken


@dataclass(frozen=True, slots=True)
class Outlook:
    """What so many more trials would bring.

    Args:
        trials: How many more.
        value: Best value that `study.best` is then expected to show, the middle of all that may come.
        low: Lower end of the interval that holds it with 80 % probability.
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
    losses = seen.loss[seen.numbers(Status.FINITE)]
    rng = generator(0, seen.n, "forecast")
    models = [model for view in VIEWS for model in draw_models(seen, view, MODELS, rng)]
    pace = seconds_a_trial(history)
    if not models:
        return _unknown(history, loss, steps, pace, len(losses))
    least = LEAST_GAIN * float(np.median(losses) - loss)
    left = _left(history)
    played = [_play(history, seen, model, loss, min(steps[-1], max(left, 1)), least, rng) for model in models]
    told = np.concatenate([p.told for p in played])
    real = np.concatenate([p.real for p in played])
    gains = _humbled(np.maximum(loss - told, 0.0), float(np.median(losses)) - loss, rng)
    if losses.min() >= 0.0:
        gains = np.minimum(gains, loss)
    noise = float(np.median([p.noise for p in played]))
    outlooks = tuple(
        _outlook(history.sign, loss, gains, real, m, None if pace is None else m * pace) if left else
        _nothing(history.sign, loss, m)
        for m in steps
    )  # fmt: skip
    return _answer(history, loss, noise, outlooks, _note(left, steps[-1], len(losses), seen))


@dataclass(frozen=True, slots=True, eq=False)
class _Played:
    """Rollouts of one model in units of the loss: best told (S, T), whether really better (S, T), noise."""

    told: Floats
    real: Floats
    noise: float


def _play(
    history: History,
    seen: Observed,
    model: LossModel,
    loss: float,
    trials: int,
    least: float,
    rng: np.random.Generator,
) -> _Played:
    U, known = _candidates(history, seen, model, rng)
    Z = seen.encoding.encode(U)
    mean, covariance = model.gp.predict_joint(Z)
    failing = learn_failures(seen, model.gp.kernel.lengthscales)
    success = np.ones(len(Z)) if failing is None else np.exp(failing.log_success(Z)[0])
    played: Rollouts = play_on(mean, covariance, model.noise, success, trials, SEARCHES, rng, known=known)
    back = model.transform.inverse
    z = float(model.transform(np.array([loss]))[0])
    spread = math.sqrt(model.noise)
    noise = max(least, float(np.diff(back(np.array([z - 0.5 * spread, z + 0.5 * spread])))[0]))
    told = np.minimum(loss, np.where(np.isfinite(played.told), back(np.minimum(played.told, 1e3)), np.inf))
    found = np.where(np.isfinite(played.found), back(np.minimum(played.found, 1e3)), np.inf)
    better = back(played.incumbent)[:, None] - found
    share = rng.permutation((np.arange(SEARCHES) + 0.5) / SEARCHES)
    return _Played(told, (better * share[:, None] > noise).astype(np.float64), noise)


def _candidates(
    history: History, seen: Observed, model: LossModel, rng: np.random.Generator
) -> tuple[Floats, int]:
    """Positions of candidates, the best tried ones first; and how many those are."""
    encoding, space = seen.encoding, history.space
    tried = model.numbers[np.argsort(model.z, kind="stable")]
    best = history.best
    assert best is not None
    tried = np.concatenate([[best.number], tried[tried != best.number]])[:KNOWN]
    known = seen.U[tried]
    even = draw_positions(encoding, rng, POOL)
    even = even[meets_constraints(space, encoding, even)]
    pool = np.concatenate([Candidates(space, encoding, known, rng).pool(POOL), even])
    keys = encoding.keys(pool)
    fresh = {key: k for k, key in enumerate(keys) if key not in seen.seen}
    pool = pool[sorted(fresh.values())]
    if not len(pool):
        return known, len(known)
    Z = encoding.encode(pool)
    lowest = draw_paths(model.gp, DRAWN, rng)(Z).argmin(axis=0)
    mean, variance = model.gp.predict(Z)
    bound = np.argsort(mean - np.sqrt(variance), kind="stable")[:LOWEST]
    other = rng.integers(len(pool), size=ANY)
    chosen = np.unique(np.concatenate([lowest, bound, other]))
    return np.concatenate([known, pool[chosen]]), len(known)


def _left(history: History) -> int:
    """Number of configs that have not been tried; many when there is no end of them."""
    size = history.space.size
    return 10**9 if size is None else max(0, size - history.distinct)


def _outlook(
    sign: float, loss: float, gains: Floats, real: Floats, trials: int, seconds: float | None
) -> Outlook:
    at = min(trials, gains.shape[1]) - 1
    low, middle, high = np.quantile(gains[:, at], [ENDS[0], 0.5, ENDS[1]])
    ends = sorted((sign * (loss - low), sign * (loss - high)))
    chance = float(real[:, : at + 1].max(axis=1).mean())
    return Outlook(
        trials,
        sign * (loss - float(middle)),
        float(ends[0]),
        float(ends[1]),
        float(gains[:, at].mean()),
        chance,
        seconds,
    )


def _humbled(gains: Floats, spread: float, rng: np.random.Generator) -> Floats:
    """Gains that were played (S, T) as they come true, shape (AGAIN S, T); see the top of this file."""
    gains = np.repeat(np.minimum(gains, MOST * spread), AGAIN, axis=0)
    n = len(gains)
    even = (np.arange(n) + 0.5) / n
    off, small = (np.exp(by * ndtri(rng.permutation(even))) for by in (OFF, SMALL_OFF))
    come = (rng.permutation(even) >= NONE)[:, None]
    return come * (KEPT * off[:, None] * gains + SMALL * spread * small[:, None])


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


def _note(left: int, trials: int, results: int, seen: Observed) -> str:
    if not left:
        return "Every config has been tried."
    if left < trials:
        return f"Only {wording.counted(left, 'config', 'has', 'have')} not been tried."
    if results < 2 * len(seen.encoding.owners):
        few = wording.counted(results, "result", "is", "are")
        parameters = wording.counted(len(seen.encoding.owners), "parameter")
        return f"{few} few for {parameters}: the forecast is rough."
    open_ = seen.status == Status.OPEN
    running = int(np.count_nonzero(open_))
    if not running:
        return ""
    said = ("is under way and has no part in this.", "are under way and have no part in this.")
    return wording.counted(running, "trial", *said)
