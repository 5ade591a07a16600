"""Schedulers by name: our own, and others' through the entry point group "tunesmith.schedulers"."""

from collections.abc import Mapping
from typing import Any

from tunesmith.registry import Registry
from tunesmith.schedulers.base import Scheduler

DEFAULT = "asha"
"""Scheduler of a study that has a fidelity and names none."""

_SCHEDULERS: Registry[Scheduler] = Registry(
    "scheduler",
    {
        "none": "tunesmith.schedulers.none:NoScheduler",
        "median": "tunesmith.schedulers.median:Median",
        "halving": "tunesmith.schedulers.halving:Halving",
        "hyperband": "tunesmith.schedulers.halving:Hyperband",
        "asha": "tunesmith.schedulers.asha:ASHA",
        "curves": "tunesmith.schedulers.curves:Curves",
    },
    needed="after_report",
)


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
