"""Functions with known optima, of every kind that a search meets; the family "syn" of `tasks.py`.

Where a function is built for this benchmark its loss is a sum of parts that are 0 at one config, so the
optimum is 0. No optimum lies at the middle of its space.
"""

import math
from collections.abc import Callable
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
from tasks import Config, Observe, Task

import tunesmith as ts

Function = Callable[[np.ndarray], float]

HARTMANN = np.array([1.0, 1.2, 3.0, 3.2])
HARTMANN_A = np.array(
    [
        [10, 3, 17, 3.5, 1.7, 8],
        [0.05, 10, 17, 0.1, 8, 14],
        [3, 3.5, 1.7, 10, 17, 8],
        [17, 8, 0.05, 10, 0.1, 14],
    ]
)
HARTMANN_P = np.array(
    [
        [0.1312, 0.1696, 0.5569, 0.0124, 0.8283, 0.5886],
        [0.2329, 0.4135, 0.8307, 0.3736, 0.1004, 0.9991],
        [0.2348, 0.1451, 0.3522, 0.2883, 0.3047, 0.6650],
        [0.4047, 0.8828, 0.8732, 0.5743, 0.1091, 0.0381],
    ]
)
HARTMANN_OPTIMUM = -3.322368
HUGE = 1e9  # what a network that diverged reports
MEMORY_OPTIMUM = 0.05 * (10 - math.log2(7))  # width 4096, layers 64, batch 7


def branin(x: np.ndarray) -> float:
    a = x[1] - 5.1 / (4 * np.pi**2) * x[0] ** 2 + 5 / np.pi * x[0] - 6
    return float(a**2 + 10 * (1 - 1 / (8 * np.pi)) * np.cos(x[0]) + 10)


def hartmann6(x: np.ndarray) -> float:
    return float(-(HARTMANN * np.exp(-(HARTMANN_A * (x[:6] - HARTMANN_P) ** 2).sum(axis=1))).sum())


def ackley(x: np.ndarray) -> float:
    near = 20 * np.exp(-0.2 * np.sqrt((x**2).mean()))
    return float(20 - near + np.e - np.exp(np.cos(2 * np.pi * x).mean()))


