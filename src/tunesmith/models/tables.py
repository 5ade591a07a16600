"""Reading a table from a file: CSV (plain or compressed) and Parquet, with one clear error for each defect.

What its columns mean for a model is `columns.py` and `data.py`.
"""

import bz2
import csv
import gzip
import io
import itertools
import lzma
import re
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TypeAlias

from tunesmith.errors import DataError, message
from tunesmith.models.extras import need, need_pandas
from tunesmith.paths import path_of

if TYPE_CHECKING:
    import pandas as pd

SEPARATORS = (",", ";", "\t", "|")
HEAD_BYTES = 1 << 18  # what is looked at to find the separator and the header
HEAD_LINES = 200
TITLE_SHARE = 0.9  # of the lines below a title have the same number of fields
OTHER_FORMATS = {  # what cannot be read, and the function of pandas that can
    "a spreadsheet": ("read_excel", (".xlsx", ".xls", ".xlsm", ".xlsb", ".ods")),
    "JSON": ("read_json", (".json", ".jsonl", ".ndjson")),
    "a pickle": ("read_pickle", (".pkl", ".pickle", ".joblib")),
    "a Feather file": ("read_feather", (".feather", ".arrow", ".ipc")),
    "an ORC file": ("read_orc", (".orc",)),
    "an HDF5 file": ("read_hdf", (".h5", ".hdf", ".hdf5")),
    "a web page": ("read_html", (".html", ".htm")),
    "XML": ("read_xml", (".xml",)),
    "a file of Stata": ("read_stata", (".dta",)),
    "a file of SAS": ("read_sas", (".sas7bdat", ".xpt")),
    "a file of SPSS": ("read_spss", (".sav",)),
}
ROW_NAMES = "rownames"  # a column of this name is left out, with a note
MISSING_MARKS = ("?",)  # on top of what pandas takes as missing: empty, NA, NaN, null, None, ...
_PARQUET_MAGIC = b"PAR1"
_ADDRESS = re.compile(r"(?:https?|ftp|s3|gs|hdfs):/", re.IGNORECASE)
_Opened: TypeAlias = Callable[[], IO[bytes]]
_OPENERS: dict[bytes, Callable[[IO[bytes]], Any]] = {
    b"\x1f\x8b": gzip.open,
    b"BZh": bz2.open,
    b"\xfd7zXZ\x00": lzma.open,
}
_BOMS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
_DECIMAL_COMMA = re.compile(r"\s*[+-]?\d+,\d+\s*")


def read_table(path: str | Path, *, encoding: str | None = None) -> "pd.DataFrame":
    """Read a CSV or Parquet file.

    CSV may be separated by comma, semicolon, tab or bar, compressed (gz, bz2, xz, zip), begin with a byte
    order mark, and write decimal commas where commas do not separate. The first line holds the names.

    Args:
        path: File to read.
        encoding: Text encoding of a CSV file; None for UTF-8 (or UTF-16 where the file says so itself).

    Returns:
        The table as it stands in the file; a cell that is empty, "NA", "NaN", "null" or "?" is missing.

    Raises:
        DataError: There is no such file, it is empty, its text cannot be decoded, a name is there twice, or
            there is no header line.
        MissingExtra: pandas is not installed, or pyarrow for Parquet.
    """
    need_pandas()
    file = path_of("a table", path)
    try:
        opened = _opener(file)
        with opened() as raw:
            magic = raw.read(8)
    except FileNotFoundError as error:
        fix = "Download it first." if _ADDRESS.match(str(path)) else None
        fix = "For what a pipe brings write /dev/stdin." if str(path) == "-" else fix
        raise DataError(message("there is no such data file", given=str(path), fix=fix)) from error
    except OSError as error:
        raise DataError(
            message(f"the data file cannot be read: {error.strerror or error}", given=str(path))
        ) from error
    if not magic:
        raise DataError(message("the data file is empty", given=str(path)))
    for what, (reader, endings) in OTHER_FORMATS.items():
        if file.suffix.lower() in endings:
            fix = f"Save it as CSV, for example with pandas.{reader} and to_csv."
            wrong = f"{what} cannot be read"
            raise DataError(message(wrong, allowed="CSV or Parquet", given=str(path), fix=fix))
    if magic.startswith(_PARQUET_MAGIC) or file.suffix.lower() in (".parquet", ".pq"):
        return _read_parquet(file, opened)
    return _read_csv(file, opened, magic, encoding)


def _opener(file: Path) -> _Opened:
    """What opens a file, again and again: what is no file, such as a pipe, gives its bytes only once."""
    if file.is_file():
        return lambda: file.open("rb")
    content = file.read_bytes()
    return lambda: io.BytesIO(content)


