"""What an objective can do with its trial."""

import math
import pickle
import threading
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tunesmith.errors import ObjectiveError
from tunesmith.execution.base import Answer, Course, Use
from tunesmith.execution.handle import TrialHandle


class Log:
    def __init__(self, end_at: int | None = None) -> None:
        self.seen: list[tuple[int, float]] = []
        self.end_at = end_at

    def __call__(self, step: int, value: float) -> Answer:
        self.seen.append((step, value))
        return Answer.END if step == self.end_at else Answer.CONTINUE


def handle(send: Log, **options: Any) -> TrialHandle:
    return TrialHandle(3, 1, {"x": 1}, send=send, **options)


def test_steps_count_from_one_by_themselves_and_may_be_given() -> None:
    log = Log()
    trial = handle(log)
    trial.report(0.5)
    trial.report(0.4)
    trial.report(0.3, step=10)
    trial.report(0.2, step=np.int64(12))
    trial.report(0.1)
    assert log.seen == [(1, 0.5), (2, 0.4), (10, 0.3), (12, 0.2), (13, 0.1)]
    assert [type(step) for step, _ in log.seen] == [int] * 5


@pytest.mark.parametrize("step", [5, 4, 0, -1, True, 6.0, "6"])
def test_steps_must_rise(step: Any) -> None:
    log = Log()
    trial = handle(log)
    trial.report(0.5, step=5)
    with pytest.raises(
        ObjectiveError, match=r"trial 3: the steps of reports must rise; allowed: .* 6 or more"
    ):
        trial.report(0.4, step=step)
    trial.report(0.3)
    assert log.seen == [(5, 0.5), (6, 0.3)]


def test_the_first_step_is_one() -> None:
    with pytest.raises(ObjectiveError, match="Steps count from 1"):
        handle(Log()).report(0.5, step=0)


@pytest.mark.parametrize("value", [1, np.float32(1), np.array(1.0), Decimal(1)])
def test_values_go_through_the_door(value: Any) -> None:
    log = Log()
    handle(log).report(value)
    assert log.seen == [(1, 1.0)]
    assert type(log.seen[0][1]) is float


def test_a_report_may_be_nan() -> None:
    log = Log()
    handle(log).report(math.nan)
    assert math.isnan(log.seen[0][1])


def test_a_report_of_a_wrong_type_is_refused_and_takes_no_step() -> None:
    log = Log()
    trial = handle(log)
    with pytest.raises(ObjectiveError, match=r"trial.report\(\) was given a str: '0.5'"):
        trial.report("0.5")
    trial.report(0.5)
    assert log.seen == [(1, 0.5)]


def test_after_the_end_nothing_is_sent() -> None:
    log = Log(end_at=2)
    trial = handle(log)
    for value in (0.3, 0.2, 0.1):
        assert not trial.stop_requested or value == 0.1
        trial.report(value)
    assert trial.stop_requested
    assert log.seen == [(1, 0.3), (2, 0.2)]


def test_the_folder_is_made_when_it_is_asked_for(tmp_path: Path) -> None:
    trial = handle(Log(), folder=str(tmp_path / "a" / "b"))
    assert not (tmp_path / "a").exists()
    assert trial.has_folder
    assert trial.folder.is_dir()
    assert trial.folder == tmp_path / "a" / "b"


def test_without_a_place_for_files_the_folder_says_so() -> None:
    trial = handle(Log())
    assert not trial.has_folder
    with pytest.raises(ObjectiveError, match=r'trial 3 has no folder.*store="tune.db"'):
        _ = trial.folder


def test_its_config_is_a_copy() -> None:
    config = {"x": 1}
    TrialHandle(0, 1, config, send=Log()).config["x"] = 2
    assert config == {"x": 1}


def test_it_stays_where_it_is() -> None:
    with pytest.raises(TypeError, match="cannot be sent to another process"):
        pickle.dumps(handle(Log()))


# -- how far it goes -------------------------------------------------------------------------------------


