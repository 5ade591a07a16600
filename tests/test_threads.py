"""Linear algebra in one thread, floats as usual: while it is asked for, by whoever asks, and not longer."""

import threading

import numpy as np
import pytest
from threadpoolctl import ThreadpoolController

import tunesmith as ts
from tunesmith.surrogate import gp
from tunesmith.threads import one_thread


@pytest.fixture
def threads():
    """Number of threads of each library; two before the test."""
    import scipy.linalg  # noqa: F401

    libraries = ThreadpoolController().select(user_api="blas")
    with libraries.limit(limits=2):
        if {library["num_threads"] for library in libraries.info()} != {2}:
            pytest.skip("the linear algebra of this machine has one thread anyway")
        yield lambda: {library["num_threads"] for library in libraries.info()}


def test_the_limit_ends_with_the_outermost_block(threads):
    with one_thread():
        with one_thread():
            assert threads() == {1}
        assert threads() == {1}
    assert threads() == {2}


def test_the_limit_ends_after_an_error(threads):
    with pytest.raises(ZeroDivisionError), one_thread():
        1 / 0  # noqa: B018
    assert threads() == {2}


def test_blocks_that_overlap_in_several_threads_leave_things_as_they_were(threads):
    first_is_in, second_is_in = threading.Event(), threading.Event()

    def first():
        with one_thread():
            first_is_in.set()
            second_is_in.wait(10)

    def second():
        first_is_in.wait(10)
        with one_thread():
            second_is_in.set()
            other.join(10)

    other, this = threading.Thread(target=first), threading.Thread(target=second)
    for thread in (other, this):
        thread.start()
    this.join(10)
    assert threads() == {2}


@pytest.mark.parametrize("fidelity", [None, ts.Fidelity("epoch", 1, 9)])
def test_an_ask_thinks_in_one_thread_and_an_objective_has_all(threads, fidelity, monkeypatch):
    during: list[set[int]] = []
    real = gp.cholesky
    monkeypatch.setattr(gp, "cholesky", lambda *args: (during.append(threads()), real(*args))[1])
    outside: list[set[int]] = []

    def objective(config, trial):
        for step in trial.steps() if fidelity else (1,):
            trial.report((config["x"] - 0.3) ** 2 + 1 / step) if fidelity else None
        outside.append(threads())
        return (config["x"] - 0.3) ** 2

    study = ts.minimize(
        objective, ts.Space(x=ts.Float(0, 1), y=ts.Float(0, 1)), trials=8, fidelity=fidelity, progress=False
    )
    study.recommend()
    assert during
    assert all(each == {1} for each in during)
    assert all(each == {2} for each in outside)


@pytest.mark.parametrize("method", ["bayes", "bohb", "evolution", "sobol"])
def test_a_program_in_which_numpy_raises_is_searched_all_the_same(method):
    def small(config):
        return config["x"] ** 2 * 1e-300

    with np.errstate(all="raise"):
        space = ts.Space(x=ts.Float(0, 1), n=ts.Int(1, 50))
        study = ts.minimize(small, space, trials=25, method=method, seed=0, progress=False)
        assert np.geterr()["under"] == "raise"
    assert len(study.trials) == 25


def test_a_program_in_which_numpy_raises_learns_what_there_is(tmp_path):
    def train(config, trial):
        for step in trial.steps():
            trial.report(config["x"] / step * 1e-300)
        return config["x"] / step * 1e-300

    with np.errstate(all="raise"):
        epochs = ts.Fidelity("epoch", 1, 9)
        study = ts.Study(ts.Space(x=ts.Float(0, 1)), fidelity=epochs, seed=0)  # scheduler curves
        study.run(train, trials=15, progress=False)
        study.recommend()
        study.importance()
        study.forecast()
        study.health()
        study.report(tmp_path / "report.html")
        ts.plot.effect(study, "x")
