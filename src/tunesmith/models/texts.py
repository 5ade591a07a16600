"""Columns as text: how a value is written, so that it is the same category whenever it is read."""

from typing import TYPE_CHECKING, Any, cast

import numpy as np

from tunesmith.models.extras import need_pandas

if TYPE_CHECKING:
    import pandas as pd


def as_texts(series: "pd.Series[Any]") -> "pd.Series[Any]":
    """Column as text, None where a value is missing or blank; whole numbers without a decimal point."""
    pandas = need_pandas()
    values, uniques = pandas.factorize(series)  # each distinct value is written once
    texts = np.array([text_of(u) for u in uniques] + [None], dtype=object)
    return cast("pd.Series[Any]", pandas.Series(texts[values], index=series.index, dtype=object))


def text_of(value: object) -> str | None:
    """One value as text; None if it is missing or blank."""
    if isinstance(value, (float, np.floating)):
        if np.isnan(value):
            return None
        return str(int(value)) if float(value).is_integer() else repr(float(value))
    return str(value).strip() or None


def missing_note(target: str, missing: int, series: "pd.Series[Any]", *, is_text: bool) -> str:
    """Say how many rows lack the target, and of one in words which class may be among them.

    Args:
        target: Name of the target column.
        missing: How many rows lack it.
        series: The column.
        is_text: Whether it holds words.
    """
    note = f"left out, {missing} of {len(series)} rows: their target {target!r} is missing"
    # Files of people with a class "None" look the same as files of which some rows are not labelled.
    more = "; a class called None, NA or null counts as missing: give it another name"
    return note + (more if is_text else "")
