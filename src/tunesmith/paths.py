"""Paths as users give them: what cannot be one is refused in words, before anything is done with it."""

import os
from pathlib import Path

from tunesmith.errors import OptionError, message

LONGEST_NAME = 255  # bytes, of a file or folder, in every usual file system


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


def check_writable(what: str, path: Path, *, is_folder: bool = False) -> None:
    """Refuse a place where nothing can be written; better before a search than after it.

    Args:
        what: What is to be written, for the error.
        path: Where.
        is_folder: Whether it is a folder, made with those that lead to it; else a file in one that is there.

    Raises:
        OptionError: A folder is missing, something else is in the way, or writing is not allowed.
    """
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
