"""Configs as rows of numbers, many at a time, for methods that learn a model.

| symbol | meaning | shape |
|---|---|---|
| d, G, p | parameters; those with more than one value; columns of the model | |
| X | points of the unit cube, as `History.X` holds them | (m, d) |
| U | positions: numbers on their scale from 0 to 1, options by index, NEUTRAL where inactive | (m, d) |
| A | whether each parameter is active | (m, d) |
| Z | encoded configs, what the model sees | (m, p) |

An unordered choice of more than two options has one column an option, 1/√2 where it is taken, so that two
options are as far apart as the two ends of a range; every other parameter has one column. A parameter that is
inactive lies in the middle of its columns: two configs of one branch then differ only in what they share.
Parameters with a single value have no column.

What is not here: constraints (`candidates`), and the model (`tunesmith.surrogate`).
"""

# ruff: noqa: N803, N806 - symbols of the notation in `encoding`

import math
from collections.abc import Callable
from enum import IntEnum
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from tunesmith.acquisition.maximize import Axis
from tunesmith.seeds import generator
from tunesmith.space import Choice, Config, Parameter, Space
from tunesmith.space.conditions import Rule
from tunesmith.space.labels import find_option
from tunesmith.space.parameters import draw

Floats: TypeAlias = npt.NDArray[np.float64]
Bools: TypeAlias = npt.NDArray[np.bool_]
Ints: TypeAlias = npt.NDArray[np.int64]

NEUTRAL = 0.5  # position of an inactive parameter
MAX_CODES = 64  # columns of one choice; more options share columns, nearly at right angles
MAX_LEVELS = 1000  # of a number that the maximiser walks level by level; a longer range is as good as endless
MAX_TABLE = 10_000  # values of a parent for which a condition is looked up instead of computed
PRIOR_KNOTS = 129  # quantiles by which a prior is known
ROUND = 6  # decimals of a position within which two configs are one


class Kind(IntEnum):
    """How a parameter is laid out."""

    CONSTANT = 0
    ENDLESS = 1
    ORDERED = 2
    OPTIONS = 3


