"""A config that is typed: fields, reading, and what is wrong with it."""

import hypothesis
import numpy as np
from hypothesis import strategies as st

import tunesmith as ts
from tunesmith import wording
from tunesmith.dashboard.form import fields, read, write


def space() -> ts.Space:
    made = ts.Space(
        lr=ts.Float(1e-5, 0.1, log=True, default=0.001),
        layers=ts.Int(1, 2**62),
        optimizer=ts.Choice(["adam", "sgd", None, (1, 2)]),
        momentum=ts.Float(0.0, 0.99, when={"optimizer": "sgd"}),
    )
    return made.require("lr * layers < 10")


def test_a_field_says_all_that_is_needed_to_fill_it_in():
    found = {f["name"]: f for f in fields(space())}
    assert found["lr"] | {"allowed": ""} == {
        "name": "lr", "kind": "float", "allowed": "", "condition": "", "default": "0.001", "low": "1e-05",
        "high": "0.1", "log": True,
    }  # fmt: skip
    assert found["layers"]["high"] == str(2**62)
    assert found["optimizer"]["options"] == ["adam", "sgd", "None", "(1, 2)"]
    assert found["momentum"]["condition"] == "optimizer is sgd"


def test_what_is_typed_is_read_to_the_last_digit():
    form = read(
        space(), {"lr": "1e-3", "layers": str(2**60 + 1), "optimizer": "(1, 2)", "momentum": "ignored"}
    )
    assert form.config == {"lr": 0.001, "layers": 2**60 + 1, "optimizer": (1, 2)}
    assert form.active == ("lr", "layers", "optimizer")
    assert form.broken == (space().constraints[0].text,)
    assert not form.is_whole


def test_a_condition_brings_a_field_to_life():
    typed = {"lr": "0.01", "layers": "2", "optimizer": "sgd", "momentum": "0.5"}
    form = read(space(), typed)
    assert form.config["momentum"] == 0.5
    assert form.is_whole


def test_every_wrong_field_is_told_apart():
    form = read(space(), {"lr": "1", "layers": "two", "optimizer": "lion"})
    assert set(form.errors) == {"lr", "layers", "optimizer"}
    assert "no whole number" in form.errors["layers"]
    assert "given: 'lion'" in form.errors["optimizer"]
    assert not form.broken


@hypothesis.given(
    st.dictionaries(st.sampled_from(["lr", "layers", "optimizer", "momentum", "other"]), st.text())
)
def test_anything_may_be_typed(values):
    form = read(space(), values)
    assert form.is_whole or form.errors or form.broken


@hypothesis.given(st.lists(st.floats(0, 1), min_size=4, max_size=4))
def test_what_is_written_is_read_as_it_was(u):
    config = space().draw(u)
    assert read(space(), write(space(), config)).config == config


def test_options_that_have_no_single_truth_value_are_written_by_label():
    one, two = np.array([1, 2]), np.array([3, 4])
    made = ts.Space(weights=ts.Choice({"one": one, "two": two}))
    assert [write(made, {"weights": option})["weights"] for option in (one, two)] == ["one", "two"]
    assert wording.config(made, {"weights": two}) == "weights=two"
    assert wording.config(made, {"weights": "gone"}) == "weights=gone"
