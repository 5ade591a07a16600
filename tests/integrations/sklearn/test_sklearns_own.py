"""scikit-learn's own tests of its searches, run on ours.

Its installed module `test_search.py` is loaded once more with ours in place of RandomizedSearchCV, and of
GridSearchCV by the method "grid". What does not apply is listed below, each with the reason. So is what tests
the routing of metadata, of which only the tests of searches are run.
"""

import importlib.util
import inspect
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest import mock

import numpy as np
import pytest

sklearn = pytest.importorskip("sklearn")

from tunesmith.integrations.sklearn import TunesmithSearchCV  # noqa: E402

pytestmark = pytest.mark.filterwarnings(
    "default"
)  # scikit-learn's tests count on warnings that are none here

ORDER = "which config comes when is the method's to say"
TWICE = "a value that is given several times is one option here, and tried once"
NOT_OURS = {
    "test_search_default_iid": ORDER,
    "test_search_cv_results_rank_tie_breaking": ORDER,
    "test_search_cv_timing": ORDER,
    "test_search_with_2d_array": f"expects the very draws of RandomizedSearchCV: {ORDER}",
    "test_grid_search_classifier_all_fits_fail": TWICE,
    "test_callable_multimetric_clf_all_fits_fail": TWICE,
    "test_grid_search_cv_splits_consistency": f"{TWICE}; test_search.py has the same for ours",
    "test_grid_search_bad_param_grid": "our errors have words of their own; test_given.py has them",
    "test_predict_proba_disabled": "an empty space is an error here",
    "test_custom_run_search": "compares all attributes; ours leaves space_, reasons_ and study_ besides",
    "test_array_api_search_cv_classifier": "is about estimators on other kinds of arrays",
}
"""Tests of theirs that do not apply, with the reason."""


class _Adapted(TunesmithSearchCV):
    """Ours under the names of scikit-learn's arguments."""

    _space_argument = ""

    @property
    def space(self) -> Any:
        return getattr(self, self._space_argument)

    @space.setter
    def space(self, value: Any) -> None:
        pass


class RandomizedSearchCV(_Adapted):
    _space_argument = "param_distributions"

    def __init__(
        self,
        estimator: Any,
        param_distributions: Any,
        *,
        n_iter: int = 10,
        scoring: Any = None,
        n_jobs: int | None = None,
        refit: Any = True,
        cv: Any = None,
        verbose: int = 0,
        pre_dispatch: Any = "2*n_jobs",
        random_state: Any = None,
        error_score: Any = np.nan,
        return_train_score: bool = False,
    ) -> None:
        given = {k: v for k, v in locals().items() if k not in ("self", "param_distributions", "__class__")}
        self.param_distributions = param_distributions
        super().__init__(**given)


class GridSearchCV(_Adapted):
    _space_argument = "param_grid"

    def __init__(
        self,
        estimator: Any,
        param_grid: Any,
        *,
        scoring: Any = None,
        n_jobs: int | None = None,
        refit: Any = True,
        cv: Any = None,
        verbose: int = 0,
        pre_dispatch: Any = "2*n_jobs",
        error_score: Any = np.nan,
        return_train_score: bool = False,
    ) -> None:
        given = {k: v for k, v in locals().items() if k not in ("self", "param_grid", "__class__")}
        self.param_grid = param_grid
        super().__init__(method="grid", n_iter=None, timeout="1h", random_state=0, **given)


def _theirs(file: str) -> ModuleType:
    import sklearn.model_selection as package

    path = Path(sklearn.__file__).parent / file
    spec = importlib.util.spec_from_file_location(f"sklearns_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    ours = {"RandomizedSearchCV": RandomizedSearchCV, "GridSearchCV": GridSearchCV}
    sys.modules[spec.name] = module  # so that its classes can be pickled
    with mock.patch.multiple(package, **ours):
        spec.loader.exec_module(module)
    return module


def _tests(module: ModuleType) -> Iterator[tuple[str, Any]]:
    """Tests that make a search of ours."""
    for name, value in vars(module).items():
        if name.startswith("test_") and inspect.isfunction(value) and "SearchCV" in inspect.getsource(value):
            yield name, value


def _listed(test: Any) -> Any:
    """The test with its parameters in lists, since pytest takes no generators any more."""
    for mark in getattr(test, "pytestmark", []):
        if mark.name == "parametrize" and inspect.isgenerator(mark.args[1]):
            object.__setattr__(mark, "args", (mark.args[0], list(mark.args[1])))
    return test


def _of_searches(module: ModuleType) -> Iterator[tuple[str, Any]]:
    """Tests of meta-estimators, with ours as the only ones."""
    for name, test in vars(module).items():
        for mark in getattr(test, "pytestmark", []):
            if mark.name == "parametrize" and mark.args[0] == "metaestimator":
                kinds = {case["metaestimator"].__name__: case for case in mark.args[1]}
                ours = [
                    pytest.param(c, id=n)
                    for n, c in kinds.items()
                    if issubclass(c["metaestimator"], _Adapted)
                ]
                object.__setattr__(mark, "args", ("metaestimator", ours))
                object.__setattr__(mark, "kwargs", {})
                yield name, test


for _name, _test in _tests(_theirs("model_selection/tests/test_search.py")):
    _test = _listed(_test)
    globals()[_name] = pytest.mark.skip(reason=NOT_OURS[_name])(_test) if _name in NOT_OURS else _test

globals().update(_of_searches(_theirs("tests/test_metaestimators_metadata_routing.py")))
