"""Methods by name: ours and those of other packages, made from settings, with clear errors."""

import importlib.metadata
import json
import subprocess
import sys
from importlib.metadata import EntryPoint
from typing import Any

import pytest

from tunesmith import methods
from tunesmith.errors import OptionError
from tunesmith.methods import registry
from tunesmith.methods.grid import Grid
from tunesmith.methods.random import Random
from tunesmith.methods.registry import make_method, method_names, method_settings
from tunesmith.testing.method import MethodContract


class Foreign(Random):
    """A method of another package."""

    name = "foreign"

    def __init__(self, strength: float = 1.0) -> None:
        self.strength = strength

    @property
    def settings(self) -> dict[str, Any]:
        return {"strength": self.strength}


def test_a_name_makes_a_method_and_a_method_stays_itself() -> None:
    assert isinstance(make_method("random"), Random)
    grid = Grid(levels=3)
    assert make_method(grid) is grid


@pytest.mark.parametrize("name", ["random", "sobol", "grid", "auto"])
def test_settings_are_json_and_make_the_same_method(name: str) -> None:
    made = make_method(name)
    settings = json.loads(json.dumps(method_settings(made)))
    assert settings["name"] == made.name == name
    assert method_settings(make_method(settings)) == settings


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("rnadom", "method is unknown; allowed: auto, "),
        ("rnadom", "given: 'rnadom'. Did you mean 'random'?"),
        ("", "method is unknown"),
        ({"levels": 3}, "method has no name; allowed: "),
        (
            {"name": "grid", "level": 3},
            "method 'grid' has no setting 'level'; allowed: levels. Did you mean 'levels'?",
        ),
        ({"name": "random", "n": 3}, "method 'random' has no setting 'n'; allowed: none."),
        ({"name": "manual"}, "method 'manual' needs the setting 'configs'"),
        (None, "method is no method"),
        (3, "method is no method; allowed: auto"),
        (Grid, "Write Grid()."),
    ],
)
def test_what_is_no_method_is_one_error(value, text: str) -> None:
    with pytest.raises(OptionError) as caught:
        make_method(value)
    assert text in str(caught.value)


def test_a_method_of_another_package_is_found_by_its_entry_point(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = EntryPoint("foreign", f"{__name__}:Foreign", registry.GROUP)
    monkeypatch.setattr(EntryPoint, "load", lambda self: Foreign)

    def entry_points(group: str) -> list[EntryPoint]:
        assert group == "tunesmith.methods"
        return [entry]

    monkeypatch.setattr(importlib.metadata, "entry_points", entry_points)
    assert method_names()[-1] == "foreign"
    made = make_method({"name": "foreign", "strength": 2.0})
    assert type(made) is Foreign
    assert method_settings(make_method(method_settings(made))) == {"name": "foreign", "strength": 2.0}
    with pytest.raises(OptionError, match="Did you mean 'foreign'"):
        make_method("forein")


class TestForeign(MethodContract):
    is_registered = False

    def make(self) -> Foreign:
        return Foreign()


@pytest.mark.parametrize("name", ["random", "grid"])
def test_a_light_method_does_not_load_scipy(name: str) -> None:
    code = (
        "import sys; from tunesmith.methods.registry import make_method; "
        "from tunesmith.history import History; from tunesmith.space import *; "
        f"make_method({name!r}).propose(History(Space(x=Float(0, 1))), 0, 0); "
        "print([m for m in ('scipy', 'pandas', 'sqlalchemy') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "[]"


def test_every_method_of_ours_is_a_name_of_the_package() -> None:
    for name in set(method_names()) - {"auto"}:
        assert getattr(methods, name.capitalize()) is registry._METHODS._find(name)
    with pytest.raises(AttributeError, match="no attribute 'Manuel'"):
        _ = methods.Manuel
