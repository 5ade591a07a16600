"""The searches that are compared, each behind the same calls, each with the defaults of its project.

Those that know no conditions get a flat space: values of inactive parameters are left out of the config that
is run. Those that know no failures are told the worst loss so far. Those that know no log scale get the
logarithm. Adapters of the searches with many dependencies are `heavy_adapters.py`; names are `peers.py`.
"""

# ruff: noqa: D102 - the calls are described in Peer

import math
from collections.abc import Mapping
from typing import Any

from tasks import Config

import tunesmith as ts
from tunesmith.space import Choice, Parameter


class Peer:
    """One search on one task.

    Args:
        space: The space.
        seed: Seed.
        budget: Number of trials.
        is_noisy: Whether the same config may give another loss.
    """

    knows_running = False  # whether an ask minds the configs that are under way

    def __init__(self, space: ts.Space, seed: int, budget: int, is_noisy: bool) -> None:
        self.space, self.seed, self.budget, self.is_noisy = space, seed, budget, is_noisy
        self._under_way: dict[int, Any] = {}

    def started(self, config: Config, token: Any) -> Config:
        """Keep what the library knows a config by until its loss is told."""
        self._under_way[id(config)] = token
        return config

    def ended(self, config: Config) -> Any:
        """What the library knows a config by, which is not under way any more."""
        return self._under_way.pop(id(config))

    def ask(self) -> Config:
        """Next config to try."""
        raise NotImplementedError

    def tell(self, config: Config, loss: float) -> None:
        """Take in the loss of a config, the very object that was asked for; infinite when it failed."""
        raise NotImplementedError

    def add(self, config: Config, loss: float) -> None:
        """Take in a result from elsewhere."""
        raise NotImplementedError

    def recommend(self) -> Config | None:
        """Config to ship; None for the one with the lowest loss seen."""
        return None


class Tunesmith(Peer):
    """Tunesmith with any method: a name, or a mapping of name and settings."""

    method: str | Mapping[str, Any] = "auto"
    knows_running = True

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.study = ts.Study(self.space, method=self.method, seed=self.seed)

    def ask(self) -> Config:
        trial = self.study.ask()
        return self.started(dict(trial.config), trial)

    def tell(self, config: Config, loss: float) -> None:
        self.study.tell(self.ended(config), loss)

    def add(self, config: Config, loss: float) -> None:
        self.study.add(config, loss)

    def recommend(self) -> Config | None:
        return None if self.study.method.name == "random" else dict(self.study.recommend().config)


def tunesmith(method: str | Mapping[str, Any]) -> type[Peer]:
    """Peer of a method of ours."""
    return type("Tunesmith", (Tunesmith,), {"method": method})


class Optuna(Peer):
    """Optuna with one of its samplers."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        import optuna

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self.optuna = optuna
        self.study = optuna.create_study(sampler=self.sampler())

    def sampler(self) -> Any:
        raise NotImplementedError

    def ask(self) -> Config:
        trial = self.study.ask()
        config: Config = {}
        for name, p in self.space.parameters.items():
            if self.space.is_active(name, config):
                config[name] = _suggest(trial, name, p)
        return self.started(config, trial)

    def tell(self, config: Config, loss: float) -> None:
        trial = self.ended(config)
        if math.isfinite(loss):
            self.study.tell(trial, loss)
        else:
            self.study.tell(trial, state=self.optuna.trial.TrialState.FAIL)

    def add(self, config: Config, loss: float) -> None:
        spaces = {name: self._distribution(self.space[name]) for name in config}
        self.study.add_trial(self.optuna.create_trial(params=config, distributions=spaces, value=loss))

    def _distribution(self, p: Parameter) -> Any:
        kinds = self.optuna.distributions
        if isinstance(p, Choice):
            return kinds.CategoricalDistribution(p.options)
        kind = kinds.IntDistribution if isinstance(p, ts.Int) else kinds.FloatDistribution
        return kind(p.low, p.high, log=p.log)


def _suggest(trial: Any, name: str, p: Parameter) -> Any:
    if isinstance(p, Choice):
        return trial.suggest_categorical(name, p.options)
    if isinstance(p, ts.Int):
        return trial.suggest_int(name, p.low, p.high, log=p.log)
    return trial.suggest_float(name, p.low, p.high, log=p.log)


class OptunaTPE(Optuna):
    """Optuna's default."""

    def sampler(self) -> Any:
        return self.optuna.samplers.TPESampler(seed=self.seed)


class OptunaLiar(Optuna):
    """Optuna's default with the setting that its documentation recommends for several workers."""

    knows_running = True

    def sampler(self) -> Any:
        return self.optuna.samplers.TPESampler(seed=self.seed, constant_liar=True)


