"""TunesmithSampler: what it proposes, what it learns from, and how it gets on with the rest of Optuna."""

import copy
import itertools
import logging
import pickle
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

optuna = pytest.importorskip("optuna", reason="Optuna is not installed")

import tunesmith as ts  # noqa: E402
from tunesmith.errors import OptionError  # noqa: E402
from tunesmith.integrations.optuna import TunesmithSampler  # noqa: E402
from tunesmith.integrations.optuna import sampler as sampling  # noqa: E402

Objective = Callable[[Any], float]


def params(made: Any) -> list[dict[str, Any]]:
    return [trial.params for trial in made.trials]


def reasons(made: Any) -> list[str | None]:
    return [trial.system_attrs.get("tunesmith:reason") for trial in made.trials]


def bowl(trial: Any) -> float:
    return float((trial.suggest_float("x", -5, 5) - 1) ** 2 + trial.suggest_int("y", -5, 5) ** 2)


def tree(trial: Any) -> float:
    """Layers with units, and a momentum for one of the optimizers."""
    layers = trial.suggest_int("layers", 1, 3)
    units = [trial.suggest_int(f"units_{k}", 4, 64, log=True) for k in range(layers)]
    loss = abs(layers - 2) + sum(abs(n - 16) / 16 for n in units)
    if trial.suggest_categorical("optimizer", ["adam", "sgd"]) == "sgd":
        return float(loss - 1 + abs(trial.suggest_float("momentum", 0, 1) - 0.9))
    return float(loss)


class Noting(optuna.samplers.RandomSampler):  # type: ignore[misc, name-defined]
    """Notes what is asked of it."""

    def __init__(self) -> None:
        super().__init__(seed=0)
        self.calls: list[str] = []

    def sample_independent(self, study: Any, trial: Any, param_name: str, param_distribution: Any) -> Any:
        self.calls.append(param_name)
        return super().sample_independent(study, trial, param_name, param_distribution)

    def reseed_rng(self) -> None:
        self.calls.append("reseed")

    def before_trial(self, study: Any, trial: Any) -> None:
        self.calls.append("before")

    def after_trial(self, study: Any, trial: Any, state: Any, values: Any) -> None:
        self.calls.append("after")


@pytest.mark.parametrize("method", ["auto", "evolution", "sobol", "random"])
def test_it_tries_what_a_study_of_ours_tries(study: Any, method: str) -> None:
    def loss(rate_: float, size_: int, part_: float, kind: str) -> float:
        if kind == "c" and size_ > 7:
            raise ValueError
        return -abs(rate_ - 0.01) - abs(size_ - 4) / 10 + part_

    def objective(trial: Any) -> float:
        return loss(
            trial.suggest_float("rate_", 1e-5, 1, log=True),
            trial.suggest_int("size_", 1, 9),
            trial.suggest_float("part_", 0, 1, step=0.1),
            trial.suggest_categorical("kind", ["a", "b", "c"]),
        )

    theirs = study(objective, 16, seed=3, method=method, direction="maximize")
    space = ts.Space(
        rate_=ts.Float(1e-5, 1, log=True),
        size_=ts.Int(1, 9),
        part_=ts.Float(0, 1, step=0.1),
        kind=ts.Choice(["a", "b", "c"]),
    )
    ours = ts.Study(space, direction="maximize", method=method, seed=3)
    if method != "auto":  # whose first config is the middle, as that of every Optuna study here
        ours.enqueue(theirs.trials[0].params)
    ours.run(lambda config: loss(**config), trials=16, progress=False)
    assert params(theirs) == [trial.config for trial in ours.trials]
    assert reasons(theirs)[1:] == [trial.reason for trial in ours.trials][1:]


