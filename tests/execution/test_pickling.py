"""What is sent to another process by name, what as a whole, and what is refused."""

import functools
import pickle
import sys
import threading
import types
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tunesmith.errors import ObjectiveError
from tunesmith.execution.pickling import culprit, dump, dump_job, dump_objective, is_importable


def square(config: dict[str, Any]) -> float:
    return float(config["x"] ** 2)


@pytest.mark.parametrize(
    "name", ["json", "json.decoder", np.linalg.__name__, "tunesmith.errors", "builtins", "sys"]
)
def test_what_is_installed_is_importable(name: str) -> None:
    assert is_importable(name)


def test_what_is_only_loaded_is_not_importable(monkeypatch: pytest.MonkeyPatch) -> None:
    module = types.ModuleType("loaded_only")
    monkeypatch.setitem(sys.modules, "loaded_only", module)
    assert not is_importable("loaded_only")
    assert not is_importable(f"{np.__name__}.no_such_part")


def test_another_file_of_the_same_name_does_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "twice.py").write_text("")
    monkeypatch.syspath_prepend(str(tmp_path))
    module = types.ModuleType("twice")
    monkeypatch.setitem(sys.modules, "twice", module)
    module.__file__ = str(tmp_path / "elsewhere" / "twice.py")
    assert not is_importable("twice")
    (tmp_path / "link").symlink_to(tmp_path)
    module.__file__ = str(tmp_path / "link" / "twice.py")
    assert is_importable("twice")


def test_a_package_that_hides_a_folder_of_the_same_name_does_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "installed" / "same_name").mkdir(parents=True)
    (tmp_path / "installed" / "same_name" / "__init__.py").write_text("")
    (tmp_path / "ours" / "same_name").mkdir(parents=True)
    (tmp_path / "ours" / "same_name" / "part.py").write_text("")
    monkeypatch.syspath_prepend(str(tmp_path / "installed"))
    folder, part = types.ModuleType("same_name"), types.ModuleType("same_name.part")
    folder.__path__ = [str(tmp_path / "ours" / "same_name")]
    part.__file__ = str(tmp_path / "ours" / "same_name" / "part.py")
    monkeypatch.setitem(sys.modules, "same_name", folder)
    monkeypatch.setitem(sys.modules, "same_name.part", part)
    assert not is_importable("same_name.part")  # a new process finds the installed package, which has no part


def test_installed_functions_are_sent_by_name() -> None:
    assert len(dump(json_dumps := __import__("json").dumps)) < 100
    assert pickle.loads(dump(json_dumps)) is json_dumps


def test_a_function_of_a_module_that_cannot_be_imported_is_sent_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "hidden.py"
    path.write_text("def helper():\n    return 7\ndef train(config):\n    return helper()\n")
    module = types.ModuleType("hidden")
    module.__file__ = str(path)
    exec(compile(path.read_text(), path, "exec"), module.__dict__)
    monkeypatch.setitem(sys.modules, "hidden", module)
    data = dump(module.train)
    monkeypatch.delitem(sys.modules, "hidden")
    assert pickle.loads(data)({}) == 7


def test_cloudpickles_settings_are_left_as_they_were(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import cloudpickle

    module = types.ModuleType("hidden_too")
    module.__file__ = str(tmp_path / "hidden_too.py")
    exec("def train(config):\n    return lock", module.__dict__)
    monkeypatch.setitem(sys.modules, "hidden_too", module)
    module.__dict__["lock"] = threading.Lock()
    with pytest.raises(ObjectiveError, match="the global variable 'lock'"):
        dump_objective(module.train)
    assert cloudpickle.list_registry_pickle_by_value() == set()


class Holder:
    def __init__(self, thing: Any) -> None:
        self.thing = thing

    def method(self, config: dict[str, Any]) -> float:
        return 0.0


def outer(thing: Any) -> Any:
    def inner() -> Any:
        return thing

    def objective(config: dict[str, Any], setting: int = 3) -> Any:
        return inner(), setting

    return objective


LOCK = threading.Lock()


@pytest.mark.parametrize(
    ("objective", "words"),
    [
        (outer(LOCK), "the variable 'thing' of the enclosing function (a _thread.lock)"),
        (functools.partial(square, LOCK), "the bound argument 0 (a _thread.lock)"),
        (functools.partial(square, data={"a": [LOCK]}), "the item 0 (a _thread.lock)"),
        (Holder(LOCK).method, "the attribute 'thing' (a _thread.lock)"),
        (Holder(LOCK), "the attribute 'thing' (a _thread.lock)"),
        (LOCK, "a _thread.lock"),
        (Holder(x for x in ()).method, "the attribute 'thing' (the generator"),
    ],
)
def test_the_innermost_culprit_is_named(objective: Any, words: str) -> None:
    assert culprit(objective).startswith(words)
    with pytest.raises(ObjectiveError, match="the objective cannot be sent to a worker process, because of"):
        dump_objective(objective)


def test_the_value_of_a_config_is_named_by_its_parameter() -> None:
    with pytest.raises(ObjectiveError, match=r"because of the value of 'b'.*Let the option be a name"):
        dump_job({"a": 1, "b": LOCK}, {"a": 1, "b": LOCK})
