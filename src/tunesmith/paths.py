"""Paths as users give them: what cannot be one is refused in words, before anything is done with it."""

import os
from pathlib import Path

from tunesmith.errors import OptionError, message


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
