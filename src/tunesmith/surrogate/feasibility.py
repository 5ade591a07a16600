"""Probability of failure by a kernel vote of finished and failed configs, and by a straight border.

| symbol | meaning | shape |
|---|---|---|
| Z | encoded configs that finished or failed | (n, p) |
| f | 1 where the config failed, else 0 | (n,) |
| k | Matérn-5/2 correlation, ℓ of the loss's model times s | (m, n) |
| q | rate of failure in the branch of a config | (m,) |
| N | strength of that prior, in votes | scalar |
| b | probability by the straight border (`border`) | (m,) |
| c | its share, by how much better it tells each outcome from all others | scalar |

The probability is (1 - c) p(x) + c b(x), where p is that of the votes:

p(x) = (N q(x) + Σ_i k_i f_i) / (N + Σ_i k_i) with q = (1/2 + failures) / (5 + trials) of the branch: a
config far from all others fails as often as its branch does. The reach s of a vote is chosen by
leave-one-out likelihood: near a sharp border the best reach shrinks as trials gather there, so the search
can close in on the border. Parameters that failures do not depend on are left out by the same likelihood: all
of them, while it does not show that failures are more than chance.

What is not here: what a failure costs, which the method decides.

References:
    [Yao2018] Y. Yao and others, Using stacking to average Bayesian predictive distributions, 2018:
    pseudo weights of models, by the likelihood of what is left out.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from tunesmith.surrogate.border import Border, fit_border
from tunesmith.surrogate.kernels import FloatArray, IntArray, matern, squared_distances

PRIOR_FAILURES, PRIOR_TRIALS = 0.5, 5.0  # Beta(0.5, 4.5): one in ten before anything is known
REACHES = (1.0, 0.5, 0.25, 0.12, 0.06, 0.03)  # s, of the lengthscales
STRENGTH = 0.3  # N
WATCHED = 20  # newest trials whose failures say how cautious the search is
FAILURE_BUDGET = 0.1  # share of these that may fail before the search turns cautious
EXPLORING_BUDGET = 0.15  # the same for asks that look where nothing is known
VERY_CAUTIOUS = 0.1  # further share at which it turns very cautious
RISKS = (0.5, 0.3, 0.1)  # p allowed while it is bold, cautious and very cautious
MAX_CHOOSERS = 150  # newest trials by which the reach and the parameters are chosen
LEFT_OUT_GAIN = 0.5  # of the log likelihood for which a parameter is left out
EVIDENCE = 2.0  # of the log likelihood by which failures depend on the config at all
LEAST_SHARE = 0.05  # of the border, below which it is not asked
MAX_VOTERS = 1000  # newest trials that vote; bounds the cost at large n


@dataclass(frozen=True, slots=True, eq=False)
class Feasibility:
    """A fitted vote; `fit_feasibility` makes one.

    Args:
        scaled: Z divided by lengthscales and reach, shape (n, p).
        failed: f as 0.0 and 1.0, shape (n,).
        scale: 1 / (s ℓ) of each column, 0 where failures do not depend on it, shape (p,).
        branch_rates: q of each branch, shape (B,); the last entry is for a branch never seen.
        reach: s.
        border: The straight border; None for none.
        share: c.
    """

    scaled: FloatArray
    failed: FloatArray
    scale: FloatArray
    branch_rates: FloatArray
    reach: float
    border: Border | None = None
    share: float = 0.0

    @property
    def is_chance(self) -> bool:
        """Whether failures do not depend on the config, as far as they show."""
        return self.border is None and not self.scale.any()

    @property
    def unavoidable(self) -> float:
        """Probability of failure that every config has, whatever the border says."""
        if self.scale.any():
            return 0.0
        anywhere = (STRENGTH * self.branch_rates[0] + self.failed.sum()) / (STRENGTH + len(self.failed))
        return float((1.0 - self.share) * anywhere)

    def failure(self, X: FloatArray, branches: IntArray | None = None) -> FloatArray:
        """Probability that each config fails.

        Args:
            X: Encoded configs, shape (m, p).
            branches: Branch of each, shape (m,), values as in the fit; None when there is one branch.

        Returns:
            Shape (m,), each strictly between 0 and 1.
        """
        return -np.expm1(self.log_success(X, branches)[0])

    def log_success(self, X: FloatArray, branches: IntArray | None = None) -> tuple[FloatArray, FloatArray]:
        """log(1 - p) and its gradient by the encoded coordinates.

        Args:
            X: Shape (m, p).
            branches: As in `failure`.

        Returns:
            Shapes (m,) and (m, p).
        """
        scaled = X * self.scale
        votes, slope = matern(squared_distances(scaled, self.scaled))
        rate = self._rates(len(X), branches)
        total = STRENGTH + votes.sum(axis=1)
        good = STRENGTH * (1.0 - rate) + votes @ (1.0 - self.failed)
        weight = slope * ((1.0 - self.failed)[None, :] / good[:, None] - 1.0 / total[:, None])
        gradient = 2.0 * self.scale * (weight.sum(axis=1)[:, None] * scaled - weight @ self.scaled)
        success = good / total
        if self.border is None:
            return np.log(success), gradient
        beyond, slope_beyond = self.border.failure(X)
        both = (1.0 - self.share) * success + self.share * (1.0 - beyond)
        by_votes = ((1.0 - self.share) * success)[:, None] * gradient
        return np.log(both), (by_votes - self.share * slope_beyond) / both[:, None]

    def _rates(self, m: int, branches: IntArray | None) -> FloatArray:
        last = len(self.branch_rates) - 1
        if branches is None:
            return np.full(m, self.branch_rates[0])
        return self.branch_rates[np.where((branches < 0) | (branches > last), last, branches)]


def fit_feasibility(
    Z: FloatArray,
    failed: FloatArray,
    lengthscales: FloatArray,
    *,
    groups: IntArray | None = None,
    branches: IntArray | None = None,
) -> Feasibility:
    """Fit the vote to what finished and what failed.

    Args:
        Z: Encoded configs in the order of their trials, shape (n, p), n at least 0.
        failed: 1.0 for failed, 0.0 for finished, shape (n,).
        lengthscales: ℓ of each *column*, shape (p,), each above 0; those of the loss's model, or of its
            prior.
        groups: Parameter that owns each column, shape (p,); None when each column is one.
        branches: Branch of each config, shape (n,), values 0..B-1; None when there is one branch.

    Returns:
        The vote.

    Example:
        >>> Z = np.array([[0.1], [0.2], [0.8], [0.9]])
        >>> vote = fit_feasibility(Z, np.array([0.0, 0.0, 1.0, 1.0]), np.array([0.3]))
        >>> p = vote.failure(np.array([[0.15], [0.85]]))
        >>> bool(p[0] < 0.2 and p[1] > 0.7)
        True
    """
    assert failed.shape == (len(Z),)
    assert lengthscales.shape == (Z.shape[1],)
    rates = _branch_rates(failed, branches)
    Z, failed = Z[-MAX_VOTERS:], failed[-MAX_VOTERS:]
    rate = np.full(len(Z), rates[0]) if branches is None else rates[branches[-MAX_VOTERS:]]
    scale = 1.0 / lengthscales
    reach, border, share = REACHES[0], None, 0.0
    if 0.0 < failed.sum() < len(failed):
        owners = np.arange(Z.shape[1]) if groups is None else groups
        chosen = slice(-MAX_CHOOSERS, None)
        reach, scale, likelihood = _choose_scale(Z[chosen], failed[chosen], rate[chosen], scale, owners)
        if 0.0 < failed[chosen].sum() < len(failed[chosen]):
            border, share = _weigh_border(Z[chosen], failed[chosen], likelihood, is_chance=not scale.any())
    scale = scale / reach
    return Feasibility(Z * scale, failed, scale, rates, reach, border, share)


def _weigh_border(
    Z: FloatArray, failed: FloatArray, likelihood: float, *, is_chance: bool
) -> tuple[Border | None, float]:
    """The straight border and its share, given the left-out likelihood of the votes [Yao2018]."""
    found = fit_border(Z, failed)
    if found is None:
        return None, 0.0
    border, its_likelihood = found
    share = float(expit(its_likelihood - likelihood))
    if share < LEAST_SHARE or (is_chance and its_likelihood < likelihood + EVIDENCE):
        return None, 0.0
    return border, share


def _choose_scale(
    Z: FloatArray, failed: FloatArray, rate: FloatArray, scale: FloatArray, groups: IntArray
) -> tuple[float, FloatArray, float]:
    """Choose the reach, and leave out parameters that failures do not depend on, by left-out likelihood.

    What a loss depends on need not be what makes a trial fail: memory runs out whatever the learning rate is.
    Parameters are left out one by one, each time the one without which the likelihood is highest. All are
    left out where chance explains the failures about as well: a place that looks safe by chance is a trap.
    """
    scaled = Z * scale
    names = np.unique(groups)
    parts = [squared_distances(scaled[:, groups == g], scaled[:, groups == g]) for g in names]

    def likelihood(r2: FloatArray, reach: float) -> float:
        return _left_out_likelihood(np.maximum(r2, 0.0) / reach**2, failed, rate)

    def choose_reach(r2: FloatArray) -> tuple[float, float]:
        scores = [likelihood(r2, reach) for reach in REACHES]
        return REACHES[int(np.argmax(scores))], max(scores)

    r2 = np.sum(parts, axis=0)
    reach, score = choose_reach(r2)
    kept = list(range(len(names)))
    while len(kept) > 1:
        without = [likelihood(r2 - parts[k], reach) for k in kept]
        at = int(np.argmax(without))
        if without[at] < score + LEFT_OUT_GAIN:
            break
        r2 = r2 - parts[kept.pop(at)]
        reach, score = choose_reach(r2)
    by_chance = likelihood(np.zeros_like(r2), reach)
    if score < by_chance + EVIDENCE:
        kept, score = [], by_chance
    return reach, np.where(np.isin(groups, names[kept]), scale, 0.0), score


def risk_limit(failed: Sequence[bool], budget: float = FAILURE_BUDGET) -> float:
    """Largest probability of failure that the next config may have.

    Log improvement falls without bound where the optimum lies beyond a border, so that no weight on log(1 -
    p) keeps the search from failing again and again; a budget does. The newest trials count, so that failures
    of the beginning, when nothing was known, do not make it cautious for ever.

    Args:
        failed: Whether each trial that finished or failed did fail, in their order.
        budget: Share of them that may fail before the search is cautious.

    Returns:
        Limit, one of `RISKS`.

    Example:
        >>> [risk_limit([False] * (20 - n) + [True] * n) for n in (1, 3, 5)]
        [0.5, 0.3, 0.1]
    """
    newest = failed[-WATCHED:]
    share = sum(newest) / max(1, len(newest))
    return RISKS[int(share >= budget) + int(share >= budget + VERY_CAUTIOUS)]


def _branch_rates(failed: FloatArray, branches: IntArray | None) -> FloatArray:
    """Estimate q of each branch; the extra entry at the end is the rate before anything is known."""
    if branches is None:
        branches = np.zeros(len(failed), dtype=np.int64)
    n_branches = int(branches.max()) + 1 if len(branches) else 1
    trials = np.bincount(branches, minlength=n_branches)
    failures = np.bincount(branches, weights=failed, minlength=n_branches)
    rates = (PRIOR_FAILURES + failures) / (PRIOR_TRIALS + trials)
    return np.append(rates, PRIOR_FAILURES / PRIOR_TRIALS)


def _left_out_likelihood(r2: FloatArray, failed: FloatArray, rate: FloatArray) -> float:
    """Log likelihood of each outcome by the votes of all the others, at squared distances (n, n)."""
    votes, _ = matern(r2)
    votes.flat[:: len(failed) + 1] = 0.0
    p = (STRENGTH * rate + votes @ failed) / (STRENGTH + votes.sum(axis=1))
    return float(np.sum(np.log(np.where(failed > 0.5, p, 1.0 - p))))
