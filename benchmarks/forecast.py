"""Does what the forecast says come true? How often its 80 % interval holds the best value, and its chances.

    python benchmarks/forecast.py --seeds 2 --first-seed 7
    python benchmarks/forecast.py --seeds 3 --fit            # the constants of `tunesmith.analysis.gains`

Each run is a real search. After some numbers of trials the forecast is asked for, and compared with what the
same search then finds. A chance comes true when a config is found whose true loss is lower than that of the
best one by more than the noise. "width" is that of the interval over the distance from the best to the middle
result. What is said of one task is of one kind, so "±" is the standard error over tasks.

With --fit, constants are tried out on the same searches: gains are drawn anew from what was played, which
rows keep. Best are those of the lowest score, CRPS of the gain + Brier score of the chance; the CRPS is that
of log(1 + 100 gain / distance from the best to the middle result), as small gains count too. Those found on
either half of the tasks are judged on the other one.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import itertools
import math
import time
import zlib
from collections.abc import Iterable
from dataclasses import asdict, fields
from functools import partial
from typing import Any

import numpy as np
from running import Job, Row, begun_row, chosen, parser_of, run_all
from tables import markdown
from tasks import Task, task, task_names

import tunesmith as ts
from tunesmith.analysis.forecast import HELD, TRIALS, Forecast, forecast
from tunesmith.analysis.gains import MODEL, OFF, Prospect, draw_gains, prospect
from tunesmith.history import History
from tunesmith.learning.observed import Observed
from tunesmith.seeds import generator
from tunesmith.trial import State

SMALL = 0.01  # of the distance from the best to the middle result: gains that count as small
EDGES = (0.0, 0.1, 0.3, 0.7, 0.9, 1.0001)  # of chances
GRID = [(off / 10, model / 10) for off in range(6, 23) for model in range(11)]  # what --fit tries

Made = dict[str, Any]


def run_search(job: Job, starts: Iterable[int]) -> Row:
    """Run one search and forecast it after some numbers of trials; `made` has each with what came true."""
    problem = task(job.task)
    rng = np.random.default_rng([job.seed, zlib.crc32(job.task.encode())])
    study = ts.Study(problem.space, method=job.peer, seed=job.seed)
    made: list[Made] = []

    def search() -> None:
        while len(study.history) < job.budget:
            if len(study.history) in starts and study.history.best is not None:
                made.append(said(study.history))
            try:
                trial = study.ask()
            except ts.errors.SpaceUsedUp:
                break
            loss = problem.loss(trial.config, rng)
            study.tell(trial, loss if math.isfinite(loss) else State.FAILED)

    row = begun_row(job, search)
    return {**row, "made": [{**m, **came(m, study.history, problem)} for m in made]}


def said(history: History) -> Made:
    """What the forecast says, and what it is drawn from (None while there is no model)."""
    begun = time.process_time()
    found = forecast(history)
    seconds = time.process_time() - begun
    assert isinstance(found, Forecast)
    losses = [t.value for t in history.trials if t.value is not None]
    seen = Observed(history)
    seen.update(history)
    known = prospect(history, seen, TRIALS, generator(0, seen.n, "forecast"))
    kept = known and {f.name: np.asarray(getattr(known, f.name)).tolist() for f in fields(known)}
    return {
        "n": len(history),
        "seconds": seconds,
        "noise": found.noise,
        "best": found.best,
        "spread": float(np.median(losses)) - found.best,
        "outlooks": [asdict(outlook) for outlook in found.outlooks],
        "prospect": kept,
    }


def came(made: Made, history: History, problem: Task) -> Made:
    """What came true after so many more trials: gain of the best result; was a better config found."""
    n = made["n"]
    before = problem.true(min(history.trials[:n], key=_value).config)
    found: Made = {"gains": [], "beat": []}
    for m in TRIALS:
        new = history.trials[n : n + m]
        if len(new) == m:
            found["gains"].append(max(0.0, made["best"] - min(map(_value, new))))
            found["beat"].append(min(problem.true(t.config) for t in new) < before - made["noise"])
    return found


def _value(trial: ts.Trial) -> float:
    return math.inf if trial.value is None else trial.value


def main() -> None:
    parser = parser_of(__doc__, seeds=3)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--from", dest="starts", default="10,20,40", help="numbers of trials, by commas")
    parser.add_argument("--method", default="auto")
    parser.add_argument("--fit", action="store_true", help="find constants, instead of judging those in use")
    given = parser.parse_args()
    starts = [int(n) for n in given.starts.split(",")]
    budget, shown = max(starts) + max(TRIALS), f"{given.method} from {given.starts}"
    seeds = range(given.first_seed, given.first_seed + given.seeds)
    names = chosen(task_names(), given.tasks)
    jobs = [Job(given.method, name, seed, budget, shown) for seed in seeds for name in names]
    rows = run_all(jobs, given.jobs, given.out, partial(run_search, starts=starts))
    (fit if given.fit else show)(rows)
    for row in rows:
        if row["error"]:
            print(f"error: {row['task']}, seed {row['seed']}: {row['error']}")


def show(rows: list[Row]) -> None:
    """Print how often intervals held, and what came of the chances."""
    every = [_judged(row["task"], m, k) for row in rows for m in row["made"] for k in range(len(m["gains"]))]
    groups = [("all", every)]
    for key, label in (("n", "after {}"), ("trials", "{} more"), ("family", "{}")):
        for value in sorted({r[key] for r in every}):
            groups.append((label.format(value), [r for r in every if r[key] == value]))
    keys = ("held", "width", "brier")
    body = [[label, str(len(found)), *(_mean(found, key) for key in keys)] for label, found in groups]
    print(markdown(["forecasts", "n", f"held ({HELD:.2f})", "width", "Brier score"], body), "\n")
    body = []
    for low, high in itertools.pairwise(EDGES):
        found = [r for r in every if low <= r["chance"] < high]
        if found:
            told = f"{np.mean([r['chance'] for r in found]):.2f}"
            body.append([f"{low:.1f} to {min(high, 1):.1f}", str(len(found)), told, _mean(found, "beat")])
    print(markdown(["chance", "n", "said", "came true"], body), "\n")
    seconds = [m["seconds"] for row in rows for m in row["made"]]
    print(f"processor seconds a forecast: {np.mean(seconds):.2f}")


def _judged(name: str, made: Made, k: int) -> Made:
    outlook, gain, beat = made["outlooks"][k], made["gains"][k], made["beat"][k]
    width = outlook["high"] - outlook["low"]
    return {
        "task": name,
        "family": name.split("/")[0],
        "n": made["n"],
        "trials": outlook["trials"],
        "held": gain <= width + 1e-9 * max(1.0, abs(made["best"])),
        "width": width / made["spread"] if made["spread"] else 0.0,
        "chance": outlook["chance"],
        "beat": beat,
        "brier": (outlook["chance"] - beat) ** 2,
    }


def _mean(found: list[Made], key: str) -> str:
    """Mean, and its standard error over tasks where there are several."""
    by_task = [np.mean([r[key] for r in found if r["task"] == t]) for t in {r["task"] for r in found}]
    mean = f"{np.mean([r[key] for r in found]):.3f}"
    return mean if len(by_task) < 2 else f"{mean} ± {np.std(by_task, ddof=1) / math.sqrt(len(by_task)):.3f}"


def fit(rows: list[Row]) -> None:
    """Print the constants of lowest score: of all tasks, and of each half with its score on the other one."""
    names = sorted({row["task"] for row in rows})
    scores = np.zeros((len(names), len(GRID)))  # mean over the forecasts of each task
    for j, name in enumerate(names):
        made = [
            m for row in rows if row["task"] == name for m in row["made"] if m["prospect"] and m["spread"]
        ]
        scores[j] = [np.mean([score(m, *constants) for m in made]) for constants in GRID]
    even = np.arange(len(names)) % 2 == 0
    used = GRID.index((round(OFF, 1), round(MODEL, 1)))
    body = []
    for label, on in (("all", even | True), ("one half", even), ("the other", ~even)):
        best = int(scores[on].mean(axis=0).argmin())
        cells = [f"{scores[i].mean(axis=0)[k]:.3f}" for i in (on, ~on) for k in (best, used) if i.any()]
        body.append([label, *(f"{x:.1f}" for x in GRID[best]), *cells, *[""] * (4 - len(cells))])
    print(markdown(["tasks", "OFF", "MODEL", "score", "in use", "on the other half", "in use"], body))


def score(made: Made, off: float, model: float) -> float:
    """CRPS of gains and Brier score of chances, mean over numbers of further trials; lower is better."""
    known = Prospect(**{name: np.asarray(value) for name, value in made["prospect"].items()})
    gains, real = draw_gains(known, generator(0, made["n"], "fit"), off=off, model=model)
    K = len(made["gains"])
    x, y = (np.log1p(np.asarray(g) / (SMALL * made["spread"])) for g in (gains[:, :K], made["gains"]))
    return float(np.mean(crps(x, y) + (real[:, :K].mean(axis=0) - made["beat"]) ** 2))


def crps(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Continuous ranked probability score of draws x (D, K) of y (K,): mean |x - y| - mean |x - x'| / 2."""
    D = len(x)
    rank = (2 * np.arange(D) - D + 1)[:, None]
    return np.asarray(np.abs(x - y).mean(axis=0) - (rank * np.sort(x, axis=0)).sum(axis=0) / D**2)


if __name__ == "__main__":
    main()
