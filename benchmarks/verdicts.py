"""From losses by fold to tables: differences with standard errors, clear wins, average ranks."""

import math
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np

CLEAR = 2.0  # standard errors
OUTER = 5  # folds that a data set is cut into
Losses = dict[tuple[str, str], dict[str, dict[tuple[int, int], float]]]  # (family, data) -> who -> fold


def report(rows: Sequence[dict[str, Any]], whos: Sequence[str]) -> str:
    """All tables as Markdown."""
    losses, sizes = _gather(rows)
    families = list(dict.fromkeys(family for family, _ in losses))
    parts = [_defaults(family, losses, sizes) for family in families]
    parts += [_searches(losses, families, whos), _summary(losses, families)]
    return "\n\n".join(p for p in parts if p)


def gain(ours: dict[Any, float], theirs: dict[Any, float]) -> tuple[float, float]:
    """How much lower our losses are, as a share of theirs, and its standard error.

    Folds share rows that are learnt from, hence the correction of Nadeau and Bengio (2003): the variance
    counts 1/n + 1/(k - 1) times, not 1/n.
    """
    shared = sorted(ours.keys() & theirs.keys())
    a, b = (np.array([x[k] for k in shared]) for x in (ours, theirs))
    if len(shared) < 2:
        return float((1 - a / b).mean()) if shared else math.nan, math.nan
    differences = (b - a) / b.mean()
    error = math.sqrt(differences.var(ddof=1) * (1 / len(shared) + 1 / (OUTER - 1)))
    return float(differences.mean()), error


def is_clear(mean: float, error: float) -> bool:
    """Whether a difference is beyond its noise."""
    return abs(mean) > CLEAR * error


def ranks(losses: dict[str, float]) -> dict[str, float]:
    """Rank of each, 1 is best; equals share."""
    values = np.array(list(losses.values()))
    return {w: float(1 + (values < v).sum() + ((values == v).sum() - 1) / 2) for w, v in losses.items()}


def _gather(rows: Sequence[dict[str, Any]]) -> tuple[Losses, dict[str, str]]:
    losses: Losses = defaultdict(lambda: defaultdict(dict))
    sizes = {}
    for r in rows:
        losses[r["family"], r["data"]][r["who"]][r["seed"], r["fold"]] = r["loss"]
        sizes[r["data"]] = f"{r['task'][:5]}. {r['rows']:,} x {r['columns']}"
    return losses, sizes


def _mean(by_fold: dict[Any, float]) -> float:
    return float(np.mean(list(by_fold.values())))


def _defaults(family: str, losses: Losses, sizes: dict[str, str]) -> str:
    lines = [f"### {family}: suggested default against library default", ""]
    lines += ["| data set | size | library | suggested | gain, % | |", "|---|---|---|---|---|---|"]
    for (word, data), by_who in losses.items():
        if word != family or not {"library", "suggested"} <= by_who.keys():
            continue
        mean, error = gain(by_who["suggested"], by_who["library"])
        verdict = ("better" if mean > 0 else "worse") if is_clear(mean, error) else "not clear"
        lines.append(
            f"| {data} | {sizes[data]} | {_mean(by_who['library']):.4g} | {_mean(by_who['suggested']):.4g} "
            f"| {100 * mean:+.1f} ± {100 * error:.1f} | {verdict} |"
        )
    return "\n".join(lines) if len(lines) > 4 else ""


def _searches(losses: Losses, families: Sequence[str], whos: Sequence[str]) -> str:
    needed = {w for w in whos if w != "stopped"}  # families without rounds lack it
    lines = ["### Held-out loss as a share of the library default's, and average rank", ""]
    lines += [f"| family | data set | folds | {' | '.join(whos)} |", "|---|---|---|" + "---|" * len(whos)]
    for family in families:
        mine = {d: w for (f, d), w in losses.items() if f == family and needed <= w.keys()}
        places = []
        for data, by_who in mine.items():
            shared = set.intersection(*(set(by_who[w]) for w in needed))
            means = {w: _mean({k: by_who[w].get(k, math.nan) for k in shared}) for w in whos if w in by_who}
            places.append(ranks({w: means[w] for w in needed}))
            shares = [f"{means[w] / means['library']:.3f}" if w in means else "" for w in whos]
            lines.append(f"| {family} | {data} | {len(shared)} | {' | '.join(shares)} |")
        if places:
            average = [f"**{np.mean([p[w] for p in places]):.2f}**" if w in needed else "" for w in whos]
            lines.append(f"| {family} | average rank | | {' | '.join(average)} |")
    return "\n".join(lines) if len(lines) > 4 else ""


def _summary(losses: Losses, families: Sequence[str]) -> str:
    lines = [
        "### In short",
        "",
        "| family | pair | data sets | clearly better | clearly worse | average rank |",
    ]
    lines += ["|---|---|---|---|---|---|"]
    for family in families:
        for ours, theirs in (
            ("suggested", "library"),
            ("suggested", "stopped"),
            ("tunesmith 20", "random 20"),
            ("tunesmith 20", "random 60"),
            ("tunesmith 20", "suggested"),
        ):
            pairs = [w for (f, _), w in losses.items() if f == family and {ours, theirs} <= w.keys()]
            if not pairs:
                continue
            found = [gain(w[ours], w[theirs]) for w in pairs]
            clear = [mean > 0 for mean, error in found if is_clear(mean, error)]
            first = np.mean([1 if m > 0 else 1.5 if m == 0 else 2 for m, _ in found])
            lines.append(
                f"| {family} | {ours} : {theirs} | {len(pairs)} | {sum(clear)} | {len(clear) - sum(clear)} "
                f"| {first:.2f} : {3 - first:.2f} |"
            )
    return "\n".join(lines) if len(lines) > 4 else ""
