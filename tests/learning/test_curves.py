"""Curves are thinned as they come, and their joint model predicts ends, whatever the curves look like."""

import time
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from tunesmith.fidelity import Fidelity
from tunesmith.history import Direction, History
from tunesmith.learning.curve_model import curves_of, horizon_of, make_curve_model
from tunesmith.learning.curves import thin
from tunesmith.space import Float, Space
from tunesmith.trial import Report, State, Trial

SPACE = Space(x=Float(0, 1), y=Float(0, 1))
EPOCHS = Fidelity("epoch", 1, 27)


def trial(number: int, losses: Sequence[float], state: State = State.PAUSED) -> Trial:
    rng = np.random.default_rng(number)
    config = {"x": float(rng.random()), "y": float(rng.random())}
    reports = tuple(Report(step, loss, 0.0) for step, loss in enumerate(losses, start=1))
    value = losses[-1] if state in (State.COMPLETE, State.STOPPED) and losses else None
    return Trial(number, config, state, value, reports)


def history(
    *curves: Sequence[float], fidelity: Fidelity = EPOCHS, direction: Direction = "minimize"
) -> History:
    return History(SPACE, direction, [trial(n, c) for n, c in enumerate(curves)], fidelity=fidelity)


def falling(end: float, steps: int) -> list[float]:
    return [end + 1.0 / step for step in range(1, steps + 1)]


# -- curves ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("steps", "kept"), [(1, [1]), (5, [1, 2, 4, 5]), (27, [1, 2, 4, 8, 16, 27])])
def test_few_reports_of_a_curve_are_kept(steps: int, kept: list[int]) -> None:
    made = thin(history(falling(0.5, steps)), trial(0, falling(0.5, steps)))
    assert made.steps.tolist() == kept
    assert made.losses.tolist() == [0.5 + 1.0 / step for step in kept]


def test_reports_that_are_not_finite_are_left_out() -> None:
    made = thin(history(), trial(0, [np.nan, 3.0, np.inf, 2.0, -np.inf]))
    assert (made.steps.tolist(), made.losses.tolist(), made.best) == ([2, 4], [3.0, 2.0], 2.0)


def test_a_value_without_reports_is_one_at_the_end() -> None:
    h = History(SPACE, "maximize", [Trial(0, {"x": 0.1, "y": 0.1}, State.COMPLETE, 4.0)], fidelity=EPOCHS)
    made = thin(h, h[0])
    assert (made.steps.tolist(), made.losses.tolist()) == ([27], [-4.0])


def test_failed_trials_and_misfits_have_no_curve() -> None:
    h = history([1.0], [2.0], [3.0])
    h.record(replace(h[1], state=State.FAILED))
    h.record(Trial(3, {"x": 7.0, "y": 0.0}, State.PAUSED, reports=(Report(1, 1.0, 0.0),)))
    assert sorted(curves_of(h)[1].of) == [0, 2]


def test_curves_follow_the_history() -> None:
    h = history([1.0], [2.0])
    assert curves_of(h)[1].of[1].steps.tolist() == [1]
    h.record(replace(h[1], reports=(*h[1].reports, Report(2, 0.5, 0.0))))
    curve = curves_of(h)[1].of[1]
    assert (curve.steps.tolist(), curve.best) == ([1, 2], 0.5)


@pytest.mark.parametrize(
    ("fidelity", "curve", "horizon"),
    [
        (EPOCHS, falling(0, 10), 27),
        (Fidelity("epoch"), falling(0, 10), 20),
        (Fidelity("epoch"), falling(0, 3), 8),
        (Fidelity("epoch", 3), falling(0, 10), 24),
        (Fidelity("epoch"), falling(0, 1000), 1000),
        (Fidelity("epoch"), [1.0] * 30, 30),
        (Fidelity("epoch"), [1.0 / step for step in range(1, 20)] + [0.5] * 21, 40),
        (Fidelity("epoch"), [float(step) for step in range(1, 31)], 30),
        (Fidelity("epoch"), [np.nan] * 12 + [1.0] + [np.nan] * 12, 26),
    ],
    ids=["known", "falling", "early", "unit", "converged", "flat", "overfitted", "rising", "not finite"],
)
def test_the_horizon_is_the_last_step_or_as_far_as_training_pays(
    fidelity: Fidelity, curve: Sequence[float], horizon: int
) -> None:
    h = history(curve, curve[:2], fidelity=fidelity)
    assert horizon_of(h, curves_of(h)[1]) == horizon


def test_noise_does_not_pay() -> None:
    rng = np.random.default_rng(0)
    ends = 0
    for _ in range(20):
        h = history((0.5 + 0.1 * rng.standard_normal(1024)).tolist(), fidelity=Fidelity("epoch"))
        ends += horizon_of(h, curves_of(h)[1]) == 1024
    assert ends >= 15


