"""TunesmithSampler: tunesmith's search as a sampler of Optuna's studies."""

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import optuna
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler, TPESampler
from optuna.samplers._base import _process_constraints_after_trial
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from tunesmith.errors import OptionError, message
from tunesmith.history import History
from tunesmith.integrations.optuna.following import MOST_LETTERS, REASON, Following, direction_of, pack
from tunesmith.integrations.optuna.found import Distributions, Found, as_parameter, find, telling
from tunesmith.methods.base import Method, Proposal
from tunesmith.methods.registry import make_method
from tunesmith.methods.starting import starting_config
from tunesmith.methods.usual import usual_values
from tunesmith.seeds import check_seed, generator
from tunesmith.space import Space

MOST_ATTEMPTS = 5  # at a config that no other process has chosen in the meantime

_logger = optuna.logging.get_logger("optuna.tunesmith")


class TunesmithSampler(BaseSampler):
    """Sampler that asks a method of tunesmith for each trial's parameters.

    It learns from complete, pruned and failed trials, minds those that run or are enqueued, and knows that
    some parameters are there for some trials only: what they depend on is inferred from the trials (values of
    categorical or integer parameters), so that one model sees the whole space. Trials that break a constraint
    count as failed. The first trial takes the usual value of each parameter whose model is known by the
    names, and else the middle. Why a config was chosen is in the trial's `system_attrs`, as
    "tunesmith:reason".

    Draws depend on `seed` and the trial's number alone. A study that was stopped goes on as if it had not
    been, and workers that share a study may share a seed.

    Parameters outside of that space are sampled on their own, by `independent_sampler`: those that no
    trial had yet, those whose range changes from trial to trial, and those of which it cannot be inferred
    when they are there. When all configs of a finite space have been tried, they are drawn at random again.

    Args:
        seed: Seed, an int of 0 or more; None draws one.
        method: Method of tunesmith: "auto", "bayes", "evolution", "bohb", "random", "sobol", a mapping of
            name and settings, or a method.
        independent_sampler: Sampler for parameters outside of the space that can be modelled; by default
            Optuna's TPESampler, seeded anew for each draw.
        constraints_func: As in Optuna's samplers: a function of the finished trial that gives a sequence of
            floats, all 0 or less where the trial is feasible. From Optuna 5 `trial.set_constraint` does as
            well.
        warn_independent_sampling: Log a warning when a parameter that trials have had is sampled on its own.

    Raises:
        OptionError: The seed or the method cannot be used.

    Example:
        >>> import optuna
        >>> optuna.logging.set_verbosity(optuna.logging.WARNING)
        >>> study = optuna.create_study(sampler=TunesmithSampler(seed=0))
        >>> study.optimize(lambda trial: trial.suggest_float("x", -4, 9) ** 2, n_trials=12)
        >>> study.best_value < 0.01, study.trials[0].params
        (True, {'x': 2.5})
    """

    def __init__(
        self,
        *,
        seed: int | None = None,
        method: str | Method | Mapping[str, Any] = "auto",
        independent_sampler: BaseSampler | None = None,
        constraints_func: Callable[[FrozenTrial], Sequence[float]] | None = None,
        warn_independent_sampling: bool = True,
    ) -> None:
        self._seed = check_seed(seed)
        self._method = make_method(method)
        self._independent_sampler = independent_sampler
        self._constraints_func = constraints_func
        self._warned: set[str] | None = set() if warn_independent_sampling else None
        self._forget()

    def _forget(self) -> None:
        self._lock = threading.Lock()
        self._followed: tuple[tuple[Any, ...], Following] | None = None

    def __getstate__(self) -> dict[str, Any]:
        """Copies and pickles begin with nothing but the arguments."""
        return {n: v for n, v in vars(self).items() if n not in ("_lock", "_followed")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Begin anew."""
        vars(self).update(state)
        self._forget()

    # -- what Optuna calls -------------------------------------------------------------------------------

    def reseed_rng(self) -> None:
        """Draws depend on a trial's number, so that threads differ by themselves."""
        if self._independent_sampler is not None:
            self._independent_sampler.reseed_rng()

    def before_trial(self, study: Study, trial: FrozenTrial) -> None:
        """Let the independent sampler prepare."""
        _refuse_several(study)
        if self._independent_sampler is not None:
            self._independent_sampler.before_trial(study, trial)

    def after_trial(
        self, study: Study, trial: FrozenTrial, state: TrialState, values: Sequence[float] | None
    ) -> None:
        """Keep the values of the constraints."""
        if self._constraints_func is not None:
            _process_constraints_after_trial(self._constraints_func, study, trial, state)
        if self._independent_sampler is not None:
            self._independent_sampler.after_trial(study, trial, state, values)

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> Distributions:
        """The parameters that can be modelled together."""
        _refuse_several(study)
        found = find(study._get_trials(deepcopy=False, use_cache=True))
        return {name: d for name, d in found.distributions.items() if not d.single()}

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: Distributions
    ) -> dict[str, Any]:
        """Ask the method for a config."""
        if not search_space:
            return {}
        with self._lock:  # threads see what the others were given
            for attempt in range(MOST_ATTEMPTS):
                trials = study._get_trials(deepcopy=False, use_cache=False)
                found = find(trials, within=search_space)
                proposal = self._propose(self._history(study, trials, trial.number, found), trial.number)
                chosen = pack(proposal.config, found.distributions)
                for key, text in {**chosen, REASON: proposal.reason[:MOST_LETTERS]}.items():
                    study._storage.set_trial_system_attr(trial._trial_id, key, text)
                same = [] if proposal.is_repeat else _others(study, trials, trial.number, chosen)
                # Whoever comes second gives way; where it is both, from then on the later trial.
                if not same or (attempt and trial.number < min(same)):
                    break
        return proposal.config

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """Sample a parameter on its own; in the first trial it is the usual value, or the middle."""
        _refuse_several(study)
        if trial.number == 0:
            return _start(param_name, {**trial.distributions, param_name: param_distribution})
        self._warn(study, param_name)
        sampler = self._independent_sampler
        if sampler is None:
            rng = generator(self._seed, trial.number, f"independent {param_name}")
            sampler = TPESampler(seed=int(rng.integers(2**31)))
        return sampler.sample_independent(study, trial, param_name, param_distribution)

    # -- the method --------------------------------------------------------------------------------------

    def _history(self, study: Study, trials: list[FrozenTrial], number: int, found: Found) -> History:
        """The trials as a history; the one of the last time where it can be gone on with."""
        key = (study._storage, study._study_id, study.direction, found)
        if self._followed is not None and self._followed[0] == key:
            following = self._followed[1]
            if following.update(trials, number):
                return following.history
        following = Following(found.space(), found.distributions, direction_of(study))
        following.update(trials, number)
        self._followed = key, following
        return following.history

    def _propose(self, history: History, number: int) -> Proposal:
        outcome = self._method.propose(history, number, self._seed)
        if isinstance(outcome, Proposal):
            return outcome
        rng = generator(self._seed, number, "again")
        config = history.space.draw(rng.random(len(history.space)))
        return Proposal(config, f"drawn at random: {outcome.words}", is_repeat=True)

    def _warn(self, study: Study, name: str) -> None:
        """Say once that a parameter is outside of the model, though trials have had it."""
        if self._warned is None or name in self._warned:
            return
        trials = study._get_trials(deepcopy=False, use_cache=True)
        if any(name in t.params for t in telling(trials)) and name not in find(trials).distributions:
            self._warned.add(name)
            _logger.warning(
                f"The parameter {name!r} is sampled on its own, without tunesmith's model: its range changes "
                "from trial to trial, or it cannot be inferred from the trials when it is there. "
                "warn_independent_sampling=False turns this message off."
            )


def _others(study: Study, trials: list[FrozenTrial], number: int, chosen: dict[str, str]) -> list[int]:
    """Numbers of the trials for which other processes have chosen the same in the meantime."""
    if all(t.number == number or t.state != TrialState.RUNNING for t in trials):
        return []  # there are no others
    trials = study._get_trials(deepcopy=False, use_cache=False)
    return [t.number for t in trials if t.number != number and chosen.items() <= t.system_attrs.items()]


def _refuse_several(study: Study) -> None:
    if study._is_multi_objective():
        raise OptionError(
            message(
                "TunesmithSampler searches for the best value of one objective",
                given=f"a study of {len(study.directions)} objectives",
                fix="Weigh them into one number, or take another sampler, such as NSGAIISampler.",
            )
        )


def _start(name: str, distributions: Mapping[str, BaseDistribution]) -> Any:
    """Value to begin with, of the last of the parameters that are known of the space."""
    space = Space({n: as_parameter(d) for n, d in distributions.items()})
    return starting_config(space, usual_values(space).values)[name]
