"""Candidates for the next config: draws over the whole space, and moves from the best configs so far.

Positions U and activity A are those of `encoding`.

What is not here: scores (`judging`), and the polish of the best candidates (`tunesmith.acquisition`).
"""

# ruff: noqa: N803, N806 - symbols of the notation in `encoding`

from collections.abc import Callable

import numpy as np

from tunesmith.learning.encoding import Encoding
from tunesmith.learning.scales import NEUTRAL, Bools, Floats
from tunesmith.space import Space

POOL = 1000  # candidates an ask
MOST_NUMBERS = 500_000  # in their encoding; wider spaces have fewer candidates, down to the next number
LEAST_POOL = 100
SHARES = (0.4, 0.4, 0.1, 0.1)  # of draws, moves from the best few, crossings, small moves from the best one
FEW, CROSSED, FEW_GRAFTED = 5, 10, 3  # best configs that are moved, crossed, and taken into another branch
MOVED = 3.0  # parameters that a move changes, on average; half of them all where there are fewer
STEPS = (0.01, 0.3)  # standard deviation of a move, drawn on a log scale between these
SMALL_STEP = 0.02
TO_AN_END, NEAR_END = 0.08, 0.85  # chance that a moved number goes to an end, and that it is the nearer one
LONG = 20  # levels above which a range has ends that are worth a visit of their own
NEUTRAL_SHARE, DONATED = 0.5, 0.75  # a parameter that becomes active stays in the middle, or is taken from a
# config that knows it up to here, or else is drawn
ROUNDS = 4  # of drawing anew where constraints are broken


