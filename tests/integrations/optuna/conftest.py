"""Optuna without its log, and studies of it."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

optuna = pytest.importorskip("optuna", reason="Optuna is not installed")


@pytest.fixture(autouse=True, scope="package")
def quiet() -> Iterator[None]:
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.CRITICAL)
    yield
    optuna.logging.set_verbosity(before)


@pytest.fixture
def study() -> Callable[..., Any]:
    """Make a study with our sampler, and run some trials of an objective."""
    from tunesmith.integrations.optuna import TunesmithSampler

    def make(objective: Any = None, trials: int = 0, **given: Any) -> Any:
        ours = {name: given.pop(name) for name in ("seed", "method") if name in given}
        sampler = given.pop("sampler", None) or TunesmithSampler(**{"seed": 0, **ours})
        made = optuna.create_study(sampler=sampler, **given)
        if objective is not None:
            made.optimize(objective, n_trials=trials, catch=(ValueError,))
        return made

    return make
