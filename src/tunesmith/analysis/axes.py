"""Where along a parameter a model is looked at: coordinates of the unit cube, and the values they are."""

# ruff: noqa: N806 - symbols of the notation in `learning.encoding`

from typing import Any

import numpy as np

from tunesmith.learning.encoding import Encoding
from tunesmith.learning.scales import Floats
from tunesmith.space import Choice

OPTIONS = 40  # options looked at, at most


def coordinates(encoding: Encoding, j: int, most: int) -> Floats:
    """Coordinates of the unit cube; both ends of a range, since that is where a range is too narrow."""
    count = int(encoding.counts[j])
    if encoding.is_options[j]:
        return (np.arange(min(count, OPTIONS)) + 0.5) / count
    if 0 < count <= most:
        return (np.arange(count) + 0.5) / count
    return np.linspace(0.0, 1.0, most)


def shown(encoding: Encoding, j: int, x: Floats, *, by_priors: bool) -> tuple[Any, ...]:
    """Values that coordinates of a parameter stand for, on its own scale; labels of options.

    Args:
        encoding: Layout of the space.
        j: Place of the parameter.
        x: Coordinates of the unit cube, shape (values,).
        by_priors: Whether coordinates are spread as the priors say.
    """
    X = np.full((len(x), encoding.d), 0.5)
    X[:, j] = x
    U = encoding.positions(encoding.by_priors(X) if by_priors else X)
    values = [encoding.value(j, u) for u in U[:, j].tolist()]
    parameter = encoding.parameters[j]
    if isinstance(parameter, Choice):
        return tuple(parameter.labels[parameter.index(v)] for v in values)
    return tuple(values)


def is_log(encoding: Encoding, j: int) -> bool:
    """Whether the scale of a parameter is logarithmic."""
    parameter = encoding.parameters[j]
    return not isinstance(parameter, Choice) and parameter.log
