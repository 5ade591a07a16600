"""Optuna: our search as a sampler of its studies, and its studies as ours.

sampler.py     TunesmithSampler: a sampler, for `optuna.create_study(sampler=TunesmithSampler(seed=0))`
found.py       which parameters an objective asks for, and when, as its trials show
following.py   a study's trials as the History that a method sees
taken.py       from_optuna: a study of ours that knows all results of one of Optuna's
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from tunesmith.models.extras import need

need("optuna", "tunesmith.integrations.optuna")

if TYPE_CHECKING:
    from tunesmith.integrations.optuna.sampler import TunesmithSampler as TunesmithSampler
    from tunesmith.integrations.optuna.taken import from_optuna as from_optuna

_HOME = {"TunesmithSampler": "sampler", "from_optuna": "taken"}

__all__ = ["TunesmithSampler", "from_optuna"]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
