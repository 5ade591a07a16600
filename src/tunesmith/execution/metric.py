"""Where the metric of a command is found: the last JSON line, a regular expression's last match, or a file.

Each source is made once, checked when it is defined; `start` begins a new search for one run of the command.
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from tunesmith.errors import OptionError, did_you_mean, message
from tunesmith.execution.placeholders import Template

SHOWN_KEYS = 8  # of what was found instead of the metric
SHOWN_LETTERS = 80


class Search(Protocol):
    """The search for the metric of one run."""

    def line(self, text: str) -> tuple[int, float] | None:
        """Read a line of stdout; returns (step, value) if it is an intermediate value."""

    def result(self) -> float | None:
        """What was found when the command has ended; None for nothing."""

    @property
    def seen(self) -> str:
        """What was there instead, for people."""


class Source(Protocol):
    """Where the metric of a command is found."""

    @property
    def words(self) -> str:
        """What is looked for, for people."""

    def start(self, file: Path | None) -> Search:
        """Begin a search; `file` is the path of the file to read, if there is one."""


def make_source(metric: str | None, regex: str | None, file: Template | None) -> Source:
    """Make the source from what the user gave.

    Args:
        metric: Key in JSON, with dots for tables within tables ("val.loss").
        regex: Regular expression; its group 1 is the value, or all of it if it has no group.
        file: Path of a file that holds a number, or JSON with `metric`.

    Raises:
        OptionError: None is given, two exclude each other, or the expression is wrong.
    """
    for name, value in (("metric", metric), ("regex", regex)):
        if value is not None and (not isinstance(value, str) or not value):
            raise OptionError(message(f"{name} must be text", given=repr(value)))
    if regex is not None:
        if metric is not None or file is not None:
            other = "metric" if metric is not None else "file"
            raise OptionError(message(f"regex and {other} exclude each other", fix="Leave one of them out."))
        try:
            return Pattern(re.compile(regex))
        except re.error as error:
            wrong = f"regex is no regular expression: {error}"
            raise OptionError(message(wrong, given=repr(regex))) from error
    if file is not None:
        return ResultFile(metric)
    if metric is not None:
        return JsonLine(metric)
    raise OptionError(
        message(
            "nothing says where the command's metric is found",
            allowed='metric (key of the last JSON line on stdout, such as {"loss": 0.5}), regex, or file',
        )
    )


@dataclass(frozen=True)
class JsonLine:
    """The last line of stdout that is a JSON object with a key; with a "step" it is a report as well."""

    key: str

    @property
    def words(self) -> str:
        """What is looked for."""
        return f"a line of JSON on stdout with a number as {self.key!r}"

    def start(self, file: Path | None) -> Search:
        """Begin a search."""
        return _JsonSearch(self.key)


class _JsonSearch:
    def __init__(self, key: str) -> None:
        self._key = key
        self._last: float | None = None
        self._offset: int | None = None
        self._table: dict[str, Any] = {}  # the last there was
        self._line = ""

    @property
    def seen(self) -> str:
        if not self._table:
            several = " (is it JSON over several lines? Print it in one)" if self._line == "}" else ""
            return _shown_line(self._line) + several
        keys = _keys(self._table)
        if self._key in keys:
            return f"{self._key} = {json.dumps(look_up(self._table, self._key))}"
        more = ", ..." if len(keys) > SHOWN_KEYS else ""
        close = did_you_mean(self._key, keys)
        return f"JSON with {', '.join(keys[:SHOWN_KEYS])}{more}" + (f". {close}" if close else "")

    def line(self, text: str) -> tuple[int, float] | None:
        self._line = text.strip() or self._line
        table = _json_object(text)
        self._table = table or self._table
        value = number_of(look_up(table, self._key))
        if value is None:
            return None
        self._last = value
        step = (table or {}).get("step")
        if isinstance(step, bool) or not (
            isinstance(step, int) or (isinstance(step, float) and step.is_integer())
        ):
            return None
        if self._offset is None:
            self._offset = 1 if step == 0 else 0  # steps are counted from 1 here, in many scripts from 0
        return int(step) + self._offset, value

    def result(self) -> float | None:
        return self._last


@dataclass(frozen=True)
class Pattern:
    """The last match of a regular expression, line by line."""

    pattern: re.Pattern[str]

    @property
    def words(self) -> str:
        """What is looked for."""
        return f"a number on stdout that the regex {self.pattern.pattern!r} finds"

    def start(self, file: Path | None) -> Search:
        """Begin a search."""
        return _PatternSearch(self.pattern)


class _PatternSearch:
    def __init__(self, pattern: re.Pattern[str]) -> None:
        self._pattern = pattern
        self._last: float | None = None
        self._line = ""

    @property
    def seen(self) -> str:
        return _shown_line(self._line)

    def line(self, text: str) -> tuple[int, float] | None:
        self._line = text.strip() or self._line
        for match in self._pattern.finditer(text):
            value = number_of(match[1] if self._pattern.groups else match[0])
            self._last = self._last if value is None else value
        return None

    def result(self) -> float | None:
        return self._last


@dataclass(frozen=True)
class ResultFile:
    """A file that the command writes: a number, or JSON with a key."""

    key: str | None

    @property
    def words(self) -> str:
        """What is looked for."""
        return "a new file with " + ("a number" if self.key is None else f"JSON and the key {self.key!r}")

    def start(self, file: Path | None) -> Search:
        """Begin a search, and remember the file that may be left from another run."""
        assert file is not None
        return _FileSearch(self.key, file)


class _FileSearch:
    def __init__(self, key: str | None, path: Path) -> None:
        self._key = key
        self._path = path
        self._before = self._state()

    def _state(self) -> tuple[int, int, int] | None:
        try:
            status = self._path.stat()
        except OSError:
            return None
        return status.st_ino, status.st_mtime_ns, status.st_size

    def line(self, text: str) -> tuple[int, float] | None:
        return None

    @property
    def seen(self) -> str:
        state = self._state()
        if state is None:
            return "no file"
        if state == self._before:
            return "a file of another run"
        return _shown_line(self._path.read_text(encoding="utf-8", errors="replace").strip())

    def result(self) -> float | None:
        if self._state() in (None, self._before):
            return None  # another run's value must never count as this one's
        text = self._path.read_text(encoding="utf-8", errors="replace").strip()
        if self._key is None:
            return number_of(text)
        for part in (text, *reversed(text.splitlines())):
            value = number_of(look_up(_json_object(part), self._key))
            if value is not None:
                return value
        return None


def _json_object(text: str) -> dict[str, Any] | None:
    text = text.strip()
    if not text.startswith("{"):
        return None
    try:
        table = json.loads(text)
    except ValueError:
        return None
    return table if isinstance(table, dict) else None


def _keys(table: dict[str, Any], before: str = "") -> list[str]:
    """Keys of a table, those of tables within it with dots."""
    found = []
    for key, value in table.items():
        found += _keys(value, f"{before}{key}.") if isinstance(value, dict) and value else [before + key]
    return found


def _shown_line(text: str) -> str:
    return repr(text if len(text) <= SHOWN_LETTERS else text[:SHOWN_LETTERS] + "...") if text else "nothing"


def look_up(table: dict[str, Any] | None, key: str) -> Any:
    """Value of a key, or of a path of keys with dots; None when there is none.

    Example:
        >>> look_up({"val": {"loss": 0.5}}, "val.loss")
        0.5
    """
    found: Any = table
    if isinstance(table, dict) and key in table:
        return table[key]
    for part in key.split("."):
        if not isinstance(found, dict) or part not in found:
            return None
        found = found[part]
    return found


def number_of(value: Any) -> float | None:
    """Read a number, "nan" and "inf" included; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        return float(value)
    except (ValueError, OverflowError):
        return None
