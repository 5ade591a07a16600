"""Linear algebra in one thread while tunesmith thinks.

Its matrices are small. More threads gain nothing with them, and where the cores are busy with trials they
wait for each other, and the ask with them. One thread also rounds alike on any number of cores.
"""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any


@contextmanager
def one_thread() -> Iterator[None]:
    """Keep NumPy's and SciPy's linear algebra to one thread; a function can be decorated with it.

    Blocks may be nested. Where several threads are in one at a time, the first one decides.

    Example:
        >>> import numpy as np
        >>> with one_thread():
        ...     float(np.linalg.norm([3.0, 4.0]))
        5.0
    """
    with _libraries().limit(limits=1, user_api="blas"):
        yield


@cache
def _libraries() -> Any:
    """The libraries that are loaded; looked for once, since it takes milliseconds."""
    import scipy.linalg  # noqa: F401 - loads the last of those that are meant
    from threadpoolctl import ThreadpoolController

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about other libraries of the program, which stay as they are
        return ThreadpoolController().select(user_api="blas")
