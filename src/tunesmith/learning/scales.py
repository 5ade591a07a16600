"""The scales of a space's parameters, many configs at a time: points of the unit cube, positions, values.

A position is a number from 0 to 1 on the parameter's scale whose ends are the first and the last value, so
that a model and a maximiser see the ends as ends. The notation is that of `encoding`.

What is not here: which parameters are active, and the columns of the model (`encoding`).
"""

# ruff: noqa: N803, N806 - symbols of the notation in `encoding`

from enum import IntEnum
from functools import cached_property
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from tunesmith.space import Choice, Parameter
from tunesmith.space.parameters import draw

Floats: TypeAlias = npt.NDArray[np.float64]
Bools: TypeAlias = npt.NDArray[np.bool_]
Ints: TypeAlias = npt.NDArray[np.int64]

NEUTRAL = 0.5  # position of an inactive parameter
PRIOR_KNOTS = 129  # quantiles by which a prior is known
PRIOR_BINS = 32  # of its density; levels of a discrete parameter beyond as many share them
ROUND = 6  # decimals of a position within which two configs are one


class Kind(IntEnum):
    """How a parameter is laid out."""

    CONSTANT = 0
    ENDLESS = 1
    ORDERED = 2
    OPTIONS = 3


class Scales:
    """The scales of parameters, whether active or not.

    Args:
        parameters: The d parameters.
    """

    def __init__(self, parameters: list[Parameter]) -> None:
        self.parameters = parameters
        self.d = len(self.parameters)
        self.kinds = np.array([_kind(p) for p in self.parameters])
        self.counts = np.array([float(p.size or 0) for p in self.parameters])
        self.is_endless = self.kinds == Kind.ENDLESS
        self.is_ordered = self.kinds == Kind.ORDERED
        self.is_options = self.kinds == Kind.OPTIONS
        self.varies = self.kinds != Kind.CONSTANT
        self._lay_out_scales()

    def _lay_out_scales(self) -> None:
        """First and last value, step and cell edges of the stepped log scales."""
        logs = [
            self.kinds[j] == Kind.ORDERED and not isinstance(p, Choice) and p.log
            for j, p in enumerate(self.parameters)
        ]
        self._logs = np.flatnonzero(logs)
        shape = (len(self._logs),)
        self._low, self._step, self._last = np.empty(shape), np.empty(shape), np.empty(shape)
        self._edges = np.empty((2, len(self._logs)))
        for k, j in enumerate(self._logs):
            p = self.parameters[j]
            assert not isinstance(p, Choice)
            self._low[k], self._step[k], self._last[k] = p.low, p.step or 0.0, p.value_at((p.size or 1) - 1)
            self._edges[:, k] = np.log(p.cells.edges)
        self._log_low = np.log(self._low)
        self._log_width: Floats = np.maximum(np.log(self._last) - self._log_low, 1e-300)
        self._plain = np.flatnonzero(self.is_ordered & ~np.isin(np.arange(self.d), self._logs))

    # -- positions ---------------------------------------------------------------------------------------

    def positions(self, X: Floats) -> Floats:
        """Positions U of points X of the unit cube, both (m, d); what is discrete by its cell."""
        U = np.where(np.isnan(X), NEUTRAL, X)
        active = ~np.isnan(X)
        j = np.flatnonzero(self.is_options)
        if len(j):
            index = np.minimum(np.floor(U[:, j] * self.counts[j]), self.counts[j] - 1.0)
            U[:, j] = np.where(active[:, j], index, NEUTRAL)
        j = self._plain
        if len(j):
            index = np.minimum(np.floor(U[:, j] * self.counts[j]), self.counts[j] - 1.0)
            U[:, j] = np.where(active[:, j], index / (self.counts[j] - 1.0), NEUTRAL)
        j = self._logs
        if len(j):
            low, high = self._edges
            value = np.exp((1.0 - U[:, j]) * low + U[:, j] * high)
            U[:, j] = np.where(active[:, j], self._log_position(self._log_index(value)), NEUTRAL)
        U[:, ~self.varies] = 0.0
        return U

    def _log_index(self, value: Floats) -> Floats:
        index: Floats = np.rint((value - self._low) / self._step)
        last: Floats = self.counts[self._logs] - 1.0
        return np.clip(index, 0.0, last)

    def _log_position(self, index: Floats) -> Floats:
        logs: Floats = np.log(self._low + index * self._step)
        return np.clip((logs - self._log_low) / self._log_width, 0.0, 1.0)

    def to_position(self, index: Floats, j: int) -> Floats:
        """Positions of the levels (v,) of one ordered parameter."""
        if j in self._logs:
            k = int(np.flatnonzero(self._logs == j)[0])
            logs = np.log(self._low[k] + index * self._step[k])
            return np.asarray(np.clip((logs - self._log_low[k]) / self._log_width[k], 0.0, 1.0))
        return np.asarray(index / (self.counts[j] - 1.0))

    def levels(self, U: Floats) -> Floats:
        """Index of the nearest level of every ordered parameter, (m, d); other columns are as they come."""
        out = U.copy()
        j = self._plain
        out[:, j] = np.rint(np.clip(U[:, j], 0.0, 1.0) * (self.counts[j] - 1.0))
        j = self._logs
        if len(j):
            out[:, j] = self._log_index(np.exp(self._log_low + np.clip(U[:, j], 0.0, 1.0) * self._log_width))
        return out

    def from_levels(self, levels: Floats) -> Floats:
        """Positions (m, d) of what `levels` gives."""
        out = levels.copy()
        j = self._plain
        out[:, j] = levels[:, j] / (self.counts[j] - 1.0)
        j = self._logs
        if len(j):
            out[:, j] = self._log_position(levels[:, j])
        return out

    def indices(self, U: Floats, j: int) -> Ints:
        """Index (m,) of the value of one discrete parameter; 0 where it is inactive."""
        return self._index(U, j).astype(np.int64)

    def _index(self, U: Floats, j: int) -> Floats:
        """The same of a parameter with any number of values, more than int64 can count too."""
        index: Floats
        at = np.clip(U[:, j], 0.0, 1.0)
        if not self.is_ordered[j]:
            index = np.where(U[:, j] == NEUTRAL, 0.0, U[:, j])
        elif j in self._logs:
            k = int(np.flatnonzero(self._logs == j)[0])
            value = np.exp(self._log_low[k] + at * self._log_width[k])
            index = np.clip(np.rint((value - self._low[k]) / self._step[k]), 0.0, self.counts[j] - 1.0)
        else:
            index = np.rint(at * (self.counts[j] - 1.0))
        return index

    def value(self, j: int, u: float) -> Any:
        """Value of parameter j at a position."""
        p = self.parameters[j]
        if self.kinds[j] == Kind.ENDLESS:
            return p.decode(u)
        if self.kinds[j] == Kind.CONSTANT:
            return p.value_at(0)
        row = np.full((1, self.d), NEUTRAL)
        row[0, j] = u
        return p.value_at(min(max(int(self._index(row, j)[0]), 0), int(p.size or 1) - 1))

    def keys(self, U: Floats) -> list[bytes]:
        """One hashable for each row of U; equal for configs that are all but the same."""
        rows = np.ascontiguousarray(np.round(U, ROUND) + 0.0)
        return [row.tobytes() for row in rows]

    # -- priors ------------------------------------------------------------------------------------------

    @cached_property
    def priors(self) -> dict[int, Floats]:
        """Points of the unit cube at equally spaced quantiles, of every parameter with a prior, (knots,)."""
        shares = np.linspace(0.0, 1.0, PRIOR_KNOTS)
        made: dict[int, Floats] = {}
        for j, p in enumerate(self.parameters):
            if isinstance(p, Choice) or p.prior is None or not self.varies[j]:
                continue
            made[j] = np.array([p.encode(draw(p, float(s))) for s in shares])
        return made

    def by_priors(self, X: Floats) -> Floats:
        """Points of the unit cube, spread as the priors say instead of evenly; both (m, d)."""
        if not self.priors:
            return X
        X = X.copy()
        shares = np.linspace(0.0, 1.0, PRIOR_KNOTS)
        for j, quantiles in self.priors.items():
            X[:, j] = np.interp(X[:, j], shares, quantiles)
        return X

    @cached_property
    def prior_densities(self) -> dict[int, tuple[Floats, Floats]]:
        """Density of every parameter that has a prior, over that of an even draw.

        Returns:
            Positions, rising, and the density there, both (bins,): one bin a level, where there are few.
        """
        return {
            j: self._density(quantiles) if self.is_endless[j] else self._density_of_levels(j)
            for j, quantiles in self.priors.items()
        }

    def _density(self, quantiles: Floats) -> tuple[Floats, Floats]:
        edges = np.linspace(0.0, 1.0, PRIOR_BINS + 1)
        below = np.searchsorted(quantiles, edges[1:-1], side="right") / len(quantiles)
        shares = np.diff(np.concatenate([[0.0], below, [1.0]]))
        return 0.5 * (edges[1:] + edges[:-1]), shares * PRIOR_BINS

    def _density_of_levels(self, j: int) -> tuple[Floats, Floats]:
        p = self.parameters[j]
        assert not isinstance(p, Choice)
        assert p.prior is not None
        assert p.step is not None
        levels = sorted({p.cells.decode(u) for u in np.linspace(0.0, 1.0, PRIOR_BINS + 1).tolist()})
        middles = [0.5 * (one + other) for one, other in pairwise(levels)]
        first, last = p.prior_mass
        below = np.clip([float(p.prior.cdf(p.low + m * p.step)) for m in middles], first, last)
        shares = np.diff(np.concatenate([[first], below, [last]])) / (last - first)
        widths = np.diff([0.0, *(p.cells.encode(m) for m in middles), 1.0])
        positions = self.to_position(np.array(levels, dtype=np.float64), j)
        return positions, shares / np.maximum(widths, np.finfo(np.float64).eps)


def _kind(p: Parameter) -> Kind:
    if p.size == 1:
        return Kind.CONSTANT
    if p.size is None:
        return Kind.ENDLESS
    return Kind.OPTIONS if isinstance(p, Choice) and not p.ordered else Kind.ORDERED
