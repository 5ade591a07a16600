"""Float and Int: definition, ends, steps, log scales, priors and types."""

import math
import warnings

import numpy as np
import pytest
from scipy import stats

from tunesmith.errors import ConfigError, SpaceError
from tunesmith.space import Float, Int, Space
from tunesmith.space.parameters import draw

UNITS = np.linspace(0, 1, 101).tolist()


# -- definition: one clear error, naming the parameter and what is wrong ------------------------------------


@pytest.mark.parametrize(
    ("define", "text"),
    [
        (lambda: Float(0, 1, log=True), "low must be above 0 on a log scale; given: low=0.0. Raise low"),
        (lambda: Float(-1, 1, log=True), "low must be above 0 on a log scale; given: low=-1.0"),
        (lambda: Int(0, 5, log=True), "low must be at least 1 on a log scale; given: low=0"),
        (lambda: Int(0.4, 5, log=True), "low must be a whole number; given: low=0.4"),
        (lambda: Float(1, 0), "low must not be above high; given: low=1.0, high=0.0. Swap them."),
        (lambda: Int(3, 1), "low must not be above high; given: low=3, high=1"),
        (lambda: Float(math.nan, 1), "low must be a finite number; given: low=nan"),
        (lambda: Float(0, math.inf), "high must be a finite number; given: high=inf"),
        (lambda: Float(0, 10**400), "high must be a finite number"),
        (lambda: Float("0", 1), "low must be a finite number; given: low='0'"),
        (lambda: Float(True, 2), "low must be a finite number; given: low=True"),
        (lambda: Int(1, 2.5), "high must be a whole number; given: high=2.5. Or use Float."),
        (lambda: Float(1), "high is missing"),
        (lambda: Int(), "low is missing"),
        (lambda: Float(0, 1, step=0), "step must be above 0; given: step=0.0"),
        (lambda: Float(0, 1, step=-0.1), "step must be above 0"),
        (lambda: Float(0, 1, step=math.nan), "step must be a finite number"),
        (lambda: Float(0, 1, step=2), "step is larger than the range"),
        (lambda: Float(0, 1, step=1e-320), "the range is too wide for steps of this size"),
        (lambda: Float(-1.5e308, 1.5e308, step=1e308), "the range is too wide for steps of this size"),
        (lambda: Float(0, 1, log="false"), "log must be True or False; given: log='false'"),
        (lambda: Int(0, 10, step=0), "step must be above 0"),
        (lambda: Int(0, 10, step=1.5), "step must be a whole number"),
        (lambda: Int(0, 10, step=20), "step is larger than the range"),
        (lambda: Float(0, 1, default=1.03), "the default does not fit: the value is not allowed"),
        (lambda: Int(0, 10, step=5, default=7), "the default does not fit"),
        (lambda: Float(0, 1, prior="normal"), "prior must be a frozen scipy.stats distribution"),
        (lambda: Float(5, 6, prior=stats.uniform(0, 1)), "the prior gives no probability to the range"),
    ],
)
def test_a_definition_that_cannot_be_is_one_error(define, text: str) -> None:
    with pytest.raises(SpaceError) as caught:
        define()
    assert text in str(caught.value)
    assert str(caught.value).startswith(("Float: ", "Int: "))


def test_numbers_become_plain_values_of_their_kind() -> None:
    p, q = Float(np.float32(0.5), np.int64(3)), Int(np.int64(1), 5.0, default=np.float64(3.0))
    assert [type(v) for v in (p.low, p.high)] == [float, float]
    assert [type(v) for v in (q.low, q.high, q.step, q.default)] == [int, int, int, int]
    assert q.default == 3


# -- one value -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        (Float(0.123, 0.123), 0.123),
        (Float(2, 2, step=0.5), 2.0),
        (Float(2, 2, log=True), 2.0),
        (Int(3, 3), 3),
        (Int(1, 1, log=True), 1),
        (Float(1, 1, prior=stats.norm(0, 1)), 1.0),
    ],
)
def test_a_range_of_one_value_is_a_constant_of_the_right_type(parameter, value) -> None:
    assert parameter.size == 1
    assert {draw(parameter, u) for u in UNITS} == {value}
    assert type(parameter.decode(0.3)) is type(value)
    assert parameter.encode(value) == 0.5
    assert parameter.check(value) == value


# -- steps ---------------------------------------------------------------------------------------------------


