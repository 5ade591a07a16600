"""Linear algebra in one thread, and floats as NumPy has them, while tunesmith thinks.

Its matrices are small. More threads gain nothing with them, and where the cores are busy with trials they
wait for each other, and the ask with them. One thread also rounds alike on any number of cores.

A program may have NumPy raise where floats underflow, to find mistakes of its own (`np.seterr(all="raise")`).
In our formulas that is no mistake: exp(-1000) is meant to be 0.
"""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import numpy as np


@contextmanager
def one_thread() -> Iterator[None]:
    """Keep linear algebra to one thread and errors of floats as usual; functions can be decorated with it.

    Blocks may be nested. Where several threads are in one at a time, the first one decides.

    Example:
        >>> with one_thread():
        ...     float(np.linalg.norm([3.0, 4.0]))
        5.0
    """
    usual = np.errstate(divide="warn", over="warn", under="ignore", invalid="warn")
    with usual, _libraries().limit(limits=1, user_api="blas"):
        yield


@cache
def _libraries() -> Any:
    """The libraries that are loaded; looked for once, since it takes milliseconds."""
    import scipy.linalg  # noqa: F401 - loads the last of those that are meant
    from threadpoolctl import ThreadpoolController

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about other libraries of the program, which stay as they are
        return ThreadpoolController().select(user_api="blas")
