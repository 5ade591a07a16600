"""Studies with a fidelity: steps, one-shot objectives, folders, notes, ask and tell."""

import math
from pathlib import Path

import pytest

import tunesmith as ts
from tunesmith.errors import ObjectiveError

EPOCHS = ts.Fidelity("epoch", 1, 27)
SPACE = ts.Space(x=ts.Float(0, 1))


def curve(config, step):
    return config["x"] + 1.0 / step


def outcome(study):
    return [(t.config, t.state, t.value, t.reason, tuple(r.step for r in t.reports)) for t in study.trials]


# -- steps -----------------------------------------------------------------------------------------------


def test_each_step_is_trained_once_and_most_trials_only_a_little(where, tuned):
    trained = []

    def objective(config, trial):
        for step in trial.steps():
            trained.append((trial.number, step))
            trial.report(curve(config, step))
        return curve(config, 27)

    study = tuned(objective, store=where)
    assert len(trained) == len(set(trained)) == study.history.steps
    assert len(trained) < 30 * 27 / 3
    assert study.best.state == ts.State.COMPLETE
    assert study.best.config["x"] == min(t.config["x"] for t in study.trials)
    assert study.history.counted == 30


def test_a_run_goes_on_as_if_it_had_not_been_stopped(where, tuned):
    whole = tuned(trials=40)
    stopping = iter(range(10_000))

    def stop(study, trial):
        if next(stopping) % 2:
            study.stop()

    for _ in range(30):
        study = tuned(trials=40, store=where, callbacks=[stop])
        if where is None:
            break
    else:
        assert outcome(study) == outcome(whole)


def test_patience_counts_a_trial_once_however_often_it_goes_on(tuned):
    ended: set[int] = set()

    def objective(config, trial):
        value = 0.0 if trial.number == 0 else 1.0 + config["x"]
        if trial.number == 0:
            ended.clear()
        else:
            ended.add(trial.number)
        for _ in trial.steps():
            trial.report(value)
        return value

    fidelity = ts.Fidelity("epoch", 1, 9)
    study = tuned(objective, trials=200, scheduler="halving", fidelity=fidelity, patience=20)
    assert "patience 20" in study.stop_reason
    assert study.best.number == 0
    assert len(ended) == 20


def test_executor_by_name_and_an_objective_that_ends_the_run(where):
    class Spent(BaseException):
        pass

    left = [40]

    def objective(config, trial):
        for step in trial.steps():
            left[0] -= 1
            if left[0] < 0:
                raise Spent
            trial.report(curve(config, step), step)
        return curve(config, 27)

    study = ts.Study(SPACE, method="random", scheduler="asha", fidelity=EPOCHS, seed=0, store=where)
    with pytest.raises(Spent):
        study.run(objective, trials=1000, executor="serial", progress=False)
    assert sum(len(trial.reports) for trial in study.trials) == 40


def test_steps_after_a_checkpoint_of_the_users_own(tuned):
    def objective(config, trial):
        saved = trial.folder / "step"
        done = int(saved.read_text()) if saved.exists() else 0
        assert done == 0 or done in (2, 8, 26)  # it saves a step less than it reports
        for step in trial.steps(after=done):
            trial.report(curve(config, step), step)
            saved.write_text(str(step - 1))
        return curve(config, 27)

    study = tuned(objective)
    for trial in study.trials:
        assert [r.step for r in trial.reports] == list(range(1, len(trial.reports) + 1))


def test_what_cannot_resume_trains_anew_and_its_reports_count_once(tuned):
    trained = []

    def objective(config, trial):
        for step in trial.steps():
            trained.append((trial.number, step))
            trial.report(curve(config, step))
        return curve(config, 27)

    study = tuned(objective, 27, scheduler="halving", fidelity=ts.Fidelity("epoch", 1, 27, resumable=False))
    best = study.best.number
    assert [s for n, s in trained if n == best] == [1, *range(1, 4), *range(1, 10), *range(1, 28)]
    assert [r.step for r in study.history[best].reports] == list(range(1, 28))


def test_an_objective_that_ends_by_itself_is_complete(tuned):
    def objective(config, trial):
        for step in trial.steps():
            trial.report(curve(config, step))
            if step == 5:
                break
        return curve(config, step)

    study = tuned(objective, 20)
    assert max(t.reports[-1].step for t in study.trials if t.state == ts.State.COMPLETE) == 5


@pytest.mark.parametrize("use", ["steps", "fidelity"])
def test_without_a_fidelity_asking_for_it_is_a_mistake_in_words(use):
    def objective(config, trial):
        return next(trial.steps()) if use == "steps" else trial.fidelity

    with pytest.raises(ObjectiveError, match=f"trial.{use}.*: the study has no fidelity"):
        ts.minimize(objective, SPACE, trials=3, progress=False)


# -- one call goes to the target -------------------------------------------------------------------------


@pytest.mark.parametrize("scheduler", ["asha", "halving", "hyperband", "median"])
def test_an_objective_of_rows_is_called_with_more_for_the_best(scheduler, tuned):
    calls = []

    def objective(config, trial):
        calls.append((trial.number, trial.fidelity))
        return curve(config, trial.fidelity)

    study = tuned(objective, 27, scheduler=scheduler, fidelity=ts.Fidelity("row", 1, 27))
    assert len(set(calls)) == len(calls)
    best = study.best
    assert best.config["x"] == min(t.config["x"] for t in study.trials)
    assert best.state == ts.State.COMPLETE
    assert best.value == curve(best.config, 27)
    for trial in study.trials:
        mine = [rows for number, rows in calls if number == trial.number]
        assert mine == sorted(mine)
        assert [r.step for r in trial.reports] == mine


# -- ask and tell ----------------------------------------------------------------------------------------


