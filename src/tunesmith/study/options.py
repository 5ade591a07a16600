"""What a run was asked to do, checked as a whole before a study or a process is made for it."""

import inspect
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from tunesmith.errors import ObjectiveError, OptionError, message, not_one_of
from tunesmith.execution.base import Executor
from tunesmith.execution.limits import parse_bytes, parse_seconds
from tunesmith.execution.serial import SerialExecutor
from tunesmith.fidelity import Steps
from tunesmith.study.progress import Progress, make_progress
from tunesmith.trial import Trial
from tunesmith.whole import whole

if TYPE_CHECKING:
    from tunesmith.study.study import Study

Callback: TypeAlias = Callable[["Study", Trial], Any]

DEFAULT_MAX_FAILURES = 10
_EXECUTOR_METHODS = ("submit", "wait", "cancel", "close")


@dataclass(frozen=True)
class Limits:
    """When a run ends.

    Args:
        trials: Total number of trials of the study; None for no limit.
        time: Total run time of the study in seconds; None for no limit.
        max_failures: How many trials may fail before the first one completes; None for any number.
        target: Value at which the search is good enough; reaching it counts.
        patience: Number of trials without a better value after which the run ends.
        steps: Total number of steps of the fidelity, all trials of the study together; None for no limit.
    """

    trials: int | None
    time: float | None
    max_failures: int | None = DEFAULT_MAX_FAILURES
    target: float | None = None
    patience: int | None = None
    steps: int | None = None


@dataclass(frozen=True)
class Options:
    """All that a run needs beside the study and the objective, which is in the executor."""

    executor: Executor
    limits: Limits
    progress: Progress
    callbacks: tuple[Callback, ...]
    ordered: bool


def check_takes_config(objective: object, names: Iterable[str]) -> None:
    """Refuse an objective that takes the parameters one by one: it would get a dict and a trial for two.

    Args:
        objective: What is to be run.
        names: Parameters of the space.

    Raises:
        ObjectiveError: All that it must be given are parameters of the space.
    """
    try:
        taken = inspect.signature(objective).parameters.values()  # type: ignore[arg-type]
    except (TypeError, ValueError):  # no function, or one written in C, of which nobody knows
        return
    must = {p.name for p in taken if p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)}
    takes_only_keywords = bool(taken) and all(p.kind is p.VAR_KEYWORD for p in taken)
    if takes_only_keywords or (len(must) > 1 and must <= {*names} - {"trial"}):
        name = getattr(objective, "__name__", type(objective).__name__)
        raise ObjectiveError(
            message(
                f"the objective {name} takes parameters one by one",
                allowed="a function of (config) or (config, trial), where config is a dict",
                given=f"{name}{inspect.signature(objective)}",  # type: ignore[arg-type]
                fix=f"Pass lambda config: {name if name.isidentifier() else 'f'}(**config).",
            )
        )


def check_names(objective: Callable[..., Any], given: Mapping[str, Any]) -> Options:
    """Check options that were given by name, their names too.

    Raises:
        OptionError: There is no such option; and as for `check_options`.
        ObjectiveError: As for `check_options`.
    """
    known = list(inspect.signature(check_options).parameters)[1:]
    for name in given:
        if name not in known:
            raise OptionError(not_one_of("a run has no such option", name, known))
    return check_options(objective, **given)


