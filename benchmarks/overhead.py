"""What a trial costs beside the objective itself: run with `make bench` or `python benchmarks/overhead.py`.

Every row is measured in this one run, beside Optuna where it is installed, since machines are noisy: compare
the ratios. Printed: time to import; ask + store + tell per trial (random method, two floats) in memory and on
SQLite; opening a study of many trials, and asking in it; a report with each of the simple schedulers, and a
decision of "curves" among 200 curves of 50 steps; memory over many short trials in worker processes.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import tunesmith as ts


def space() -> ts.Space:
    return ts.Space(x=ts.Float(-5, 5), y=ts.Float(1e-5, 1, log=True))


def objective(config: dict[str, float]) -> float:
    return config["x"] ** 2 + config["y"]


def seconds_to_import(statement: str, times: int = 7) -> float:
    """Median time of an import in a new process, in seconds, the interpreter's own start not counted."""
    code = f"import time; s = time.perf_counter(); {statement}; print(time.perf_counter() - s)"
    runs = [
        float(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout)
        for _ in range(times)
    ]
    return sorted(runs)[times // 2]


def imports() -> None:
    numpy = seconds_to_import("import numpy")
    print(f"import numpy                      {1e3 * numpy:8.1f} ms")
    added = seconds_to_import("import numpy; s = time.perf_counter(); import tunesmith")
    print(f"import tunesmith, on top of it    {1e3 * added:8.1f} ms   (target: under 50)")
    used = "import numpy; s = time.perf_counter(); import tunesmith as ts; ts.Space, ts.minimize"
    print(f"  ... and using ts.minimize       {1e3 * seconds_to_import(used):8.1f} ms")
    if has_optuna():
        added = seconds_to_import("import numpy; s = time.perf_counter(); import optuna")
        print(f"import optuna, on top of numpy    {1e3 * added:8.1f} ms")
    listing = "import tunesmith, sys; print(*sorted({m.split('.')[0] for m in sys.modules}))"
    loaded = subprocess.run(
        [sys.executable, "-c", listing], capture_output=True, text=True, check=True
    ).stdout.split()
    heavy = {"sqlalchemy", "scipy", "pandas", "plotly", "lightgbm", "sklearn", "torch"} & set(loaded)
    print(f"heavy modules after import        {', '.join(sorted(heavy)) or 'none'}")


def has_optuna() -> bool:
    try:
        import optuna
    except ImportError:
        return False
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    return True


def per_trial(label: str, run: Callable[[int], None], trials: int, target: str = "") -> float:
    started = time.perf_counter()
    run(trials)
    each = (time.perf_counter() - started) / trials
    print(f"{label:34}{1e3 * each:8.3f} ms a trial over {trials}   {target}")
    return each


def loops(folder: Path, trials: int) -> None:
    def ours(store: str | None) -> Callable[[int], None]:
        def run(n: int) -> None:
            study = ts.Study(space(), method="random", seed=0, store=store)
            for _ in range(n):
                trial = study.ask()
                study.tell(trial, objective(trial.config))

        return run

    def ours_run(n: int) -> None:
        ts.minimize(
            objective,
            space(),
            trials=n,
            method="random",
            seed=0,
            store=str(folder / "run.db"),
            progress=False,
        )

    per_trial("tunesmith, memory, ask + tell", ours(None), trials, "(target: under 1)")
    mine = per_trial(
        "tunesmith, SQLite, ask + tell", ours(str(folder / "ours.db")), trials, "(target: under 5)"
    )
    per_trial("tunesmith, SQLite, minimize", ours_run, trials)
    if not has_optuna():
        return
    import optuna

    def theirs(storage: str | None) -> Callable[[int], None]:
        def run(n: int) -> None:
            study = optuna.create_study(storage=storage, sampler=optuna.samplers.RandomSampler(seed=0))
            for _ in range(n):
                trial = study.ask()
                x, y = trial.suggest_float("x", -5, 5), trial.suggest_float("y", 1e-5, 1, log=True)
                study.tell(trial, x**2 + y)

        return run

    per_trial("optuna, memory, ask + tell", theirs(None), trials)
    other = per_trial(
        "optuna, SQLite, ask + tell", theirs(f"sqlite:///{folder / 'theirs.db'}"), max(50, trials // 10)
    )
    print(f"ratio on SQLite                   {other / mine:8.1f}")


def big_study(folder: Path, trials: int) -> None:
    where = str(folder / "big.db")
    fill(where, trials)
    started = time.perf_counter()
    study = ts.Study.open(where, "default")
    best = study.best
    took = time.perf_counter() - started
    print(f"open {trials} trials and find best   {took:6.2f} s, best {best.value:.3g}   (target: under 2)")
    for method in ("random", "sobol"):
        study = ts.Study(study.space, store=where, method=method)
        study.tell(study.ask(), 1.0)  # the first one imports what the method needs, and keys the history
        started = time.perf_counter()
        for _ in range(100):
            study.tell(study.ask(), 1.0)
        print(f"  ask + tell of {method:8} in it      {10 * (time.perf_counter() - started):8.3f} ms a trial")


def fill(where: str, trials: int) -> None:
    """Make a study of many trials at once, as a long run would have left it."""
    from sqlalchemy import create_engine, insert, select, update

    from tunesmith.store.schema import studies as study_table
    from tunesmith.store.schema import trials as trial_table

    study = ts.Study(space(), method="random", seed=0, store=where)
    study.tell(study.ask(), 1.0)
    study.store.close()
    rng = random.Random(0)
    engine = create_engine(f"sqlite:///{where}")
    with engine.begin() as connection:
        first = dict(connection.execute(select(trial_table)).mappings().one())
        rows = []
        for number in range(1, trials):
            config = {"x": rng.uniform(-5, 5), "y": rng.uniform(1e-5, 1)}
            told = {"config": json.dumps(config), "value": objective(config)}
            rows.append({**first, **told, "number": number, "revision": first["revision"] + number})
        connection.execute(insert(trial_table), rows)
        counters = {"revision": first["revision"] + trials, "trials": trials, "started": trials}
        connection.execute(update(study_table).values(counters))
    engine.dispose()


def reports(trials: int) -> None:
    """Time of a whole run in memory by report: what is more than with "none" is the scheduler's."""

    def run(scheduler: str) -> tuple[float, int]:
        study = ts.Study(
            space(), method="random", scheduler=scheduler, fidelity=ts.Fidelity("epoch", 1, 27), seed=0
        )
        started = time.perf_counter()
        while (trial := study.next_trial(trials)) is not None:
            handle = study.handle(trial)
            for step in handle.steps():
                handle.report(objective(handle.config) + 1.0 / step)
            study.tell(handle, objective(handle.config) + 1.0 / step)
        return time.perf_counter() - started, study.history.steps

    for scheduler in ("none", "median", "halving", "hyperband", "asha"):
        took, count = run(scheduler)
        target = "" if scheduler == "none" else "(target: under 1 more than none)"
        print(f"a report with {scheduler:20}{1e3 * took / count:8.3f} ms over {count}   {target}")


def decisions(trials: int = 200, steps: int = 50, times: int = 30) -> None:
    """Processor time of "curves" among many paused trials, each time after a new one: nothing is kept."""
    from tunesmith.history import History
    from tunesmith.schedulers.curves import Curves
    from tunesmith.trial import Report, State, Trial

    rng, names = random.Random(0), [f"x{i}" for i in range(7)]
    history = History(ts.Space({n: ts.Float(0, 1) for n in names}), fidelity=ts.Fidelity("epoch", 1, 100))
    scheduler, took = Curves(), list[float]()

    def record(state: State) -> Trial:
        config = {name: rng.random() for name in names}
        end = sum((x - 0.4) ** 2 for x in config.values())
        curve = tuple(Report(step, end + (1.0 + config["x0"]) / step, 0.0) for step in range(1, steps + 1))
        history.record(trial := Trial(len(history), config, state, reports=curve))
        return trial

    for _ in range(trials):
        record(State.PAUSED)
    scheduler.next(history, lambda: dict.fromkeys(names, 0.5))  # imports what the model needs
    for k in range(times):
        trial = record(State.RUNNING if k % 2 else State.PAUSED)
        started = time.process_time()
        if k % 2:
            scheduler.after_report(history, trial)
        else:
            scheduler.next(history, lambda: dict.fromkeys(names, 0.5))
        took.append(1e3 * (time.process_time() - started))
    print(
        f"a decision of curves among {trials} of {steps} steps: median {sorted(took)[times // 2]:.1f} ms, "
        f"most {max(took):.1f}   (target: under 50)"
    )


def memory(trials: int) -> None:
    """Resident memory of this process while 4 workers run many short trials."""
    page = os.sysconf("SC_PAGE_SIZE")

    def resident() -> float:
        return int(Path("/proc/self/statm").read_text().split()[1]) * page / 2**20

    seen: list[float] = []

    def look(study: ts.Study, trial: ts.Trial) -> None:
        if trial.number % (trials // 10) == 0:
            seen.append(resident())

    started = time.perf_counter()
    ts.minimize(
        objective,
        space(),
        trials=trials,
        workers=4,
        method="random",
        seed=0,
        progress=False,
        callbacks=[look],
    )
    each = 1e3 * (time.perf_counter() - started) / trials
    print(
        f"4 workers, {trials} trials: {each:.2f} ms each; MB in memory: {' '.join(f'{m:.0f}' for m in seen)}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--trials", type=int, default=1000, help="trials for the time per trial")
    parser.add_argument("--many", type=int, default=100_000, help="trials of the big study")
    parser.add_argument("--short", type=int, default=10_000, help="trials for the memory")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        imports()
        loops(Path(folder), options.trials)
        big_study(Path(folder), options.many)
        reports(options.trials)
        decisions()
        memory(options.short)


if __name__ == "__main__":
    main()
