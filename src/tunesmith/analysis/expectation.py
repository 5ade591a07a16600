"""What a model of all results expects of configs that were not run: of one, along a parameter, over two.

| symbol | meaning | shape |
|---|---|---|
| m | configs asked about | |
| μ, σ | mean and standard deviation of the noise-free loss, on the model's scale | (m,) |
| α | score by which the next config would be chosen, in logarithms | (m,) |

Model and score are those of method bayes: improvement on what the best config is thought to be worth, times
the chance not to fail, running trials taken into account; where there is a fidelity, the joint model of
configs and learning curves, which speaks of the end of training. Parameters that are not looked at stay at a
base config.

What is not here: effects that leave all other parameters to chance (`effects`), and the drawing (`figures`).
"""

# ruff: noqa: N803, N806 - symbols of the notation in `learning.encoding`

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import ndtr

from tunesmith.analysis.axes import coordinates, is_log, shown
from tunesmith.history import History
from tunesmith.learning.curve_model import CurveModel, make_curve_model
from tunesmith.learning.loss_model import LossModel, View, make_model
from tunesmith.learning.observed import Observed
from tunesmith.learning.scales import Bools, Floats
from tunesmith.methods.judging import Judge, make_curve_judge, make_judge
from tunesmith.seeds import generator
from tunesmith.space import Config
from tunesmith.space.labels import unknown_name

VIEW = View(bend=False)
WIDTH = 1.2816  # standard deviations to each end of an interval that holds the value with 80 % probability
POINTS, PLANE_POINTS = 101, 33  # values of a range, of each of two


@dataclass(frozen=True, slots=True)
class Expectation:
    """What is expected of one config, in the direction of the study.

    Args:
        value: Its value.
        low: Lower end of the interval that holds its true value with 80 % probability.
        high: Upper end.
        run_low: Lower end of the interval that holds the result of a single run, noise included.
        run_high: Upper end.
        success: Chance that it does not fail.
        gain: Chance that it succeeds and is truly better than the config now thought to be the best.
        trials: Trials that ran this very config, or are to run it.
    """

    value: float
    low: float
    high: float
    run_low: float
    run_high: float
    success: float
    gain: float
    trials: tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Slice:
    """The model along one parameter or over two, the others held at a base config.

    Args:
        names: The parameters looked at, one or two.
        at: Values of each, on its own scale; labels of options.
        value: Expected value; shape (values,) or (values of the first, values of the second).
        low: Lower end of the interval that holds the true value with 80 % probability, same shape.
        high: Upper end.
        promise: How promising it is to try next, from 0 to 1 for the most promising one, same shape.
        is_log: Whether each scale is logarithmic.
        base: The base config.
    """

    names: tuple[str, ...]
    at: tuple[tuple[Any, ...], ...]
    value: Floats
    low: Floats
    high: Floats
    promise: Floats
    is_log: tuple[bool, ...]
    base: Config


