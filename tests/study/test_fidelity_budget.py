"""Budgets of steps: used up, never overshot, and gone on with."""

import pytest

import tunesmith as ts
from tunesmith.errors import OptionError
from tunesmith.study.spending import Spending


@pytest.mark.parametrize("count", [1, 17, 100])
def test_a_budget_of_steps_is_used_up_and_not_overshot(where, count, tuned):
    study = tuned(trials=None, budget=ts.Steps(count), store=where)
    assert study.history.steps == count
    assert study.stop_reason == f"the budget of {count} step{'s' * (count > 1)} is used up"
    assert study.history.states[ts.State.RUNNING] == 0


def test_a_larger_budget_goes_on_where_a_smaller_one_ended(tmp_path, tuned):
    store = str(tmp_path / "tune.db")
    for count in (10, 33, 80, 150):
        study = tuned(trials=None, budget=ts.Steps(count), store=store)
        assert study.history.steps == count
    for trial in study.trials:
        assert [r.step for r in trial.reports] == list(range(1, len(trial.reports) + 1))


def test_rows_are_paid_for_by_what_is_more_than_before(tuned):
    def objective(config, trial):
        return config["x"] + 1.0 / trial.fidelity

    study = tuned(objective, None, budget=ts.Steps(60), fidelity=ts.Fidelity("row", 1, 27))
    assert 40 <= study.history.steps <= 60


def test_several_workers_set_aside_what_they_begin():
    study = ts.Study({"x": ts.Float(0, 1)}, method="random", fidelity=ts.Fidelity("epoch", 1, 27), seed=0)
    spending = Spending(study.history, 3)
    handles = [study.ask() for _ in range(4)]
    courses = [study.pacing.course(study.history[h.number]) for h in handles]
    begun = [spending.begin(h.number, c) for h, c in zip(handles, courses, strict=True)]
    assert begun == [True, True, True, False]
    handles[0].report(0.5, 1)
    assert not spending.goes_on(handles[0].number)


def test_a_budget_that_is_no_budget_is_refused(tuned):
    with pytest.raises(OptionError, match=r"budget cannot be used.*ts\.Steps"):
        tuned(budget=500)