def test_the_first_trial_is_the_middle_or_what_is_usual_for_the_names(study: Any) -> None:
    def objective(trial: Any) -> float:
        depth = trial.suggest_int("max_depth", 1, 15)
        return float(trial.suggest_float("eta", 1e-3, 1, log=True) * depth)

    assert params(study(bowl, 1)) == [{"x": 0.0, "y": 0}]
    first, second = params(study(objective, 2))
    assert first == {"max_depth": 8, "eta": 0.1}  # of the first name alone nothing is known
    assert second == {"max_depth": 6, "eta": 0.1}


def test_conditional_parameters_are_chosen_together_with_the_others(study: Any) -> None:
    others = Noting()
    made = study(tree, 40, sampler=TunesmithSampler(seed=0, independent_sampler=others))
    drawn = [name for name in others.calls if name not in ("before", "after")]
    assert len(drawn) == len(set(drawn)) <= 3  # each when a trial had it for the first time
    assert made.best_params["optimizer"] == "sgd"
    assert made.best_value < -0.8
    assert all(reason for reason in reasons(made)[1:])


def test_several_objectives_are_refused_in_words(study: Any) -> None:
    with pytest.raises(OptionError, match="the best value of one objective; given: a study of 2 objectives"):
        study(directions=["minimize", "maximize"]).ask()


# -- seeds and workers ------------------------------------------------------------------------------------


def test_a_study_that_was_stopped_goes_on_as_if_it_had_not_been(study: Any, tmp_path: Path) -> None:
    kept = {"storage": f"sqlite:///{tmp_path / 'tune.db'}", "study_name": "a", "load_if_exists": True}
    for part in (4, 1, 4):
        made = study(tree, part, **kept)
    assert params(made) == params(study(tree, 9))


def test_trials_are_taken_in_once(study: Any) -> None:
    made = study(bowl, 5)
    following = made.sampler._followed[1]
    made.optimize(bowl, n_trials=4)
    assert made.sampler._followed[1] is following
    assert len(following.history) == 8  # all but the one that was asked for


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda sampler: pickle.loads(pickle.dumps(sampler))])
def test_a_copy_goes_on_alike(study: Any, copied: Any) -> None:
    made = study(tree, 7)
    assert len(pickle.dumps(made.sampler)) < 1000  # what is known of the trials stays behind
    made.sampler = copied(made.sampler)
    made.optimize(tree, n_trials=5)
    assert params(made) == params(study(tree, 12))


def test_threads_get_different_configs(study: Any) -> None:
    def objective(trial: Any) -> float:
        value = trial.suggest_int("x", 0, 29)
        time.sleep(0.005)
        return float(value)

    made = study()
    made.optimize(objective, n_trials=30, n_jobs=3)
    drawn = [trial.params["x"] for trial in made.trials if "tunesmith:reason" in trial.system_attrs]
    assert len(drawn) >= 25  # the first ones had no space yet
    assert len(set(drawn)) == len(drawn)


def test_workers_with_the_same_seed_see_what_the_others_were_given(study: Any) -> None:
    storage = optuna.storages.InMemoryStorage()
    known = study(lambda trial: trial.suggest_int("x", 0, 7), 1, storage=storage, study_name="a")
    other = study(storage=storage, study_name="a", load_if_exists=True)
    asked = [worker.ask() for worker in [known, other] * 4][:7]
    chosen = [trial.relative_params["x"] for trial in asked]  # and not yet taken by any
    assert sorted([*chosen, *known.trials[0].params.values()]) == list(range(8))