def _read_parquet(file: Path, opened: _Opened) -> "pd.DataFrame":
    pandas = need_pandas()
    arrow = need("pyarrow", "reading a Parquet file")
    try:
        with opened() as raw:
            return _checked(pandas.read_parquet(raw, engine="pyarrow"), file)
    except (OSError, arrow.ArrowException) as error:
        first = str(error).splitlines()[0]
        raise DataError(message(f"the Parquet file cannot be read: {first}", given=str(file))) from error


def _read_csv(file: Path, opened: _Opened, magic: bytes, encoding: str | None) -> "pd.DataFrame":
    pandas = need_pandas()
    try:
        with _open(opened, magic) as raw:
            head = raw.read(HEAD_BYTES)
        if not head.strip():
            raise DataError(message("the data file is empty", given=str(file)))
        tried = [encoding] if encoding else [_BOMS.get(head[:3]) or _BOMS.get(head[:2]) or "utf-8"]
        is_binary = tried == ["utf-8"] and b"\0" in head
        text = "" if is_binary else _decode(head, tried[0], whole=len(head) < HEAD_BYTES)
        if is_binary or "\0" in text:
            raise DataError(message("the file is no text table", allowed="CSV or Parquet", given=str(file)))
        separator, rows = _sniff(text)
        _check_header(rows, file)
        if len(rows[0]) == 1:
            _check_title(text)
        with _open(opened, magic) as raw:
            frame = pandas.read_csv(
                raw,
                sep=separator,
                encoding=tried[0],
                decimal="," if separator != "," and _has_decimal_comma(rows) else ".",
                skipinitialspace=True,
                na_values=list(MISSING_MARKS),
                low_memory=False,
            )
    except UnicodeError as error:
        raise DataError(_undecodable(file, tried, error)) from error
    except LookupError as error:  # the user's own encoding is unknown
        raise DataError(message("there is no such encoding", given=repr(encoding))) from error
    except pandas.errors.EmptyDataError as error:
        raise DataError(message("the data file is empty", given=str(file))) from error
    except pandas.errors.ParserError as error:
        reason = " ".join(str(error).replace("Error tokenizing data. C error: ", "").split())
        raise DataError(message(f"the CSV file cannot be read: {reason}", given=str(file))) from error
    except (OSError, EOFError, lzma.LZMAError, zipfile.BadZipFile) as error:
        raise DataError(message(f"the compressed file is broken: {error}", given=str(file))) from error
    return _checked(_without_index(frame, rows), file)


def _without_index(frame: "pd.DataFrame", rows: list[list[str]]) -> "pd.DataFrame":
    """Undo that pandas takes the first fields of lines that have more than the header for names of rows.

    Args:
        frame: What it has read.
        rows: The first lines, cut into fields.

    Returns:
        The table with the names of rows as a column, as R writes them; where every line ends with a
        separator, the columns as the header names them.

    Raises:
        DataError: Fields are not those of the header.
    """
    width = len(rows[0])
    if len(rows) < 2 or len(rows[1]) <= width:
        return frame
    wrong = next(((k, len(row)) for k, row in enumerate(rows[1:], 2) if len(row) != width + 1), None)
    ends_empty = bool(frame.iloc[:, -1].isna().all())
    if wrong is not None or not (ends_empty or frame.index.is_unique):
        line, count = wrong or (2, len(rows[1]))
        raise DataError(
            message(
                "a line has another number of fields than the header has names",
                allowed=f"{width} fields",
                given=f"{count} in line {line}",
                fix="Is a name missing, or a comma within a field without quotes?",
            )
        )
    names = list(frame.columns)
    frame = frame.rename_axis(index=None).reset_index(names=ROW_NAMES, allow_duplicates=True)
    return frame.iloc[:, :-1].set_axis(names, axis=1) if ends_empty else frame


@contextmanager
def _open(opened: _Opened, magic: bytes) -> Iterator[IO[bytes]]:
    opener = next((o for start, o in _OPENERS.items() if magic.startswith(start)), None)
    with opened() as raw:
        if opener is not None:
            with opener(raw) as unpacked:  # they open for reading bytes by default
                yield unpacked
        elif magic.startswith(b"PK\x03\x04"):
            yield io.BytesIO(_unzipped(raw))
        else:
            yield raw


def _unzipped(raw: IO[bytes]) -> bytes:
    with zipfile.ZipFile(raw) as archive:
        names = [n for n in archive.namelist() if not n.endswith("/") and not n.startswith("__MACOSX")]
        if len(names) != 1:
            raise DataError(
                message(
                    "a zip file must hold one table",
                    given=", ".join(names[:5]) or "no file",
                    fix="Unpack it and name the file you mean.",
                )
            )
        return archive.read(names[0])