def test_steps_print_as_if_written_by_hand_and_reach_the_end() -> None:
    p = Float(0, 1, step=0.1)
    assert [p.value_at(k) for k in range(p.size)] == [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0]
    assert p.decode(1.0) == 1.0


def test_a_range_that_divides_in_theory_keeps_its_last_step() -> None:
    low, high = -math.pi / 4, 15 * math.pi / 4
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        p = Float(low, high, step=math.pi / 2)
    assert p.size == 9
    assert p.value_at(8) == high


@pytest.mark.parametrize("high", [0.9999999999, 0.99999999990001, 1 - 1e-15])
def test_no_step_lies_above_an_end_that_is_nearly_one(high: float) -> None:
    p = Float(0.0, high, step=0.1)
    values = [p.value_at(k) for k in range(p.size or 0)]
    assert max(values) <= high
    assert [p.check(v) for v in values] == values


def test_a_step_that_does_not_divide_warns_once_at_definition_with_the_highest_value() -> None:
    with pytest.warns(
        UserWarning, match=r"Float 'p': steps of 0.001 .* highest value is 0.4579432"
    ) as caught:
        p = Float(0.0229432, 0.4588645, step=0.001)
    assert len(caught) == 1
    assert caught[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        values = [p.decode(u) for u in UNITS]
    assert max(values) == p.value_at(p.size - 1) == 0.4579432
    with pytest.raises(ConfigError):
        p.check(0.4588645)


def test_a_value_between_two_steps_is_refused_with_the_nearest() -> None:
    with pytest.raises(ConfigError, match=r"lies between two steps.*The nearest is 0.3\."):
        Float(0, 1, step=0.1).check(0.31)
    assert Float(0, 1, step=0.1).check(0.1 + 0.2) == 0.3  # off by rounding alone


def test_steps_are_told_apart_far_from_zero() -> None:
    p = Float(1e9, 1e9 + 10, step=0.1)
    assert p.check(1e9 + 0.1) == 1e9 + 0.1
    with pytest.raises(ConfigError, match="between two steps"):
        p.check(1e9 + 0.05)


# -- both ends -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parameter", "values"),
    [
        (Int(1, 3), {1, 2, 3}),
        (Float(0, 1, step=0.25), {0.0, 0.25, 0.5, 0.75, 1.0}),
        (Int(10, 30, step=10), {10, 20, 30}),
    ],
)
def test_every_value_is_drawn_evenly_both_ends_included(parameter, values) -> None:
    drawn = [parameter.decode(u) for u in np.random.default_rng(0).random(10_000)]
    assert set(drawn) == values
    shares = [drawn.count(v) / len(drawn) for v in values]
    assert max(shares) - min(shares) < 0.03


@pytest.mark.parametrize(
    "parameter", [Float(-3, 7), Float(1e-5, 0.1, log=True), Int(1, 1024, log=True), Int(-5, 5)]
)
def test_both_ends_can_be_reached_and_are_accepted(parameter) -> None:
    assert parameter.decode(0.0) == parameter.low
    assert parameter.decode(1.0) == parameter.high
    for end in (parameter.low, parameter.high):
        assert parameter.check(end) == end
        assert parameter.decode(parameter.encode(end)) == end


# -- never outside by rounding -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "parameter",
    [
        Float(1e-4, 0.2, log=True),
        Float(-3.07596, 0.32121),
        Float(1, 15),
        Float(-1e308, 1e308),
        Float(5e-324, 1e308, log=True),
        Float(1.0, math.nextafter(1.0, 2.0)),
        Float(1e10, math.nextafter(1e10, 2e10), log=True),
        Float(0.0, 5e-324),
        Int(-(2**62), 2**62),
        Int(1, 2**62, log=True),
    ],
)
def test_values_stay_inside_and_come_back(parameter) -> None:
    near = [0.0, 5e-324, 1e-17, 1e-9, 0.5, 1 - 1e-9, 1 - 1e-16, math.nextafter(1.0, 0.0), 1.0]
    for u in [*near, *np.random.default_rng(0).random(2000).tolist()]:
        value = parameter.decode(u)
        assert parameter.low <= value <= parameter.high
        assert parameter.check(value) == value
        assert parameter.is_plain(value)
        assert 0.0 <= parameter.encode(value) <= 1.0