# -- model -----------------------------------------------------------------------------------------------


def test_there_is_no_model_of_few_or_equal_losses() -> None:
    assert make_curve_model(history()) is None
    assert make_curve_model(history([1.0], [2.0])) is None
    assert make_curve_model(history(*[[1.0]] * 9)) is None


def ends_in_order(h: History, ends: Sequence[float]) -> float:
    model = make_curve_model(h)
    assert model is not None
    return float(np.corrcoef(model.z, ends)[0, 1])


def test_ends_are_predicted_from_first_steps() -> None:
    ends = [float(np.sin(n)) for n in range(20)]
    h = history(*[falling(end, 27 if n < 6 else 4) for n, end in enumerate(ends)])
    assert ends_in_order(h, ends) > 0.9


def test_crossing_curves_are_learnt() -> None:
    # The lower the start, the higher the end: after six whole curves that is known of the others, too.
    ends = [float(n % 10) / 10 for n in range(24)]
    h = history(
        *[
            [end + (1.0 - 2.0 * end) / step**0.5 for step in range(1, (27 if n < 10 else 2) + 1)]
            for n, end in enumerate(ends)
        ]
    )
    model = make_curve_model(h)
    assert model is not None
    first = [h[n].reports[1].value for n in range(10, 24)]
    naive = np.corrcoef(first, ends[10:])[0, 1]
    assert np.corrcoef(model.z[10:], ends[10:])[0, 1] > naive + 0.5


def test_the_incumbent_is_the_lowest_seen_or_the_lowest_that_is_expected_to_last() -> None:
    h = history(*[falling(end, 27) for end in (0.1, 0.2, 0.3, 0.4, 0.5)])
    model = make_curve_model(h)
    assert model is not None
    assert model.transform.inverse(np.array([model.incumbent]))[0] == pytest.approx(0.1 + 1 / 27, abs=0.02)
    rising = history(*[[end - 1.0 / step for step in range(1, 28)] for end in (0.1, 0.2, 0.3, 0.4, 0.5)])
    model = make_curve_model(rising)
    assert model is not None
    assert model.transform.inverse(np.array([model.incumbent]))[0] == pytest.approx(0.1 - 1 / 27, abs=0.1)


def test_directions_are_mirrored() -> None:
    curves = [falling(float(np.sin(n)), 4 + n) for n in range(8)]
    low, high = history(*curves), history(*[[-v for v in c] for c in curves], direction="maximize")
    one, other = make_curve_model(low), make_curve_model(high)
    assert one is not None
    assert other is not None
    assert one.z.tolist() == other.z.tolist()


def test_the_rows_of_a_model_are_chosen_quickly_among_thousands_of_curves() -> None:
    h = history(*[falling(float(np.sin(n)), 4) for n in range(8000)])
    assert len(h.loss) == 8000
    started = time.process_time()
    assert make_curve_model(h) is not None
    assert time.process_time() - started < 20.0


def test_a_history_that_grew_and_one_made_anew_give_the_same_model() -> None:
    h = history(*[falling(float(np.sin(n)), 3) for n in range(30)])
    for number in (3, 7, 25):
        make_curve_model(h)
        h.record(replace(h[number], reports=trial(number, falling(float(np.sin(number)), 9)).reports))
        anew = History(SPACE, trials=h.trials, fidelity=EPOCHS)
        one, other = make_curve_model(h), make_curve_model(anew)
        assert one is not None
        assert other is not None
        assert one.z.tolist() == other.z.tolist()


ODD = {
    "one point": [[float(n)] for n in range(6)],
    "one whole curve": [falling(0.1, 27), [3.0], [2.0]],
    "flat": [[float(n)] * 9 for n in range(6)],
    "not finite": [[np.nan], [np.inf, 1.0], [1.0, np.nan], [2.0, -np.inf], [3.0]],
    "huge": [[1e300, 1.0], [1e308], [-1e308], [2.0]],
    "tiny": [[1e-300], [2e-300], [3e-300, 1e-300]],
    "spikes": [[1.0, 1e12, 1.0, -1e12][: 1 + n % 4] for n in range(8)],
    "nothing": [[], [], [], []],
    "long": [falling(float(n), 2000) for n in range(5)],
}


@pytest.mark.parametrize("name", ODD)
@pytest.mark.parametrize("high", [27, 5000, None])
def test_odd_curves_give_a_finite_model_or_none(name: str, high: int | None) -> None:
    model = make_curve_model(history(*ODD[name], fidelity=Fidelity("epoch", 1, high)))
    if model is not None:
        assert np.isfinite([*model.z, *model.sigma, model.incumbent, model.noise]).all()
        assert (model.sigma > 0).all()
        assert all(0.0 <= model.chance(at) <= 1.0 for at in range(len(model.numbers)))
