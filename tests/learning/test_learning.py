"""What a history teaches: encoding, observed trials, failures, the loss's model."""

import numpy as np
import pytest

from tunesmith.history import History
from tunesmith.learning.encoding import Encoding
from tunesmith.learning.failures import learn_failures
from tunesmith.learning.loss_model import VIEWS, anchor, make_model
from tunesmith.learning.observed import Observed, Status
from tunesmith.learning.scales import NEUTRAL
from tunesmith.methods.bayes import Bayes
from tunesmith.space import Choice, Float, Int, Space
from tunesmith.testing.play import play
from tunesmith.testing.problems import PROBLEMS, Problem
from tunesmith.trial import Failure, FailureKind, State, Trial

every_problem = pytest.mark.parametrize("problem", PROBLEMS, ids=lambda problem: problem.name)


def configs_and_rows(space: Space, count: int = 40) -> tuple[list[dict[str, object]], np.ndarray]:
    rng = np.random.default_rng(0)
    configs = [space.draw(rng.random(len(space))) for _ in range(count)]
    return configs, np.array([space.encode(config) for config in configs])


# -- encoding --------------------------------------------------------------------------------------------


@every_problem
def test_positions_lead_back_to_the_config(problem: Problem) -> None:
    space = problem.make()
    encoding = Encoding(space)
    configs, X = configs_and_rows(space)
    U, A = encoding.settle(encoding.positions(X))
    for config, back, active in zip(configs, encoding.configs(U), A, strict=True):
        assert list(back) == list(config)
        assert [n for n, a in zip(space.names, active, strict=True) if a] == list(config)
        np.testing.assert_allclose(space.encode(back), space.encode(config), atol=1e-12)


@every_problem
def test_encoded_configs_lead_back_to_positions(problem: Problem) -> None:
    space = problem.make()
    encoding = Encoding(space)
    U, A = encoding.settle(encoding.positions(configs_and_rows(space)[1]))
    Z = encoding.encode(U)
    assert Z.shape == (len(U), encoding.p)
    assert np.isfinite(Z).all()
    np.testing.assert_allclose(encoding.decode(Z, U, A), U, atol=1e-12)
    back, active = encoding.read(Z)
    np.testing.assert_allclose(back, U, atol=1e-12)
    assert np.array_equal(active, A)
    assert [axis.columns.tolist() for axis in encoding.axes] == [c.tolist() for c in encoding.columns]


def test_both_ends_of_every_number_are_ends_of_the_model() -> None:
    space = Space(a=Int(1, 9), b=Int(1, 1000, log=True), c=Float(1e-5, 1, log=True), d=Float(0, 1, step=0.25))
    encoding = Encoding(space)
    low, high = (
        {n: p.low for n, p in space.parameters.items()},
        {n: p.high for n, p in space.parameters.items()},
    )
    U = encoding.positions(np.array([space.encode(low), space.encode(high)]))
    np.testing.assert_allclose(U, [[0, 0, 0, 0], [1, 1, 1, 1]], atol=1e-12)
    assert encoding.configs(U) == [low, high]


