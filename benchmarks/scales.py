"""What a forgotten `log=True` costs: `python benchmarks/scales.py --help`.

Each task with a log scale over three decades or more is searched twice, by each library: as it is, and with
these scales declared linear, as people do who forget it. Printed is the mean normalised regret as in
`search.py`, and by how much it rises, paired by task and seed.
"""

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

from dataclasses import replace

from running import Job, Row, chosen, parser_of, prepare, run, run_all
from tables import Results, markdown, mean_and_error, print_errors, scope, signed
from tasks import task, task_names

import tunesmith as ts

PEERS = ("tunesmith", "optuna-tpe", "optuna-gp", "random")
FORGOTTEN = ", log forgotten"
RATIO = 1000.0  # of high to low from which it is forgotten
SHOWN = (10, 20, 30, 50)  # trials


def without_logs(space: ts.Space) -> ts.Space:
    """The space with wide log scales declared linear."""
    made = dict(space.parameters)
    for name, parameter in made.items():
        if isinstance(parameter, ts.Choice) or not parameter.log or parameter.high < RATIO * parameter.low:
            continue
        made[name] = replace(parameter, log=False)
    changed = ts.Space(made)
    for constraint in space.constraints:
        changed.require(constraint.text)
    return changed


def run_forgetful(job: Job) -> Row:
    """Run one search; `job.shown` says whether logs are forgotten."""
    problem = task(job.task)
    if not job.shown.endswith(FORGOTTEN):
        return run(job, problem)
    return run(job, replace(problem, space=without_logs(problem.space)))


def table(results: Results) -> str:
    """Regrets of each library with and without logs, and the rise."""
    body = []
    for name in results.peers:
        shown = [results.values(name, n) for n in SHOWN]
        body.append([name, *map(mean_and_error, shown)])
        if name.endswith(FORGOTTEN):
            right = name.removesuffix(FORGOTTEN)
            rises = [v - results.values(right, n) for v, n in zip(shown, SHOWN, strict=True)]
            body.append(["rise", *map(signed, rises)])
    return markdown(["", *(f"@{n}" for n in SHOWN)], body)


def main() -> None:
    parser = parser_of(__doc__, seeds=3)
    parser.add_argument("--peers", default=",".join(PEERS), help=f"by commas (default: {','.join(PEERS)})")
    given = parser.parse_args()
    names = chosen(
        [n for n in task_names() if without_logs(task(n).space) != task(n).space],
        given.tasks,
    )
    prepare(names)
    jobs = [
        Job(peer, name, seed, SHOWN[-1], shown)
        for seed in range(given.seeds)
        for name in names
        for peer in given.peers.split(",")
        for shown in (peer, peer + FORGOTTEN)
    ]
    results = Results(run_all(jobs, given.jobs, given.out, run_forgetful))
    print(f"{scope(results)}\n\n{table(results)}")
    print_errors(results)


if __name__ == "__main__":
    main()
