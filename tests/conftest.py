"""Fixtures that several folders share."""

from pathlib import Path

import pytest


@pytest.fixture(params=["memory", "sqlite"])
def where(request: pytest.FixtureRequest, tmp_path: Path) -> str | None:
    """Every store that a study can be kept in, as the `store` argument."""
    return None if request.param == "memory" else str(tmp_path / "tune.db")
