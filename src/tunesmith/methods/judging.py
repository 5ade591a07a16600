"""How promising each candidate is: improvement of the loss, chance to fail, and what the user expects.

What is not here: the candidates (`candidates`), and the choice among them (`bayes`).
"""

# ruff: noqa: N803, N806 - symbols of the notation in `encoding`

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace

import numpy as np

from tunesmith.acquisition.confidence import confidence_bound, joint_samples
from tunesmith.acquisition.improvement import log_improvement, log_improvement_with_slopes
from tunesmith.acquisition.pending import baseline, noisy_improvement, normal_draws
from tunesmith.history import History
from tunesmith.learning.curve_model import CurveModel
from tunesmith.learning.encoding import Encoding
from tunesmith.learning.failures import Failing, learn_failures
from tunesmith.learning.loss_model import LossModel
from tunesmith.learning.observed import Observed, Status
from tunesmith.learning.scales import Floats, Ints
from tunesmith.surrogate.gp import GP
from tunesmith.surrogate.paths import draw_paths
from tunesmith.trial import State

CONTENDERS = 20  # finished configs that may be the best one, by mean
LOOKED_AT = 200  # finished configs, by loss, whose mean is looked at
FIRST_SAMPLES, SAMPLES = 64, 16  # of the loss at the contenders: to choose among them, and for improvement
MOST_PENDING = 40  # running configs whose losses are sampled; older ones are taken to be as predicted
MOST_BELIEVED = 200  # of those
FULL_PRIOR = 10  # trials up to which the user's priors count in full; then they fade as 1/n
MOST_PRIOR = 5.0  # log density that all priors together take from what they like best: they can be wrong
PRIOR_FLOOR = 0.01  # density added everywhere, so that a prior can be wrong

Scored = Callable[[Floats], Floats]
ScoredWithGradient = Callable[[Floats], tuple[Floats, Floats]]


class Expected:
    """Log density of the user's priors at encoded configs, over that of even draws; fades as trials come in.

    What they take is bounded smoothly, as many that are wrong together would outweigh all that is learnt. A
    prior says nothing of configs in which its parameter is inactive: they have the density of an even draw.

    Args:
        encoding: Layout of the space.
        n: Number of trials.
    """

    def __init__(self, encoding: Encoding, n: int) -> None:
        self._weight = min(1.0, FULL_PRIOR / max(1, n))
        self._encoding = encoding
        self._logs: list[tuple[int, int, Floats, Floats]] = []
        for j, (positions, density) in encoding.prior_densities.items():
            column = encoding.columns[int(np.flatnonzero(encoding.owners == j)[0])][0]
            self._logs.append((j, int(column), positions, np.log(density + PRIOR_FLOOR)))
        self._top = sum(float(logs.max()) for *_, logs in self._logs)

    def __bool__(self) -> bool:
        """Whether there is any prior."""
        return bool(self._logs)

    def log_density(self, Z: Floats) -> tuple[Floats, Floats]:
        """Weighted log density (m,) and its gradient (m, p)."""
        total, gradient = np.zeros(len(Z)), np.zeros(Z.shape)
        has_inactive = any(self._encoding.is_conditional[j] for j, *_ in self._logs)
        A = self._encoding.read(Z)[1] if has_inactive else np.ones((len(Z), self._encoding.d), dtype=bool)
        for j, column, positions, logs in self._logs:
            z = Z[:, column]
            total += np.where(A[:, j], np.interp(z, positions, logs), 0.0)
            at = np.clip(np.searchsorted(positions, z) - 1, 0, len(logs) - 2)
            inside = (z > positions[0]) & (z < positions[-1]) & A[:, j]
            gradient[:, column] += np.where(inside, (np.diff(logs) / np.diff(positions))[at], 0.0)
        bent, even = np.tanh((total - self._top) / MOST_PRIOR), np.tanh(-self._top / MOST_PRIOR)
        return self._weight * MOST_PRIOR * (bent - even), self._weight * (1.0 - bent**2)[:, None] * gradient


@dataclass(frozen=True, slots=True, eq=False)
class Judge:
    """Scores encoded configs, the higher the better.

    Args:
        base: Score by the model of the loss.
        base_with_gradients: The same with its gradient; None where there is none.
        failing: Chance to fail; None when nothing has failed.
        expected: The user's priors.
        best: Numbers of the best trials by the model's mean, best first.
        settles: Whether an ask may doubt `base`, the log of an improvement, once it is low everywhere.
    """

    base: Scored
    base_with_gradients: ScoredWithGradient | None
    failing: Failing | None
    expected: Expected
    best: Ints
    settles: bool = False

    def score(self, Z: Floats) -> Floats:
        """Score (m,); -inf where the chance to fail is above the limit."""
        return self.judged(self.base(Z), Z)

    def judged(self, base: Floats, Z: Floats) -> Floats:
        """The same, given what the model of the loss says of Z."""
        total = base
        if self.expected:
            total = total + self.expected.log_density(Z)[0]
        if self.failing is not None:
            log_success, _ = self.failing.log_success(Z)
            allowed = self.failing.is_allowed(Z, log_success)
            total = np.where(allowed, total + log_success, -np.inf)
        return total

    def bolder(self) -> "Judge":
        """The same for an ask to which a failure is worth its trial."""
        return self if self.failing is None else replace(self, failing=self.failing.bolder())

    def with_gradients(self, Z: Floats) -> tuple[Floats, Floats]:
        """Score (m,) without the limit, and its gradient (m, p)."""
        assert self.base_with_gradients is not None
        total, gradient = self.base_with_gradients(Z)
        for part in (
            self.expected.log_density if self.expected else None,
            self.failing.log_success if self.failing is not None else None,
        ):
            if part is not None:
                value, slope = part(Z)
                total, gradient = total + value, gradient + slope
        return total, gradient


