"""Evolution: differential evolution and particle swarms, for many cheap trials.

Both need nothing but the history: who is in the population is `population.py`, and a particle's velocity is
the difference of its last two trials. So they are asynchronous by nature; trials under way only count as
tried. Numbers move by arithmetic in the unit cube, options without an order are inherited from a parent.

| symbol | meaning | shape |
|---|---|---|
| d | number of parameters, active or not | |
| u | a config in the unit cube; NaN where inactive in a parent, all filled in a child | (d,) |

References:
    [Zhang2009] J. Zhang and A. C. Sanderson, JADE: adaptive differential evolution with optional external
        archive, 2009, eq. 6 (the move), without its archive and its memory of settings.
    [Wang2011] Y. Wang, Z. Cai and Q. Zhang, Differential evolution with composite trial vector generation
        strategies and control parameters, 2011 (settings drawn from a few that suit different problems).
    [Clerc2002] M. Clerc and J. Kennedy, The particle swarm: explosion, stability, and convergence, 2002
        (the move; its inertia and pull are 0.73 and 1.5).
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tunesmith.errors import OptionError, message, not_one_of
from tunesmith.history import Floats, History
from tunesmith.learning.caching import PerHistory
from tunesmith.methods.base import Outcome, Proposal
from tunesmith.methods.nearest import allowed_start
from tunesmith.methods.population import LARGEST, Population, Populations
from tunesmith.methods.random import size_in_words, source
from tunesmith.methods.starting import known_start
from tunesmith.methods.untried import DRAWS, first_new, untried_config, used_up
from tunesmith.seeds import generator
from tunesmith.space import Choice, Config, Space
from tunesmith.space.parameters import draw
from tunesmith.trial import State
from tunesmith.whole import whole

KINDS = ("de", "pso")
SMALLEST = 4  # members: a move takes four
# Members without and with many parameters, and how many there are more for each; measured on 3 to 20
# parameters and 300 to 5,000 trials.
MEMBERS = {"de": (20, 60, 1.0), "pso": (15, 40, 0.5)}
FACTORS = (0.5, 0.8, 1.0)  # F, the length of a move
CROSSOVERS = (0.1, 0.5, 0.9, 1.0)  # CR, the share of coordinates that move
GUIDES = 0.15  # share of the members, the best, towards which the others move; particles know one
INERTIA, PULL = 0.6, 1.7  # of particles; settles sooner than [Clerc2002] and was better from 300 trials on
KEPT_OPTION = 0.2  # share of moves in which a particle keeps its option
FRESH = 0.3  # coordinates drawn anew in each child, on average
NEAR = 0.05  # standard deviation of a draw near by, and at least one step
ROUND_OFF = 1e-9  # of a coordinate


class Evolution:
    """Lets a population of configs evolve; needs no model, so it is for many cheap trials.

    Args:
        kind: "de", differential evolution: each config is crossed with better ones and with differences of
            others. "pso", a particle swarm: each particle flies on and is drawn to the best configs.
        population: Number of members, 4 to 1,000; None for a number that grows with the
            parameters: 20 to 60 for "de", 15 to 40 for "pso".

    Raises:
        OptionError: A setting is not allowed.

    Example:
        >>> from tunesmith.space import Float
        >>> history = History(Space(x=Float(0, 1)))
        >>> Evolution("pso").propose(history, 0, seed=0).reason
        'one of the first 15, spread evenly'
    """

    name = "evolution"

    def __init__(self, kind: str = "de", population: int | None = None) -> None:
        if kind not in KINDS:
            raise OptionError(not_one_of("method 'evolution': the kind is unknown", kind, KINDS))
        number = whole(population)
        if population is not None and (number is None or not SMALLEST <= number <= LARGEST):
            raise OptionError(
                message(
                    "method 'evolution': population cannot be used",
                    allowed=f"None, or a whole number from {SMALLEST} to {LARGEST:,}",
                    given=repr(population),
                )
            )
        self._kind, self._population = kind, number
        self._populations = Populations()
        self._starts: PerHistory[Proposal | None] = PerHistory()

    @property
    def settings(self) -> dict[str, Any]:
        """Kind and population as given."""
        return {"kind": self._kind, "population": self._population}

    def propose(self, history: History, number: int, seed: int) -> Outcome:
        """Propose the config of trial `number`, see `Method`."""
        space = history.space
        rng = generator(seed, number, "evolution")
        population = self._populations.look(history, self.size(space))
        since = number - population.phase.start
        if since < population.phase.size:
            start = self._starts.get(history, lambda: _start(space, seed))
            proposal = _first(population, start, since, seed, rng)
        elif self._kind == "de":
            proposal = _Differential(population, rng).propose()
        else:
            proposal = _Swarm(population, rng, since).propose()
        if proposal is not None:
            return proposal
        config = untried_config(history, rng)
        if config is not None:
            return Proposal(config, "drawn at random among the configs that are left")
        return used_up(history, rng)

    def size(self, space: Space) -> int:
        """Number of members of the first population for a space."""
        least, most, more = MEMBERS[self._kind]
        return self._population or int(min(least + more * len(space), most))

    def plan(self, space: Space) -> str | None:
        """Say how many trials go by before anything evolves, and how many configs a finite space has."""
        size = self.size(space)
        lines = [f"The first {size} trials are spread evenly; from then on the best {size} evolve."]
        return "\n".join(filter(None, [*lines, size_in_words(space)]))


def _start(space: Space, seed: int) -> Proposal | None:
    start = known_start(space)
    return None if start is None else allowed_start(start, space, seed)


def _first(
    population: Population, start: Proposal | None, since: int, seed: int, rng: np.random.Generator
) -> Proposal | None:
    """One of the trials that a phase begins with: a row of a Latin hypercube, drawn by the priors.

    The very first is `start`, where it is new.
    """
    history, phase = population.history, population.phase
    space = history.space
    if phase.start == 0 and start is not None and first_new(history, [start.config]) is not None:
        return start
    spread = generator(seed, phase.start, "evolution start")
    d = len(space)
    row = spread.permuted(np.tile(np.arange(phase.size), (d, 1)), axis=1)[:, since]
    points = [(row + rng.random(d)) / phase.size, *rng.random((DRAWS, d))]
    config = first_new(history, (space.draw(point) for point in points))
    if config is None:
        return None
    words = f"one of the first {phase.size}" if phase.start == 0 else f"one of {phase.size} new ones"
    why = "" if phase.start == 0 else ", as the best so far have become alike"
    return Proposal(config, f"{words}, spread evenly{source(space)}{why}")


class _Moves:
    """One ask: parents, a generator, and what children have in common whatever their kind."""

    draws_numbers = True
    """Whether numbers are drawn anew now and then, as options always are, without which they die out."""

    def __init__(
        self, population: Population, rng: np.random.Generator, members: npt.NDArray[np.intp]
    ) -> None:
        self.history, self.phase, self.rng = population.history, population.phase, rng
        self.space, self.members = self.history.space, members
        parameters = list(self.space.parameters.values())
        self.d = len(parameters)
        self.is_option = np.array([isinstance(p, Choice) and not p.ordered for p in parameters])
        self.step = np.array([1.0 / p.size if p.size else 0.0 for p in parameters])

    def propose(self) -> Proposal | None:
        """The first child that is new and allowed."""
        if len(self.members) < SMALLEST:
            points = (self.rng.random(self.d) for _ in range(DRAWS))
            drawn = first_new(self.history, map(self.space.draw, points))
            reason = "drawn at random, as too few trials have finished"
            return None if drawn is None else Proposal(drawn, reason)
        for attempt in range(DRAWS):
            child, parents, reason = self.child()
            child = np.clip(child, 0.0, 1.0)  # onto the bound, which is often best
            # Where all that is near has been tried, ever more coordinates are drawn anew.
            rate = np.where(self.is_option | self.draws_numbers, FRESH / self.d, 0.0) + attempt / DRAWS
            child = self._freshened(child, rate)
            config = self._config(child, parents)
            if config is not None and first_new(self.history, [config]) is not None:
                return Proposal(config, reason)
        return None

    def child(self) -> tuple[Floats, list[int], str]:
        """Make a child: its coordinates, the numbers of its parents, and the reason."""
        raise NotImplementedError

    def filled(self, numbers: npt.ArrayLike) -> Floats:
        """Coordinates of trials, those of inactive parameters taken from members in which they are active."""
        rows: Floats = self.history.X[np.asarray(numbers)]
        gaps = np.isnan(rows)
        if not gaps.any():
            return rows
        members = self.history.X[self.members]
        active = ~np.isnan(members)
        counts = active.sum(axis=0)
        donors = (self.rng.random(rows.shape) * counts).astype(np.intp)
        order = np.argsort(~active, axis=0, kind="stable")  # members with an active coordinate come first
        donors = order[np.minimum(donors, len(members) - 1), np.arange(self.d)]
        given = np.where(
            counts > 0, members[donors, np.arange(self.d)], self._anew(self.rng.random(rows.shape))
        )
        return np.where(gaps, given, rows)

    def _anew(self, u: Floats) -> Floats:
        """Coordinates of draws from the priors, given uniform draws, shape (..., d)."""
        for j, p in enumerate(self.space.parameters.values()):
            if not isinstance(p, Choice) and p.prior is not None:
                flat = [p.encode(draw(p, x)) for x in u[..., j].ravel().tolist()]
                u[..., j] = np.reshape(flat, u[..., j].shape)
        return u

    def _freshened(self, u: Floats, rate: Floats) -> Floats:
        """Draw some coordinates anew, half of the numbers near where they were."""
        hit = self.rng.random(self.d) < rate
        if not hit.any():
            return u
        near = u + np.maximum(self.step, NEAR) * self.rng.standard_normal(self.d)
        is_near = ~self.is_option & (self.rng.random(self.d) < 0.5)
        drawn = np.where(is_near, np.clip(near, 0.0, 1.0), self._anew(self.rng.random(self.d)))
        return np.where(hit, drawn, u)

    def _config(self, u: Floats, parents: Sequence[int]) -> Config | None:
        """Config of a child; a number that comes from a parent is the parent's to the last bit."""
        config = self.space.decode(u)
        same = (np.abs(self.history.X[parents] - u) <= ROUND_OFF) & (self.step == 0.0)
        for j in np.flatnonzero(same.any(axis=0)):
            name = self.space.names[j]
            if name in config:
                config[name] = self.history[parents[same[:, j].argmax()]].config[name]
        if self.space.rules and self.space.unfit(config):  # a condition on the last bit of a number
            return None
        return config


