"""Checks of the search space: its ranges, scales and parameters.

What is not here: checks of the results (`doubts`).
"""

# ruff: noqa: N803, N806 - symbols of the notation in `learning.encoding`

import math
from itertools import combinations
from typing import Any

import numpy as np
from scipy.stats import spearmanr

from tunesmith.analysis.finding import Finding, Known, fixed_line, line
from tunesmith.analysis.origin import origin
from tunesmith.learning.both_scales import could_be_log
from tunesmith.learning.loss_model import MOST_FITTED, PRIORS, dimension
from tunesmith.learning.scales import Floats, Kind
from tunesmith.space import Choice, Float, Int
from tunesmith.surrogate.fit import fit
from tunesmith.surrogate.subset import choose_subset
from tunesmith.wording import guessed

LEAST = 15  # results below which nothing is said
EDGE = 0.04  # of the scale: a value this near to an end is at it
AT_EDGE = 0.6  # share of the best trials at one end
SMALLEST = 2  # whole numbers up to here are a natural end: one layer, two leaves
WIDEN = 0.5  # of the range, on its scale, that is added beyond the end
NO_EFFECT = 0.03  # upper end of the share of a parameter that has no effect
RATIO = 20.0  # of high to low from which a log scale may fit
EVIDENCE = 3.0  # log posterior by which the log scale has to be the better one
TRIFLE = 1e-3  # variance, of all, that no scale has to explain; rounding would decide on smooth functions
CORRELATION, CHANCE = 0.85, 1e-4  # rank correlation, and its chance, of parameters bound together


def edges(known: Known) -> list[Finding]:
    """Ranges whose end holds most of the best trials."""
    found: list[Finding] = []
    if len(known.finite) < LEAST:
        return found
    scales = known.seen.encoding
    for j, (name, p) in enumerate(known.history.space.parameters.items()):
        if isinstance(p, Choice) or not scales.varies[j] or 0 < scales.counts[j] < 4:
            continue
        best = known.best[known.seen.A[known.best, j]]
        if len(best) < 3:
            continue
        u = known.seen.U[best, j]
        for end, share in (("low", float((u <= EDGE).mean())), ("high", float((u >= 1.0 - EDGE).mean()))):
            # The very best has to be there too: a crowd at an end it left is a search that went on.
            is_there = u[0] <= EDGE if end == "low" else u[0] >= 1.0 - EDGE
            if share < AT_EDGE or not is_there:
                continue
            value = p.low if end == "low" else p.high
            further = _within(_beyond(p, end), p, known.limits.get(name))
            if further is None:
                continue
            found.append(
                Finding(
                    "edge",
                    name,
                    f"The best values of {name} lie at the {end} end of its range: "
                    "what is better may lie beyond.",
                    f"{round(share * len(best))} of the {len(best)} best trials have {name} at {value!r} "
                    "or next to it.",
                    line(name, p, **{end: further}, **_grown(p)),
                )
            )
    return found


def _grown(p: Float | Int) -> dict[str, Any]:
    return {} if p.default is None else {"default": p.default}


def _within(value: Any, p: Float | Int, limits: tuple[float, float] | None) -> Any:
    """A value no further than the natural limits of its parameter; None where the range ends at them."""
    if value is None or limits is None:
        return value
    inside = type(p.low)(min(max(value, limits[0]), limits[1]))
    return None if p.low <= inside <= p.high else inside


def _beyond(p: Float | Int, end: str) -> Any:
    """A round value beyond one end; None where the scale does not go on."""
    if p.log:
        factor = (p.high / p.low) ** WIDEN
        value = p.low / factor if end == "low" else p.high * factor
    else:
        width = WIDEN * (p.high - p.low)
        value = p.low - width if end == "low" else p.high + width
        if end == "low" and p.low >= 0 and value < 0:
            value = 0.0 if p.low > 0 else math.nan  # from 0 on there is usually nothing below
    if not math.isfinite(value):
        return None
    if isinstance(p, Int):
        if end == "low" and 0 < p.low <= SMALLEST:
            return None
        whole = max(1, round(value)) if p.log else round(value)
        return None if whole in (p.low, p.high) else whole
    return float(f"{value:.1e}") if p.log else float(f"{value:.3g}")


