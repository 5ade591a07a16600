"""Methods decide which config to try next.

base.py       the contract
registry.py   methods by name
auto.py       the default: which method when
manual.py     a list of configs, in order; walk.py: one parameter, step by step; listed.py: what they share
grid.py       every combination of levels, which are chosen in levels.py
random.py     draws from ranges and priors
sobol.py      draws that are spread evenly
bayes.py      a model of the loss says where to look; first_points.py, candidates.py and judging.py are
              its parts, and the model is made in `tunesmith.learning`
evolution.py  populations that evolve, for many cheap trials; population.py: who is in them
untried.py    finding a config that is new and allowed
starting.py   the config to start from: defaults, what is usual by the names of parameters (usual.py,
              usual.toml), else the middle
values.py     option values in a method's settings, as JSON values
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from tunesmith.methods.base import Method, Outcome, Proposal, UsedUp

if TYPE_CHECKING:
    from tunesmith.methods.bayes import Bayes as Bayes
    from tunesmith.methods.bohb import Bohb as Bohb
    from tunesmith.methods.evolution import Evolution as Evolution
    from tunesmith.methods.grid import Grid as Grid
    from tunesmith.methods.manual import Manual as Manual
    from tunesmith.methods.random import Random as Random
    from tunesmith.methods.sobol import Sobol as Sobol
    from tunesmith.methods.walk import Walk as Walk

_LAZY = ("Bayes", "Bohb", "Evolution", "Grid", "Manual", "Random", "Sobol", "Walk")  # most load SciPy
__all__ = ["Method", "Outcome", "Proposal", "UsedUp", *_LAZY]


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{name.lower()}"), name)
