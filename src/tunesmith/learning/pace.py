"""How long a step of the fidelity takes, learnt from the times of reports.

Schedulers weigh a gain against it, displays tell the time that is left. What is not here: how long a whole
trial takes, which is `Trial.seconds`.
"""

from itertools import pairwise
from statistics import median

from tunesmith.history import History
from tunesmith.trial import Trial

LOOKED_AT = 30  # newest trials with reports that are asked


def step_seconds(trial: Trial) -> list[float]:
    """Seconds that each step of a trial took, as far as its reports tell; clocks start anew each attempt.

    Example:
        >>> from tunesmith.trial import Report
        >>> reports = (Report(1, 0.9, 2.0), Report(3, 0.8, 4.0), Report(4, 0.7, 1.5))
        >>> step_seconds(Trial(0, {}, reports=reports))
        [2.0, 1.0, 1.5]
    """
    if not trial.reports:
        return []
    first = trial.reports[0]
    found = [first.time / first.step]
    for before, after in pairwise(trial.reports):
        began = before.time if after.time >= before.time else 0.0
        found.append((after.time - began) / (after.step - before.step))
    return found


def seconds_per_step(history: History) -> float | None:
    """Median wall time of a step in seconds, of the newest trials; None before the first report.

    Steps of different configs may take different times: see `step_seconds` for those of one.
    """
    found: list[float] = []
    looked = 0
    for number in range(len(history) - 1, -1, -1):
        if history[number].reports:
            found.append(median(step_seconds(history[number])))
            looked += 1
            if looked == LOOKED_AT:
                break
    return median(found) if found else None