def test_workers_that_ask_at_the_same_moment_get_different_configs(
    study: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage = optuna.storages.InMemoryStorage()
    one = study(bowl, 1, storage=storage, study_name="a")
    other = study(storage=storage, study_name="a", load_if_exists=True)
    late, early = one.ask(), other.ask()
    propose = one.sampler._propose

    def overtaken(*given: Any) -> Any:
        proposal = propose(*given)
        assert early.relative_params  # chosen by the other one while this one thinks
        return proposal

    monkeypatch.setattr(one.sampler, "_propose", overtaken)
    assert late.relative_params != early.relative_params


@pytest.mark.parametrize(("same", "asked"), [([3], 2), ([1], sampling.MOST_ATTEMPTS)])
def test_of_two_that_saw_each_other_the_later_gives_way(
    study: Any, same: list[int], asked: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = study(bowl, 1)
    made.ask()
    monkeypatch.setattr(sampling, "_others", lambda *given: same)
    propose, calls = made.sampler._propose, []
    monkeypatch.setattr(made.sampler, "_propose", lambda *given: calls.append(given) or propose(*given))
    assert made.ask().relative_params
    assert len(calls) == asked


def test_a_config_too_long_for_one_attribute_is_shared_in_parts(study: Any, tmp_path: Path) -> None:
    names = [f"{k} {'name' * 50}" for k in range(12)]

    def objective(trial: Any) -> float:
        return sum(float(trial.suggest_float(name, 0, 1)) for name in names)

    url = f"sqlite:///{tmp_path / 'a.db'}"
    made = study(objective, 2, storage=url, study_name="a")
    asked = made.ask()
    asked.suggest_float(names[0], 0, 1)
    assert "tunesmith:config:1" in made.trials[2].system_attrs
    other = study(storage=url, study_name="a", load_if_exists=True)
    with_one = other.ask()
    with_one.suggest_float(names[0], 0, 1)
    assert other.sampler._followed[1].history[2].config == {n: asked.relative_params[n] for n in names}


# -- spaces -----------------------------------------------------------------------------------------------


def test_a_finite_space_is_tried_without_repeats_and_then_drawn_from_again(study: Any) -> None:
    options = ["a", None, 3, 2.5, True]
    made = study(lambda trial: options.index(trial.suggest_categorical("x", options)), 8)
    tried = [trial.params["x"] for trial in made.trials]
    assert sorted(map(str, tried[:5])) == sorted(map(str, options))
    assert {type(x) for x in tried[:5]} == {type(x) for x in options}
    assert reasons(made)[5] == "drawn at random: All 5 configs of the space have been tried."


def test_options_that_optuna_cannot_tell_apart_are_one(study: Any) -> None:
    options = [1, True, 1.0, float("nan"), 0]
    made = study(lambda trial: trial.suggest_categorical("x", options) == 0, 4)
    assert sorted(str(trial.params["x"]) for trial in made.trials[:3]) == ["0", "1", "nan"]
    assert "All 3 configs" in str(reasons(made)[3])


def test_parameters_without_a_choice_are_none(study: Any) -> None:
    fixed = {
        "a": optuna.distributions.FloatDistribution(2, 2),
        "b": optuna.distributions.CategoricalDistribution(["only"]),
        "x": optuna.distributions.IntDistribution(0, 9),
    }
    made = study()
    for _ in range(3):
        trial = made.ask(fixed)
        assert (trial.params["a"], trial.params["b"]) == (2.0, "only")
        made.tell(trial, trial.params["x"])
    assert made.sampler._followed[1].history.space.names == ("x",)


def test_enqueued_trials_are_run_and_known(study: Any) -> None:
    options = ["a", "b", "c", "d"]
    made = study()
    made.enqueue_trial({"x": "c"})
    made.optimize(lambda trial: options.index(trial.suggest_categorical("x", options)), n_trials=1)
    made.enqueue_trial({"x": "a"}, user_attrs={"later": True})
    waiting = made.ask()  # takes the one that is enqueued
    tried = {waiting.suggest_categorical("x", options), "c"}
    made.enqueue_trial({"x": "b"})
    storage = made._storage
    trial = optuna.Trial(made, storage.create_new_trial(made._study_id))
    tried |= {trial.suggest_categorical("x", options)}
    assert tried == {"a", "c", "d"}  # b waits


def test_what_is_fixed_of_a_trial_that_runs_counts(study: Any) -> None:
    made = study(bowl, 2)
    made.enqueue_trial({"x": 4.5})
    asked = made.ask()
    asked.suggest_float("x", -5, 5)
    asked.suggest_int("y", -5, 5)
    other = made.ask()
    other.suggest_float("x", -5, 5)
    running = made.sampler._followed[1].history[2]
    assert running.state is ts.trial.State.RUNNING
    assert running.config == asked.params


def test_a_trial_may_turn_out_to_have_another_config_than_was_chosen_for_it(study: Any) -> None:
    made = study(bowl, 3)
    early, late = made.ask(), made.ask()
    chosen = dict(early.relative_params)
    late.suggest_float("x", -5, 5)
    known = made.sampler._followed[1].history
    assert known[3].config == chosen
    early.relative_params["x"] = 1.25
    taken = early.suggest_float("x", -5, 5), early.suggest_int("y", -5, 5)
    made.tell(early, 1.0)
    made.ask().suggest_float("x", -5, 5)
    again = made.sampler._followed[1].history
    assert again is not known
    assert again[3].config == {"x": taken[0], "y": taken[1]} != chosen


def test_a_range_that_was_changed_is_searched_again(study: Any) -> None:
    def objective(low: float, high: float) -> Objective:
        return lambda trial: float((trial.suggest_float("x", low, high) - 7) ** 2)

    made = study(objective(0, 10), 6)
    made.optimize(objective(6, 9), n_trials=8)
    assert all(6 <= trial.params["x"] <= 9 for trial in made.trials[6:])
    assert all("tunesmith:reason" in trial.system_attrs for trial in made.trials[8:])
    history = made.sampler._followed[1].history
    assert len(history.ranked()) == sum(6 <= t.params["x"] <= 9 for t in made.trials[:-1])


def test_ranges_that_depend_on_values_are_sampled_on_their_own(study: Any) -> None:
    def objective(trial: Any) -> float:
        x = trial.suggest_float("x", 1, 2)
        return float(trial.suggest_float("y", 0, x)) + float(trial.suggest_float("z", 0, x))

    said: list[str] = []
    logger = logging.getLogger("optuna.tunesmith")
    logger.addFilter(note := lambda record: said.append(record.getMessage()))
    with_level = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    made = study(objective, 8)
    study(objective, 8, sampler=TunesmithSampler(seed=0, warn_independent_sampling=False))
    optuna.logging.set_verbosity(with_level)
    logger.removeFilter(note)
    assert [text.split(",")[0] for text in said] == [
        f"The parameter {name!r} is sampled on its own" for name in "yz"
    ]
    shares = {trial.params[name] / trial.params["x"] for trial in made.trials[1:] for name in "yz"}
    assert len(shares) == 14
    assert params(made) == params(study(objective, 8))
    assert len(made.sampler._followed[1].history.space) == 1


def test_an_independent_sampler_of_ones_own(study: Any) -> None:
    others = Noting()
    made = study(sampler=TunesmithSampler(seed=0, independent_sampler=others))
    made.optimize(bowl, n_trials=1)
    made.optimize(lambda trial: bowl(trial) + trial.suggest_float("new", 0, 1), n_trials=1)
    assert others.calls == ["before", "after", "before", "new", "after"]
    made.optimize(bowl, n_trials=2, n_jobs=2)
    assert others.calls.count("reseed") == 2


def test_what_cannot_be_used_is_said_at_once() -> None:
    with pytest.raises(OptionError, match="seed cannot be used"):
        TunesmithSampler(seed=-1)
    with pytest.raises(OptionError, match=r"method is unknown; .* Did you mean 'bayes'"):
        TunesmithSampler(method="byes")


def test_one_sampler_for_several_studies(study: Any) -> None:
    sampler = TunesmithSampler(seed=0)
    storage = optuna.storages.InMemoryStorage()
    one, other = (study(sampler=sampler, storage=storage) for _ in range(2))
    for made, _ in itertools.product((one, other), range(2)):
        made.optimize(bowl, n_trials=4)
    assert params(one) == params(other) == params(study(bowl, 8))
