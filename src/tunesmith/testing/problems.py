"""Small search problems that between them hold everything a space can hold; for contract tests of methods.

Each has one objective: the squared distance from a target in the unit cube, so that its optimum is known.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from tunesmith.space import Choice, Config, Float, Int, Space


@dataclass(frozen=True)
class Problem:
    """A space and an objective.

    Args:
        name: Word for the test's name.
        make: Makes the space anew.
        target: Coordinate of the optimum in every dimension of the unit cube.
    """

    name: str
    make: Callable[[], Space]
    target: float = 0.3

    def objective(self, space: Space) -> Callable[[Config], float]:
        """Make the function to be minimised over a space that `make` made."""
        return lambda config: float(np.nansum((space.encode(config) - self.target) ** 2))


class Relu:
    """A class given as an option."""


class Tanh:
    """Another class given as an option."""


class Opaque:
    """Something without a readable name, which needs a label."""


OPAQUE = Opaque()


def _floats() -> Space:
    return Space(x=Float(-3.07596, 0.32121), y=Float(1, 15), z=Float(0.0, 1.0, default=0.5))


def _logs() -> Space:
    return Space(
        lr=Float(1e-4, 0.2, log=True), decay=Float(1e-12, 1e-1, log=True), units=Int(1, 1024, log=True)
    )


def _ints() -> Space:
    return Space(a=Int(1, 10), b=Int(-50, 50), trees=Int(10, 300, step=10))


def _steps() -> Space:
    return Space(
        p=Float(0, 1, step=0.1),
        angle=Float(-math.pi / 4, 15 * math.pi / 4, step=math.pi / 2),
        lr=Float(0.001, 0.512, step=0.001, log=True),
    )


def _mixed_choices() -> Space:
    return Space(
        a=Choice(["adam", 1, 2.5, (1, 2), None, True]),
        b=Choice(["x", "y", "z"]),
        size=Choice([16, 32, 64, 128], ordered=True, default=32),
        x=Float(0, 1),
    )


def _objects() -> Space:
    return Space(
        layers=Choice([(0,), (1, 2), (2, 3, 4)]),
        options=Choice([{"a": 1}, {"a": 2}]),
        activation=Choice([Relu, Tanh]),
        other=Choice({"opaque": OPAQUE, "none": None}),
    )


def _branches() -> Space:
    return Space(
        kernel=Choice(["linear", "rbf", "poly"]),
        gamma=Float(1e-4, 10, log=True, when={"kernel": ["rbf", "poly"]}),
        degree=Int(2, 5, when={"kernel": "poly"}),
        c=Float(1e-3, 1e3, log=True),
    )


def _nested() -> Space:
    return Space(
        model=Choice(["tree", "net"]),
        layers=Int(1, 3, when={"model": "net"}),
        width_2=Int(8, 64, when="layers >= 2"),
        width_3=Int(8, 64, when="layers >= 3"),
        dropout=Choice([False, True], when={"layers": [2, 3]}),
        rate=Float(0.1, 0.9, when={"dropout": True}),
        depth=Int(1, 8, when={"model": "tree"}),
    )


def _constrained() -> Space:
    space = Space(x=Float(0, 1), y=Float(0, 1), layers=Int(1, 8), lr=Float(1e-4, 1, log=True))
    space.require("x < y").require("layers * lr < 0.5")
    return space.require(lambda config: config["x"] + config["y"] > 0.2)


def _constrained_finite() -> Space:
    return Space(a=Int(1, 10), b=Int(1, 10), c=Choice(["u", "v"])).require("a + b <= 6")


def _one_option() -> Space:
    return Space(only=Choice(["only"]), x=Float(0, 1))


def _constants() -> Space:
    return Space(
        a=Float(0.123, 0.123), b=Int(3, 3), c=Int(1, 1, log=True), d=Choice([None]), e=Float(2, 2, step=0.5)
    )


def _one_int() -> Space:
    return Space(n=Int(1, 2))


def _one_float() -> Space:
    return Space(x=Float(-1, 1))


def _flags() -> Space:
    return Space({f"flag_{k}": Choice([False, True]) for k in range(60)})


def _wide() -> Space:
    made: dict[str, Any] = {}
    for k in range(50):
        made[f"float_{k}"] = Float(0, 1)
        made[f"log_{k}"] = Float(1e-6, 1, log=True)
        made[f"int_{k}"] = Int(0, 100)
        made[f"choice_{k}"] = Choice(["a", "b", "c"])
    return Space(made)


def _finite() -> Space:
    return Space(a=Int(1, 5), b=Choice(["p", "q", "r", "s"]), c=Float(0, 1, step=0.25))


def _finite_conditional() -> Space:
    return Space(
        a=Choice(["x", "y"]), b=Int(1, 3, when={"a": "y"}), c=Choice([True, None], when="b >= 2"), d=Int(0, 1)
    )


def _priors() -> Space:
    from scipy import stats

    return Space(
        x=Float(prior=stats.norm(0, 1)),
        lr=Float(1e-5, 1.0, prior=stats.lognorm(1.0, scale=1e-3)),
        n=Int(1, 50, prior=stats.poisson(12)),
        free=Float(0, 1),
    )


PROBLEMS: tuple[Problem, ...] = (
    Problem("floats", _floats, target=1.0),
    Problem("logs", _logs, target=0.0),
    Problem("ints", _ints),
    Problem("steps", _steps, target=1.0),
    Problem("mixed_choices", _mixed_choices),
    Problem("objects", _objects),
    Problem("branches", _branches),
    Problem("nested", _nested),
    Problem("constrained", _constrained),
    Problem("constrained_finite", _constrained_finite),
    Problem("one_option", _one_option),
    Problem("constants", _constants),
    Problem("one_int", _one_int),
    Problem("one_float", _one_float),
    Problem("flags", _flags),
    Problem("wide", _wide),
    Problem("finite", _finite),
    Problem("finite_conditional", _finite_conditional),
    Problem("priors", _priors),
)
