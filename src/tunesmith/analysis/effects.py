"""How the loss changes with one parameter, or with two, all others left to chance or held at the best.

| symbol | meaning | shape |
|---|---|---|
| K | values of the parameter that is looked at | |
| B | backgrounds: settings of all other parameters | |
| S | functions drawn from the model's posterior | |

The effect at a value is the mean over backgrounds (a partial dependence [Friedman2001]). Value and interval
are quantiles over the functions, so the interval is wide where nothing was tried; a mean would follow the few
functions that say something wild there. Values are on the parameter's own scale, options by
label, and a conditional parameter is looked at where it is active.

What is not here: the drawing (`figures`).

References:
    [Friedman2001] J. Friedman, Greedy function approximation: a gradient boosting machine, 2001, section 8.2.
"""

# ruff: noqa: N806 - symbols of the notation table, and of that in `learning.encoding`

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tunesmith.analysis.anova import draw_backgrounds, table
from tunesmith.analysis.axes import coordinates, is_log, shown
from tunesmith.history import History
from tunesmith.learning.draws import draw_models
from tunesmith.learning.encoding import Encoding
from tunesmith.learning.loss_model import LossModel, View
from tunesmith.learning.observed import Observed
from tunesmith.learning.scales import Floats
from tunesmith.seeds import generator
from tunesmith.space.labels import unknown_name
from tunesmith.surrogate.paths import Paths, draw_paths

VIEW = View(bend=False)
MODELS, PATHS = 4, 8
BACKGROUNDS = 64
POINTS, PAIR_POINTS = 25, 15  # values of a range; of each of two
ENDS = (0.1, 0.9)  # of the interval, which holds the effect with 80 % probability


@dataclass(frozen=True, slots=True, eq=False)
class Effect:
    """How the value changes with one parameter.

    Args:
        name: The parameter.
        at: Its values, on its own scale; labels of options.
        value: Expected value at each, in the direction of the study.
        low: Lower ends of the intervals that hold it with 80 % probability.
        high: Upper ends.
        is_log: Whether its scale is logarithmic.
        condition: When it is active, in words; empty for always.
    """

    name: str
    at: tuple[Any, ...]
    value: Floats
    low: Floats
    high: Floats
    is_log: bool
    condition: str


@dataclass(frozen=True, slots=True, eq=False)
class PairEffect:
    """How the value changes with two parameters.

    Args:
        names: The two.
        at: Values of each, on its own scale; labels of options.
        value: Expected value, shape (values of the first, values of the second).
        deviation: Half the width of the interval that holds it with 80 % probability, same shape.
        is_log: Whether each scale is logarithmic.
    """

    names: tuple[str, str]
    at: tuple[tuple[Any, ...], tuple[Any, ...]]
    value: Floats
    deviation: Floats
    is_log: tuple[bool, bool]


class Effects:
    """The effects of a history's parameters; the models are made once, and asked for each.

    Args:
        history: The trials.

    Example:
        >>> from tunesmith.space import Float, Space
        >>> from tunesmith.trial import State, Trial
        >>> trials = [Trial(k, {"x": k / 9}, State.COMPLETE, (k / 9 - 0.5) ** 2) for k in range(10)]
        >>> found = Effects(History(Space(x=Float(0, 1)), "minimize", trials)).one("x")
        >>> 0.4 < found.at[int(found.value.argmin())] < 0.6
        True
    """

    def __init__(self, history: History) -> None:
        self.history = history
        seen = Observed(history)
        seen.update(history)
        rng = generator(0, seen.n, "effects")
        self.encoding: Encoding = seen.encoding
        self._models: list[LossModel] = draw_models(seen, VIEW, MODELS, rng)
        self._paths: list[Paths] = [draw_paths(model.gp, PATHS, rng) for model in self._models]
        self._X = draw_backgrounds(self.encoding, BACKGROUNDS, rng)

    @property
    def is_known(self) -> bool:
        """Whether there are results enough for effects."""
        return bool(self._models)

    def one(self, name: str) -> Effect | None:
        """Effect of one parameter; None while there are too few results, or it has a single value.

        Raises:
            SpaceError: There is no such parameter.
        """
        j = self._place(name)
        f = self._values([j], POINTS)
        if f is None:
            return None
        means = self._back(f.mean(axis=0))
        low, high = np.sort(np.quantile(means, ENDS, axis=1), axis=0)
        rule = self.history.space.rules.get(name)
        return Effect(
            name,
            self._shown(j, POINTS),
            np.median(means, axis=1),
            low,
            high,
            is_log(self.encoding, j),
            "" if rule is None else rule.describe(),
        )

    def two(self, first: str, second: str) -> PairEffect | None:
        """Effect of two parameters together; None where `one` is for either, or they are never both active.

        Raises:
            SpaceError: There is no such parameter.
        """
        i, j = self._place(first), self._place(second)
        f = self._values([i, j], PAIR_POINTS)
        if f is None:
            return None
        means = self._back(f.mean(axis=0))
        return PairEffect(
            (first, second),
            (self._shown(i, PAIR_POINTS), self._shown(j, PAIR_POINTS)),
            np.median(means, axis=2),
            0.5 * np.abs(np.diff(np.quantile(means, ENDS, axis=2), axis=0)[0]),
            (is_log(self.encoding, i), is_log(self.encoding, j)),
        )

    def _place(self, name: str) -> int:
        if not isinstance(name, str) or name not in self.history.space:
            raise unknown_name(name, self.history.space.names, "an effect")
        return self.history.space.names.index(name)

    def _values(self, places: Sequence[int], most: int) -> Floats | None:
        """Transformed losses (B, K, ..., S) in the backgrounds where all these parameters are active."""
        if not self._models or not self.encoding.varies[list(places)].all():
            return None
        U = self.encoding.positions(self.encoding.by_priors(self._X))
        rows = np.flatnonzero(self.encoding.active(U)[:, list(places)].all(axis=1))
        if not len(rows) or len(set(places)) < len(places):
            return None
        varied = {j: coordinates(self.encoding, j, most) for j in places}
        parts = [table(self.encoding, drawn, self._X[rows], varied) for drawn in self._paths]
        return np.concatenate(parts, axis=-1)

    def _back(self, z: Floats) -> Floats:
        """Values in the study's direction, no worse than the worst seen, and not far beyond the best."""
        transform, seen = self._models[0].transform, self._models[0].z
        lowest = seen.min() - 0.5 * float(np.ptp(seen))
        return self.history.sign * transform.inverse(np.clip(z, lowest, seen.max()))

    def _shown(self, j: int, most: int) -> tuple[Any, ...]:
        return shown(self.encoding, j, coordinates(self.encoding, j, most), by_priors=True)
