"""Fidelity: how far a trial may be trained, in steps (epochs, trees, rows, folds). Steps: a budget of them.

Which trial goes how far is decided by a scheduler (`schedulers/base.py`); what an objective sees of it is
`execution/handle.py`.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from tunesmith.errors import OptionError, message
from tunesmith.whole import whole

MOST_STEPS = 2**63 - 1  # that any store can hold


@dataclass(frozen=True, slots=True)
class Fidelity:
    """How far trials may be trained.

    Args:
        name: What a step is, in the singular; also the placeholder in commands: {epoch}.
        low: Least steps after which it makes sense to compare trials, 1 or more. Training itself always
            begins with step 1.
        high: Steps of a full training; None when it is not known, then it is found as far as it pays.
        resumable: Whether a paused trial goes on where it stopped, from a checkpoint in `trial.folder`. False
            when the objective has to train anew from step 1 each time; None when you do not know, which
            counts as True until it is seen otherwise.

    Raises:
        OptionError: One of them is not allowed.

    Example:
        >>> Fidelity("epoch", 1, 81)
        Fidelity(name='epoch', low=1, high=81, resumable=None)
    """

    name: str = "epoch"
    low: int = 1
    high: int | None = None
    resumable: bool | None = None

    def __post_init__(self) -> None:
        """Check what was given."""
        if not isinstance(self.name, str) or not self.name.isidentifier():
            raise OptionError(
                message("the name of a fidelity must be one word", allowed='"epoch"', given=repr(self.name))
            )
        object.__setattr__(self, "low", _steps(self.low, f"fidelity {self.name!r}: low"))
        if self.high is not None:
            object.__setattr__(self, "high", _steps(self.high, f"fidelity {self.name!r}: high"))
            if self.high < self.low:
                wrong = f"fidelity {self.name!r}: high must be at least low ({self.low})"
                raise OptionError(message(wrong, given=self.high))
        if self.resumable not in (None, True, False):
            raise OptionError(
                message("resumable is unknown", allowed="True, False, None", given=repr(self.resumable))
            )
        if self.resumable is not None:
            object.__setattr__(self, "resumable", bool(self.resumable))  # NumPy's own are no JSON values

    def to_dict(self) -> dict[str, Any]:
        """As JSON values; `fidelity_of` makes the same of them."""
        return asdict(self)


def fidelity_of(stored: "Mapping[str, Any] | None") -> Fidelity | None:
    """Fidelity that was stored with a study; None for none."""
    return None if stored is None else Fidelity(**stored)


@dataclass(frozen=True, slots=True)
class Steps:
    """A budget in steps of the fidelity, all trials of the study together.

    Args:
        count: How many, 1 or more.

    Example:
        >>> Steps(5000)
        Steps(count=5000)
    """

    count: int

    def __post_init__(self) -> None:
        """Check the number."""
        object.__setattr__(self, "count", _steps(self.count, "a budget of steps"))


def _steps(value: object, what: str) -> int:
    plain = whole(value) or 0
    if not 1 <= plain <= MOST_STEPS:
        fix = (
            "Count shares in whole parts: Fidelity('percent', 1, 100)." if isinstance(value, float) else None
        )
        wrong = f"{what} must be a whole number of 1 or more"
        allowed = f"up to {MOST_STEPS}" if plain > MOST_STEPS else None
        raise OptionError(message(wrong, allowed=allowed, given=repr(value), fix=fix))
    return plain
