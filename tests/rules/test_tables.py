"""The schema that tables are held to, and all of ours: whatever the data, they give a legal space."""

import itertools
import math
import re

import pytest

from tunesmith.errors import OptionError, RuleError
from tunesmith.models.base import families
from tunesmith.rules.engine import apply
from tunesmith.rules.tables import find_table, known, limits, read_sources, read_table
from tunesmith.space import Choice

SOURCES = read_sources({"book": {"text": "A book", "url": "https://example.org"}})
WHY = {"why": "It is so.", "source": ["book"]}


def knob(**changes):
    made = {"name": "a", "type": "float", "importance": 1, "low": 0.0, "high": 1.0, "default": 0.5, **WHY}
    made["limits"] = [0.0, math.inf]
    made.update(changes)
    return {k: v for k, v in made.items() if v is not None}


def table(*knobs, **rest):
    return {"families": ["f"], "parameter": list(knobs or [knob()]), **rest}


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (table(colour="red"), "unknown key"),
        ({"families": ["f"]}, "needs families and parameters"),
        (table(knob(), knob()), "names a parameter twice"),
        (table(knob(colour="red")), "unknown key"),
        (table(knob(type="real")), "is incomplete"),
        (table(knob(importance=0)), "is incomplete"),
        (table(knob(high=None)), "is incomplete"),
        (table(knob(limits=None)), "is incomplete"),
        (table(knob(limits=[1.0, 0.0])), "wrong limits"),
        (table(knob(limits=[1.0])), "wrong limits"),
        (table(knob(limits=["a", "b"])), "wrong limits"),
        (table(knob(type="choice")), "options"),
        (table(knob(why=None)), "without a reason or a source"),
        (table(knob(why="no full stop")), "without a reason or a source"),
        (table(knob(source=[])), "without a reason or a source"),
        (table(knob(source=["rumour"])), "without a reason or a source"),
        (table(knob(high="rowss / 2")), "rowss"),
        (table(knob(high="__import__('os')")), "parameter 'a'"),
        (table(knob(rule=[{"default": 0.1, **WHY}])), "without `when`"),
        (table(knob(rule=[{"when": "rows > 1", **WHY}])), "says nothing"),
        (table(knob(rule=[{"when": "rows >", "default": 0.1, **WHY}])), "parameter 'a'"),
        (table(knob(rule=["rows"])), "is no table"),
        (table(portfolio=[{"config": {"b": 1}, **WHY}]), "unknown key"),
    ],
)
def test_a_table_that_breaks_the_schema_is_refused_in_words(data, words):
    with pytest.raises(RuleError, match=re.escape(words)):
        read_table(data, SOURCES, "f.toml")


@pytest.mark.parametrize(
    "entry", [{"text": "A"}, {"text": "", "url": "u"}, {"text": "A", "url": "u", "measured": "m"}]
)
def test_a_source_has_a_text_and_either_an_address_or_a_measurement(entry):
    with pytest.raises(RuleError, match="incomplete"):
        read_sources({"a": entry})


def test_every_family_of_ours_has_a_table_and_every_table_but_torch_a_family():
    assert set(known()) - {"torch"} <= set(families())
    assert {"lightgbm", "xgboost", "catboost", "hist_gradient_boosting", "random_forest"} <= set(known())
    assert {"logistic", "ridge", "svm", "knn", "mlp", "extra_trees", "torch"} <= set(known())
    assert find_table("nothing") is None


SIZES = [(2, 1), (30, 200), (150, 4), (999, 1), (5000, 20), (100_000, 12), (10_000_000, 5000)]
EXTREMES = [
    dict(zip(("rows", "columns", "imbalance", "max_cardinality", "target_skew"), (*size, *rest), strict=True))
    for size, rest in itertools.product(SIZES, [(1.0, 0, 0.0), (500.0, 3000, 40.0)])
]


@pytest.mark.parametrize("model", known())
@pytest.mark.parametrize("task", ["classification", "regression"])
def test_whatever_the_data_a_table_gives_a_legal_space_and_legal_configs(model, task, make_facts):
    table = find_table(model)
    if table.task not in ("", task):
        with pytest.raises(OptionError, match=f"not for {task}.*{table.instead}"):
            apply(table, make_facts(task), model)
        return
    for said in EXTREMES:
        found = apply(table, make_facts(task, **said), model)
        for config in (found.default, *found.portfolio):
            assert found.space.check(config) == config
        assert len(found.portfolio) <= 3
        assert found.default not in found.portfolio
        for name, parameter in found.space.parameters.items():
            assert parameter.has_default
            first = found.reasons_for(name)[0]
            assert first.why
            assert first.sources
            if not isinstance(parameter, Choice):
                lowest, highest = limits(model)[name]
                assert lowest <= parameter.low <= parameter.high <= highest
                assert math.isfinite(parameter.high)


@pytest.mark.parametrize("model", known())
def test_parameters_come_by_importance(model, make_facts):
    table = find_table(model)
    found = apply(table, make_facts(table.task or "classification"), model)
    ranks = {k.name: k.importance for k in table.knobs}
    order = [ranks[name] for name in found.space]
    assert order == sorted(order)


def test_every_rule_holds_for_some_data_and_not_for_all(make_facts):
    said = [*EXTREMES, {"rows": 1500, "columns": 8}, {"rows": 600, "duplicate_share": 0.1}]
    all_facts = [make_facts(task, **s) for s in said for task in ("classification", "regression")]
    for model in known():
        table = find_table(model)
        facts = [f for f in all_facts if table.task in ("", f.task)]
        for each in table.knobs:
            for rule in each.rules:
                held = [rule.when({**f.values(), "model": model}) for f in facts]
                assert any(held), f"{model}, {each.name}: {rule.when.text} never holds"
                assert not all(held), f"{model}, {each.name}: {rule.when.text} always holds"
