"""Racing: a trial is stopped when its parts so far say that it will not beat the best trial.

For fidelities whose steps are parts of the whole, the same for every trial, with the mean over the parts so
far as report: folds of a cross-validation, tasks, seeds. Trials are compared part by part, which takes out
what makes a part easy or hard for all of them.

    k, n          parts done, parts there are
    d_1, ..., d_k   differences in loss to the best complete trial; positive is worse
    m, s          their mean and standard deviation

Over all n parts the mean difference is m, give or take s √((n - k) / (n k)): the standard error with finite
population correction, of which the parts done are known and only the others are uncertain. A trial is stopped
when Student's t with k - 1 degrees of freedom gives it less than a chance of `chance` to come out ahead.

Sources: Maron and Moore 1994, Hoeffding races, NIPS 6, section 2 (racing); Cochran 1977, Sampling techniques,
equation 2.20 (the correction).
"""

import math
from typing import Any

import numpy as np

from tunesmith.errors import OptionError, message
from tunesmith.fidelity import Fidelity
from tunesmith.history import History
from tunesmith.schedulers.base import Action, Decision, Next, Propose, Resume, Start
from tunesmith.trial import State, Trial
from tunesmith.wording import percent

LEAST = 2  # parts before anything can be said about how much they differ


class Racing:
    """Stops trials that will hardly beat the best one.

    Args:
        chance: Chance of beating the best one below which a trial is stopped, above 0 and below 0.5.
    """

    name = "racing"

    def __init__(self, chance: float = 0.05) -> None:
        if isinstance(chance, bool) or not isinstance(chance, (int, float)) or not 0 < chance < 0.5:
            raise OptionError(message("chance must be above 0 and below 0.5", given=repr(chance)))
        self.chance = float(chance)

    @property
    def settings(self) -> dict[str, Any]:
        """The chance."""
        return {"chance": self.chance}

    def plan(self, fidelity: Fidelity) -> str | None:
        """Say when trials are stopped.

        Raises:
            OptionError: Nobody knows how many parts there are.
        """
        if fidelity.high is None:
            wrong = f"scheduler 'racing' has to know the largest number of {fidelity.name}s"
            fix = f'Say ts.Fidelity("{fidelity.name}", {fidelity.low}, 10), or use asha.'
            raise OptionError(message(wrong, fix=fix))
        if fidelity.high <= LEAST:
            return None
        return (
            f"A trial is stopped as soon as its {fidelity.name}s give it a chance of less than "
            f"{percent(self.chance)} to beat the best one."
        )

    def next(self, history: History, propose: Propose) -> Next:
        """Start a trial; first go on with those that had to end their call at a step."""
        if history.states[State.PAUSED]:
            first = next(t.number for t in history.trials if t.state is State.PAUSED)
            return Resume(first, "goes on: it may still beat the best one")
        return None if propose() is None else Start()

    def target(self, history: History, trial: Trial) -> int | None:
        """The next step, and not below the fidelity's low or two parts."""
        fidelity = history.fidelity
        assert fidelity is not None
        assert fidelity.high is not None
        step = max(trial.last_step + 1, fidelity.low, LEAST)
        return step if step < fidelity.high else None

    def after_report(self, history: History, trial: Trial) -> Decision:
        """Stop it if it will hardly beat the best complete trial."""
        fidelity, best = history.fidelity, history.best
        assert fidelity is not None
        assert fidelity.high is not None
        step = trial.last_step
        if best is None or best.state is not State.COMPLETE:
            return Decision()
        behind = _differences(history, trial, best)
        chance = chance_to_win(behind, fidelity.high)
        if chance >= self.chance:
            return Decision()
        return Decision(
            Action.STOP,
            f"stopped at {fidelity.name} {step}: on average {np.mean(behind):.4g} worse than trial "
            f"{best.number}, a chance of {percent(chance)} to beat it",
        )


def _differences(history: History, trial: Trial, best: Trial) -> list[float]:
    """Difference in loss to the best trial, part by part, over the parts that both have reported."""
    totals = [
        {r.step: r.step * history.sign * r.value for r in t.reports if math.isfinite(r.value)}
        for t in (trial, best)
    ]
    behind, before, last = [], 0.0, 0
    for step in sorted(totals[0].keys() & totals[1].keys()):
        total = totals[0][step] - totals[1][step]
        behind.append((total - before) / (step - last))  # several parts in one report count as one
        before, last = total, step
    return behind


def chance_to_win(behind: list[float], parts: int) -> float:
    """Chance that a trial beats another over all parts.

    Args:
        behind: How much worse it was, by part done.
        parts: How many parts there are.

    Example:
        >>> round(chance_to_win([1.0, 2.0], 4), 3), chance_to_win([-1.0, -2.0], 4) > 0.5
        (0.074, True)
        >>> chance_to_win([1.0], 4), chance_to_win([1.0, 1.0], 4)
        (1.0, 0.0)
    """
    count = len(behind)
    if count < LEAST or count >= parts:
        return 1.0
    from scipy.special import stdtr  # loads scipy, which is not needed before

    mean = float(np.mean(behind))
    error = float(np.std(behind, ddof=1)) * math.sqrt((parts - count) / (parts * count))
    if error == 0:
        return 0.0 if mean > 0 else 1.0
    return float(stdtr(count - 1, -mean / error))
