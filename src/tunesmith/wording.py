"""How values, configs, times and failures are put into words: for displays, the command line and reports."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tunesmith.errors import printable
from tunesmith.history import History
from tunesmith.space import Choice, Space
from tunesmith.space.labels import find_option
from tunesmith.trial import FailureKind, State

FIGURES = 6  # of a number, where nothing else is said
LARGE = 1e9  # numbers below are written whole, not with an exponent
SMALL = 1e-4  # and so are these and larger
ROUNDING = 1e-12  # errors below this part of a value come from its last binary digits
SHORT = 4  # figures of a parameter's value within a line of them
LONGEST_CONFIG = 500  # characters of a config in a line for people
MESSAGE_WIDTH = 90  # characters of a failure's message shown in a summary
SHORT_LABEL = 2  # characters; labels up to here occur within words by chance
_NUMBER = r"0x[0-9a-fA-F]+|[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"


def number(value: float | None, figures: int = FIGURES) -> str:
    """A number for people: to so many figures, without the noise of binary fractions.

    Example:
        >>> number(0.123456789), number(0.9999999999999999), number(0.5, 3), number(None)
        ('0.123457', '1', '0.5', '-')
        >>> number(2187.4, 3), number(1234567.8), number(-1.5e12)
        ('2187', '1234568', '-1.5e+12')
    """
    if value is None:
        return "-"
    text = f"{value:.{figures}g}"
    return f"{value:.0f}" if "e+" in text and abs(value) < LARGE else text


def estimate(value: float, error: float) -> str:
    """A value with its standard error: the error to three figures, the value as far as that says something.

    Example:
        >>> estimate(55.3607123, 1.4601), estimate(0.5, 0.0), estimate(123456.7, 2345.6)
        ('55.36 ± 1.46', '0.5 ± 0', '123457 ± 2346')
        >>> estimate(2.502e18, 1.063e17), estimate(3.87120101, 1.4e-16)
        ('(2.502 ± 0.106)e+18', '3.8712 ± 0')
    """
    if error <= ROUNDING * abs(value):
        error = 0.0
    if not (0.0 < error < math.inf and math.isfinite(value)):
        return f"{number(value)} ± {number(error)}"
    largest = max(abs(value), error)
    if largest < SMALL or (largest >= LARGE and error >= 100.0):  # else all digits say something
        power = math.floor(math.log10(largest))
        return f"({estimate(value / 10.0**power, error / 10.0**power)})e{power:+03}"
    places = max(0, 2 - math.floor(math.log10(error)))
    return f"{value:.{places}f} ± {error:.{places}f}"


def literal(value: Any) -> str:
    """A value of a config for people, as it is written in Python, floats to six figures.

    To the last digit it stands in JSON, exports, commands and code.

    Example:
        >>> literal(0.9999999999999999), literal(3), literal("adam"), literal((0.1 + 0.2, None))
        ('1.0', '3', "'adam'", '(0.3, None)')
    """
    if isinstance(value, tuple):
        inner = ", ".join(map(literal, value))
        return f"({inner},)" if len(value) == 1 else f"({inner})"
    if isinstance(value, list):
        return f"[{', '.join(map(literal, value))}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key!r}: {literal(v)}" for key, v in value.items()) + "}"
    return repr(float(number(value))) if isinstance(value, float) else repr(value)


def config(space: Space, values: Mapping[str, Any]) -> str:
    """A config in one line that can be printed, cut if long: numbers to four figures, options by label.

    Example:
        >>> from tunesmith.space import Float
        >>> config(Space(lr=Float(0, 1)), {"lr": 0.123456})
        'lr=0.1235'
    """
    return cut(printable(", ".join(f"{n}={shown(space, n, v)}" for n, v in values.items())), LONGEST_CONFIG)


def shown(space: Space, name: str, value: Any) -> str:
    """One value: a number to four figures, an option by label."""
    parameter = space.parameters.get(name)
    if isinstance(parameter, Choice):
        return option(parameter, value)
    return number(value, SHORT) if isinstance(value, float) else str(value)


def percent(share: float) -> str:
    """A share in words, to two figures.

    Example:
        >>> percent(0.257), percent(0.0257), percent(0.05), percent(1.0)
        ('26 %', '2.6 %', '5 %', '100 %')
    """
    return f"{100 * share:.{int(share < 0.1)}f}".removesuffix(".0") + " %"


def cut(text: str, most: int) -> str:
    """A text of at most so many characters, which shows where it was cut.

    Example:
        >>> cut("nine words", 10), cut("many more words", 10)
        ('nine words', 'many more…')
    """
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def guessed(history: History) -> str:
    """That most results of a history are of trials that were cut short; empty where they are not.

    Example:
        >>> guessed(History(Space(n=Choice([1, 2]))))
        ''
    """
    results = int(np.count_nonzero(np.isfinite(history.loss)))
    guesses = results - len(history.numbers(State.COMPLETE))
    if history.fidelity is None or 2 * guesses <= results:
        return ""
    said = f"{guesses} of {results} results are of trials that were cut short"
    return f"{said}: what they would have come to is estimated."


def counted(count: int, noun: str, one: str = "", more: str = "") -> str:
    """A number of things, and what is said of one or of more of them.

    Example:
        >>> counted(1, "trial"), counted(1200, "config"), counted(1, "trial", "is left", "are left")
        ('1 trial', '1,200 configs', '1 trial is left')
    """
    said = one if count == 1 else more
    return f"{count:,} {noun}{'s' * (count != 1)}" + (f" {said}" if said else "")


def all_of(count: int, noun: str, one: str, more: str) -> str:
    """What is said of all things that there are.

    Example:
        >>> all_of(1, "trial", "is done", "are done"), all_of(3, "trial", "is done", "are done")
        ('the only trial is done', 'all 3 trials are done')
    """
    return f"the only {noun} {one}" if count == 1 else f"all {counted(count, noun, one, more)}"


def by_state(states: Mapping[State, int]) -> str:
    """How many trials are in each state; empty when there are none.

    Example:
        >>> by_state({State.COMPLETE: 3, State.STOPPED: 0, State.FAILED: 1})
        '3 complete, 1 failed'
    """
    return ", ".join(f"{count} {state.value}" for state, count in states.items() if count)


def option(parameter: Choice, value: Any) -> str:
    """Label of an option; of what is none any more, its text."""
    index = find_option(parameter.options, value)
    return str(value) if index is None else parameter.labels[index]


def duration(seconds: float) -> str:
    """A length of time in two units at most.

    Example:
        >>> duration(5.2), duration(59.7), duration(130), duration(7300)
        ('5 s', '1 min 0 s', '2 min 10 s', '2 h 1 min')
    """
    minutes, rest = divmod(round(seconds), 60)
    if not minutes:
        return f"{rest} s" if seconds >= 0.95 else f"{seconds:.1f} s"
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


@dataclass(frozen=True, slots=True)
class Cause:
    """Failed trials of one cause.

    Args:
        kind: How they failed.
        message: First line of the first one's message.
        numbers: The trials, rising.
    """

    kind: FailureKind
    message: str
    numbers: Sequence[int]


def causes(history: History) -> list[Cause]:
    """Failed trials grouped by cause, most frequent first.

    Messages that differ only in numbers and options have the same cause; the first is shown as it is.
    """
    groups: dict[tuple[FailureKind, str], tuple[str, list[int]]] = {}
    values = _values_pattern(history.space)
    for trial in history.failed:
        assert trial.failure is not None
        text = trial.failure.message.strip().partition("\n")[0]
        key = (trial.failure.kind, values.sub("#", text))
        groups.setdefault(key, (cut(text, MESSAGE_WIDTH), []))[1].append(trial.number)
    made = [Cause(kind, text, numbers) for (kind, _), (text, numbers) in groups.items()]
    return sorted(made, key=lambda cause: -len(cause.numbers))


def _values_pattern(space: Space) -> re.Pattern[str]:
    # All options, not only the trial's own: a message that quotes none has to look the same for all configs.
    labels = {label for p in space.parameters.values() if isinstance(p, Choice) for label in p.labels}
    parts = [
        rf"(?<![A-Za-z]){re.escape(label)}(?![A-Za-z])" if len(label) <= SHORT_LABEL else re.escape(label)
        for label in sorted(labels, key=lambda label: (-len(label), label))
        if label and not re.fullmatch(_NUMBER, label)
    ]
    return re.compile("|".join([*parts, _NUMBER]))