def test_ask_and_tell_do_the_same_as_a_run(tuned):
    def play(trials):
        study = ts.Study(SPACE, method="random", scheduler="asha", fidelity=EPOCHS, seed=0)
        while (taken := study.next_trial(trials)) is not None:
            handle = study.handle(taken)
            value = None
            for step in handle.steps():
                value = curve(handle.config, step)
                handle.report(value)
            study.tell(handle, value)
        return study

    assert outcome(play(30)) == outcome(tuned())


def test_a_paused_trial_comes_back_from_a_later_ask():
    study = ts.Study(SPACE, method="random", fidelity=EPOCHS, seed=0)
    attempts = {}
    for _ in range(30):
        trial = study.ask()
        attempts.setdefault(trial.number, []).append(trial.attempt)
        for step in trial.steps():
            trial.report(curve(trial.config, step))
        study.tell(trial, curve(trial.config, step))
    again = [a for a in attempts.values() if len(a) > 1]
    assert again
    assert all(a == list(range(1, len(a) + 1)) for a in again)


@pytest.mark.parametrize(("scheduler", "rows"), [("asha", {1, 3}), ("curves", {1, 5})])
def test_rows_by_ask_and_tell(scheduler, rows):
    study = ts.Study(SPACE, method="random", scheduler=scheduler, fidelity=ts.Fidelity("row", 1, 9), seed=0)
    for _ in range(20):
        trial = study.ask()
        study.tell(trial, curve(trial.config, trial.fidelity))
    assert {t.reports[-1].step for t in study.trials if t.state != ts.State.COMPLETE} >= rows
    assert study.best.state == ts.State.COMPLETE


# -- what is best before any is complete -----------------------------------------------------------------


def test_before_any_is_complete_the_one_that_got_furthest_is_best_and_never_after():
    study = ts.Study(SPACE, method="random", scheduler="asha", fidelity=EPOCHS, seed=0)
    values = iter([0.5, 0.4, 0.3, 0.2])
    first = study.ask()
    first.report(next(values), 1)
    study.tell(first, 0.5)
    assert study.best.number == first.number
    assert study.best.value == 0.5
    assert study.best.state == ts.State.PAUSED
    study.add({"x": 0.9}, 7.0)
    assert study.best.value == 7.0


# -- folders ---------------------------------------------------------------------------------------------


def checkpointing(config, trial):
    saved = trial.folder / "step"
    done = int(saved.read_text()) if saved.exists() else 0
    for step in trial.steps(after=done):
        saved.write_text(str(step))
        trial.report(math.nan if config["x"] > 0.7 else curve(config, step))
    return curve(config, 27)


def test_in_memory_there_is_a_temporary_folder_gone_with_the_study(tuned):
    study = tuned(checkpointing)
    folder = Path(study.ledger.folder(0)).parent
    assert folder.is_dir()
    del study
    assert not folder.exists()


def test_folders_of_trials_that_can_never_go_on_are_deleted(tmp_path, tuned):
    study = tuned(checkpointing, store=str(tmp_path / "tune.db"))
    for trial in study.trials:
        can_go_on = trial.state in (ts.State.PAUSED, ts.State.COMPLETE)
        assert Path(study.ledger.folder(trial.number)).exists() == can_go_on
    assert study.history.states[ts.State.FAILED] >= 1


# -- notes -----------------------------------------------------------------------------------------------


def test_an_objective_that_ignores_the_fidelity_is_told_once(tuned):
    study = tuned(lambda config: config["x"], 10)
    assert len(study.notes) == 1
    assert "neither trial.steps() nor trial.fidelity" in study.notes[0]
    assert study.history.states[ts.State.COMPLETE] == 10


def test_going_on_without_a_checkpoint_is_told_once(capsys, tuned):
    study = tuned(progress=True)
    told = [note for note in study.notes if "checkpoint" in note]
    assert len(told) == 1
    assert capsys.readouterr().err.count("looked for no checkpoint") == 1
    assert not tuned(fidelity=ts.Fidelity("epoch", 1, 27, resumable=True)).notes
    assert not tuned(checkpointing).notes


def test_the_end_says_how_far_the_best_came(capsys, tuned):
    tuned(trials=2, budget=ts.Steps(2), progress=True)
    err = capsys.readouterr().err
    assert "Trials are compared at epoch 1, 3, 9" in err
    assert "epoch 1 of 27): x=" in err


def test_telling_a_paused_trial_again_does_not_complete_it():
    steps, rows = (ts.Study(SPACE, seed=0, fidelity=EPOCHS, scheduler="asha") for _ in range(2))
    trial = steps.ask()
    for step in trial.steps():
        trial.report(curve(trial.config, step))
    one_call = rows.ask()
    value = curve(one_call.config, one_call.fidelity)
    for _ in range(2):
        steps.tell(trial, 0.0)
        rows.tell(one_call, value)
        assert steps.trials[0].state is rows.trials[0].state is ts.State.PAUSED
    steps.tell(0, 0.5)  # by its number: whoever says so has trained it to the end
    assert steps.best.value == 0.5


def test_values_that_are_not_finite_from_the_start_end_a_run(tuned):
    def objective(config, trial):
        for _ in trial.steps():
            trial.report(math.nan)

    with pytest.raises(ObjectiveError, match=r"all of the first 5 trials failed.*its value was nan"):
        tuned(objective, 25, max_failures=5)


def test_paused_trials_are_no_reason_to_end_a_run_of_failures(tuned):
    def objective(config, trial):
        if trial.number >= 3:
            raise ValueError("no")
        for step in trial.steps():
            trial.report(curve(config, step))
        return curve(config, 27)

    study = tuned(objective, 25, max_failures=5)
    assert study.history.states[ts.State.FAILED] == 22
