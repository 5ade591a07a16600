"""Which parameters matter: shares of the variance of what a model of all results expects.

Two questions have two answers. Over the *whole* space the importance of a learning rate is mostly that bad
ones end in disaster. Among the *best* tenth it may no longer matter, and something else does. Both are for
these ranges: a parameter searched over a narrower range has less to show.

The answer comes with an interval, since the function is not known: it is drawn many times from the model's
posterior, its hyperparameters too, and each draw has its own shares. With few results the draws differ, the
shares are near even and the intervals wide. That holds for configs that were not chosen evenly as well: the
model, not the sample, is spread over the space.

Losses are as the model sees them: far above the usual ones they grow like their logarithm, so that one
disaster is not all there is to explain (`surrogate.targets`, without its bend).

| region | share of a parameter |
|---|---|
| all | functional ANOVA, Shapley's shares: `anova` |
| best | how far the values found among the best 1 in 50 differ from those among the best 1 in 5: |

    v_j = ∫ (p(x_j | best 1 in 50) - p_0(x_j))² / p_0(x_j) dx_j,  p_0 = p(x_j | best 1 in 5)

References:
    [Watanabe2023] S. Watanabe, A. Bansal, F. Hutter, PED-ANOVA: Efficiently Quantifying Hyperparameter
        Importance in Arbitrary Subspaces, 2023, equation 8; there the densities are of the trials, here of
        draws from the space that the model judges.
"""

# ruff: noqa: N806 - symbols of the notation in `anova`

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import numpy as np

from tunesmith.analysis import anova
from tunesmith.errors import OptionError, message
from tunesmith.history import History
from tunesmith.learning.draws import draw_models
from tunesmith.learning.encoding import Encoding
from tunesmith.learning.loss_model import LEAST, LossModel, View
from tunesmith.learning.observed import Observed, Status
from tunesmith.learning.scales import Bools, Floats, Ints
from tunesmith.seeds import generator
from tunesmith.surrogate.paths import Paths, draw_paths
from tunesmith.threads import one_thread
from tunesmith.wording import counted, guessed, percent

Region: TypeAlias = Literal["all", "best"]

VIEW = View(bend=False)
MODELS, PATHS = 8, 6  # draws of hyperparameters, and of functions for each
SPREAD = 1024  # points for the variance of the whole
ENDS = (0.1, 0.9)  # of the interval, which holds the share with 80 % probability
WIDENED = 2.0  # share of the interval's width that is added when the model predicts nothing; less as it does
PAIRED, PAIR_BACKGROUNDS = 4, 32  # parameters with the strongest interactions, of which pairs are made
JUDGED = 8192  # draws from the space among which the best are looked for
BEST, GOOD = 0.02, 0.2  # shares of them
BINS = 8  # of a parameter's values
FEW = 3.0  # trials for each parameter below which the note says that they are few


@dataclass(frozen=True, slots=True)
class Share:
    """Importance of one parameter, or of what two do together.

    Args:
        value: Share of all importance, 0 to 1; those of all parameters sum to 1, or to 0 when nothing is
            known to vary.
        low: Lower end of the interval that holds the share with 80 % probability.
        high: Upper end.
        main: Share of the variance that is its own; NaN for the region "best".
        total: Share of the variance that it has a part in; NaN for the region "best".
    """

    value: float
    low: float
    high: float
    main: float = float("nan")
    total: float = float("nan")

    def __float__(self) -> float:
        """The share alone."""
        return self.value

    def __str__(self) -> str:
        """The share with its interval."""
        return f"{percent(self.value)} ({self.interval})"

    @property
    def interval(self) -> str:
        """The interval in words."""
        return f"{percent(self.low)} to {percent(self.high)}"


