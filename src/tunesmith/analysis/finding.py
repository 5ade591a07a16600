"""What checks are given and what they return: what is known of a study, and findings.

Everything that several checks need is made once, when first asked for: the arrays, the model, importance.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from keyword import iskeyword
from typing import Any, TypeAlias

import numpy as np

from tunesmith.analysis.importance import Importances, importance
from tunesmith.analysis.recommend import Recommendation, recommend
from tunesmith.history import History
from tunesmith.learning.loss_model import LossModel, View, make_model
from tunesmith.learning.observed import Observed, Status
from tunesmith.learning.scales import Floats, Ints
from tunesmith.space import Choice, Int, Parameter
from tunesmith.space.labels import find_option
from tunesmith.space.stored import prior_to_dict

BEST = 0.1  # share of the trials, lowest loss first, that are looked at as the best
LEAST_BEST = 5
Limits: TypeAlias = Mapping[str, tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong with a study.

    Args:
        kind: Which check found it: edge, scale, no effect, noise, luck, failures, correlated, or tied where
            two parameters were never varied apart.
        parameter: The parameter it is about; None for the study as a whole.
        sentence: What is wrong, in words.
        evidence: What shows it, in numbers.
        change: What to do: the line of code as it should read then, or a command.
        other: The other parameter that it is about; None for none.
    """

    kind: str
    parameter: str | None
    sentence: str
    evidence: str
    change: str
    other: str | None = None

    def __str__(self) -> str:
        """Sentence, evidence and change in one line."""
        return f"{self.sentence} {self.evidence} Change: {self.change}"


class Known:
    """What is known of a study.

    Args:
        history: The trials.
        limits: By name of a parameter: the lowest and highest number that makes sense at all.
        info: What belongs to the study: how it was run.
    """

    def __init__(
        self, history: History, limits: Limits | None = None, info: Mapping[str, Any] | None = None
    ) -> None:
        self.history = history
        self.limits: Limits = limits or {}
        self.info: Mapping[str, Any] = info or {}
        self.seen = Observed(history)
        self.seen.update(history)
        self.finite: Ints = self.seen.numbers(Status.FINITE)
        self.losses: Floats = self.seen.loss[self.finite]

    @cached_property
    def best(self) -> Ints:
        """Numbers of the best trials, best first; of those that came to their end where these are enough.

        What trials that were cut short would have come to is a guess, and the lowest guesses are the worst.
        """
        count = max(LEAST_BEST, round(BEST * len(self.finite)))
        if len(complete := self.history.ranked()) >= LEAST_BEST:
            return np.array(complete[:count], dtype=np.int64)
        return self.finite[np.argsort(self.losses, kind="stable")[:count]]

    @cached_property
    def model(self) -> LossModel | None:
        """The model of the loss without bend; None while there is none."""
        return make_model(self.seen, View(bend=False))

    @cached_property
    def importance(self) -> Importances:
        """Importance over the whole space."""
        return importance(self.history)

    @cached_property
    def importance_of_best(self) -> Importances:
        """Importance among the best configs."""
        return importance(self.history, "best")

    @cached_property
    def recommendation(self) -> Recommendation | None:
        """The config to ship."""
        return recommend(self.history)


def know(history: History, limits: Limits | None = None, info: Mapping[str, Any] | None = None) -> Known:
    """Gather what the checks need; cheap until they ask."""
    return Known(history, limits, info)


def line(name: str, parameter: Parameter, **changed: Any) -> str:
    """The line that defines a parameter, with some arguments changed.

    Example:
        >>> from tunesmith.space import Float
        >>> line("lr", Float(1e-5, 1e-1, log=True, default=1e-3), high=1.0)
        'lr=ts.Float(1e-05, 1.0, log=True, default=0.001)'
    """
    if isinstance(parameter, Choice):
        options = changed.get("options", parameter.options)
        shown = "[" + ", ".join(option_code(parameter, option) for option in options) + "]"
        if parameter.has_default and find_option(options, parameter.default) is not None:
            shown += f", default={option_code(parameter, parameter.default)}"
        arguments: dict[str, Any] = {"ordered": parameter.ordered, "when": parameter.when}
    else:
        arguments = {
            "log": parameter.log,
            "step": None if isinstance(parameter, Int) and parameter.step == 1 else parameter.step,
            "default": parameter.default,
            "when": parameter.when,
        } | changed
        low, high = arguments.pop("low", parameter.low), arguments.pop("high", parameter.high)
        shown = f"{low!r}, {high!r}"
    given = {key: value for key, value in arguments.items() if value is not None and value is not False}
    rest = "".join(f", {key}={value!r}" for key, value in given.items())
    if not isinstance(parameter, Choice) and parameter.prior is not None:
        rest += f", prior={_prior_code(parameter.prior)}"
    return f"{_start(name)}ts.{type(parameter).__name__}({shown}{rest})"


def fixed_line(name: str, parameter: Parameter, value: Any) -> str:
    """The line that fixes a parameter.

    Example:
        >>> from tunesmith.space import Float
        >>> fixed_line("lr", Float(0, 1), 0.12345678)
        'lr=ts.Choice([0.1235])'
    """
    if isinstance(parameter, Choice):
        code = option_code(parameter, value)
    else:
        code = repr(float(f"{value:.4g}") if isinstance(value, float) else value)
    return f"{_start(name)}ts.Choice([{code}])"


def bound_line(name: str, bound: str) -> str:
    """The line that keeps out of a part of the space, from a comparison such as "<= 0.3".

    Example:
        >>> bound_line("clf.C", "<= 0.3")
        "space.require('`clf.C` <= 0.3')"
    """
    text = f"{name} {bound}" if _is_word(name) else f"`{name}` {bound}"
    return f"space.require({text!r})"


def option_code(parameter: Choice, option: Any) -> str:
    """An option as it stands in code: a plain value as it is, anything else by its label."""
    is_plain = isinstance(option, (str, int, float, bool, tuple, type(None)))
    return repr(option) if is_plain else parameter.labels[parameter.index(option)]


def _prior_code(prior: Any) -> str:
    known = prior_to_dict(prior)
    if "name" not in known:
        return str(known["label"])
    numbers = {key: value for key, value in known.items() if key not in ("name", "args")}
    arguments = [*map(repr, known["args"]), *(f"{key}={value!r}" for key, value in numbers.items())]
    return f"scipy.stats.{known['name']}({', '.join(arguments)})"


def _start(name: str) -> str:
    # Any other name is a key of the mapping that Space takes.
    return f"{name}=" if _is_word(name) else f"{name!r}: "


def _is_word(name: str) -> bool:
    """Whether a name can stand in code as it is."""
    return name.isidentifier() and not iskeyword(name)
