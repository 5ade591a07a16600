"""One run of one search on one task, many of them in processes, and the rows that they leave.

A row is a dict: peer, task, seed, budget, at_once (trials that run side by side); curve (regret of the
incumbent after each trial), rec (regret of the recommended config), ms (processor time of ask and tell by
trial), failures (trials that failed), error (why the run ended early, or None). Rows are kept one a line in a
file, and a run that is there is not run again.
"""

import argparse
import json
import math
import sys
import time
import zlib
from collections.abc import Callable, Iterable, Iterator
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from peers import peer, silence
from references import Scale
from tasks import Task, task

Row = dict[str, Any]
TASKS = 50  # that a process does before another takes its place: some of the peers' libraries keep memory


class Job(NamedTuple):
    """What is to be run; `shown` is the name in the table, `at_once` how many trials run side by side."""

    peer: str
    task: str
    seed: int
    budget: int
    shown: str
    at_once: int = 1

    @property
    def key(self) -> tuple[str, str, int, int, int]:
        """What a row is known by."""
        return self.shown, self.task, self.seed, self.budget, self.at_once


def parser_of(doc: str | None, *, seeds: int, tasks: str = "") -> argparse.ArgumentParser:
    """Command line of a benchmark that runs jobs, with the options that all of them have.

    Args:
        doc: Docstring of the script.
        seeds: Default of --seeds.
        tasks: Default of --tasks.
    """
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    which = f"beginnings of names, by commas (default: {tasks or 'all'})"
    parser.add_argument("--tasks", default=tasks, help=which)
    parser.add_argument("--seeds", type=int, default=seeds, help="runs of each row of the table on each task")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--out", type=Path, help="file of rows (JSON lines); what is there is not run again")
    return parser


def chosen(names: list[str], beginnings: str) -> list[str]:
    """Names that begin with one of some beginnings, given by commas; none is the end, in words."""
    found = [name for name in names if name.startswith(tuple(beginnings.split(",")))]
    if not found:
        raise SystemExit(f"no task begins with {beginnings!r}; there are {', '.join(names)}")
    return found


def prepare(names: Iterable[str]) -> None:
    """Find the optimum and the median of tasks once, and not in every process."""
    for name in names:
        Scale(task(name))


def run(job: Job, problem: Task | None = None) -> Row:
    """Run one search on one task; where it is given, on the task as changed: another space, other noise."""
    silence()
    problem = problem or task(job.task)
    run = _Run(problem, Scale(problem), job.seed)
    return {
        **begun_row(job, lambda: run.search(job)),
        "curve": [round(x, 6) for x in run.curve],
        "rec": None if run.rec is None else round(run.rec, 6),
        "ms": 1e3 * run.seconds / max(1, len(run.curve)),
        "failures": run.failures,
    }


def begun_row(job: Job, search: Callable[[], None]) -> Row:
    """Run a search, and begin its row with what it was; an exception ends the run, and is noted."""
    error: str | None = None
    try:
        search()
    except Exception as reason:  # whatever a peer raises is its result
        error = f"{type(reason).__name__}: {reason}".split("\n")[0][:200]
    return {
        "peer": job.shown,
        "task": job.task,
        "seed": job.seed,
        "budget": job.budget,
        "at_once": job.at_once,
        "error": error,
    }


class _Run:
    def __init__(self, problem: Task, scale: Scale, seed: int) -> None:
        self.problem, self.scale = problem, scale
        self.rng = np.random.default_rng([seed, zlib.crc32(problem.name.encode())])
        self.curve: list[float] = []
        self.rec: float | None = None
        self.seconds, self.failures = 0.0, 0

    def search(self, job: Job) -> None:
        started = time.process_time()
        search = peer(job.peer)(self.problem.space, job.seed, job.budget, self.problem.observe is not None)
        lowest, regret = math.inf, 1.0
        while len(self.curve) < job.budget:
            configs = [search.ask() for _ in range(min(job.at_once, job.budget - len(self.curve)))]
            self.seconds += time.process_time() - started
            losses = [self.problem.loss(config, self.rng) for config in configs]
            for config, loss in zip(configs, losses, strict=True):
                if loss < lowest:
                    lowest, regret = loss, self.scale.regret(config)
                self.failures += not math.isfinite(loss)
                self.curve.append(regret)
            started = time.process_time()
            for config, loss in zip(configs, losses, strict=True):
                search.tell(config, loss)
        self.seconds += time.process_time() - started
        chosen = search.recommend()
        self.rec = regret if chosen is None else self.scale.regret(chosen)


def run_all(
    jobs: list[Job], processes: int, out: Path | None, work: Callable[[Job], Row] | None = None
) -> list[Row]:
    """Run jobs, those left out that the file has; rows are added to the file as they come.

    Args:
        jobs: What to run.
        processes: How many at once.
        out: File of rows; None to keep none.
        work: Makes the row of a job; `run` unless given.
    """
    known = _known(out)
    rows = [known[job.key] for job in jobs if job.key in known]
    left = [job for job in jobs if job.key not in known]
    for done, row in enumerate(_rows(left, processes, work or run), start=1):
        rows.append(row)
        if out:
            with out.open("a") as file:
                file.write(json.dumps(row) + "\n")
        if sys.stderr.isatty():
            print(f"\r{done} of {len(left)} runs ", end="", file=sys.stderr, flush=True)
    return rows


def missing(jobs: list[Job], out: Path | None) -> list[Job]:
    """Jobs of which a file of rows has none."""
    known = _known(out)
    return [job for job in jobs if job.key not in known]


def _known(out: Path | None) -> dict[Any, Row]:
    return {_key(row): row for row in read(out)} if out else {}


def _rows(jobs: list[Job], processes: int, work: Callable[[Job], Row]) -> Iterator[Row]:
    if processes == 1:
        yield from map(work, jobs)
        return
    # Not forked: some of the peers' libraries hang in a forked process. And not ProcessPoolExecutor, which
    # hangs once its processes have done `max_tasks_per_child` tasks (CPython issue 115634).
    with get_context("spawn").Pool(processes, maxtasksperchild=TASKS) as pool:
        yield from pool.imap_unordered(work, jobs)


def read(path: Path) -> Iterable[Row]:
    """Rows of a file; none when it does not exist."""
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def _key(row: Row) -> tuple[str, str, int, int, int]:
    return row["peer"], row["task"], row["seed"], row["budget"], row["at_once"]
