"""Spaces and configs come back from JSON as they were; files in three formats mean the same."""

import enum
import json
import math
from pathlib import Path

import pytest
from scipy import stats

from tunesmith.errors import MissingExtra, OptionError, SpaceError
from tunesmith.space import Choice, Float, Int, Space
from tunesmith.space.files import read_file
from tunesmith.space.stored import space_from_dict
from tunesmith.testing.problems import OPAQUE, PROBLEMS


class Tanh:
    """A class given as an option."""


class Color(enum.StrEnum):
    RED = "red"


def through_json(value):
    return json.loads(json.dumps(value, allow_nan=False))


# -- configs -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda p: p.name)
def test_configs_come_back_with_type_and_every_bit(problem) -> None:
    space = problem.make()
    rng = __import__("numpy").random.default_rng(0)
    for _ in range(20):
        config = space.draw(rng.random(len(space)))
        back = space.from_stored(through_json(space.to_stored(config)))
        assert list(back) == list(config)
        for name, value in config.items():
            assert type(back[name]) is type(value)
            if isinstance(space[name], Choice) and type(value) is not tuple:
                assert back[name] is value
            else:
                assert back[name] == value


def test_odd_options_come_back_as_the_very_objects() -> None:
    options = [
        1,
        "1",
        1.0,
        True,
        None,
        math.nan,
        math.inf,
        (1, ("a", 2.5)),
        {"a": 1},
        [1],
        Tanh,
        Color.RED,
        "red",
    ]
    space = Space(o=Choice(options), opaque=Choice({"nan": OPAQUE, "other": 1}))
    for k, option in enumerate(options):
        stored = through_json(space.to_stored({"o": option, "opaque": OPAQUE}))
        back = space.from_stored(stored)
        assert back["o"] is space["o"].options[k]  # type: ignore[union-attr]
        assert back["opaque"] is OPAQUE


def test_a_store_that_is_read_without_the_objects_shows_labels() -> None:
    made = Space(o=Choice([Tanh, math.nan, {"a": Tanh}, [math.nan], {1: 2}, "x"]))
    stranger = Space(other=Int(1, 2))
    shown = [stranger.from_stored(through_json(made.to_stored({"o": o})))["o"] for o in made["o"].options]  # type: ignore[union-attr]
    assert shown[0] == "Tanh"
    assert math.isnan(shown[1])
    assert shown[2:] == [f"{{'a': {Tanh!r}}}", "[nan]", "{1: 2}", "x"]


@pytest.mark.parametrize("option", [(1, 2), [1, 2], {"a": [1.5, None]}, ((3, 3), [True]), [], {"label": "x"}])
def test_tuples_lists_and_dicts_of_plain_values_are_read_without_the_objects(option) -> None:
    made = Space(o=Choice({"one": option, "other": 1}, default=option), x=Int(1, 2, when={"o": [option]}))
    stored = through_json(made.to_stored({"o": option}))
    assert Space(other=Int(1, 2)).from_stored(stored) == {"o": option}
    back = space_from_dict(through_json(made.to_dict()), known_constraints=False)
    assert back == made
    assert back["o"].options == (option, 1)  # type: ignore[union-attr]
    assert back["o"].default == option  # type: ignore[union-attr]
    assert not back["o"].absent  # type: ignore[union-attr]
    assert back.is_active("x", {"o": option})


def test_lists_that_an_older_version_stored_by_label_are_no_change() -> None:
    now = Space(o=Choice([[1, 2], (3, (4, 5)), "x"], default=[1, 2]), x=Int(1, 2, when={"o": [[1, 2]]}))
    data = through_json(now.to_dict())
    first = {"label": "[1, 2]"}
    data["parameters"]["o"] |= {"options": [first, {"label": "(3, (4, 5))"}, "x"], "default": first}
    data["parameters"]["x"]["when"] = {"o": [first]}
    before = space_from_dict(data, known_constraints=False)
    assert now.differences(before) == []
    assert now.from_stored({"o": first}) == {"o": [1, 2]}
    assert Space(o=Choice([[1, 3], "x"])).differences(before)


# -- spaces --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda p: p.name)
def test_a_stored_space_equals_the_one_that_was_stored(problem) -> None:
    space = problem.make()
    back = space_from_dict(through_json(space.to_dict()), known_constraints=False)
    assert back == space
    assert space.differences(back) == []
    assert back.names == space.names
    assert back.size == space.size


