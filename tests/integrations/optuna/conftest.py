"""Optuna without its log."""

from collections.abc import Iterator

import pytest

optuna = pytest.importorskip("optuna", reason="Optuna is not installed")


@pytest.fixture(autouse=True, scope="package")
def quiet() -> Iterator[None]:
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.CRITICAL)
    yield
    optuna.logging.set_verbosity(before)
