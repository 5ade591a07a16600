"""Indices of functions that are known: against what mathematics says of them."""

import numpy as np
import pytest

from tunesmith.analysis import anova
from tunesmith.learning.encoding import Encoding
from tunesmith.learning.scales import Floats
from tunesmith.space import Choice, Float, Int, Space


def ishigami(Z: Floats) -> Floats:
    x = np.pi * (2.0 * Z - 1.0)
    return (np.sin(x[:, 0]) + 7.0 * np.sin(x[:, 1]) ** 2 + 0.1 * x[:, 2] ** 4 * np.sin(x[:, 0]))[:, None]


def g_function(Z: Floats) -> Floats:
    a = np.array([0.0, 1.0, 4.5, 9.0])
    return np.asarray(((np.abs(4.0 * Z - 2.0) + a) / (1.0 + a)).prod(axis=1))[:, None]


def cube(parameters: int) -> Encoding:
    return Encoding(Space({f"x{k}": Float(0.0, 1.0) for k in range(parameters)}))


def found(encoding: Encoding, function: anova.Functions) -> anova.Indices:
    X = anova.draw_backgrounds(encoding, 4096, np.random.default_rng(0))
    return anova.indices(encoding, function, X, anova.background_count(encoding))


def test_ishigami() -> None:
    # Ishigami and Homma 1990: V = 13.845; S = 0.3139, 0.4424, 0; T = 0.5576, 0.4424, 0.2437.
    got = found(cube(3), ishigami)
    assert got.variance[0] == pytest.approx(13.845, rel=0.02)
    assert got.main[:, 0] / 13.845 == pytest.approx([0.3139, 0.4424, 0.0], abs=0.03)
    assert got.total[:, 0] / 13.845 == pytest.approx([0.5576, 0.4424, 0.2437], abs=0.04)
    assert got.shares[:, 0] == pytest.approx([0.4358, 0.4424, 0.1218], abs=0.03)


def test_the_g_function() -> None:
    # Saltelli and Sobol 1995: V_i = 1 / (3 (1 + a_i)²), V = Π (1 + V_i) - 1.
    V = 1.0 / (3.0 * (1.0 + np.array([0.0, 1.0, 4.5, 9.0])) ** 2)
    whole = (1.0 + V).prod() - 1.0
    got = found(cube(4), g_function)
    assert got.variance[0] == pytest.approx(whole, rel=0.03)
    assert got.main[:, 0] / whole == pytest.approx(V / whole, abs=0.03)
    total = V * (1.0 + whole) / (1.0 + V)
    assert got.total[:, 0] / whole == pytest.approx(total / whole, abs=0.03)


def test_what_two_do_together() -> None:
    encoding = cube(3)
    X = anova.draw_backgrounds(encoding, 64, np.random.default_rng(1))
    pairs = ((0, 1), (0, 2), (1, 2))
    together = [anova.pair_index(encoding, ishigami, X, pair)[0] / 13.845 for pair in pairs]
    assert together == pytest.approx([0.0, 0.2437, 0.0], abs=0.07)  # the ends of x⁴ lie between its values


def test_shares_are_shares_and_nothing_has_none() -> None:
    encoding = cube(2)
    assert found(encoding, lambda Z: np.zeros((len(Z), 3))).shares.tolist() == [[0.0] * 3] * 2
    shares = found(encoding, lambda Z: Z).shares
    assert shares == pytest.approx(np.eye(2), abs=0.02)


def test_a_choice_of_two_counts_by_what_its_options_differ() -> None:
    encoding = Encoding(Space(kind=Choice(["a", "b"]), n=Int(1, 4)))
    # Var of 2 [kind = b] is 1; of n's place on its scale, 0, 1/3, 2/3, 1: 5/36.
    got = found(encoding, lambda Z: 2.0 * Z[:, :1] + Z[:, 1:2])
    assert got.main[:, 0] == pytest.approx([1.0, 5.0 / 36.0], abs=0.02)


def test_a_conditional_parameter_counts_where_it_is_active() -> None:
    space = Space(kind=Choice(["a", "b", "c", "d"], ordered=True), x=Float(0, 1, when={"kind": "a"}))
    encoding = Encoding(space)
    got = found(encoding, lambda Z: Z[:, 1:2])
    # Uniform on a quarter of the space: (1/12) / 4.
    assert got.main[1, 0] == pytest.approx(1.0 / 48.0, rel=0.1)


def test_values_of_a_parameter_stand_for_all_evenly() -> None:
    encoding = Encoding(Space(n=Int(1, 3), x=Float(0, 1), lr=Float(1e-4, 1, log=True)))
    assert anova.values_of(encoding, 0, 12) == pytest.approx([1 / 6, 0.5, 5 / 6])
    assert len(anova.values_of(encoding, 1, 12)) == 12
    assert anova.values_of(encoding, 2, 12).mean() == pytest.approx(0.5)