def _decode(head: bytes, encoding: str, *, whole: bool) -> str:
    # A head that was cut may end in the middle of a character: cut at the last line.
    if not whole and encoding != "utf-16":
        head = head[: head.rfind(b"\n") + 1] or head
    elif not whole:
        head = head[: len(head) // 4 * 4]
    return head.decode(encoding)


def _undecodable(file: Path, tried: Sequence[str], error: UnicodeError) -> str:
    where = ""
    if isinstance(error, UnicodeDecodeError):
        where = f" (byte 0x{error.object[error.start]:02x} at position {error.start})"
    return message(
        f"the text of the file cannot be decoded{where}; encodings tried: {', '.join(tried)}",
        given=str(file),
        fix=f"Convert it, for example: iconv -f WINDOWS-1252 -t UTF-8 {file.name} > utf8.csv",
    )


def _sniff(text: str) -> tuple[str, list[list[str]]]:
    """Find the separator: the one that cuts the lines into the most fields of equal number."""
    best: tuple[float, str, list[list[str]]] = (-1.0, ",", [])
    for separator, rows in _cut(text):
        width = len(rows[0])
        has_names = {len(r) for r in rows[1:]} == {width + 1}  # of rows: all lines have one field more
        alike = 1.0 if has_names and width > 1 else sum(len(r) == width for r in rows) / len(rows)
        merit = alike * (width if width > 1 else 0.5)
        if merit > best[0]:
            best = (merit, separator, rows)
    return best[1], best[2]


def _cut(text: str) -> Iterator[tuple[str, list[list[str]]]]:
    """The first lines, cut by each separator."""
    lines = text.splitlines(keepends=True)[:HEAD_LINES]
    for separator in SEPARATORS:
        try:
            rows = [r for r in csv.reader(lines, delimiter=separator, skipinitialspace=True) if r]
        except csv.Error:
            continue
        if rows:
            yield separator, rows


def _check_title(text: str) -> None:
    """Refuse a first line that some separator leaves whole, while it cuts the lines below it all alike."""
    for _, (first, *rest) in _cut(text):
        counts = Counter(map(len, rest))
        width, often = counts.most_common(1)[0] if counts else (1, 0)
        if width > 1 and often > 1 and often >= TITLE_SHARE * len(rest):
            raise DataError(
                message(
                    "the first line holds no names of columns: it is one field, the lines below have more",
                    allowed=f"{width} names, as there are fields below",
                    given=repr(first[0][:60]),
                    fix="Remove what stands above the names.",
                )
            )


def _has_decimal_comma(rows: list[list[str]]) -> bool:
    return any(_DECIMAL_COMMA.fullmatch(cell) for row in rows[1:] for cell in row)


def _check_header(rows: list[list[str]], file: Path) -> None:
    if not rows:
        raise DataError(message("the data file is empty", given=str(file)))
    names = [n.strip() for n in rows[0]]
    twice = sorted({n for n in names if n and names.count(n) > 1})
    numbers = [_number(n) for n in names]
    if _looks_like_data(rows, numbers):
        raise DataError(
            message(
                "the file has no header line: its first line looks like data",
                given=", ".join(names[:6]) + (", ..." if len(names) > 6 else ""),
                fix="Add a first line with the names of the columns.",
            )
        )
    if twice:
        raise DataError(
            message(
                "a column name is there twice",
                given=", ".join(map(repr, twice[:5])),
                fix="Rename one of the columns.",
            )
        )


def _looks_like_data(rows: list[list[str]], numbers: list[float | None]) -> bool:
    found = [n for n in numbers if n is not None]
    if not found:
        return False
    if len(found) == len(numbers):  # names such as 0, 1, 2 or 2019, 2020 are whole and rise
        rising = all(a < b for a, b in itertools.pairwise(found))
        return not (rising and all(n == int(n) for n in found) and len(rows) > 1)
    # Every word of the first line comes again below it, in its own column.
    words = [k for k, n in enumerate(numbers) if n is None]
    return all(any(len(r) > k and r[k] == rows[0][k] for r in rows[1:]) for k in words)


def _number(cell: str) -> float | None:
    try:
        value = float(cell)
    except ValueError:
        return None
    return value if abs(value) < float("inf") else None


def _checked(frame: "pd.DataFrame", file: Path) -> "pd.DataFrame":
    if not len(frame):
        raise DataError(message("the table has no rows", given=str(file)))
    return frame
