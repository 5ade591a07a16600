"""Optuna's own tests of samplers, run on ours; those for several objectives are left out, as it has one."""

from collections.abc import Callable

import pytest

pytest.register_assert_rewrite("optuna.testing.pytest_samplers")
theirs = pytest.importorskip("optuna.testing.pytest_samplers", reason="This Optuna ships no tests")

from tunesmith.integrations.optuna import TunesmithSampler  # noqa: E402


class OfOurs:
    @pytest.fixture(params=["auto", "evolution"])
    def sampler(self, request: pytest.FixtureRequest) -> Callable[[], TunesmithSampler]:
        return lambda: TunesmithSampler(seed=0, method=request.param)


class TestBasic(OfOurs, theirs.BasicSamplerTestCase): ...  # type: ignore[misc, name-defined]


class TestRelative(OfOurs, theirs.RelativeSamplerTestCase): ...  # type: ignore[misc, name-defined]


class TestOneObjective(OfOurs, theirs.SingleOnlySamplerTestCase): ...  # type: ignore[misc, name-defined]
