"""What each part of Bayesian search is worth: `python benchmarks/ablation.py --help`.

The method is run whole and with one part left out at a time, on the tasks of `search.py`, paired by task and
seed. Printed is by how much the mean normalised regret rises without the part (above 0: the part helps), with
the standard error of the difference over seeds. As few seeds hide small effects, the number of pairs of task
and seed that got worse and better without the part is shown too.
"""

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
from running import Job, chosen, parser_of, prepare, run_all
from tables import Results, markdown, points, print_errors, scope, signed
from tasks import task_names

from tunesmith.methods.bayes import PARTS

WHOLE = "bayes"
LIKELY = 0.001  # a difference of regrets below this is none
VARIANTS: dict[str, dict[str, Any]] = {
    WHOLE: {"name": "bayes"},
    **{f"without {part}": {"name": "bayes", "without": [part]} for part in PARTS},
}


def arguments() -> argparse.Namespace:
    parser = parser_of(__doc__, seeds=5)
    parser.add_argument("--variants", default="", help="names, by commas (default: all)")
    parser.add_argument(
        "--more", type=Path, help='JSON file of further variants: {"a name": {"name": "bayes", ...}, ...}'
    )
    parser.add_argument("--budget", type=int, default=50, help="trials of each run")
    return parser.parse_args()


def difference(results: Results, name: str, trials: int | None) -> np.ndarray:
    """Rise of the regret against the whole method, shape (seeds, tasks)."""
    return results.values(name, trials) - results.values(WHOLE, trials)


def ablation_table(results: Results) -> str:
    """Differences by variant, largest at the end first."""
    shown = [*(n for n in points(results.budget) if n != 30), None]
    words = [f"@{n}" if n else "rec" for n in shown]
    body = []
    others = [name for name in results.peers if name != WHOLE]
    for name in sorted(others, key=lambda p: -difference(results, p, results.budget).mean()):
        cells = [signed(difference(results, name, n)) for n in shown]
        last = difference(results, name, results.budget)
        pairs = f"{(last > LIKELY).sum()} / {(last < -LIKELY).sum()} of {last.size}"
        tail = np.quantile(results.values(name, results.budget), 0.9)
        body.append(
            [name, *cells, pairs, f"{tail:.3f}", f"{np.mean([r['ms'] for r in results.of(name)]):.1f}"]
        )
    return markdown(["", *words, "worse / better", "90 %", "ms"], body)


def whole_line(results: Results) -> str:
    """Level of the whole method, which the differences are from."""
    cells = [f"{results.values(WHOLE, n).mean():.3f} @{n}" for n in points(results.budget)]
    tail = np.quantile(results.values(WHOLE, results.budget), 0.9)
    return (
        f"{WHOLE}: {', '.join(cells)}, rec {results.values(WHOLE, None).mean():.3f}, 90 % of runs below "
        f"{tail:.3f}, {np.mean([row['ms'] for row in results.of(WHOLE)]):.1f} ms a trial"
    )


def family_differences(results: Results) -> str:
    """Differences at the end by family."""
    families = sorted({name.split("/")[0] for name in results.tasks})
    body = []
    for name in results.peers:
        if name != WHOLE:
            last = difference(results, name, results.budget)
            own = [[t.split("/")[0] == family for t in results.tasks] for family in families]
            body.append([name, *(signed(last[:, mask]) for mask in own)])
    return markdown([f"@{results.budget}", *families], body)


def main() -> None:
    given = arguments()
    variants = {**VARIANTS, **(json.loads(given.more.read_text()) if given.more else {})}
    names = given.variants.split(",") if given.variants else list(variants)
    unknown = [name for name in names if name not in variants]
    if unknown:
        raise SystemExit(f"no variant {unknown[0]!r}; there are {', '.join(variants)}")
    names = [WHOLE, *(name for name in names if name != WHOLE)]
    tasks = chosen(task_names(), given.tasks)
    prepare(tasks)
    jobs = [
        Job(f"tunesmith:{json.dumps(variants[name])}", t, s, given.budget, name)
        for s in range(given.seeds)
        for t in tasks
        for name in names
    ]
    results = Results(run_all(jobs, given.jobs, given.out))
    print(f"{scope(results)}\n")
    print(whole_line(results))
    print("\nRise of the mean normalised regret without a part:\n")
    print(ablation_table(results))
    print()
    print(family_differences(results))
    print_errors(results)


if __name__ == "__main__":
    main()
