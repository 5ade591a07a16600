"""Adapters of SMAC, HEBO and BoTorch, which need many packages; the others are `adapters.py`.

`config_space` makes a space of ConfigSpace, the package that SMAC and DEHB share.
"""

# ruff: noqa: D102 - the calls are described in Peer

import tempfile
from collections.abc import Mapping
from typing import Any

import numpy as np
from adapters import Flat, into
from tasks import Config

import tunesmith as ts
from tunesmith.space import Choice, Parameter


class Smac(Flat):
    """SMAC's facade for hyperparameters: a random forest."""

    facade = "HyperparameterOptimizationFacade"
    budgets: Mapping[str, Any] = {}  # least and largest steps of a trial

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        import smac

        self._folder = tempfile.TemporaryDirectory()
        scenario = smac.Scenario(
            config_space(self.space, self.seed),
            n_trials=self.budget,
            seed=self.seed,
            deterministic=not self.is_noisy,
            output_directory=self._folder.name,
            **self.budgets,
        )
        self.model = getattr(smac, self.facade)(scenario, self.target, overwrite=True, logging_level=False)

    @staticmethod
    def target(config: Any, seed: int = 0) -> float:
        """What SMAC would run; it is asked and told in place of that."""
        raise NotImplementedError

    def ask(self) -> Config:
        info = self.model.ask()
        return self.started(from_config_space(self.space, info.config), info)

    def register(self, points: list[Any], losses: list[float]) -> None:
        # Never a crash, whose default cost, infinity, ends in "Input y contains NaN".
        from smac.runhistory import TrialValue

        # Not saved: SMAC writes its whole history to a file with every result; that is no part of its search.
        for info, loss in zip(points, losses, strict=True):
            self.model.tell(info, TrialValue(cost=loss), save=False)

    def add(self, config: Config, loss: float) -> None:
        from ConfigSpace import Configuration
        from smac.runhistory import TrialInfo

        values = {n: _smac_value(self.space[n], v) for n, v in config.items()}
        made = Configuration(self.model.scenario.configspace, values=values)
        # Known results stand in for the initial design, which would be asked for first, without any model.
        self.model.intensifier.config_selector._initial_design_configs = []
        self.take(TrialInfo(made, seed=1 if self.is_noisy else 0), loss)

    def recommend(self) -> Config | None:
        incumbent = self.model.intensifier.get_incumbent()
        return None if incumbent is None else from_config_space(self.space, incumbent)


class SmacCurves(Smac):
    """SMAC's facade for multi-fidelity: Hyperband with a random forest; how far to train is told with each.

    Args:
        space: The space.
        seed: Seed.
        trials: Number of trials, of any length.
        fidelity: Least and largest steps of a trial.
    """

    facade = "MultiFidelityFacade"

    def __init__(self, space: ts.Space, seed: int, trials: int, fidelity: ts.Fidelity) -> None:
        self.budgets = {"min_budget": fidelity.low, "max_budget": fidelity.high}
        super().__init__(space, seed, trials, False)

    @staticmethod
    def target(config: Any, seed: int = 0, budget: float = 0.0) -> float:
        raise NotImplementedError


def config_space(space: ts.Space, seed: int) -> Any:
    """The space in ConfigSpace."""
    from ConfigSpace import AndConjunction, ConfigurationSpace, InCondition

    made = ConfigurationSpace(seed=seed)
    for name, p in space.parameters.items():
        made.add(_smac_parameter(name, p))
    for name, rule in space.rules.items():
        conditions = [
            InCondition(made[name], made[parent], [_smac_value(space[parent], v) for v in values])
            for parent, values in rule.allowed
        ]
        made.add(conditions[0] if len(conditions) == 1 else AndConjunction(*conditions))
    return made


def from_config_space(space: ts.Space, config: Any) -> Config:
    """Config of a configuration of ConfigSpace."""
    given = dict(config)
    return {n: _from_smac(p, given[n]) for n, p in space.parameters.items() if n in given}


def _smac_parameter(name: str, p: Parameter) -> Any:
    from ConfigSpace import Categorical, Float, Integer

    if isinstance(p, Choice):
        return Categorical(name, list(p.labels))
    kind = Integer if isinstance(p, ts.Int) else Float
    return kind(name, (p.low, p.high), log=p.log)


def _smac_value(p: Parameter, value: Any) -> Any:
    return p.labels[p.index(value)] if isinstance(p, Choice) else value


