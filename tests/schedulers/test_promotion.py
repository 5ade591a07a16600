"""Who goes on: ASHA's counts, brackets, the median, and rungs that open by need, on hand-made histories."""

import math
from collections import Counter
from dataclasses import replace

import pytest

from tunesmith.fidelity import Fidelity
from tunesmith.history import History
from tunesmith.schedulers.asha import ASHA
from tunesmith.schedulers.base import Action, Resume, Start
from tunesmith.schedulers.halving import Halving, Hyperband
from tunesmith.schedulers.median import Median
from tunesmith.schedulers.opening_rungs import open_rungs
from tunesmith.schedulers.rungs import rungs
from tunesmith.schedulers.standings import Standings
from tunesmith.space import Float, Space
from tunesmith.study.study import Study
from tunesmith.testing.race import race
from tunesmith.trial import Failure, FailureKind, Report, State, Trial

EPOCHS = Fidelity("epoch", 1, 27)
CONFIG = {"x": 0.5}


def curve(*values: float, until: int | None = None) -> tuple[Report, ...]:
    return tuple(Report(k + 1, value, 0.1 * k) for k, value in enumerate(values[:until]))


def made(*trials: Trial, fidelity: Fidelity = EPOCHS) -> History:
    return History(Space(x=Float(0, 1)), trials=trials, fidelity=fidelity)


def paused(number: int, *values: float) -> Trial:
    return Trial(number, CONFIG, State.PAUSED, values[-1], curve(*values), attempt=1)


def failed(number: int, *values: float) -> Trial:
    failure = Failure(FailureKind.ERROR, "made to fail")
    return Trial(number, CONFIG, State.FAILED, None, curve(*values), failure, attempt=1)


def resume_all(scheduler, history: History) -> list[int]:
    """Go on with all that are due, one after another, and return their numbers."""
    found = []
    while isinstance(step := scheduler.next(history, lambda: CONFIG), Resume):
        found.append(step.number)
        history.record(replace(history[step.number], state=State.RUNNING, value=None, attempt=2))
    assert isinstance(step, Start)
    return found


# -- ASHA ------------------------------------------------------------------------------------------------


def test_nine_finished_promote_exactly_three():
    losses = [0.9, 0.1, 0.8, 0.2, 0.7, 0.3, 0.6, 0.4, 0.5]
    history = made(*(paused(n, loss) for n, loss in enumerate(losses)))
    assert resume_all(ASHA(), history) == [1, 3, 5]


@pytest.mark.parametrize("eta", [2, 3, 4])
def test_of_n_finished_the_best_nth_part_goes_on(eta):
    for n in range(1, 40):
        trials = (paused(k, float((k * 7) % n)) for k in range(n))
        history = made(*trials, fidelity=Fidelity("epoch", 1, eta**3))
        assert len(resume_all(ASHA(eta), history)) == n // eta


def test_those_that_went_on_still_count():
    # Counting only those that are still at the rung would promote 7 of 9.
    history = made()
    scheduler, went_on = ASHA(), []
    for number in range(9):
        history.record(paused(number, 0.1 * number))
        went_on += resume_all(scheduler, history)
    assert went_on == [0, 1, 2]


def test_failures_count_as_the_worst_at_the_rung_they_were_on_their_way_to():
    history = made(paused(0, 0.5), failed(1), failed(2))
    assert resume_all(ASHA(), history) == [0]
    history = made(paused(0, 0.5), failed(1, 0.1, 0.1))  # it failed between epochs 2 and 3
    assert Standings((1, 3, 9)).places[0] == []
    standings = Standings((1, 3, 9))
    standings.update(history)
    assert standings.places == [[(0.1, 1), (0.5, 0)], [(math.inf, 1)], []]


def test_equal_losses_go_to_the_older():
    history = made(*(paused(n, 0.5) for n in range(6)))
    assert resume_all(ASHA(), history) == [0, 1]


