"""One job becomes one event, in words, and leaves nothing behind."""

import gc
import math
import weakref
from typing import Any

import pytest

from tunesmith.errors import ObjectiveError
from tunesmith.execution.base import Answer, Failed, Finished, Job
from tunesmith.execution.values import TrialFailed, adapt
from tunesmith.execution.worker import LONGEST_MESSAGE, LONGEST_TRACEBACK, dumps, run_job
from tunesmith.trial import Failure, FailureKind


def go_on(step: int, value: float) -> Answer:
    return Answer.CONTINUE


def failed(objective: Any, **config: Any) -> Failed:
    event = run_job(adapt(objective), Job(0, 1, config), go_on)
    assert isinstance(event, Failed)
    return event


class Big:
    """Something heavy that must not stay."""


def test_a_failed_trial_keeps_text_only() -> None:
    things: list[weakref.ref[Big]] = []

    def objective(config: dict[str, Any]) -> float:
        thing = Big()
        things.append(weakref.ref(thing))
        error = ValueError("bad")  # a frame that holds its own exception: a cycle
        try:
            raise KeyError(thing)
        except KeyError as cause:
            raise error from cause

    gc.disable()
    try:
        event = failed(objective)
        assert things[0]() is None
    finally:
        gc.enable()
    assert event.error is None
    assert event.failure.message == "ValueError: bad"
    assert "KeyError" in event.failure.traceback
    assert "The above exception was the direct cause" in event.failure.traceback


@pytest.mark.parametrize("makes", ["nan", "another error"])
def test_a_mistake_is_told_whatever_a_library_made_of_it(makes: str) -> None:
    def objective(config: dict[str, Any], trial: Any) -> float:
        trial.report(1.0, 3)
        try:
            trial.report(1.0, 2)
        except ObjectiveError as error:
            if makes != "nan":
                raise ValueError("something went wrong") from error
        return math.nan

    event = failed(objective)
    assert event.is_bug
    assert "the steps of reports must rise" in event.failure.message


def test_messages_are_one_line_and_not_endless() -> None:
    assert failed(_raiser(ValueError("a\n  b\tc"))).failure.message == "ValueError: a b c"
    assert len(failed(_raiser(ValueError("x" * 10_000))).failure.message) < LONGEST_MESSAGE + 20
    assert failed(_raiser(ValueError())).failure.message == "ValueError"


def test_tracebacks_are_not_endless() -> None:
    text = failed(_raiser(ValueError("x" * 100_000))).failure.traceback
    assert len(text) < LONGEST_TRACEBACK + 100
    assert "characters left out" in text


def test_an_endless_recursion_is_a_failure_like_any_other() -> None:
    def deeper(config: dict[str, Any]) -> float:
        return deeper(config)

    event = failed(deeper)
    assert "RecursionError" in event.failure.message
    assert "repeated" in event.failure.traceback


def test_an_exception_that_cannot_be_shown_is_named() -> None:
    class Shy(Exception):
        def __str__(self) -> str:
            raise RuntimeError("no")

    assert failed(_raiser(Shy())).failure.message == "Shy: (its text cannot be made)"


@pytest.mark.parametrize("code", [None, 0, 3, "usage: ..."])
def test_an_exit_is_a_failure_whatever_its_code(code: Any) -> None:
    event = failed(_raiser(SystemExit(code)))
    assert event.failure.kind is FailureKind.ERROR
    assert event.error is None
    assert event.failure.message == f"the objective called sys.exit({'' if code is None else repr(code)})"


@pytest.mark.parametrize("kind", [KeyboardInterrupt, GeneratorExit])
def test_other_base_exceptions_are_handed_back(kind: type[BaseException]) -> None:
    assert isinstance(failed(_raiser(kind())).error, kind)


def test_out_of_memory_of_a_library_is_known_by_its_name() -> None:
    class OutOfMemoryError(RuntimeError):
        pass

    assert failed(_raiser(OutOfMemoryError("CUDA out of memory"))).failure.kind is FailureKind.MEMORY
    assert failed(_raiser(MemoryError())).failure.kind is FailureKind.MEMORY


def test_an_objective_of_ours_says_itself_how_it_failed() -> None:
    failure = Failure(FailureKind.CRASH, "it fell", "from the roof")
    assert failed(_raiser(TrialFailed(failure))) == Failed(0, failure)


def test_misuse_of_the_trial_is_a_bug() -> None:
    def objective(config: dict[str, Any], trial: Any) -> float:
        trial.report(1.0, step=0)
        return 0.0

    event = failed(objective)
    assert event.is_bug
    assert "steps of reports must rise" in event.failure.message


def test_an_error_of_the_answer_is_raised_even_if_the_objective_hides_it() -> None:
    def objective(config: dict[str, Any], trial: Any) -> float:
        try:
            trial.report(1.0)
        except LookupError:
            return 2.0
        return 0.0

    def broken(step: int, value: float) -> Answer:
        raise LookupError("the store is gone")

    with pytest.raises(LookupError, match="the store is gone"):
        run_job(adapt(objective), Job(0, 1, {}), broken)


def test_an_event_survives_the_way_between_processes() -> None:
    import pickle

    for event in (
        Finished(1, 2.0),
        failed(_raiser(ValueError("x"))),
        failed(_raiser(TrialFailed(_failure()))),
    ):
        assert pickle.loads(dumps(event)) == event
    error = pickle.loads(dumps(Failed(0, _failure(), error=KeyboardInterrupt("now")))).error
    assert repr(error) == repr(KeyboardInterrupt("now"))
    stand_in = pickle.loads(dumps(Failed(0, _failure(), error=SystemError(go_on, (x for x in ()))))).error
    assert isinstance(stand_in, ObjectiveError)


def _failure() -> Failure:
    return Failure(FailureKind.ERROR, "it fell")


def _raiser(error: BaseException) -> Any:
    def objective(config: dict[str, Any]) -> float:
        raise error

    return objective
