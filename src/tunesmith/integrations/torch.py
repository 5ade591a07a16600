"""PyTorch: a training loop's epochs, which go on from a checkpoint where a trial was paused or killed."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tunesmith.errors import ObjectiveError, message
from tunesmith.models.extras import need
from tunesmith.whole import whole

torch = need("torch", "a training loop of PyTorch")

FILE = "epochs.pt"


def epochs(trial: Any, *, save_every: int = 1, **parts: Any) -> Iterator[int]:
    """Give epoch after epoch until the scheduler stops or pauses the trial, and keep a checkpoint.

    Report a value within each epoch: `trial.report(loss)`. With the parts it goes on where a pause or a kill
    ended it, PyTorch's random numbers (those of the CPU) included.

    Args:
        trial: What the objective gets as its second argument.
        save_every: Epochs from one checkpoint to the next; a pause keeps one always.
        **parts: What training changes, by any name: model, optimizer, scheduler.

    Yields:
        The epoch to train, from 1.

    Raises:
        ObjectiveError: A part has no state to keep, `save_every` is no number of epochs, or the study has
            no fidelity.

    Example:
        >>> import torch, tunesmith as ts
        >>> def objective(config, trial):
        ...     model = torch.nn.Linear(1, 1)
        ...     optimizer = torch.optim.SGD(model.parameters(), lr=config["lr"])
        ...     for epoch in epochs(trial, model=model, optimizer=optimizer):
        ...         optimizer.zero_grad()
        ...         loss = (model(torch.ones(1)) - 3).square().mean()
        ...         loss.backward()
        ...         optimizer.step()
        ...         trial.report(loss)
        ...     return loss.item()
        >>> space, fidelity = ts.Space(lr=ts.Float(1e-3, 1, log=True)), ts.Fidelity("epoch", 1, 9)
        >>> study = ts.minimize(objective, space, trials=9, fidelity=fidelity, seed=0, progress=False)
        >>> len(study.best.reports)
        9
    """
    for name, part in parts.items():
        is_made = not isinstance(part, type)
        if not (is_made and hasattr(part, "state_dict") and hasattr(part, "load_state_dict")):
            allowed = "a model, an optimizer, a scheduler: whatever has state_dict and load_state_dict"
            fix = None if is_made else f"Make one of the class: {part.__name__}(...)."
            raise ObjectiveError(message(f"epochs(): {name} has no state to keep", allowed=allowed, fix=fix))
    apart = whole(save_every)
    if apart is None or apart < 1:
        wrong = "epochs(): save_every must be a whole number of 1 or more"
        raise ObjectiveError(message(wrong, given=repr(save_every)))
    file = trial.folder / FILE if parts and trial.has_folder else None
    after = 0 if file is None or not file.exists() else _load(file, parts)
    for epoch in trial.steps(after=after):
        yield epoch
        if file is not None and (trial.stop_requested or epoch % apart == 0):
            _save(file, parts, epoch)


def _save(file: Path, parts: dict[str, Any], epoch: int) -> None:
    states = {name: part.state_dict() for name, part in parts.items()}
    new = file.with_suffix(".new")
    torch.save({"epoch": epoch, "random": torch.get_rng_state(), "states": states}, new)
    new.replace(file)


def _load(file: Path, parts: dict[str, Any]) -> int:
    kept = torch.load(file, weights_only=True, map_location="cpu")
    for name, part in parts.items():
        part.load_state_dict(kept["states"][name])
    torch.set_rng_state(kept["random"])
    return int(kept["epoch"])
