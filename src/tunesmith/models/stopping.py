"""Training round by round, and when a fit that watches its loss stops: the same for every family.

Measured for LightGBM (`lightgbm.py`), whose loss per round the others share.
"""

import math

import numpy as np

from tunesmith.models.base import Floats

MAX_ROUNDS = 2000  # a low learning rate asks for more rounds than this only on large data
PATIENCE = 5.0  # rounds times learning rate without a better loss, after which a fit stops ...
LEAST_PATIENCE, MOST_PATIENCE = 30, 250  # ... within these ends, in rounds
LEAST_STEP = 5e-4  # share of the loss that counts as better; a slower crawl is not worth its time


def patience_for(learning_rate: float) -> int:
    """Rounds without a better loss after which a fit stops: more where each round does less."""
    return int(min(max(math.ceil(PATIENCE / learning_rate), LEAST_PATIENCE), MOST_PATIENCE))


class Stopper:
    """Follows the loss of one fit.

    Args:
        patience: Rounds without a noticeably better loss after which it is flat.

    Example:
        >>> stopper = Stopper(2)
        >>> [stopper.is_flat(loss) for loss in (3.0, 2.0, 2.0, 2.1)]
        [False, False, False, True]
    """

    def __init__(self, patience: int) -> None:
        self.patience = patience
        self._best, self._since = math.inf, 0

    def is_flat(self, loss: float) -> bool:
        """Take the loss after one more round, and say whether to stop."""
        if self._best == math.inf or loss < self._best - LEAST_STEP * abs(self._best):
            self._best, self._since = loss, 0
        else:
            self._since += 1
        return self._since >= self.patience


class RoundByRound:
    """What the models have in common that can be trained one round further."""

    max_rounds = MAX_ROUNDS

    def __init__(self) -> None:
        self._losses: list[float] = []  # on the watched rows, after each round

    @property
    def rounds(self) -> int:
        """Rounds that it was trained for."""
        raise NotImplementedError

    @property
    def curve(self) -> Floats:
        """Loss on the watched rows after each round."""
        return np.array(self._losses, dtype=np.float64)

    def grow(self, rounds: int) -> None:
        """Train on until there are so many rounds, or there is nothing left to learn."""
        while self.rounds < rounds:
            if self._grow_one():
                break

    def grow_until_flat(self, patience: int) -> None:
        """Train on until the watched loss has not fallen noticeably for `patience` rounds."""
        stopper = Stopper(patience)
        while self.rounds < self.max_rounds:
            is_done = self._grow_one()
            if is_done or stopper.is_flat(self._losses[-1]):
                break

    def _grow_one(self) -> bool:
        """Train one more round; returns whether there is nothing left to learn."""
        raise NotImplementedError
