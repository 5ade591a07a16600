"""Search quality beside other libraries: `python benchmarks/search.py --help`.

Every search runs on the same tasks (`tasks.py`) with its project's defaults, one trial at a time. Printed is
the regret of the incumbent, the config with the lowest loss seen, after some numbers of trials: its true loss
above the optimum, over that of the median random config, from 0 to 1; lower is better. "rec" is the regret of
the config that the search recommends in the end (its incumbent, where it has no other opinion): under noise
the lowest loss seen is often luck. "ms" is the processor time of ask and tell by trial, "errors" the number
of runs that ended in an exception. Every task weighs the same; "±" is the standard error over seeds.

With `--at-once 8`, eight trials run side by side: eight configs are asked for before any loss is told. Only
the searches that mind the trials under way take part; name optuna-tpe-liar for Optuna's default with the
setting for that.

With `--timing`, ask and tell are timed after so many known results, see `timing.py`.
"""

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import argparse
from itertools import product

from peers import everyone, installed, peer
from running import Job, chosen, parser_of, prepare, run_all
from tables import Results, family_table, print_errors, scope, search_table
from tasks import task_names
from timing import timing_table


def arguments() -> argparse.Namespace:
    parser = parser_of(__doc__, seeds=3)
    parser.add_argument(
        "--peers",
        default=",".join(name for name in everyone() if name != "optuna-tpe-liar"),
        help="names, by commas; also tunesmith:METHOD (default: all that are installed)",
    )
    parser.add_argument("--budget", type=int, default=50, help="trials of each run")
    parser.add_argument("--at-once", type=int, default=1, help="trials that run side by side")
    parser.add_argument("--timing", action="store_true", help="print the time of ask and tell instead")
    return parser.parse_args()


def main() -> None:
    given = arguments()
    names = installed(given.peers.split(","))
    found = {name: peer(name) for name in names}  # a name that is unknown ends this before anything is run
    if given.at_once > 1:
        names = [name for name in names if found[name].knows_running]
    if given.timing:
        print(timing_table(names))
        return
    tasks = chosen(task_names(), given.tasks)
    prepare(tasks)
    runs = product(range(given.seeds), tasks, names)
    jobs = [Job(p, t, s, given.budget, p, given.at_once) for s, t, p in runs]
    results = Results(run_all(jobs, given.jobs, given.out))
    print(f"Mean normalised regret over {scope(results)}; lower is better.\n")
    print(search_table(results))
    print()
    print(family_table(results))
    print_errors(results)


if __name__ == "__main__":
    main()