class Beliefs:
    """What the model believes, kept up to date with a history.

    Args:
        history: The trials; `update` takes in what has been recorded since.

    Example:
        >>> from tunesmith.space import Float, Space
        >>> from tunesmith.trial import State, Trial
        >>> trials = [Trial(k, {"x": k / 9}, State.COMPLETE, (k / 9 - 0.5) ** 2) for k in range(10)]
        >>> beliefs = Beliefs(History(Space(x=Float(0, 1)), "minimize", trials))
        >>> found = beliefs.about({"x": 0.5})
        >>> found.low <= 0.0 < found.high < 0.05
        True
    """

    def __init__(self, history: History) -> None:
        self.history = history
        self.seen = Observed(history)
        self._mark = -1
        self._model: LossModel | CurveModel | None = None
        self._judge: Judge | None = None
        self.update()

    def update(self) -> None:
        """Take in what has been recorded; costs nothing when nothing has."""
        mark = self.history.mark
        if mark == self._mark:
            return
        self._mark = mark
        self.seen.update(self.history)
        has_curves = self.history.fidelity is not None
        self._model = make_curve_model(self.history) if has_curves else make_model(self.seen, VIEW)
        self._judge = None

    @property
    def is_known(self) -> bool:
        """Whether there are results enough for a model."""
        return self._model is not None

    def about(self, config: Config) -> Expectation | None:
        """What is expected of a config that fits the space; None while there is no model."""
        model = self._model
        if model is None:
            return None
        Z = self._encoded(self.history.space.encode(config)[None, :])[0]
        mean, variance = (float(v[0]) for v in model.gp.predict(model.rows(Z)))
        sigma, whole = np.sqrt(variance), np.sqrt(variance + model.noise)
        ends = mean + WIDTH * np.array([0.0, -sigma, sigma, -whole, whole])
        value, *limits = self._back(ends).tolist()
        low, high = sorted(limits[:2])
        run_low, run_high = sorted(limits[2:])
        judge = self._judged(model)
        success = 1.0 if judge.failing is None else float(np.exp(judge.failing.log_success(Z)[0][0]))
        best = self._best(model, judge)
        gain = success * float(ndtr((best - mean) / max(sigma, 1e-12)))
        same = tuple(self.history.same(self.history.space.key(config)))
        return Expectation(value, low, high, run_low, run_high, success, gain, same)

    def along(self, names: Sequence[str], base: Config | None = None) -> Slice | None:
        """The model along one parameter, or over two.

        Args:
            names: One name, or two different ones.
            base: Values of the others; None for the best config in which these are active.

        Returns:
            The slice; None while there is no model, where a parameter has a single value, or where the base
            config leaves one of them inactive.

        Raises:
            SpaceError: There is no such parameter.
        """
        space, model = self.history.space, self._model
        for name in names:
            if name not in space:
                raise unknown_name(name, space.names, "the model")
        encoding = self.seen.encoding
        places = [space.names.index(name) for name in names]
        base = self.base(names) if base is None else base
        if model is None or base is None or not encoding.varies[places].all():
            return None
        axes = [coordinates(encoding, j, POINTS if len(places) == 1 else PLANE_POINTS) for j in places]
        shape = tuple(len(axis) for axis in axes)
        X = _grid(space.encode(base), places, axes)
        Z, A = self._encoded(X)
        if not A[:, places].all():
            return None
        mean, variance = model.gp.predict(model.rows(Z))
        sigma = np.sqrt(variance)
        low, high = np.sort(self._back(np.array([mean - WIDTH * sigma, mean + WIDTH * sigma])), axis=0)
        score = self._judged(model).score(Z)
        top = score.max()
        promise = np.exp(score - top) if np.isfinite(top) else np.zeros(len(score))
        return Slice(
            names=tuple(names),
            at=tuple(shown(encoding, j, x, by_priors=False) for j, x in zip(places, axes, strict=True)),
            value=self._back(mean).reshape(shape),
            low=low.reshape(shape),
            high=high.reshape(shape),
            promise=promise.reshape(shape),
            is_log=tuple(is_log(encoding, j) for j in places),
            base=base,
        )

    def base(self, names: Sequence[str] = ()) -> Config | None:
        """Config of the best result among those in which these parameters are active; None without any."""
        history = self.history
        losses = history.loss
        order = np.argsort(np.where(np.isfinite(losses), losses, np.inf), kind="stable").tolist()
        for number in [*history.ranked(), *order]:  # a loss that was seen before one that is a guess
            config = history[number].config
            if not np.isfinite(losses[number]):
                return None
            if all(name in config for name in names) and not history.space.unfit(config):
                return dict(config)
        return None

    # -- inside ------------------------------------------------------------------------------------------

    def _encoded(self, X: Floats) -> tuple[Floats, Bools]:
        """Encoded configs of points of the unit cube, and which parameters are active in them."""
        encoding = self.seen.encoding
        U, A = encoding.settle(encoding.positions(X))
        return encoding.encode(U), A

    def _back(self, z: Floats) -> Floats:
        """Values in the study's direction; what no trial came near is cut off at twice the range seen."""
        assert self._model is not None
        seen = self._model.z
        reach = float(np.ptp(seen))
        return self.history.sign * self._model.transform.inverse(
            np.clip(z, seen.min() - reach, seen.max() + reach)
        )

    def _best(self, model: LossModel | CurveModel, judge: Judge) -> float:
        """What the config now thought to be the best is expected to have, on the model's scale."""
        if isinstance(model, CurveModel):
            return float(model.z.min())
        return float(model.gp.predict_mean(self.seen.Z[judge.best[:1]])[0])

    def _judged(self, model: LossModel | CurveModel) -> Judge:
        if self._judge is None:
            self._judge = self._make_judge(model)
        return self._judge

    def _make_judge(self, model: LossModel | CurveModel) -> Judge:
        if isinstance(model, CurveModel):
            return make_curve_judge(self.history, self.seen, model)
        space = self.history.space
        may_win = (lambda n: space.is_allowed(self.history[n].config)) if space.constraints else None
        rng = generator(0, self.seen.n, "expectation")
        return make_judge(self.seen, model, rng, kappa=None, may_win=may_win)


def _grid(x: Floats, places: Sequence[int], axes: Sequence[Floats]) -> Floats:
    """Points of the unit cube that differ from one only in these coordinates."""
    # A parameter that the base config leaves inactive may come to life; it then stands in the middle.
    X = np.tile(np.where(np.isnan(x), 0.5, x), (int(np.prod([len(axis) for axis in axes])), 1))
    for j, values in zip(places, np.meshgrid(*axes, indexing="ij"), strict=True):
        X[:, j] = values.ravel()
    return X
