"""Spending: a budget of steps, which is never overshot by more than the step that an objective is in.

A step is paid for when it is reported, and set aside when a trial begins it, so that several workers together
do not overshoot either. Steps trained anew by objectives that cannot resume are paid for again.
"""

from tunesmith.execution.base import Course
from tunesmith.history import History


class Spending:
    """The steps that a run has left.

    Args:
        history: The study's trials.
        limit: Total number of steps; None for no limit.
    """

    def __init__(self, history: History, limit: int | None) -> None:
        self._history = history
        self._limit = limit
        self._set_aside: dict[int, int] = {}
        self._again = 0  # steps that were reported before, trained anew in this run
        self.goes_in_one = False
        """Whether the objective goes to its target in one call, as one was seen to do."""

    @property
    def left(self) -> float:
        """Steps that may still be begun."""
        if self._limit is None:
            return float("inf")
        return self._limit - self._history.steps - self._again - sum(self._set_aside.values())

    def begin(self, number: int, course: Course | None) -> bool:
        """Set aside what a trial begins with; False when that is too much."""
        if self._limit is None or course is None:
            return True
        again = 0 if course.resumes else course.last
        until = course.until or course.high
        ahead = until - course.last if self.goes_in_one and until is not None else 1
        if again + ahead > self.left:
            return False
        self._again += again
        self._set_aside[number] = ahead
        return True

    def goes_on(self, number: int) -> bool:
        """Whether a trial that has just reported may begin another step."""
        self._set_aside.pop(number, None)
        if self.left < 1:
            return False
        self._set_aside[number] = 1
        return True

    def end(self, number: int) -> None:
        """Set nothing aside for a trial any more."""
        self._set_aside.pop(number, None)
