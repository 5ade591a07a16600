"""What a report says about a study beyond its trials: where it is kept, and how it is run."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tunesmith.analysis.finding import Limits
from tunesmith.history import History


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
        scheduler: Settings of the scheduler, its name among them; None for none.
    """

    name: str
    store: str | None = None
    method: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0
    elapsed: float = 0.0
    info: Mapping[str, Any] = field(default_factory=dict)
    version: str = ""
    limits: Limits = field(default_factory=dict)
    scheduler: Mapping[str, Any] | None = None


def settings(
    history: History, method: Mapping[str, Any], scheduler: Mapping[str, Any] | None, info: Mapping[str, Any]
) -> dict[str, str]:
    """What a study is run by, in words for people: label -> value.

    Example:
        >>> from tunesmith.space import Float, Space
        >>> info = {"study_file": "a.toml", "drop": []}
        >>> settings(History(Space(x=Float(0, 1))), {"name": "auto"}, None, info)
        {'direction': 'minimize', 'method': 'auto', 'seed': '0', 'study file': 'a.toml'}
    """
    found = {"direction": history.direction, "method": str(method.get("name", ""))}
    fidelity = history.fidelity
    if fidelity is not None:
        high = "" if fidelity.high is None else f" to {fidelity.high}"
        found["fidelity"] = f"{fidelity.name} from {fidelity.low}{high}"
        found["scheduler"] = str((scheduler or {}).get("name", "none"))
    found["seed"] = str(history.seed)
    told = {k: str(v) for k, v in info.items() if v not in (None, []) and k != "fidelity"}
    return {label.replace("_", " "): value for label, value in (found | told).items() if value}
