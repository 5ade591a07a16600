"""Columns: what each column of a table becomes for a model, decided once and applied again at prediction.

    number    as it is (bool: 0 and 1; time spans: seconds; text by `numbers.py`)
    category  text and categories; a value that was not there at the decision counts as missing
    date      days since 1970-01-01, and month, weekday and hour where they vary

A missing value stays missing: NaN in numbers, no category in categories. Reading files is `tables.py`, how
dates are written `dates.py`; rows and the target are `data.py`.
"""

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, cast

import numpy as np
import numpy.typing as npt

from tunesmith.errors import DataError, did_you_mean, message
from tunesmith.models.dates import Part, compact_date_format, date_format_of, date_part, parse_dates
from tunesmith.models.extras import need_pandas
from tunesmith.models.numbers import number_style, read_numbers
from tunesmith.models.texts import as_texts, text_of

if TYPE_CHECKING:
    import pandas as pd

Kind: TypeAlias = Literal["number", "category", "date"]

LARGEST = float(np.finfo(np.float32).max)  # trees compare in single precision
SMALLEST = float(np.finfo(np.float32).tiny)
COARSE = 1e-6  # of its size, a target's spread: in single precision it then has fewer than 20 steps
FINE = 1e-3  # a target's spread: XGBoost takes gains below 1e-6, in squares of the target's unit, for none
MAX_CATEGORIES = 1000  # more make a column of names or free text, of which no tree learns
ID_SHARE = 0.5  # of the rows: with more different texts than this a column is an identifier
SINCE = "It held numbers only when the model was made, or when this column was first read."
FEW_VALUES = 10  # a column with so few different texts is never taken for an identifier
_NAMES_A_ROW = re.compile(  # "id", "customer_id", "CustomerID", "rownames", "row number"
    r"(?:.*[^a-z])?(?:id|uid|uuid|guid|index|row|no|nr|row[^a-z]*(?:id|names?|number|no|nr))"
    r"|.*(?-i:[a-z](?:Id|ID))",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Column:
    """One column of what a model sees.

    Args:
        name: Name of the column that the model sees.
        source: Name of the column in the raw table.
        kind: What it is read as.
        categories: Texts of a category column, in the order of their codes.
        part: Which part of a date it is; empty unless `kind` is "date".
        date_format: How a date is written, for `pandas.to_datetime`; empty for real dates.
        number_style: How a number is written, for `read_numbers`; empty for real numbers.
    """

    name: str
    source: str
    kind: Kind
    categories: tuple[str, ...] = ()
    part: Part = ""
    date_format: str = ""
    number_style: str = ""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a raw table is turned into what a model sees; JSON by `to_dict`.

    Args:
        columns: Columns in the order of the model.
    """

    columns: tuple[Column, ...]

    @property
    def categorical(self) -> tuple[str, ...]:
        """Names of the category columns."""
        return tuple(c.name for c in self.columns if c.kind == "category")

    def apply(self, frame: "pd.DataFrame") -> "pd.DataFrame":
        """Turn a raw table into what the model sees; the table itself stays as it is.

        Args:
            frame: Raw table with at least the source columns, in any order.

        Returns:
            Same rows and index: float64 and category columns.

        Raises:
            DataError: A column is missing or there twice, a number cannot be read, or a value is infinite.
        """
        pandas = need_pandas()
        if not isinstance(frame, pandas.DataFrame):
            fix = "Write pandas.DataFrame(...), with the columns of the table that the model was tuned on."
            raise DataError(message("this is no table", given=f"a {type(frame).__name__}", fix=fix))
        names = [name_of(c) for c in frame.columns]
        position, times = {name: k for k, name in enumerate(names)}, Counter(names)
        made = {}
        parsed: dict[str, Any] = {}
        for column in self.columns:
            if column.source not in position:
                raise DataError(
                    message(
                        f"the table lacks the column {column.source!r}",
                        given=shortened(position),
                        fix=did_you_mean(column.source, position),
                    )
                )
            if times[column.source] > 1:
                fix = "Leave one of the columns out."
                raise DataError(message("a column name is there twice", given=repr(column.source), fix=fix))
            series = frame.iloc[:, position[column.source]]
            if column.kind == "category":
                index = pandas.Index(column.categories, dtype=object)
                codes = pandas.Categorical.from_codes(  # -1, missing, for what is not among them
                    index.get_indexer(as_texts(series)), categories=list(column.categories)
                )
                made[column.name] = pandas.Series(codes, index=frame.index)
            elif column.kind == "date":
                if column.source not in parsed:
                    parsed[column.source] = parse_dates(series, column.date_format)
                made[column.name] = date_part(parsed[column.source], column.part)
            elif column.number_style and not need_pandas().api.types.is_numeric_dtype(series.dtype):
                made[column.name] = read_numbers(as_texts(series), column.number_style)
            else:
                made[column.name] = to_numbers(series, column.source)
        return cast("pd.DataFrame", pandas.DataFrame(made, index=frame.index))

    def to_dict(self) -> dict[str, Any]:
        """Recipe as JSON values."""
        return {"columns": [{k: v for k, v in asdict(c).items() if v not in ("", ())} for c in self.columns]}

    @staticmethod
    def from_dict(data: Mapping[str, Any]) -> "Recipe":
        """Recipe of its JSON values."""
        return Recipe(
            tuple(
                Column(**{**c, "categories": tuple(c.get("categories", ()))})
                for c in cast(Sequence[Mapping[str, Any]], data["columns"])
            )
        )


def name_of(column: object) -> str:
    """Name of a column as it is used everywhere: text, without blanks around it.

    Example:
        >>> name_of(" price "), name_of(7)
        ('price', '7')
    """
    return str(column).strip() or str(column)


def decide(frame: "pd.DataFrame") -> tuple[Recipe, list[str]]:
    """Decide what each column of a raw table becomes.

    Returns:
        The recipe, and a note in words for each column that is left out or turned into something else.

    Raises:
        DataError: A value is infinite, or a column holds what no model can take.
    """
    columns: list[Column] = []
    left_out: dict[str, list[str]] = {}
    notes: list[str] = []
    taken = set(map(str, frame.columns))
    for position, name in enumerate(map(str, frame.columns)):
        series = frame.iloc[:, position]
        reason = _reason_to_leave_out(series, name)
        if reason is not None:
            left_out.setdefault(reason, []).append(name)
            continue
        kind, date_format = kind_of(series)
        if kind == "number":
            to_numbers(series, name)  # raises for an infinite value
            columns.append(Column(name, name, "number"))
        elif kind == "date":
            made = _date_columns(series, name, date_format, taken)
            taken.update(c.name for c in made)
            columns += made
            notes.append(f"{name!r} holds dates: used as {', '.join(c.part for c in made)}")
        else:
            texts = as_texts(series)
            style = "" if isinstance(series.dtype, need_pandas().CategoricalDtype) else number_style(texts)
            if style:
                columns.append(Column(name, name, "number", number_style=style))
                notes.append(numbers_note(name, texts, style))
                continue
            reason = _reason_against_texts(texts)
            if reason is not None:
                left_out.setdefault(reason, []).append(name)
                continue
            columns.append(Column(name, name, "category", _categories(series, texts)))
    for reason, names in left_out.items():
        notes.append(f"left out, {reason}: {', '.join(map(repr, names))}")
    if not columns:
        raise DataError(message("no column is left to learn from", given="; ".join(notes) or "no columns"))
    return Recipe(tuple(columns)), notes


def numbers_note(name: str, texts: "pd.Series[Any]", style: str) -> str:
    """Say that a column of text is read as numbers, and what of it is lost."""
    is_number = read_numbers(texts, style).notna()
    lost = texts[texts.notna() & ~is_number]
    note = f"{name!r} holds numbers written as text, such as {texts[is_number].iloc[0]!r}: used as numbers"
    if not len(lost):
        return note
    return (
        f"{note}, {len(lost)} of {len(texts)} taken as missing: {shortened(sorted(set(map(repr, lost))), 3)}"
    )


def kind_of(series: "pd.Series[Any]") -> tuple[Kind, str]:
    """Tell what a column is, and for dates in text how they are written.

    Raises:
        DataError: It holds complex numbers.
    """
    types = need_pandas().api.types
    if isinstance(series.dtype, need_pandas().CategoricalDtype):
        return "category", ""
    if types.is_complex_dtype(series.dtype):
        raise DataError(message(f"the column {series.name!r} holds complex numbers"))
    if types.is_timedelta64_dtype(series.dtype):
        return "number", ""
    if types.is_numeric_dtype(series.dtype):  # bool is numeric here
        written = compact_date_format(series)
        return ("date", written) if written else ("number", "")
    if types.is_datetime64_any_dtype(series.dtype):
        return "date", ""
    inferred = types.infer_dtype(series, skipna=True)
    if inferred in ("boolean", "integer", "floating", "mixed-integer-float", "decimal", "timedelta"):
        return "number", ""
    if inferred in ("datetime", "datetime64", "date"):
        return "date", ""
    written = date_format_of(as_texts(series))
    return ("date", written) if written else ("category", "")


def to_numbers(series: "pd.Series[Any]", name: str, fix: str = SINCE) -> "pd.Series[float]":
    """Read a column as float64, missing values as NaN.

    Args:
        series: The column.
        name: Its name.
        fix: What to do where a value is no number.

    Raises:
        DataError: A value is no number, or is infinite.
    """
    pandas = need_pandas()
    types = pandas.api.types
    if types.is_timedelta64_dtype(series.dtype) or types.infer_dtype(series, skipna=True) == "timedelta":
        return cast("pd.Series[float]", pandas.to_timedelta(series).dt.total_seconds())
    try:
        if types.is_numeric_dtype(series.dtype):
            values = series.to_numpy(dtype=np.float64, na_value=np.nan)
        else:
            plain = series.astype(object).where(series.notna(), np.nan)
            values = pandas.to_numeric(plain, errors="raise").to_numpy(dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(
            message(
                f"the column {name!r} holds something that is no number",
                given=repr(_first_word(series)),
                fix=fix,
            )
        ) from error
    _check_size(values, name)
    return cast("pd.Series[float]", pandas.Series(values, index=series.index))


def scale_notes(y: "np.ndarray[Any, np.dtype[np.float64]]", target: str) -> list[str]:
    """Say so where the scale of a target hides what there is to learn: trees hold it in single precision.

    Example:
        >>> scale_notes(1e10 + np.arange(5.0), "t")[0]
        "'t' varies by 1.41 around 1e+10, which trees take for the same: subtract 1e+10 from it"
    """
    spread, largest = float(np.std(y)), float(np.max(np.abs(y)))
    by = f"{target!r} varies by {spread:.3g}"
    if spread < COARSE * largest:
        middle = f"{np.mean(y):.10g}"
        return [f"{by} around {middle}, which trees take for the same: subtract {middle} from it"]
    if spread < FINE:
        return [f"{by}, which XGBoost takes for little or nothing: count it in another unit"]
    return []


def _check_size(values: "np.ndarray[Any, np.dtype[np.float64]]", name: str) -> None:
    sizes = np.abs(values)
    largest = float(np.max(sizes, initial=0.0, where=~np.isnan(sizes)))
    if largest == 0.0 or SMALLEST <= largest <= LARGEST:
        return
    which, wrong = sizes > LARGEST, "numbers too large to learn"
    fix = f"Count it in another unit: numbers from {SMALLEST:.2g} to {LARGEST:.2g} can be learnt."
    if largest < SMALLEST:
        which, wrong = sizes > 0.0, "numbers too small to learn"
    elif np.isinf(largest):
        wrong, fix = (
            "infinite values",
            "Replace them by a number, or leave them empty to mark them as missing.",
        )
    given = f"{int(which.sum())} of {len(values)} rows"
    raise DataError(message(f"the column {name!r} holds {wrong}", given=given, fix=fix))


def to_matrix(X: "pd.DataFrame") -> npt.NDArray[np.float64]:
    """Turn what a model sees into one float64 array: category codes, NaN for missing; shape (n, d)."""
    categorical = need_pandas().CategoricalDtype
    coded = {
        str(name): X[name].cat.codes.astype(np.float64).replace(-1.0, np.nan)
        for name, kind in X.dtypes.items()
        if isinstance(kind, categorical)
    }
    return X.assign(**coded).to_numpy(dtype=np.float64) if coded else X.to_numpy(dtype=np.float64)


def _reason_to_leave_out(series: "pd.Series[Any]", name: str) -> str | None:
    types = need_pandas().api.types
    if not series.notna().any():
        return "empty"
    if _is_constant(series):
        return "the same in every row"
    if types.is_integer_dtype(series.dtype) and len(series) > FEW_VALUES:
        if name.startswith("Unnamed: ") and _is_counter(series):
            return "a row number without a name"
        if _NAMES_A_ROW.fullmatch(name) and series.is_unique:
            return "identifiers, another one in every row"
    return None


def _is_constant(series: "pd.Series[Any]") -> bool:
    # The head answers for nearly every column, without a look at a million rows.
    return all(part.nunique(dropna=False) == 1 for part in (series.iloc[:100], series))


def _is_counter(series: "pd.Series[Any]") -> bool:
    return bool(series.notna().all() and (series.diff().iloc[1:] == 1).all())


def _reason_against_texts(texts: "pd.Series[Any]") -> str | None:
    distinct, present = texts.nunique(), int(texts.notna().sum())
    if distinct > MAX_CATEGORIES or (distinct > FEW_VALUES and distinct > ID_SHARE * present):
        return "names or free text"
    if distinct == 0:
        return "empty"
    return None


def _categories(series: "pd.Series[Any]", texts: "pd.Series[Any]") -> tuple[str, ...]:
    present = set(texts.dropna())
    if isinstance(series.dtype, need_pandas().CategoricalDtype):
        ordered = [str(text_of(c)) for c in series.cat.categories]
        return tuple(dict.fromkeys(c for c in ordered if c in present))
    return tuple(sorted(present))


def _date_columns(
    series: "pd.Series[Any]", name: str, date_format: str, taken: Collection[str]
) -> list[Column]:
    dates = parse_dates(series, date_format)
    parts: tuple[Part, ...] = ("month", "weekday", "hour")
    varying = [p for p in parts if date_part(dates, p).nunique() > 1]
    return [
        Column(_part_name(name, p, taken), name, "date", part=p, date_format=date_format)
        for p in ("days", *varying)
    ]


def _part_name(name: str, part: Part, taken: Collection[str]) -> str:
    made = name if part == "days" else f"{name} {part}"
    while part != "days" and made in taken:  # the table may have a column "day month" of its own
        made += "_"
    return made


def _first_word(series: "pd.Series[Any]") -> object:
    pandas = need_pandas()
    numbers = pandas.to_numeric(series.astype(object), errors="coerce")
    return next(iter(series[numbers.isna() & series.notna()]), None)


def shortened(names: Collection[str], most: int = 20) -> str:
    """Names for a message, the first twenty of many."""
    names = list(names)
    return ", ".join(names[:most]) + (f", ... ({len(names)} in all)" if len(names) > most else "")
