"""minimize and maximize: one call that makes or reopens a study and runs an objective."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tunesmith.fidelity import Fidelity, Steps
from tunesmith.history import Direction
from tunesmith.space import Parameter, Space
from tunesmith.study.opening import own_space
from tunesmith.study.options import DEFAULT_MAX_FAILURES, Callback, check_options, check_takes_config
from tunesmith.study.run import run_with
from tunesmith.study.study import Study

if TYPE_CHECKING:
    import os

    from tunesmith.execution.base import Executor
    from tunesmith.methods.base import Method
    from tunesmith.schedulers.base import Scheduler
    from tunesmith.store.base import Store


def minimize(
    objective: Callable[..., Any],
    space: Space | Mapping[str, Parameter],
    *,
    trials: int | None = None,
    time: "float | str | None" = None,
    workers: int | None = None,
    executor: "str | Executor | None" = None,
    method: "str | Method" = "auto",
    scheduler: "str | Scheduler | None" = None,
    fidelity: Fidelity | None = None,
    store: "str | os.PathLike[str] | Store | None" = None,
    name: str | None = None,
    seed: Any = None,
    trial_time: "float | str | None" = None,
    trial_memory: "int | str | None" = None,
    max_failures: int | None = DEFAULT_MAX_FAILURES,
    target: float | None = None,
    patience: int | None = None,
    budget: Steps | None = None,
    ordered: bool = False,
    progress: bool = True,
    callbacks: Sequence[Callback] = (),
) -> Study:
    """Find the config with the lowest value.

    Running the same call again with a store goes on where it stopped, since `trials` and `time` are totals.

    Args:
        objective: `f(config)` or `f(config, trial)`; returns a number.
        space: What is searched.
        trials: Total number of trials of the study, failed ones included.
        time: Total run time of the study, in seconds or as text ("90s", "30min", "2h"); runs of several
            processes add up. When it is up, no trial starts; trials in worker processes are ended and given
            back, to be run by a longer run.
        workers: How many trials run at once, each in a process of its own when above 1; 1 unless given.
        executor: Where trials run: "serial" (this process), "processes", or an executor made with the
            objective, in place of `workers` and the limits per trial.
        method: Decides which config to try: a name, or a method.
        scheduler: Decides how far each trial goes: a name (curves, asha, hyperband, halving, median,
            racing), or a scheduler; unless given "curves" with a fidelity ("hyperband" with the method
            "bohb"), and all the way without one.
        fidelity: How far trials may be trained, such as ts.Fidelity("epoch", 1, 50); the objective then asks
            `trial.steps()` or `trial.fidelity`.
        store: None for memory, a path such as "tune.db", or a store.
        name: Name of the study within the store; "default" unless given.
        seed: Int of 0 or more; None to draw one.
        trial_time: Longest time one trial may take; it is then ended and FAILED (timeout).
        trial_memory: Most memory one trial may take on top of its worker's own, in bytes or as text ("2GB");
            it is then FAILED (memory).
        max_failures: End with an error when this many trials failed before one completed, or fewer but all
            that there are when the run ends; None for never.
        target: End when the best value is at least this good.
        patience: End when this many trials in a row brought nothing better.
        budget: Total number of steps of the fidelity, such as ts.Steps(5000), all trials together. When they
            are used up, running trials are given back, to go on with a larger budget.
        ordered: With several workers, ask and tell in whole batches in the order of numbers, so that the same
            seed gives the same study.
        progress: Show progress on stderr.
        callbacks: Called as `f(study, trial)` after each finished trial; `study.stop(reason)` ends the run.

    Returns:
        The study; `.best.config` and `.best.value` are what was found.

    Raises:
        OptionError: An argument is not allowed, or there is neither `trials` nor `time` nor `budget`.
        ObjectiveError: The objective returned something that is no number, cannot be sent to workers, or
            failed in every one of the first `max_failures` trials, or in all of a run that has ended; or it
            takes the parameters one by one.
        StudyMismatch: The store has a study of this name with another direction or seed.

    Example:
        >>> import tunesmith as ts
        >>> space = ts.Space(x=ts.Float(-5, 5), y=ts.Int(0, 10))
        >>> study = ts.minimize(lambda c: c["x"] ** 2 + c["y"], space, trials=30, seed=0, progress=False)
        >>> sorted(study.best.config)
        ['x', 'y']
    """
    return _optimize("minimize", objective, space, locals())


def maximize(
    objective: Callable[..., Any],
    space: Space | Mapping[str, Parameter],
    *,
    trials: int | None = None,
    time: "float | str | None" = None,
    workers: int | None = None,
    executor: "str | Executor | None" = None,
    method: "str | Method" = "auto",
    scheduler: "str | Scheduler | None" = None,
    fidelity: Fidelity | None = None,
    store: "str | os.PathLike[str] | Store | None" = None,
    name: str | None = None,
    seed: Any = None,
    trial_time: "float | str | None" = None,
    trial_memory: "int | str | None" = None,
    max_failures: int | None = DEFAULT_MAX_FAILURES,
    target: float | None = None,
    patience: int | None = None,
    budget: Steps | None = None,
    ordered: bool = False,
    progress: bool = True,
    callbacks: Sequence[Callback] = (),
) -> Study:
    """Find the config with the highest value; the arguments are those of `minimize`.

    Example:
        >>> import tunesmith as ts
        >>> study = ts.maximize(lambda c: c["x"], ts.Space(x=ts.Int(1, 5)), trials=9, progress=False)
        >>> study.best.value, study.stop_reason[:21]
        (5.0, 'the space is used up:')
    """
    return _optimize("maximize", objective, space, locals())


def _optimize(
    direction: Direction,
    objective: Callable[..., Any],
    space: Space | Mapping[str, Parameter],
    given: Mapping[str, Any],
) -> Study:
    # All options are checked before a study is made, so that a slip of the pen leaves nothing behind.
    space = own_space(space)
    check_takes_config(objective, space)
    rest = {k: v for k, v in given.items() if k not in ("objective", "space", *_STUDY_OPTIONS)}
    options = check_options(objective, **rest)
    study = Study(space, direction=direction, **{k: given[k] for k in _STUDY_OPTIONS})
    return run_with(study, options)


_STUDY_OPTIONS = ("method", "scheduler", "fidelity", "store", "name", "seed")
