"""The levels of a grid: which values each parameter takes."""

from collections.abc import Mapping, Sequence
from typing import Any

from tunesmith.errors import ConfigError, OptionError, message
from tunesmith.methods.starting import start_of
from tunesmith.methods.values import check_value
from tunesmith.space import Choice, Float, Int, Space
from tunesmith.space.labels import plain, unknown_name
from tunesmith.space.parameters import draw, nearest

CLEAN_DIGITS = 12  # significant; keeps 0.1 + 0.2 from showing
MOST_LEVELS = 1_000_000  # of one parameter; they are kept as a list
FEW = 2  # times the number of levels: a parameter with as few values takes them all

Given = int | list[Any]


def check_levels(name: str | None, given: object) -> int:
    """Check a number of levels.

    Raises:
        OptionError: It is no whole number of 1 or more.
    """
    given = plain(given)
    if isinstance(given, int) and not isinstance(given, bool) and 1 <= given <= MOST_LEVELS:
        return given
    where = f" of {name!r}" if name else ""
    raise OptionError(
        message(
            f"method 'grid': levels{where} cannot be read",
            allowed=f"a whole number from 1 to {MOST_LEVELS:,}, or by parameter a number or a list of values",
            given=repr(given),
        )
    )


def levels_of(space: Space, given: Mapping[str, Given], usual: int) -> dict[str, Sequence[Any]]:
    """Choose the values of every parameter that does not simply take all it has.

    Args:
        space: The space.
        given: Number of levels or JSON forms of values, by parameter.
        usual: Number of levels of every other parameter.

    Raises:
        OptionError: A parameter is unknown, or never takes a value that was given.
    """
    for name in given:
        if name not in space:
            raise OptionError(str(unknown_name(name, space.names, "method 'grid'")))
    made: dict[str, Sequence[Any]] = {}
    for name, parameter in space.parameters.items():
        wanted = given.get(name)
        if isinstance(wanted, list):
            made[name] = _given_values(space, name, wanted)
        elif isinstance(parameter, Choice):
            continue
        elif wanted is not None or parameter.size is None or parameter.size > FEW * usual:
            made[name] = spread(parameter, usual if wanted is None else wanted)
    return made


def _given_values(space: Space, name: str, wanted: list[Any]) -> list[Any]:
    try:
        values = [check_value(space, name, v) for v in wanted]
    except ConfigError as error:
        raise OptionError(f"method 'grid', levels: {error}") from None
    keys = [space.key({name: v}) for v in values]
    return [v for k, v in enumerate(values) if keys[k] not in keys[:k]]


def spread(parameter: Float | Int, count: int) -> list[Any]:
    """Spread levels over a range, both ends included: evenly on its scale, or by the quantiles of its prior.

    Args:
        parameter: A number.
        count: How many; fewer come out where a range has fewer values, or where rounding joins two.

    Example:
        >>> spread(Float(1e-4, 1.0, log=True), 5), spread(Int(1, 1000, log=True), 4)
        ([0.0001, 0.001, 0.01, 0.1, 1.0], [1, 10, 100, 1000])
    """
    if count == 1:
        return [start_of(parameter)]
    shares = [k / (count - 1) for k in range(count)]
    values = [_at(parameter, share) for share in shares]
    return list(dict.fromkeys(values))


def _at(parameter: Float | Int, share: float) -> Any:
    low, high = parameter.low, parameter.high
    if parameter.step is not None:
        high = parameter.value_at((parameter.size or 1) - 1)
    if share in (0.0, 1.0):
        return high if share else low
    if parameter.prior is not None:
        value = draw(parameter, share)
    elif parameter.log:
        value = low ** (1 - share) * high**share
    else:
        value = (1 - share) * low + share * high
    if parameter.step is not None:
        return nearest(parameter, value)
    return min(max(float(f"{value:.{CLEAN_DIGITS}g}"), low), high)
