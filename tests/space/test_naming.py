"""Errors of a definition name the parameter, wherever it is defined."""

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from tunesmith.errors import SpaceError
from tunesmith.space import Choice, Float, Int, Space


def as_keyword() -> None:
    Space(fine=Float(0, 1), lr=Float(1, 0))


def over_lines() -> None:
    Space(
        fine=Float(0, 1),
        lr=Float(
            1,
            0,
            log=True,
        ),
    )


def as_dict_key() -> None:
    Space({"fine": Int(1, 2), "lr": Float(1, 0)})


def as_dict_call() -> None:
    Space(dict(lr=Float(1, 0)))  # noqa: C408 - that is the point


def assigned() -> None:
    lr = Float(1, 0)
    Space(lr=lr)


def assigned_with_type() -> None:
    lr: Float = Float(1, 0)
    Space(lr=lr)


def assigned_to_key() -> None:
    parameters = {}
    parameters["lr"] = Float(1, 0)


def in_a_condition() -> None:
    Space(lr=Float(1, 0) if sys.argv else Float(0, 1))


def two_on_a_line() -> None:
    Space(a=Float(0, 1), lr=Float(1, 0), b=Float(0, 1))


def after_umlauts() -> None:
    Space({"größe": Float(0, 1), "lr": Float(1, 0)})


@pytest.mark.parametrize(
    "define",
    [
        as_keyword,
        over_lines,
        as_dict_key,
        as_dict_call,
        assigned,
        assigned_with_type,
        assigned_to_key,
        in_a_condition,
        two_on_a_line,
        after_umlauts,
    ],
    ids=lambda f: f.__name__,
)
def test_the_name_is_found(define) -> None:
    with pytest.raises(
        SpaceError, match=r"^Float 'lr': low must not be above high; given: low=1.0, high=0.0\. "
    ):
        define()


def test_ints_and_choices_are_named_as_well() -> None:
    with pytest.raises(SpaceError, match=r"^Int 'a\.b': low must be a whole number"):
        Space({"a.b": Int(1.5, 2)})
    with pytest.raises(SpaceError, match=r"^Choice 'activation': there are no options"):
        Space(activation=Choice([]))


def test_a_helper_does_not_lend_its_own_names() -> None:
    def make(low: float, high: float) -> Float:
        return Float(low, high)

    with pytest.raises(SpaceError, match=r"^Float: low must not be above high"):
        Space(lr=make(low=1, high=0))


def test_the_variable_that_holds_a_table_is_no_name() -> None:
    with pytest.raises(SpaceError, match=r"^Float 'lr': low must not be above high"):
        space = Space.from_dict({"lr": {"type": "float", "low": 1, "high": 0}})  # noqa: F841


def test_a_name_is_found_once_the_table_is_read(recwarn: pytest.WarningsRecorder) -> None:
    with pytest.raises(SpaceError, match=r"^Float 'lr'"):
        Space.from_dict({"lr": {"type": "float", "low": 1, "high": 0}})
    with pytest.raises(SpaceError, match=r"^Float 'other'"):
        Space(other=Float(1, 0))


def test_without_source_there_is_an_error_without_name() -> None:
    code = "from tunesmith.space import Float, Space\nSpace(lr=Float(1, 0))"
    with pytest.raises(SpaceError, match=r"^Float: low must not be above high"):
        exec(compile(code, "<made up>", "exec"), {"__name__": "made_up"})


def test_a_file_that_changed_meanwhile_does_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "changing.py"
    path.write_text("from tunesmith.space import Float, Space\ndef define():\n    Space(lr=Float(1, 0))\n")
    scope: dict[str, object] = {"__name__": "changing"}
    exec(compile(path.read_text(), str(path), "exec"), scope)
    path.write_text("def broken(:\n")
    with pytest.raises(SpaceError, match=r"^Float: low must not be above high"):
        scope["define"]()  # type: ignore[operator]


def test_without_column_positions_there_is_an_error_without_name(tmp_path: Path) -> None:
    path = tmp_path / "script.py"
    path.write_text(
        textwrap.dedent("""
            from tunesmith.space import Float, Space
            Space(lr=Float(1, 0))
        """)
    )
    done = subprocess.run(
        [sys.executable, "-X", "no_debug_ranges", str(path)], capture_output=True, text=True, timeout=60
    )
    assert "SpaceError: Float: low must not be above high" in done.stderr