def rosenbrock(x: np.ndarray) -> float:
    return float((100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum())


def levy(x: np.ndarray) -> float:
    w = 1 + (x - 1) / 4
    inner = ((w[:-1] - 1) ** 2 * (1 + 10 * np.sin(np.pi * w[:-1] + 1) ** 2)).sum()
    ends = np.sin(np.pi * w[0]) ** 2 + (w[-1] - 1) ** 2 * (1 + np.sin(2 * np.pi * w[-1]) ** 2)
    return float(inner + ends)


def corner(x: np.ndarray) -> float:
    """Four of six coordinates are best at a bound, with slopes that differ."""
    target = np.array([0.0, 1.0, 0.0, 1.0, 0.3, 0.65])
    slope = np.array([1.0, 0.3, 3.0, 1.0, 4.0, 8.0])
    power = np.array([1.0, 1.0, 1.0, 2.0, 2.0, 2.0])
    return float((slope * np.abs(x - target) ** power).sum())


def box(low: list[float], high: list[float]) -> ts.Space:
    return ts.Space({f"x{i}": ts.Float(a, b) for i, (a, b) in enumerate(zip(low, high, strict=True))})


def plain(function: Function, space: ts.Space, optimum: float, noise: float = 0.0) -> Callable[[str], Task]:
    """Maker of a task whose config is a vector."""

    def true(config: Config) -> float:
        return function(np.array(list(config.values())))

    return lambda name: Task(name, space, true, noisy(true, noise), optimum)


def noisy(true: Callable[[Config], float], deviation: float) -> Observe | None:
    if not deviation:
        return None
    return lambda config, rng: true(config) + deviation * float(rng.standard_normal())


# -- mixed and conditional spaces --------------------------------------------------------------------------


def network_space() -> ts.Space:
    return ts.Space(
        lr=ts.Float(1e-6, 1.0, log=True),
        decay=ts.Float(1e-8, 1e-1, log=True),
        layers=ts.Int(1, 12),
        width=ts.Int(8, 2048, log=True),
        dropout=ts.Float(0.0, 0.8),
        optimizer=ts.Choice(["sgd", "adam", "rmsprop"]),
        activation=ts.Choice(["relu", "tanh", "gelu", "sigmoid"]),
        is_normed=ts.Choice([False, True]),
    )


def network(c: Config) -> float:
    """Like a network's loss: the learning rate depends on the optimizer, depth and width trade off."""
    lr = math.log10(c["lr"]) - {"sgd": -1.0, "adam": -2.8, "rmsprop": -3.3}[c["optimizer"]]
    size = math.log2(c["width"]) + 0.5 * c["layers"]
    return (
        0.3 * lr**2 / (1 + 0.2 * abs(lr))
        + 0.05 * (math.log10(c["decay"]) + 4.4) ** 2
        + 0.08 * (size - math.log2(200) - 2.0) ** 2 * (1 if size < 9.6 else 0.4)
        + 0.6 * (c["dropout"] - 0.17) ** 2
        + {"sgd": 0.12, "adam": 0.0, "rmsprop": 0.05}[c["optimizer"]]
        + {"relu": 0.03, "tanh": 0.2, "gelu": 0.0, "sigmoid": 0.5}[c["activation"]]
        + (0.0 if c["is_normed"] else 0.1 + 0.02 * c["layers"])
        + 0.01 * abs(c["layers"] - 4)
    )


def branches_space() -> ts.Space:
    return ts.Space(
        branch=ts.Choice(["a", "b", "c"]),
        a0=ts.Float(-1, 1, when={"branch": "a"}),
        b0=ts.Float(-1, 1, when={"branch": "b"}),
        b1=ts.Float(1e-4, 1, log=True, when={"branch": "b"}),
        c0=ts.Float(-1, 1, when={"branch": "c"}),
        c1=ts.Float(1e-4, 1, log=True, when={"branch": "c"}),
        c2=ts.Int(1, 30, when={"branch": "c"}),
        shared=ts.Float(0, 1),
    )


def branches(c: Config) -> float:
    """Three branches; the best one has most parameters and is bad away from its optimum."""
    shared = (c["shared"] - 0.62) ** 2
    if c["branch"] == "a":
        return 0.25 + 0.3 * (c["a0"] + 0.4) ** 2 + 0.5 * shared
    if c["branch"] == "b":
        return 0.12 + (c["b0"] - 0.3) ** 2 + 0.1 * (math.log10(c["b1"]) + 1) ** 2 + shared
    far = (c["c0"] + 0.55) ** 2 + 0.2 * (math.log10(c["c1"]) + 2.7) ** 2 + 0.01 * (c["c2"] - 21) ** 2 / 4
    return float(1.5 * far + shared)


def pipeline_space() -> ts.Space:
    return ts.Space(
        scaler=ts.Choice(["none", "standard", "quantile"]),
        quantiles=ts.Int(10, 1000, log=True, when={"scaler": "quantile"}),
        model=ts.Choice(["linear", "forest", "net"]),
        alpha=ts.Float(1e-6, 1e2, log=True, when={"model": "linear"}),
        trees=ts.Int(10, 500, log=True, when={"model": "forest"}),
        depth=ts.Int(2, 30, when={"model": "forest"}),
        solver=ts.Choice(["adam", "sgd"], when={"model": "net"}),
        lr=ts.Float(1e-5, 1.0, log=True, when={"model": "net"}),
        momentum=ts.Float(0.0, 0.99, when={"solver": "sgd"}),
        layers=ts.Int(1, 5, when={"model": "net"}),
    )


def pipeline(c: Config) -> float:
    """Conditions two deep, and a scaler that matters for some models only."""
    fit = {"none": 0.5, "standard": 0.0, "quantile": 0.08}[c["scaler"]]
    if c["scaler"] == "quantile":
        fit += 0.02 * (math.log10(c["quantiles"]) - 2.0) ** 2
    if c["model"] == "linear":
        return 0.45 + 0.3 * fit + 0.01 * (math.log10(c["alpha"]) + 1) ** 2
    if c["model"] == "forest":
        few = 0.15 * (math.log10(500) - math.log10(c["trees"]))
        return 0.2 + 0.05 * fit + few + 0.002 * (c["depth"] - 14) ** 2 / 4
    off = math.log10(c["lr"]) - (-2.6 if c["solver"] == "adam" else -1.2)
    net = fit + 0.25 * off**2 / (1 + 0.3 * abs(off)) + 0.04 * abs(c["layers"] - 3)
    return net if c["solver"] == "adam" else 0.06 + net + 0.8 * (c["momentum"] - 0.9) ** 2


# -- options only, and failures ----------------------------------------------------------------------------


def words(sizes: list[int], seed: int) -> Callable[[str], Task]:
    """Maker of a task of options only: main effects of unequal weight, and effects of pairs."""
    space = ts.Space({f"p{j}": ts.Choice([f"v{k}" for k in range(m)]) for j, m in enumerate(sizes)})

    def make(name: str) -> Task:
        rng = np.random.default_rng(seed)
        weights = rng.lognormal(0.0, 1.0, len(sizes))
        main = [w * rng.standard_normal(m) for w, m in zip(weights, sizes, strict=True)]
        pairs: dict[tuple[int, int], Any] = {
            (i, j): 0.6 * np.sqrt(weights[i] * weights[j]) * rng.standard_normal((sizes[i], sizes[j]))
            for i in range(len(sizes))
            for j in range(i)
            if rng.random() < 0.5
        }

        def value(places: tuple[int, ...]) -> float:
            alone = sum(effect[k] for effect, k in zip(main, places, strict=True))
            return float(alone + sum(effect[places[i], places[j]] for (i, j), effect in pairs.items()))

        every = np.array([value(places) for places in product(*map(range, sizes))])
        return Task(name, space, lambda c: value(tuple(int(v[1:]) for v in c.values())), every=every)

    return make


def cliff(d: int) -> Callable[[str], Task]:
    """Maker of a task whose optimum lies on the border beyond which every config fails."""
    target = np.linspace(0.51, 0.9, d)

    def true(config: Config) -> float:
        x = np.array(list(config.values()))
        return math.inf if x[0] > 0.5 else float(((x - target) ** 2).sum())

    return lambda name: Task(name, box([0.0] * d, [1.0] * d), true, optimum=0.01**2)


def memory_space() -> ts.Space:
    return ts.Space(
        width=ts.Int(8, 4096, log=True),
        layers=ts.Int(1, 64),
        batch=ts.Int(1, 1024, log=True),
        lr=ts.Float(1e-5, 1.0, log=True),
    )


def memory(c: Config) -> float:
    """Larger is better until memory runs out, whatever the learning rate is."""
    if c["width"] * c["layers"] * c["batch"] > 2e6:
        return math.inf
    size = (
        0.15 * (12 - math.log2(c["width"])) + 0.01 * (64 - c["layers"]) + 0.05 * (10 - math.log2(c["batch"]))
    )
    return size + 0.2 * (math.log10(c["lr"]) + 2.5) ** 2


def flaky(make: Callable[[str], Task], share: float, loss: float = math.inf) -> Callable[[str], Task]:
    """Maker of the task of another, of which a share of trials fail or end with one loss, by chance."""

    def made(name: str) -> Task:
        task = make(name)
        return replace(task, observe=lambda c, rng: loss if rng.random() < share else task.loss(c, rng))

    return made


def _network(name: str) -> Task:
    return Task(name, network_space(), network, optimum=0.0)


FUNCTIONS: dict[str, Callable[[str], Task]] = {
    "branin": plain(branin, box([-5, 0], [10, 15]), 0.397887),
    "hartmann6": plain(hartmann6, box([0] * 6, [1] * 6), HARTMANN_OPTIMUM),
    "ackley5": plain(ackley, box([-20] * 5, [32.768] * 5), 0.0),
    "rosenbrock4": plain(rosenbrock, box([-5] * 4, [10] * 4), 0.0),
    "levy8": plain(levy, box([-7] * 8, [12] * 8), 0.0),
    "corner6": plain(corner, box([0] * 6, [1] * 6), 0.0),
    "six_of_twenty": plain(hartmann6, box([0] * 20, [1] * 20), HARTMANN_OPTIMUM),
    "noisy_branin": plain(branin, box([-5, 0], [10, 15]), 0.397887, noise=5.0),
    "noisy_hartmann6": plain(hartmann6, box([0] * 6, [1] * 6), HARTMANN_OPTIMUM, noise=0.3),
    "network": _network,
    "branches": lambda name: Task(name, branches_space(), branches, optimum=0.0),
    "pipeline": lambda name: Task(name, pipeline_space(), pipeline, optimum=0.0),
    "words6": words([5, 5, 5, 5, 5, 5], seed=1),
    "words12": words([2] * 8 + [3] * 4, seed=2),
    "cliff3": cliff(3),
    "memory": lambda name: Task(name, memory_space(), memory, optimum=MEMORY_OPTIMUM),
    "flaky_hartmann6": flaky(plain(hartmann6, box([0] * 6, [1] * 6), HARTMANN_OPTIMUM), 0.25),
    "diverging_network": flaky(_network, 0.08, HUGE),
}
