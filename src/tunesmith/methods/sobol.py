"""Sobol search: the points of a scrambled Sobol sequence, spread more evenly than random draws.

Trial `number` takes point `number` of the sequence that belongs to the seed. Where that point's config was
tried before or breaks a constraint, the next points of the sequence are looked at, and when those up to
`_last_point` are of no use either, any untried config is drawn.
"""

import inspect
import threading
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from tunesmith.errors import OptionError, message
from tunesmith.history import History
from tunesmith.learning.caching import PerHistory
from tunesmith.methods.base import Outcome, Proposal
from tunesmith.methods.random import size_in_words, source
from tunesmith.methods.untried import untried_config, used_up
from tunesmith.seeds import generator
from tunesmith.space import Config, Space

MAX_PARAMETERS = 21_201  # direction numbers known to scipy
BLOCK_SIZE = 2**17  # numbers kept at a time: 1 MiB


class Sobol:
    """Draws configs from a scrambled Sobol sequence; priors and conditions are honoured.

    Example:
        >>> from tunesmith.space import Float
        >>> space, history = Space(x=Float(0, 1)), History(Space(x=Float(0, 1)))
        >>> halves = {Sobol().propose(history, n, seed=0).config["x"] < 0.5 for n in range(2)}
        >>> len(halves)
        2
    """

    name = "sobol"

    def __init__(self) -> None:
        self._scans: PerHistory[_Scan] = PerHistory()

    @property
    def settings(self) -> dict[str, Any]:
        """None."""
        return {}

    def propose(self, history: History, number: int, seed: int) -> Outcome:
        """Propose the config of trial `number`, see `Method`."""
        space = history.space
        sequence = _sequence(_check_length(space), seed)
        scan = self._scans.get(history, _Scan)
        for config in scan.useful(history, sequence, number):
            return Proposal(config, f"a point of the Sobol sequence{source(space)}")
        rng = generator(seed, number, "sobol")
        left = untried_config(history, rng)
        if left is not None:
            return Proposal(left, "drawn at random among the configs that are left")
        return used_up(history, rng)

    def plan(self, space: Space) -> str | None:
        """Say how many configs a finite space has.

        Raises:
            OptionError: The space has more parameters than Sobol sequences have dimensions.
        """
        _check_length(space)
        return size_in_words(space)


def _last_point(number: int) -> int:
    # Far enough that half of all points may be forbidden; fixed by the number alone, so that what was
    # looked at before makes no difference.
    return 2 * number + 1024


class _Scan:
    """How far along the sequence everything is known to be tried or forbidden.

    That never changes again: histories only grow. So a point is looked at once by study, and an ask stays
    cheap however many trials there are.
    """

    def __init__(self) -> None:
        self._next = 0
        self._made_for: tuple[int, ...] = ()

    def useful(self, history: History, sequence: "_Sequence", number: int) -> Iterator[Config]:
        space = history.space
        made_for = (sequence.seed, len(space.constraints))
        if self._made_for != made_for:
            self._made_for, self._next = made_for, 0
        self._next = max(self._next, number)
        while self._next < _last_point(number):
            config = space.draw(sequence.point(self._next))
            if space.key(config) not in history and space.is_allowed(config):
                yield config
            self._next += 1


class _Sequence:
    """Random access to a scrambled Sobol sequence, a block at a time."""

    def __init__(self, d: int, seed: int) -> None:
        from scipy.stats import qmc  # takes a second, so only when it is used

        self._make: Callable[..., Any] = qmc.Sobol
        self._d, self.seed = d, seed
        self._size = 2 ** max(0, (BLOCK_SIZE // d).bit_length() - 1)
        self._engine: Any = None  # a qmc.Sobol
        self._blocks: dict[int, npt.NDArray[np.float64]] = {}
        self._lock = threading.Lock()

    def point(self, index: int) -> npt.NDArray[np.float64]:
        """Point of an index, shape (d,), in [0, 1)."""
        block, row = divmod(index, self._size)
        with self._lock:
            if block not in self._blocks:
                self._load(block)
            point: npt.NDArray[np.float64] = self._blocks[block][row]
            return point

    def _load(self, block: int) -> None:
        if self._engine is None or self._engine.num_generated > block * self._size:
            rng = generator(self.seed, 0, "sobol scramble")
            # scipy 1.15 renamed the argument.
            word = "rng" if "rng" in inspect.signature(self._make).parameters else "seed"
            self._engine = self._make(self._d, **{word: rng})
        ahead = block * self._size - self._engine.num_generated
        if ahead:
            self._engine.fast_forward(ahead)
        if len(self._blocks) > 1:
            self._blocks.pop(min(self._blocks))
        self._blocks[block] = self._engine.random(self._size)


@lru_cache(maxsize=4)
def _sequence(d: int, seed: int) -> _Sequence:
    return _Sequence(d, seed)


def _check_length(space: Space) -> int:
    if len(space) > MAX_PARAMETERS:
        raise OptionError(
            message(
                "method 'sobol' cannot search this space",
                allowed=f"up to {MAX_PARAMETERS:,} parameters",
                given=f"{len(space):,}",
                fix='Use method="random".',
            )
        )
    return len(space)
