"""Facts for rules of thumb from whatever scikit-learn takes: arrays, sparse ones, lists, frames, texts.

Nothing is refused here. Whether an estimator can learn from the data is for its own fit to say, in
scikit-learn's words; what cannot be read has no say in the rules.
"""

from dataclasses import replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from scipy import sparse

from tunesmith.rules.facts import Facts, facts_of

Array = npt.NDArray[Any]


def facts_seen(X: Any, y: Any, *, is_classifier: bool) -> Facts:
    """Facts of data as scikit-learn's estimators take them.

    Args:
        X: Table of shape (n, d), dense or sparse; of other shapes the first axis counts the rows.
        y: Target of shape (n,), or of shape (n, outputs), of which the first is looked at; None for none.
        is_classifier: Whether the target holds classes.

    Example:
        >>> facts = facts_seen(sparse.csr_matrix(np.eye(4)), ["a", "a", "a", "b"], is_classifier=True)
        >>> facts.rows, facts.columns, facts.imbalance, facts.sparsity
        (4, 4, 3.0, 0.75)
    """
    table = _table(X)
    rows, columns = (int(k) for k in table.shape)
    first = np.zeros(rows) if y is None else _first_output(y)
    target = _class_numbers(first) if is_classifier else _quantities(first)
    task: Literal["classification", "regression"] = "classification" if is_classifier else "regression"
    if not _is_sparse(table):
        return facts_of(table, target, task)
    return replace(
        facts_of(np.empty((rows, 0)), target, task),
        columns=columns,
        numeric=columns,
        sparsity=1.0 - table.nnz / max(1, rows * columns),
        memory=int(table.data.nbytes),
    )


def variance(X: Any) -> float:
    """Variance over all cells, as SVC and SVR take it for their gamma; NaN where there is none."""
    try:
        values: Any = X if _is_sparse(X) else np.asarray(X)
        if 0 in values.shape or np.iscomplexobj(values):
            return float("nan")
        with np.errstate(all="ignore"):  # of cells without a finite variance
            if _is_sparse(values):
                return float(values.multiply(values).mean() - values.mean() ** 2)
            return float(np.var(values.astype(np.float64)))
    except (TypeError, ValueError):  # no numbers, which the estimator says in its own words
        return float("nan")


def _is_sparse(values: Any) -> bool:
    return bool(sparse.issparse(values))


def _table(X: Any) -> Any:
    if _is_sparse(X):
        return X.tocsr()  # of a matrix in coordinates no one knows the cells that are there twice
    if hasattr(X, "iloc") and X.ndim == 2:
        return X
    array = _array(X)
    return array if array.ndim == 2 else array.reshape(len(array), -1)


def _first_output(y: Any) -> Array:
    array = y.tocsr()[:, [0]].toarray() if _is_sparse(y) else _array(y)
    return array if array.ndim == 1 else array.reshape(len(array), -1)[:, 0]


def _array(values: Any) -> Array:
    try:
        array: Array = np.asarray(values)
    except ValueError:  # rows of different lengths
        array = np.empty(len(values), dtype=object)
        array[:] = values
    if array.dtype.kind == "T":  # NumPy's texts of any length, which no other kind of text is made of
        return array.astype(object)
    return array.real if np.iscomplexobj(array) else array


def _class_numbers(target: Array) -> Array:
    if target.dtype.kind in "biuf":
        return target
    numbers: Array = np.unique(target.astype(str), return_inverse=True)[1]
    return numbers


def _quantities(target: Array) -> npt.NDArray[np.float64]:
    try:
        return target.astype(np.float64)
    except (TypeError, ValueError):  # no numbers, which the estimator says in its own words
        return np.zeros(len(target))
