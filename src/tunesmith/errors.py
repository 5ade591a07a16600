"""Every error that tunesmith raises on purpose, and the one builder of their messages.

    TunesmithError
    ├── SpaceError (ValueError)         a parameter, condition, constraint or space that cannot be
    │   └── ConfigError                 a config that does not fit its space
    ├── OptionError (ValueError)        an argument of a function or command that is not allowed
    ├── StudyError                      a study that cannot do what was asked of it
    │   ├── StudyNotFound (LookupError) no study of that name in the store
    │   ├── StudyMismatch               a stored study that contradicts what was asked
    │   ├── TellError                   a result that cannot be taken
    │   ├── NoFinishedTrial             there is no best trial yet
    │   └── SpaceUsedUp                 every config has been tried: there is nothing left to ask for
    ├── ObjectiveError                  the objective is wrong, not one of its configs
    ├── StoreError                      the store cannot be opened, read or written
    ├── DataError (ValueError)          a data file that cannot be learnt from
    ├── RuleError (ValueError)          a table of rules of thumb that cannot be
    └── MissingExtra (ImportError)      an optional package is not installed

What is not here: how a failed *trial* is recorded. That is data, not an error of ours (`trial.py`).
"""

import difflib
import re
from collections.abc import Iterable

LONGEST = 600  # characters of what is shown of one thing that was given
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
# What moves the cursor, rings or clears, ends a line, or turns the direction of what follows.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


class TunesmithError(Exception):
    """Root of every error that tunesmith raises on purpose."""


class SpaceError(TunesmithError, ValueError):
    """A parameter, condition, constraint or space that cannot be."""


class ConfigError(SpaceError):
    """A config that does not fit its space."""


class OptionError(TunesmithError, ValueError):
    """An argument of a function or command that is not allowed."""


class StudyError(TunesmithError):
    """A study that cannot do what was asked of it."""


class StudyNotFound(StudyError, LookupError):
    """There is no study of that name in the store."""


class StudyMismatch(StudyError):
    """A stored study contradicts what was asked, for example in its direction."""


class TellError(StudyError):
    """A result that cannot be taken; the trial can still be told."""


class NoFinishedTrial(StudyError):
    """There is no best trial: none is complete yet."""


class SpaceUsedUp(StudyError):
    """Every config has been tried: there is nothing left to ask for."""


class ObjectiveError(TunesmithError):
    """The objective is wrong, not one of its configs: it ends the run."""


class StoreError(TunesmithError):
    """The store cannot be opened, read or written."""


class DataError(TunesmithError, ValueError):
    """A data file or table that cannot be learnt from."""


class RuleError(TunesmithError, ValueError):
    """A table of rules of thumb that cannot be."""


class MissingExtra(TunesmithError, ImportError):
    """An optional package is not installed."""


def message(wrong: str, *, allowed: object = None, given: object = None, fix: str | None = None) -> str:
    """Build an error message: what is wrong, what is allowed, what was given, what to do.

    Args:
        wrong: What is wrong, with the name of the thing; no full stop.
        allowed: What would have been accepted; left out when None.
        given: What came instead, shown with `repr` unless it is already text made for reading.
        fix: What to do next, a full sentence.

    Returns:
        One line of text.

    Example:
        >>> message("Float 'lr': low must be above 0 on a log scale", given=0.0, fix="Raise low.")
        "Float 'lr': low must be above 0 on a log scale; given: 0.0. Raise low."
    """
    parts = [wrong]
    parts += [
        f"{word}: {bounded(str(v))}" for word, v in (("allowed", allowed), ("given", given)) if v is not None
    ]
    text = "; ".join(parts) + "."
    return f"{text} {fix}" if fix else text


def bounded(text: str) -> str:
    """A text as errors show it: of one that is very long, both ends.

    Example:
        >>> bounded("short"), len(bounded("long" * 10_000))
        ('short', 629)
    """
    if len(text) <= LONGEST:
        return text
    half = LONGEST // 2
    return f"{text[:half]} ... ({len(text) - 2 * half:,} characters) ... {text[-half:]}"


def printable(text: str) -> str:
    r"""Text as a terminal shows it, in one line: colours are left out, other control characters spelled out.

    Example:
        >>> print(printable("\x1b[31mred\x1b[0m alert\x07, naïve"))
        red alert\x07, naïve
    """
    return _CONTROL.sub(lambda found: repr(found[0])[1:-1], _COLOUR.sub("", text))


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """Offer the closest known names for a misspelt one; capitals are no difference.

    Example:
        >>> did_you_mean("learning_rte", ["learning_rate", "depth"]), did_you_mean("Y", ["x", "y"])
        ("Did you mean 'learning_rate'?", "Did you mean 'y'?")
    """
    by_folded: dict[str, list[str]] = {}
    for name in map(str, known):
        by_folded.setdefault(name.casefold(), []).append(name)
    near = difflib.get_close_matches(str(word).casefold(), by_folded, n=2, cutoff=0.6)
    close = [name for folded in near for name in by_folded[folded] if name != word][:2]
    if not close:
        return None
    return "Did you mean " + " or ".join(repr(c) for c in close) + "?"


def not_one_of(wrong: str, given: object, known: Iterable[str], word: str | None = None) -> str:
    """Build the message for a name that is none of those that there are.

    Args:
        wrong: What is wrong, as in `message`.
        given: What came instead.
        known: The names that there are.
        word: Name that was meant, where `given` is not the name itself.

    Example:
        >>> not_one_of("kind is unknown", "dee", ["de", "pso"])
        "kind is unknown; allowed: de, pso; given: 'dee'. Did you mean 'de'?"
    """
    names = list(known)
    close = did_you_mean(str(given) if word is None else word, names)
    return message(wrong, allowed=", ".join(names), given=repr(given), fix=close)


def missing_extra(package: str, extra: str, purpose: str) -> MissingExtra:
    """Build the error for an optional package that is not installed.

    Args:
        package: Name of the package that failed to import.
        extra: Extra of tunesmith that brings it.
        purpose: What it is needed for, a noun phrase.
    """
    return MissingExtra(
        message(
            f"{purpose} needs the package {package}, which is not installed",
            fix=f'Install it with: pip install "tunesmith[{extra}]"',
        )
    )
