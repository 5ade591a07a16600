"""A start that breaks a constraint, moved to where all constraints hold.

Defaults and the middle of the space are good starts because of where they are, so one nearby is better than
one drawn at random.
"""

# ruff: noqa: N803, N806 - symbols of the notation in `encoding`

from dataclasses import replace

import numpy as np

from tunesmith.learning.encoding import Encoding
from tunesmith.learning.scales import Floats
from tunesmith.methods.base import Proposal
from tunesmith.methods.candidates import draw_positions, meets_constraints
from tunesmith.seeds import generator
from tunesmith.space import Space

DRAWN, NEAREST, HALVINGS = 200, 20, 6  # configs, those of them that are moved, and how often


def allowed_start(start: Proposal, space: Space, seed: int) -> Proposal | None:
    """The start itself where it meets the constraints, else one near it that does; None where none was found.

    Of many draws that meet the constraints the nearest are moved towards the start, as far as they hold.
    Draws keep the options of the start where they can.

    Args:
        start: Config to start from, and why.
        space: The space.
        seed: Seed of the study.

    Example:
        >>> from tunesmith.space import Int
        >>> space = Space(layers=Int(1, 9), width=Int(1, 9)).require("layers + width <= 6")
        >>> found = allowed_start(Proposal({"layers": 5, "width": 5}, "the middle"), space, seed=0)
        >>> found.config, found.reason
        ({'layers': 3, 'width': 3}, 'the middle, moved to where the constraints hold')
    """
    if space.is_allowed(start.config):
        return start
    encoding = Encoding(space)
    target = encoding.settle(encoding.positions(np.array([space.encode(start.config)])))[0]

    def moved(U: Floats, share: Floats) -> Floats:
        """Positions (m, d) at a share (m,) of the way from the start."""
        on_the_way = encoding.from_levels(encoding.levels(target + share[:, None] * (U - target)))
        return encoding.settle(np.where(encoding.is_options, U, on_the_way))[0]

    def distance(U: Floats) -> Floats:
        gaps = np.where(encoding.is_options, target != U, U - target)
        return np.asarray((gaps**2).sum(axis=1))

    drawn = draw_positions(encoding, generator(seed, 0, "near the start"), DRAWN)
    kept = encoding.settle(np.where(encoding.is_options, target, drawn))[0]
    U = np.concatenate([kept, drawn])
    U = U[meets_constraints(space, encoding, U)]
    U = U[np.argsort(distance(U), kind="stable")[:NEAREST]]
    broken, held = np.zeros(len(U)), np.ones(len(U))
    for _ in range(HALVINGS):
        middle = (broken + held) / 2.0
        holds = meets_constraints(space, encoding, moved(U, middle))
        broken, held = np.where(holds, broken, middle), np.where(holds, middle, held)
    found = moved(U, held)
    found = found[meets_constraints(space, encoding, found)]
    if not len(found):
        return None
    config = encoding.config(found[np.argmin(distance(found))])
    return replace(start, config=config, reason=f"{start.reason}, moved to where the constraints hold")
