"""Paths as users give them: what cannot be one is refused in words, before anything is done with it."""

import os
from collections.abc import Collection
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote

from tunesmith.errors import OptionError, message

LONGEST_NAME = 255  # bytes, of a file or folder, in every usual file system
# Endings by which people and programs tell what is in a file; any other, as in "v1.2", promises nothing.
FORMATS = frozenset(
    f".{name}"
    for name in (
        *("html", "htm", "pdf", "txt", "md", "rst", "tex", "doc", "docx", "odt", "rtf", "ipynb", "py"),
        *("png", "jpg", "jpeg", "gif", "svg", "webp", "bmp", "tif", "tiff", "eps", "ps"),
        *("json", "jsonl", "ndjson", "yaml", "yml", "toml", "xml", "ini", "log"),
        *("csv", "tsv", "xls", "xlsx", "ods", "parquet", "pq", "feather", "arrow", "npy", "npz", "mat"),
        *("db", "db3", "sqlite", "sqlite3", "duckdb", "sql", "zip", "gz", "bz2", "xz", "zst", "tar", "tgz"),
        *("pkl", "pickle", "joblib", "skops", "onnx", "pmml", "pt", "pth", "ckpt", "safetensors", "h5"),
        *("hdf5", "keras", "ubj", "cbm", "bin"),
    )
)


def path_of(what: str, value: object) -> Path:
    """Path that an argument names.

    Args:
        what: What lies there, for the error.
        value: What was given.

    Raises:
        OptionError: It is no text and no path, is empty, or holds what no path can.

    Example:
        >>> path_of("the report", "report.html").name
        'report.html'
    """
    text = os.fspath(value) if isinstance(value, (str, os.PathLike)) else value
    if not isinstance(text, str) or not text.strip() or "\0" in text:
        wrong = f"{what} needs a path"
        raise OptionError(message(wrong, allowed="text such as 'a/b', or a pathlib.Path", given=repr(value)))
    return Path(text)


def folder_name(text: str) -> str:
    """Name of a folder for any text, always the same: long ones are cut and told apart by a digest.

    Example:
        >>> folder_name("a/b"), len(folder_name("学習率" * 30))
        ('a%2Fb', 117)
    """
    name = quote(text, safe=" ")
    name = name.replace(".", "%2E") if name.startswith(".") else name  # "." and ".." lead elsewhere
    if len(name) <= LONGEST_NAME:
        return name
    return f"{name[:100]}-{sha256(text.encode()).hexdigest()[:16]}"


def check_writable(
    what: str, path: Path, *, is_folder: bool = False, endings: Collection[str] | None = None
) -> None:
    """Refuse a place where nothing can be written; better before a search than after it.

    Args:
        what: What is to be written, for the error.
        path: Where.
        is_folder: Whether it is a folder, made with those that lead to it; else a file in one that is there.
        endings: Of a file, those that promise what is written, see `check_ending`; None for any.

    Raises:
        OptionError: A folder is missing, something else is in the way, or writing is not allowed; or the name
            promises another format.
    """
    if is_folder:
        check_ending(f"{what}, which is a folder,", path, ())
    elif endings is not None:
        check_ending(what, path, endings)
    wrong = fix = ""
    known = next(p for p in (path, *path.absolute().parents) if os.path.lexists(p))
    if is_folder and not os.path.isdir(known):
        wrong, fix = f"{str(known)!r} is a file", "Name a folder."
    elif not is_folder and not os.path.isdir(path.parent):
        wrong, fix = f"the folder does not exist: {str(path.parent)!r}", "Make the folder first."
    elif not is_folder and os.path.isdir(path):
        wrong, fix = f"{str(path)!r} is a folder", f"Name a file in it: {str(path / 'NAME')!r}."
    elif not os.access(known, os.W_OK):
        wrong, fix = f"{str(known)!r} may not be written to", "Allow it, or name another place."
    elif len(os.fsencode(path.name)) > LONGEST_NAME:
        wrong, fix = "its name is too long", "Choose a shorter one."
    if wrong:
        raise OptionError(message(f"{what} cannot be written: {wrong}", fix=fix))


def check_ending(what: str, path: Path, allowed: Collection[str], fix: str | None = None) -> None:
    """Refuse a name whose ending promises another format than the one that is written.

    Args:
        what: What is to be written, for the error.
        path: Where.
        allowed: Endings that promise what is written, in small letters with their dot; empty for a folder.
        fix: What to do; by default to name another ending.

    Raises:
        OptionError: The ending is one of another format.

    Example:
        >>> check_ending("a report", Path("day-0.5"), (".html",))
        >>> check_ending("a report", Path("day.pdf"), (".html",))
        Traceback (most recent call last):
        tunesmith.errors.OptionError: a report is not what a name that ends in .pdf promises; allowed: ...
    """
    if path.suffix.lower() in FORMATS.difference(allowed):
        wrong = f"{what} is not what a name that ends in {path.suffix} promises"
        endings = ", ".join([*allowed, "or an ending that names no format" if allowed else "none"])
        fix = fix or f"Say {str(path.with_suffix(next(iter(allowed), '')))!r}."
        raise OptionError(message(wrong, allowed=endings, given=repr(str(path)), fix=fix))
