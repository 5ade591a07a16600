"""Dates: how they are written in a table, and the numbers that a model sees of them.

Which columns hold dates is `columns.py`.
"""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, cast

import numpy as np

from tunesmith.models.extras import need_pandas
from tunesmith.models.texts import as_texts

if TYPE_CHECKING:
    import pandas as pd

Part: TypeAlias = Literal["", "days", "month", "weekday", "hour"]

DATE_SHARE = 0.95  # of the texts must read as dates
_ISO = r"\d{4}-\d{1,2}-\d{1,2}([T ]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?"
_DAYS: Mapping[str, str] = {
    "%Y/%m/%d": r"\d{4}/\d{1,2}/\d{1,2}",
    "%d.%m.%Y": r"\d{1,2}\.\d{1,2}\.\d{4}",
    "%m/%d/%Y": r"\d{1,2}/\d{1,2}/\d{4}",
    "%d/%m/%Y": r"\d{1,2}/\d{1,2}/\d{4}",
    "%m/%d/%y": r"\d{1,2}/\d{1,2}/\d{2}",
    "%d/%m/%y": r"\d{1,2}/\d{1,2}/\d{2}",
    "%d %b %Y": r"\d{1,2} [A-Za-z]{3} \d{4}",
    "%d %B %Y": r"\d{1,2} [A-Za-z]{3,9} \d{4}",
    "%d-%b-%Y": r"\d{1,2}-[A-Za-z]{3}-\d{4}",
    "%d-%b-%y": r"\d{1,2}-[A-Za-z]{3}-\d{2}",
    "%b %d, %Y": r"[A-Za-z]{3} \d{1,2}, \d{4}",
    "%B %d, %Y": r"[A-Za-z]{3,9} \d{1,2}, \d{4}",
}
_TIMES: Mapping[str, str] = {
    "": "",
    " %H:%M": r" \d{1,2}:\d{2}",
    " %H:%M:%S": r" \d{1,2}:\d{2}:\d{2}",
    " %I:%M %p": r" \d{1,2}:\d{2} [AaPp][Mm]",
    " %I:%M:%S %p": r" \d{1,2}:\d{2}:\d{2} [AaPp][Mm]",
}
_DATES: Mapping[str, re.Pattern[str]] = {
    "ISO8601": re.compile(_ISO),
    **{day + time: re.compile(_DAYS[day] + _TIMES[time]) for day in _DAYS for time in _TIMES},
}
_COMPACT = ("%Y%m%d", 1900_01_01, 2100_12_31)  # whole numbers that are all dates


def date_format_of(texts: "pd.Series[Any]") -> str:
    """Tell how dates are written in texts, for `pandas.to_datetime`; empty where these are no dates."""
    present = texts.dropna()
    if not len(present):
        return ""
    for date_format, pattern in _DATES.items():
        if not pattern.fullmatch(present.iloc[0]) and not pattern.fullmatch(present.iloc[-1]):
            continue  # quick way out for a column of words
        if present.str.fullmatch(pattern).mean() < DATE_SHARE:
            continue
        # A pattern does not tell month from day: 31/12/2024 reads only one way.
        if parse_dates(present, date_format).notna().mean() >= DATE_SHARE:
            return date_format
    return ""


def compact_date_format(series: "pd.Series[Any]") -> str:
    """The same of numbers that are all whole and dates, such as 20240131."""
    date_format, first, last = _COMPACT
    present = series.dropna()
    if not len(present) or not present.iloc[0] >= first:  # the quick way out for a column of quantities
        return ""
    if not present.between(first, last).all() or (present % 1 != 0).any():
        return ""
    return date_format if parse_dates(present, date_format).notna().all() else ""


def parse_dates(series: "pd.Series[Any]", date_format: str) -> "pd.Series[Any]":
    """Read a column as dates without a time zone; what cannot be read is missing."""
    pandas = need_pandas()
    source = as_texts(series) if date_format else series
    kind = date_format or None
    dates = pandas.to_datetime(source, errors="coerce", format=kind, utc=True)
    return cast("pd.Series[Any]", dates.dt.tz_localize(None))


def date_part(dates: "pd.Series[Any]", part: Part) -> "pd.Series[float]":
    """Take one part of dates as float64, NaN where the date is missing."""
    if part == "days":
        numbers = (dates - np.datetime64("1970-01-01")).dt.total_seconds() / 86400.0
    else:
        accessor = dates.dt
        found = (
            accessor.month if part == "month" else accessor.hour if part == "hour" else accessor.day_of_week
        )
        numbers = found.astype(np.float64)
    return numbers
