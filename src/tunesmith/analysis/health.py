"""What is wrong with a study, and which line to change: each finding a sentence with its evidence.

The checks themselves are `checks.py` (of the search space) and `doubts.py` (of the results); each is a
function of what is known to findings, and says nothing unless the evidence is strong. A clean study has none.
"""

from collections.abc import Callable, Mapping
from typing import Any

from tunesmith.analysis import checks, doubts
from tunesmith.analysis.finding import Finding, Known, Limits, know
from tunesmith.history import History
from tunesmith.threads import one_thread

__all__ = ["CHECKS", "Finding", "examine", "health"]

CHECKS: tuple[Callable[[Known], list[Finding]], ...] = (
    doubts.failures,
    checks.edges,
    checks.scales,
    doubts.noise,
    doubts.luck,
    checks.correlated,
    checks.without_effect,
)


@one_thread()
def health(
    history: History, limits: Limits | None = None, info: Mapping[str, Any] | None = None
) -> tuple[Finding, ...]:
    """Look for what is wrong with a study.

    Args:
        history: The trials.
        limits: By name of a parameter: the lowest and highest number that makes sense at all. No wider range
            is advised.
        info: What belongs to the study: how it was run, and so what there is to change.

    Returns:
        Findings, what matters most first; none when nothing was found, or too little is known.

    Example:
        >>> from tunesmith.space import Float, Space
        >>> from tunesmith.trial import State, Trial
        >>> xs = [1 - 0.8**k for k in range(30)]
        >>> trials = [Trial(k, {"x": x}, State.COMPLETE, -x) for k, x in enumerate(xs)]
        >>> [finding.change for finding in health(History(Space(x=Float(0, 1)), "minimize", trials))]
        ['x=ts.Float(0.0, 1.5)']
    """
    return examine(know(history, limits, info))


def examine(known: Known) -> tuple[Finding, ...]:
    """The same for what is known already."""
    return tuple(_without_contradictions([finding for check in CHECKS for finding in check(known)]))


def _without_contradictions(found: list[Finding]) -> list[Finding]:
    """Leave out what cannot be followed along with the rest.

    Of two parameters that were never varied apart nobody knows which one has no effect; and what is fixed
    needs no wider range, no other scale, and no ratio to be searched.
    """
    tied = {name for f in found if f.kind == "tied" for name in (f.parameter, f.other)}
    found = [f for f in found if f.kind != "no effect" or f.parameter not in tied]
    idle = {f.parameter for f in found if f.kind == "no effect"}
    about_space = ("edge", "scale", "correlated")
    return [f for f in found if f.kind not in about_space or idle.isdisjoint((f.parameter, f.other or ""))]
