"""A study run by imagined workers, step by step in a random order: for tests of schedulers."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from tunesmith.errors import SpaceUsedUp
from tunesmith.execution.handle import TrialHandle
from tunesmith.space import Config
from tunesmith.study.study import Study

Curve: TypeAlias = Callable[[Config, int], float]
"""Value of a config after so many steps."""


@dataclass
class _Worker:
    speed: float
    handle: TrialHandle
    steps: Iterator[int]


def race(
    study: Study,
    curve: Curve,
    trials: int,
    *,
    workers: int = 1,
    slow: int = 0,
    seed: int = 0,
    most_steps: int | None = None,
) -> list[tuple[int, int]]:
    """Run trials to the end, as `Study.run` would with so many workers.

    Args:
        study: The study; it must have a fidelity.
        curve: What is reported.
        trials: Total number of trials.
        workers: How many trials are under way at once.
        slow: How many of the workers take fifty times as long for a step.
        seed: Decides who is next.
        most_steps: Stop after so many steps of all workers, leaving trials under way.

    Returns:
        (Number, step) of each step that was trained, in order.
    """
    draw = np.random.default_rng(seed)
    free = [1.0] * (workers - slow) + [0.02] * slow
    busy: list[_Worker] = []
    trained: list[tuple[int, int]] = []
    while True:
        while free and (handle := _take(study, trials)) is not None:
            busy.append(_Worker(free.pop(), handle, handle.steps()))
        if not busy or (most_steps is not None and len(trained) >= most_steps):
            return trained
        speeds = np.array([worker.speed for worker in busy])
        worker = busy[int(draw.choice(len(busy), p=speeds / speeds.sum()))]
        step = next(worker.steps, None)
        handle = worker.handle
        if step is None:
            last: Any = study.history[handle.number].reports
            study.tell(handle, last[-1].value)
            busy.remove(worker)
            free.append(worker.speed)
        else:
            trained.append((handle.number, step))
            handle.report(curve(handle.config, step))


def _take(study: Study, trials: int) -> TrialHandle | None:
    try:
        trial = study.next_trial(trials)
    except SpaceUsedUp:
        return None
    return None if trial is None else study.handle(trial)
