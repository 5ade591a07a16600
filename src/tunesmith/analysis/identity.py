"""What a report says about a study beyond its trials: where it is kept, and how it is run."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tunesmith.analysis.finding import Limits


@dataclass(frozen=True, slots=True)
class Identity:
    """A study's name and settings.

    Args:
        name: Name within the store.
        store: Where it is kept: a path, or a URL without secrets; None for memory.
        method: Settings of the method, its name among them.
        seed: Seed of everything random.
        elapsed: Run time of all runs, in seconds.
        info: What else belongs to the study: metric, data set, command.
        version: Of tunesmith.
        limits: By name of a parameter: the lowest and highest number that makes sense at all.
    """

    name: str
    store: str | None = None
    method: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0
    elapsed: float = 0.0
    info: Mapping[str, Any] = field(default_factory=dict)
    version: str = ""
    limits: Limits = field(default_factory=dict)
