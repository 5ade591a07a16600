"""Multi-fidelity search beside other libraries: `python benchmarks/fidelity.py --help`.

Every search runs on the same tables of real learning curves (`curve_tasks.py`) with its project's defaults,
one trial at a time, until it has spent so many full trainings. Cost is steps trained: epochs, or rounds of
trees. The tables hold no seconds: a step of a wide network costs what one of a narrow network does. Printed
is the regret of the incumbent after some cost: the config whose last loss seen is the lowest, whatever the
step; its loss after a full training above the lowest one of the table, over that of the median config, from 0
to 1; lower is better. "shipped" is the regret of what the search recommends in the end; of a library that
recommends nothing, of the last incumbent. "begun" and "finished" are trainings that were started and that
came to the last step, "s" is the processor time of the search, "errors" the number of runs that ended in an
exception. Every task weighs the same; "±" is the standard error over seeds.

The searches: tunesmith with its default method and scheduler, or "tunesmith:METHOD+SCHEDULER"; "random"
trains every config to the end; "best-of-many" trains many briefly and finishes the best, the baseline to
beat; the others are the peers, where they are installed (`curve_adapters.py`). DEHB 0.1.2 wants NumPy 1:

    python -m venv dehb
    dehb/bin/pip install DEHB . "scipy<1.16"
    dehb/bin/python benchmarks/fidelity.py --searches dehb --out rows.jsonl

and the same --out without --searches where the others are: what a file has is shown, installed or not.
"""

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import argparse
import time
from contextlib import suppress

import numpy as np
from curve_adapters import OTHERS, everyone, search
from curve_tasks import Meter, Spent, curve_task, task_names
from peers import installed, silence
from running import Job, Row, begun_row, chosen, missing, parser_of, run_all
from tables import Results, counted, markdown, mean_and_error, print_errors

SHOWN = (1, 2, 5, 10, 15, 30, 50)  # full trainings


def arguments() -> argparse.Namespace:
    parser = parser_of(__doc__, seeds=3)
    parser.add_argument("--searches", default="", help="names, by commas (default: all that are installed)")
    parser.add_argument("--full", type=int, default=15, help="cost of each run, in full trainings")
    return parser.parse_args()


def run(job: Job) -> Row:
    """Run one search on one task. `job.budget` is full trainings."""
    silence()
    task = curve_task(job.task)
    meter = Meter(task, job.budget)

    def spend() -> None:
        with suppress(Spent):
            search(job.peer)(task, job.seed, meter)

    started = time.process_time()
    return {
        **begun_row(job, spend),
        "curve": [round(x, 6) for x in meter.curve],
        "rec": None if meter.shipped is None else round(meter.shipped, 6),
        "begun": meter.begun,
        "finished": meter.finished,
        "s": round(time.process_time() - started, 3),
    }


def points(full: int) -> list[int]:
    """Costs to show, in full trainings."""
    return [*(n for n in SHOWN if n < full), full]


def cost_table(results: Results) -> str:
    """Mean regret by cost, trainings, time and errors; best at the end first."""
    shown = points(results.budget)
    body = []
    for name in sorted(results.peers, key=lambda p: results.values(p, results.budget).mean()):
        cells = [mean_and_error(results.values(name, n)) for n in [*shown, None]]
        rows = results.of(name)
        means = [float(np.mean([row[key] for row in rows])) for key in ("begun", "finished", "s")]
        failed = sum(row["error"] is not None for row in rows)
        body.append([name, *cells, f"{means[0]:.0f}", f"{means[1]:.1f}", f"{means[2]:.2f}", str(failed)])
    return markdown(["", *(f"@{n}" for n in shown), "shipped", "begun", "finished", "s", "errors"], body)


def task_table(results: Results) -> str:
    """Mean regret at the end by task."""
    body = []
    for name in sorted(results.peers, key=lambda p: results.values(p, results.budget).mean()):
        values = results.values(name, results.budget)
        body.append([name, *(f"{x:.3f}" for x in values.mean(axis=0))])
    return markdown([f"@{results.budget}", *results.tasks], body)


def main() -> None:
    given = arguments()
    names = given.searches.split(",") if given.searches else everyone()
    for name in names:
        search(name)  # a name that is unknown ends this before anything is run
    tasks = chosen(task_names(), given.tasks)
    jobs = [Job(p, t, s, given.full, p) for s in range(given.seeds) for t in tasks for p in names]
    left = missing(jobs, given.out)
    needs = {name: packages for name, (_, packages) in OTHERS.items()}
    can_run = installed(list(dict.fromkeys(job.peer for job in left)), needs)
    jobs = [job for job in jobs if job not in left or job.peer in can_run]
    results = Results(run_all(jobs, given.jobs, given.out, run))
    scope = ", ".join([counted(len(results.tasks), "task"), counted(len(results.seeds), "seed")])
    print(f"Mean normalised regret by cost in full trainings over {scope}; lower is better.\n")
    print(cost_table(results))
    print()
    print(task_table(results))
    print_errors(results)


if __name__ == "__main__":
    main()