class Candidates:
    """Makes candidates for one ask.

    Args:
        space: The space.
        encoding: Its layout.
        best: Positions of the best configs, best first, shape (b, d), b at least 1.
        rng: Generator.
        visits_ends: Whether a moved number goes to an end of its range now and then.
    """

    def __init__(
        self,
        space: Space,
        encoding: Encoding,
        best: Floats,
        rng: np.random.Generator,
        *,
        visits_ends: bool = True,
    ) -> None:
        self.space, self.encoding, self.rng, self.visits_ends = space, encoding, rng, visits_ends
        self.best, self._known = best[:CROSSED], best
        self._active = encoding.active(self.best)
        self._middle = encoding.positions(encoding.by_priors(np.full((1, encoding.d), 0.5)))

    def pool(self, size: int = POOL) -> Floats:
        """Candidates that meet the constraints, (m, d), m at most `size`; near duplicates are among them."""
        size = max(min(size, MOST_NUMBERS // max(1, self.encoding.p)), min(size, LEAST_POOL))
        rng, few = self.rng, self.best[:FEW]
        made = (
            lambda m: draw_positions(self.encoding, rng, m),
            lambda m: self.move(few[rng.integers(len(few), size=m)]),
            self.cross,
            lambda m: self.move(np.repeat(self.best[:1], m, axis=0), SMALL_STEP),
        )
        parts = [self._allowed(make, round(s * size)) for make, s in zip(made, SHARES, strict=True)]
        if sum(map(len, parts)) < LEAST_POOL:  # only narrow constraints let through so few
            parts.append(self._allowed(self.slide, size))
        return np.concatenate(parts)

    def _allowed(self, make: Callable[[int], Floats], size: int) -> Floats:
        if not self.space.constraints:
            return make(size)
        kept: list[Floats] = []
        missing = size
        for _ in range(ROUNDS):
            U = make(missing)
            kept.append(U[meets_constraints(self.space, self.encoding, U)])
            missing -= len(kept[-1])
            if missing <= 0:
                break
        return np.concatenate(kept)

    def move(self, U: Floats, step: float | None = None) -> Floats:
        """Change a few active parameters of each config (m, d).

        Args:
            U: Configs to start from.
            step: Standard deviation of a number's move; None to draw one for each config.
        """
        encoding, rng = self.encoding, self.rng
        A = encoding.active(U)
        hit = self._hits(A)
        if step is None:
            steps = np.exp(rng.uniform(np.log(STEPS[0]), np.log(STEPS[1]), (len(U), 1)))
        else:
            steps = np.full((len(U), 1), step)
        moved = np.abs(U + rng.standard_normal(U.shape) * steps)
        moved = np.clip(1.0 - np.abs(1.0 - moved), 0.0, 1.0)
        moved = self._next_levels(U, moved)
        if self.visits_ends:
            moved = self._visit_ends(moved)
        j = np.flatnonzero(encoding.is_options)
        if len(j):
            shift = 1.0 + np.floor(rng.random((len(U), len(j))) * (encoding.counts[j] - 1.0))
            moved[:, j] = np.mod(np.floor(U[:, j]) + shift, encoding.counts[j])
        return self._settle(np.where(hit, moved, U), A)

    def _hits(self, A: Bools) -> Bools:
        """Which parameters move: a few at random, and always one at least."""
        A = A & self.encoding.varies
        count = A.sum(axis=1, keepdims=True)
        wanted = max(1.0, min(MOVED, len(self.encoding.owners) / 2.0))
        draws = self.rng.random(A.shape)
        hit: Bools = (draws < wanted / np.maximum(count, 1)) & A
        none = ~hit.any(axis=1)
        if none.any():
            first = np.where(A[none], draws[none], np.inf).argmin(axis=1)
            hit[np.flatnonzero(none), first] = A[none][np.arange(len(first)), first]
        return hit

    def _next_levels(self, U: Floats, moved: Floats) -> Floats:
        """Snap moved ordered parameters, to a neighbouring level where they would stay where they are."""
        encoding = self.encoding
        j = np.flatnonzero(encoding.is_ordered)
        if not len(j):
            return moved
        before, after = encoding.levels(U), encoding.levels(moved)
        other = before[:, j] + np.where(self.rng.random((len(U), len(j))) < 0.5, -1.0, 1.0)
        last = encoding.counts[j] - 1.0
        other = np.where(other < 0.0, 1.0, np.where(other > last, last - 1.0, other))
        after[:, j] = np.where(after[:, j] == before[:, j], other, after[:, j])
        return encoding.from_levels(after)

    def _visit_ends(self, U: Floats) -> Floats:
        encoding, rng = self.encoding, self.rng
        j = np.flatnonzero(encoding.is_endless | (encoding.is_ordered & (encoding.counts > LONG)))
        if len(j):
            nearer = np.rint(U[:, j])
            end = np.where(rng.random(nearer.shape) < NEAR_END, nearer, 1.0 - nearer)
            U[:, j] = np.where(rng.random(nearer.shape) < TO_AN_END, end, U[:, j])
        return U

    def cross(self, m: int) -> Floats:
        """Take each parameter from one of two of the best configs; (m, d)."""
        rng = self.rng
        one, two = (rng.integers(len(self.best), size=m) for _ in range(2))
        first = rng.random((m, self.encoding.d)) < 0.5
        U = np.where(first, self.best[one], self.best[two])
        return self._settle(U, np.where(first, self._active[one], self._active[two]))

    def graft(self, j: int, position: float, m: int) -> tuple[Floats, Bools]:
        """Give a parameter another value in the best few configs, and values to what becomes active; (m, d).

        Args:
            j: The parameter.
            position: Position of the value.
            m: How many to make; the same config may come more than once.

        Returns:
            U, and which parameters became active.
        """
        best = self.rng.integers(min(FEW_GRAFTED, len(self.best)), size=m)
        U, known = self.best[best], self._active[best]
        U[:, j] = position
        U = self._settle(U, known)
        is_new = self.encoding.active(U) & ~known
        if self.visits_ends:
            U = self.encoding.settle(np.where(is_new, self._visit_ends(U.copy()), U))[0]
        return U, is_new

    def slide(self, m: int) -> Floats:
        """Move known configs by the difference of two others, or part of it; (m, d).

        What is linear and holds for all three, such as a sum of 1, holds for such a move, too.
        """
        rng, U, A = self.rng, self._known, self.encoding.active(self._known)
        one, two, three = rng.integers(len(U), size=(3, m))
        is_moved = A[one] & A[two] & A[three] & ~self.encoding.is_options
        step = rng.random((m, 1)) * (U[two] - U[three])
        moved = np.clip(np.where(is_moved, U[one] + step, U[one]), 0.0, 1.0)
        moved = self.encoding.from_levels(self.encoding.levels(moved))
        return self._settle(np.where(is_moved, moved, U[one]), A[one])

    def _settle(self, U: Floats, known: Bools) -> Floats:
        """Give values to the parameters that become active, and put others in their place.

        Args:
            U: Positions (m, d).
            known: Whether each came from a config in which its parameter was active, (m, d).
        """
        encoding = self.encoding
        if not encoding.has_conditions:
            return U
        fresh = draw_positions(encoding, self.rng, len(U), settled=False)
        donors, kind = self._donors(len(U)), self.rng.random((len(U), 1))
        fresh = np.where((kind < DONATED) & (donors != NEUTRAL), donors, fresh)
        fresh = np.where((kind < NEUTRAL_SHARE) & ~encoding.is_options, self._middle, fresh)
        return encoding.settle(np.where(known, U, fresh))[0]

    def _donors(self, m: int) -> Floats:
        """Positions (m, d), each from a random one of the best configs in which it is active."""
        out = np.full((m, self.encoding.d), NEUTRAL)
        for j in range(self.encoding.d):
            known = self.best[self._active[:, j], j]
            if len(known):
                out[:, j] = known[self.rng.integers(len(known), size=m)]
        return out


def draw_positions(encoding: Encoding, rng: np.random.Generator, m: int, *, settled: bool = True) -> Floats:
    """Draw positions from the user's priors, or evenly, (m, d).

    Args:
        encoding: Layout of the space.
        rng: Generator.
        m: How many.
        settled: Whether inactive parameters are put in their place.
    """
    U = encoding.positions(encoding.by_priors(rng.random((m, encoding.d))))
    return encoding.settle(U)[0] if settled else U


def meets_constraints(space: Space, encoding: Encoding, U: Floats) -> Bools:
    """Whether the config of each row of U (m, d) meets the constraints, (m,)."""
    if not space.constraints:
        return np.ones(len(U), dtype=bool)
    return np.array([space.is_allowed(config) for config in encoding.configs(U)], dtype=bool)
