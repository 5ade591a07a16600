"""Lightning's callback, and going on from its checkpoint.

Lightning takes seconds to load: the process that runs these tests loads it, when the first of them begins.
"""

import logging
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

import tunesmith as ts
from tunesmith.errors import ObjectiveError
from tunesmith.trial import State

pytestmark = [
    pytest.mark.skipif(find_spec("lightning") is None, reason="Lightning is not installed"),
    pytest.mark.filterwarnings("ignore"),  # Lightning's advice on workers and loggers
    pytest.mark.xdist_group("lightning"),
]
SPACE = {"lr": ts.Float(1e-4, 0.3, log=True)}


@cache
def model_class() -> Any:
    import lightning.pytorch as lightning
    import torch

    class Line(lightning.LightningModule):  # type: ignore[misc, name-defined]
        def __init__(self, lr: float) -> None:
            super().__init__()
            self.lr = lr
            self.line = torch.nn.Linear(8, 1)

        def loss(self, batch: Any) -> Any:
            X, y = batch
            return (self.line(X) - y).square().mean()

        def training_step(self, batch: Any, number: int) -> Any:
            return self.loss(batch)

        def validation_step(self, batch: Any, number: int) -> None:
            self.log("val_loss", self.loss(batch))

        def configure_optimizers(self) -> Any:
            return torch.optim.Adam(self.parameters(), lr=self.lr)

    return Line


class Objective:
    def __init__(self, metric: str = "val_loss", validate_every: int = 1) -> None:
        self.metric = metric
        self.validate_every = validate_every
        self.epochs: list[tuple[int, int]] = []

    def __call__(self, config: dict[str, float], trial: Any) -> float:
        import lightning.pytorch as lightning
        import torch

        from tunesmith.integrations.lightning import checkpoint, report_to

        torch.manual_seed(0)
        X = torch.randn(32, 8)
        data = torch.utils.data.TensorDataset(X, X.sum(dim=1, keepdim=True))
        load = torch.utils.data.DataLoader(data, batch_size=16)
        first = torch.load(path, weights_only=False)["epoch"] + 1 if (path := checkpoint(trial)) else 0
        trainer = lightning.Trainer(
            max_epochs=9,
            accelerator="cpu",
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            check_val_every_n_epoch=self.validate_every,
            callbacks=[report_to(trial, self.metric)],
        )
        trainer.fit(model_class()(config["lr"]), load, load, ckpt_path=checkpoint(trial), weights_only=False)
        self.epochs += [(trial.number, e) for e in range(first, trainer.current_epoch)]
        return float(trainer.callback_metrics["val_loss"])


@pytest.fixture(autouse=True)
def quiet() -> None:
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)


def minimize(objective: Objective, **options: Any) -> ts.Study:
    given: dict[str, Any] = {"fidelity": ts.Fidelity("epoch", 1, 9), "seed": 0, "method": "random"}
    return ts.minimize(objective, SPACE, progress=False, **{**given, **options})


def test_each_epoch_is_reported_and_the_scheduler_stops() -> None:
    study = minimize(Objective(), trials=9, scheduler="median")
    assert study.best.value == pytest.approx(study.best.reports[-1].value)
    assert [r.step for r in study.best.reports] == list(range(1, 10))
    assert any(t.state is State.STOPPED and len(t.reports) < 9 for t in study.trials)


def test_a_trial_that_was_paused_goes_on_behind_its_checkpoint(tmp_path: Path) -> None:
    objective = Objective()
    study = minimize(objective, trials=5, scheduler="halving", store=tmp_path / "tune.db")
    assert any(t.attempt > 1 for t in study.trials)
    assert len(set(objective.epochs)) == len(objective.epochs)  # no epoch is trained twice
    for trial in study.trials:
        alone = ts.Study(SPACE, fidelity=ts.Fidelity("epoch", 1, 9), scheduler="none", seed=0)
        alone.enqueue(trial.config)
        alone.run(Objective(), trials=1, progress=False)
        values = [r.value for r in alone.trials[0].reports][: len(trial.reports)]
        assert [r.value for r in trial.reports] == pytest.approx(values)


def test_epochs_without_a_validation_report_nothing() -> None:
    study = minimize(Objective(validate_every=3), trials=1, scheduler="none")
    assert [r.step for r in study.best.reports] == [3, 6, 9]


def test_a_name_that_is_not_logged_is_an_error() -> None:
    with pytest.raises(ObjectiveError, match=r"Lightning has no metric 'val_los'.*Did you mean 'val_loss'"):
        minimize(Objective("val_los"), trials=1, scheduler="none")