def course(**options: Any) -> Course:
    return Course("epoch", **{"high": 9, **options})


def test_steps_go_on_behind_the_last_report_until_the_end() -> None:
    assert list(handle(Log(), course=course()).steps()) == list(range(1, 10))
    assert list(handle(Log(), course=course(last=6)).steps()) == [7, 8, 9]
    assert list(handle(Log(), course=course(last=9)).steps()) == []
    assert list(handle(Log(), course=course(last=6)).steps(after=7)) == [8, 9]
    assert [type(s) for s in handle(Log(), course=course(last=6)).steps(after=np.int64(7))] == [int, int]


def test_steps_end_when_a_report_is_answered_end() -> None:
    log = Log(end_at=4)
    trial = handle(log, course=course(high=None, last=2))
    seen = []
    for step in trial.steps():
        seen.append(step)
        trial.report(0.5)
    assert seen == [3, 4]
    assert log.seen == [(3, 0.5), (4, 0.5)]


def test_a_report_without_a_step_belongs_to_the_one_under_way() -> None:
    log = Log()
    trial = handle(log, course=course())
    for step in trial.steps():
        if step % 4 == 0:
            trial.report(step / 10)
    assert log.seen == [(4, 0.4), (8, 0.8)]


@pytest.mark.parametrize("options", [{"resumes": False, "last": 3}, {"last": 3, "after": 0}])
def test_what_an_earlier_attempt_reported_is_not_sent_again(options: dict[str, Any]) -> None:
    after = options.pop("after", None)
    log = Log()
    trial = handle(log, course=course(**options))
    steps = []
    for step in trial.steps(after=after):
        steps.append(step)
        trial.report(step / 10, step)
    assert steps == list(range(1, 10))
    assert [step for step, _ in log.seen] == [4, 5, 6, 7, 8, 9]


def test_fidelity_is_the_target_else_the_end() -> None:
    assert handle(Log(), course=course(until=3)).fidelity == 3
    assert handle(Log(), course=course()).fidelity == 9
    with pytest.raises(ObjectiveError, match="how many epochs is not known"):
        _ = handle(Log(), course=course(high=None)).fidelity


def test_the_value_belongs_to_the_target_only_where_that_was_asked_for_alone() -> None:
    trial = handle(Log(), course=course(until=3))
    assert trial.at is None
    assert trial.fidelity == trial.at == 3
    trial.steps()
    assert trial.at is None
    assert trial.used == {Use.FIDELITY, Use.STEPS}


@pytest.mark.parametrize("after", [-1, 1.5, "3", True])
def test_a_checkpoint_is_of_a_step(after: Any) -> None:
    with pytest.raises(ObjectiveError, match="after is no step"):
        handle(Log(), course=course()).steps(after=after)


@pytest.mark.parametrize("step", [2**63, 2**70])
def test_a_step_that_no_store_can_hold_is_refused(step: int) -> None:
    handle = TrialHandle(3, 1, {}, send=lambda step, value: Answer.CONTINUE)
    handle.report(0.5, 2**63 - 2)
    with pytest.raises(ObjectiveError, match="or more, at most 9223372036854775807; given"):
        handle.report(0.5, step)
    handle.report(0.5, 2**63 - 1)


def test_the_end_waits_for_the_answer_to_a_report() -> None:
    sent, may_answer = threading.Event(), threading.Event()

    def send(step: int, value: float) -> Answer:
        sent.set()
        may_answer.wait(10)
        return Answer.END

    trial = TrialHandle(0, 1, {}, send=send)
    reporting = threading.Thread(target=trial.report, args=(1.0,))
    reporting.start()
    sent.wait(10)
    ending = threading.Thread(target=trial.end)
    ending.start()
    ending.join(0.05)
    assert ending.is_alive()  # what is sent now would come before the answer
    may_answer.set()
    ending.join(10)
    assert trial.stop_requested
    with pytest.raises(ObjectiveError, match="trial 0 has ended"):
        trial.report(1.0)
