"""Fingerprint of a data set: a study goes on with the table that it was begun on, and with no other."""

import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np

from tunesmith.models.extras import need_pandas

if TYPE_CHECKING:
    import pandas as pd

    from tunesmith.models.data import Dataset

DIGITS = 8  # hexadecimal; enough to tell a table from its earlier self


def fingerprint(dataset: "Dataset") -> str:
    """Eight letters that are others when a value that a model sees is another, or a name, row or class.

    Numbers count in single precision, so that another version of a library may read the last digit otherwise.
    """
    digest = hashlib.sha256(repr((list(dataset.X.columns), dataset.classes)).encode("utf-8", "surrogatepass"))
    for name in dataset.X.columns:
        digest.update(_bytes_of(dataset.X[name]))
    digest.update(np.asarray(dataset.y, dtype="<f4").tobytes())
    if dataset.groups is not None:
        digest.update(np.asarray(dataset.groups, dtype="<i8").tobytes())
    return digest.hexdigest()[:DIGITS]


def _bytes_of(column: "pd.Series[Any]") -> bytes:
    names = b""
    if isinstance(column.dtype, need_pandas().CategoricalDtype):
        names = repr(list(column.cat.categories)).encode("utf-8", "surrogatepass")
        column = column.cat.codes
    numbers = column.to_numpy(dtype="<f4") + np.float32(0)  # 0 is -0
    numbers[np.isnan(numbers)] = np.nan  # of which there are many
    return names + numbers.tobytes()
