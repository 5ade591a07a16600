"""A linear range over decades, looked at on a log scale too: people forget `log=True`.

On the wrong scale nearly all candidates lie in one decade, and what happens in the others cannot be told
apart. So such a history is kept twice, on the scales that were declared and with its wide linear ranges on
log scales, and each ask looks at one of them, the likelier one more often.

What is not here: what people are told of it (`analysis.checks`).
"""

import math
from dataclasses import replace
from typing import TypeGuard

import numpy as np

from tunesmith.history import History
from tunesmith.learning.loss_model import View, log_evidence
from tunesmith.learning.observed import Observed
from tunesmith.space import Choice, Float, Int, Parameter, Space

DECADES = 3.0  # of a range from which its scale is in doubt
VIEW = View(bend=True)  # by which scales are compared
LEAST_SHARE = 0.1  # of the asks for either scale


def wide_ranges(space: Space) -> list[str]:
    """Names of the parameters whose linear range spans decades; those with a prior or a step are meant so.

    Example:
        >>> from tunesmith.space import Float, Int
        >>> wide_ranges(Space(lr=Float(1e-6, 1), trees=Int(1, 500), decay=Float(1e-6, 1, log=True)))
        ['lr']
    """
    return [name for name, p in space.parameters.items() if could_be_log(p) and _is_wide(p)]


def could_be_log(p: Parameter) -> TypeGuard[Float | Int]:
    """Whether a parameter is on a linear scale and could as well be on a log scale."""
    return not isinstance(p, Choice) and not p.log and p.step in (None, 1) and p.low > 0


def _is_wide(p: Float | Int) -> bool:
    # By math: NumPy takes no logarithm of whole numbers beyond 64 bits.
    return p.prior is None and math.log10(p.high) - math.log10(p.low) >= DECADES


def in_logs(space: Space) -> Space | None:
    """The space with its wide linear ranges on log scales; None where there is none."""
    made = dict(space.parameters)
    names = wide_ranges(space)
    for name in names:
        parameter = made[name]
        assert not isinstance(parameter, Choice)
        made[name] = replace(parameter, log=True)
    return Space(made) if names else None


class BothScales:
    """A history on the declared scales and, where it has wide linear ranges, on log scales.

    Args:
        history: The history, which must not change its space.
    """

    def __init__(self, history: History) -> None:
        self.declared = Observed(history)
        logs = None if history.fidelity is not None else in_logs(history.space)
        self.logs = None if logs is None else Observed(history, logs)

    def update(self, history: History) -> None:
        """Take in what is new."""
        self.declared.update(history)
        if self.logs is not None:
            self.logs.update(history)

    def draw(self, rng: np.random.Generator) -> Observed:
        """The scales for one ask, by their likelihood.

        Args:
            rng: Generator; not asked where scales are not in doubt.
        """
        if self.logs is None or rng.random() >= self.share_of_logs():
            return self.declared
        return self.logs

    def likelier(self) -> Observed:
        """The scales that explain the losses better; as declared where that cannot be told."""
        return self.logs if self.logs is not None and self.share_of_logs() > 0.5 else self.declared

    def share_of_logs(self) -> float:
        """Chance that the log scales are right, LEAST_SHARE from 0 and 1; 0.5 while nothing can be told."""
        if self.logs is None:
            return 0.0
        one, other = log_evidence(self.declared, VIEW), log_evidence(self.logs, VIEW)
        if one is None or other is None:
            return 0.5
        chance = 1.0 / (1.0 + np.exp(np.clip(one - other, -50.0, 50.0)))
        return float(np.clip(chance, LEAST_SHARE, 1.0 - LEAST_SHARE))
