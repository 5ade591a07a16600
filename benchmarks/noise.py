"""How much of the regret on the noisy tables is noise, which no search can see through: `--help`.

A table has several runs of each config, and the search is told one of them, drawn at random. The default
method searches three times:

    one run     as in `search.py`
    less seeds  the run, less by what its seed does to all good configs alike: another split of the data makes
                everything look better, and a person who fixes the split of the objective gets rid of that
    the mean    of all runs of the config, so without noise

Beside that stands what there is to find: the regret of the ten configs that a model of the whole table (all
configs and runs; each config is predicted from the others) says are the best. What they leave is luck of
single configs, as the optimum is the lowest of so many noisy means.
"""

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

from dataclasses import replace

import numpy as np
from references import Scale
from running import Job, Row, chosen, parser_of, prepare, run, run_all
from tables import Results, markdown, mean_and_error, print_errors, scope
from tasks import TABLES, Table, Task, grid_row, task, task_names

import tunesmith as ts

ONE, LESS, MEAN = KINDS = ("one run", "less seeds", "the mean")
GOOD = 0.3  # regret below which a config counts when the effect of a seed is found
LIKELIEST = 10  # configs that the model of the whole table says are the best
SHOWN = (20, 50, None)  # trials; None is the recommended config


def told(problem: Task, kind: str) -> Task:
    """The task as the search is to see it."""
    if kind == ONE:
        return problem
    if kind == MEAN:
        return replace(problem, observe=None)
    table = Table(*problem.name.split("/"))
    effects = seed_effects(table.losses, Scale(problem))

    def observe(config: ts.space.Config, rng: np.random.Generator) -> float:
        less = table.losses[grid_row(table.grid, config)] - effects
        return float(rng.choice(less[~np.isnan(less)]))

    return replace(problem, observe=observe)


def seed_effects(losses: np.ndarray, scale: Scale) -> np.ndarray:
    """By how much a seed raises the losses (configs, seeds) of good configs, shape (seeds,)."""
    means = np.nanmean(losses, axis=1)
    is_good = means < scale.optimum + GOOD * (scale.median - scale.optimum)
    return np.asarray(np.nanmean(losses[is_good] - means[is_good, None], axis=0))


def limit(problem: Task) -> float:
    """Mean regret of the configs that a model of the whole table says are the best."""
    from sklearn.ensemble import HistGradientBoostingRegressor
    from sklearn.model_selection import KFold, cross_val_predict

    table, scale = Table(*problem.name.split("/")), Scale(problem)
    X = np.array(list(np.ndindex(*table.shape)))
    is_options = [isinstance(p, ts.Choice) for p in problem.space.parameters.values()]
    regret = (np.nanmean(table.losses, axis=1) - scale.optimum) / (scale.median - scale.optimum)
    y = np.clip(regret, 0.0, 1.5)  # the bad half is of no interest, and heavy tails would rule the fit
    model = HistGradientBoostingRegressor(
        max_iter=600, learning_rate=0.05, max_leaf_nodes=63, categorical_features=is_options, random_state=0
    )
    expected = cross_val_predict(model, X, y, cv=KFold(10, shuffle=True, random_state=0))
    return float(np.minimum(regret[np.argsort(expected)[:LIKELIEST]], 1.0).mean())


def run_told(job: Job) -> Row:
    """Run the default method; `job.shown` is what it is told."""
    return run(job, told(task(job.task), job.shown))


def main() -> None:
    given = parser_of(__doc__, seeds=5, tasks="hpobench").parse_args()
    names = chosen([name for name in task_names() if name.split("/")[0] in TABLES], given.tasks)
    prepare(names)
    jobs = [Job("tunesmith", t, s, 50, k) for s in range(given.seeds) for t in names for k in KINDS]
    results = Results(run_all(jobs, given.jobs, given.out, run_told))
    body = [[kind, *(mean_and_error(results.values(kind, n)) for n in SHOWN)] for kind in results.peers]
    left = np.mean([limit(task(name)) for name in names])
    print(f"Mean normalised regret over {scope(results)}, by what the search is told.\n")
    print(markdown(["", "@20", "@50", "recommended"], body))
    print(f"\nThe {LIKELIEST} best configs by a model of the whole table: {left:.3f}")
    print_errors(results)


if __name__ == "__main__":
    main()
