"""SchedulerContract: the rules of `schedulers/base.py` as tests that run on any scheduler.

class TestMine(SchedulerContract):
    def make(self):
        return MyScheduler()

The imagined workers that play a study are `race.py`.
"""

# ruff: noqa: D102 - the name of a test is its docstring

import json
import math
import pickle
from typing import Any

import pytest

from tunesmith.fidelity import Fidelity
from tunesmith.history import Direction, History
from tunesmith.schedulers.base import Scheduler, Start
from tunesmith.schedulers.registry import make_scheduler, scheduler_settings
from tunesmith.space import Config, Float, Space
from tunesmith.study.study import Study
from tunesmith.testing.race import Curve, race
from tunesmith.trial import FailureKind, State

EPOCHS = Fidelity("epoch", 1, 27)
crowds = pytest.mark.parametrize(("workers", "slow"), [(1, 0), (4, 0), (4, 2)], ids=["one", "four", "slow"])


def falling(config: Config, step: int) -> float:
    """Curves that never cross: the lowest x is best from the first step on."""
    return float(config["x"]) + 1.0 / step


class SchedulerContract:
    """Tests that any scheduler must pass; a subclass says how to make one."""

    trials = 40
    """Trials of a usual test."""
    is_registered = True
    """Whether the registry knows it by its name."""
    needs_high = False
    """Whether it refuses a fidelity without a largest step."""
    ends_some = True
    """Whether it ever pauses or stops a trial."""

    def make(self) -> Scheduler:
        """Make the scheduler."""
        raise NotImplementedError

    def study(
        self,
        fidelity: Fidelity = EPOCHS,
        direction: Direction = "minimize",
        seed: int = 0,
        store: str | None = None,
    ) -> Study:
        """A study with it."""
        return Study(
            Space(x=Float(0, 1)),
            direction=direction,
            method="random",
            scheduler=self.make(),
            fidelity=fidelity,
            seed=seed,
            store=store,
        )

    def played(self, curve: Curve = falling, trials: int | None = None, **options: Any) -> Study:
        """A study that was played to its end."""
        given = {k: options.pop(k) for k in ("fidelity", "direction") if k in options}
        study = self.study(**given)
        race(study, curve, trials or self.trials, **options)
        return study

    # -- 1. a pure function ------------------------------------------------------------------------------

    def test_one_made_anew_decides_the_same(self) -> None:
        study = self.study()
        used = study.scheduler
        for most in range(0, 120, 15):
            race(study, falling, self.trials, workers=3, seed=most, most_steps=15)
            anew = make_scheduler(scheduler_settings(used)) if self.is_registered else self.make()
            copy = History(study.space, trials=study.history.trials, fidelity=EPOCHS, seed=study.history.seed)
            for trial in study.history.trials:
                assert anew.target(copy, trial) == used.target(study.history, trial)
            assert anew.next(copy, lambda: {"x": 0.5}) == used.next(study.history, lambda: {"x": 0.5})
            assert anew.next(copy, lambda: None) == used.next(study.history, lambda: None)

    def test_its_settings_are_json_and_make_it_again(self) -> None:
        settings = json.loads(json.dumps(scheduler_settings(self.make())))
        if self.is_registered:
            assert scheduler_settings(make_scheduler(settings)) == settings
        pickle.loads(pickle.dumps(self.make()))

    def test_what_it_is_given_stays(self) -> None:
        study = self.played(trials=10)
        before = study.history.trials
        study.scheduler.next(study.history, lambda: {"x": 0.5})
        for trial in before:
            study.scheduler.target(study.history, trial)
        assert study.history.trials == before

    # -- 2, 3. which trial a worker gets -----------------------------------------------------------------

    def test_the_first_trial_is_a_start_and_asks_for_a_config(self) -> None:
        asked = []

        def propose() -> Config:
            asked.append(1)
            return {"x": 0.5}

        study = self.study()
        assert isinstance(study.scheduler.next(study.history, propose), Start)
        assert asked
        assert study.scheduler.next(study.history, lambda: None) is None

    @crowds
    def test_no_worker_is_idle_while_trials_can_be_started(self, workers: int, slow: int) -> None:
        study = self.study()
        race(study, falling, 10_000, workers=workers, slow=slow, most_steps=200)
        assert study.history.states[State.RUNNING] == workers

    @crowds
    def test_a_study_ends_with_all_its_trials_and_none_running(self, workers: int, slow: int) -> None:
        study = self.played(workers=workers, slow=slow)
        assert study.history.counted == self.trials
        assert study.history.states[State.RUNNING] == study.history.states[State.WAITING] == 0

    # -- 4, 5. how far -----------------------------------------------------------------------------------

    @crowds
    def test_no_step_is_trained_twice_and_none_left_out(self, workers: int, slow: int) -> None:
        study = self.study()
        trained = race(study, falling, self.trials, workers=workers, slow=slow)
        assert len(set(trained)) == len(trained)
        for trial in study.history.trials:
            assert [r.step for r in trial.reports] == list(range(1, len(trial.reports) + 1))

    def test_targets_lie_ahead_and_within_the_fidelity(self) -> None:
        study = self.played(workers=2)
        for trial in study.history.trials:
            target = study.scheduler.target(study.history, trial)
            last = trial.reports[-1].step
            assert target is None or last < target <= 27
            assert trial.state is not State.COMPLETE or last == 27

    def test_every_end_before_the_end_has_its_reason(self) -> None:
        study = self.played(workers=2)
        cut = [t for t in study.history.trials if t.state in (State.PAUSED, State.STOPPED)]
        assert bool(cut) == self.ends_some
        for trial in cut:
            assert f"at epoch {trial.reports[-1].step}" in trial.reason
            assert "\n" not in trial.reason
            assert not trial.reason.endswith(".")

    def test_a_largest_step_that_is_the_first_runs_every_trial(self) -> None:
        study = self.played(fidelity=Fidelity("epoch", 1, 1), trials=10)
        assert study.history.states[State.COMPLETE] == 10

    # -- 6. the worst ------------------------------------------------------------------------------------

    @pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
    def test_values_that_are_not_finite_end_their_trial_as_failed(self, bad: float) -> None:
        def curve(config: Config, step: int) -> float:
            return bad if config["x"] < 0.3 else falling(config, step)

        study = self.played(curve, workers=2)
        for trial in study.history.trials:
            is_bad = trial.config["x"] < 0.3
            assert (trial.state is State.FAILED) == is_bad
            if is_bad:
                assert trial.failure is not None
                assert trial.failure.kind is FailureKind.NAN
        assert study.best.config["x"] >= 0.3

    def test_only_failures_are_no_trouble(self) -> None:
        study = self.played(lambda config, step: math.nan, trials=12)
        assert study.history.states[State.FAILED] == 12

    def test_equal_values_are_no_trouble(self) -> None:
        study = self.played(lambda config, step: 0.5, workers=3)
        assert study.history.states[State.COMPLETE] >= 1

    # -- 7, 8. what comes of it --------------------------------------------------------------------------

    @crowds
    def test_the_best_trial_goes_all_the_way(self, workers: int, slow: int) -> None:
        study = self.played(workers=workers, slow=slow)
        lowest = min(study.history.trials, key=lambda trial: trial.config["x"])
        assert lowest.state is State.COMPLETE
        assert study.best.number == lowest.number

    @pytest.mark.parametrize("trials", [1, 2, 5])
    def test_also_a_few_trials_end_with_one_that_went_all_the_way(self, trials: int) -> None:
        study = self.played(trials=trials)
        assert study.history.states[State.COMPLETE] >= 1

    def test_directions_are_mirrored(self) -> None:
        low = self.played(workers=2)
        high = self.played(lambda c, step: -falling(c, step), workers=2, direction="maximize")
        assert [(t.state, len(t.reports)) for t in low.trials] == [
            (t.state, len(t.reports)) for t in high.trials
        ]

    def test_objectives_that_cannot_resume_are_run_too(self) -> None:
        study = self.played(fidelity=Fidelity("epoch", 1, 27, resumable=False), workers=2)
        assert study.history.states[State.COMPLETE] >= 1
        for trial in study.history.trials:
            assert [r.step for r in trial.reports] == list(range(1, len(trial.reports) + 1))

    def test_an_unknown_largest_step_is_used_or_refused(self) -> None:
        endless = Fidelity("epoch", 1)
        if self.needs_high:
            with pytest.raises(ValueError, match="largest number of epochs"):
                self.study(endless)
            return
        study = self.study(endless)
        trained = race(study, falling, self.trials, workers=2, most_steps=300)
        assert len(trained) == 300 or study.history.states[State.RUNNING] == 0
