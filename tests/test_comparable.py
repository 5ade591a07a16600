"""Losses of trials that were cut short are comparable with those of trials that were trained further."""

import math

import numpy as np
import pytest

from tunesmith.comparable import Comparable
from tunesmith.fidelity import Fidelity
from tunesmith.history import History
from tunesmith.learning.observed import Observed, Status
from tunesmith.space import Float, Space
from tunesmith.trial import Failure, FailureKind, Report, State, Trial

HIGH = 32


def curve(x, steps):
    return tuple(Report(s, x + 1.0 / s, 0.1) for s in range(1, steps + 1))


def trial(number, x, steps, state=State.PAUSED):
    value = x + 1.0 / steps if steps else None
    return Trial(number, {"x": x}, state, value, curve(x, steps), attempt=1)


def made(*trials, high=HIGH, direction="minimize"):
    return History(Space(x=Float(0, 1)), direction, trials, fidelity=Fidelity("epoch", 1, high))


@pytest.mark.parametrize("steps", [1, 2, 3, 5, 8, 16])
def test_curves_that_run_alike_are_credited_with_what_is_to_come(steps):
    full = [trial(n, 0.1 * n, HIGH, State.COMPLETE) for n in range(5)]
    history = made(*full, trial(5, 0.25, steps))
    # Between two levels it is interpolated, hence not exact.
    assert history.loss[5] == pytest.approx(0.25 + 1.0 / HIGH, abs=0.0 if steps == 1 else 0.06)
    assert history.loss[:5].tolist() == [t.value for t in full]


def test_the_order_within_a_level_stays():
    draw = np.random.default_rng(0)
    xs = draw.random(30)
    history = made(*(trial(n, float(x), 4 if n % 3 else HIGH) for n, x in enumerate(xs)))
    short = [n for n in range(30) if n % 3]
    assert np.argsort(history.loss[short]).tolist() == np.argsort(xs[short]).tolist()


def test_nothing_is_known_without_a_report_and_of_a_failure():
    failure = Failure(FailureKind.ERROR, "made to fail")
    failed = Trial(1, {"x": 0.5}, State.FAILED, None, curve(0.5, 4), failure, attempt=1)
    history = made(Trial(0, {"x": 0.5}, State.RUNNING), failed, trial(2, 0.5, 4))
    assert np.isnan(history.loss).tolist() == [True, True, False]


def test_values_that_are_not_finite_are_passed_over():
    reports = (Report(1, 0.9, 0.1), Report(2, math.nan, 0.2), Report(4, 0.5, 0.3))
    history = made(Trial(0, {"x": 0.5}, State.PAUSED, 0.5, reports, attempt=1))
    assert history.loss.tolist() == [0.5]


def test_grown_step_by_step_is_the_same_as_made_at_once():
    draw = np.random.default_rng(1)
    known = Comparable(1, HIGH)
    curves = [curve(float(x), int(draw.integers(1, HIGH + 1))) for x in draw.random(100)]
    order = [(n, k) for n, c in enumerate(curves) for k in range(1, len(c) + 1)]
    for n, k in order:
        known.put(n, curves[n][:k], 1.0)
    anew = Comparable(1, HIGH)
    for n, c in enumerate(curves):
        anew.put(n, c, 1.0)
    assert known.losses(100).tolist() == anew.losses(100).tolist()


def test_without_a_largest_step_the_furthest_counts_and_signs_turn():
    low = made(trial(0, 0.1, 8), trial(1, 0.3, 1), high=None)
    assert low.loss.tolist() == pytest.approx([0.225, 0.425])
    mirrored = [
        Trial(t.number, t.config, t.state, -t.value, tuple(Report(r.step, -r.value, 0.1) for r in t.reports))
        for t in low.trials
    ]
    assert made(*mirrored, high=None, direction="maximize").loss.tolist() == low.loss.tolist()


def test_models_see_paused_trials_and_those_that_go_on():
    history = made(trial(0, 0.5, 4), trial(1, 0.5, 0, State.RUNNING))
    seen = Observed(history)
    seen.update(history)
    assert seen.status.tolist() == [Status.FINITE, Status.OPEN]
    history.record(Trial(0, {"x": 0.5}, State.FAILED, failure=Failure(FailureKind.NAN, "it is NaN")))
    seen.update(history)
    assert seen.status.tolist() == [Status.FAILED, Status.OPEN]
