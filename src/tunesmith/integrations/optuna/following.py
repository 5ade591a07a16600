"""An Optuna study's trials as the History that a method sees, taken in as they come.

| Optuna | here |
|---|---|
| COMPLETE | COMPLETE; FAILED where the value is infinite or a constraint is broken |
| PRUNED | STOPPED, with the last intermediate value; FAILED where a constraint is broken |
| FAIL | FAILED |
| RUNNING | RUNNING, with what the sampler chose for it |
| WAITING | WAITING, with what was enqueued |

Numbers are Optuna's. A trial whose config is not known, or not one of the space, has an empty one, which no
method takes in.
"""

import json
import math
from collections.abc import Iterable, Mapping
from typing import Any

from optuna.distributions import BaseDistribution
from optuna.study import Study, StudyDirection
from optuna.trial import FrozenTrial, TrialState

from tunesmith.errors import ConfigError
from tunesmith.history import Direction, History
from tunesmith.space import Config, Space
from tunesmith.trial import Failure, FailureKind, State, Trial

CHOSEN = "tunesmith:config"  # attribute of a trial: what the sampler chose, in Optuna's internal numbers
REASON = "tunesmith:reason"  # and why
MOST_LETTERS = 2045  # of an attribute, in Optuna's databases

_BROKEN = Failure(FailureKind.ERROR, "broke a constraint")
_INFINITE = Failure(FailureKind.NAN, "the value was infinite")
_FAILED = Failure(FailureKind.ERROR, "failed in Optuna")


class Following:
    """The History of one study in one space.

    Args:
        space: The space.
        distributions: The same in Optuna's words.
        direction: The study's.
    """

    def __init__(
        self, space: Space, distributions: Mapping[str, BaseDistribution], direction: Direction
    ) -> None:
        self.history = History(space, direction)
        self._distributions = distributions
        self._settled = 0  # all trials before this number have ended, and are taken in

    def update(self, trials: Iterable[FrozenTrial], number: int) -> bool:
        """Take in what is new.

        Args:
            trials: All trials.
            number: The trial that a config is needed for; its own record does not count.

        Returns:
            Whether that could be done: False when a trial turned out to have another config than was thought,
            and a new one has to be made.
        """
        known = {t.number: t for t in trials if t.number != number}
        history = self.history
        for at in range(self._settled, max(known, default=-1) + 1):
            new = self._record(at, known.get(at))
            if at == len(history):
                history.record(new)
            elif new != history[at]:
                if new.config != history[at].config:
                    return False
                history.record(new)
        while self._settled < len(history) and history[self._settled].is_finished:
            self._settled += 1
        return True

    def _record(self, number: int, trial: FrozenTrial | None) -> Trial:
        if trial is None:
            return Trial(number, {}, State.RUNNING)
        config = config_of(self.history.space, _params(trial, self._distributions))
        state, value, failure = outcome(trial)
        return Trial(number, config, state, value, failure=failure)


def direction_of(study: Study) -> Direction:
    """Direction of a study of one objective."""
    return "maximize" if study.direction == StudyDirection.MAXIMIZE else "minimize"


def config_of(space: Space, params: Mapping[str, Any]) -> Config:
    """The config that a trial's parameters are; an empty one where they are none of the space.

    Example:
        >>> from tunesmith.space import Float
        >>> space = Space(x=Float(0, 1))
        >>> config_of(space, {"x": 1, "y": 2}), config_of(space, {"x": 7})
        ({'x': 1.0}, {})
    """
    config: Config = {}
    for name in space:
        if name in params and space.is_active(name, config):
            config[name] = params[name]
    try:
        return space.check(config)
    except ConfigError:
        return {}


def outcome(trial: FrozenTrial) -> tuple[State, float | None, Failure | None]:
    """State of an Optuna trial, value and failure, see above."""
    if trial.state == TrialState.RUNNING:
        return State.RUNNING, None, None
    if trial.state == TrialState.WAITING:
        return State.WAITING, None, None
    if trial.state == TrialState.FAIL:
        return State.FAILED, None, _FAILED
    if not all(c <= 0 for c in _constraints(trial.system_attrs)):
        return State.FAILED, None, _BROKEN
    value = trial.value
    if value is not None and not math.isfinite(value):
        return State.FAILED, None, _INFINITE
    return State.COMPLETE if trial.state == TrialState.COMPLETE else State.STOPPED, value, None


def _constraints(attributes: Mapping[str, Any]) -> list[float]:
    """Values of a trial's constraints: a list by `constraints_func`, and one by name by `set_constraint`."""
    listed = attributes.get("constraints") or ()
    return [*listed, *(v for name, v in attributes.items() if name.startswith("constraints:"))]


# -- configs of trials that run, shared with other workers ------------------------------------------------


def pack(config: Config, distributions: Mapping[str, BaseDistribution]) -> dict[str, str]:
    """Attributes that hold a config."""
    text = json.dumps({name: distributions[name].to_internal_repr(value) for name, value in config.items()})
    starts = range(0, len(text), MOST_LETTERS)
    return {f"{CHOSEN}:{k}": text[at : at + MOST_LETTERS] for k, at in enumerate(starts)}


def _params(trial: FrozenTrial, distributions: Mapping[str, BaseDistribution]) -> dict[str, Any]:
    """A trial's parameters; where it has not ended, also those that it will be given when it asks."""
    if trial.state.is_finished():
        return trial.params
    attributes = trial.system_attrs
    parts: list[str] = []
    while f"{CHOSEN}:{len(parts)}" in attributes:
        parts.append(attributes[f"{CHOSEN}:{len(parts)}"])
    try:
        chosen = json.loads("".join(parts) or "{}")
    except json.JSONDecodeError:  # its worker is about to write the rest
        chosen = {}
    own = {n: distributions[n].to_external_repr(v) for n, v in chosen.items() if n in distributions}
    fixed: dict[str, Any] = attributes.get("fixed_params", {})
    return own | fixed | trial.params
