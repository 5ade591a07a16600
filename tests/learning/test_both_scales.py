"""Linear ranges over decades, looked at on a log scale too."""

import math

import numpy as np
import pytest
from scipy import stats

from tunesmith.history import History
from tunesmith.learning.both_scales import BothScales, in_logs, wide_ranges
from tunesmith.learning.scales import NEUTRAL
from tunesmith.space import Choice, Float, Int, Space
from tunesmith.study.study import Study
from tunesmith.trial import State, Trial


def history_of(space: Space, loss, count: int = 25) -> History:
    history = History(space)
    rng = np.random.default_rng(1)
    logs = in_logs(space) or space
    for number in range(count):
        config = logs.draw(rng.random(len(space)))
        history.record(Trial(number, config, State.COMPLETE, loss(config)))
    return history


def test_only_plain_linear_ranges_over_three_decades_are_in_doubt() -> None:
    space = Space(
        wide=Float(1e-6, 1),
        whole=Int(1, 1000),
        narrow=Float(1e-2, 1),
        log=Float(1e-6, 1, log=True),
        from_zero=Float(0, 1),
        stepped=Int(1, 100_001, step=1000),
        expected=Float(1e-6, 1, prior=stats.uniform(0, 1)),
        kind=Choice([1e-6, 1.0]),
    )
    assert wide_ranges(space) == ["wide", "whole"]
    logs = in_logs(space)
    assert logs is not None
    assert [name for name in space if space[name] != logs[name]] == ["wide", "whole"]
    assert in_logs(logs) is None


def test_positions_are_on_the_log_scale_and_lead_back_to_the_config() -> None:
    space = Space(kind=Choice(["a", "b"]), lr=Float(1e-4, 1, when={"kind": "a"}), n=Int(1, 10_000))
    history = History(space)
    configs = [{"kind": "a", "lr": 1e-2, "n": 100}, {"kind": "b", "n": 10_000}]
    for number, config in enumerate(configs):
        history.record(Trial(number, config, State.COMPLETE, 1.0))
    scales = BothScales(history)
    scales.update(history)
    assert scales.logs is not None
    assert scales.logs.rescaled == ["lr", "n"]
    np.testing.assert_allclose(scales.logs.U[:, 1:], [[0.5, 0.5], [NEUTRAL, 1.0]], atol=1e-9)
    for config, back in zip(configs, scales.logs.encoding.configs(scales.logs.U), strict=True):
        assert back == pytest.approx(config)
    assert scales.declared.U[0, 1] == pytest.approx(1e-2, abs=1e-4)


def test_the_scale_that_explains_the_losses_is_the_likelier_one() -> None:
    space = Space(x=Float(1e-6, 1), y=Float(0, 1))
    for loss, is_log in (
        (lambda c: (math.log10(c["x"]) + 4) ** 2 + c["y"], True),
        (lambda c: math.sin(6 * c["x"]) + c["y"], False),
    ):
        history = history_of(space, loss)
        scales = BothScales(history)
        assert scales.share_of_logs() == 0.5
        scales.update(history)
        assert (scales.share_of_logs() == 0.9) is is_log
        assert scales.likelier() is (scales.logs if is_log else scales.declared)


def test_without_wide_ranges_nothing_is_drawn() -> None:
    scales = BothScales(history_of(Space(x=Float(0, 1)), lambda c: c["x"]))
    rng, other = np.random.default_rng(0), np.random.default_rng(0)
    assert scales.draw(rng) is scales.declared
    assert scales.likelier() is scales.declared
    assert rng.random() == other.random()


@pytest.mark.parametrize("is_log", [True, False])
def test_a_search_finds_the_optimum_on_either_scale(is_log: bool) -> None:
    """Uniform draws have one chance in a thousand to come as close on the log scale."""

    def loss(x: float) -> float:
        return abs(math.log10(x) + 4.3) if is_log else abs(x - 0.37)

    found = []
    for seed in range(5):
        study = Study(Space(x=Float(1e-6, 1), y=Float(0, 1)), method="bayes", seed=seed)
        for _ in range(25):
            trial = study.ask()
            study.tell(trial, loss(trial.config["x"]) + 0.1 * trial.config["y"])
        assert study.best is not None
        found.append(loss(study.best.config["x"]) < 0.1)
        assert any(made.reason.endswith("; x on a log scale") for made in study.trials)
    assert sum(found) >= 4


def test_whole_numbers_beyond_64_bits_have_both_scales() -> None:
    space = Space(n=Int(1, 10**30), x=Float(0, 1))
    assert wide_ranges(space) == ["n"]
    study = Study(space, method="bayes", seed=0)
    for _ in range(12):
        trial = study.ask()
        assert 1 <= trial.config["n"] <= 10**30
        study.tell(trial, abs(math.log10(trial.config["n"]) - 12) + trial.config["x"])
    assert any(made.reason.endswith("; n on a log scale") for made in study.trials)


def test_a_small_finite_space_is_used_up_once() -> None:
    study = Study(Space(n=Int(1, 1000)), method="bayes", seed=0)
    for _ in range(40):
        trial = study.ask()
        study.tell(trial, abs(math.log(trial.config["n"] / 7)))
    assert len({trial.config["n"] for trial in study.trials}) == 40
    assert study.best is not None
    assert study.best.config == {"n": 7}
