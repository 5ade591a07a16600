"""Making a table ready: what each kind of column becomes, and what is refused."""

import pickle
from datetime import date
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from tunesmith.errors import DataError, OptionError
from tunesmith.models.columns import Recipe
from tunesmith.models.data import prepare, read_table

N = 60


def table(**columns):
    rng = np.random.default_rng(0)
    return pd.DataFrame({"x": rng.normal(size=N), "y": rng.normal(size=N), **columns})


def alternating(*values):
    return [values[i % len(values)] for i in range(N)]


def refused(frame, target="y", task=None, **options):
    with pytest.raises(DataError) as caught:
        prepare(frame, target, task, **options)
    text = str(caught.value)
    assert "\n" not in text
    return text


def notes_of(dataset):
    return "\n".join(dataset.notes)


# -- task and target -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "task", "classes"),
    [
        (alternating("no", "yes"), "classification", ("no", "yes")),
        (alternating(True, False), "classification", (False, True)),
        (alternating(0, 1), "classification", (0, 1)),
        (alternating(0.5, 1.5), "classification", (0.5, 1.5)),
        (alternating(3, 1, 2), "classification", (1, 2, 3)),
        (alternating(3.0, 1.0, None), "classification", (1, 3)),
        (pd.Categorical(alternating("b", "a")), "classification", ("a", "b")),
        (list(range(N)), "regression", ()),
        (alternating(*range(10)), "regression", ()),
        (np.linspace(0, 1, N), "regression", ()),
    ],
)
def test_the_task_is_told_from_the_target(target, task, classes):
    dataset = prepare(table(y=target), "y")
    assert (dataset.task, dataset.classes) == (task, classes)
    assert [type(c) for c in dataset.classes] == [type(c) for c in classes]
    assert "'y' is taken for " + task in notes_of(dataset)


def test_the_task_can_be_given():
    assert prepare(table(y=alternating(0, 1)), "y", "regression").y.tolist()[:2] == [0.0, 1.0]
    assert prepare(table(y=alternating(*range(10))), "y", "classification").classes == tuple(range(10))
    with pytest.raises(OptionError, match="Did you mean 'regression'"):
        prepare(table(), "y", "regresion")


def test_labels_become_numbers_in_the_order_of_classes():
    dataset = prepare(table(y=alternating("z", "ä", "m")), "y")
    assert dataset.classes == ("m", "z", "ä")
    assert dataset.y.tolist()[:3] == [1, 2, 0]
    assert dataset.y.dtype == np.int64


def test_rows_without_a_target_are_left_out_with_a_note():
    dataset = prepare(table(y=alternating("a", "b", None, " ", "a")), "y")
    assert len(dataset) == len(dataset.X) == 36
    assert "24 of 60 rows" in notes_of(dataset)
    assert dataset.X.index.tolist() == list(range(36))


def test_the_only_row_of_its_class_is_left_out_with_a_note():
    dataset = prepare(table(y=[*alternating("a", "b")[1:], "lonely"]), "y")
    assert dataset.classes == ("a", "b")
    assert len(dataset) == N - 1
    assert "'lonely'" in notes_of(dataset)


def test_targets_that_cannot_be_learnt_are_refused():
    assert "Did you mean 'price'" in refused(table(price=1.0), "prise")
    assert "one class only" in refused(table(y=["a"] * N))
    assert "same in every row" in refused(table(y=[2.5] * N), task="regression")
    assert "one class only" in refused(table(y=[2.5] * N), task="classification")
    assert "empty in every row" in refused(table(y=[None] * N))
    assert "too many classes" in refused(table(y=[f"id{i}" for i in range(N)]))
    assert "no number" in refused(table(y=alternating("a", "b")), task="regression")
    assert "infinite" in refused(table(y=[np.inf, *np.arange(N - 1.0)]))
    assert "no rows" in refused(table().iloc[:0])
    lone = refused(table(y=["b", *["a"] * (N - 1)]))
    assert "one class only" in lone
    assert "given: 59 x 'a', 1 x 'b'. Bring more rows of another class." in lone
    assert "each class needs two" in refused(pd.DataFrame({"x": [1.0, 2.0], "y": ["a", "b"]}))
    assert "It has one column only" in refused(table()[["x"]])


def test_two_rows_of_numbers_are_quantities():
    assert prepare(table().iloc[:2], "y").task == "regression"


def test_classes_that_differ_in_capitals_only_are_kept_apart_with_a_note():
    dataset = prepare(table(y=alternating("Yes", "no", "yes")), "y")
    assert dataset.classes == ("Yes", "no", "yes")
    assert "capitals only are kept apart: 'Yes' and 'yes'" in notes_of(dataset)
    assert "capitals" not in notes_of(prepare(table(y=alternating("Yes", "No")), "y"))


