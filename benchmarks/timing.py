"""Processor time of ask + tell by number of known results, with ten parameters.

Each search is given results at random configs, then asked and told a few times. Shown is the mean, as several
searches fit their model only now and then: of the asks between, a median would see nothing. A cell that would
take longer than a limit, going by the row's growth so far, is left out.
"""

import math
import time

import numpy as np
from peers import peer, silence
from tables import markdown

import tunesmith as ts

KNOWN = (50, 200, 1000, 10_000)
TIMES = 24  # asks a cell; SMAC fits at every eighth
LIMIT = 20.0  # seconds an ask
ENOUGH = 60.0  # seconds of a cell after which it is asked no more


def space() -> ts.Space:
    """Six floats, one of them on a log scale, two whole numbers, two choices."""
    floats = {f"x{i}": ts.Float(0, 1) for i in range(5)}
    return ts.Space(
        floats,
        lr=ts.Float(1e-5, 1.0, log=True),
        layers=ts.Int(1, 12),
        width=ts.Int(8, 1024, log=True),
        kind=ts.Choice(["a", "b", "c"]),
        flag=ts.Choice([False, True]),
    )


def objective(config: dict[str, object], tried: ts.Space) -> float:
    return float(((tried.encode(config) - 0.37) ** 2).sum())


def seconds(name: str, known: int) -> float:
    """Mean seconds of ask + tell after so many results."""
    tried = space()
    rng = np.random.default_rng(0)
    search = peer(name)(tried, 0, known + TIMES, False)
    for _ in range(known):
        config = tried.draw(rng.random(len(tried)))
        search.add(config, objective(config, tried))
    taken = []
    for _ in range(TIMES):
        started = time.process_time()
        config = search.ask()
        asked = time.process_time()
        loss = objective(config, tried)
        told = time.process_time()
        search.tell(config, loss)
        taken.append(asked - started + time.process_time() - told)
        if sum(taken) > ENOUGH:
            break
    return float(np.mean(taken))


def timing_table(names: list[str]) -> str:
    """Milliseconds of ask + tell by search and number of known results."""
    silence()
    body = []
    for name in names:
        cells: list[str] = []
        before: tuple[int, float] | None = None
        for known in KNOWN:
            # Between linear and cubic, the way exact models grow.
            if before is not None and before[1] * (known / before[0]) ** 2 > LIMIT * math.sqrt(10):
                cells.append("left out")
                continue
            try:
                taken = seconds(name, known)
            except Exception as reason:
                cells.append(f"{type(reason).__name__}")
                continue
            before = (known, taken)
            cells.append(f"{1e3 * taken:.1f}")
        body.append([name, *cells])
    return markdown(["ms a trial", *(f"{known:,} known" for known in KNOWN)], body)
