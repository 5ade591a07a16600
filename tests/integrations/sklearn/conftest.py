"""Marks that scikit-learn's own tests carry."""

import pytest


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "thread_unsafe: of scikit-learn, for runs in threads")
