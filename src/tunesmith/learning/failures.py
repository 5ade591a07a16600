"""Where trials fail: the chance to fail, by region and by branch, one vote for each kind of failure.

What is not here: what a method makes of it (`tunesmith.methods.judging`), and the arithmetic
(`tunesmith.surrogate.feasibility`).
"""

# ruff: noqa: N803, N806 - symbols of the notation in `encoding`

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy.spatial import cKDTree

from tunesmith.learning.encoding import Encoding
from tunesmith.learning.observed import KINDS, Observed, Status
from tunesmith.learning.scales import Bools, Floats, Ints
from tunesmith.surrogate.feasibility import EXPLORING_BUDGET, Feasibility, fit_feasibility, risk_limit
from tunesmith.surrogate.posterior import Priors

NEARER = 4.0  # times nearer to what worked than to what failed: safe enough where all else is not


@dataclass(frozen=True, eq=False)
class Failing:
    """The chance to fail, all kinds of failure together.

    Args:
        votes: One vote for each kind of failure that has occurred.
        chance: Log of the chance not to fail by the kinds that may happen to any config.
        limit: Largest chance of the others that the next config may have.
        bold_limit: The same for an ask to which a failure is worth its trial.
        branch_codes: Known codes of branches, rising, see `Encoding.branch_codes`.
        encoding: Layout of the space.
        worked: Encoded configs that worked.
        failed: Those that failed.
    """

    votes: list[Feasibility]
    chance: float
    limit: float
    bold_limit: float
    branch_codes: Floats
    encoding: Encoding
    worked: Floats
    failed: Floats

    def log_success(self, Z: Floats) -> tuple[Floats, Floats]:
        """Log of the chance not to fail (m,) and its gradient (m, p)."""
        total, gradient = np.zeros(len(Z)), np.zeros(Z.shape)
        branches = find_branches(self.encoding, Z, self.branch_codes)
        for vote in self.votes:
            value, slope = vote.log_success(Z, branches)
            total += value
            gradient += slope
        return total, gradient

    def is_within(self, log_success: Floats) -> Bools:
        """Whether each chance is within the limit."""
        within: Bools = log_success - self.chance >= np.log1p(-self.limit)
        return within

    def is_allowed(self, Z: Floats, log_success: Floats) -> Bools:
        """The same; where no config is within the limit, those that are much nearer to what worked.

        Votes are too wide where few have worked: they call a good config unsafe, and safe only a place where
        several bad ones are.
        """
        within = self.is_within(log_success)
        if within.any() or not len(self.worked):
            return within
        worked, failed = (tree.query(Z)[0] for tree in self._trees)
        return np.asarray(NEARER * worked <= failed)

    @cached_property
    def _trees(self) -> tuple[cKDTree, cKDTree]:
        return cKDTree(self.worked), cKDTree(self.failed)

    def bolder(self) -> "Failing":
        """The same for an ask to which a failure is worth its trial."""
        return replace(self, limit=self.bold_limit)


def find_branches(encoding: Encoding, Z: Floats, known: Floats) -> Ints:
    """Position of each config's branch among known ones; -1 for another."""
    codes = encoding.branch_codes(Z)
    at = np.minimum(np.searchsorted(known, codes), len(known) - 1)
    return np.where(known[at] == codes, at, -1).astype(np.int64)


def learn_failures(seen: Observed, lengthscales: Floats | None) -> Failing | None:
    """Learn where trials fail; None when none has.

    Args:
        seen: What is known.
        lengthscales: ℓ by parameter, shape (G,), of the loss's model; None for those of its prior.
    """
    failed = seen.numbers(Status.FAILED)
    if not len(failed):
        return None
    encoding = seen.encoding
    fine = seen.numbers(Status.FINITE)
    if lengthscales is None:
        G = len(encoding.owners)
        lengthscales = np.full(G, Priors().length_centre * np.sqrt(max(1, G)))
    codes = np.unique(encoding.branch_codes(seen.Z[np.concatenate([fine, failed])]))
    votes, chance, counted = [], 0.0, np.zeros(seen.n, dtype=bool)
    for kind in range(len(KINDS)):
        its = failed[seen.kinds[failed] == kind]
        if not len(its):
            continue
        numbers = np.sort(np.concatenate([fine, its]))
        Z = seen.Z[numbers]
        vote = fit_feasibility(
            Z,
            np.isin(numbers, its).astype(np.float64),
            lengthscales[encoding.groups],
            groups=encoding.groups,
            branches=find_branches(encoding, Z, codes),
        )
        votes.append(vote)
        chance += np.log1p(-vote.unavoidable)
        counted[its] = not vote.is_chance
    outcomes = counted[counted | (seen.status == Status.FINITE)].tolist()
    limit, bold = risk_limit(outcomes), risk_limit(outcomes, EXPLORING_BUDGET)
    return Failing(votes, float(chance), limit, bold, codes, encoding, seen.Z[fine], seen.Z[failed])
