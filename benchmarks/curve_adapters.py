"""The searches that `fidelity.py` compares: each trains configs at a `Meter` until all its steps are spent.

Each has the defaults of its project, one trial at a time. Who can go on with a config pays for the new steps
only: all but Optuna, whose pruned trials are gone for good. What is shared with the searches without a
fidelity is `adapters.py` and `heavy_adapters.py`; names are `everyone` and `search` at the end.
"""

import tempfile
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from adapters import Optuna, OptunaGP, OptunaTPE
from curve_tasks import CurveTask, Meter
from tasks import Config

import tunesmith as ts
from tunesmith.methods.registry import method_names
from tunesmith.schedulers.registry import scheduler_names

Search: TypeAlias = Callable[[CurveTask, int, Meter], None]
"""Runs on a task, with a seed, until everything is spent or there is nothing left to try."""

FIRST = 9  # a full training is so many times the short ones of best-of-many
TRIALS = 10  # trials of any length by full training, about as many as Hyperband runs: SMAC wants to know


def tunesmith(method: str, scheduler: str) -> Search:
    """Ours, with any method and scheduler; with the default scheduler where it is empty."""

    def run(task: CurveTask, seed: int, meter: Meter) -> None:
        def train(config: Config, trial: Any) -> float:
            loss = float("nan")
            for step in trial.steps():
                loss = meter.step(config, step)
                trial.report(loss)
            return loss

        given = {"scheduler": scheduler} if scheduler else {}
        study = ts.Study(task.space(), method=method, fidelity=task.fidelity, seed=seed, **given)
        study.run(train, budget=ts.Steps(meter.full * task.high), progress=False)
        if meter.finished:
            meter.ship(study.recommend().config)

    return run


def best_of_many(task: CurveTask, seed: int, meter: Meter) -> None:
    """Train random configs briefly for half of the cost, then finish them, best first [Egele2023].

    References:
        [Egele2023] R. Egele et al., The unreasonable effectiveness of early discarding after one epoch in
        neural network hyperparameter optimization, Neurocomputing 597.
    """
    rng, space = np.random.default_rng(seed), task.space()
    brief = max(task.fidelity.low, task.high // FIRST)
    tried = []
    while meter.spent + brief <= meter.full * task.high / 2:
        config = space.draw(rng.random(len(space)))
        tried.append((meter.run(config, brief), len(tried), config))
    for _, _, config in sorted(tried):
        meter.run(config, task.high, after=brief)


def optuna(sampler: type[Optuna], pruner: str) -> Search:
    """Optuna with a sampler and a pruner."""

    def run(task: CurveTask, seed: int, meter: Meter) -> None:
        from optuna import pruners
        from optuna.trial import TrialState

        peer = sampler(task.space(), seed, meter.full, False)
        peer.study.pruner = {
            "none": pruners.NopPruner,
            "median": pruners.MedianPruner,
            "hyperband": lambda: pruners.HyperbandPruner(
                min_resource=task.fidelity.low, max_resource=task.high
            ),
        }[pruner]()
        while True:
            config = peer.ask()
            trial = peer.ended(config)
            for step in range(1, task.high + 1):
                loss = meter.step(config, step)
                trial.report(loss, step)
                if step < task.high and trial.should_prune():
                    peer.study.tell(trial, state=TrialState.PRUNED)
                    break
            else:
                peer.study.tell(trial, loss)

    return run


def smac(task: CurveTask, seed: int, meter: Meter) -> None:
    """SMAC's facade for multi-fidelity: Hyperband with a random forest."""
    from heavy_adapters import SmacCurves

    peer = SmacCurves(task.space(), seed, meter.full * TRIALS, task.fidelity)
    done: dict[Any, int] = {}
    while True:
        config = peer.ask()
        info = peer.ended(config)
        until = round(info.budget)
        loss = meter.run(config, until, after=done.get(info.config, 0))
        done[info.config] = until
        peer.take(info, loss)


def dehb(task: CurveTask, seed: int, meter: Meter) -> None:
    """DEHB: Hyperband with differential evolution."""
    from dehb import DEHB
    from heavy_adapters import config_space, from_config_space

    space = task.space()
    with tempfile.TemporaryDirectory() as folder:
        peer = DEHB(
            cs=config_space(space, seed),
            min_fidelity=task.fidelity.low,
            max_fidelity=task.high,
            n_workers=1,
            seed=seed,
            output_path=folder,
            save_freq="end",
            log_level="ERROR",
        )
        done: dict[int, int] = {}
        while True:
            job = peer.ask()
            until, key = max(1, round(job["fidelity"])), job["config_id"]
            config = from_config_space(space, job["config"])
            loss = meter.run(config, until, after=done.get(key, 0))
            done[key] = until
            peer.tell(job, {"fitness": loss, "cost": float(until)})


def ours() -> list[str]:
    """Names of our searches, as far as they are there: auto, then methods and schedulers of the textbooks."""
    published = [name for name in ("bohb",) if name in method_names()]
    schedulers = [name for name in ("hyperband", "asha", "median") if name in scheduler_names()]
    pairs = [f"{method}+{scheduler}" for method in ("auto", "random") for scheduler in schedulers]
    return ["tunesmith", *(f"tunesmith:{name}" for name in [*published, *pairs])]


# Name: the search, and the packages that it needs.
OTHERS: dict[str, tuple[Search, list[str]]] = {
    "random": (tunesmith("random", "none"), []),
    "best-of-many": (best_of_many, []),
    "optuna-tpe": (optuna(OptunaTPE, "none"), ["optuna"]),
    "optuna-tpe+hyperband": (optuna(OptunaTPE, "hyperband"), ["optuna"]),
    "optuna-tpe+median": (optuna(OptunaTPE, "median"), ["optuna"]),
    "optuna-gp": (optuna(OptunaGP, "none"), ["optuna", "torch"]),
    "smac": (smac, ["smac"]),
    "dehb": (dehb, ["dehb"]),
}


def everyone() -> list[str]:
    """Names of all searches, ours first."""
    return [*ours(), *OTHERS]


def search(name: str) -> Search:
    """Search of a name: one of `OTHERS`, "tunesmith", or "tunesmith:METHOD+SCHEDULER" with one or both."""
    if name in OTHERS:
        return OTHERS[name][0]
    who, _, what = name.partition(":")
    if who != "tunesmith":
        raise SystemExit(
            f"unknown search {name!r}; there are {', '.join(everyone())} and tunesmith:METHOD+SCHEDULER"
        )
    method, _, scheduler = what.partition("+")
    return tunesmith(method or "auto", scheduler)
