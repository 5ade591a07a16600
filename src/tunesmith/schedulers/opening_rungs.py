"""How many rungs are open where the largest step is unknown: one more as long as the best change places.

Source: Bohdal et al. 2023, PASHA: efficient HPO and NAS with progressive resource allocation, ICLR,
algorithm 1 and section 4.1 (soft ranking, with the noise read from curves that cross back and forth).
"""

from itertools import pairwise

import numpy as np

from tunesmith.history import History
from tunesmith.schedulers.standings import Standings

NOISE_QUANTILE = 0.9  # of the distances between curves that cross back and forth (section 4.1)
COMPARED = 20  # best trials of a rung whose curves are compared for noise; their pairs are 190


def open_rungs(history: History, standings: Standings) -> int:
    """Position of the last rung that trials go to, 1 or more.

    A rung that a result has come to stays open, so that the answer never falls when results come in.
    """
    top = 1
    while top < len(standings.steps) - 1 and standings.places[top + 1]:
        top += 1
    if top < len(standings.steps) - 1 and not _is_stable(history, standings, top):
        top += 1
    return top


def _is_stable(history: History, standings: Standings, top: int) -> bool:
    """Whether the two last rungs agree on the order of the trials that are at both.

    That changes only when another trial comes there, so it is looked at once for each.
    """
    known, count = standings.kept.get("stable"), (top, len(standings.places[top]))
    if known is None or known[0] != count:
        known = standings.kept["stable"] = (count, _agree(history, standings, top))
    return known[1]


def _agree(history: History, standings: Standings, top: int) -> bool:
    after = [number for loss, number in standings.places[top] if np.isfinite(loss)]
    if len(after) < 2:
        return True
    loss = {number: standings.loss(number, top - 1) for number in after}
    before = sorted(after, key=lambda n: (loss[n], n))
    noise = _noise(history, after[:COMPARED], standings.steps[top])
    return all(abs(loss[a] - loss[b]) <= noise for a, b in zip(after, before, strict=True))


def _noise(history: History, numbers: list[int], until: int) -> float:
    """Distance between losses that means nothing: that of curves which change order more than once."""
    distances: list[float] = []
    curves = {n: history.curve(n) for n in numbers}
    for k, a in enumerate(numbers):
        for b in numbers[k + 1 :]:
            (steps_a, loss_a), (steps_b, loss_b) = curves[a], curves[b]
            _, at_a, at_b = np.intersect1d(steps_a, steps_b, return_indices=True)
            apart = (loss_a[at_a] - loss_b[at_b])[steps_a[at_a] <= until]
            apart = apart[np.isfinite(apart) & (apart != 0.0)]
            turns = [i for i, (x, y) in enumerate(pairwise(np.sign(apart))) if x != y]
            if len(turns) > 1:
                distances += np.abs(apart[turns[0] + 1 : turns[-1] + 1]).tolist()
    return float(np.quantile(distances, NOISE_QUANTILE)) if distances else 0.0
