"""Which parameters an objective asks for, and when, as its trials show: a define-by-run space as a `Space`.

Optuna's objectives say what they need as they run. Only trials that came to their end tell what one needs, so
these are looked at; as long as there are none, those that were pruned, or else those that failed.

A parameter that only some of them have is conditional. What it depends on is inferred: the values of a choice
or of a whole number, or of two of them together, that tell all trials with the parameter from all without.
Where nothing does, the parameter is left out, and so is one whose range changes from trial to trial. A wrong
guess corrects itself, as the next trial contradicts it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.trial import FrozenTrial, TrialState

from tunesmith.errors import SpaceError
from tunesmith.space import Choice, Float, Int, Parameter, Space

Distributions: TypeAlias = dict[str, BaseDistribution]
Condition: TypeAlias = dict[str, list[Any]]

MOST_PARENTS = 2  # parameters that one condition reads
MOST_VALUES = 100  # of a whole number that decides over other parameters


@dataclass(frozen=True)
class Found:
    """The part of a define-by-run space that can be modelled.

    Args:
        distributions: Distribution by parameter, parents before children.
        conditions: Allowed values by parent, of each conditional parameter.
    """

    distributions: Distributions
    conditions: dict[str, Condition] = field(default_factory=dict)

    def space(self) -> Space:
        """The same as a `Space`."""
        return Space({n: as_parameter(d, self.conditions.get(n)) for n, d in self.distributions.items()})


def telling(trials: Iterable[FrozenTrial]) -> list[FrozenTrial]:
    """Trials that tell which parameters there are, see above."""
    having = [t for t in trials if t.params and t.state.is_finished()]
    for state in (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL):
        told = [t for t in having if t.state == state]
        if told:
            return told
    return []


def find(trials: Iterable[FrozenTrial], within: Mapping[str, BaseDistribution] | None = None) -> Found:
    """Infer parameters and conditions.

    Args:
        trials: Trials by number, in any state.
        within: The parameters to look at, with their distributions; None for all that can be modelled.
    """
    told = telling(trials)
    settled = _settled(told)
    if within is not None:
        ordered = [n for n in settled if n in within] + [n for n in within if n not in settled]
        settled = {n: within[n] for n in ordered}
    having = {name: [t for t in told if name in t.params] for name in settled}
    distributions: Distributions = {}
    conditions: dict[str, Condition] = {}
    for name, distribution in settled.items():
        if len(having[name]) < len(told):
            without = [t for t in told if name not in t.params]
            condition = _infer(having[name], without, distributions)
            if condition is None:
                continue
            conditions[name] = condition
        distributions[name] = distribution
    return Found(distributions, conditions)


def _settled(told: Sequence[FrozenTrial]) -> Distributions:
    """The last distribution of each parameter, in order of appearance; none where the one before differs."""
    last: Distributions = {}
    unsure = dict.fromkeys(name for trial in told for name in trial.params)
    names = list(unsure)
    for trial in reversed(told):
        for name, distribution in trial.distributions.items() if unsure else ():
            if name in unsure and name in last:
                del unsure[name]
                if last[name] != distribution:
                    del last[name]
            elif name in unsure:
                last[name] = distribution
    return {name: last[name] for name in names if name in last}


def _infer(
    having: Sequence[FrozenTrial], without: Sequence[FrozenTrial], earlier: Distributions
) -> Condition | None:
    """A condition that tells trials that have a parameter from those without; None where none does."""
    condition: Condition = {}
    parents = [n for n, d in earlier.items() if _decides(d) and having and all(n in t.params for t in having)]
    allowed = {n: {earlier[n].to_internal_repr(t.params[n]) for t in having} for n in parents}

    def holds(parent: str, trial: FrozenTrial) -> bool:
        params = trial.params
        return parent in params and earlier[parent].to_internal_repr(params[parent]) in allowed[parent]

    while without:
        left = {n: [t for t in without if holds(n, t)] for n in parents}
        # Of those that tell most apart, the one that is asked for last: it is the nearest in the code.
        parent = min(reversed(parents), key=lambda n: len(left[n]), default=None)
        if parent is None or len(left[parent]) == len(without) or len(condition) == MOST_PARENTS:
            return None
        told = [t.params[parent] for t in without if parent in t.params]
        condition[parent] = _values(earlier[parent], allowed[parent], told)
        without = left[parent]
    return condition


def _decides(distribution: BaseDistribution) -> bool:
    if isinstance(distribution, IntDistribution):
        return (distribution.high - distribution.low) // distribution.step < MOST_VALUES
    return isinstance(distribution, CategoricalDistribution)


def _values(distribution: BaseDistribution, allowed: set[float], others: Iterable[Any]) -> list[Any]:
    """Allowed values of a parent; of a whole number, those not seen go with the next one seen below."""
    if not isinstance(distribution, IntDistribution):
        return [distribution.to_external_repr(index) for index in sorted(allowed)]
    low, high, step = distribution.low, distribution.high, distribution.step
    verdicts = {**dict.fromkeys(map(int, others), False), **dict.fromkeys(map(int, allowed), True)}
    verdict = verdicts[min(verdicts)]
    values = []
    for value in range(min(low, *verdicts), high + 1):
        verdict = verdicts.get(value, verdict)
        if verdict and value >= low and (value - low) % step == 0:
            values.append(value)
    return values


def as_parameter(distribution: BaseDistribution, when: Condition | None = None) -> Parameter:
    """A parameter of the same values.

    Args:
        distribution: Distribution of Optuna's.
        when: Condition.

    Raises:
        SpaceError: The range has no end.

    Example:
        >>> as_parameter(IntDistribution(1, 64, log=True)).describe()
        'whole numbers from 1 to 64'
    """
    if isinstance(distribution, FloatDistribution):
        low, high = distribution.low, distribution.high
        return Float(low, high, log=distribution.log, step=distribution.step, when=when)
    if isinstance(distribution, IntDistribution):
        low, high = distribution.low, distribution.high
        return Int(low, high, log=distribution.log, step=distribution.step, when=when)
    assert isinstance(distribution, CategoricalDistribution)
    # Optuna knows an option by the place of the first that equals it, True by that of 1.
    places = [i for i, c in enumerate(distribution.choices) if distribution.to_internal_repr(c) == i]
    options = [distribution.choices[i] for i in places]
    try:
        return Choice(options, when=when)
    except SpaceError:  # objects without a readable name
        return Choice({f"option {i}": distribution.choices[i] for i in places}, when=when)
