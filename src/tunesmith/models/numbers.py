"""Numbers that a table holds as text: with thousands separators, decimal comma, currency or percent sign.

Dates in text are `columns.py`; columns that pandas read as numbers by itself do not come here.
"""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from tunesmith.models.extras import need_pandas

if TYPE_CHECKING:
    import pandas as pd

NUMBER_SHARE = 0.95  # of the texts must read as numbers; the others count as missing
FEW_MARKS = 2  # so few different words among numbers stand for missing ones, however often ...
MARKED_SHARE = 0.5  # ... as long as so many of the texts are numbers
GLANCE = 100
FEW_CODES = 10
SAMPLE = 10_000  # texts from which the style is told
_WHOLE = r"(?:0|[1-9]\d*)"  # what begins with another 0 is a code
_STYLES: Mapping[str, re.Pattern[str]] = {
    "1,234.5": re.compile(
        rf"(?![+-]?[eE])[+-]?(?:[1-9]\d{{0,2}}(?:,\d{{3}})+|{_WHOLE})?(?:\.\d+)?(?:[eE][+-]?\d+)?"
    ),
    "1.234,5": re.compile(rf"[+-]?(?:[1-9]\d{{0,2}}(?:\.\d{{3}})+|{_WHOLE})?(?:,\d+)?"),
}
_SIGNS = re.compile(r"^[$€£¥]\s*|\s*[$€£¥%]$|(?<=\d)[\s'\u00a0\u202f](?=\d{3}(?:\D|$))")
_DIGITS = re.compile(r"[+-]?\d+")


def number_style(texts: "pd.Series[Any]") -> str:
    """Tell how numbers are written in texts; empty where these are no numbers.

    Plain digits in text, alone or with words where there are few different ones, are taken for codes. A word
    or two that stand in for many missing numbers, such as "unknown", are no hindrance.

    Args:
        texts: Texts, None where missing.

    Example:
        >>> import pandas as pd
        >>> number_style(pd.Series(["1,234.50", "7", None])), number_style(pd.Series(["12,5 %", "1.234,0 %"]))
        ('1,234.5', '1.234,5')
        >>> number_style(pd.Series(["red", "blue"])), number_style(pd.Series(["101", "7"]))
        ('', '')
    """
    present = texts.dropna()
    present = present.iloc[:: max(1, len(present) // SAMPLE)]
    others = [text for text in present if not _DIGITS.fullmatch(text)]
    is_few = present.nunique() <= FEW_CODES and not any(map(_DIGITS.search, others))
    if not others or is_few:
        return ""
    glance = present.iloc[:: max(1, len(present) // GLANCE)]  # the quick way out for a column of words
    return next((s for s in _STYLES if _is_numbers(glance, s) and _is_numbers(present, s)), "")


def _is_numbers(texts: "pd.Series[Any]", style: str) -> bool:
    is_number = read_numbers(texts, style).notna()
    words = set(texts[~is_number])
    is_marked = len(words) <= FEW_MARKS and not any(map(_DIGITS.search, words))
    return bool(is_number.mean() >= (MARKED_SHARE if is_marked else NUMBER_SHARE))


def read_numbers(texts: "pd.Series[Any]", style: str) -> "pd.Series[float]":
    """Read texts as float64; what is no number of that style is missing.

    Example:
        >>> import pandas as pd
        >>> read_numbers(pd.Series(["1.234,5", "€ 7", "unknown"]), "1.234,5").tolist()
        [1234.5, 7.0, nan]
    """
    pattern = _STYLES[style]
    values = [np.nan if text is None else _number(text, pattern, style) for text in texts.tolist()]
    return cast("pd.Series[float]", need_pandas().Series(values, index=texts.index, dtype=np.float64))


def _number(text: str, pattern: re.Pattern[str], style: str) -> float:
    bare = text if pattern.fullmatch(text) else _SIGNS.sub("", text)
    if not bare[-1:].isdigit() or not pattern.fullmatch(bare):
        return np.nan
    if style == "1.234,5":
        return float(bare.replace(".", "").replace(",", "."))
    return float(bare.replace(",", ""))
