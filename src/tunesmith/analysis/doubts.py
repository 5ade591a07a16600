"""Checks of the results: where trials fail, how noisy values are, and how much of the best one is luck.

What is not here: checks of the search space (`checks`).
"""

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from scipy.stats import hypergeom

from tunesmith import wording
from tunesmith.analysis.finding import Finding, Known, bound_line, line
from tunesmith.analysis.origin import better_choice, less_noise, limited, look_at_failure
from tunesmith.learning.observed import Status
from tunesmith.learning.scales import Bools, Floats
from tunesmith.space import Choice
from tunesmith.trial import FailureKind

LEAST = 15  # results below which nothing is said
LEAST_FAILED = 4
CHANCE = 1e-3  # that failures gather like this by accident, all splits together
RATES = (0.5, 3.0)  # at least this share of trials fails inside, and this many times the share outside
LUCK = 0.5  # noise standard deviations by which the best result is better than what to expect of it
NOISY = 1.0  # noise over the difference between good configs and middling ones
MOST_RUNS = 20
CURE = {
    FailureKind.MEMORY: ("trial_memory", "8GB"),
    FailureKind.TIMEOUT: ("trial_time", "1h"),
}


@dataclass(frozen=True, slots=True)
class _Region:
    """A part of the space: its parameter and words, the change that keeps out of it, how unlikely it is."""

    name: str
    words: str
    change: str
    inside: Bools
    chance: float


def failures(known: Known) -> list[Finding]:
    """That everything fails, or a region in which most failures gather."""
    failed = known.seen.numbers(Status.FAILED)
    ended = np.concatenate([known.finite, failed])
    if len(failed) < LEAST_FAILED:
        return []
    if not len(known.finite):
        return [_everything_fails(known, len(failed))]
    is_failed = np.isin(ended, failed)
    regions = [r for j in known.seen.encoding.owners.tolist() for r in _regions(known, j, ended, is_failed)]
    if not regions:
        return []
    best = min(regions, key=lambda region: region.chance)
    rate, elsewhere = float(is_failed[best.inside].mean()), float(is_failed[~best.inside].mean())
    if best.chance * len(regions) > CHANCE or rate < RATES[0] or rate < RATES[1] * elsewhere:
        return []
    causes = wording.causes(known.history)
    there = int(is_failed[best.inside].sum())
    return [
        Finding(
            "failures",
            best.name,
            f"Trials fail where {best.words}: {100 * rate:.0f} % of them, "
            f"and {100 * elsewhere:.0f} % elsewhere.",
            f"{there} of {wording.counted(len(failed), 'failure')} happened there; most often: "
            f"{causes[0].message} ({causes[0].kind.value}).",
            best.change
            + (f" or {limited(known.info, *CURE[causes[0].kind])}" if causes[0].kind in CURE else ""),
        )
    ]


def _everything_fails(known: Known, count: int) -> Finding:
    cause = wording.causes(known.history)[0]
    cure = CURE.get(cause.kind)
    return Finding(
        "failures",
        None,
        "Every trial fails: what is wrong is hardly a matter of the config.",
        f"{count} of {count} failed; most often: {cause.message} ({cause.kind.value}).",
        limited(known.info, *cure) if cure else look_at_failure(known.info, cause.numbers[0]),
    )


def _regions(known: Known, j: int, ended: Any, is_failed: Bools) -> list[_Region]:
    """Every split of one parameter: below or above a value, or at an option."""
    encoding = known.seen.encoding
    name, p = known.history.space.names[j], encoding.parameters[j]
    u, active = known.seen.U[ended, j], known.seen.A[ended, j]
    found = []
    if isinstance(p, Choice) and encoding.is_options[j]:
        for k, label in enumerate(p.labels):
            rest = [option for i, option in enumerate(p.options) if i != k]
            found.append((f"{name} is {label}", line(name, p, options=rest), active & (u == k)))
    elif active.any():
        shares = np.linspace(0.05, 0.95, 19)
        # Options in an order are cut at one of them, numbers anywhere between two.
        how: Literal["nearest", "linear"] = "nearest" if isinstance(p, Choice) else "linear"
        cuts: Floats = np.quantile(u[active], shares, method=how)
        for cut in np.unique(cuts):
            value = encoding.value(j, float(cut))
            if isinstance(p, Choice):
                k = p.index(value)
                shown, keep = p.labels[k], (p.options[: k + 1], p.options[k:])
                lower, upper = (line(name, p, options=options) for options in keep)
            else:
                shown = f"{value:.3g}" if isinstance(value, float) else repr(value)
                lower, upper = (bound_line(name, f"{way} {shown}") for way in ("<=", ">="))
            found.append((f"{name} > {shown}", lower, active & (u > cut)))
            found.append((f"{name} < {shown}", upper, active & (u < cut)))
    return [
        _Region(name, words, change, inside, _chance(inside, is_failed))
        for words, change, inside in found
        if 2 <= inside.sum() < len(inside)
    ]


def _chance(inside: Bools, is_failed: Bools) -> float:
    """Chance of as many failures inside if they were spread by accident (Fisher's exact test)."""
    hit = int((inside & is_failed).sum())
    return float(hypergeom.sf(hit - 1, len(inside), int(is_failed.sum()), int(inside.sum())))


def noise(known: Known) -> list[Finding]:
    """Noise that hides the differences between good configs."""
    model = known.model
    if model is None or len(known.finite) < 2 * LEAST:
        return []
    mean = np.sort(model.gp.predict_mean(known.seen.Z[model.numbers]))
    gap = float(np.median(mean) - mean[: max(3, len(mean) // 10)].mean())
    spread = math.sqrt(model.noise)
    if gap <= 0.0 or spread < NOISY * gap:
        return []
    runs = min(MOST_RUNS, max(2, math.ceil((2.0 * spread / gap) ** 2)))
    back = model.transform.inverse
    z = float(np.median(model.z))
    sizes = [float(np.diff(back(np.array([z, z + d])))[0]) for d in (spread, gap)]
    return [
        Finding(
            "noise",
            None,
            "Values are too noisy to tell good configs from middling ones.",
            f"A single value is uncertain by ± {sizes[0]:.2g}; the best tenth and the middle of the configs "
            f"differ by {sizes[1]:.2g}.",
            less_noise(known.info, runs),
        )
    ]


def luck(known: Known) -> list[Finding]:
    """A best value that is better than what to expect of its config, or of any."""
    best, chosen, model = known.history.best, known.recommendation, known.model
    if best is None or best.value is None or chosen is None or model is None or len(known.finite) < LEAST:
        return []
    sign = known.history.sign
    excess = sign * (chosen.value - best.value)
    z = float(model.transform(np.array([sign * best.value]))[0])
    spread = float(np.diff(model.transform.inverse(np.array([z, z + math.sqrt(model.noise)])))[0])
    beyond = best.value < chosen.low if sign > 0 else best.value > chosen.high
    if excess <= LUCK * spread or not beyond:
        return []
    return [
        Finding(
            "luck",
            None,
            "The best value is partly luck: the search has overfitted the validation score.",
            f"Trial {best.number} said {wording.number(best.value)}; of the recommended config (trial "
            f"{chosen.number}) expect {wording.number(chosen.value)} "
            f"[{wording.number(chosen.low)}, {wording.number(chosen.high)}].",
            better_choice(known.info, chosen.number),
        )
    ]
