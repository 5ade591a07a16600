"""The arithmetic between a range of numbers and the unit interval: log scales, steps and their cells.

A range of k steps is cut into k cells, equal ones on a linear scale; on a log scale the cell of v reaches
from log(v - step/2) to log(v + step/2). A value is encoded as its cell's centre.
"""

import math
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

END_TOLERANCE = 1e-12  # of a range: how far off its ends a value may lie by rounding alone
GRID_TOLERANCE = 1e-9  # of one step: how far off the grid a value may lie by rounding alone


def scale(value: float, low: float, high: float, log: bool) -> float:
    """Map a value of a range to [0, 1]; a range of one value to its middle."""
    if log:
        value, low, high = math.log(value), math.log(low), math.log(high)
    width = high / 2 - low / 2  # halves, since high - low may overflow
    if width <= 0.0:  # one value, or two that rounding cannot tell apart
        return 0.5
    return min(max((value / 2 - low / 2) / width, 0.0), 1.0)


def unscale(u: float, low: float, high: float, log: bool) -> float:
    """Map u in [0, 1] to a range; exactly its ends at 0 and 1 but for rounding, and never outside it."""
    if u <= END_TOLERANCE:
        return low
    if u >= 1.0 - END_TOLERANCE:
        return high
    ends = (math.log(low), math.log(high)) if log else (low, high)
    value = float((1 - u) * ends[0] + u * ends[1])  # u may be a NumPy scalar
    return min(max(math.exp(value) if log else value, low), high)


def step_count(low: float, high: float, step: float) -> int:
    """Number of steps from low up to high, both included; a last step missed by rounding alone counts."""
    return math.floor((high - low) / step + GRID_TOLERANCE) + 1


def step_value(low: float, high: float, step: float, index: int) -> float:
    """Value of a step, as clean as if it were written by hand: 0.3, not 0.30000000000000004."""
    value = float(Decimal(repr(low)) + index * Decimal(repr(step)))
    margin = GRID_TOLERANCE * step
    return high if -margin <= value - high <= 2 * margin else value  # the last step is never above the end


@dataclass(frozen=True)
class Cells:
    """The cells of a range of steps.

    Args:
        low: First value.
        last: Last value, which may lie below the range's high end.
        step: Distance between neighbours.
        count: Number of values.
        log: Whether the scale is logarithmic.
    """

    low: float
    last: float
    step: float
    count: int
    log: bool

    def encode(self, index: float) -> float:
        """Centre of a cell, on a log scale the point of its value; of i + ½ the edge between two cells."""
        if self.count == 1:
            return 0.5
        if not self.log:
            return (index + 0.5) / self.count
        value = self.last if index == self.count - 1 else self.low + index * self.step
        return scale(value, *self.edges, True)

    def decode(self, u: float) -> int:
        """Index of the cell that holds u."""
        if not self.log or self.count == 1:
            return min(max(int(u * self.count), 0), self.count - 1)
        value = unscale(u, *self.edges, True)
        return min(max(round((value - self.low) / self.step), 0), self.count - 1)

    @cached_property
    def edges(self) -> tuple[float, float]:
        """Outer edges of the first and the last cell."""
        # The lowest cell must not reach zero, which has no logarithm.
        return self.low - min(self.step / 2, self.low / 2), self.last + self.step / 2
