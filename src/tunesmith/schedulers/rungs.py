"""Rungs and brackets: the steps at which trials are compared, in whole numbers and without a logarithm.

A quotient of logarithms is just below a whole number for exact powers, and loses a rung: 1 to 243 by 3 has
six of them. Here everything is multiplied up. What is known at each rung is `standings.py`.

Sources: Li et al. 2018, Hyperband, JMLR 18(185), algorithm 1; Li et al. 2020, A system for massively parallel
hyperparameter tuning (ASHA), MLSys, algorithm 2.
"""

from dataclasses import dataclass

from tunesmith.errors import OptionError, message
from tunesmith.fidelity import Fidelity
from tunesmith.whole import whole

ENDLESS = 10**12  # steps that nobody trains: the last rung where the largest number of steps is not known


def rungs(low: int, high: int | None, eta: int) -> tuple[int, ...]:
    """Steps at which trials are compared: high, high/η, high/η², ..., none below low, in whole numbers.

    They are counted down from high, as in the paper, so that each is worth η times the one before. Counted up
    from low, the last two of 1, 3, 9, 27, 52 are hardly apart, and the first bracket of Hyperband takes two
    thirds more.

    Args:
        low: No rung is below this, 1 or more.
        high: Last rung; None for low, low η, low η², ... without an end.
        eta: Factor between rungs, 2 or more.

    Example:
        >>> rungs(1, 243, 3), rungs(1, 10, 3), rungs(1, 52, 3)
        ((1, 3, 9, 27, 81, 243), (1, 3, 10), (2, 6, 17, 52))
    """
    last = ENDLESS if high is None else high
    factors = [1]
    while low * factors[-1] * eta <= last:
        factors.append(factors[-1] * eta)
    if high is None:
        return tuple(low * factor for factor in factors)
    return tuple((2 * high + factor) // (2 * factor) for factor in reversed(factors))  # rounded


def endless(fidelity: Fidelity) -> str | None:
    """What to say where a scheduler lets trials go on and nobody knows how far; None where that is known.

    Example:
        >>> endless(Fidelity("epoch", 1, 50)) is None
        True
    """
    if fidelity.high is not None:
        return None
    name = fidelity.name
    return (
        f"The largest number of {name}s is not known, so a trial goes on until the objective ends it. "
        f'Or say Fidelity("{name}", {fidelity.low}, HIGH), or use the scheduler "asha".'
    )


def next_rung(steps: tuple[int, ...], done: int) -> int | None:
    """First rung above a number of steps; None when there is none.

    Example:
        >>> next_rung((1, 3, 9), 0), next_rung((1, 3, 9), 3), next_rung((1, 3, 9), 9)
        (1, 9, None)
    """
    return next((step for step in steps if step > done), None)


@dataclass(frozen=True, slots=True)
class Bracket:
    """One run of successive halving.

    Args:
        first: Position of its first rung.
        sizes: How many trials there are at each of its rungs, the first of which starts them.
    """

    first: int
    sizes: tuple[int, ...]


def brackets(count: int, eta: int) -> tuple[Bracket, ...]:
    """Brackets of one round of Hyperband, the one that starts most trials first.

    Bracket s starts n = ⌈(s_max + 1)/(s + 1) · η^s⌉ trials (algorithm 1, line 3) and keeps ⌊n η^-i⌋ of them
    for its i-th rung (line 8).

    Args:
        count: Number of rungs, s_max + 1.
        eta: Factor between rungs.

    Example:
        >>> [bracket.sizes[0] for bracket in brackets(5, 3)]
        [81, 34, 15, 8, 5]
    """
    made = []
    for s in reversed(range(count)):
        n = -(-count * eta**s // (s + 1))
        made.append(Bracket(count - 1 - s, tuple(n // eta**i for i in range(s + 1))))
    return tuple(made)


def check_eta(eta: object) -> int:
    """Factor between rungs as given.

    Raises:
        OptionError: It is no whole number of 2 or more.
    """
    number = whole(eta)
    if number is None or number < 2:
        raise OptionError(message("eta must be a whole number of 2 or more", given=repr(eta)))
    return number
