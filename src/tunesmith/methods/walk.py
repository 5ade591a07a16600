"""A walk of one parameter from a base config: one step up, one step down, two steps up, and so on."""

import math
from collections.abc import Iterator, Mapping
from decimal import Decimal
from itertools import zip_longest
from typing import Any

from tunesmith.errors import ConfigError, OptionError, message
from tunesmith.methods.listed import Listed, ListMethod
from tunesmith.methods.starting import starting_config
from tunesmith.methods.values import config_from_json, to_json
from tunesmith.space import Choice, Config, Float, Int, Parameter, Space, describe
from tunesmith.space.labels import plain, unknown_name

MAX_STEPS = 10_000  # in one direction; more is a slip of the pen
CLEAN_DIGITS = 12  # significant; 0.001 / 2 is then 0.0005 and nothing longer
SHARE_OF_RANGE = 10  # a Float without step or log scale is walked in tenths of its range
FACTOR = 2.0  # on a log scale


class Walk(ListMethod):
    """Goes up and down in one parameter from a base config, as far as the range reaches.

    Every other parameter keeps its value of the base. Where the walked parameter decides which others are
    active, one that the base has no value for takes its default, or else its middle. Steps that break a
    constraint are left out.

    Args:
        base: Config to start from; parameters that it lacks take their default, or else their middle. None
            for the defaults alone.
        parameter: Name of the parameter that changes.
        step: What is added or taken away, above 0; positions for a Choice, whose options are walked in the
            order given.
        factor: What is multiplied or divided by instead, above 1; for numbers above 0. With neither, the
            factor is 2 on a log scale, and else the step is the parameter's own, one option, or a tenth of
            the range.

    Raises:
        OptionError: Both step and factor are given, or one that leads nowhere.

    Example:
        >>> walk = Walk({"lr": 0.01}, "lr", factor=10)
        >>> [entry.config["lr"] for entry in walk.entries(Space(lr=Float(1e-4, 1.0, log=True)))]
        [0.01, 0.1, 0.001, 1.0, 0.0001]
    """

    name = "walk"
    noun = "walk"

    def __init__(
        self,
        base: Mapping[str, Any] | None,
        parameter: str,
        *,
        step: float | None = None,
        factor: float | None = None,
    ) -> None:
        super().__init__()
        step, factor = plain(step), plain(factor)
        if step is not None and factor is not None:
            raise OptionError(
                message("a walk takes a step or a factor, not both", given=f"{step=}, {factor=}")
            )
        for name, value, least in (("step", step, 0), ("factor", factor, 1)):
            if value is not None and not (_is_number(value) and least < value < math.inf):
                raise OptionError(
                    message(f"{name} of a walk leads nowhere", allowed=f"above {least}", given=repr(value))
                )
        if base is not None and not isinstance(base, Mapping):
            raise OptionError(message("the base of a walk is a config", given=repr(base)))
        self._base = None if base is None else {str(n): to_json(v) for n, v in base.items()}
        self._parameter, self._step, self._factor = parameter, step, factor

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> "Walk":
        """Make the method of these settings, or of what a file holds."""
        rest = {k: v for k, v in settings.items() if k != "base"}
        made = cls(None, **rest)
        made._base = settings.get("base")
        return made

    @property
    def settings(self) -> dict[str, Any]:
        """The arguments that were given, as JSON values."""
        made: dict[str, Any] = {"base": self._base, "parameter": self._parameter}
        if self._step is not None:
            made["step"] = self._step
        if self._factor is not None:
            made["factor"] = self._factor
        return made

    def entries(self, space: Space) -> list[Listed]:
        """List the base and the steps from it.

        Raises:
            ConfigError: The base does not fit the space, or the parameter is not active in it.
            OptionError: The parameter is unknown, or cannot be walked like this.
        """
        name = self._parameter
        if name not in space:
            raise OptionError(str(unknown_name(name, space.names, "method 'walk'")))
        base = self._checked_base(space)
        made = [Listed(base, "the base of the walk", space.key(base))]
        up, down = (_moves(space[name], base[name], self._step, self._factor, sign) for sign in (1, -1))
        for count, pair in enumerate(zip_longest(up, down), start=1):
            for direction, move in zip(("up", "down"), pair, strict=True):
                if move is None:
                    continue
                config = starting_config(space, {**base, name: move[0]})
                if space.is_allowed(config):
                    reason = _reason(name, count, direction, base, config)
                    made.append(Listed(config, reason, space.key(config)))
        return made

    def _checked_base(self, space: Space) -> Config:
        try:
            given = space.check(config_from_json(space, self._base or {}), partial=True)
            base = space.check(starting_config(space, given))
        except ConfigError as error:
            raise ConfigError(f"method 'walk', base: {error}") from None
        if self._parameter not in base:
            raise ConfigError(
                message(
                    f"method 'walk': the parameter {self._parameter!r} is not active in the base",
                    given=repr(base),
                    fix=f"It is active when {space.rules[self._parameter].describe()}.",
                )
            )
        return base


def _moves(
    p: Parameter, start: Any, step: float | None, factor: float | None, sign: int
) -> Iterator[tuple[Any]]:
    """Values one, two, ... steps from the start to the end of the range; in tuples, since None may be one."""
    if isinstance(p, Choice):
        yield from _choice_moves(p, start, step, factor, sign)
        return
    if factor is None and step is None:
        if p.log:
            factor = FACTOR
        else:
            step = p.step or (p.high - p.low) / SHARE_OF_RANGE
    if factor is not None and start <= 0:
        raise OptionError(
            message(
                "method 'walk': a factor needs a base value above 0", given=repr(start), fix="Give a step."
            )
        )
    last = start
    for count in range(1, MAX_STEPS + 1):
        if factor is not None:
            target = start * factor ** (sign * count)
        else:
            target = float(Decimal(repr(start)) + sign * count * Decimal(repr(step)))
        value = _on_grid(p, target)
        if not p.low <= value <= p.high or p.low == p.high:
            return
        if (value - last) * sign > 0:  # several steps may lead to the same whole number
            last = value
            yield (value,)
    raise OptionError(
        message(
            f"method 'walk': more than {MAX_STEPS:,} steps to the end of the range",
            given=f"{step=}" if factor is None else f"{factor=}",
            allowed=describe(p),
            fix="Give a larger one.",
        )
    )


def _choice_moves(
    p: Choice, start: Any, step: float | None, factor: float | None, sign: int
) -> Iterator[tuple[Any]]:
    hop = 1 if step is None else step
    if factor is not None or hop != int(hop):
        raise OptionError(
            message(
                "method 'walk': a Choice is walked by whole numbers of options",
                given=f"{step=}, {factor=}",
                fix="Give step=1, or leave it out.",
            )
        )
    position = p.index(start) + sign * int(hop)
    while 0 <= position < p.size:
        yield (p.options[position],)
        position += sign * int(hop)


def _on_grid(p: Float | Int, target: float) -> Any:
    if p.step is None:
        clean = float(f"{target:.{CLEAN_DIGITS}g}")
        # An end that was only missed by rounding is reached.
        near = [e for e in (p.low, p.high) if math.isclose(e, target, rel_tol=1e-9)]
        return near[0] if near else clean
    return p.value_at(round((target - p.low) / p.step))


def _reason(name: str, count: int, direction: str, base: Config, config: Config) -> str:
    steps = "one step" if count == 1 else f"{count} steps"
    text = f"{name} {steps} {direction} from the base ({base[name]!r} to {config[name]!r})"
    woken = [f"{n} takes {v!r}" for n, v in config.items() if n not in base]
    return "; ".join([text, *woken])


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
