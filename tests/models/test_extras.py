"""Optional packages: imported late, and missed in words."""

import subprocess
import sys

import pytest

from tunesmith.errors import MissingExtra
from tunesmith.models import extras


def test_a_missing_package_names_the_extra_that_brings_it(monkeypatch):
    def absent(name):
        raise ModuleNotFoundError(f"No module named {name!r}", name=name.split(".")[0])

    monkeypatch.setattr(extras, "import_module", absent)
    with pytest.raises(MissingExtra, match=r'scikit-learn, which is not installed.*"tunesmith\[models\]"'):
        extras.need("sklearn.datasets", "the demo's data set")
    with pytest.raises(MissingExtra, match=r'"tunesmith\[sklearn\]"'):
        extras.need("sklearn.model_selection", "a search", extra="sklearn")
    with pytest.raises(MissingExtra, match=r'pyarrow.*"tunesmith\[parquet\]"'):
        extras.need("pyarrow", "reading a Parquet file")


def test_a_package_that_lacks_one_of_its_own_is_not_called_missing(monkeypatch):
    def broken(name):
        raise ModuleNotFoundError("No module named 'numba'", name="numba")

    monkeypatch.setattr(extras, "import_module", broken)
    with pytest.raises(ModuleNotFoundError, match="numba") as caught:
        extras.need("lightgbm", "a test")
    assert not isinstance(caught.value, MissingExtra)


def test_importing_the_models_imports_no_optional_package():
    code = (
        "import sys, tunesmith.models.tuned, tunesmith.models.lightgbm, tunesmith.models.demo; "
        "print([m for m in ('pandas', 'lightgbm', 'sklearn', 'pyarrow', 'scipy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
