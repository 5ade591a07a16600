"""Another branch: a look at a value of a deciding parameter that the best config does not have.

A branch whose first trials were bad looks bad as a whole to the model, which shares what it learns among the
configs of a branch. As long as it expects a little more near the best config it would not come back.

A look keeps what the best configs share with the branch, as long as few trials have: only what is new in the
branch is unknown then, where a look anywhere in it would vary everything at once.

What is not here: which config of the branch is taken, see `bayes`.
"""

# ruff: noqa: N803, N806 - symbols of the notation in `encoding`

from dataclasses import dataclass

import numpy as np

from tunesmith.learning.encoding import Encoding
from tunesmith.learning.observed import Observed, Status
from tunesmith.learning.scales import Bools, Floats
from tunesmith.space import Choice

OTHER = 0.15  # share of the asks
MOST_VALUES = 20  # of a parent that counts; a single value of more is hardly a branch
ALIKE = 0.5  # distance, in lengthscales, up to which configs are alike


@dataclass(frozen=True, slots=True)
class Branch:
    """All configs with one value of a deciding parameter.

    Args:
        encoding: Layout of the space.
        j: The parameter.
        index: Place of its value.
    """

    encoding: Encoding
    j: int
    index: int

    def holds(self, U: Floats) -> Bools:
        """Which of the settled positions U (m, d) are in the branch, (m,)."""
        is_active = self.encoding.active(U)[:, self.j]
        return np.asarray(is_active & (self.encoding.indices(U, self.j) == self.index))

    @property
    def position(self) -> float:
        """Position of the value."""
        if self.encoding.is_options[self.j]:
            return float(self.index)
        return float(self.encoding.to_position(np.array([float(self.index)]), self.j)[0])

    def is_known(self, seen: Observed, best: Floats, lengthscales: Floats) -> bool:
        """Whether it was tried with what the best shares with it: once, and once for each new parameter.

        Args:
            seen: What is known.
            best: Positions of the best config, shape (d,).
            lengthscales: Of the groups of columns of the model, shape (G,).
        """
        encoding = self.encoding
        entered = best.copy()
        entered[self.j] = self.position
        before, after = encoding.active(np.stack([best, entered]))
        is_shared = before & after
        is_shared[self.j] = False
        shared = is_shared[encoding.owners][encoding.groups]
        fits = seen.status != Status.MISFIT
        Z = seen.Z[fits][self.holds(seen.U[fits])]
        gaps = (Z - encoding.encode(best[None, :])) / lengthscales[encoding.groups]
        alike = (gaps[:, shared] ** 2).sum(axis=1) < ALIKE**2
        return int(alike.sum()) > int((after & ~before).sum())

    def __str__(self) -> str:
        """The parameter and its value."""
        p = self.encoding.parameters[self.j]
        value = p.labels[self.index] if isinstance(p, Choice) else format(p.value_at(self.index), ".6g")
        return f"{self.encoding.space.names[self.j]}={value}"


def draw_branch(encoding: Encoding, best: Floats, rng: np.random.Generator) -> Branch | None:
    """Draw the branch that this ask is to look at; None for all.

    Args:
        encoding: Layout of the space.
        best: Positions of the best config, shape (d,).
        rng: Generator; not asked where there are no branches.
    """
    decides = encoding.is_parent & ~encoding.is_endless & (encoding.counts <= MOST_VALUES)
    parents = np.flatnonzero(decides & encoding.varies & encoding.active(best[None, :])[0])
    if not len(parents) or rng.random() >= OTHER:
        return None
    j = int(rng.choice(parents))
    here = int(encoding.indices(best[None, :], j)[0])
    index = int(rng.integers(encoding.counts[j] - 1))
    return Branch(encoding, j, index + (index >= here))
