"""Facts about a table and its target: what rules of thumb look at.

Counts of rows, columns and classes, the target's skew and the memory are exact. Shares and cardinalities come
from a sample of `SAMPLE` rows when there are more, so that only the target takes longer with more rows;
duplicates are then only those within the sample.
"""

import math
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from tunesmith.errors import DataError, message
from tunesmith.seeds import generator

SAMPLE = 10_000  # rows
FENCE = 3.0  # interquartile ranges beyond the quartiles: Tukey's far outliers


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known about a table and its target.

    Args:
        task: "classification" or "regression".
        rows: Number of rows.
        columns: Number of columns.
        numeric: Number of numeric columns.
        categorical: Number of columns of text or categories.
        max_cardinality: Different values of the categorical column that has most; 0 without any.
        missing_share: Share of cells that are missing.
        constant: Number of columns with one value or none.
        sparsity: Share of numeric cells that are exactly zero.
        duplicate_share: Share of rows that repeat another one, target included.
        classes: Number of classes; 0 for regression.
        rarest: Rows of the rarest class; 0 for regression.
        imbalance: Rows of the commonest class by those of the rarest; 1 for regression.
        target_skew: Third standardised moment of the target; 0 for classification.
        target_outliers: Share of target values more than three interquartile ranges beyond the quartiles.
        memory: Bytes of the table, text counted by its references.
        sampled: Rows that the shares were taken from.
    """

    task: str
    rows: int
    columns: int
    numeric: int
    categorical: int
    max_cardinality: int
    missing_share: float
    constant: int
    sparsity: float
    duplicate_share: float
    classes: int
    rarest: int
    imbalance: float
    target_skew: float
    target_outliers: float
    memory: int
    sampled: int

    def values(self) -> dict[str, Any]:
        """All facts by name, as rules see them; with `numeric_share` and `categorical_share`."""
        columns = max(1, self.columns)
        return {
            **asdict(self),
            "numeric_share": self.numeric / columns,
            "categorical_share": self.categorical / columns,
        }


def facts_of(X: Any, y: Any, task: Literal["classification", "regression"]) -> Facts:
    """Gather the facts of a table and its target.

    Args:
        X: Table of shape (n, d): a data frame, or an array of numbers or objects.
        y: Target of shape (n,).
        task: Whether classes or quantities are learnt.

    Raises:
        DataError: X has not two axes, or y not as many values as X has rows.

    Example:
        >>> facts = facts_of(np.eye(4), [0, 0, 0, 1], "classification")
        >>> facts.rows, facts.imbalance, facts.sparsity
        (4, 3.0, 0.75)
    """
    target = np.asarray(y)
    table = X if hasattr(X, "iloc") else np.asarray(X)
    if table.ndim != 2 or target.shape != (len(table),):
        raise DataError(
            message(
                "X needs two axes and y one value a row",
                given=f"X of shape {table.shape}, y of shape {target.shape}",
            )
        )
    rows, columns = (int(k) for k in table.shape)
    chosen = _sample(rows)
    codes, is_categorical = _read_columns(table, chosen)
    is_missing = np.isnan(codes)
    numbers = codes[:, ~is_categorical]
    distinct = [len(np.unique(c[~np.isnan(c)])) for c in codes.T]
    cardinalities = [n for n, is_category in zip(distinct, is_categorical, strict=True) if is_category]
    return Facts(
        task=task,
        rows=rows,
        columns=columns,
        numeric=int((~is_categorical).sum()),
        categorical=int(is_categorical.sum()),
        max_cardinality=max(cardinalities, default=0),
        missing_share=_share(is_missing),
        constant=sum(n <= 1 for n in distinct),
        sparsity=_share(numbers == 0.0),
        duplicate_share=_duplicates(codes, target[chosen]),
        memory=_memory(table),
        sampled=len(chosen),
        **(_of_classes(target) if task == "classification" else _of_quantities(target)),
    )


def _sample(rows: int) -> npt.NDArray[np.int64]:
    if rows <= SAMPLE:
        return np.arange(rows)
    return np.sort(generator(0, 0, "facts").choice(rows, SAMPLE, replace=False, shuffle=False))


def _read_columns(
    table: Any, chosen: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """Numbers, or codes of categories, NaN where missing, shape (m, d); and which columns are categories."""
    codes = np.empty((len(chosen), table.shape[1]), dtype=np.float64)
    is_categorical = np.zeros(table.shape[1], dtype=bool)
    part = table.iloc[chosen] if hasattr(table, "iloc") else table[chosen]
    for j in range(table.shape[1]):
        read = _read_series(part.iloc[:, j]) if hasattr(table, "iloc") else _read(part[:, j])
        codes[:, j], is_categorical[j] = read
    return codes, is_categorical


def _read_series(series: Any) -> tuple[npt.NDArray[np.float64], bool]:
    if str(series.dtype) == "category":
        numbers = series.cat.codes.to_numpy(dtype=np.float64, copy=True)
        numbers[numbers < 0] = np.nan
        return numbers, True
    kind = series.dtype.kind
    if kind in "biuf":  # of pandas' nullable types too
        return series.to_numpy(dtype=np.float64, na_value=np.nan), False
    if kind == "M":
        return _read(series.to_numpy(dtype="datetime64[ns]"))
    return _read(series.to_numpy() if kind == "m" else series.to_numpy(dtype=object, na_value=None))


def _read(values: npt.NDArray[Any]) -> tuple[npt.NDArray[np.float64], bool]:
    if values.dtype.kind in "biuf":
        return values.astype(np.float64), False
    if values.dtype.kind in "mM":
        numbers = values.astype(np.int64).astype(np.float64)
        numbers[np.isnat(values)] = np.nan
        return numbers, False
    is_missing = _is_nan(values)
    present = values[~is_missing]
    codes = np.full(len(values), np.nan)
    if all(isinstance(v, (int, float, np.number)) for v in present):
        codes[~is_missing] = present.astype(np.float64)
        return codes, False
    codes[~is_missing] = np.unique([str(v) for v in present], return_inverse=True)[1]
    return codes, True


def _duplicates(codes: npt.NDArray[np.float64], target: npt.NDArray[Any]) -> float:
    if not len(codes):
        return 0.0
    y = _read(target)[0]
    both = np.ascontiguousarray(np.nan_to_num(np.column_stack([codes, y]), nan=-1.23e300) + 0.0)
    keys = both.view(np.dtype((np.void, both.itemsize * both.shape[1]))).ravel()
    return 1.0 - len(set(keys.tolist())) / len(keys)


def _of_classes(target: npt.NDArray[Any]) -> dict[str, Any]:
    counts = np.unique(target[~_is_nan(target)], return_counts=True)[1]
    rarest, commonest = (int(counts.min()), int(counts.max())) if len(counts) else (0, 0)
    return {
        "classes": len(counts),
        "rarest": rarest,
        "imbalance": commonest / rarest if rarest else 1.0,
        "target_skew": 0.0,
        "target_outliers": 0.0,
    }


def _of_quantities(target: npt.NDArray[Any]) -> dict[str, Any]:
    y = target.astype(np.float64)
    y = y[np.isfinite(y)]
    with np.errstate(over="ignore", invalid="ignore"):  # quantities whose squares no number holds
        spread = float(y.std()) if len(y) else 0.0
        skew = float((((y - y.mean()) / spread) ** 3).mean()) if spread > 0 else 0.0
        low, high = np.quantile(y, [0.25, 0.75]) if len(y) else (0.0, 0.0)
        fence = FENCE * (high - low)
    return {
        "classes": 0,
        "rarest": 0,
        "imbalance": 1.0,
        "target_skew": skew if math.isfinite(skew) else 0.0,
        "target_outliers": _share((y < low - fence) | (y > high + fence)) if fence > 0 else 0.0,
    }


def _is_nan(values: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    if values.dtype.kind == "f":
        is_nan: npt.NDArray[np.bool_] = np.isnan(values)
        return is_nan
    if values.dtype.kind == "O":
        # pandas' NA has to go by its name: its comparisons are missing too.
        return np.array([v is None or type(v).__name__ == "NAType" or v != v for v in values], dtype=bool)
    return np.zeros(len(values), dtype=bool)


def _share(mask: npt.NDArray[np.bool_]) -> float:
    return float(mask.mean()) if mask.size else 0.0


def _memory(table: Any) -> int:
    return int(table.memory_usage(index=False).sum()) if hasattr(table, "iloc") else int(table.nbytes)
