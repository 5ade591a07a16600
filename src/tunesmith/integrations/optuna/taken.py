"""A study of tunesmith's that knows all results of one of Optuna's."""

import os
import warnings
from collections.abc import Mapping
from typing import Any

import optuna

from tunesmith.errors import OptionError, message
from tunesmith.integrations.optuna.following import config_of, direction_of, outcome
from tunesmith.integrations.optuna.found import find
from tunesmith.methods.base import Method
from tunesmith.space import Parameter, Space
from tunesmith.store import Store
from tunesmith.study.study import Study
from tunesmith.trial import State
from tunesmith.wording import counted


def from_optuna(
    study: optuna.Study,
    space: Space | Mapping[str, Parameter] | None = None,
    *,
    method: str | Method = "auto",
    store: str | os.PathLike[str] | Store | None = None,
    name: str | None = None,
    seed: Any = None,
) -> Study:
    """Make a study of the results of one of Optuna's, to look into and to go on with.

    Complete and failed trials are added; those that broke a constraint count as failed. Pruned ones are left
    out, as their values are not those of a full training, and so is what does not fit the space: trials, and
    parameters of which it cannot be inferred when they are there. A warning says so.

    Args:
        study: The study, with one objective.
        space: The space; None to infer it from the trials, as `TunesmithSampler` does.
        method: Method of the new study.
        store: Where it is kept; None for in memory.
        name: Its name in the store.
        seed: Its seed.

    Returns:
        The new study.

    Raises:
        OptionError: The study has several objectives, or no space can be inferred.

    Example:
        >>> import optuna
        >>> optuna.logging.set_verbosity(optuna.logging.WARNING)
        >>> theirs = optuna.create_study(direction="maximize")
        >>> theirs.optimize(lambda trial: -trial.suggest_float("x", -4, 9) ** 2, n_trials=20)
        >>> ours = from_optuna(theirs)
        >>> ours.space, ours.best.config == theirs.best_params
        (Space(
          x: numbers from -4.0 to 9.0
        ), True)
    """
    if len(study.directions) > 1:
        wrong = "from_optuna takes studies of one objective"
        raise OptionError(message(wrong, given=f"one of {len(study.directions)} objectives"))
    trials = study.get_trials(deepcopy=False)
    if space is None:
        found = find(trials)
        if not found.distributions:
            wrong = "from_optuna: no trial of the study shows what its space is"
            raise OptionError(message(wrong, given=counted(len(trials), "trial"), fix="Give a space."))
        space = found.space()
    made = Study(space, direction=direction_of(study), method=method, store=store, name=name, seed=seed)
    pruned = misfit = 0
    unknown: dict[str, None] = {}
    for trial in trials:
        if not trial.state.is_finished():
            continue
        config = config_of(made.space, trial.params)
        unknown |= {n: None for n in trial.params if n not in made.space}
        state, value, _ = outcome(trial)
        if state is State.STOPPED:
            pruned += 1
        elif not config:
            misfit += 1
        else:
            made.add(config, State.FAILED if value is None else value)
    left_out = [
        counted(pruned, "pruned trial") if pruned else "",
        f"{counted(misfit, 'trial')} outside of the space" if misfit else "",
        f"the values of {', '.join(unknown)}" if unknown else "",
    ]
    if any(left_out):
        warnings.warn(f"from_optuna leaves out {', '.join(filter(None, left_out))}.", stacklevel=2)
    return made
