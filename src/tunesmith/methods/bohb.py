"""BOHB: a pair of kernel densities, of good configs and of the others, at the highest fidelity with enough.

Faithful to the paper; made to be run with Hyperband, which the study adds when no scheduler is named. Without
a fidelity it looks at the losses.

| symbol | meaning |
|---|---|
| d | number of parameters with more than one value |
| b | the step whose losses are looked at |
| D_b | trials that have reached step b, with their losses there; failed ones count as worst |

What is not here: how far each trial goes (`schedulers.hyperband`). A method knows no scheduler, so b is the
furthest step that enough trials have reached, which under Hyperband is the highest rung that has enough.

References:
    [Falkner2018] S. Falkner, A. Klein, F. Hutter, BOHB: Robust and Efficient Hyperparameter Optimization at
    Scale, 2018, algorithm 2 and equations 2 and 3.
"""

# ruff: noqa: N803, N806 - symbols of the notation in `density`

import math
from typing import Any

import numpy as np

from tunesmith.history import History
from tunesmith.learning.caching import PerHistory
from tunesmith.learning.encoding import Encoding
from tunesmith.learning.scales import Bools, Floats, Ints
from tunesmith.methods.base import Outcome, Proposal
from tunesmith.methods.random import size_in_words
from tunesmith.methods.untried import first_new, untried_config, used_up
from tunesmith.seeds import generator
from tunesmith.space import Space
from tunesmith.surrogate.density import estimate_density
from tunesmith.threads import one_thread
from tunesmith.trial import State
from tunesmith.wording import counted

AT_RANDOM = 1.0 / 3.0  # ρ: share of configs drawn evenly
GOOD = 0.15  # q: share of D_b that is good
SAMPLES = 64  # N_s: draws from l, of which that with the highest l/g is taken
WIDENING = 3.0  # b_w: of the bandwidths when drawing, so that the search does not settle down


class Bohb:
    """Draws where good configs are dense and others are not; a third of the configs at random.

    Example:
        >>> from tunesmith.space import Float
        >>> Bohb().propose(History(Space(x=Float(0, 1))), 0, seed=0).reason
        'drawn at random: 0 trials make no model yet'
    """

    name = "bohb"

    def __init__(self) -> None:
        self._encodings: PerHistory[Encoding] = PerHistory()

    @property
    def settings(self) -> dict[str, Any]:
        """None: the constants are those of the paper."""
        return {}

    def plan(self, space: Space) -> str | None:
        """Say how many configs a finite space has."""
        return size_in_words(space)

    @one_thread()
    def propose(self, history: History, number: int, seed: int) -> Outcome:
        """Propose the config of trial `number`, see `Method`."""
        rng = generator(seed, number, "bohb")
        why = "drawn at random, as a third of all configs are"
        if rng.random() >= AT_RANDOM:
            found = self._by_densities(history, rng)
            if isinstance(found, Proposal):
                return found
            why = found
        config = untried_config(history, rng)
        return used_up(history, rng) if config is None else Proposal(config, why)

    def _by_densities(self, history: History, rng: np.random.Generator) -> Proposal | str:
        """A config from the pair of densities, or why there is none."""
        encoding = self._encodings.get(history, lambda: Encoding(history.space))
        least = len(encoding.owners) + 1  # N_min = d + 1
        b, numbers, losses = losses_at_highest(history, least + 2)
        if len(numbers) < least + 2 or losses.min() == losses.max():
            if len(numbers) < least + 2:
                return f"drawn at random: {counted(len(numbers), 'trial', 'makes', 'make')} no model yet"
            return f"drawn at random: {len(numbers)} trials all have the same loss"
        U, A = encoding.settle(encoding.positions(history.X[numbers]))
        order = np.argsort(losses, kind="stable")
        good, bad = split(len(order), least)
        columns = encoding.owners
        options = np.where(encoding.is_options, encoding.counts, 0.0)[columns].astype(np.int64)
        filled = _fill(U, A, options, columns, rng)[order]
        near, away = (estimate_density(rows, options) for rows in (filled[:good], filled[-bad:]))
        drawn = near.draw(rng, SAMPLES, widening=WIDENING)
        full = np.tile(U[:1], (SAMPLES, 1))
        full[:, columns] = drawn
        ratio = near.log_density(drawn) - away.log_density(drawn)  # l/g, equation 2
        best = np.argsort(-ratio, kind="stable")
        settled = encoding.settle(full[best])[0]
        config = first_new(history, (encoding.config(u) for u in settled))  # most often the first will do
        if config is None:
            return "drawn at random: all draws near the good configs have been tried"
        at = "" if b is None or history.fidelity is None else f" at {history.fidelity.name} {b}"
        return Proposal(
            config, f"near the {good} best of {len(order)} trials{at}, away from the {bad} others"
        )


def split(n: int, least: int) -> tuple[int, int]:
    """Number of good configs and of others among n.

    Example:
        >>> split(10, 4), split(100, 4)
        ((4, 6), (15, 85))

    References:
        [Falkner2018] equation 3.
    """
    good = max(least, math.floor(GOOD * n))
    return good, min(n, max(least, n - good))


def losses_at_highest(history: History, enough: int) -> tuple[int | None, Ints, Floats]:
    """The furthest step that `enough` trials have reached, their numbers, and their losses there.

    A trial that failed, or whose report was not finite, counts as worst at every step: its loss is infinite.
    Without a fidelity the losses are those of finished trials, and the step is None.
    """
    failed = history.numbers(State.FAILED)
    others = history.numbers(State.RUNNING, State.PAUSED, State.STOPPED, State.COMPLETE)
    step = None
    if history.fidelity is None:
        losses = history.loss[others]
    else:
        reached = sorted((_reached(history, number) for number in others.tolist()), reverse=True)
        is_enough = len(reached) > 0 and len(reached) + len(failed) >= enough
        step = max(1, reached[max(0, enough - len(failed) - 1)]) if is_enough else 1
        found = [history.loss_at(number, step) for number in others.tolist()]
        losses = np.array([math.nan if loss is None else loss for loss in found])
    known = ~np.isnan(losses)
    numbers = np.concatenate([others[known], failed]).astype(np.int64)
    return step, numbers, np.concatenate([losses[known], np.full(len(failed), math.inf)])


def _reached(history: History, number: int) -> int:
    """Last step of a trial, 0 where there is none."""
    trial = history[number]
    assert history.fidelity is not None
    if trial.state is State.COMPLETE and history.fidelity.high is not None:
        return history.fidelity.high
    return trial.last_step


def _fill(U: Floats, A: Bools, options: Ints, columns: Ints, rng: np.random.Generator) -> Floats:
    """Positions (n, d) of the parameters that vary, inactive ones drawn evenly, as the authors' code does."""
    chance = rng.random((len(U), len(columns)))
    drawn = np.where(options > 0, np.floor(chance * options), chance)
    return np.where(A[:, columns], U[:, columns], drawn)
