"""What a regret is measured by: the lowest true loss of a task, and the median of random configs.

Both come from the whole table where there is one. Else the median is that of a fixed random sample; an
optimum that is not known is the lowest loss in the sample and in an evolution that starts from it. They are
computed once by version of these files and kept in the temporary folder.
"""

import hashlib
import json
import math
from pathlib import Path

import numpy as np
from tasks import CACHE, Config, Task, save_whole

from tunesmith.methods.evolution import Evolution
from tunesmith.testing.play import play

SEED = 20260101
SOURCES = ("tasks.py", "functions.py", "live.py", "references.py")


class Scale:
    """Turns true losses of a task into regrets.

    Args:
        task: The task.
    """

    def __init__(self, task: Task) -> None:
        self.task = task
        self.optimum, self.median = _kept(task)

    def regret(self, config: Config) -> float:
        """0 at the optimum and 1 at the median of random configs, or worse."""
        above = self.task.true(config) - self.optimum
        return min(1.0, max(0.0, above / (self.median - self.optimum)))


def _kept(task: Task) -> tuple[float, float]:
    version = hashlib.sha256(b"".join((Path(__file__).parent / name).read_bytes() for name in SOURCES))
    path = CACHE / f"reference-{task.name.replace('/', '-')}-{version.hexdigest()[:12]}.json"
    if path.exists():
        kept = json.loads(path.read_text())
        return kept["optimum"], kept["median"]
    optimum, median = compute(task)
    text = json.dumps({"optimum": optimum, "median": median})
    save_whole(path, lambda file: file.write(text.encode()))
    return optimum, median


def compute(task: Task) -> tuple[float, float]:
    """Optimum and median of a task."""
    if task.every is not None:
        return float(task.every.min()), float(np.median(task.every))
    rng = np.random.default_rng(SEED)
    losses = [task.true(task.space.draw(rng.random(len(task.space)))) for _ in range(task.samples)]
    finite = [loss for loss in losses if math.isfinite(loss)]
    median = float(np.median(finite))
    if task.optimum is not None:
        return task.optimum, median
    found = play(Evolution(), task.space, task.true, task.samples, seed=SEED)
    return min(*finite, float(np.nanmin(found.loss))), median
