"""A training loop of PyTorch that goes on from its checkpoint."""

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")

import torch

import tunesmith as ts
from tunesmith.errors import ObjectiveError
from tunesmith.integrations.torch import FILE, epochs
from tunesmith.trial import State

SPACE = {"lr": ts.Float(1e-3, 0.3, log=True)}
EPOCHS = ts.Fidelity("epoch", 1, 9)


class Training:
    """Fits a line with momentum, dropout and a schedule, and notes what it trains."""

    def __init__(self) -> None:
        self.trained: list[tuple[int, int]] = []

    def __call__(self, config: dict[str, float], trial: Any) -> float:
        torch.manual_seed(0)
        model = torch.nn.Sequential(torch.nn.Dropout(0.2), torch.nn.Linear(8, 1))
        optimizer = torch.optim.SGD(model.parameters(), lr=config["lr"], momentum=0.9)
        scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 2, 0.5)
        X = torch.linspace(-1, 1, 80).reshape(10, 8)
        value = float("nan")
        for epoch in epochs(trial, model=model, optimizer=optimizer, scheduler=scheduler):
            self.trained.append((trial.number, epoch))
            optimizer.zero_grad()
            loss = (model(X) - X.sum(dim=1, keepdim=True)).square().mean()
            loss.backward()
            optimizer.step()
            scheduler.step()
            value = loss.item()
            trial.report(value)
        return value


def test_a_trial_that_was_paused_goes_on_as_if_it_had_not_been(tmp_path: Path) -> None:
    halting = Training()
    options: dict[str, Any] = {"fidelity": EPOCHS, "seed": 0, "method": "random", "progress": False}
    stopped = ts.minimize(
        halting, SPACE, trials=6, scheduler="halving", store=tmp_path / "tune.db", **options
    )
    resumed = [t for t in stopped.trials if t.attempt > 1]
    assert resumed
    assert len(set(halting.trained)) == len(halting.trained)  # no epoch is trained twice
    for trial in resumed:
        config, again = trial.config, Training()
        alone = ts.Study(SPACE, fidelity=EPOCHS, scheduler="none", seed=0)
        alone.enqueue(config)
        alone.run(again, trials=1, progress=False)
        values = [r.value for r in alone.trials[0].reports][: len(trial.reports)]
        assert [r.value for r in trial.reports] == values


def test_without_a_place_for_files_it_trains_from_the_start() -> None:
    training = Training()
    study = ts.minimize(training, SPACE, trials=2, seed=0, progress=False, fidelity=EPOCHS, scheduler="none")
    assert [len(t.reports) for t in study.trials] == [9, 9]


def test_checkpoints_may_be_some_epochs_apart(tmp_path: Path) -> None:
    kept: list[int] = []

    def objective(config: dict[str, float], trial: Any) -> float:
        model = torch.nn.Linear(1, 1)
        for epoch in epochs(trial, model=model, save_every=4):
            file = trial.folder / FILE
            kept.append(torch.load(file)["epoch"] if file.exists() else 0)
            trial.report(1.0 / epoch)
        return 0.1

    ts.minimize(
        objective, SPACE, trials=1, fidelity=EPOCHS, scheduler="none", store=tmp_path / "t.db", progress=False
    )
    assert kept == [0, 0, 0, 0, 4, 4, 4, 4, 8]


@pytest.mark.parametrize(
    ("given", "wrong"),
    [
        ({"data": [1, 2]}, "data has no state to keep"),
        (
            {"model": torch.nn.Linear},
            r"model has no state to keep; .* Make one of the class: Linear\(\.\.\.\)",
        ),
        ({"save_every": 0}, "save_every must be a whole number of 1 or more; given: 0"),
    ],
)
def test_what_cannot_be_kept_is_named(given: dict[str, Any], wrong: str) -> None:
    def objective(config: dict[str, float], trial: Any) -> float:
        for _ in epochs(trial, **given):
            pass
        return 0.0

    with pytest.raises(ObjectiveError, match=rf"epochs\(\): {wrong}"):
        ts.minimize(objective, SPACE, trials=1, fidelity=EPOCHS, progress=False)


def test_a_scheduler_stops_the_loop() -> None:
    training = Training()
    study = ts.minimize(
        training,
        SPACE,
        trials=12,
        fidelity=EPOCHS,
        scheduler="median",
        method="random",
        seed=0,
        progress=False,
    )
    assert any(t.state is State.STOPPED and len(t.reports) < 9 for t in study.trials)
