"""Effects of one and two parameters: right values, honest intervals, on the parameter's own scale."""

import math
from typing import Any

import numpy as np
import pytest

from tunesmith.analysis.effects import Effects
from tunesmith.errors import SpaceError
from tunesmith.space import Choice, Float, Int, Space

MIXED = Space(
    lr=Float(1e-4, 1e-1, log=True),
    kind=Choice(["sgd", "adam"]),
    momentum=Float(0, 0.99, when={"kind": "sgd"}),
    layers=Int(1, 6),
    fixed=Choice(["only"]),
)


def loss(c: dict[str, Any]) -> float:
    return (math.log10(c["lr"]) + 2.5) ** 2 + (0.5 if c["kind"] == "sgd" else 0.0) + 0.1 * c["layers"]


def test_a_curve_has_its_shape_and_its_level(make: Any) -> None:
    space = Space(x=Float(-1, 1), y=Float(-1, 1))
    found = Effects(make(space, lambda c: c["x"] ** 2 + c["y"], 60)).one("x")
    assert found is not None
    at = np.array(found.at)
    assert (at[0], at[-1]) == (-1.0, 1.0)
    assert found.value == pytest.approx(at**2, abs=0.08)  # y is 0 on average
    assert (found.low <= found.value).all()
    assert (found.value <= found.high).all()


def test_the_interval_is_wide_where_nothing_was_tried(make: Any) -> None:
    space = Space(x=Float(0, 1))
    history = make(space, lambda c: None if c["x"] > 0.5 else math.sin(9 * c["x"]), 60)
    found = Effects(history).one("x")
    assert found is not None
    width = found.high - found.low
    assert width[-3:].mean() > 5.0 * width[3:10].mean()


def test_scales_are_those_of_the_parameters(make: Any) -> None:
    effects = Effects(make(MIXED, loss, 80))
    lr, kind, layers, momentum = (effects.one(n) for n in ("lr", "kind", "layers", "momentum"))
    assert lr is not None
    assert kind is not None
    assert layers is not None
    assert momentum is not None
    assert lr.is_log
    assert np.log10(lr.at)[[0, 12, -1]] == pytest.approx([-4.0, -2.5, -1.0], abs=0.01)
    assert abs(math.log10(lr.at[int(lr.value.argmin())]) + 2.5) < 0.3
    assert kind.at == ("sgd", "adam")
    assert kind.value[0] - kind.value[1] == pytest.approx(0.5, abs=0.2)
    assert layers.at == (1, 2, 3, 4, 5, 6)
    assert all(type(v) is int for v in layers.at)
    assert "sgd" in momentum.condition
    assert kind.condition == ""


def test_maximising_shows_values_in_the_direction_of_the_study(make: Any) -> None:
    space = Space(x=Float(0, 1))
    found = Effects(make(space, lambda c: 3.0 + c["x"], 20, direction="maximize")).one("x")
    assert found is not None
    assert found.value == pytest.approx(3.0 + np.array(found.at), abs=0.1)
    assert (found.low <= found.high).all()


def test_two_parameters_together(make: Any) -> None:
    space = Space(x=Float(-1, 1), y=Float(-1, 1))
    found = Effects(make(space, lambda c: c["x"] * c["y"], 80)).two("x", "y")
    assert found is not None
    x, y = (np.array(at) for at in found.at)
    assert found.value.shape == (15, 15)
    assert found.value == pytest.approx(np.outer(x, y), abs=0.2)
    assert (found.deviation >= 0.0).all()


def test_far_values_do_not_make_the_map_useless(make: Any) -> None:
    space = Space(x=Float(0, 1), y=Float(0, 1))
    history = make(space, lambda c: math.exp(12.0 * c["x"]) if c["x"] > 0.8 else c["y"], 64)
    found = Effects(history).two("x", "y")
    assert found is not None
    assert np.isfinite(found.value).all()
    assert found.value.max() < 1.01 * math.exp(12.0)


def test_where_there_is_none(make: Any) -> None:
    few = Effects(make(MIXED, loss, 2))
    assert not few.is_known
    assert few.one("lr") is None
    effects = Effects(make(MIXED, loss, 40))
    assert effects.is_known
    assert effects.one("fixed") is None
    assert effects.two("lr", "fixed") is None
    assert effects.two("lr", "lr") is None
    assert not Effects(make(MIXED, lambda c: 1.0, 40)).is_known
    with pytest.raises(SpaceError, match="momentun"):
        effects.one("momentun")
    with pytest.raises(SpaceError, match="given: \\['lr'\\]"):
        effects.one(["lr"])  # type: ignore[arg-type]


def test_parameters_never_active_together_have_no_map(make: Any) -> None:
    space = Space(
        kind=Choice(["a", "b"]), x=Float(0, 1, when={"kind": "a"}), y=Float(0, 1, when={"kind": "b"})
    )
    effects = Effects(make(space, lambda c: c.get("x", 0.5) + c.get("y", 0.2), 40))
    assert effects.two("x", "y") is None
    assert effects.two("kind", "x") is not None


def test_many_options_and_long_ranges_are_thinned(make: Any) -> None:
    space = Space(tag=Choice([f"o{k}" for k in range(90)]), n=Int(1, 10_000))
    effects = Effects(make(space, lambda c: c["n"] / 1e4, 60))
    tag, n = effects.one("tag"), effects.one("n")
    assert tag is not None
    assert n is not None
    assert len(tag.at) == 40
    assert len(n.at) == 25
    assert (n.at[0], n.at[-1]) == (1, 10_000)


@pytest.mark.filterwarnings("error")
def test_whole_numbers_beyond_64_bits_keep_their_scale(make: Any) -> None:
    space = Space(n=Int(0, 10**40), x=Float(0, 1))
    found = Effects(make(space, lambda c: c["n"] / 1e40 + c["x"], 30)).one("n")
    assert found is not None
    assert found.at[0] == 0
    assert found.at[-1] == pytest.approx(1e40)
    assert list(found.at) == sorted(set(found.at))
