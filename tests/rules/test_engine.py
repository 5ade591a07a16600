"""Rules applied to facts: the last that holds counts, and what it overrules is shown."""

import pytest

from tunesmith.errors import RuleError
from tunesmith.rules.engine import apply
from tunesmith.rules.tables import read_sources, read_table

SOURCES = read_sources({"book": {"text": "A book", "url": "https://example.org"}})
WHY = {"why": "It is so.", "source": ["book"]}


def suggestion(facts, *rules, portfolio=(), knobs=(), require=(), **changes):
    knob = {
        "name": "leaves",
        "type": "int",
        "importance": 2,
        "low": 2,
        "high": 100,
        "default": 31,
        "limits": [2, 1e9],
    }
    knob |= {"library": 31, "rule": [{**WHY, **r} for r in rules], **WHY, **changes}
    data = {
        "families": ["f"],
        "parameter": [knob, *({**WHY, **k} for k in knobs)],
        "portfolio": [{**WHY, **p} for p in portfolio],
        "require": list(require),
    }
    return apply(read_table(data, SOURCES, "f.toml"), facts, "f")


def test_without_rules_the_base_is_said_with_its_reason(make_facts):
    found = suggestion(make_facts())
    assert found.default == {"leaves": 31}
    assert (found.space["leaves"].low, found.space["leaves"].high) == (2, 100)
    (reason,) = found.reasons
    assert (reason.parameter, reason.says) == ("leaves", "searched over 2 to 100")
    assert (reason.why, reason.sources[0].text, reason.because) == ("It is so.", "A book", "")


def test_a_rule_that_holds_says_since_what(make_facts):
    small = {"when": "rows < 1000", "default": "rows / 40", "why": "Small tables take small trees."}
    found = suggestion(make_facts(rows=400), small)
    assert found.default == {"leaves": 10}
    reason = found.reasons[1]
    assert (reason.says, reason.because) == ("default 10", "rows < 1000 (rows = 400)")
    assert len(suggestion(make_facts(rows=4000), small).reasons) == 1


def test_of_two_rules_the_later_counts_and_shows_what_it_overrules(make_facts):
    small = {"when": "rows < 1000", "default": 10}
    wide = {"when": "columns > rows", "default": 5, "high": 20}
    found = suggestion(make_facts(rows=50, columns=60), small, wide)
    assert found.default == {"leaves": 5}
    base, reason = found.reasons_for("leaves")  # the overruled one is told of once
    assert base.says == "searched over 2 to 20"
    assert reason.says == "default 5, high 20"
    assert reason.overruled == ("default 10, since rows < 1000 (rows = 50)",)


def test_rules_that_agree_or_say_different_things_do_not_conflict(make_facts):
    same = suggestion(make_facts(), {"when": "rows > 1", "default": 9}, {"when": "rows > 2", "default": 9})
    assert same.reasons_for("leaves")[-1].overruled == ()
    other = suggestion(make_facts(), {"when": "rows > 1", "default": 9}, {"when": "rows > 2", "high": 64})
    assert [r.overruled for r in other.reasons_for("leaves")] == [(), (), ()]
    assert other.space["leaves"].high == 64


def test_a_default_outside_the_range_is_drawn_to_its_end(make_facts):
    assert suggestion(make_facts(), {"when": "rows > 1", "default": 1000}).default == {"leaves": 100}


def test_a_default_that_is_the_librarys_is_the_very_value(make_facts):
    share = "1 / sqrt(columns)"
    entry = {"name": "share", "type": "float", "importance": 1, "low": 0.1, "high": 1.0, "limits": [0, 1]}
    same = {**entry, "default": share, "library": share}
    found = suggestion(make_facts(columns=9), knobs=[same])
    assert int(found.default["share"] * 9) == 3
    assert found.portfolio == ()
    other = suggestion(make_facts(columns=9), knobs=[{**entry, "default": share, "library": 0.5}])
    assert other.default["share"] == 0.3333
    whole = suggestion(make_facts(rows=410), default="rows / 40", library="rows / 40").space["leaves"]
    assert (whole.default, type(whole.default)) == (10, int)


def test_ranges_that_end_below_their_start_are_a_fault_of_the_table(make_facts):
    with pytest.raises(RuleError, match=r"'leaves' of f contradict each other.*low is above high"):
        suggestion(make_facts(), {"when": "rows > 1", "high": 1})


def test_fix_takes_a_parameter_out_of_the_search(make_facts):
    found = suggestion(make_facts(), {"when": "rows > 1", "fix": 64})
    assert found.default == {"leaves": 64}
    assert found.space["leaves"].options == (64,)
    assert found.reasons[0].says == "fixed at 64"


def test_spread_becomes_a_prior_round_the_default(make_facts):
    log = suggestion(make_facts(), log=True, spread=0.5).space["leaves"].prior
    assert log.median() == pytest.approx(31)
    linear = suggestion(make_facts(), spread=0.1).space["leaves"].prior
    assert (linear.mean(), linear.std()) == (pytest.approx(31), pytest.approx(9.8))


def test_a_parameter_whose_condition_does_not_hold_is_left_out(make_facts):
    text = {"name": "smooth", "type": "float", "importance": 1, "low": 0.0, "high": 1.0, "default": 0.1}
    text["limits"] = [0, 1]
    text["when"] = "categorical > 0"
    assert list(suggestion(make_facts(), knobs=[text]).space) == ["leaves"]
    found = suggestion(make_facts(categorical=2), knobs=[text])
    assert list(found.space) == ["smooth", "leaves"]
    assert found.reasons[0].because == "categorical > 0 (categorical = 2)"


def test_conditions_are_told_in_words_and_the_model_is_not_told_of(make_facts):
    large = {"when": "task == 'regression' and rows > 50", "default": 64}
    reason = suggestion(make_facts("regression"), large).reasons[1]
    assert reason.because == "a quantity is predicted and rows > 50 (rows = 60)"
    assert suggestion(make_facts(), {"when": "model == 'f'", "default": 64}).reasons[1].because == ""


def test_the_portfolio_starts_with_the_library_and_holds_each_config_once(make_facts):
    found = suggestion(
        make_facts(),
        {"when": "rows > 1", "default": 10},
        portfolio=[
            {"config": {"leaves": 10}},
            {"config": {"leaves": 31}},
            {"config": {"leaves": 1000}, "when": "rows > 10"},
            {"config": {"leaves": 7}, "when": "rows > 1000000"},
            {"config": {"leaves": 50}},
            {"config": {"leaves": 60}},
        ],
    )
    assert found.default == {"leaves": 10}
    assert found.portfolio == ({"leaves": 31}, {"leaves": 100}, {"leaves": 50})
    assert [r.says for r in found.reasons if not r.parameter] == ["config 2", "config 3", "config 4"]
    assert found.library == {"leaves": 31}
    assert suggestion(make_facts()).library == {"leaves": 31}


def test_a_default_that_breaks_a_constraint_is_a_fault_of_the_table(make_facts):
    with pytest.raises(RuleError, match="breaks a constraint"):
        suggestion(make_facts(), require=["leaves < 10"])
    found = suggestion(make_facts(), require=["leaves < 50"], portfolio=[{"config": {"leaves": 60}}])
    assert found.portfolio == ()