def test_conditions_on_objects_and_tuples_come_back() -> None:
    space = Space(
        net=Choice({"small": OPAQUE, "tanh": Tanh, "pair": (1, 2)}, default=Tanh),
        a=Int(1, 2, when={"net": OPAQUE}),
        b=Int(1, 2, when={"net": [Tanh, (1, 2)]}),
        c=Int(1, 2, when={"net": (1, 2)}),
    )
    back = space_from_dict(through_json(space.to_dict()))
    assert back == space
    assert back.is_active("a", {"net": "small"})
    assert back.is_active("c", {"net": (1, 2)})
    assert not back.is_active("b", {"net": "small"})
    assert space_from_dict(through_json(back.to_dict())) == space  # and once more


def test_priors_come_back_by_name_and_arguments() -> None:
    space = Space(x=Float(prior=stats.norm(2, scale=3)), n=Int(0, 9, prior=stats.poisson(mu=4)))
    back = space_from_dict(through_json(space.to_dict()))
    assert back == space
    assert back["x"].prior.mean() == 2  # type: ignore[union-attr]
    other = Space(x=Float(space["x"].low, space["x"].high, prior=stats.norm(2, scale=4)), n=space["n"])  # type: ignore[union-attr]
    assert other.differences(back) == ["x has another prior"]


@pytest.mark.parametrize("text", [None, "fits into memory", "x < 0.2", "x < y"])
def test_a_constraint_that_was_a_function_is_kept_by_name(text: str | None) -> None:
    def fits_memory(config):
        return config["x"] < 0.5

    space = Space(x=Float(0, 1)).require(fits_memory, text=text).require("x > 0.1")
    stored = through_json(space.to_dict())
    back = space_from_dict(stored, known_constraints=False)
    assert [c.text for c in back.constraints] == [c.text for c in space.constraints]
    assert space.differences(back) == []
    assert back == space_from_dict(through_json(back.to_dict()), known_constraints=False)
    assert back.is_allowed({"x": 0.9})  # it cannot be known, whatever its text looks like
    assert not back.is_allowed({"x": 0.05})
    with pytest.raises(SpaceError, match=r"was a function, which no table holds\. Write it as an expression"):
        Space.from_dict(stored)


@pytest.mark.parametrize("text", ["function fits_memory", "fits into memory"])
def test_a_function_as_older_versions_stored_it_is_known_by_name(text: str) -> None:
    stored = {**Space(x=Float(0, 1)).to_dict(), "require": [text]}
    assert [c.text for c in space_from_dict(stored, known_constraints=False).constraints] == [text]
    with pytest.raises(SpaceError, match="no expression"):
        Space.from_dict(stored)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (
            {"lr": {"type": "flot", "low": 0, "high": 1}},
            "'lr' has an unknown type; allowed: float, int, choice",
        ),
        ({"lr": {"type": "flot", "low": 0, "high": 1}}, "Did you mean 'float'?"),
        ({"lr": {"low": 0, "high": 1}}, "parameter 'lr' has no type; allowed: float, int, choice"),
        ({"xgb": {"eta": {"type": "float"}}}, "A space has no levels: name it 'xgb.eta'"),
        ({"lr": {"values": [1, 2]}}, 'Write {type = "float", low = 0, high = 1} or {options = ["a", "b"]}.'),
        ({"lr": {"type": "float", "lo": 0}}, "parameter 'lr' has an unknown key"),
        ({"lr": {"type": "float", "low": 1, "high": 0}}, "Float 'lr': low must not be above high"),
        ({"lr": {"type": "int", "low": 0, "high": 9, "log": True}}, "Int 'lr': low must be at least 1"),
        (
            {"lr": {"type": "float", "low": "a", "high": 1}},
            "Float 'lr': low must be a finite number; given: low='a'",
        ),
        ({"lr": 3}, "parameter 'lr' cannot be read; allowed: a table such as"),
        ({"lr": {"options": "abc"}}, "Choice 'lr': options must be a list"),
        (
            {"lr": {"type": "float", "prior": {"name": "nrom"}}},
            "'lr': prior is no distribution of scipy.stats",
        ),
        ({"lr": {"type": "float", "prior": {"name": "norm", "mu": 3}}}, "'lr': prior norm cannot be made"),
        ({"parameters": [1]}, "a space is a table of parameters"),
        ({"parameters": {"x": {"options": [1]}}, "require": "y < 2"}, "names an unknown parameter"),
    ],
)
def test_a_table_that_is_no_space_is_one_error_with_the_name(data, text: str) -> None:
    with pytest.raises(SpaceError) as caught:
        Space.from_dict(data)
    assert text in str(caught.value)


# -- files ---------------------------------------------------------------------------------------------------

