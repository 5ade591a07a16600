"""Does what the forecast says come true? How often its 80 % interval holds the best value, and its chances.

    python benchmarks/forecast.py                 # all synthetic functions and tables, 3 seeds
    python benchmarks/forecast.py --tasks syn/branin --seeds 5 --from 10,20,40

Each run is a real search. At some numbers of trials the forecast is asked for, and compared with what the
same search then finds.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse
import itertools
import json
import math
import time
import zlib
from pathlib import Path

import numpy as np
from tables import markdown
from tasks import task, task_names

import tunesmith as ts
from tunesmith.analysis.forecast import TRIALS, forecast
from tunesmith.trial import State


def rows(name: str, seed: int, method: str, starts: list[int]) -> list[dict]:
    """Forecasts of one search, each with what came true."""
    problem = task(name)
    rng = np.random.default_rng([seed, zlib.crc32(name.encode())])
    study = ts.Study(problem.space, method=method, seed=seed)
    made, last = [], max(starts) + max(TRIALS)
    while len(study.history) < last:
        if len(study.history) in starts:
            begun = time.process_time()
            found = forecast(study.history)
            if found is not None:
                made.append((len(study.history), found, time.process_time() - begun, _true(study, problem)))
        try:
            trial = study.ask()
        except ts.errors.SpaceUsedUp:
            break
        loss = problem.loss(trial.config, rng)
        study.tell(trial, loss if math.isfinite(loss) else State.FAILED)
    return [
        _row(name, seed, n, found, outlook, seconds, study, problem, true)
        for n, found, seconds, true in made
        for outlook in found.outlooks
        if n + outlook.trials <= len(study.history)
    ]


def _true(study, problem) -> float:
    return problem.true(study.history.best.config)


def _row(name, seed, n, found, outlook, seconds, study, problem, true) -> dict:
    after = study.history.trials[: n + outlook.trials]
    told = min(t.value for t in after if t.value is not None)
    new = [problem.true(t.config) for t in after[n:]]
    slack = 1e-9 * max(1.0, abs(told))
    return {
        "task": name,
        "seed": seed,
        "n": n,
        "trials": outlook.trials,
        "best": found.best,
        "value": outlook.value,
        "low": outlook.low,
        "high": outlook.high,
        "told": told,
        "held": bool(outlook.low - slack <= told <= outlook.high + slack),
        "below": bool(told < outlook.low - slack),
        "chance": outlook.chance,
        "beat": bool(min(new) < true - found.noise),
        "worth": found.is_worth_it,
        "seconds": seconds,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--tasks", default="")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--from", dest="starts", default="10,20,40")
    parser.add_argument("--method", default="auto")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    wanted = given.tasks.split(",") if given.tasks else [n for n in task_names() if not n.startswith("live")]
    starts = [int(n) for n in given.starts.split(",")]
    every = []
    for name in wanted:
        for seed in range(given.first_seed, given.first_seed + given.seeds):
            every += rows(name, seed, given.method, starts)
            if given.out:
                given.out.write_text("".join(json.dumps(row) + "\n" for row in every))
    show(every)


def show(every: list[dict]) -> None:
    """Print how often intervals held, and what came of the chances."""
    body = []
    groups = [("all", every)]
    groups += [(f"after {n}", [r for r in every if r["n"] == n]) for n in sorted({r["n"] for r in every})]
    groups += [
        (f"{m} more", [r for r in every if r["trials"] == m]) for m in sorted({r["trials"] for r in every})
    ]
    families = sorted({r["task"].split("/")[0] for r in every})
    groups += [(f, [r for r in every if r["task"].startswith(f)]) for f in families]
    for label, found in groups:
        held, below = (np.mean([r[key] for r in found]) for key in ("held", "below"))
        brier = np.mean([(r["chance"] - r["beat"]) ** 2 for r in found])
        body.append(
            [
                label,
                str(len(found)),
                f"{held:.2f}",
                f"{below:.2f}",
                f"{max(0.0, 1 - held - below):.2f}",
                f"{brier:.3f}",
            ]
        )
    print(markdown(["forecasts", "n", "held (0.80)", "better", "worse", "Brier score"], body), "\n")
    body = []
    edges = [0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 1.0001]
    for low, high in itertools.pairwise(edges):
        found = [r for r in every if low <= r["chance"] < high]
        if found:
            said, came = (np.mean([r[key] for r in found]) for key in ("chance", "beat"))
            body.append([f"{low:.1f} to {min(high, 1):.1f}", str(len(found)), f"{said:.2f}", f"{came:.2f}"])
    print(markdown(["chance", "n", "said", "came true"], body), "\n")
    print(f"processor seconds a forecast: {np.mean([r['seconds'] for r in every]):.2f}")


if __name__ == "__main__":
    main()