class OptunaGroups(Optuna):
    """Optuna's tree-structured Parzen estimator with a model for each branch of a conditional space."""

    def sampler(self) -> Any:
        return self.optuna.samplers.TPESampler(seed=self.seed, multivariate=True, group=True)


class OptunaGP(Optuna):
    """Optuna's Gaussian process."""

    knows_running = True

    def sampler(self) -> Any:
        return self.optuna.samplers.GPSampler(seed=self.seed)


class Flat(Peer):
    """What peers without conditions and failures have in common."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._worst: float | None = None
        self._waiting: list[Any] = []

    def active(self, config: Mapping[str, Any]) -> Config:
        """Leave out inactive parameters."""
        kept: Config = {}
        for name in self.space:
            if self.space.is_active(name, kept):
                kept[name] = config[name]
        return kept

    def flat(self, config: Config) -> Config:
        """Fill in inactive parameters, with the middle of their range."""
        return {n: config.get(n, p.decode(0.5)) for n, p in self.space.parameters.items()}

    def tell(self, config: Config, loss: float) -> None:
        self.take(self.ended(config), loss)

    def take(self, point: Any, loss: float) -> None:
        """Register a loss; a failure with the worst one, as soon as there is one."""
        if math.isfinite(loss):
            self._worst = loss if self._worst is None else max(loss, self._worst)
            self.register([*self._waiting, point], [self._worst] * len(self._waiting) + [loss])
            self._waiting = []
        elif self._worst is not None:
            self.register([point], [self._worst])
        else:
            self._waiting.append(point)

    def register(self, points: list[Any], losses: list[float]) -> None:
        raise NotImplementedError


class BayesOpt(Flat):
    """The package bayesian-optimization; its usual five random points first."""

    INIT = 5

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        from bayes_opt import BayesianOptimization

        bounds: dict[str, Any] = {}
        for name, p in self.space.parameters.items():
            if isinstance(p, Choice):
                bounds[name] = tuple(p.labels)
            elif p.log:
                bounds[name] = (math.log10(p.low), math.log10(p.high))
            else:
                bounds[name] = (p.low, p.high, int if isinstance(p, ts.Int) else float)
        self.model = BayesianOptimization(
            None, bounds, random_state=self.seed, verbose=0, allow_duplicate_points=True
        )

    def ask(self) -> Config:
        if len(self.model.space) + len(self._waiting) < self.INIT:
            point = self.model.random_sample(1)[0]
        else:
            point = self.model.suggest()
        config = self.active({n: self._value(self.space[n], v) for n, v in point.items()})
        return self.started(config, point)

    def _value(self, p: Parameter, v: Any) -> Any:
        if isinstance(p, Choice):
            return p.options[p.labels.index(v)]
        return into(p, 10.0 ** float(v) if p.log else float(v))

    def register(self, points: list[Any], losses: list[float]) -> None:
        for point, loss in zip(points, losses, strict=True):
            self.model.register(point, -loss)

    def add(self, config: Config, loss: float) -> None:
        point = {}
        for name, value in self.flat(config).items():
            p = self.space[name]
            if isinstance(p, Choice):
                point[name] = p.labels[p.index(value)]
            else:
                point[name] = math.log10(value) if p.log else value
        self.take(point, loss)


class Skopt(Flat):
    """The package scikit-optimize, its Gaussian process."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        from skopt import Optimizer
        from skopt.space import Categorical, Integer, Real

        dimensions: list[Any] = []
        for p in self.space.parameters.values():
            if isinstance(p, Choice):
                dimensions.append(Categorical(list(range(p.size))))
                continue
            kind = Integer if isinstance(p, ts.Int) else Real
            dimensions.append(kind(p.low, p.high, prior="log-uniform" if p.log else "uniform"))
        self.model = Optimizer(dimensions, "GP", random_state=self.seed)
        self._known: list[tuple[list[Any], float]] = []  # added, and not told yet

    def ask(self) -> Config:
        if self._known:  # all at once, as each tell fits the model
            points, losses = zip(*self._known, strict=True)
            self.model.tell(list(points), list(losses))
            self._known = []
        point = self.model.ask()
        pairs = zip(self.space.parameters.items(), point, strict=True)
        given = {n: p.options[int(v)] if isinstance(p, Choice) else into(p, v) for (n, p), v in pairs}
        return self.started(self.active(given), point)

    def register(self, points: list[Any], losses: list[float]) -> None:
        self.model.tell(points, losses)

    def add(self, config: Config, loss: float) -> None:
        flat = self.flat(config).items()
        point = [p.index(v) if isinstance(p := self.space[n], Choice) else v for n, v in flat]
        self._known.append((point, loss))


def into(p: Parameter, value: float) -> Any:
    """Number of a peer as a value of the range."""
    number = min(max(float(value), p.low), p.high)
    return round(number) if isinstance(p, ts.Int) else number