def check_options(
    objective: Callable[..., Any],
    *,
    trials: int | None = None,
    time: float | str | None = None,
    workers: int | None = None,
    executor: Executor | str | None = None,
    trial_time: float | str | None = None,
    trial_memory: int | str | None = None,
    max_failures: int | None = DEFAULT_MAX_FAILURES,
    target: float | None = None,
    patience: int | None = None,
    budget: Steps | None = None,
    ordered: bool = False,
    progress: bool | Progress = True,
    callbacks: Sequence[Callback] = (),
) -> Options:
    """Check the options of a run, which are explained at `minimize`, and make its executor.

    Raises:
        OptionError: One of them is not allowed, or two exclude each other.
        ObjectiveError: The objective cannot be called with a config, or not be sent to workers.
    """
    limits = Limits(
        trials=_count("trials", trials),
        time=None if time is None else parse_seconds(time, "time"),
        max_failures=_count("max_failures", max_failures),
        target=_number("target", target),
        patience=_count("patience", patience),
        steps=_steps(budget),
    )
    if limits.trials is None and limits.time is None and limits.steps is None:
        raise OptionError(
            message(
                "there is no limit",
                allowed="trials, time, budget, or several of them",
                fix='Say for example trials=60 or time="30min".',
            )
        )
    if not (isinstance(progress, bool) or hasattr(progress, "update")):
        raise OptionError(message("progress cannot be used", allowed="True, False", given=repr(progress)))
    if ordered not in (True, False):
        raise OptionError(message("ordered is unknown", allowed="True, False", given=repr(ordered)))
    if not isinstance(callbacks, (list, tuple)) or not all(map(_takes_two, callbacks)):
        raise OptionError(
            message("callbacks must be a list of functions of (study, trial)", given=repr(callbacks))
        )
    return Options(
        executor=_executor(objective, workers, executor, trial_time, trial_memory),
        limits=limits,
        progress=make_progress(progress),
        callbacks=tuple(callbacks),
        ordered=bool(ordered),
    )


def _executor(
    objective: Callable[..., Any],
    workers: int | None,
    executor: Executor | str | None,
    trial_time: float | str | None,
    trial_memory: int | str | None,
) -> Executor:
    given = {"workers": workers, "trial_time": trial_time, "trial_memory": trial_memory}
    extra = [name for name, value in given.items() if value is not None]
    if executor not in (None, "serial", "processes"):
        if isinstance(executor, (str, type)) or not all(
            callable(getattr(executor, m, None)) for m in _EXECUTOR_METHODS
        ):
            raise OptionError(
                message(
                    "executor cannot be used",
                    allowed="serial, processes, or an executor made with the objective",
                    given=repr(executor),
                    fix="For processes of this machine say workers=4 instead.",
                )
            )
        if extra:
            raise OptionError(message(f"executor and {extra[0]} exclude each other", fix="Give one of them."))
        assert executor is not None
        return executor
    if not callable(objective):
        raise OptionError(
            message(
                "objective must be callable",
                given=repr(objective),
                fix="Did you call it? Pass train, not train(config).",
            )
        )
    count = _count("workers", workers) or 1
    has_limits = trial_time is not None or trial_memory is not None
    if executor == "serial" and (count > 1 or has_limits):
        fix = "Leave the executor out, or say processes."
        raise OptionError(message(f"executor serial and {extra[0]} exclude each other", fix=fix))
    # A limit on a trial needs a process that can be ended; without one, a single worker is this process.
    if count == 1 and not has_limits and executor != "processes":
        return SerialExecutor(objective)
    from tunesmith.execution.processes import ProcessExecutor

    return ProcessExecutor(
        objective,
        count,
        trial_time=None if trial_time is None else parse_seconds(trial_time, "trial_time"),
        trial_memory=None if trial_memory is None else parse_bytes(trial_memory, "trial_memory"),
    )


def _takes_two(callback: object) -> bool:
    """Whether it can be called as `f(study, trial)`, as far as its signature tells."""
    if not callable(callback):
        return False
    try:
        inspect.signature(callback).bind(None, None)
    except ValueError:  # some functions written in C have no signature
        return True
    except TypeError:
        return False
    return True


def _steps(budget: object) -> int | None:
    if budget is None or isinstance(budget, Steps):
        return None if budget is None else budget.count
    fix = 'For a length of time say time="30min"; for a number of trials, trials=60.'
    raise OptionError(message("budget cannot be used", allowed="ts.Steps(5000)", given=repr(budget), fix=fix))


def _count(name: str, value: object) -> int | None:
    if value is None:
        return None
    number = whole(value)
    if number is None or number < 1:
        # -1 and "auto" are what other libraries take for all cores.
        fix = "For all cores say workers=os.cpu_count()." if name == "workers" else None
        raise OptionError(message(f"{name} must be a whole number of 1 or more", given=repr(value), fix=fix))
    return number


def _number(name: str, value: Any) -> float | None:
    if value is None:
        return None
    try:
        number = math.nan if isinstance(value, (bool, str)) else float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number):
        raise OptionError(message(f"{name} must be a finite number", given=repr(value)))
    return number
