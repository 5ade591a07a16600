"""Rows of runs as tables in Markdown."""

from collections import defaultdict

import numpy as np
from running import Row

POINTS = (10, 20, 30, 50, 100, 200)  # numbers of trials that are shown


def points(budget: int) -> list[int]:
    """Numbers of trials to show."""
    return [*(n for n in POINTS if n < budget), budget]


class Results:
    """Runs that can be compared: tasks and seeds on which every row of the table was run.

    Args:
        rows: All rows, of one budget.
    """

    def __init__(self, rows: list[Row]) -> None:
        self.budget = rows[0]["budget"]
        self.peers = list(dict.fromkeys(row["peer"] for row in rows))
        by_run = defaultdict(dict)
        for row in rows:
            by_run[row["task"], row["seed"]][row["peer"]] = row
        shared = {run: found for run, found in by_run.items() if len(found) == len(self.peers)}
        seeds = [{seed for name, seed in shared if name == task} for task in {name for name, _ in shared}]
        self.seeds = sorted(set.intersection(*seeds)) if seeds else []
        self.tasks = sorted({name for name, _ in shared})
        self.rows = {(p, t, s): shared[t, s][p] for p in self.peers for t in self.tasks for s in self.seeds}

    def values(self, peer: str, trials: int | None, tasks: list[str] | None = None) -> np.ndarray:
        """Regrets, shape (seeds, tasks), after so many trials; None for those of the recommended config.

        A run that ended early keeps its last incumbent, one that never began counts as 1.
        """
        names = self.tasks if tasks is None else tasks
        return np.array([[_value(self.rows[peer, t, s], trials) for t in names] for s in self.seeds])

    def of(self, peer: str) -> list[Row]:
        """All rows of a peer."""
        return [self.rows[peer, t, s] for t in self.tasks for s in self.seeds]


def _value(row: Row, trials: int | None) -> float:
    curve = row["curve"] or [1.0]
    if trials is None:
        return float(curve[-1] if row["rec"] is None else row["rec"])
    return float(curve[min(trials, len(curve)) - 1])


def counted(number: int, word: str) -> str:
    """Number and word: "1 task", "2 tasks"."""
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def scope(results: Results) -> str:
    """What was run, in words."""
    sizes = ((len(results.tasks), "task"), (len(results.seeds), "seed"), (results.budget, "trial"))
    return ", ".join(counted(number, word) for number, word in sizes)


def mean_and_error(values: np.ndarray) -> str:
    """Mean over seeds and tasks, and the standard error of that mean over seeds."""
    by_seed = values.mean(axis=1)
    if len(by_seed) < 2:
        return f"{by_seed.mean():.3f}"
    return f"{by_seed.mean():.3f} ± {by_seed.std(ddof=1) / np.sqrt(len(by_seed)):.3f}"


def signed(differences: np.ndarray) -> str:
    """Mean difference over seeds and tasks with its sign, and its standard error over seeds."""
    text = mean_and_error(differences)
    return text if text.startswith("-") else f"+{text}"


def search_table(results: Results) -> str:
    """Mean regret by number of trials, of the recommendation, time and errors; best at the end first."""
    shown = points(results.budget)
    head = ["", *(f"@{n}" for n in shown), "rec", "ms", "errors"]
    body = []
    for name in sorted(results.peers, key=lambda p: results.values(p, results.budget).mean()):
        cells = [mean_and_error(results.values(name, n)) for n in [*shown, None]]
        rows = results.of(name)
        ms = np.mean([row["ms"] for row in rows])
        body.append([name, *cells, f"{ms:.1f}", str(sum(row["error"] is not None for row in rows))])
    return markdown(head, body)


def family_table(results: Results) -> str:
    """Mean regret at the end by family."""
    families = sorted({name.split("/")[0] for name in results.tasks})
    body = []
    for name in sorted(results.peers, key=lambda p: results.values(p, results.budget).mean()):
        cells = []
        for family in families:
            tasks = [t for t in results.tasks if t.split("/")[0] == family]
            cells.append(mean_and_error(results.values(name, results.budget, tasks)))
        body.append([name, *cells])
    return markdown([f"@{results.budget}", *families], body)


def errors(results: Results) -> list[str]:
    """First error of each peer that had one."""
    lines = []
    for name in results.peers:
        found = [row for row in results.of(name) if row["error"]]
        if found:
            lines.append(f"{name}, {found[0]['task']}: {found[0]['error']}")
    return lines


def print_errors(results: Results) -> None:
    """Print the first error of each peer that had one."""
    for line in errors(results):
        print("error:", line)


def markdown(head: list[str], body: list[list[str]]) -> str:
    """A table whose columns line up in plain text too."""
    widths = [max(len(row[i]) for row in [head, *body]) for i in range(len(head))]
    lines = [
        "| " + " | ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)) + " |"
        for row in [head, *body]
    ]
    rule = "|" + "|".join("-" * (w + 2) for w in widths) + "|"
    return "\n".join([lines[0], rule, *lines[1:]])