@dataclass(frozen=True)
class Importances(Mapping[str, Share]):
    """Importance of every parameter by name, most important first.

    Args:
        shares: The shares, in order.
        pairs: What pairs of parameters do together, strongest first, as shares of the variance; only those
            that were looked at.
        region: Where they were looked for.
        trials: Number of results that they rest on.
        note: What to know before using them, a sentence; empty when there is nothing.
    """

    shares: dict[str, Share]
    pairs: dict[tuple[str, str], Share]
    region: Region
    trials: int
    note: str = field(default="")

    def __getitem__(self, name: str) -> Share:
        """Share of a parameter."""
        return self.shares[name]

    def __iter__(self) -> Iterator[str]:
        """Names, most important first."""
        return iter(self.shares)

    def __len__(self) -> int:
        """Number of parameters."""
        return len(self.shares)

    def __str__(self) -> str:
        """One line for each parameter, and the note."""
        lines = [f"{name}: {share}" for name, share in self.shares.items()]
        return "\n".join([*lines, self.note] if self.note else lines)


@one_thread()
def importance(history: History, region: Region = "all") -> Importances:
    """Find which parameters matter; works on any history, and says when it rests on little.

    Args:
        history: The trials. Failed ones have no loss and are left out.
        region: "all" of the space, or among the "best" configs of it.

    Raises:
        OptionError: The region is unknown.

    Example:
        >>> from tunesmith.space import Float, Space
        >>> from tunesmith.trial import State, Trial
        >>> space = Space(x=Float(0, 1), y=Float(0, 1))
        >>> configs = [{"x": k * 0.37 % 1, "y": k * 0.61 % 1} for k in range(20)]
        >>> trials = [Trial(k, c, State.COMPLETE, c["x"] ** 2) for k, c in enumerate(configs)]
        >>> found = importance(History(space, "minimize", trials))
        >>> list(found), found["x"].low > 0.9
        (['x', 'y'], True)
    """
    if region not in ("all", "best"):
        raise OptionError(message("region is unknown", allowed="all, best", given=repr(region)))
    seen = Observed(history)
    seen.update(history)
    rng = generator(0, seen.n, "importance")
    models = draw_models(seen, VIEW, MODELS, rng)
    trials = len(seen.numbers(Status.FINITE))
    names, owners = history.space.names, seen.encoding.owners.tolist()
    if not models:
        none = {name: Share(0.0, 0.0, 1.0 if j in owners else 0.0) for j, name in enumerate(names)}
        return Importances(none, {}, region, trials, _why_nothing(seen, trials))
    widened = _widening(models)
    paths = [draw_paths(model.gp, PATHS, rng) for model in models]
    if region == "best":
        pairs: dict[tuple[str, str], Share] = {}
        found = [_share(row, widened) for row in _among_best(seen.encoding, paths, rng)]
    else:
        found, pairs = _everywhere(seen.encoding, paths, names, widened, rng)
    order = sorted(range(len(names)), key=lambda j: (-found[j].value, j))
    ranked = {names[j]: found[j] for j in order}
    return Importances(ranked, pairs, region, trials, _note(history, seen, trials))


def _share(values: Floats, widened: float, main: float = float("nan"), total: float = float("nan")) -> Share:
    mean = float(values.mean())
    low, high = mean + widened * (np.quantile(values, ENDS) - mean)
    return Share(mean, float(np.clip(low, 0.0, mean)), float(np.clip(high, mean, 1.0)), main, total)


def _widening(models: list[LossModel]) -> float:
    """By how much to widen what the draws say: 1 where the model predicts results that it has not seen."""
    unexplained = []
    for model in models:
        mean, _ = model.gp.leave_one_out()
        y = model.gp.y
        unexplained.append(float(((y - mean) ** 2).mean() / max(float(y.var()), 1e-300)))
    return 1.0 + WIDENED * min(1.0, float(np.mean(unexplained)))