# -- types ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "parameter", [Int(10, 300, step=10), Int(1, 1024, log=True), Int(1, 9, prior=stats.poisson(4))]
)
def test_ints_are_int_everywhere(parameter) -> None:
    assert {type(draw(parameter, u)) for u in UNITS} == {int}
    assert {type(parameter.decode(np.float64(u))) for u in UNITS} == {int}
    assert type(parameter.check(np.int64(20) if parameter.step == 10 else 4.0)) is int


@pytest.mark.parametrize(
    "parameter", [Float(0, 1), Float(1, 9, log=True), Float(0, 1, step=0.1), Float(prior=stats.norm())]
)
def test_floats_are_float_everywhere(parameter) -> None:
    assert {type(draw(parameter, np.float64(u))) for u in UNITS} == {float}
    assert type(parameter.check(np.float32(1))) is float
    assert type(parameter.check(1)) is float


def test_an_int_is_never_split_below_its_rounding() -> None:
    p = Int(1, 10)
    assert {p.encode(p.decode(u)) for u in np.linspace(0.3, 0.399, 50)} == {0.35}


@pytest.mark.parametrize("value", [None, "3", True, math.nan, math.inf, 3.5, 0, 11, [3], 10**400])
def test_a_value_that_is_not_allowed_is_refused_with_range_and_value(value) -> None:
    with pytest.raises(ConfigError, match="allowed: whole numbers from 1 to 10; given: "):
        Int(1, 10).check(value)
    assert not Int(1, 10).is_plain(value)


def test_a_whole_float_is_an_int() -> None:
    assert Int(1, 10).check(3.0) == 3
    assert type(Int(1, 10).check(3.0)) is int


# -- log scale -----------------------------------------------------------------------------------------------


def test_a_log_scale_gives_every_decade_the_same_share() -> None:
    values = np.array(
        [Float(1e-5, 1e-1, log=True).decode(u) for u in np.random.default_rng(0).random(20_000)]
    )
    shares = np.histogram(np.log10(values), bins=[-5, -4, -3, -2, -1])[0] / len(values)
    np.testing.assert_allclose(shares, 0.25, atol=0.02)


def test_a_log_int_gives_each_value_its_cell() -> None:
    p = Int(1, 100, log=True)
    drawn = [p.decode(u) for u in np.random.default_rng(0).random(20_000)]
    width = math.log(100.5 / 0.5)
    for value in (1, 2, 10):
        assert drawn.count(value) / len(drawn) == pytest.approx(
            math.log((value + 0.5) / (value - 0.5)) / width, rel=0.1
        )


# -- priors --------------------------------------------------------------------------------------------------


def test_a_prior_gives_the_range_where_there_is_none() -> None:
    bounded, endless = Float(prior=stats.uniform(2, 3)), Float(prior=stats.norm(0, 1))
    assert (bounded.low, bounded.high) == (2.0, 5.0)
    assert endless.low == pytest.approx(-3.29, abs=0.01)
    counts = Int(prior=stats.randint(1, 7))
    assert (counts.low, counts.high) == (1, 6)


def test_a_lognormal_prior_means_a_log_scale() -> None:
    assert Float(1e-5, 1, prior=stats.lognorm(1.0, scale=1e-3)).log
    assert Float(prior=stats.loguniform(1e-4, 1e-1)).log


def test_draws_follow_the_prior_cut_to_the_range() -> None:
    p = Float(0, 2, prior=stats.norm(0, 1))
    drawn = [draw(p, u) for u in np.random.default_rng(0).random(3000)]
    assert 0 <= min(drawn) <= max(drawn) <= 2
    assert stats.kstest(drawn, stats.truncnorm(0, 2).cdf).pvalue > 0.01


def test_draws_of_a_discrete_prior_follow_its_probabilities() -> None:
    prior = stats.poisson(3)
    p = Int(0, 12, prior=prior)
    drawn = [draw(p, u) for u in np.random.default_rng(0).random(5000)]
    for value in range(8):
        assert drawn.count(value) / len(drawn) == pytest.approx(prior.pmf(value), abs=0.02)


def test_a_space_says_what_it_holds() -> None:
    text = repr(Space(lr=Float(1e-5, 0.1, log=True), n=Int(1, 9, step=2, when="lr > 0.01")))
    assert "lr: numbers from 1e-05 to 0.1, log scale" in text
    assert "n: whole numbers from 1 to 9 in steps of 2, when lr > 0.01" in text
