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

What is not here: the scales of single parameters (`scales`), constraints (`candidates`), and the model
(`tunesmith.surrogate`).
"""

# ruff: noqa: N803, N806 - symbols of the notation in `encoding`

import math
from collections.abc import Callable
from functools import cached_property

import numpy as np

from tunesmith.acquisition.maximize import Axis
from tunesmith.learning.scales import NEUTRAL, Bools, Floats, Ints, Kind, Scales
from tunesmith.seeds import generator
from tunesmith.space import Config, Space
from tunesmith.space.conditions import Rule
from tunesmith.space.labels import find_option

MAX_CODES = 64  # columns of one choice; more options share columns, nearly at right angles
MAX_LEVELS = 1000  # of a number that the maximiser walks level by level; a longer range is as good as endless
MAX_TABLE = 10_000  # values of a parent for which a condition is looked up instead of computed
FULL_TREND = 12  # parameters from which those on a scale have main effects in full


class Encoding(Scales):
    """The layout of a space; it depends on the parameters and conditions alone, not on the constraints.

    Args:
        space: The space.

    Example:
        >>> from tunesmith.space import Choice, Int
        >>> encoding = Encoding(Space(a=Int(1, 5), b=Choice(["x", "y", "z"])))
        >>> U = encoding.positions(np.array([[0.9, 0.5]]))
        >>> U.tolist(), encoding.encode(U).round(2).tolist()
        ([[1.0, 1.0]], [[1.0, 0.0, 0.71, 0.0]])
        >>> encoding.config(U[0])
        {'a': 5, 'b': 'y'}
    """

    def __init__(self, space: Space) -> None:
        super().__init__(list(space.parameters.values()))
        self.space = space
        self._lay_out_columns()
        self._lay_out_conditions()

    # -- layout ------------------------------------------------------------------------------------------

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
        self.is_parent, self.is_conditional = np.zeros((2, self.d), dtype=bool)
        for j, parents, _ in self._conditions:
            self.is_parent[parents], self.is_conditional[j] = True, True
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
                    held &= table[self.indices(U, j)]
                return held

            return look_up

        def compute(U: Floats) -> Bools:
            # Candidates are moved from a few configs, and share most of their values.
            rows, back = np.unique(U[:, [place[q] for q in rule.parents]], axis=0, return_inverse=True)
            held = [
                rule.holds({q: self.value(place[q], u) for q, u in zip(rule.parents, row, strict=True)})
                for row in rows.tolist()
            ]
            return np.array(held, dtype=bool)[back.reshape(-1)]

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
                levels = self.to_position(np.arange(count, dtype=np.float64), int(j))[:, None]
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

    @cached_property
    def mild_slopes(self) -> Floats:
        """The same, with less for parameters on a scale where there are few parameters.

        A model sees a trend in few dimensions by itself. A linear part is most unsure in the corners, and
        sends the search there while there are few trials.
        """
        is_option = self.is_options[self.owners][self.groups]
        share = min(1.0, len(self.owners) / FULL_TREND) ** 2
        return np.where(is_option, self.slopes, share * self.slopes)

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

    # -- configs -----------------------------------------------------------------------------------------

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

    def read(self, Z: Floats) -> tuple[Floats, Bools]:
        """U and A of encoded configs Z (m, p), both (m, d): the nearest there are."""
        shape = (len(Z), self.d)
        return self.settle(self.decode(Z, np.zeros(shape), np.ones(shape, dtype=bool)))

    def branch_codes(self, Z: Floats) -> Floats:
        """A number (m,) for each config that says which values its parents have, except endless ones."""
        return np.round(Z @ self._branch_weights, 9)

    def movable(self, A: Bools) -> Bools:
        """Which of the G parameters the maximiser may move, (m, G): active ones that decide no others."""
        return (A & ~self.is_parent)[:, self.owners]


def _codes(options: int) -> Floats:
    """Rows of length 1/√2 for the options of a choice, at right angles or nearly so."""
    if options <= MAX_CODES:
        return np.eye(options) * math.sqrt(0.5)
    rows = generator(0, options, "codes").standard_normal((options, MAX_CODES))
    lengths = np.sqrt(np.einsum("ij,ij->i", rows, rows))
    rows *= (math.sqrt(0.5) / lengths)[:, None]
    return rows