def _everywhere(
    encoding: Encoding, paths: list[Paths], names: tuple[str, ...], widened: float, rng: np.random.Generator
) -> tuple[list[Share], dict[tuple[str, str], Share]]:
    X = anova.draw_backgrounds(encoding, SPREAD, rng)
    B = anova.background_count(encoding)
    each = [anova.indices(encoding, drawn, X, B) for drawn in paths]
    shares = np.concatenate([one.shares for one in each], axis=1)
    variance = np.maximum(np.concatenate([one.variance for one in each]), 1e-300)
    main = np.concatenate([one.main for one in each], axis=1) / variance
    total = np.concatenate([one.total for one in each], axis=1) / variance
    found = [
        _share(shares[j], widened, min(1.0, float(main[j].mean())), min(1.0, float(total[j].mean())))
        for j in range(len(names))
    ]
    joint = np.argsort(-(total - main).mean(axis=1), kind="stable")[:PAIRED]
    picked = sorted(int(j) for j in joint if j in encoding.owners)
    pairs = {}
    for pair in [(i, j) for i in picked for j in picked if i < j]:
        few = X[:PAIR_BACKGROUNDS]
        parts = [anova.pair_index(encoding, drawn, few, pair) for drawn in paths]
        pairs[names[pair[0]], names[pair[1]]] = _share(
            np.minimum(np.concatenate(parts) / variance, 1.0), widened
        )
    return found, dict(sorted(pairs.items(), key=lambda item: -item[1].value))


def _among_best(encoding: Encoding, paths: list[Paths], rng: np.random.Generator) -> Floats:
    """Shares (d, S) of what tells the best configs from the good ones."""
    X = anova.draw_backgrounds(encoding, JUDGED, rng)
    U, A = encoding.settle(encoding.positions(encoding.by_priors(X)))
    Z = encoding.encode(U)
    bins = np.stack([_bins(encoding, X[:, j], j) for j in range(encoding.d)], axis=1)
    found = []
    for drawn in paths:
        losses = np.concatenate([drawn(Z[at : at + anova.CHUNK]) for at in range(0, JUDGED, anova.CHUNK)])
        order = np.argsort(losses, axis=0, kind="stable")
        for s in range(losses.shape[1]):
            good, best = order[: round(GOOD * JUDGED), s], order[: round(BEST * JUDGED), s]
            found.append([_divergence(bins[:, j], A[:, j], good, best) for j in range(encoding.d)])
    return anova.normalised(np.array(found).T)


def _bins(encoding: Encoding, x: Floats, j: int) -> Ints:
    count = int(encoding.counts[j])
    K = count if 0 < count <= BINS or encoding.is_options[j] else BINS
    return np.minimum((x * K).astype(np.int64), K - 1)


def _divergence(bins: Ints, active: Bools, good: Ints, best: Ints) -> float:
    """v_j of one parameter and function, less what chance alone would give."""
    good, best = good[active[good]], best[active[best]]
    if not len(best):
        return 0.0
    before, after = np.bincount(bins[good]), np.bincount(bins[best], minlength=bins[good].max() + 1)
    taken = before > 0
    p_0, p = before[taken] / len(good), after[taken] / len(best)
    by_chance = (taken.sum() - 1) / len(best) * (1.0 - len(best) / len(good))
    distance = float(((p - p_0) ** 2 / p_0).sum() - by_chance)
    return max(0.0, distance) * len(good) / (GOOD * JUDGED)


def _why_nothing(seen: Observed, trials: int) -> str:
    if not seen.encoding.p:
        return "Every parameter has a single value: there is nothing to compare."
    if trials < LEAST:
        there = counted(trials, "result")
        return f"There {'is' if trials == 1 else 'are'} {there}; importance needs {LEAST}."
    return f"All {trials} results are equal: no parameter has shown an effect."


def _note(history: History, seen: Observed, trials: int) -> str:
    parameters = len(seen.encoding.owners)
    if trials < FEW * parameters:
        return (
            f"{counted(trials, 'result', 'is', 'are')} few for {counted(parameters, 'parameter')}: "
            "the intervals say how little is certain."
        )
    failed = len(seen.numbers(Status.FAILED))
    if failed > trials:
        return f"{failed} of {failed + trials} trials failed and have no part in this."
    return guessed(history)