def test_blanks_around_names_do_not_matter():
    frame = table(drop=1.0, group=alternating(*range(6)))
    dataset = prepare(frame.add_prefix(" ").add_suffix(" "), "y", drop=["drop"], groups=" group")
    assert list(dataset.X.columns) == ["x"]
    assert dataset.target == "y"
    pd.testing.assert_frame_equal(dataset.recipe.apply(frame), dataset.X)


# -- columns ---------------------------------------------------------------------------------------------


def test_each_kind_of_column_becomes_numbers_or_categories():
    frame = table(
        text=alternating("red", "blue", None, " "),
        flag=alternating(True, False),
        maybe=alternating(True, False, None),
        nullable=pd.array(alternating(1, None, 3), dtype="Int64"),
        exact=alternating(Decimal("1.5"), Decimal("2")),
        span=pd.to_timedelta(alternating(1, 2), unit="min"),
        cat=pd.Categorical(alternating("lo", "hi"), categories=["lo", "mid", "hi"], ordered=True),
        mixed=alternating(1, "one", 2.0),
    )
    X = prepare(frame, "y").X
    assert X["text"].cat.categories.tolist() == ["blue", "red"]
    assert X["text"].isna().tolist()[:4] == [False, False, True, True]
    assert X["flag"].tolist()[:2] == [1.0, 0.0]
    assert X["maybe"].tolist()[:2] == [1.0, 0.0]
    assert np.isnan(X["maybe"][2])
    assert np.isnan(X["nullable"][1])
    assert X["exact"].tolist()[:2] == [1.5, 2.0]
    assert X["span"].tolist()[:2] == [60.0, 120.0]
    assert X["cat"].cat.categories.tolist() == ["lo", "hi"]
    assert X["mixed"].cat.categories.tolist() == ["1", "2", "one"]
    assert all(X.dtypes[c] == np.float64 for c in ("x", "flag", "maybe", "nullable", "exact", "span"))


@pytest.mark.parametrize(
    "dates",
    [
        pd.date_range("2024-01-01 06:00", periods=N, freq="31h"),
        pd.date_range("2024-01-01 06:00", periods=N, freq="31h", tz="UTC"),
        pd.date_range("2024-01-01 06:00", periods=N, freq="31h").strftime("%Y-%m-%d %H:%M"),
        pd.date_range("2024-01-01 06:00", periods=N, freq="31h").strftime("%Y-%m-%dT%H:%M:%SZ"),
    ],
)
def test_dates_become_days_and_the_parts_that_vary(dates):
    dataset = prepare(table(day=dates), "y")
    assert list(dataset.X.columns) == ["x", "day", "day month", "day weekday", "day hour"]
    assert dataset.X["day"][0] == pytest.approx(19723.25)
    assert dataset.X["day weekday"].tolist()[:2] == [0.0, 1.0]
    assert "'day' holds dates" in notes_of(dataset)


@pytest.mark.parametrize(
    "written",
    [
        *("%d.%m.%Y", "%Y/%m/%d", "%d/%m/%Y", "%m/%d/%Y", "%m/%d/%y", "%d/%m/%y"),
        *("%d %b %Y", "%d %B %Y", "%d-%b-%Y", "%d-%b-%y", "%b %d, %Y", "%B %d, %Y"),
    ],
)
def test_dates_in_text_are_read_in_the_order_that_fits(written):
    days = pd.date_range("2024-01-01", periods=N, freq="D")
    dataset = prepare(table(day=days.strftime(written)), "y")
    assert dataset.X["day"].tolist() == [float(19723 + k) for k in range(N)]


@pytest.mark.parametrize("written", ["%m/%d/%Y %H:%M", "%d.%m.%Y %H:%M:%S", "%d %b %Y %I:%M %p"])
def test_dates_in_text_may_have_a_time(written):
    days = pd.date_range("2024-01-01 18:00", periods=N, freq="D")
    dataset = prepare(table(day=days.strftime(written)), "y")
    assert dataset.X["day"].tolist() == [19723.75 + k for k in range(N)]


def test_whole_numbers_that_are_all_dates_are_dates():
    days = pd.date_range("2024-01-01", periods=N, freq="D").strftime("%Y%m%d").astype(int)
    dataset = prepare(table(day=days, odd=[20241301, *days[1:]]), "y")
    assert dataset.X["day"].tolist() == [float(19723 + k) for k in range(N)]
    assert "odd month" not in dataset.X
    with_gaps = prepare(table(day=[None, *days[1:]]), "y")
    assert with_gaps.X["day"].isna().tolist() == [True] + [False] * (N - 1)