def scales(known: Known) -> list[Finding]:
    """Parameters on a linear scale that explain the losses better on a log scale."""
    found: list[Finding] = []
    encoding = known.seen.encoding
    wide = [
        (k, int(j), p)
        for k, j in enumerate(encoding.owners)
        if could_be_log(p := encoding.parameters[j]) and p.high / p.low >= RATIO
    ]
    if known.model is None or len(known.finite) < LEAST or not wide:
        return found
    numbers, z = known.model.numbers, known.model.z
    Z = known.seen.Z[numbers]
    kept = choose_subset(Z, z, MOST_FITTED)
    before = _log_posterior(known, Z[kept], z[kept])
    for k, j, p in wide:
        moved = Z[kept].copy()
        values = p.low + known.seen.U[numbers[kept], j] * (p.high - p.low)
        logs = np.log(values / p.low) / math.log(p.high / p.low)
        column = encoding.columns[k][0]
        moved[:, column] = np.where(known.seen.A[numbers[kept], j], logs, moved[:, column])
        gain = _log_posterior(known, moved, z[kept]) - before
        if gain > EVIDENCE:
            name = known.history.space.names[j]
            found.append(
                Finding(
                    "scale",
                    name,
                    f"A log scale would fit {name} better.",
                    f"On a log scale {name} explains the {len(kept)} results e^{gain:.0f} times better.",
                    line(name, p, log=True, step=None),
                )
            )
    return found


def _log_posterior(known: Known, Z: Floats, z: Floats) -> float:
    encoding = known.seen.encoding
    found = fit(
        Z,
        z,
        encoding.groups,
        noise=np.full(len(z), TRIFLE),
        dimension=dimension(known.seen, known.finite),
        slopes=encoding.mild_slopes,
        priors=PRIORS,
    )
    return found.log_posterior


def without_effect(known: Known) -> list[Finding]:
    """Parameters that change nothing, as far as one can tell with certainty."""
    count = int(known.seen.encoding.varies.sum())
    if len(known.finite) < max(LEAST, 4 * count) or count < 2 or known.recommendation is None:
        return []
    if guessed(known.history):  # with certainty is what nobody can tell of guesses
        return []
    found = []
    space = known.history.space
    for name, share in known.importance.items():
        j = space.names.index(name)
        if known.seen.encoding.kinds[j] == Kind.CONSTANT or share.high > NO_EFFECT:
            continue
        # What decides little between good and bad may still decide between good and best.
        if known.seen.encoding.is_parent[j] or known.importance_of_best[name].value > 1.0 / count:
            continue
        p = space[name]
        value: Any = p.default if p.has_default else known.recommendation.config.get(name)
        found.append(
            Finding(
                "no effect",
                name,
                f"{name} has no effect: fix it, and the search has one thing less to learn.",
                f"Its share of the variance is at most {100 * share.high:.1f} %, from {len(known.finite)} "
                "results.",
                fixed_line(name, p, value),
            )
        )
    return found


def correlated(known: Known) -> list[Finding]:
    """Pairs of parameters that always rise and fall together, in all trials or among the good ones."""
    encoding = known.seen.encoding
    numbers = [j for j in encoding.owners.tolist() if not encoding.is_options[j]]
    found: list[Finding] = []
    order = known.finite[np.argsort(known.losses, kind="stable")]
    good = order[: max(12, len(order) // 3)]
    if len(order) < LEAST:
        return found
    names = known.history.space.names
    place = "the command" if origin(known.info) == "command" else "the objective"
    for i, j in combinations(numbers, 2):
        for where, rows in (("all", order), ("the best third of all", good)):
            rows = rows[known.seen.A[rows][:, [i, j]].all(axis=1)]
            U = known.seen.U[rows][:, [i, j]]
            if len(rows) < 12 or (np.ptp(U, axis=0) < 0.2).any():
                continue
            r, chance = (float(x) for x in spearmanr(U[:, 0], U[:, 1]))
            if abs(r) > CORRELATION and chance < CHANCE / len(numbers):
                found.append(_bound(names[i], names[j], r, where, len(rows), place))
                break
    return found


def _bound(one: str, two: str, r: float, where: str, rows: int, place: str) -> Finding:
    if where == "all":
        kind = "tied"
        sentence = f"{one} and {two} were never varied apart: their effects cannot be told from each other."
        change = f"{two} = f({one}) inside {place}, and leave {two} out of the space"
    else:
        kind, both = "correlated", "ratio" if r > 0 else "product"
        sentence = f"Good configs tie {two} to {one}: search {one} and their {both} instead."
        change = f'config["{two}"] = config["{both}"] {"*" if r > 0 else "/"} config["{one}"]  # in {place}'
    evidence = f"Rank correlation {r:+.2f} over {where} {rows} trials."
    return Finding(kind, two, sentence, evidence, change, one)
