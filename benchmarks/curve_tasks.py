"""Tables of real learning curves, the tasks of `fidelity.py`, and what their steps cost.

| family | what | a step is | parameters |
|---|---|---|---|
| mlp | scikit-learn's multi-layer perceptron | an epoch | 6 |
| lightgbm | LightGBM | a round of trees | 4 |

Each is trained on data sets that come with scikit-learn: digits, cancer and diabetes, LightGBM also on parity
(odd and even digits); `make_curves.py` did so. A table, `curves/FAMILY-DATA.npz`, has the validation loss
after every step of every config of a grid, so that whatever a search asks for was really trained; nothing is
interpolated. With LightGBM it is the lowest loss so far, as early stopping keeps the best round. Numbers are
searched by their place on the grid, which is even on the scale that suits them.
"""

import json
import math
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
from tasks import Config, Grid, grid_row, grid_space

import tunesmith as ts

FOLDER = Path(__file__).parent / "curves"


@dataclass(frozen=True)
class CurveTask:
    """One table, its losses to be minimised.

    Args:
        name: family/data.
        fidelity: What a step is, and how many there are.
        grid: Values of each parameter.
        losses: Loss of each config after each step, shape (configs, steps), in the order of `numpy.ndindex`.
    """

    name: str
    fidelity: ts.Fidelity
    grid: Grid
    losses: npt.NDArray[np.float64]

    @property
    def high(self) -> int:
        """Steps of a full training."""
        return self.losses.shape[1]

    def space(self) -> ts.Space:
        """Text as options, numbers by their place."""
        return grid_space(self.grid)

    def row(self, config: Config) -> int:
        """Which config of the table it is."""
        return grid_row(self.grid, config)

    def regret(self, row: int) -> float:
        """Loss of a full training above the lowest one, over that of the median config; 1 for worse ones."""
        last = self.losses[:, -1]
        lowest = last.min()
        return min(1.0, float((last[row] - lowest) / (np.median(last) - lowest)))


def task_names() -> list[str]:
    """Names of all tables that are there."""
    return [path.stem.replace("-", "/") for path in sorted(FOLDER.glob("*.npz"))]


@lru_cache(maxsize=4)
def curve_task(name: str) -> CurveTask:
    """Task of a name."""
    with np.load(FOLDER / f"{name.replace('/', '-')}.npz") as file:
        grid: Grid = json.loads(str(file["grid"]))
        losses = file["losses"].astype(np.float64)
    assert len(losses) == math.prod(len(values) for values in grid.values())
    step, low = ("round", 3) if name.startswith("lightgbm/") else ("epoch", 1)
    if step == "round":
        losses = np.minimum.accumulate(losses, axis=1)
    return CurveTask(name, ts.Fidelity(step, low, losses.shape[1], resumable=True), grid, losses)


class Spent(BaseException):
    """All steps are used up; like Ctrl+C, this goes through every `except Exception`."""


class Meter:
    """Sells the steps of one run, and keeps its incumbent.

    Cost is steps trained: who goes on with a config pays for the new steps only, as a checkpoint was kept; a
    config that is begun anew is paid for anew. The incumbent is the config with the lowest of all last
    losses.

    Args:
        task: Whose steps.
        full: What may be spent, in full trainings.
    """

    def __init__(self, task: CurveTask, full: int) -> None:
        self.task, self.full = task, full
        self.spent = 0
        self.begun = 0
        """How many times a training was begun."""
        self.finished = 0
        """How many of them came to the last step."""
        self.curve: list[float] = []
        """Regret of the incumbent after each whole number of full trainings."""
        self.shipped: float | None = None
        """Regret of what the search recommends in the end; None where it recommends nothing."""
        self._last: dict[int, float] = {}
        self._incumbent: int | None = None

    def step(self, config: Config, step: int) -> float:
        """Pay for one step and get the loss after it.

        Raises:
            Spent: There is nothing left to pay with.
        """
        if self.spent >= self.full * self.task.high:
            raise Spent
        self.spent += 1
        self.begun += step == 1
        self.finished += step == self.task.high
        row = self.task.row(config)
        self._last[row] = loss = float(self.task.losses[row, step - 1])
        if self._incumbent == row:  # may have got worse: looked for among all
            self._incumbent = min(self._last, key=self._last.__getitem__)
        elif self._incumbent is None or loss < self._last[self._incumbent]:
            self._incumbent = row
        if self.spent % self.task.high == 0:
            self.curve.append(self.task.regret(self._incumbent))
        return loss

    def run(self, config: Config, until: int, after: int = 0) -> float:
        """Pay for the steps behind `after` up to `until`, and get the last loss."""
        loss = math.nan
        for step in range(after + 1, until + 1):
            loss = self.step(config, step)
        return loss

    def ship(self, config: Config) -> None:
        """Note what the search recommends."""
        self.shipped = self.task.regret(self.task.row(config))
