"""Dataset: a table and its target, made ready for model families; in words what was done to get there.

Reading files is `tables.py` (its `read_table` is given out here too), the columns are `columns.py`.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from tunesmith.errors import DataError, OptionError, did_you_mean, message
from tunesmith.models.columns import (
    Recipe,
    decide,
    name_of,
    numbers_note,
    scale_notes,
    shortened,
    to_matrix,
    to_numbers,
)
from tunesmith.models.extras import need_pandas
from tunesmith.models.numbers import number_style, read_numbers
from tunesmith.models.tables import read_table
from tunesmith.models.texts import as_texts, missing_note
from tunesmith.rules.facts import Facts, facts_of
from tunesmith.wording import counted

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Dataset", "Label", "Task", "prepare", "read_table"]

Task: TypeAlias = Literal["classification", "regression"]
Label: TypeAlias = str | int | float | bool

TASKS: tuple[Task, ...] = ("classification", "regression")
MAX_INTEGER_CLASSES = 20  # whole numbers with more different values are taken as quantities
ROWS_PER_CLASS = 10  # on average, at least: fewer, and whole numbers are taken as quantities
MAX_CLASSES = 500
MOST_COMPARED = 2_000_000  # cells of a table whose rows are compared with each other
ONE_COLUMN = "It has one column only: the fields of a CSV are separated by comma, semicolon, tab or bar."


@dataclass(frozen=True, eq=False)
class Dataset:
    """What a model family learns from.

    Args:
        X: What the model sees, shape (n, d): float64 and category columns, missing values marked.
        y: Target, shape (n,): float64 for regression, class numbers from 0 (int64) for classification.
        task: Whether classes or quantities are learnt.
        target: Name of the target column.
        classes: Labels by class number; empty for regression.
        recipe: How raw tables are turned into `X`.
        notes: What was done to the table, one sentence each.
        groups: Group of each row, shape (n,), for folds that keep groups together; None without.
    """

    X: "pd.DataFrame"
    y: npt.NDArray[Any]
    task: Task
    target: str
    classes: tuple[Label, ...]
    recipe: Recipe
    notes: tuple[str, ...] = ()
    groups: npt.NDArray[Any] | None = None

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.y)

    def __getstate__(self) -> dict[str, Any]:
        """Leave out what can be made again, so that workers are sent the data once."""
        return {k: v for k, v in self.__dict__.items() if k not in ("matrix", "facts")}

    @property
    def categorical(self) -> tuple[str, ...]:
        """Names of the category columns of `X`."""
        return self.recipe.categorical

    @cached_property
    def matrix(self) -> npt.NDArray[np.float64]:
        """`X` as one array of shape (n, d), category codes as numbers, NaN for missing; do not change it."""
        return to_matrix(self.X)

    @cached_property
    def facts(self) -> Facts:
        """What rules of thumb look at."""
        return facts_of(self.X, self.y, self.task)

    def describe(self) -> str:
        """Say in one line what it is.

        Example: "569 rows, 30 columns (2 categorical), classification of 'diagnosis' into 2 classes"
        """
        kinds = f" ({len(self.categorical)} categorical)" if self.categorical else ""
        what = (
            f"classification of {self.target!r} into {len(self.classes)} classes"
            if self.task == "classification"
            else f"regression of {self.target!r}"
        )
        return f"{counted(len(self), 'row')}, {counted(self.X.shape[1], 'column')}{kinds}, {what}"


def prepare(
    frame: "pd.DataFrame",
    target: str,
    task: str | None = None,
    *,
    drop: Sequence[str] = (),
    groups: str | None = None,
) -> Dataset:
    """Make a table ready for model families.

    Text becomes categories (identifiers and free text are left out), dates become numbers, bools 0 and 1;
    constant and empty columns and rows without a target are left out. Missing values stay missing, since
    tree families take them as they are. Each of these is said in `notes`.

    Args:
        frame: Raw table; it is not changed.
        target: Name of the column to predict.
        task: "classification" or "regression"; None to tell it from the target: text, categories, bools and
            whole numbers with few different values are classes.
        drop: Names of columns to leave out.
        groups: Name of a column that tells which rows belong together; it is kept out of `X`.

    Raises:
        DataError: The table cannot be learnt from: no such column, no rows, a name twice, one class or a
            constant target, infinite values, or no column left.
        OptionError: The task is unknown, or a column is named for two roles.
    """
    need_pandas()
    names = [name_of(c) for c in frame.columns]
    target, drop = name_of(target), [name_of(d) for d in drop]  # names may be numbers in a data frame
    groups = None if groups is None else name_of(groups)
    _check_task(task)
    _check_names(names)
    for name, role in [(target, "target"), *((d, "left-out") for d in drop), (groups, "group")]:
        if name is not None:
            _check_is_there(name, role, names)
    for name in (target, groups):
        if name is not None and [target, groups, *dict.fromkeys(drop)].count(name) > 1:
            wrong = f"the column {name!r} has one role only"
            raise OptionError(
                message(wrong, allowed="the target, the groups, or left out", fix="Name it once.")
            )
    if not len(frame):
        raise DataError(message("the table has no rows"))
    frame = frame.set_axis(names, axis=1)
    _check_cells(frame.drop(columns=drop))
    rows, y, found, classes, notes = _read_target(frame[target], target, task)
    frame = frame.loc[rows].reset_index(drop=True)
    notes += _repeated(frame)
    grouping = _read_groups(frame[groups], groups) if groups is not None else None
    out = {target, *drop, *([groups] if groups is not None else [])}
    recipe, more = decide(frame[[n for n in names if n not in out]])
    return Dataset(
        X=recipe.apply(frame),
        y=y,
        task=found,
        target=target,
        classes=classes,
        recipe=recipe,
        notes=(*notes, *more),
        groups=grouping,
    )


def _check_task(task: str | None) -> None:
    if task is not None and task not in TASKS:
        raise OptionError(
            message(
                "the task is unknown",
                allowed=", ".join(TASKS),
                given=repr(task),
                fix=did_you_mean(str(task), TASKS),
            )
        )


def _check_is_there(name: str, role: str, names: list[str]) -> None:
    if name not in names:
        raise DataError(
            message(
                f"the table has no {role} column {name!r}",
                allowed=shortened(names),
                fix=did_you_mean(name, names) if len(names) > 1 else ONE_COLUMN,
            )
        )


def _check_names(names: list[str]) -> None:
    twice = sorted({n for n in names if names.count(n) > 1}) if len(set(names)) < len(names) else []
    if twice:
        raise DataError(
            message(
                "a column name is there twice",
                given=", ".join(map(repr, twice[:5])),
                fix="Rename one of the columns.",
            )
        )


def _repeated(frame: "pd.DataFrame") -> list[str]:
    """Say how many rows repeat another, where a look at all of them is quick."""
    if frame.size > MOST_COMPARED:
        return []
    try:
        count = int(frame.duplicated().sum())
    except TypeError:  # a column that is left out holds what cannot be compared
        return []
    if not count:
        return []
    wrong = "where that is by mistake, leave them out, since a model is then tested on what it has learnt"
    repeat = "repeats" if count == 1 else "repeat"
    return [f"{count:,} of {len(frame):,} rows {repeat} another one in every column: {wrong}"]


def _check_cells(frame: "pd.DataFrame") -> None:
    for name, kind in frame.dtypes.items():
        for value in frame[name].tolist() if kind.kind == "O" else ():
            if not isinstance(value, Hashable):
                fix = "Make columns of what is in it, or leave it out."
                wrong = f"a cell of the column {name!r} holds no single value"
                raise DataError(message(wrong, given=f"a {type(value).__name__}", fix=fix))


def _read_groups(series: "pd.Series[Any]", name: str) -> npt.NDArray[Any]:
    if series.isna().any():
        raise DataError(
            message(f"the group column {name!r} lacks values", given=counted(int(series.isna().sum()), "row"))
        )
    pandas = need_pandas()
    numbers: npt.NDArray[Any] = pandas.factorize(series)[0]
    return numbers


def _read_target(
    series: "pd.Series[Any]", target: str, task: str | None
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[Any], Task, tuple[Label, ...], list[str]]:
    notes: list[str] = []
    if need_pandas().api.types.infer_dtype(series, skipna=True) in ("datetime", "datetime64", "date"):
        raise DataError(
            message(
                f"the target {target!r} holds dates, which cannot be predicted as they are",
                fix="Turn it into a number, for example days since a fixed date.",
            )
        )
    if task != "classification" and _is_text(series):
        texts = as_texts(series)
        style = number_style(texts)
        if style:
            notes.append(numbers_note(target, texts, style))
            series = read_numbers(texts, style).rename(target)
    is_present = _present(series)
    missing = int((~is_present).sum())
    if missing == len(series):
        raise DataError(message(f"the target {target!r} is empty in every row"))
    if missing:
        notes.append(missing_note(target, missing, series, is_text=_is_text(series)))
    present = series[is_present]
    if task is None:
        found, why = _infer_task(present)
        notes.append(f"{target!r} is taken for {found}: {why}")
    else:
        found = "classification" if task == "classification" else "regression"
    if found == "regression":
        y = _read_quantities(present, target)
        return is_present, y, found, (), notes + scale_notes(y, target)
    rows, codes, classes = _read_classes(present, target, notes)
    is_present[np.flatnonzero(is_present)[~rows]] = False
    return is_present, codes, found, classes, notes


def _present(series: "pd.Series[Any]") -> npt.NDArray[np.bool_]:
    present: npt.NDArray[np.bool_] = series.notna().to_numpy(dtype=bool, copy=True)
    if _is_text(series):
        present &= as_texts(series).notna().to_numpy(dtype=bool)
    return present


def _is_text(series: "pd.Series[Any]") -> bool:
    return need_pandas().api.types.infer_dtype(series, skipna=True) in ("string", "mixed")


def _infer_task(present: "pd.Series[Any]") -> tuple[Task, str]:
    pandas = need_pandas()
    types = pandas.api.types
    if isinstance(present.dtype, pandas.CategoricalDtype):
        return "classification", "it holds categories"
    kind = types.infer_dtype(present, skipna=True)
    if kind == "boolean":
        return "classification", "it holds true and false"
    if kind in ("timedelta", "timedelta64"):
        return "regression", "it holds time spans, in seconds"
    if kind not in ("integer", "floating", "mixed-integer-float", "decimal"):
        return "classification", "it holds text"
    numbers = to_numbers(present, str(present.name))
    distinct = int(numbers.nunique())
    if distinct == 2 < len(numbers):
        return "classification", "it has two different values"
    if not bool((numbers == numbers.round()).all()):
        return "regression", "it holds decimal numbers"
    if distinct <= MAX_INTEGER_CLASSES and distinct * ROWS_PER_CLASS <= len(numbers):
        why = f"it holds whole numbers with only {distinct} different values"
        return "classification", f"{why}; for a quantity set the task to regression"
    return "regression", f"it holds whole numbers with {distinct} different values"


def _read_quantities(present: "pd.Series[Any]", target: str) -> npt.NDArray[np.float64]:
    fix = "A quantity is a number; for what has a name choose the task classification."
    y: npt.NDArray[np.float64] = np.array(to_numbers(present, target, fix), dtype=np.float64)
    if (y == y[0]).all():
        wrong = f"the target {target!r} is the same in every row: there is nothing to learn"
        raise DataError(message(wrong, given=y[0]))
    return y


def _read_classes(
    present: "pd.Series[Any]", target: str, notes: list[str]
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.int64], tuple[Label, ...]]:
    labels = [_label(v) for v in present.tolist()]
    counts: dict[Label, int] = {}
    for label in labels:
        counts[label] = counts.get(label, 0) + 1
    if len(counts) == 1:
        raise DataError(
            message(
                f"the target {target!r} has one class only: there is nothing to learn",
                given="; ".join([repr(labels[0]), *(n for n in notes if n.startswith("left out"))]),
            )
        )
    lone = [c for c, n in counts.items() if n == 1]
    if len(counts) - len(lone) == 1 and max(counts.values()) > len(labels) / 2:
        raise DataError(
            message(
                f"the target {target!r} has one class only, but for classes with a single row, which can not "
                "be both learnt and tested",
                given=", ".join(f"{counts[c]} x {c!r}" for c in sorted(counts, key=lambda c: -counts[c])[:5]),
                fix="Bring more rows of another class.",
            )
        )
    if len(counts) > MAX_CLASSES or len(counts) - len(lone) < 2:
        raise DataError(
            message(
                f"the target {target!r} has too many classes for its rows",
                given=f"{len(counts)} classes, {len(lone)} of them with one row, in {len(labels)} rows",
                fix="Is it an identifier? For a quantity choose the task regression."
                if len(labels) >= 2 * ROWS_PER_CLASS
                else "Bring more rows: each class needs two at least.",
            )
        )
    if lone:
        notes.append(
            f"left out, {len(lone)} of {len(labels)} rows: the only ones of their class, which can then not "
            f"be both learnt and tested: {shortened(list(map(repr, lone)), 5)}"
        )
    classes = tuple(sorted((c for c, n in counts.items() if n > 1), key=_sort_key))
    notes += _alike(classes)
    number = {c: k for k, c in enumerate(classes)}
    codes = np.array([number.get(v, -1) for v in labels], dtype=np.int64)
    return codes >= 0, codes[codes >= 0], classes


def _alike(classes: Sequence[Label]) -> list[str]:
    """Say which classes differ in capitals only."""
    spelt: dict[str, list[str]] = {}
    for label in classes:
        if isinstance(label, str):
            spelt.setdefault(label.casefold(), []).append(repr(label))
    pairs = [" and ".join(words) for words in spelt.values() if len(words) > 1]
    if not pairs:
        return []
    return [
        f"classes that differ in capitals only are kept apart: {shortened(pairs, 3)}; "
        "write them alike if they are the same"
    ]


def _label(value: Any) -> Label:
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, (int, np.integer)):
        return int(value)
    if isinstance(value, (float, np.floating)):  # whole numbers become floats where others are missing
        return int(value) if float(value).is_integer() else float(value)
    return str(value)


def _sort_key(label: Label) -> tuple[int, float, str]:
    if isinstance(label, str):
        return (1, 0.0, label)
    return (0, float(label), "")