TOML = """
[space]
require = "layers * lr < 0.2"
[space.parameters.lr]
type = "float"
low = 1e-5
high = 1e-1
log = true
[space.parameters.layers]
type = "int"
low = 1
high = 6
default = 2
[space.parameters."a.b"]
options = ["adam", "on", 3, 0.5, true]
[space.parameters.momentum]
type = "float"
low = 0
high = 0.9
when = {"a.b" = ["on", 3]}
"""
YAML = """
space:
  require: layers * lr < 0.2
  parameters:
    lr: {type: float, low: 1e-5, high: 1e-1, log: true}
    layers: {type: int, low: 1, high: 6, default: 2}
    a.b: {options: [adam, on, 3, 0.5, true]}
    momentum: {type: float, low: 0, high: 0.9, when: {a.b: [on, 3]}}
"""


def test_toml_yaml_and_json_mean_the_same(tmp_path: Path) -> None:
    expected = Space(
        {
            "lr": Float(1e-5, 1e-1, log=True),
            "layers": Int(1, 6, default=2),
            "a.b": Choice(["adam", "on", 3, 0.5, True]),
            "momentum": Float(0, 0.9, when={"a.b": ["on", 3]}),
        }
    ).require("layers * lr < 0.2")
    texts = {
        "s.toml": TOML,
        "s.yaml": YAML,
        "s.yml": YAML,
        "s.json": json.dumps({"space": expected.to_dict()}),
    }
    for name, text in texts.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
        assert Space.load(tmp_path / name) == expected, name
    (tmp_path / "alone.json").write_text(json.dumps(expected.to_dict()))
    assert Space.load(str(tmp_path / "alone.json")) == expected


def test_yaml_numbers_and_words_are_those_of_toml_and_json(tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    path.write_text(
        "a: [1e-5, 1E3, -2.5e+3, .5, 3., 7, -7, true, False, yes, no, on, off, 2024-01-01, null, ~, 1e, e5]"
    )
    assert read_file(path)["a"] == [
        1e-5,
        1e3,
        -2500.0,
        0.5,
        3.0,
        7,
        -7,
        True,
        False,
        "yes",
        "no",
        "on",
        "off",
        "2024-01-01",
        None,
        None,
        "1e",
        "e5",
    ]


def test_yaml_takes_no_number_for_octal_or_a_time(tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    path.write_text("a: [010, 08, 0, -0, +7, 1_000, 0x1F, 0o17, 0b11, 1:30, 1:30:00, 1_000.5, 190:20.5]")
    wanted = [10, 8, 0, 0, 7, 1000, 31, 15, 3, "1:30", "1:30:00", "1_000.5", "190:20.5"]
    assert read_file(path)["a"] == wanted
    path.write_text("a: [<, =, ==]")  # a lone equals sign has a type of its own in YAML 1.1
    assert read_file(path) == {"a": ["<", "=", "=="]}
    path.write_text("time: 1:30")  # which was 90 seconds
    assert read_file(path) == {"time": "1:30"}


@pytest.mark.parametrize(
    ("name", "text", "error"),
    [
        ("s.toml", "a = ", r"s\.toml' is not valid TOML"),
        ("s.json", "{", r"s\.json' is not valid JSON"),
        ("s.yaml", "a: [", r"s\.yaml' is not valid YAML"),
        ("s.yaml", "a: !!python/object/apply:os.getcwd []", r"is not valid YAML"),
        ("s.json", "[1]", r"s\.json' holds no table; given: list"),
        ("s.yaml", "", r"holds no table"),
        ("s.txt", "", r"cannot tell the format of 's\.txt'; allowed: \.toml, \.yaml"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_error(tmp_path: Path, name: str, text: str, error: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(OptionError, match=error):
        Space.load(tmp_path / name)


def test_a_missing_file_or_another_encoding_is_one_error(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="cannot read"):
        Space.load(tmp_path / "none.toml")
    (tmp_path / "latin.toml").write_bytes("größe = 1".encode("latin-1"))
    with pytest.raises(OptionError, match=r"cannot read .*Save it as UTF-8\."):
        Space.load(tmp_path / "latin.toml")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("s.toml", 'x = {type = "int", low = 1, high = 3}\r\n'),
        ("s.json", '{"x": {"type": "int", "low": 1, "high": 3}}\r\n'),
        ("s.yaml", "x: {type: int, low: 1, high: 3}\r\n"),
    ],
)
def test_files_of_windows_editors_are_read(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_bytes(text.encode("utf-8-sig"))
    assert Space.load(tmp_path / name) == Space(x=Int(1, 3))


def test_yaml_without_its_package_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "yaml", None)
    (tmp_path / "s.yaml").write_text("a: 1")
    with pytest.raises(MissingExtra, match=r"reading YAML needs the package PyYAML.*tunesmith\[yaml\]"):
        Space.load(tmp_path / "s.yaml")
