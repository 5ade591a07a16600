"""What holds for every parameter and every space, over many that hypothesis makes up."""

import json
import math
from itertools import pairwise, product
from typing import Any

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tunesmith.errors import SpaceError
from tunesmith.space import Choice, Float, Int, Parameter, Space
from tunesmith.space.expression import Expression, parse
from tunesmith.space.parameters import draw
from tunesmith.space.stored import space_from_dict

# Derandomized, so that a run says the same every time; the machine may be busy.
calm = settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
units = st.floats(0.0, 1.0)
scalars = st.none() | st.booleans() | st.integers(-5, 5) | st.floats(-5, 5) | st.text("abü .", max_size=3)


@st.composite
def floats(draw_: st.DrawFn) -> Float:
    log = draw_(st.booleans())
    least = 5e-324 if log else -1e308
    ends = sorted(draw_(st.lists(st.floats(least, 1e308), min_size=2, max_size=2)))
    return Float(*ends, log=log)


@st.composite
def stepped(draw_: st.DrawFn) -> Float:
    digits = draw_(st.integers(0, 4))
    step = round(draw_(st.integers(1, 50)) * 10.0**-digits, digits)
    low = round(draw_(st.integers(-1000, 1000)) * 10.0**-digits, digits)
    count = draw_(st.integers(1, 60))
    high = round(low + count * step, digits)
    return Float(low, high, step=step, log=low > 0 and draw_(st.booleans()))


