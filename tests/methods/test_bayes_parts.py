"""The parts of Bayesian search: first points, candidates, parts that are switched off."""

import numpy as np
import pytest
from scipy import stats

from tunesmith.errors import OptionError
from tunesmith.history import History
from tunesmith.learning.encoding import Encoding
from tunesmith.methods.bayes import PARTS, Bayes
from tunesmith.methods.candidates import Candidates, draw_positions
from tunesmith.methods.first_points import centred_discrepancy, first_count, spread_points
from tunesmith.methods.judging import MOST_PRIOR, PRIOR_FLOOR, Expected
from tunesmith.methods.registry import make_method, method_settings
from tunesmith.space import Choice, Float, Int, Parameter, Space
from tunesmith.study.study import Study
from tunesmith.testing.problems import PROBLEMS, Problem
from tunesmith.trial import Failure, FailureKind, State, Trial

every_problem = pytest.mark.parametrize("problem", PROBLEMS, ids=lambda problem: problem.name)


# -- first points ----------------------------------------------------------------------------------------


def test_the_number_of_first_points_grows_with_parameters_and_branches() -> None:
    flat = [Encoding(Space({f"x{k}": Float(0, 1) for k in range(d)})) for d in (1, 8, 40, 1000)]
    assert [first_count(encoding) for encoding in flat] == [3, 3, 5, 10]
    branches = Space(kind=Choice(list("abcde")), x=Float(0, 1, when={"kind": "a"}))
    assert first_count(Encoding(branches)) == 6


def test_first_points_have_one_in_each_part_of_every_range() -> None:
    encoding = Encoding(Space({f"x{k}": Float(0, 1) for k in range(6)}))
    U = spread_points(encoding, 5, seed=3)
    assert np.array_equal(np.sort(np.floor(U * 5), axis=0), np.tile(np.arange(5.0)[:, None], (1, 6)))
    assert not np.array_equal(U, spread_points(encoding, 5, seed=4))


def test_first_points_visit_every_branch() -> None:
    encoding = Encoding(Space(kind=Choice(["a", "b", "c"]), x=Float(0, 1, when={"kind": "a"}), y=Float(0, 1)))
    for seed in range(5):
        assert set(spread_points(encoding, 3, seed)[:, 0].tolist()) == {0.0, 1.0, 2.0}


def test_discrepancy_is_that_of_scipy() -> None:
    from scipy.stats import qmc

    X = np.random.default_rng(0).random((9, 4))
    assert np.isclose(centred_discrepancy(X) + (13 / 12) ** 4, qmc.discrepancy(X))


def test_discrepancy_of_many_parameters_does_not_overflow() -> None:
    assert np.isfinite(centred_discrepancy(np.random.default_rng(0).random((9, 20_000))))


# -- priors ----------------------------------------------------------------------------------------------


def bounded(logs: np.ndarray) -> np.ndarray:
    """What the bound makes of log densities of a single prior."""
    top = logs.max()
    bent: np.ndarray = MOST_PRIOR * (np.tanh((logs - top) / MOST_PRIOR) - np.tanh(-top / MOST_PRIOR))
    return bent


def expected(space: Space, X: list[list[float]]) -> list[float]:
    encoding = Encoding(space)
    Z = encoding.encode(encoding.settle(encoding.positions(np.array(X)))[0])
    log_density: list[float] = Expected(encoding, 1).log_density(Z)[0].tolist()
    return log_density


@pytest.mark.parametrize(
    ("parameter", "shares"),
    [
        (Int(1, 4, prior=stats.randint(1, 5)), [0.25] * 4),
        (
            Int(1, 4, prior=stats.rv_discrete(values=([1, 2, 3, 4], [0.7, 0.1, 0.1, 0.1]))),
            [0.7, 0.1, 0.1, 0.1],
        ),
        (Float(0, 1, step=0.5, prior=stats.uniform(0, 1)), [0.25, 0.5, 0.25]),
        (Float(0, 1, step=0.5, prior=stats.uniform(0.25, 0.5)), [0.0, 1.0, 0.0]),
    ],
)
def test_priors_of_few_levels_count_by_level(parameter: Parameter, shares: list[float]) -> None:
    found = expected(Space(a=parameter), [[(k + 0.5) / len(shares)] for k in range(len(shares))])
    assert np.allclose(found, bounded(np.log(np.array(shares) * len(shares) + PRIOR_FLOOR)))


def test_an_even_prior_on_a_log_scale_prefers_no_whole_number() -> None:
    space = Space(a=Int(1, 1000, log=True, prior=stats.loguniform(0.5, 1000.5)))
    points = [space.encode({"a": value}).tolist() for value in (1, 2, 3, 7, 40, 500, 999, 1000)]
    assert np.allclose(expected(space, points), 0.0, atol=0.02)


def test_a_prior_says_nothing_of_configs_without_its_parameter() -> None:
    space = Space(
        kind=Choice(["a", "b", "c"]),
        x=Float(0, 1, prior=stats.norm(0.1, 0.05), when={"kind": ["b", "c"]}),
        y=Int(1, 3, prior=stats.randint(1, 2), when="x > 0.3"),
    )
    without, likely, unlikely, both = expected(
        space, [[0.1, np.nan, np.nan], [0.5, 0.1, np.nan], [0.5, 0.2999, np.nan], [0.9, 0.5, 0.5]]
    )
    assert without == 0.0
    assert likely > 1.0
    assert -MOST_PRIOR < both < unlikely < -1.0


