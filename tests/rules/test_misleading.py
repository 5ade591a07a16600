"""Rules that are wrong in every parameter must not hurt much: the search recovers within 25 trials."""

import math

import pytest

import tunesmith as ts
from tunesmith.rules.engine import apply
from tunesmith.rules.tables import read_sources, read_table

SOURCES = read_sources({"book": {"text": "A book", "url": "https://example.org"}})
WHY = {"why": "It is so.", "source": ["book"]}
# Each default is four or more of its prior's standard deviations from what is best.
WRONG = (
    {"name": "rate", "type": "float", "low": 1e-5, "high": 1.0, "log": True, "default": 0.2, "spread": 0.8},
    {"name": "leaves", "type": "int", "low": 2, "high": 256, "log": True, "default": 4, "spread": 0.7},
    {"name": "share", "type": "float", "low": 0.0, "high": 1.0, "default": 0.2, "spread": 0.1},
)
RANDOM_25 = 0.27  # median of the lowest of 25 even draws over the same ranges


def loss(config):
    """0 at its best; 7.3 where the rules send the search."""
    rate, leaves = math.log10(config["rate"]) + 3.5, math.log2(config["leaves"]) - 6
    return rate**2 / 2 + leaves**2 / 8 + 4 * (config["share"] - 0.8) ** 2


@pytest.mark.slow
def test_the_search_recovers_from_rules_that_are_wrong_in_every_parameter(make_facts):
    entries = [{**e, "importance": k, "limits": [0, 256], **WHY} for k, e in enumerate(WRONG, start=1)]
    found = apply(read_table({"families": ["f"], "parameter": entries}, SOURCES, "f.toml"), make_facts(), "f")
    assert loss(found.default) > 7
    lowest = []
    for seed in range(4):
        study = ts.Study(found.space, seed=seed)
        study.enqueue(found.default)
        for _ in range(25):
            trial = study.ask()
            study.tell(trial, loss(trial.config))
        lowest.append(study.best.value)
    assert sum(value < RANDOM_25 for value in lowest) >= 3, lowest
    assert max(lowest) < 0.7  # nine tenths of the way, even at worst