def test_the_top_rung_is_looked_at_first():
    history = made(
        *(paused(n, 0.1 * n) for n in range(6)), *(paused(6 + n, 0.9, 0.8, 0.5 + n) for n in range(3))
    )
    step = ASHA().next(history, lambda: CONFIG)
    assert step == Resume(6, "goes on to epoch 9: rank 1 of 3 at epoch 3")


def test_a_result_counts_at_every_rung_that_it_passes():
    history = made(Trial(0, CONFIG, State.PAUSED, 0.2, (Report(10, 0.2, 1.0),), attempt=1))
    standings = Standings((1, 3, 9, 27))
    standings.update(history)
    assert [len(places) for places in standings.places] == [1, 1, 1, 0]
    assert standings.rung_of(0) == 2


def test_the_reason_says_rank_and_what_it_would_have_taken():
    trials = [paused(n, 0.1 * n) for n in range(8)]
    running = Trial(8, CONFIG, State.RUNNING, None, curve(0.35), attempt=1)
    decision = ASHA().after_report(made(*trials, running), running)
    assert decision.action is Action.PAUSE
    assert decision.reason == "paused at epoch 1: rank 5 of 9, the best 3 go on to epoch 3"


def test_where_training_cannot_resume_it_stops_but_the_first_go_on():
    fidelity = Fidelity("epoch", 1, 27, resumable=False)
    first = Trial(0, CONFIG, State.RUNNING, None, curve(0.5), attempt=1)
    assert ASHA().after_report(made(first, fidelity=fidelity), first).action is Action.CONTINUE
    second = replace(first, number=1, reports=curve(0.6))
    decision = ASHA().after_report(made(first, second, fidelity=fidelity), second)
    assert decision.action is Action.STOP
    assert decision.reason == "stopped at epoch 1: rank 2 of 2, the best 1 go on to epoch 3"


# -- rungs that open by need -----------------------------------------------------------------------------


def opened(*curves: tuple[float, ...]) -> int:
    history = made(*(paused(n, *c) for n, c in enumerate(curves)), fidelity=Fidelity("epoch", 1))
    standings = Standings(rungs(1, None, 3))
    standings.update(history)
    return open_rungs(history, standings)


def test_a_stable_order_opens_no_further_rung():
    assert opened((0.3, 0.3, 0.2), (0.5, 0.5, 0.4), (0.9,)) == 1


def test_an_order_that_changes_opens_the_next_rung():
    assert opened((0.3, 0.3, 0.3), (0.5, 0.4, 0.2)) == 2


def test_curves_that_cross_back_and_forth_are_as_good_as_equal():
    back_and_forth = (0.30, 0.32, 0.29), (0.31, 0.29, 0.30)
    once = (0.30, 0.30, 0.30), (0.31, 0.31, 0.29)
    assert opened(*back_and_forth) == 1
    assert opened(*once) == 2


def test_with_an_unknown_end_trials_go_as_far_as_their_order_changes():
    def turning(config, step):  # the order is turned round at each rung
        is_odd = sum(step >= 3**k for k in range(1, 9)) % 2
        return (1.0 - config["x"] if is_odd else config["x"]) + 1.0 / step

    def steady(config, step):
        return config["x"] + 1.0 / step

    reached = []
    for value in (steady, turning):
        study = Study(
            Space(x=Float(0, 1)), method="random", scheduler="asha", fidelity=Fidelity("epoch", 1), seed=0
        )
        race(study, value, 60, workers=2)
        reached.append(max(t.reports[-1].step for t in study.trials))
    assert reached[0] == 3
    assert reached[1] >= 27


# -- brackets --------------------------------------------------------------------------------------------


def counts_by_first_and_last(study: Study) -> Counter:
    return Counter(trial.reports[-1].step for trial in study.trials)


def falling(config, step):
    return config["x"] + 1.0 / step


def run(scheduler, trials, fidelity=EPOCHS, **options) -> Study:
    study = Study(Space(x=Float(0, 1)), method="random", scheduler=scheduler, fidelity=fidelity, seed=0)
    race(study, falling, trials, **options)
    return study


