"""Where trials fail and hardly any has worked: a foothold, which a model of the loss can start from.

While nothing has worked, the search looks far from all that was tried, every other time at ends of ranges,
too: memory and divergence leave the smallest values, and those are what draws from the inside never hit.

Once something has worked, the next config is far from all that was tried and yet nearer to what worked than
to what failed. Distances alone say which, so the steps shrink by themselves while they fail, however small
the region is:

    score = log min(s, f) + `NEARNESS` log(f / (f + s))

with s and f the distances to the nearest config that worked and to the nearest that did not. On the line from
one to the other it is highest at a quarter of the way.

What is not here: the chance to fail where there is a model of the loss (`tunesmith.learning.failures`).
"""

# ruff: noqa: N803, N806 - symbols of the notation in `tunesmith.learning.encoding`

import numpy as np
from scipy.spatial import cKDTree

from tunesmith.learning.observed import Observed, Status
from tunesmith.learning.scales import Floats
from tunesmith.methods.candidates import Candidates, draw_positions
from tunesmith.space import Space

OTHERS = (Status.FAILED, Status.OPEN, Status.SILENT)  # which have not worked, or not yet
NEARNESS = 3.0
INSIDE, AT_ENDS = 4, 16  # draws of which the most remote is taken
TO_AN_END = 0.5  # chance that a number of the latter is at an end of its range


def look_for_foothold(seen: Observed, space: Space, rng: np.random.Generator) -> tuple[Floats, str]:
    """Candidates where there are failures and no model, best first, and why.

    Args:
        seen: What is known; one trial has failed at least.
        space: The space, for its constraints.
        rng: Generator.

    Returns:
        Positions (m, d); some of them may have been tried or be forbidden.
    """
    encoding = seen.encoding
    if rng.random() < 0.5:
        U = draw_positions(encoding, rng, INSIDE)
    else:
        U = _at_ends(seen, draw_positions(encoding, rng, AT_ENDS), rng)
    worked = seen.numbers(Status.FINITE)
    if not len(worked):
        score, why = _gaps(seen, encoding.encode(U), *OTHERS), "far from all others, as none has worked"
    else:
        best = seen.U[worked[np.argsort(seen.loss[worked], kind="stable")]]
        U = np.concatenate([U, Candidates(space, encoding, best, rng).pool()])
        score, why = _nearness(seen, encoding.encode(U)), "near what has worked, away from what failed"
    return U[np.argsort(-score, kind="stable")], why


def _nearness(seen: Observed, Z: Floats) -> Floats:
    """The score of encoded configs (m, p), (m,), see the top of this file; -inf for those that were tried."""
    s, f = _gaps(seen, Z, Status.FINITE), _gaps(seen, Z, Status.FAILED)
    with np.errstate(divide="ignore", invalid="ignore"):
        score = np.log(np.minimum(s, _gaps(seen, Z, *OTHERS))) + NEARNESS * np.log(f / (f + s))
    return np.where(np.isnan(score), -np.inf, score)


def _at_ends(seen: Observed, U: Floats, rng: np.random.Generator) -> Floats:
    """Move some numbers of each config to the nearer end."""
    encoding = seen.encoding
    is_moved = (encoding.is_endless | encoding.is_ordered) & (rng.random(U.shape) < TO_AN_END)
    return encoding.settle(np.where(is_moved & encoding.active(U), np.rint(U), U))[0]


def _gaps(seen: Observed, Z: Floats, *statuses: Status) -> Floats:
    """Distance of each encoded config (m, p) from the nearest trial of some status, (m,); inf for none."""
    numbers = seen.numbers(*statuses)
    if not len(numbers):
        return np.full(len(Z), np.inf)
    return np.asarray(cKDTree(seen.Z[numbers]).query(Z)[0])