def test_real_dates_and_a_column_that_is_already_called_so():
    days = [date(2024, 1 + k % 12, 1) for k in range(N)]
    dataset = prepare(table(day=days, **{"day month": np.arange(N)}), "y")
    assert set(dataset.X.columns) == {"x", "day", "day month_", "day weekday", "day month"}


def test_useless_columns_are_left_out_with_a_note():
    frame = table(
        same=["a"] * N,
        empty=[None] * N,
        blank=["", " "] * (N // 2),
        name=[f"person {k}" for k in range(N)],
        keep=alternating(1.0, None),
    )
    frame.insert(0, "Unnamed: 0", range(N))
    dataset = prepare(frame, "y")
    assert list(dataset.X.columns) == ["x", "keep"]
    for column in ("same", "empty", "blank", "name", "Unnamed: 0"):
        assert f"'{column}'" in notes_of(dataset)


@pytest.mark.parametrize(
    "name", ["id", "ID", "customer_id", "CustomerID", "rowId", "index", "row number", "No"]
)
def test_whole_numbers_that_only_name_the_row_are_left_out(name):
    numbers = np.random.default_rng(0).permutation(1000)[:N]
    dataset = prepare(table(**{name: numbers}), "y")
    assert list(dataset.X.columns) == ["x"]
    assert f"left out, identifiers, another one in every row: '{name}'" in notes_of(dataset)
    assert name in prepare(table(**{name: np.arange(N) // 2}), "y").X  # of groups, maybe


@pytest.mark.parametrize("name", ["width", "grid", "piano", "humid", "paid", "throw"])
def test_whole_numbers_of_another_name_are_not(name):
    assert name in prepare(table(**{name: np.random.default_rng(0).permutation(1000)[:N]}), "y").X


def test_a_table_without_a_useful_column_is_refused():
    assert "no column is left" in refused(table()[["y"]])
    assert "no column is left" in refused(table(x=1.0))


@pytest.mark.parametrize(
    ("scale", "offset", "said"),
    [
        (1.0, 1e8, "'y' varies by 17.3 around 100000029.5, which trees take for the same: subtract"),
        (
            1e-5,
            0.0,
            "'y' varies by 0.000173, which XGBoost takes for little or nothing: count it in another unit",
        ),
        (1.0, 1e5, ""),
        (1e-3, 1.0, ""),
    ],
)
def test_a_target_whose_scale_hides_what_there_is_to_learn_is_told(scale, offset, said):
    notes = prepare(table(y=np.arange(N) * scale + offset), "y", "regression").notes
    assert said in " ".join(notes)
    assert bool(said) == any("varies by" in note for note in notes)


def test_infinite_and_complex_values_are_refused():
    assert "'x' holds infinite values; given: 1 of 60" in refused(table(x=[np.inf, *np.arange(N - 1.0)]))
    assert "too large to learn; given: 60 of 60" in refused(table(x=1e300 + np.arange(N) * 1e290))
    assert "too small to learn; given: 59 of 60" in refused(table(x=np.arange(N) * 1e-290))
    assert "complex" in refused(table(x=np.arange(N) * 1j))


def test_a_name_that_is_there_twice_is_refused():
    frame = table(b=1.0)
    frame.columns = ["y", "b", "b"]
    assert "'b'" in refused(frame)


def test_names_that_are_no_text_and_the_frame_itself_are_left_alone():
    frame = pd.DataFrame(np.random.default_rng(0).normal(size=(N, 3)))
    before = frame.copy()
    dataset = prepare(frame, 2)
    assert list(dataset.X.columns) == ["0", "1"]
    assert dataset.target == "2"
    pd.testing.assert_frame_equal(frame, before)


def test_columns_can_be_dropped_and_groups_are_kept_out():
    frame = table(leak=np.arange(N), patient=alternating("a", "b", "c"))
    dataset = prepare(frame, "y", drop=["leak"], groups="patient")
    assert list(dataset.X.columns) == ["x"]
    assert dataset.groups.tolist()[:4] == [0, 1, 2, 0]
    assert "Did you mean 'patient'" in refused(frame, groups="pateint")
    assert "no left-out column" in refused(frame, drop=["lek"])
    assert "lacks values" in refused(table(g=alternating("a", None)), groups="g")


# -- the recipe, later -----------------------------------------------------------------------------------


def test_a_recipe_does_the_same_again_after_json():
    frame = table(
        text=alternating("red", "blüe", None),
        day=pd.date_range("2024-01-01", periods=N, freq="D").strftime("%d.%m.%Y"),
        flag=alternating(True, False),
    )
    dataset = prepare(frame, "y")
    again = Recipe.from_dict(dataset.recipe.to_dict())
    assert again == dataset.recipe
    shuffled = frame[["flag", "y", "day", "text", "x"]]
    pd.testing.assert_frame_equal(again.apply(shuffled), dataset.X)


def test_unseen_categories_count_as_missing_and_lacking_columns_are_named():
    dataset = prepare(table(text=alternating("red", "blue")), "y")
    X = dataset.recipe.apply(pd.DataFrame({"x": [1, None], "text": ["green", "red"]}))
    assert X["text"].isna().tolist() == [True, False]
    assert X["x"].tolist()[0] == 1.0
    with pytest.raises(DataError, match=r"lacks the column 'text'.*Did you mean 'texts'"):
        dataset.recipe.apply(pd.DataFrame({"x": [1.0], "texts": ["red"]}))
    with pytest.raises(DataError, match=r"'x' holds something that is no number; given: 'two'"):
        dataset.recipe.apply(pd.DataFrame({"x": [1.0, "two"], "text": ["red", "red"]}))


def test_a_column_that_is_used_and_there_twice_is_refused_by_a_model_too():
    recipe = prepare(table(), "y").recipe
    two = pd.DataFrame([[1.0, 2.0, 3.0]], columns=["x", "x", "other"])
    with pytest.raises(DataError, match="is there twice; given: 'x'"):
        recipe.apply(two)
    assert recipe.apply(pd.DataFrame([[1.0, 2.0, 3.0]], columns=["other", "other", "x"]))["x"].tolist() == [
        3.0
    ]


def test_a_category_read_as_a_number_later_is_the_same_category():
    dataset = prepare(table(code=[*alternating("1", "2")[1:], "x"]), "y")
    X = dataset.recipe.apply(pd.DataFrame({"x": [0.0, 0.0], "code": [1.0, 2.0]}))
    assert X["code"].tolist() == ["1", "2"]


def test_a_pickled_data_set_carries_its_data_once():
    dataset = prepare(table(), "y")
    plain = len(pickle.dumps(dataset))
    assert dataset.matrix.shape == (N, 1)
    assert len(pickle.dumps(dataset)) == plain
    assert np.array_equal(pickle.loads(pickle.dumps(dataset)).matrix, dataset.matrix)


def test_matrix_holds_category_codes_and_nan():
    dataset = prepare(table(text=alternating("b", "a", None)), "y")
    assert dataset.matrix[:2, 1].tolist() == [1.0, 0.0]
    assert np.isnan(dataset.matrix[2, 1])
    assert dataset.describe() == "60 rows, 2 columns (1 categorical), regression of 'y'"


def test_time_spans_can_be_predicted_and_dates_cannot():
    spans = pd.to_timedelta(np.arange(N), unit="min")
    dataset = prepare(table(y=spans), "y")
    assert (dataset.task, dataset.y[1]) == ("regression", 60.0)
    dates = pd.date_range("2024-01-01", periods=N)
    for written in (dates, dates.strftime("%d.%m.%Y"), dates.strftime("%Y-%m-%d")):
        assert "holds dates" in refused(table(y=written))
    quarters = [f"2024-{1 + 3 * (k % 4):02}-01" for k in range(N)]
    assert "choose the task classification" in refused(table(y=quarters))
    assert prepare(table(y=quarters), "y", "classification").classes == tuple(sorted(set(quarters)))


def test_a_class_called_none_is_said_to_count_as_missing(tmp_path):
    (tmp_path / "d.csv").write_text("a,y\n" + "1.5,None\n2.5,mild\n4.5,NA\n3.5,severe\n" * 10)
    note = prepare(read_table(tmp_path / "d.csv"), "y").notes[0]
    assert note == (
        "left out, 20 of 40 rows: their target 'y' is missing; "
        "a class called None, NA or null counts as missing: give it another name"
    )
    (tmp_path / "d.csv").write_text("a,y\n" + "1.5,None\n2.5,mild\n" * 10)
    with pytest.raises(
        DataError, match=r"one class only.* given: 'mild'; left out, 10 of 20 .*class called None"
    ):
        prepare(read_table(tmp_path / "d.csv"), "y")
    (tmp_path / "d.csv").write_text("a,y\n" + "1.5,\n2.5,3\n4,5\n" * 10)
    assert "class called" not in prepare(read_table(tmp_path / "d.csv"), "y").notes[0]  # of numbers none is
