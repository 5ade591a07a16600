"""Probability of failure by a kernel vote of finished and failed configs.

| symbol | meaning | shape |
|---|---|---|
| Z | encoded configs that finished or failed | (n, p) |
| f | 1 where the config failed, else 0 | (n,) |
| k | Matérn-5/2 correlation, ℓ of the loss's model times s | (m, n) |
| q | rate of failure in the branch of a config | (m,) |
| N | strength of that prior, in votes | scalar |

p(x) = (N q(x) + Σ_i k_i f_i) / (N + Σ_i k_i) with q = (1/2 + failures) / (5 + trials) of the branch: a
config far from all others fails as often as its branch does. The reach s of a vote is chosen by
leave-one-out likelihood: near a sharp border the best reach shrinks as trials gather there, so the search
can close in on the border.

What is not here: what a failure costs, which the method decides.
"""

from dataclasses import dataclass

import numpy as np

from tunesmith.surrogate.kernels import FloatArray, IntArray, matern, squared_distances

PRIOR_FAILURES, PRIOR_TRIALS = 0.5, 5.0  # Beta(0.5, 4.5): one in ten before anything is known
REACHES = (1.0, 0.5, 0.25, 0.12, 0.06, 0.03)  # s, of the lengthscales
STRENGTH = 0.3  # N
FAILURE_BUDGET = 0.1  # share of trials that may fail before the search turns cautious
BOLD_RISK, CAUTIOUS_RISK = 0.5, 0.1  # p allowed below and above that share
MAX_VOTERS = 1000  # newest trials that vote; bounds the cost at large n


@dataclass(frozen=True, slots=True, eq=False)
class Feasibility:
    """A fitted vote; `fit_feasibility` makes one.

    Args:
        scaled: Z divided by lengthscales and reach, shape (n, p).
        failed: f as 0.0 and 1.0, shape (n,).
        scale: 1 / (s ℓ) of each column, shape (p,).
        branch_rates: q of each branch, shape (B,); the last entry is for a branch never seen.
        reach: s.
    """

    scaled: FloatArray
    failed: FloatArray
    scale: FloatArray
    branch_rates: FloatArray
    reach: float

    def failure(self, X: FloatArray, branches: IntArray | None = None) -> FloatArray:
        """Probability that each config fails.

        Args:
            X: Encoded configs, shape (m, p).
            branches: Branch of each, shape (m,), values as in the fit; None when there is one branch.

        Returns:
            Shape (m,), each strictly between 0 and 1.
        """
        votes, _ = matern(squared_distances(X * self.scale, self.scaled))
        rate = self._rates(len(X), branches)
        p: FloatArray = (STRENGTH * rate + votes @ self.failed) / (STRENGTH + votes.sum(axis=1))
        return p

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
        gradient = weight.sum(axis=1)[:, None] * scaled - weight @ self.scaled
        return np.log(good / total), 2.0 * gradient * self.scale

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
    branches: IntArray | None = None,
) -> Feasibility:
    """Fit the vote to what finished and what failed.

    Args:
        Z: Encoded configs in the order of their trials, shape (n, p), n at least 0.
        failed: 1.0 for failed, 0.0 for finished, shape (n,).
        lengthscales: ℓ of each *column*, shape (p,), each above 0; those of the loss's model, or of its
            prior.
        branches: Branch of each config, shape (n,), values 0..B-1; None when there is one branch.

    Returns:
        The vote.

    Example:
        >>> Z = np.array([[0.1], [0.2], [0.8], [0.9]])
        >>> vote = fit_feasibility(Z, np.array([0.0, 0.0, 1.0, 1.0]), np.array([0.3]))
        >>> p = vote.failure(np.array([[0.15], [0.85]]))
        >>> bool(p[0] < 0.15 and p[1] > 0.7)
        True
    """
    assert failed.shape == (len(Z),)
    assert lengthscales.shape == (Z.shape[1],)
    rates = _branch_rates(failed, branches)
    Z, failed = Z[-MAX_VOTERS:], failed[-MAX_VOTERS:]
    rate = np.full(len(Z), rates[0]) if branches is None else rates[branches[-MAX_VOTERS:]]
    best, best_score = REACHES[0], -np.inf
    if 0.0 < failed.sum() < len(failed):
        for reach in REACHES:
            score = _left_out_likelihood(Z / (reach * lengthscales), failed, rate)
            if score > best_score + 1e-9:
                best, best_score = reach, score
    scale = 1.0 / (best * lengthscales)
    return Feasibility(Z * scale, failed, scale, rates, best)


def risk_limit(failures: int, trials: int) -> float:
    """Largest probability of failure that the next config may have.

    Log improvement falls without bound where the optimum lies beyond a border, so that no weight on log(1 -
    p) keeps the search from failing again and again; a budget does: even odds while fewer than one trial in
    ten has failed, one in ten otherwise. A method takes the safest candidate when none is within the limit.

    Args:
        failures: Failed trials so far.
        trials: Finished and failed trials so far.

    Returns:
        Limit, 0.5 or 0.1.

    Example:
        >>> risk_limit(1, 30), risk_limit(6, 30)
        (0.5, 0.1)
    """
    return BOLD_RISK if failures < FAILURE_BUDGET * trials else CAUTIOUS_RISK


def _branch_rates(failed: FloatArray, branches: IntArray | None) -> FloatArray:
    """Estimate q of each branch; the extra entry at the end is the rate before anything is known."""
    if branches is None:
        branches = np.zeros(len(failed), dtype=np.int64)
    n_branches = int(branches.max()) + 1 if len(branches) else 1
    trials = np.bincount(branches, minlength=n_branches)
    failures = np.bincount(branches, weights=failed, minlength=n_branches)
    rates = (PRIOR_FAILURES + failures) / (PRIOR_TRIALS + trials)
    return np.append(rates, PRIOR_FAILURES / PRIOR_TRIALS)


def _left_out_likelihood(scaled: FloatArray, failed: FloatArray, rate: FloatArray) -> float:
    """Log likelihood of each outcome by the votes of all the others."""
    votes, _ = matern(squared_distances(scaled, scaled))
    votes.flat[:: len(scaled) + 1] = 0.0
    p = (STRENGTH * rate + votes @ failed) / (STRENGTH + votes.sum(axis=1))
    return float(np.sum(np.log(np.where(failed > 0.5, p, 1.0 - p))))
