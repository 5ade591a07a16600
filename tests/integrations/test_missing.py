"""A library that is not installed is one clear error, and `import tunesmith` does not ask for it."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

PYPROJECT = Path(__file__).parents[2] / "pyproject.toml"
LIBRARIES = {
    "tunesmith.integrations.sklearn": ("sklearn", "scikit-learn"),
    "tunesmith.integrations.optuna": ("optuna", "optuna"),
    "tunesmith.integrations.lightgbm": ("lightgbm", "lightgbm"),
    "tunesmith.integrations.xgboost": ("xgboost", "xgboost"),
    "tunesmith.integrations.catboost": ("catboost", "catboost"),
    "tunesmith.integrations.torch": ("torch", "torch"),
    "tunesmith.integrations.lightning": ("lightning", "lightning"),
}
CODE = """
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == {library!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Absent())
import tunesmith, tunesmith.integrations
try:
    import {module}
except tunesmith.errors.MissingExtra as error:
    print(error)
"""


@pytest.mark.parametrize("module", LIBRARIES)
def test_it_is_named_with_what_to_install(module: str) -> None:
    library, package = LIBRARIES[module]
    done = subprocess.run(
        [sys.executable, "-c", CODE.format(library=library, module=module)],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert f"needs the package {package}, which is not installed" in done.stdout
    extra = done.stdout.split('"tunesmith[')[1].split("]")[0]
    brought = tomllib.loads(PYPROJECT.read_text())["project"]["optional-dependencies"][extra]
    assert any(b.startswith(package) for b in brought)
    if package == "scikit-learn":
        assert extra == "sklearn"  # what the model families need besides is not asked for
