"""From losses by fold to tables: differences with standard errors, clear wins, average ranks."""

import math
from collections import defaultdict
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy.stats import t

LEVEL = 0.05  # chance of calling a difference clear that is none
OUTER = 5  # folds that a data set is cut into
SEARCHED = (("tunesmith 20", "random 20"), ("tunesmith 20", "random 60"))  # what a search can decide itself
Pair = tuple[dict[tuple[int, int], float], dict[tuple[int, int], float]]  # losses by fold, ours and theirs
PAIRS = (
    ("suggested", "library"),
    ("suggested", "stopped"),
    ("tunesmith 20", "random 20"),
    ("tunesmith 20", "random 60"),
    ("tunesmith 20", "suggested"),
)
Losses = dict[tuple[str, str], dict[str, dict[tuple[int, int], float]]]  # (family, data) -> who -> fold


def report(rows: Sequence[dict[str, Any]], whos: Sequence[str]) -> str:
    """All tables as Markdown."""
    losses, sizes = _gather(rows)
    families = list(dict.fromkeys(family for family, _ in losses))
    parts = [_defaults(family, losses, sizes) for family in families]
    parts += [_parts(losses, families), _searches(losses, families, whos)]
    parts += [_summary("In short", losses, families, PAIRS)]
    searched, _ = _gather([{**r, "loss": r["inner"]} for r in rows if "inner" in r])
    parts += [_summary("The same on the folds that were searched", searched, families, SEARCHED)]
    return "\n\n".join(p for p in parts if p)


class Gain(NamedTuple):
    """How much lower our losses are, as a share of theirs; its standard error, over so many folds."""

    mean: float
    error: float
    folds: int

    @property
    def is_clear(self) -> bool:
        """Whether it is beyond its noise: Student's t at 5 %, two-sided."""
        return self.folds > 1 and abs(self.mean) > float(t.ppf(1 - LEVEL / 2, self.folds - 1)) * self.error

    def __str__(self) -> str:
        return f"{100 * self.mean:+.1f} ± {100 * self.error:.1f}"


def gain(ours: dict[Any, float], theirs: dict[Any, float]) -> Gain:
    """How much lower our losses are on the folds that both have.

    Folds share rows that are learnt from, hence the correction of Nadeau and Bengio (2003): the variance
    counts 1/n + 1/(k - 1) times, not 1/n.
    """
    shared = sorted(ours.keys() & theirs.keys())
    if not shared:
        return Gain(math.nan, math.nan, 0)
    a, b = (np.array([x[k] for k in shared]) for x in (ours, theirs))
    differences = (b - a) / b.mean()
    spread = differences.var(ddof=1) if len(shared) > 1 else math.nan
    return Gain(
        float(differences.mean()), math.sqrt(spread * (1 / len(shared) + 1 / (OUTER - 1))), len(shared)
    )


def ranks(losses: dict[str, float]) -> dict[str, float]:
    """Rank of each, 1 is best; equals share."""
    values = np.array(list(losses.values()))
    return {w: float(1 + (values < v).sum() + ((values == v).sum() - 1) / 2) for w, v in losses.items()}


def overall(pairs: Sequence[Pair]) -> Gain:
    """Over data sets: by what share our losses are lower, as a geometric mean, and its standard error.

    A mean of the shares themselves would be ruled by the one data set on which the other fails.
    """
    logs = []
    for ours, theirs in pairs:
        shared = sorted(ours.keys() & theirs.keys())
        logs.append(math.log(np.mean([ours[k] for k in shared]) / np.mean([theirs[k] for k in shared])))
    error = float(np.std(logs, ddof=1)) / math.sqrt(len(logs)) if len(logs) > 1 else math.nan
    ratio = math.exp(float(np.mean(logs)))
    return Gain(1.0 - ratio, ratio * error, len(logs))


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
        found = gain(by_who["suggested"], by_who["library"])
        verdict = ("better" if found.mean > 0 else "worse") if found.is_clear else "not clear"
        lines.append(
            f"| {data} | {sizes[data]} | {_mean(by_who['library']):.4g} | {_mean(by_who['suggested']):.4g} "
            f"| {found} | {verdict} |"
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


def _parts(losses: Losses, families: Sequence[str]) -> str:
    """What the suggested config gains over itself with one value changed: what each rule is worth."""
    lines = ["### The suggested config against itself with one value changed", ""]
    lines += [
        "| family | with | data sets | suggested clearly better | worse | gain, % |",
        "|---|---|---|---|---|---|",
    ]
    for family in families:
        mine = [w for (f, _), w in losses.items() if f == family and "suggested" in w]
        for who in dict.fromkeys(who for w in mine for who in w if "=" in who):
            pairs = [(w["suggested"], w[who]) for w in mine if who in w]
            lines.append(f"| {family} | {who} | {_verdict(pairs)} |")
    return "\n".join(lines) if len(lines) > 4 else ""


def _verdict(pairs: Sequence[Pair]) -> str:
    """Cells: data sets, clearly better, clearly worse, gain over all of them; over the folds if it is one."""
    found = [gain(ours, theirs) for ours, theirs in pairs]
    clear = [g.mean > 0 for g in found if g.is_clear]
    over = overall(pairs) if len(pairs) > 1 else found[0]
    return f"{len(pairs)} | {sum(clear)} | {len(clear) - sum(clear)} | {over}"


def _summary(title: str, losses: Losses, families: Sequence[str], compared: Sequence[tuple[str, str]]) -> str:
    lines = [f"### {title}: how much lower the loss is, over data sets, with its standard error", ""]
    lines += ["| family | pair | data sets | clearly better | clearly worse | gain, % | average rank |"]
    lines += ["|---|---|---|---|---|---|---|"]
    for ours, theirs in compared:
        every = []
        for family in families:
            pairs = [
                (w[ours], w[theirs])
                for (f, _), w in losses.items()
                if f == family and {ours, theirs} <= w.keys() and w[ours].keys() & w[theirs].keys()
            ]
            every += pairs
            if pairs:
                lines.append(f"| {family} | {ours} : {theirs} | {_verdict(pairs)} | {_places(pairs)} |")
        if every:
            lines.append(f"| **all** | {ours} : {theirs} | {_verdict(every)} | {_places(every)} |")
    return "\n".join(lines) if len(lines) > 4 else ""


def _places(pairs: Sequence[Pair]) -> str:
    """Average rank of ours and of theirs."""
    first = np.mean([1 if m > 0 else 1.5 if m == 0 else 2 for m in (gain(a, b).mean for a, b in pairs)])
    return f"{first:.2f} : {3 - first:.2f}"
