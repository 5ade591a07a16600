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
starting.py   the config to start from when nothing is known
values.py     option values in a method's settings, as JSON values
"""

from tunesmith.methods.base import Method, Outcome, Proposal, UsedUp

__all__ = ["Method", "Outcome", "Proposal", "UsedUp"]
