"""Methods beside schedulers: they learn from trials that were cut short, and stay pure functions."""

import numpy as np
import pytest

from tunesmith.fidelity import Fidelity
from tunesmith.history import History
from tunesmith.methods.registry import make_method
from tunesmith.space import Choice, Float, Space
from tunesmith.study.study import Study
from tunesmith.testing.race import race

EPOCHS = Fidelity("epoch", 1, 27)


def space() -> Space:
    return Space(x=Float(-1, 1), y=Float(-1, 1), kind=Choice(["a", "b"]))


def curve(config, step):
    return (config["x"] - 0.3) ** 2 + config["y"] ** 2 + (config["kind"] == "b") + 1.0 / step


@pytest.mark.parametrize("scheduler", ["asha", "hyperband", "median", "curves"])
@pytest.mark.parametrize("method", ["random", "sobol", "evolution", "bayes", "bohb"])
def test_a_method_made_anew_proposes_the_same(method, scheduler):
    study = Study(space(), method=method, scheduler=scheduler, fidelity=EPOCHS, seed=3)
    for most in range(4):
        race(study, curve, 40, workers=2, seed=most, most_steps=30)
        copy = History(study.space, trials=study.history.trials, fidelity=EPOCHS, seed=3)
        anew = make_method(method).propose(copy, len(copy), 3)
        assert anew == study.method.propose(study.history, len(copy), 3)


@pytest.mark.parametrize("method", ["evolution", "bayes"])
def test_they_learn_from_trials_that_were_paused(method):
    wins = 0
    for seed in range(3):
        study = Study(space(), method=method, scheduler="asha", fidelity=EPOCHS, seed=seed)
        race(study, curve, 50)
        losses = np.array([curve(t.config, 27) for t in study.trials])
        wins += bool(np.median(losses[35:]) < 0.5 * np.median(losses[:15]))
    assert wins >= 2
