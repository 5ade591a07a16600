"""How long a step takes, from the times of reports."""

import pytest

from tunesmith.fidelity import Fidelity
from tunesmith.history import History
from tunesmith.learning.pace import LOOKED_AT, seconds_per_step, step_seconds
from tunesmith.space import Int, Space
from tunesmith.trial import Report, Trial


def trial(number: int, seconds: float, every: int = 1) -> Trial:
    reports = tuple(Report(s, 0.5, seconds * s) for s in range(every, 5 * every, every))
    return Trial(number, {"a": 1}, reports=reports)


def test_steps_between_reports_share_the_time() -> None:
    assert step_seconds(trial(0, 2.0, every=3)) == pytest.approx([2.0] * 4)


def test_the_newest_trials_count() -> None:
    trials = [trial(n, 9.0) for n in range(50)] + [trial(50 + n, 0.5) for n in range(LOOKED_AT)]
    history = History(Space(a=Int(1, 2)), trials=trials, fidelity=Fidelity())
    assert seconds_per_step(history) == pytest.approx(0.5)
    assert seconds_per_step(History(Space(a=Int(1, 2)))) is None
