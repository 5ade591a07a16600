"""Schedulers by name: our own, and others' through the entry point group "tunesmith.schedulers"."""

from collections.abc import Mapping
from typing import Any

from tunesmith.fidelity import Fidelity
from tunesmith.registry import Registry
from tunesmith.schedulers.base import Scheduler

_SCHEDULERS: Registry[Scheduler] = Registry(
    "scheduler",
    {
        "none": "tunesmith.schedulers.none:NoScheduler",
        "median": "tunesmith.schedulers.median:Median",
        "halving": "tunesmith.schedulers.halving:Halving",
        "hyperband": "tunesmith.schedulers.halving:Hyperband",
        "asha": "tunesmith.schedulers.asha:ASHA",
        "curves": "tunesmith.schedulers.curves:Curves",
        "racing": "tunesmith.schedulers.racing:Racing",
    },
    needed="after_report",
)


def default_scheduler(method: str, fidelity: Fidelity | None) -> str:
    """Name of the scheduler of a study that has a fidelity and names none.

    BOHB is Hyperband with its own method; Hyperband needs the largest step, and ASHA does not.

    Args:
        method: Name of the study's method.
        fidelity: Its fidelity; None where it is not known here.

    Example:
        >>> default_scheduler("auto", Fidelity("epoch", 1, 50)), default_scheduler("bohb", Fidelity("epoch"))
        ('curves', 'asha')
    """
    if method != "bohb":
        return "curves"
    return "asha" if fidelity is None or fidelity.high is None else "hyperband"


def scheduler_names() -> list[str]:
    """Names of all schedulers, ours first."""
    return _SCHEDULERS.names()


def make_scheduler(value: "str | Scheduler | Mapping[str, Any]") -> Scheduler:
    """Make a scheduler of its name, or of its name and settings; a scheduler is returned as it is.

    Args:
        value: A name; a mapping of "name" and settings, as files hold it; or a scheduler.

    Raises:
        OptionError: The name or a setting is unknown, or this is no scheduler.

    Example:
        >>> make_scheduler({"name": "asha", "eta": 4}).settings
        {'eta': 4}
    """
    return _SCHEDULERS.make(value)


def scheduler_settings(scheduler: Scheduler) -> dict[str, Any]:
    """Name and settings of a scheduler as JSON values; `make_scheduler` makes the same one of them.

    Example:
        >>> scheduler_settings(make_scheduler("asha"))
        {'name': 'asha', 'eta': 3}
    """
    return {"name": scheduler.name, **scheduler.settings}