class _Differential(_Moves):
    """Children of differential evolution."""

    def __init__(self, population: Population, rng: np.random.Generator) -> None:
        super().__init__(population, rng, population.members())

    def child(self) -> tuple[Floats, list[int], str]:
        """Move a member towards one of the best and by the difference of two others [Zhang2009, eq. 6]."""
        rng, count = self.rng, len(self.members)
        base, one, other = self.members[rng.choice(count, 3, replace=False)]
        guide = self.members[rng.integers(max(2, math.ceil(GUIDES * count)))]
        u, guiding, plus, minus = self.filled([base, guide, one, other])
        factor = FACTORS[rng.integers(len(FACTORS))]
        moved = u + factor * (guiding - u) + factor * (plus - minus)
        inherited = np.where(rng.random(self.d) < 0.5, guiding, plus)
        moves = rng.random(self.d) < CROSSOVERS[rng.integers(len(CROSSOVERS))]
        moves[rng.integers(self.d)] = True
        child = np.where(moves, np.where(self.is_option, inherited, moved), u)
        reason = (
            f"trial {base} crossed with trial {guide} and the difference of trials {one} and {other}, "
            f"all of the best {count}"
        )
        return child, [int(base), int(guide), int(one), int(other)], reason


class _Swarm(_Moves):
    """Moves of a particle swarm."""

    draws_numbers = False  # it would be the particle's velocity for many moves to come

    def __init__(self, population: Population, rng: np.random.Generator, since: int) -> None:
        super().__init__(population, rng, population.best_by_slot())
        start, size = population.phase.start, population.phase.size
        self.slot = since % size
        self.last, self.before = (start + since - k * size for k in (1, 2))

    def child(self) -> tuple[Floats, list[int], str]:
        """Let a particle fly on, drawn to its own best trial and to the swarm's [Clerc2002]."""
        rng, members = self.rng, self.members
        mine = [n for n in members if (n - self.phase.start) % self.phase.size == self.slot]
        guide = int(members[0])
        own = int(mine[0]) if mine else guide
        last = self.last if self._is_flying() else own
        u, own_best, guiding = self.filled([last, own, guide])
        velocity = self._velocity(u, last)
        r, s = rng.random((2, self.d))
        moved = u + INERTIA * velocity + PULL * (r * (own_best - u) + s * (guiding - u))
        # Steps are jumped with about the right probability; rounding would hold a slow particle in its place.
        moved += self.step * (rng.random(self.d) - 0.5)
        inherited = np.where(rng.random(self.d) < 0.5, own_best, guiding)
        inherited = np.where(rng.random(self.d) < KEPT_OPTION, u, inherited)
        reason = f"particle {self.slot} flies on from trial {last}, drawn to trials {own} and {guide}"
        return np.where(self.is_option, inherited, moved), [last, own, guide], reason

    def _is_flying(self) -> bool:
        """Whether the particle goes on from its last trial: from one that failed it goes back to its best."""
        is_known = self.history.key(self.last) is not None
        return is_known and self.history[self.last].state is not State.FAILED

    def _velocity(self, u: Floats, last: int) -> Floats:
        if self.before < self.phase.start:
            return (self.rng.random(self.d) - u) / 2  # as it starts to move
        if last != self.last:
            return np.zeros(self.d)
        step = self.history.X[last] - self.history.X[self.before]
        return np.where(np.isnan(step), 0.0, step)