def _from_smac(p: Parameter, value: Any) -> Any:
    return p.options[p.labels.index(str(value))] if isinstance(p, Choice) else into(p, value)


class Hebo(Flat):
    """HEBO."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        from hebo.design_space.design_space import DesignSpace
        from hebo.optimizers.hebo import HEBO

        entries: list[dict[str, Any]] = []
        for name, p in self.space.parameters.items():
            if isinstance(p, Choice):
                entries.append({"name": name, "type": "cat", "categories": list(p.labels)})
                continue
            kind = ("pow_int" if p.log else "int") if isinstance(p, ts.Int) else "pow" if p.log else "num"
            entries.append({"name": name, "type": kind, "lb": p.low, "ub": p.high})
        self.model = HEBO(DesignSpace().parse(entries), scramble_seed=self.seed)

    def ask(self) -> Config:
        point = self.model.suggest(n_suggestions=1).iloc[0].to_dict()
        return self.started(self.active({n: _from_smac(self.space[n], v) for n, v in point.items()}), point)

    def register(self, points: list[Any], losses: list[float]) -> None:
        import pandas as pd

        self.model.observe(pd.DataFrame(points), np.array(losses)[:, None])

    def add(self, config: Config, loss: float) -> None:
        self.take({n: _smac_value(self.space[n], v) for n, v in self.flat(config).items()}, loss)


class BoTorch(Flat):
    """BoTorch: its standard model and log noisy expected improvement, after a Sobol start of D + 1 points."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        import torch

        self.torch = torch
        torch.manual_seed(self.seed)
        torch.set_num_threads(1)
        self.X: list[np.ndarray] = []
        self.y: list[float] = []
        self.widths = [p.size if isinstance(p, Choice) and p.size > 2 else 1 for p in self._parameters()]
        sobol = torch.quasirandom.SobolEngine(len(self.space), scramble=True, seed=self.seed)
        self.start = sobol.draw(len(self.space) + 1, dtype=torch.float64).numpy()

    def _parameters(self) -> list[Parameter]:
        return list(self.space.parameters.values())

    def ask(self) -> Config:
        told = len(self.X) + len(self._waiting)
        u = self.start[told] if told < len(self.start) or len(self.X) < 2 else self._best()
        config = {n: p.decode(float(x)) for (n, p), x in zip(self.space.parameters.items(), u, strict=True)}
        return self.started(self.active(config), self._encode(config))

    def _best(self) -> np.ndarray:
        from botorch.acquisition.logei import qLogNoisyExpectedImprovement
        from botorch.fit import fit_gpytorch_mll
        from botorch.models import SingleTaskGP
        from botorch.models.transforms import Standardize
        from botorch.optim import optimize_acqf
        from gpytorch.mlls import ExactMarginalLogLikelihood

        X = self.torch.tensor(np.array(self.X))
        y = -self.torch.tensor(np.array(self.y))[:, None]
        model = SingleTaskGP(X, y, outcome_transform=Standardize(m=1))
        fit_gpytorch_mll(ExactMarginalLogLikelihood(model.likelihood, model))
        score = qLogNoisyExpectedImprovement(model, X, prune_baseline=True)
        bounds = self.torch.stack([self.torch.zeros(X.shape[1]), self.torch.ones(X.shape[1])]).double()
        found, _ = optimize_acqf(score, bounds, q=1, num_restarts=10, raw_samples=512)
        return self._decode(found[0].numpy())

    def _encode(self, config: Config) -> np.ndarray:
        parts: list[np.ndarray] = []
        for (name, p), width in zip(self.space.parameters.items(), self.widths, strict=True):
            if width > 1:
                parts.append(np.eye(width)[p.index(config[name])])  # type: ignore[union-attr]
            else:
                parts.append(np.array([p.encode(config[name])]))
        return np.concatenate(parts)

    def _decode(self, z: np.ndarray) -> np.ndarray:
        u, at = [], 0
        for width in self.widths:
            u.append(float(z[at]) if width == 1 else (int(z[at : at + width].argmax()) + 0.5) / width)
            at += width
        return np.array(u)

    def register(self, points: list[Any], losses: list[float]) -> None:
        self.X += points
        self.y += losses

    def add(self, config: Config, loss: float) -> None:
        self.take(self._encode(self.flat(config)), loss)
