"""Optuna's own tests of importance evaluators, run on tunesmith's importance.

Left out is the class for several objectives, which tunesmith does not have.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tunesmith.analysis.importance import importance
from tunesmith.history import History
from tunesmith.space import Choice, Float, Int, Space
from tunesmith.trial import State, Trial

pytest.register_assert_rewrite("optuna.testing.pytest_importance")
optuna = pytest.importorskip("optuna", reason="Optuna is not installed")
theirs = pytest.importorskip("optuna.testing.pytest_importance", reason="This Optuna ships no tests")
pytestmark = pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")
BRANCH = "which parameters a trial has"


class Evaluator(optuna.importance.BaseImportanceEvaluator):  # type: ignore[misc, name-defined]
    """Importance of an Optuna study's parameters.

    Args:
        conditional: Whether parameters count that only some trials have. Optuna knows no conditions, so what
            decides is one more choice: which parameters a trial has.
    """

    def __init__(self, conditional: bool) -> None:
        self.conditional = conditional

    def evaluate(
        self, study: Any, params: list[str] | None = None, *, target: Callable[[Any], float] | None = None
    ) -> dict[str, float]:
        read: Callable[[Any], float] = target or (lambda trial: float(trial.value))
        complete = study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.COMPLETE,))
        trials = [t for t in complete if np.isfinite(read(t))]
        names = self._names(study, trials) if params is None else params
        kinds = {
            name: _only({t.distributions[name] for t in trials if name in t.params}, name) for name in names
        }
        if params and not self.conditional and not any(set(params) <= set(t.params) for t in trials):
            raise ValueError(f"no complete trial has all of {params}")
        if not self.conditional:
            trials = [t for t in trials if set(names) <= set(t.params)]
        if not names:
            return {}
        shares = importance(_history(trials, kinds, read))
        return {name: share.value for name, share in shares.items() if name != BRANCH}

    def _names(self, study: Any, trials: list[Any]) -> list[str]:
        if self.conditional:
            return sorted({name for t in trials for name in t.params})
        return list(optuna.search_space.intersection_search_space(study.get_trials(deepcopy=False)))


def _only(found: set[Any], name: str) -> Any:
    if len(found) != 1:
        raise ValueError(f"{name} has {len(found)} definitions among the complete trials")
    return next(iter(found))


def _history(trials: list[Any], kinds: dict[str, Any], read: Callable[[Any], float]) -> History:
    having = [tuple(name for name in kinds if name in t.params) for t in trials]
    branches = list(dict.fromkeys(having))
    space: dict[str, Any] = {}
    if len(branches) > 1:
        space[BRANCH] = Choice({str(k): branch for k, branch in enumerate(branches)})
    for name, kind in kinds.items():
        with_it = [branch for branch in branches if name in branch]
        when = {BRANCH: with_it} if len(with_it) < len(branches) else None
        space[name] = _parameter(kind, when)
    made = []
    for number, (trial, branch) in enumerate(zip(trials, having, strict=True)):
        config = {BRANCH: branch} if BRANCH in space else {}
        config |= {name: trial.params[name] for name in branch}
        made.append(Trial(number, config, State.COMPLETE, read(trial)))
    return History(Space(space), "minimize", made)


def _parameter(kind: Any, when: Any) -> Any:
    if isinstance(kind, optuna.distributions.CategoricalDistribution):
        return Choice(list(kind.choices), when=when)
    if isinstance(kind, optuna.distributions.IntDistribution):
        return Int(kind.low, kind.high, log=kind.log, step=None if kind.step == 1 else kind.step, when=when)
    return Float(kind.low, kind.high, log=kind.log, step=kind.step, when=when)


class TestWholeSpaces(
    theirs.BasicImportanceEvaluatorTestCase,  # type: ignore[misc, name-defined]
    theirs.NonConditionalImportanceEvaluatorTestCase,  # type: ignore[misc, name-defined]
):
    """As Optuna runs them on its fANOVA."""

    @pytest.fixture
    def evaluator(self) -> Callable[..., Evaluator]:
        return lambda **_: Evaluator(conditional=False)


class TestConditionalSpaces(
    theirs.BasicImportanceEvaluatorTestCase,  # type: ignore[misc, name-defined]
    theirs.ConditionalImportanceEvaluatorTestCase,  # type: ignore[misc, name-defined]
):
    """As Optuna runs them on its PED-ANOVA."""

    @pytest.fixture
    def evaluator(self) -> Callable[..., Evaluator]:
        return lambda **_: Evaluator(conditional=True)