@st.composite
def ints(draw_: st.DrawFn, most: int = 10**9) -> Int:
    log = draw_(st.booleans())
    low = draw_(st.integers(1 if log else -most, most))
    step = draw_(st.integers(1, 7))
    return Int(low, low + step * draw_(st.integers(0, most // step)), log=log, step=step)


@st.composite
def choices(draw_: st.DrawFn) -> Choice:
    options = draw_(st.lists(scalars | st.tuples(scalars, scalars), min_size=1, max_size=6, unique_by=repr))
    try:
        return Choice(options, ordered=draw_(st.booleans()))
    except SpaceError:  # 0.0 and -0.0 are one option
        return Choice([*range(len(options))])


parameters: st.SearchStrategy[Parameter] = floats() | stepped() | ints() | choices()


@calm
@given(parameters, units)
def test_decoded_values_are_valid_plain_and_inside(p: Parameter, u: float) -> None:
    value = p.decode(u)
    assert p.check(value) is value or (p.check(value) == value and type(p.check(value)) is type(value))
    if not isinstance(p, Choice):
        assert p.low <= value <= p.high
        assert type(value) is (int if isinstance(p, Int) else float)
    assert draw(p, u) is value or draw(p, u) == value  # without a prior the same


@calm
@given(parameters, units)
def test_encoding_undoes_decoding(p: Parameter, u: float) -> None:
    value = p.decode(u)
    back = p.decode(p.encode(value))
    assert 0.0 <= p.encode(value) <= 1.0
    if p.size is not None:
        assert back is value or back == value
    elif isinstance(p, Float):
        width = math.log(p.high) - math.log(p.low) if p.log else p.high / 2 - p.low / 2
        off = math.log(back) - math.log(value) if p.log else back / 2 - value / 2
        assert abs(off) <= 1e-9 * width + 1e-12 * (abs(math.log(value)) if p.log else abs(value))


@calm
@given(stepped() | ints(most=30) | choices())
def test_values_have_positions_and_rise(p: Parameter) -> None:
    assert p.size is not None
    values = [p.value_at(k) for k in range(p.size)]
    assert [p.decode(p.encode(v)) for v in values] == values
    codes = [p.encode(v) for v in values]
    assert all(a < b for a, b in pairwise(codes))
    if not isinstance(p, Choice):
        assert all(a < b for a, b in pairwise(values))
        assert (values[0], values[-1]) == (p.low, p.high)
    assert all(p.is_plain(v) for v in values if type(v) in (int, str, bool, type(None)))


@calm
@given(stepped())
def test_stepped_values_are_as_clean_as_the_step(p: Float) -> None:
    assert p.step is not None
    assert p.size is not None
    digits = max(len(repr(v).partition(".")[2]) for v in (p.low, p.step, p.high))
    for k in range(p.size):
        assert p.value_at(k) == round(p.value_at(k), digits)


# -- whole spaces --------------------------------------------------------------------------------------------


@st.composite
def finite_spaces(draw_: st.DrawFn) -> Space:
    """Up to six parameters with few values, some under conditions on earlier ones."""
    made: dict[str, Parameter] = {}
    for k in range(draw_(st.integers(1, 6))):
        when: Any = None
        if made and draw_(st.booleans()):
            parent = draw_(st.sampled_from(sorted(made)))
            of = made[parent]
            assert of.size is not None
            picked = draw_(st.lists(st.integers(0, of.size - 1), min_size=1, max_size=2, unique=True))
            when = {parent: [of.value_at(i) for i in picked]}
            if isinstance(of, Int) and draw_(st.booleans()):
                when = f"{parent} >= {of.value_at(picked[0])}"
                other = draw_(st.sampled_from(sorted(made)))
                if isinstance(made[other], Int):
                    when += f" or {other} < {parent}"
        if draw_(st.booleans()):
            made[f"p{k}"] = Int(0, draw_(st.integers(0, 3)), when=when)
        else:
            made[f"p{k}"] = Choice(["a", None, True][: draw_(st.integers(1, 3))], when=when)
    return Space(made)


@calm
@given(finite_spaces())
def test_counting_agrees_with_brute_force(space: Space) -> None:
    found = set()
    for combination in product(*(map(p.value_at, range(p.size or 0)) for p in space.parameters.values())):
        config: dict[str, Any] = {}
        for name, value in zip(space.names, combination, strict=True):
            if space.is_active(name, config):
                config[name] = value
        found.add(space.key(config))
    counter = space.counter()
    keys = [space.key(config) for config in counter]
    assert len(keys) == len(set(keys)) == counter.total
    assert set(keys) == found
    assert all(not space.unfit(config) for config in counter)


@calm
@given(finite_spaces(), st.data())
def test_spaces_and_configs_come_back_from_json(space: Space, data: st.DataObject) -> None:
    back = space_from_dict(json.loads(json.dumps(space.to_dict(), allow_nan=False)))
    assert back == space
    u = data.draw(st.lists(units, min_size=len(space), max_size=len(space)))
    config = space.decode(u)
    assert space.check(config) == config
    assert not space.unfit(config)
    assert back.from_stored(json.loads(json.dumps(space.to_stored(config)))) == config
    again = space.decode(np.nan_to_num(space.encode(config)))
    assert again == config
    assert list(again) == [n for n in space.names if n in config]


@calm
@given(finite_spaces(), st.data())
def test_any_part_of_a_config_is_a_partial_config(space: Space, data: st.DataObject) -> None:
    u = st.lists(units, min_size=len(space), max_size=len(space))
    config = space.decode(data.draw(u))
    names = data.draw(st.lists(st.sampled_from(list(config)), unique=True))
    partial = space.check({n: config[n] for n in names}, partial=True)
    assert partial.items() >= {n: config[n] for n in names}.items()
    assert not space.unfit(space.draw(data.draw(u), partial))


# -- expressions ---------------------------------------------------------------------------------------------

ATOMS = st.sampled_from(["x", "y", "1", "2.5", "'a'", "None", "True", "(1, 2)", "`a.b`", "[x]"])
OPERATORS = st.sampled_from(
    [
        "+",
        "-",
        "*",
        "/",
        "//",
        "%",
        "**",
        "<",
        "<=",
        "==",
        "!=",
        ">",
        "and",
        "or",
        "in",
        "not in",
        "is",
        "is not",
    ]
)
texts = st.recursive(
    ATOMS,
    lambda inner: (
        st.tuples(inner, OPERATORS, inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})")
        | inner.map(lambda t: f"(not {t})")
        | inner.map(lambda t: f"(-{t})")
        | st.tuples(st.sampled_from(["abs", "min", "max", "round", "len", "sum", "exp", "log"]), inner).map(
            lambda t: f"{t[0]}({t[1]})"
        )
        | st.tuples(inner, inner, inner).map(lambda t: f"({t[0]} if {t[1]} else {t[2]})")
    ),
    max_leaves=12,
)


@calm
@given(texts)
def test_an_expression_gives_a_truth_or_one_error(text: str) -> None:
    expression = parse(text, ["x", "y", "a.b"])
    assert outcome(expression, {"x": 3, "y": 0.5, "a.b": "a"}) in (True, False, "cannot be computed")


@calm
@given(st.text(alphabet="xy01.+-*/%<>=!()[]{}'\"`,: \\\n_abceflnorst", max_size=40))
def test_any_text_is_an_expression_or_one_error(text: str) -> None:
    try:
        expression = parse(text, ["x", "y"])
    except SpaceError:
        return
    assert outcome(expression, {"x": 3, "y": 0.5}) in (True, False, "cannot be computed")


def outcome(expression: Expression, config: dict[str, Any]) -> bool | str:
    try:
        return expression(config)
    except SpaceError as error:
        return "cannot be computed" if "cannot be computed" in str(error) else str(error)
