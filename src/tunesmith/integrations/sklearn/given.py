"""A space as scikit-learn's searches take one: a Space, or lists and distributions by name.

A list of dicts, of which RandomizedSearchCV draws one and then its parameters, becomes one space: a choice
between the dicts, and the parameters of each active where it was chosen.
"""

import copy
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from numbers import Real
from typing import Any

import numpy as np

from tunesmith.errors import ConfigError, SpaceError, message
from tunesmith.rules.engine import Reason
from tunesmith.space import Choice, Config, Float, Int, Parameter, Space
from tunesmith.space.labels import first_equals, plain
from tunesmith.space.naming import defining

BRANCH = "which"  # name of the choice between the dicts of a list
MOST_NUMBERS = 10_000  # from end to end of a distribution of whole numbers that is looked at one by one


@dataclass(frozen=True)
class Given:
    """A space, and what its configs mean to the estimator.

    Args:
        space: What is searched.
        params: Turns a config into parameters of the estimator.
        first: Configs to try first.
        reasons: Why the space is as it is; empty for one that was given.
    """

    space: Space
    params: Callable[[Config], dict[str, Any]] = dict
    first: tuple[Config, ...] = ()
    reasons: tuple[Reason, ...] = ()


def given_space(space: Any) -> Given:
    """Read a space.

    Args:
        space: A Space; a mapping from parameter to Float, Int, Choice, a list of values or a frozen
            distribution of scipy.stats; or a list of such mappings.

    Raises:
        SpaceError: A value is none of these.

    Example:
        >>> from scipy.stats import loguniform
        >>> given_space({"alpha": loguniform(0.01, 10), "solver": ["svd", "lsqr"]}).space
        Space(
          alpha: numbers from 0.01 to 10.0, log scale
          solver: one of svd, lsqr
        )
    """
    if isinstance(space, Space):
        return Given(copy.deepcopy(space))  # spaces and parameters remember what they have worked out
    if isinstance(space, Mapping):
        return Given(Space(_parameters(space)))
    if len(space) == 1:
        return given_space(space[0])
    if not space or not all(isinstance(part, Mapping) for part in space):
        counts = any(isinstance(part, tuple) for part in space)  # as scikit-optimize has them
        fix = "Leave out how often each is to be tried: n_iter is for all." if counts else None
        allowed = "dicts from parameter to values"
        raise SpaceError(message("space is no list of dicts", allowed=allowed, given=repr(space), fix=fix))
    every: dict[str, Parameter] = {BRANCH: Choice(list(range(len(space))))}
    for number, part in enumerate(space):
        for name, parameter in _parameters(part).items():
            if parameter.when is not None:
                wrong = f"parameter {name!r}: a condition cannot be given within a list of dicts"
                raise SpaceError(message(wrong, fix="Give one Space instead of the list."))
            every[f"{number}.{name}"] = _only_when(parameter, number)
    return Given(Space(every), _of_branch)


def begun_at(given: Given, estimator: Any) -> Given:
    """Try the estimator as it is first, where that lies within the space; defaults of the space go before.

    Example:
        >>> from sklearn.linear_model import Ridge
        >>> begun_at(given_space({"alpha": Float(0.1, 10)}), Ridge(alpha=3)).first
        ({'alpha': 3.0},)
    """
    config: Config = {}
    now, space = estimator.get_params(), given.space
    try:
        for name, parameter in space.parameters.items():
            if space.is_active(name, config):
                value = parameter.default if parameter.has_default else plain(now.get(name))
                config.update(space.check({name: value}, partial=True))
    except ConfigError:
        return given
    if any(name not in now for name in config) or not space.is_allowed(config):
        return given
    return replace(given, first=(config,))


def _of_branch(config: Config) -> dict[str, Any]:
    return {name.partition(".")[2]: value for name, value in config.items() if name != BRANCH}


def _only_when(parameter: Parameter, number: int) -> Parameter:
    when = {BRANCH: number}
    if isinstance(parameter, Choice):
        options = dict(zip(parameter.labels, parameter.options, strict=True))
        return Choice(options, ordered=parameter.ordered, default=parameter.default, when=when)
    return replace(parameter, when=when)


def _parameters(space: Mapping[str, Any]) -> dict[str, Parameter]:
    made = {}
    for name, value in space.items():
        with defining(str(name)):  # for the errors of what is made of lists and distributions
            made[str(name)] = _parameter(str(name), value)
    return made


def _parameter(name: str, value: Any) -> Parameter:
    if isinstance(value, (Float, Int, Choice)):
        return copy.copy(value)
    if hasattr(value, "ppf"):
        return _of_distribution(value)
    if hasattr(value, "rvs") or isinstance(value, (str, bytes, Mapping)) or not isinstance(value, Iterable):
        raise SpaceError(
            message(
                f"parameter {name!r} has no values to search",
                allowed="Float, Int, Choice, a list of values, or a frozen distribution of scipy.stats",
                given=repr(value),
            )
        )
    if isinstance(value, tuple) and value[2:] in (("uniform",), ("log-uniform",)):
        kind = Int if all(isinstance(end, int) for end in value[:2]) else Float
        log = ", log=True" if value[-1] == "log-uniform" else ""
        raise SpaceError(
            message(
                f"parameter {name!r}: ranges are not written as in scikit-optimize",
                given=repr(value),
                fix=f"Write ts.{kind.__name__}({value[0]!r}, {value[1]!r}{log}).",
            )
        )
    return _choice(value)


def _of_distribution(value: Any) -> Parameter:
    """A range with this prior; a choice where it never draws some of the numbers between its ends."""
    dist = getattr(value, "dist", value)
    if not hasattr(dist, "pmf"):  # those of whole numbers have a probability of each, the others a density
        return Float(prior=value)
    low, high = value.support()
    if high - low <= MOST_NUMBERS:
        numbers = np.arange(low, high + 1)
        if hasattr(dist, "xk"):  # numbers given one by one, and maybe not whole
            numbers = np.sort(dist.xk) + (low - np.min(dist.xk))
        possible = numbers[value.pmf(numbers) > 0]
        if not np.array_equal(possible, np.arange(low, high + 1)):
            return _choice(int(n) if n == int(n) else float(n) for n in possible)
    return Int(prior=value)


def _choice(values: Iterable[Any]) -> Choice:
    listed = [plain(value) for value in values]
    options = [listed[k] for k, first in enumerate(first_equals(listed)) if first == k]
    is_number = all(isinstance(o, Real) and not isinstance(o, bool) for o in options)
    if is_number and options in (sorted(options), sorted(options, reverse=True)):
        return Choice(options, ordered=True)
    try:
        return Choice(options)
    except SpaceError:
        if not options:
            raise
    # Objects such as estimators may look alike, or have no readable name: their place tells them apart.
    return Choice({f"option {k}": option for k, option in enumerate(options)})