class Encoding:
    """The layout of a space; it depends on the parameters and conditions alone, not on the constraints.

    Args:
        space: The space.

    Example:
        >>> from tunesmith.space import Float, Int
        >>> encoding = Encoding(Space(a=Int(1, 5), b=Choice(["x", "y", "z"])))
        >>> U = encoding.positions(np.array([[0.9, 0.5]]))
        >>> U.tolist(), encoding.encode(U).round(2).tolist()
        ([[1.0, 1.0]], [[1.0, 0.0, 0.71, 0.0]])
        >>> encoding.config(U[0])
        {'a': 5, 'b': 'y'}
    """

    def __init__(self, space: Space) -> None:
        self.space = space
        self.parameters: list[Parameter] = list(space.parameters.values())
        self.d = len(self.parameters)
        self.kinds = np.array([_kind(p) for p in self.parameters])
        self.counts = np.array([float(p.size or 0) for p in self.parameters])
        self.is_endless = self.kinds == Kind.ENDLESS
        self.is_ordered = self.kinds == Kind.ORDERED
        self.is_options = self.kinds == Kind.OPTIONS
        self.varies = self.kinds != Kind.CONSTANT
        self._lay_out_scales()
        self._lay_out_columns()
        self._lay_out_conditions()

    # -- layout ------------------------------------------------------------------------------------------

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

    def _lay_out_columns(self) -> None:
        columns: list[Ints] = []
        self.owners = np.flatnonzero(self.varies)  # parameter of each group
        self._codes: dict[int, Floats] = {}
        at = 0
        for j in self.owners:
            width = 1
            if self.is_options[j] and self.counts[j] > 2:
                self._codes[int(j)] = _codes(int(self.counts[j]))
                width = self._codes[int(j)].shape[1]
            columns.append(np.arange(at, at + width, dtype=np.int64))
            at += width
        self.p, self.columns = at, columns
        self.groups = np.repeat(np.arange(len(columns), dtype=np.int64), [len(c) for c in columns])
        single = [k for k, j in enumerate(self.owners) if int(j) not in self._codes]
        self._single = self.owners[single]
        self._single_columns = np.array([columns[k][0] for k in single], dtype=np.int64)
        self._coded = [(int(j), columns[k]) for k, j in enumerate(self.owners) if int(j) in self._codes]

    def _lay_out_conditions(self) -> None:
        names = self.space.names
        place = {name: j for j, name in enumerate(names)}
        self._conditions = [
            (j, [place[q] for q in rule.parents], self._test(rule, place))
            for j, rule in ((place[n], rule) for n, rule in self.space.rules.items())
        ]
        self._conditions.sort(key=lambda condition: condition[0])
        self.is_parent = np.zeros(self.d, dtype=bool)
        for _, parents, _ in self._conditions:
            self.is_parent[parents] = True
        weights = generator(0, 0, "branches").random(self.p)
        few = self.is_parent & ~self.is_endless & (self.counts <= MAX_LEVELS)
        parents_of = np.isin(self.groups, np.flatnonzero(few[self.owners]))
        self._branch_weights = np.where(parents_of, weights, 0.0) if len(self.owners) else weights

    def _test(self, rule: Rule, place: dict[str, int]) -> Callable[[Floats], Bools]:
        """A condition as a function of positions; parents are known to be active where it counts."""
        tables = [self._table(rule, q, place[q]) for q in rule.parents]
        if (rule.expression is None or len(rule.parents) == 1) and all(t is not None for t in tables):
            pairs = [(place[q], t) for q, t in zip(rule.parents, tables, strict=True) if t is not None]

            def look_up(U: Floats) -> Bools:
                held = np.ones(len(U), dtype=bool)
                for j, table in pairs:
                    held &= table[self._indices(U, j)]
                return held

            return look_up

        def compute(U: Floats) -> Bools:
            rows = U[:, [place[q] for q in rule.parents]]
            held = [
                rule.holds({q: self.value(place[q], u) for q, u in zip(rule.parents, row, strict=True)})
                for row in rows.tolist()
            ]
            return np.array(held, dtype=bool)

        return compute

    def _table(self, rule: Rule, name: str, j: int) -> Bools | None:
        p = self.parameters[j]
        if p.size is None or p.size > MAX_TABLE:
            return None
        values = [p.value_at(i) for i in range(p.size)]
        if rule.expression is not None:
            if len(rule.parents) > 1:
                return None
            return np.array([rule.holds({name: v}) for v in values], dtype=bool)
        allowed = [vs for q, vs in rule.allowed if q == name]
        return np.array([all(find_option(vs, v) is not None for vs in allowed) for v in values], dtype=bool)

    @property
    def has_conditions(self) -> bool:
        """Whether any parameter can be inactive."""
        return bool(self._conditions)

    @cached_property
    def axes(self) -> list[Axis]:
        """The G parameters that vary, as the maximiser sees them."""
        made = []
        for k, j in enumerate(self.owners):
            count = int(self.counts[j])
            if self.is_endless[j] or (self.is_ordered[j] and count > MAX_LEVELS):
                made.append(Axis(self.columns[k]))
            elif self.is_ordered[j]:
                levels = self._to_position(np.arange(count, dtype=np.float64), int(j))[:, None]
                made.append(Axis(self.columns[k], levels, is_ordered=True, is_relaxed=count > 24))
            else:
                codes = self._codes.get(int(j))
                made.append(Axis(self.columns[k], np.array([[0.0], [1.0]]) if codes is None else codes))
        return made

    @cached_property
    def slopes(self) -> Floats:
        """Weights of the columns in a linear part: one parameter drawn at random has variance 1/G."""
        slopes = np.empty(self.p)
        for k, j in enumerate(self.owners):
            m = self.counts[j]
            if not self.is_options[j]:
                slopes[self.columns[k]] = math.sqrt(12.0)
            else:
                slopes[self.columns[k]] = 2.0 if m == 2 else math.sqrt(2.0 / (1.0 - 1.0 / m))
        slopes /= math.sqrt(max(1, len(self.owners)))
        return slopes

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

    def _to_position(self, index: Floats, j: int) -> Floats:
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

    def _indices(self, U: Floats, j: int) -> Ints:
        """Index (m,) of the value of one discrete parameter; 0 where it is inactive."""
        at = np.clip(U[:, j], 0.0, 1.0)
        if not self.is_ordered[j]:
            index = np.where(U[:, j] == NEUTRAL, 0.0, U[:, j])
        elif j in self._logs:
            k = int(np.flatnonzero(self._logs == j)[0])
            value = np.exp(self._log_low[k] + at * self._log_width[k])
            index = np.clip(np.rint((value - self._low[k]) / self._step[k]), 0.0, self.counts[j] - 1.0)
        else:
            index = np.rint(at * (self.counts[j] - 1.0))
        return index.astype(np.int64)

    def active(self, U: Floats) -> Bools:
        """A: which parameters are active, (m, d), given positions of all parents that are."""
        A = np.ones(U.shape, dtype=bool)
        for j, parents, test in self._conditions:
            A[:, j] = A[:, parents].all(axis=1)
            rows = np.flatnonzero(A[:, j])
            if len(rows):
                A[rows, j] = test(U[rows])
        return A

    def settle(self, U: Floats) -> tuple[Floats, Bools]:
        """Put inactive parameters in their place.

        Returns:
            U and A, both (m, d).
        """
        A = self.active(U)
        if self._conditions:
            U = np.where(A, U, NEUTRAL)
        return U, A

    def keys(self, U: Floats) -> list[bytes]:
        """One hashable for each row of U; equal for configs that are all but the same."""
        rows = np.ascontiguousarray(np.round(U, ROUND) + 0.0)
        return [row.tobytes() for row in rows]

    # -- configs -----------------------------------------------------------------------------------------

    def value(self, j: int, u: float) -> Any:
        """Value of parameter j at a position."""
        p = self.parameters[j]
        if self.kinds[j] == Kind.ENDLESS:
            return p.decode(u)
        if self.kinds[j] == Kind.CONSTANT:
            return p.value_at(0)
        row = np.full((1, self.d), NEUTRAL)
        row[0, j] = u
        return p.value_at(min(max(int(self._indices(row, j)[0]), 0), int(p.size or 1) - 1))

    def config(self, u: Floats) -> Config:
        """Config of one row of U, shape (d,)."""
        return self.configs(u[None, :])[0]

    def configs(self, U: Floats) -> list[Config]:
        """Configs of the rows of U."""
        index = self.levels(U)
        columns = []
        for j, p in enumerate(self.parameters):
            if self.kinds[j] == Kind.ENDLESS:
                columns.append([p.decode(u) for u in U[:, j].tolist()])
            else:
                last = (p.size or 1) - 1
                places = index[:, j].tolist() if self.varies[j] else [0.0] * len(U)
                columns.append([p.value_at(min(max(int(i), 0), last)) for i in places])
        names, space = self.space.names, self.space
        if not self._conditions:
            return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]
        made = []
        for row in zip(*columns, strict=True):
            config: Config = {}
            for name, value in zip(names, row, strict=True):
                if space.is_active(name, config):
                    config[name] = value
            made.append(config)
        return made

    # -- columns of the model ----------------------------------------------------------------------------

    def encode(self, U: Floats) -> Floats:
        """Z of positions U (m, d), shape (m, p)."""
        Z = np.empty((len(U), self.p))
        Z[:, self._single_columns] = U[:, self._single]
        for j, columns in self._coded:
            codes = self._codes[j]
            index = U[:, j]
            inactive = index == NEUTRAL
            Z[:, columns] = codes[np.where(inactive, 0.0, index).astype(np.int64)]
            if inactive.any():
                Z[np.ix_(inactive, columns)] = codes.mean(axis=0)
        return Z

    def decode(self, Z: Floats, U: Floats, A: Bools) -> Floats:
        """Positions (m, d) nearest to encoded configs that differ from U (m, d) in active parameters only."""
        out = U.copy()
        moved = np.where(A[:, self._single], Z[:, self._single_columns], U[:, self._single])
        out[:, self._single] = np.clip(moved, 0.0, 1.0)
        two = self.is_options & (self.counts == 2)
        out[:, two] = np.where(A[:, two], np.rint(out[:, two]), NEUTRAL)
        for j, columns in self._coded:
            nearest = (Z[:, columns] @ self._codes[j].T).argmax(axis=1)
            out[:, j] = np.where(A[:, j], nearest, NEUTRAL)
        snapped = self.from_levels(self.levels(out))
        return np.where(A & self.is_ordered, snapped, out)

    def branch_codes(self, Z: Floats) -> Floats:
        """A number (m,) for each config that says which values its parents have, except endless ones."""
        return np.round(Z @ self._branch_weights, 9)

    def movable(self, A: Bools) -> Bools:
        """Which of the G parameters the maximiser may move, (m, G): active ones that decide no others."""
        return (A & ~self.is_parent)[:, self.owners]

    # -- priors ------------------------------------------------------------------------------------------

    @cached_property
    def priors(self) -> dict[int, Floats]:
        """Positions of equally spaced quantiles of every parameter that has a prior, shape (knots,)."""
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


def _kind(p: Parameter) -> Kind:
    if p.size == 1:
        return Kind.CONSTANT
    if p.size is None:
        return Kind.ENDLESS
    return Kind.OPTIONS if isinstance(p, Choice) and not p.ordered else Kind.ORDERED


def _codes(options: int) -> Floats:
    """Rows of length 1/√2 for the options of a choice, at right angles or nearly so."""
    if options <= MAX_CODES:
        return np.eye(options) * math.sqrt(0.5)
    rows = generator(0, options, "codes").standard_normal((options, MAX_CODES))
    lengths = np.sqrt(np.einsum("ij,ij->i", rows, rows))
    rows *= (math.sqrt(0.5) / lengths)[:, None]
    return rows
