"""What priors are worth, and what wrong ones cost: `python benchmarks/priors.py --help`.

The default method searches each task three times: without priors; with every number's prior round the best of
100 random configs ("right", as far as a person can know); and round one of the worse half of them ("wrong").
A prior is normal on the parameter's scale, its standard deviation 15 % of the range. Printed is the mean
normalised regret as in `search.py`, and by how much it rises against no priors, paired by task and seed.
"""

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import math
from dataclasses import replace

import numpy as np
from running import Job, Row, chosen, parser_of, prepare, run, run_all
from scipy import stats
from tables import Results, markdown, mean_and_error, print_errors, scope, signed
from tasks import Config, Task, task, task_names

import tunesmith as ts

NONE, KINDS = "no priors", ("no priors", "right priors", "wrong priors")
DRAWN = 100  # random configs among which a prior's centre is chosen
WIDTH = 0.15  # standard deviation of a prior, as a share of the range on its scale
SHOWN = (5, 10, 20, 30, 50)  # trials


def centre(problem: Task, kind: str, seed: int) -> Config:
    """The config that the priors are round."""
    rng = np.random.default_rng([seed, 7])
    configs = [problem.space.draw(rng.random(len(problem.space))) for _ in range(DRAWN)]
    losses = np.array([problem.true(config) for config in configs])
    order = [k for k in np.argsort(losses) if math.isfinite(losses[k])]
    return configs[order[0] if kind == "right priors" else rng.choice(order[len(order) // 2 :])]


def with_priors(space: ts.Space, config: Config) -> ts.Space:
    """The space with a prior for each number of the config."""
    made = dict(space.parameters)
    for name, value in config.items():
        parameter = made[name]
        if isinstance(parameter, ts.Choice) or parameter.low == parameter.high:
            continue
        if parameter.log:
            prior = stats.lognorm(s=WIDTH * math.log(parameter.high / parameter.low), scale=value)
        else:
            prior = stats.norm(value, WIDTH * (parameter.high - parameter.low))
        made[name] = replace(parameter, prior=prior)
    return ts.Space(made)


def run_with(job: Job) -> Row:
    """Run the default method; `job.shown` is the kind of priors."""
    if job.shown == NONE:
        return run(job)
    problem = task(job.task)
    space = with_priors(problem.space, centre(problem, job.shown, job.seed))
    return run(job, replace(problem, space=space))


def table(results: Results) -> str:
    """Regrets by kind of priors, and their rise."""
    body = []
    for kind in results.peers:
        shown = [results.values(kind, n) for n in SHOWN]
        body.append([kind, *map(mean_and_error, shown)])
        if kind != NONE:
            cells = [signed(v - results.values(NONE, n)) for v, n in zip(shown, SHOWN, strict=True)]
            body.append(["against none", *cells])
    return markdown(["", *(f"@{n}" for n in SHOWN)], body)


def main() -> None:
    given = parser_of(__doc__, seeds=5).parse_args()
    names = chosen(task_names(), given.tasks)
    fit = [n for n in names if any(not isinstance(p, ts.Choice) for p in task(n).space.parameters.values())]
    prepare(fit)
    jobs = [Job("tunesmith", t, s, SHOWN[-1], k) for s in range(given.seeds) for t in fit for k in KINDS]
    results = Results(run_all(jobs, given.jobs, given.out, run_with))
    print(f"{scope(results)}\n\n{table(results)}")
    print_errors(results)


if __name__ == "__main__":
    main()