@pytest.mark.parametrize(("workers", "slow"), [(1, 0), (5, 0), (5, 2)])
def test_one_bracket_of_halving_keeps_a_third_at_each_rung(workers, slow):
    study = run("halving", 27, workers=workers, slow=slow)
    assert counts_by_first_and_last(study) == {1: 18, 3: 6, 9: 2, 27: 1}
    best = sorted(study.trials, key=lambda t: t.config["x"])
    assert {t.number for t in best[:9]} == {t.number for t in study.trials if t.reports[-1].step > 1}


@pytest.mark.parametrize(("workers", "slow"), [(1, 0), (4, 1)])
def test_a_round_of_hyperband_has_the_counts_of_the_paper(workers, slow):
    study = run("hyperband", 81 + 34 + 15 + 8 + 5, Fidelity("epoch", 1, 81), workers=workers, slow=slow)
    sizes = iter([(81, 27, 9, 3, 1), (34, 11, 3, 1), (15, 5, 1), (8, 2), (5,)])
    start = 0
    for rung, size in enumerate(sizes):
        members = study.trials[start : start + size[0]]
        start += size[0]
        for k, count in enumerate(size):
            assert sum(t.reports[-1].step >= 3 ** (rung + k) for t in members) == count


def test_a_bracket_is_decided_only_when_all_are_there():
    history = made(*(paused(n, 0.1 * n) for n in range(26)))
    assert isinstance(Halving().next(history, lambda: CONFIG), Start)
    history.record(paused(26, 9.0))
    assert resume_all(Halving(), history) == list(range(9))


def test_a_bracket_that_no_more_trials_come_to_goes_on_with_those_there_are():
    history = made(*(paused(n, 0.1 * n) for n in range(10)))
    step = Halving().next(history, lambda: None)
    assert isinstance(step, Resume)
    assert step.number == 0


def test_brackets_are_the_same_for_one_made_anew():
    study = run("hyperband", 60, workers=3)
    anew = Hyperband()
    copy = History(study.space, trials=study.history.trials, fidelity=EPOCHS)
    for trial in study.trials:
        assert anew.target(copy, trial) == study.scheduler.target(study.history, trial)


def test_failures_leave_no_bracket_waiting():
    trials = [failed(n) for n in range(20)] + [paused(20 + n, 0.1 * n) for n in range(7)]
    assert resume_all(Halving(), made(*trials)) == [20, 21, 22, 23, 24, 25, 26]


# -- median ----------------------------------------------------------------------------------------------


def test_worse_than_the_median_is_stopped_with_both_values():
    others = [
        Trial(n, CONFIG, State.COMPLETE, 0.1 * n, curve(*[0.1 * n] * 27), attempt=1) for n in range(1, 6)
    ]
    others = [replace(t, number=k) for k, t in enumerate(others)]
    bad = Trial(5, CONFIG, State.RUNNING, None, curve(0.9, 0.8), attempt=1)
    decision = Median().after_report(made(*others, bad), bad)
    assert decision.action is Action.STOP
    assert (
        decision.reason == "stopped at epoch 2: its best value 0.8 is worse than the median of 5 others, 0.3"
    )
    good = replace(bad, reports=curve(0.2, 0.4))  # its best so far counts, not its last
    assert Median().after_report(made(*others, good), good).action is Action.CONTINUE
    assert Median(least=6).after_report(made(*others, bad), bad).action is Action.CONTINUE


def test_a_value_that_is_not_finite_leaves_the_median_of_others_alone():
    # Twenty curves, one of them NaN from step 3 on: a single NaN must not switch stopping off.
    def value(config, step):
        return math.nan if config["x"] < 0.05 and step >= 3 else config["x"] + 1.0 / step

    study = Study(
        Space(x=Float(0, 1)), method="sobol", scheduler="median", fidelity=Fidelity("epoch", 1, 32), seed=0
    )
    race(study, value, 40)
    states = study.history.states
    assert states[State.FAILED] >= 1
    assert states[State.STOPPED] >= 10