def test_many_priors_are_bounded_and_the_gradient_is_that_of_the_bound() -> None:
    space = Space({f"x{k}": Float(0, 1, prior=stats.norm(0.2, 0.1)) for k in range(20)})
    encoding = Encoding(space)
    priors = Expected(encoding, 1)
    Z = np.array([[0.2] * 20, [0.35] * 20, [0.9] * 20])
    found, gradient = priors.log_density(Z)
    assert found[0] > found[1] > found[2]
    assert found[0] - found[2] <= MOST_PRIOR
    few = Expected(Encoding(Space(x=Float(0, 1, prior=stats.norm(0.5, 0.3)))), 1)
    z, step = np.array([[0.3]]), 1e-6
    slope = (few.log_density(z + step)[0] - few.log_density(z - step)[0]) / (2 * step)
    assert few.log_density(z)[1][0, 0] == pytest.approx(slope[0], rel=1e-4)
    assert np.isfinite(gradient).all()


# -- candidates ------------------------------------------------------------------------------------------


@every_problem
def test_every_candidate_is_a_config_that_meets_the_constraints(problem: Problem) -> None:
    space = problem.make()
    encoding = Encoding(space)
    rng = np.random.default_rng(0)
    start = draw_positions(encoding, rng, 6)
    makers = Candidates(space, encoding, start, rng)
    U = makers.pool(80)
    for u, config in zip(U, encoding.configs(U), strict=True):
        assert space.check(config) == config
        again, _ = encoding.settle(encoding.positions(space.encode(config)[None, :]))
        np.testing.assert_allclose(again[0], u, atol=1e-9)


def test_moves_change_something_and_reach_the_ends() -> None:
    space = Space(x=Float(0, 1), n=Int(1, 100), c=Choice(["a", "b", "c"]), m=Int(1, 3))
    encoding = Encoding(space)
    rng = np.random.default_rng(0)
    start = np.tile(draw_positions(encoding, rng, 1), (400, 1))
    U = Candidates(space, encoding, start, rng).move(start)
    assert (start != U).any(axis=1).all()
    assert {0.0, 1.0} <= set(U[:, 0].tolist())
    assert len(set(U[:, 2].tolist())) == 3


# -- acquisition -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("acquisition", ["improvement", "bound", "thompson"])
def test_every_acquisition_finds_the_valley_and_none_is_another(acquisition: str) -> None:
    space = Space(x=Float(0, 1), y=Float(0, 1), c=Choice(["a", "b", "c"]))

    def asked(method: Bayes, seed: int) -> list[dict[str, object]]:
        study = Study(space, method=method, seed=seed)
        for _ in range(25):
            trial = study.ask()
            c = trial.config
            study.tell(trial, (c["x"] - 0.3) ** 2 + (c["y"] - 0.8) ** 2 + (c["c"] != "b"))
        assert study.best.value is not None
        values.append(study.best.value)
        return [t.config for t in study.trials]

    values: list[float] = []
    for seed in range(3):
        mine = asked(Bayes(acquisition=acquisition), seed)
        assert mine == asked(Bayes(acquisition=acquisition), seed)
        assert mine != asked(Bayes(acquisition="thompson" if acquisition == "bound" else "bound"), seed)
    assert np.median(values) < 0.01


def test_an_acquisition_is_kept_with_the_study_and_an_unknown_one_refused() -> None:
    settings = method_settings(Bayes(["views"], acquisition="thompson"))
    assert make_method(settings).settings == {"without": ["views"], "acquisition": "thompson"}
    with pytest.raises(OptionError, match=r"acquisition is unknown.*'thomson'.*thompson"):
        Bayes(acquisition="thomson")


def test_thompson_sampling_gives_workers_that_ask_at_once_different_configs() -> None:
    space = Space(x=Float(0, 1), y=Float(0, 1))
    study = Study(space, method=Bayes(acquisition="thompson"), seed=0)
    for _ in range(6):
        trial = study.ask()
        study.tell(trial, (trial.config["x"] - 0.3) ** 2 + trial.config["y"])
    assert len({space.key(study.ask().config) for _ in range(8)}) == 8


# -- parts that can be switched off ----------------------------------------------------------------------


@pytest.mark.parametrize("part", PARTS)
def test_every_part_can_be_switched_off_and_makes_a_difference(part: str) -> None:
    space = Space(dropout=Float(0, 1), width=Int(1, 300), c=Choice(["a", "b", "c"]))
    if part == "scales":
        space = Space(dropout=Float(1e-6, 1), width=Int(1, 300), c=Choice(["a", "b", "c"]))
    if part == "branches":
        space = Space(c=Choice(["a", "b", "c"]), width=Int(1, 300), dropout=Float(0, 1, when={"c": "a"}))
    method = Bayes([part])
    assert make_method(method_settings(method)).settings == {"without": [part]}

    def history_of(bayes: Bayes) -> History:
        history = History(space)
        for number in range(50 if part in ("doubt", "branches") else 14):
            proposal = bayes.propose(history, number, 0)
            config = proposal.config  # type: ignore[union-attr]
            failed = config["width"] > 200
            value = (
                None
                if failed
                else (config.get("dropout", 0.9) - 0.3) ** 2
                + config["width"] / 300
                + 0.2 * (config["c"] == "a")
                + 1e3 * (part == "outliers" and number == 9)
            )
            failure = Failure(FailureKind.ERROR, "too wide") if failed else None
            state = State.FAILED if failed else State.COMPLETE
            history.record(Trial(number, config, state, value, failure=failure))
        return history

    assert history_of(method).trials != history_of(Bayes()).trials


def test_an_unknown_part_is_an_error_with_a_hint() -> None:
    with pytest.raises(OptionError, match="Did you mean 'polish'"):
        Bayes(["polsh"])
