"""Facts made up for rules to be tried on."""

from dataclasses import replace

import numpy as np
import pytest

from tunesmith.rules.facts import facts_of


@pytest.fixture
def make_facts():
    """Facts of a task, with some of them set by hand."""

    def make(task="classification", **said):
        plain = facts_of(np.random.default_rng(0).normal(size=(60, 3)), [0, 1, 2] * 20, task)
        return replace(plain, **said)

    return make
