"""What a told result means: its state, value and failure."""

from dataclasses import dataclass
from typing import Any, Final

from tunesmith.errors import ObjectiveError, OptionError, TellError, did_you_mean, message
from tunesmith.execution.values import as_float, not_finite
from tunesmith.execution.worker import failure_of
from tunesmith.history import last_finite
from tunesmith.trial import Failure, FailureKind, State, Trial

NOTHING: Final[Any] = object()
"""Tells an argument that was not given from None."""


@dataclass(frozen=True, slots=True)
class Result:
    """A result that a trial can be finished with."""

    state: State
    value: float | None = None
    failure: Failure | None = None


def read_result(told: object, trial: Trial) -> Result:
    """Turn what was told into a result.

    Args:
        told: A number (NaN and infinity count as failures); State.FAILED or "failed"; State.STOPPED or
            "stopped", whose value is the last report; or an exception, which is a failure.
        trial: The trial it is told for.

    Raises:
        TellError: It is none of these; the trial can still be told.
    """
    if isinstance(told, BaseException):
        return Result(State.FAILED, failure=failure_of(told))
    if isinstance(told, str):
        return _read_state(told, trial)
    try:
        value = as_float(told)
    except ObjectiveError as error:
        raise TellError(
            message(
                f"trial {trial.number} was told something that is no result",
                allowed="a number, State.FAILED, State.STOPPED, or an exception",
                given=repr(told),
            )
        ) from error
    failure = not_finite(value)
    return Result(State.COMPLETE, value) if failure is None else Result(State.FAILED, failure=failure)


def _read_state(told: str, trial: Trial) -> Result:
    if told == State.FAILED:
        return Result(State.FAILED, failure=Failure(FailureKind.ERROR, "told as failed"))
    if told == State.STOPPED:
        value = last_value(trial)
        if value is None:
            raise TellError(message(f"trial {trial.number} cannot be STOPPED: it has no finite report yet"))
        return Result(State.STOPPED, value)
    raise TellError(
        message(
            f"trial {trial.number} was told a state that it cannot be put in",
            allowed="State.FAILED or State.STOPPED, or a number",
            given=repr(told),
            fix=did_you_mean(told, (State.FAILED.value, State.STOPPED.value))
            or "If it is meant as a number, tell float(...) of it.",
        )
    )


def unknown_trial(given: object, number: int | None, known: int) -> str:
    """Say what was told that is no trial of the study.

    Args:
        given: What was given as the trial.
        number: Its number; None where it has none.
        known: How many trials there are.

    Example:
        >>> unknown_trial(7, 7, 3)[:60]
        'the trial is unknown; allowed: 0 to 2; given: 7. For the res'
    """
    fix = "For the result of a config never asked for, use study.add(config, value)."
    if number is None:
        if isinstance(given, (list, tuple)):
            fix = "Tell them one by one."
        return message(
            "this is no trial", allowed="what ask returned, or its number", given=repr(given), fix=fix
        )
    allowed = f"0 to {known - 1}" if known else "none yet: ask for one first"
    return message("the trial is unknown", allowed=allowed, given=repr(given), fix=fix)


def read_reason(told: object) -> str:
    """Why a run is to end, in words.

    Raises:
        OptionError: It is no text, or empty, which would not end it.
    """
    if not isinstance(told, str) or not told.strip():
        raise OptionError(message("the reason to stop must be text", given=repr(told)))
    return told


def last_value(trial: Trial) -> float | None:
    """Last finite report of a trial; None when there is none."""
    report = last_finite(trial)
    return None if report is None else report.value


def check_own(given: object, trial: Trial, study: str) -> None:
    """Accept a trial by its number, or one that came into the study when the trial of this number did.

    Raises:
        TellError: It is a trial of another study, whose result would be kept for another config.
    """
    if getattr(given, "created", None) not in (None, trial.created):
        raise TellError(
            message(
                f"trial {trial.number} is another study's",
                allowed=f"what was asked of study {study!r}",
                given=repr(given),
                fix="Tell it to the study that it was asked of.",
            )
        )


def check_same(trial: Trial, result: Result) -> None:
    """Accept that a result could not be taken because the same one was there already.

    Raises:
        TellError: Another result was told before, or another worker has the trial now.
    """
    if not trial.is_finished:
        raise TellError(
            message(
                f"trial {trial.number} was taken over by another worker (attempt {trial.attempt})",
                fix="Its result will come from there.",
            )
        )
    if (trial.state, trial.value) != (result.state, result.value):
        raise TellError(
            message(
                f"trial {trial.number} was told before",
                allowed=f"{_shown(trial.state, trial.value)} again",
                given=_shown(result.state, result.value),
                fix="The first result is kept.",
            )
        )


def _shown(state: State, value: float | None) -> str:
    return state.value if value is None else repr(value)