def test_two_options_are_as_far_apart_as_two_ends() -> None:
    encoding = Encoding(Space(a=Choice(["x", "y", "z"]), b=Choice([True, False]), c=Float(0, 1)))
    U = np.array([[0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    Z = encoding.encode(U)
    np.testing.assert_allclose(((Z[1:] - Z[0]) ** 2).sum(axis=1), 1.0)


def test_many_options_share_columns_and_stay_apart() -> None:
    encoding = Encoding(Space(a=Choice(list(range(500))), x=Float(0, 1)))
    assert encoding.p <= 65
    Z = encoding.encode(np.stack([np.arange(500.0), np.zeros(500)], axis=1))
    gaps = ((Z[:, None] - Z[None]) ** 2).sum(axis=2)[~np.eye(500, dtype=bool)]
    assert gaps.min() > 0.3


@pytest.mark.parametrize("count", [3, 6, 12, 30])
def test_scales_have_main_effects_in_full_where_there_are_many_parameters(count: int) -> None:
    """An option's weight is the same in any company; of few scales a trend is hardly expected."""
    numbers: dict[str, Float | Choice] = {f"x{k}": Float(0, 1) for k in range(count - 1)}
    encoding = Encoding(Space({**numbers, "kind": Choice(["a", "b", "c"])}))
    _, X = configs_and_rows(encoding.space, 4000)
    Z = encoding.encode(encoding.settle(encoding.positions(X))[0])
    for slopes, share in ((encoding.slopes, 1.0), (encoding.mild_slopes, min(1.0, count / 12))):
        effects = (Z - Z.mean(axis=0)) * slopes
        assert effects[:, -3:].var(axis=0).sum() == pytest.approx(1 / count, rel=0.1)
        assert effects[:, 0].var() == pytest.approx(share**4 / count, rel=0.1)


def test_inactive_parameters_make_no_difference() -> None:
    space = Space(kind=Choice(["a", "b"]), x=Float(0, 1, when={"kind": "a"}), y=Float(0, 1))
    encoding = Encoding(space)
    U, A = encoding.settle(np.array([[1.0, 0.1, 0.3], [1.0, 0.9, 0.3]]))
    assert A.tolist() == [[True, False, True]] * 2
    assert U[0].tolist() == U[1].tolist() == [1.0, NEUTRAL, 0.3]


def test_conditions_by_expression_and_on_floats_are_understood() -> None:
    space = Space(
        x=Float(0, 1),
        n=Int(1, 5),
        a=Float(0, 1, when="x > 0.5"),
        b=Float(0, 1, when="n >= 3 and x < 0.9"),
        c=Float(0, 1, when={"a": [0.25], "n": [1, 2]}),
    )
    encoding = Encoding(space)
    configs, X = configs_and_rows(space, 200)
    A = encoding.active(encoding.positions(X))
    for config, active in zip(configs, A, strict=True):
        assert [n for n, is_active in zip(space.names, active, strict=True) if is_active] == list(config)


# -- observed trials -------------------------------------------------------------------------------------


def test_observed_trials_keep_up_with_the_history() -> None:
    space = Space(x=Float(0, 1))
    history = History(space)
    seen = Observed(history)
    seen.update(history)
    assert seen.tried == 0
    boom = Failure(FailureKind.MEMORY, "too much")
    for trial in (
        Trial(0, {"x": 0.1}, State.COMPLETE, 1.0),
        Trial(1, {"x": 0.2}, State.RUNNING),
        Trial(2, {"gone": 1}, State.COMPLETE, 1.0),
        Trial(3, {"x": 0.3}, State.FAILED, failure=boom),
        Trial(4, {"x": 0.4}, State.STOPPED),
    ):
        history.record(trial)
    seen.update(history)
    assert seen.status.tolist() == [2, 1, 0, 4, 3]
    assert (seen.tried, seen.numbers(Status.OPEN).tolist()) == (4, [1])
    history.record(Trial(1, {"x": 0.2}, State.COMPLETE, 0.5))
    seen.update(history)
    assert seen.numbers(Status.FINITE).tolist() == [0, 1]
    np.testing.assert_allclose(seen.U[:2, 0], [0.1, 0.2])


def test_kinds_of_failure_are_learnt_apart() -> None:
    space = Space(x=Float(0, 1), y=Float(0, 1))
    history = History(space)
    for number, (x, y) in enumerate(np.random.default_rng(1).random((40, 2)).tolist()):
        kind = FailureKind.MEMORY if x > 0.7 else FailureKind.NAN if y > 0.7 else None
        failure = Failure(kind, "it was made to fail") if kind else None
        state = State.FAILED if failure else State.COMPLETE
        history.record(Trial(number, {"x": x, "y": y}, state, None if failure else 1.0, failure=failure))
    seen = Observed(history)
    seen.update(history)
    failing = learn_failures(seen, None)
    assert failing is not None
    assert len(failing.votes) == 2
    chance = 1.0 - np.exp(failing.log_success(np.array([[0.3, 0.3], [0.9, 0.3], [0.3, 0.9]]))[0])
    assert chance[0] < 0.3
    assert (chance[1:] > 0.6).all()


# -- the model -------------------------------------------------------------------------------------------


def test_anchors_rise_and_are_never_far_behind() -> None:
    found = [anchor(n) for n in range(1, 3000)]
    assert found == sorted(found)
    assert found[:19] == list(range(1, 20))
    assert all(n - a <= 0.11 * n for n, a in enumerate(found, start=1))
    assert all(anchor(a) == a for a in found)


def test_a_model_made_anew_is_the_same_to_the_last_bit() -> None:
    space = Space(x=Float(0, 1), y=Float(0, 1))
    history = play(Bayes(), space, lambda c: (c["x"] - 0.3) ** 2 + c["y"], 27)
    kept = Observed(History(space))
    for n in range(20, 28):
        part = History(space, trials=history.trials[:n])
        kept.update(part)
        fresh = Observed(part)
        fresh.update(part)
        for view in VIEWS:
            one, two = make_model(kept, view), make_model(fresh, view)
            assert one is not None
            assert two is not None
            assert np.array_equal(one.gp.alpha, two.gp.alpha)


def test_there_is_no_model_of_two_losses_or_of_equal_ones() -> None:
    space = Space(x=Float(0, 1))
    for losses in ([1.0, 2.0], [3.0] * 9):
        history = History(space)
        for number, loss in enumerate(losses):
            history.record(Trial(number, {"x": number / 10}, State.COMPLETE, loss))
        seen = Observed(history)
        seen.update(history)
        assert make_model(seen, VIEWS[0]) is None
