"""A study without a store: plays a method against an objective on a bare History."""

from collections.abc import Callable, Iterable
from typing import TypeAlias

from tunesmith.history import Direction, History
from tunesmith.methods.base import Method, Proposal, UsedUp
from tunesmith.space import Config, Space
from tunesmith.trial import Failure, FailureKind, State, Trial

Objective: TypeAlias = Callable[[Config], float]


def play(
    method: Method,
    space: Space,
    objective: Objective,
    trials: int,
    *,
    seed: int = 0,
    direction: Direction = "minimize",
    start: Iterable[Trial] = (),
) -> History:
    """Ask and tell until there are so many trials, or nothing is left to try.

    Args:
        method: The method.
        space: The space.
        objective: Function of the config.
        trials: Total number of trials, those to start with included.
        seed: Seed of the study.
        direction: Whether low or high values are good.
        start: Trials to start with, numbered from 0.

    Example:
        >>> from tunesmith.methods.random import Random
        >>> from tunesmith.space import Int
        >>> play(Random(), Space(n=Int(1, 3)), lambda config: config["n"], trials=10).best.config
        {'n': 1}
    """
    history = History(space, direction, start)
    while len(history) < trials:
        proposal = method.propose(history, len(history), seed)
        if isinstance(proposal, UsedUp):
            break
        value = objective(proposal.config)
        history.record(told(proposal, len(history), State.COMPLETE, value))
    return history


def told(proposal: Proposal, number: int, state: State, value: float | None = None) -> Trial:
    """Make the trial that a proposal becomes, in some state."""
    failure = Failure(FailureKind.ERROR, "it was made to fail") if state is State.FAILED else None
    return Trial(
        number,
        dict(proposal.config),
        state,
        value,
        failure=failure,
        reason=proposal.reason,
        is_repeat=proposal.is_repeat,
        attempt=int(state is not State.WAITING),
    )