def make_judge(
    seen: Observed,
    model: LossModel,
    rng: np.random.Generator,
    *,
    kappa: float | None,
    is_drawn: bool = False,
    may_win: Callable[[int], bool] | None,
    without: Collection[str] = (),
) -> Judge:
    """Set up the score for one ask.

    Args:
        seen: What is known.
        model: Model of the loss.
        rng: Generator.
        kappa: None for expected improvement; else the width of a confidence bound.
        is_drawn: Thompson sampling in place of both: what is low on a function drawn from the model is good.
            Running trials need no care then, as the next ask draws another function.
        may_win: Whether a trial may be the incumbent; None when all may.
        without: "noise" takes the lowest result for the incumbent; "failures" ignores them.

    References:
        W. R. Thompson, On the likelihood that one unknown probability exceeds another, 1933.
    """
    failing = None if "failures" in without else learn_failures(seen, model.gp.kernel.lengthscales)
    expected = Expected(seen.encoding, seen.n)
    order = model.numbers[np.argsort(model.z, kind="stable")[:LOOKED_AT]]
    best = order[np.argsort(model.gp.predict_mean(seen.Z[order]), kind="stable")]
    if is_drawn:
        drawn = draw_paths(model.gp, 1, rng)
        return Judge(lambda Z: -drawn(Z)[:, 0], None, failing, expected, best)
    is_sampled = kappa is None and "noise" not in without
    gp, pending = _believe(seen, model, most=MOST_PENDING if is_sampled else 0)
    if not is_sampled:
        base, gradients = _improvement(gp, float(model.z.min())) if kappa is None else _bound(gp, kappa)
        return Judge(base, gradients, failing, expected, best, settles=kappa is None)
    top = [number for number in best[:LOOKED_AT].tolist() if may_win is None or may_win(number)][:CONTENDERS]
    contenders = seen.Z[top or best[:1]]
    samples = joint_samples(gp, contenders, normal_draws(rng, FIRST_SAMPLES, len(contenders)))
    contenders = contenders[baseline(samples, 0.01, 12)]
    normals = normal_draws(rng, SAMPLES, len(contenders) + len(pending))
    ends_well = None
    if failing is not None and len(pending):
        ends_well = rng.random((SAMPLES, len(pending))) < np.exp(failing.log_success(pending)[0])
    improvement = noisy_improvement(gp, contenders, pending, normals, ends_well=ends_well)
    return Judge(improvement, improvement.with_gradients, failing, expected, best, settles=True)


def make_curve_judge(
    history: History, seen: Observed, model: CurveModel, *, without: Collection[str] = ()
) -> Judge:
    """Set up the score for one ask where there is a fidelity: improvement at the horizon.

    Running trials are taken to end as predicted.

    Args:
        history: The trials.
        seen: What is known.
        model: Joint model of configs and curves.
        without: "failures" ignores failures.
    """
    failing = None if "failures" in without else learn_failures(seen, model.gp.kernel.lengthscales)
    running = history.numbers(State.RUNNING, State.WAITING)[-MOST_BELIEVED:]
    gp = model.gp
    if len(running):
        ends = model.rows(seen.Z[running], running.astype(np.float64))
        gp = gp.condition(ends, gp.predict_mean(ends), np.full(len(ends), model.noise))
    score, with_gradients = _improvement(gp, model.incumbent)

    def gradients(Z: Floats) -> tuple[Floats, Floats]:
        value, gradient = with_gradients(model.rows(Z))
        return value, gradient[:, : Z.shape[1]]

    best = model.numbers[np.argsort(model.z, kind="stable")]
    expected = Expected(seen.encoding, seen.n)
    return Judge(lambda Z: score(model.rows(Z)), gradients, failing, expected, best)


def _believe(seen: Observed, model: LossModel, most: int) -> tuple[GP, Floats]:
    """Take the older running trials to end as predicted.

    Returns:
        The process given those, and the encoded configs of the others, at most `most`.
    """
    pending = seen.Z[seen.numbers(Status.OPEN)]
    split = max(0, len(pending) - most)
    older = pending[max(0, split - MOST_BELIEVED) : split]
    gp = model.gp
    if len(older):
        gp = gp.condition(older, gp.predict_mean(older), np.full(len(older), model.noise))
    return gp, pending[split:]


def _bound(gp: GP, kappa: float) -> tuple[Scored, ScoredWithGradient]:
    def score(Z: Floats) -> Floats:
        mean, variance = gp.predict(Z)
        return confidence_bound(mean, np.sqrt(variance), kappa)

    def with_gradients(Z: Floats) -> tuple[Floats, Floats]:
        found = gp.predict_with_gradients(Z)
        sigma = np.sqrt(found.variance)
        slope = kappa * found.variance_gradient / (2.0 * sigma)[:, None] - found.mean_gradient
        return confidence_bound(found.mean, sigma, kappa), slope

    return score, with_gradients


def _improvement(gp: GP, incumbent: float) -> tuple[Scored, ScoredWithGradient]:
    def score(Z: Floats) -> Floats:
        mean, variance = gp.predict(Z)
        return log_improvement(mean, np.sqrt(variance), incumbent)

    def with_gradients(Z: Floats) -> tuple[Floats, Floats]:
        found = gp.predict_with_gradients(Z)
        sigma = np.sqrt(found.variance)
        value, by_mean, by_sigma = log_improvement_with_slopes(found.mean, sigma, incumbent)
        slope = by_mean[:, None] * found.mean_gradient
        return value, slope + (by_sigma / (2.0 * sigma))[:, None] * found.variance_gradient

    return score, with_gradients
