"""Numbers that a table holds as text."""

import numpy as np
import pandas as pd
import pytest

from tunesmith.models.columns import Recipe
from tunesmith.models.data import prepare
from tunesmith.models.numbers import number_style, read_numbers


@pytest.mark.parametrize(
    ("texts", "style", "numbers"),
    [
        (["1,234.50", "12", "-0.5"], "1,234.5", [1234.5, 12.0, -0.5]),
        (["1.234,50", "12", "0,5"], "1.234,5", [1234.5, 12.0, 0.5]),
        (["46%", "7 %", "100%"], "1,234.5", [46.0, 7.0, 100.0]),
        (["$1,000", "£ 20", "3.5 €"], "1,234.5", [1000.0, 20.0, 3.5]),
        (["1 234", "12 345 678", "5"], "1,234.5", [1234.0, 12345678.0, 5.0]),
        (["1e-5", "2.5E3", "+.5"], "1,234.5", [1e-5, 2500.0, 0.5]),
        (["1.234", "5.678", "9.5"], "1,234.5", [1.234, 5.678, 9.5]),
        (["\u22121.5", "2", "\u22123"], "1,234.5", [-1.5, 2.0, -3.0]),
    ],
    ids=["comma", "point", "percent", "currency", "blank", "exponent", "decimals", "minus"],
)
def test_each_way_of_writing_is_read(texts: list[str], style: str, numbers: list[float]) -> None:
    series = pd.Series([*texts, None], dtype=object)
    assert number_style(series) == style
    np.testing.assert_array_equal(read_numbers(series, style), [*numbers, np.nan])


@pytest.mark.parametrize(
    "texts",
    [
        ["red", "blue", "12.5"],
        ["101", "102", "7"],  # plain digits in text are codes: pandas would have read numbers as such
        ["01.5", "02.5", "03.5"],
        ["1", "2", "x"],
        ["12,34", "1,2,3", "4"],
        ["1.2.3", "192.168.0.1", "4.5"],
        ["%", "$", "-"],
        ["3 items", "4 items", "5 items"],
        ["E4", "e5", "1.5"],
        ["S", "M", "38", "40"],
        ["S", "M", "L", *(f"{k}.5" for k in range(30))],
    ],
    ids=[
        "words",
        "codes",
        "zeros",
        "few",
        "lists",
        "versions",
        "signs",
        "units",
        "grades",
        "sizes",
        "words too",
    ],
)
def test_what_is_no_number_stays_text(texts: list[str]) -> None:
    assert number_style(pd.Series(texts * 40)) == ""


def test_a_word_that_stands_for_missing_numbers_is_no_hindrance_however_often() -> None:
    texts = pd.Series([*(f"{k}.5" for k in range(30)), *["unknown"] * 20])
    assert number_style(texts) == "1,234.5"
    assert np.isnan(read_numbers(texts, "1,234.5")).sum() == 20
    assert number_style(pd.concat([texts, texts[30:]])) == ""  # most of them are words


def test_a_target_of_numbers_with_a_word_is_no_set_of_classes() -> None:
    y = [*(f"{k}.5" for k in range(98)), "-", "-"]
    dataset = prepare(pd.DataFrame({"x": np.arange(100.0) ** 2, "y": y}), "y")
    assert (dataset.task, len(dataset)) == ("regression", 98)
    assert "2 of 100 taken as missing: '-'" in dataset.notes[0]
    assert dataset.notes[1] == "left out, 2 of 100 rows: their target 'y' is missing"


def table(**columns: object) -> pd.DataFrame:
    return pd.DataFrame({**columns, "y": np.tile(["a", "b"], 50)})


def test_a_column_of_numbers_with_separators_is_not_left_out() -> None:
    income = [f"{v:,.2f}" for v in np.linspace(900, 12_000, 100)]
    dataset = prepare(table(income=income), "y")
    assert dataset.X["income"].iloc[-1] == 12_000.0
    assert not dataset.categorical
    assert "'income' holds numbers written as text, such as '900.00': used as numbers" in dataset.notes


def test_a_few_words_among_numbers_are_missing_and_named() -> None:
    ages = ["unknown", "unknown", "n.b."] + [str(k) for k in range(20, 117)]
    dataset = prepare(table(age=ages), "y")
    assert int(dataset.X["age"].isna().sum()) == 3
    note = next(n for n in dataset.notes if n.startswith("'age'"))
    assert note.endswith("3 of 100 taken as missing: 'n.b.', 'unknown'")


def test_a_target_with_separators_is_a_quantity() -> None:
    frame = pd.DataFrame({"x": np.arange(100.0), "price": [f"{v:,}" for v in range(900, 1100, 2)]})
    dataset = prepare(frame, "price")
    assert dataset.task == "regression"
    np.testing.assert_array_equal(dataset.y, np.arange(900.0, 1100.0, 2))
    assert prepare(frame.assign(price=["1,5", "2,5"] * 50), "price", "classification").classes == (
        "1,5",
        "2,5",
    )


def test_prediction_reads_them_as_training_did_also_when_they_are_numbers_by_then() -> None:
    dataset = prepare(table(share=[f"{k}%" for k in range(100)]), "y")
    recipe = Recipe.from_dict(dataset.recipe.to_dict())
    assert recipe == dataset.recipe
    later = recipe.apply(pd.DataFrame({"share": ["7%", "1,000%", "none"]}))
    np.testing.assert_array_equal(later["share"], [7.0, 1000.0, np.nan])
    assert recipe.apply(pd.DataFrame({"share": [7.0]}))["share"].tolist() == [7.0]


def test_rows_that_are_there_twice_are_told() -> None:
    frame = table(x=np.arange(100.0))
    twice = pd.concat([frame, frame.iloc[:7]])
    assert any(note.startswith("7 of 107 rows repeat another one") for note in prepare(twice, "y").notes)
    assert not any("repeat" in note for note in prepare(frame, "y").notes)
    odd = table(x=np.arange(100.0), tags=[["a"]] * 100)  # cannot be compared, and need not
    assert not any("repeat" in note for note in prepare(odd, "y", drop=["tags"]).notes)
