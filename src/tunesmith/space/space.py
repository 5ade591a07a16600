"""Space: all parameters, their conditions and constraints; checks configs and maps them to the unit cube.

A config is a plain dict of the active parameters, in the order of the space. Counting and numbering the
configs of a finite space is in `counting.py`; JSON values are made in `stored.py`.
"""

import copy
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from tunesmith.errors import ConfigError, SpaceError, message
from tunesmith.on_class import on_class
from tunesmith.space.changes import differences
from tunesmith.space.checking import check_values, fits
from tunesmith.space.conditions import Rule, make_rule
from tunesmith.space.constraints import Constraint, make_constraint
from tunesmith.space.counting import Counter
from tunesmith.space.entries import check_entry
from tunesmith.space.files import read_file
from tunesmith.space.labels import unknown_name
from tunesmith.space.parameters import Choice, Parameter, describe, draw
from tunesmith.space.stored import load_value, space_from_dict, space_to_dict, store_value

Config: TypeAlias = dict[str, Any]
Key: TypeAlias = tuple[Any, ...]
Vector: TypeAlias = npt.NDArray[np.float64]


class Space:
    """All parameters of a search, in order, with their conditions and constraints.

    Args:
        mapping: Parameters by name, for names that are no Python identifiers, such as "lambda" or "a.b".
        **parameters: Parameters by name. `when` of a parameter names earlier ones: a mapping from parent to
            an allowed value or a list of them ({"optimizer": "sgd"}), all of which must hold, or an
            expression ("layers >= 2").

    Raises:
        SpaceError: No parameters, something that is no parameter, or a condition that cannot be.

    Example:
        >>> from tunesmith.space import Choice, Float
        >>> space = Space(
        ...     lr=Float(1e-5, 1e-1, log=True, default=1e-3),
        ...     optimizer=Choice(["adam", "sgd"]),
        ...     momentum=Float(0.0, 0.99, when={"optimizer": "sgd"}),
        ... )
        >>> space.require("lr < 0.05").check({"lr": 0.01, "optimizer": "adam"})
        {'lr': 0.01, 'optimizer': 'adam'}
    """

    def __init__(self, mapping: Mapping[str, Parameter] | None = None, /, **parameters: Parameter) -> None:
        if mapping is not None and not isinstance(mapping, Mapping):
            raise SpaceError(
                message(
                    "a space is made from parameters by name",
                    given=repr(mapping),
                    fix="Write Space(lr=Float(0, 1)) or Space({'lr': Float(0, 1)}).",
                )
            )
        both = {**(mapping or {}), **parameters}
        if mapping and len(both) < len(mapping) + len(parameters):
            twice = sorted(set(mapping) & set(parameters))
            raise SpaceError(message(f"the parameter {twice[0]!r} is there twice"))
        if not both:
            raise SpaceError(message("a space needs one parameter or more", fix="Space(lr=Float(0, 1))."))
        rules: dict[str, Rule] = {}
        earlier: dict[str, Parameter] = {}
        every = list(both)
        for name, parameter in both.items():
            check_entry(name, parameter)
            rule = make_rule(name, parameter.when, earlier, every)
            if rule is not None:
                rules[name] = rule
            earlier[name] = parameter
        self._parameters = earlier
        self._rules = rules
        self._constraints: list[Constraint] = []
        self._counter: Counter | None = None
        self.names: tuple[str, ...] = tuple(earlier)

    # -- what it is made of ------------------------------------------------------------------------------

    @property
    def parameters(self) -> Mapping[str, Parameter]:
        """Parameters by name, read-only."""
        return MappingProxyType(self._parameters)

    @property
    def rules(self) -> Mapping[str, Rule]:
        """Checked conditions by name of the conditional parameter."""
        return MappingProxyType(self._rules)

    @property
    def constraints(self) -> tuple[Constraint, ...]:
        """Constraints in the order in which they were required."""
        return tuple(self._constraints)

    def __len__(self) -> int:
        """Number of parameters, active or not."""
        return len(self.names)

    def __iter__(self) -> Iterator[str]:
        """Names, in order."""
        return iter(self.names)

    def __contains__(self, name: object) -> bool:
        """Whether there is a parameter of this name."""
        return name in self._parameters

    def __getitem__(self, name: str) -> Parameter:
        """Parameter of this name."""
        if name not in self._parameters:
            raise KeyError(str(unknown_name(name, self.names, "the space")))
        return self._parameters[name]

    def __eq__(self, other: object) -> bool:
        """Equal parameters in equal order, under equal constraints."""
        if not isinstance(other, Space):
            return NotImplemented
        return self.to_dict() == other.to_dict()

    __hash__ = None  # type: ignore[assignment]  # require() changes it

    def __repr__(self) -> str:
        """One line a parameter."""
        lines = [
            f"  {n}: {describe(p)}"
            + (", log scale" if getattr(p, "log", False) else "")
            + (f", when {self._rules[n].describe()}" if n in self._rules else "")
            for n, p in self._parameters.items()
        ]
        return "\n".join(["Space(", *lines, *(f"  require {c.text}" for c in self._constraints), ")"])

    def copy(self) -> "Space":
        """A space of the same parameters and constraints, to which constraints can be added apart."""
        other = copy.copy(self)
        other._constraints = list(self._constraints)
        return other

    def require(self, constraint: str | Callable[[Config], Any], *, text: str | None = None) -> "Space":
        """Add a constraint that every config has to meet before it is run.

        Args:
            constraint: An expression over parameter names ("layers * lr < 0.2"), or a function of the config
                that returns whether it is allowed. An expression does not apply where one of its
                parameters is inactive. A function is asked about every candidate, well over a thousand times
                for one config: what takes it longer than some microseconds is better left to the
                objective, as an exception.
            text: How a function is shown and stored; by default "function NAME".

        Returns:
            The space itself.

        Raises:
            SpaceError: The expression cannot be parsed or names an unknown parameter.
        """
        self._constraints.append(make_constraint(constraint, self.names, text))
        return self

    # -- configs -----------------------------------------------------------------------------------------

    def is_active(self, name: str, config: Mapping[str, Any]) -> bool:
        """Whether a parameter is active, given (at least) the earlier active parameters."""
        return name not in self._rules or self._rules[name].holds(config)

    def check(self, config: Mapping[str, Any], *, partial: bool = False) -> Config:
        """Check a config and return it with plain values, in the order of the space.

        Args:
            config: Values of the active parameters.
            partial: Parameters may be missing, to be filled in by a method; conditions that cannot be decided
                yet and constraints are then not checked.

        Raises:
            ConfigError: A name is unknown, missing or inactive, a value is not allowed, or a constraint is
                broken.
        """
        result = check_values(config, self._parameters, self._rules, partial=partial)
        if not partial:
            for constraint in self._constraints:
                if not constraint.holds(result):
                    raise ConfigError(
                        message(f"the config breaks the constraint {constraint.text}", given=repr(result))
                    )
        return result

    def is_allowed(self, config: Config) -> bool:
        """Whether a config meets every constraint."""
        return all(c.holds(config) for c in self._constraints)

    def key(self, config: Mapping[str, Any]) -> Key:
        """Hashable identity of a config: equal exactly when all active parameters are.

        Example:
            >>> from tunesmith.space import Int
            >>> space = Space(a=Int(1, 3), b=Choice([[1], None]))
            >>> space.key({"a": 1, "b": None})
            (1, 1)
        """
        return tuple(
            None if n not in config else p.index(config[n]) if isinstance(p, Choice) else config[n]
            for n, p in self._parameters.items()
        )

    def unfit(self, config: Mapping[str, Any]) -> bool:
        """Whether a config no longer fits the parameters and conditions; constraints aside."""
        return not fits(config, self._parameters, self._rules)

    def complete(self, config: Config) -> Config:
        """Add what a config from before the space had a parameter lacks: its default, where it has one.

        Example:
            >>> from tunesmith.space import Int
            >>> space = Space(a=Int(1, 3), b=Int(0, 9, default=5), c=Int(0, 9))
            >>> space.complete({"a": 1})
            {'a': 1, 'b': 5}
        """
        lacks = [n for n, p in self._parameters.items() if n not in config and p.has_default]
        if not lacks:
            return config
        made: Config = {}
        for name, p in self._parameters.items():
            if name in config:
                made[name] = config[name]
            elif name in lacks and self.is_active(name, made):
                made[name] = p.default
        return made | config

    def to_stored(self, config: Mapping[str, Any]) -> Config:
        """Checked config as JSON values, for a store."""
        return {n: store_value(self._parameters[n], v) for n, v in config.items()}

    def from_stored(self, stored: Mapping[str, Any]) -> Config:
        """Config of a stored form; what the space does not know is kept as it can be read."""
        return {n: load_value(self._parameters.get(n), v) for n, v in stored.items()}

    @property
    def is_stored_plainly(self) -> bool:
        """Whether every config is its own stored form, so that nothing has to be converted."""
        return all(
            not isinstance(store_value(p, o), dict)
            for p in self._parameters.values()
            if isinstance(p, Choice)
            for o in p.options
        )

    def to_dict(self) -> dict[str, Any]:
        """Space as JSON values; a constraint that is a function is kept by name only."""
        return space_to_dict(self)

    @on_class
    @staticmethod
    def from_dict(data: Mapping[str, Any]) -> "Space":
        """Space from a table as `to_dict` and files hold it.

        Raises:
            SpaceError: A key is unknown or a definition cannot be; the error names the parameter.

        Example:
            >>> Space.from_dict({"lr": {"type": "float", "low": 0, "high": 1}}).size is None
            True
        """
        return space_from_dict(data)

    @on_class
    @staticmethod
    def load(path: str | Path) -> "Space":
        """Space from a TOML, YAML or JSON file, alone or under the key "space".

        Raises:
            OptionError: The file cannot be read.
            SpaceError: Its content is no space.
        """
        data = read_file(path)
        return space_from_dict(data.get("space", data))

    # -- the unit cube -----------------------------------------------------------------------------------

    def encode(self, config: Mapping[str, Any]) -> Vector:
        """Map a checked config to the unit cube.

        Returns:
            Shape (d,), in [0, 1]; NaN where a parameter is inactive.
        """
        return np.array(
            [p.encode(config[n]) if n in config else np.nan for n, p in self._parameters.items()],
            dtype=np.float64,
        )

    def decode(self, u: npt.ArrayLike) -> Config:
        """Map a point of the unit cube to a config by the parameters' scales; constraints are not checked.

        Args:
            u: Shape (d,), in [0, 1]; coordinates of inactive parameters are ignored.

        Example:
            >>> from tunesmith.space import Float, Int
            >>> Space(a=Int(1, 4), b=Float(0, 10)).decode([0.9, 0.25])
            {'a': 4, 'b': 2.5}
        """
        return self._walk(u, lambda p, x: p.decode(x))

    def draw(self, u: npt.ArrayLike, fixed: Mapping[str, Any] | None = None) -> Config:
        """Map a point of the unit cube to a config by the parameters' priors, keeping given values.

        Args:
            u: Shape (d,), in [0, 1]; uniform draws give configs distributed as the priors say.
            fixed: Values that are kept, from a partial config; those of parameters that turn out inactive are
                left out.
        """
        return self._walk(u, draw, fixed or {})

    def _walk(
        self,
        u: npt.ArrayLike,
        value: Callable[[Parameter, float], Any],
        fixed: Mapping[str, Any] | None = None,
    ) -> Config:
        try:
            point = np.asarray(u, dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise SpaceError(message("a point of the unit cube is made of numbers", given=repr(u))) from error
        if point.shape != (len(self),):
            raise SpaceError(
                message(
                    "a point of the unit cube has one coordinate a parameter",
                    allowed=f"shape ({len(self)},)",
                    given=f"shape {point.shape}",
                )
            )
        config: Config = {}
        for (name, parameter), x in zip(self._parameters.items(), point.tolist(), strict=True):
            if name in self._rules and not self._rules[name].holds(config):
                continue
            if fixed and name in fixed:
                config[name] = fixed[name]
            elif math.isnan(x):
                raise SpaceError(message(f"parameter {name!r} is active, and its coordinate NaN"))
            else:
                config[name] = value(parameter, x)
        return config

    # -- size --------------------------------------------------------------------------------------------

    @property
    def size(self) -> int | None:
        """Number of different configs, conditions included and constraints aside; None when endless."""
        return self.counter().total

    def counter(self, levels: Mapping[str, Sequence[Any]] | None = None) -> Counter:
        """Numbering of the space's configs, or of a grid's.

        Args:
            levels: Values by parameter, for a grid; every other parameter takes all its values.
        """
        if levels:
            return Counter(self._parameters, self._rules, levels)
        if self._counter is None:  # parameters and conditions never change
            self._counter = Counter(self._parameters, self._rules, {})
        return self._counter

    def differences(self, old: "Space") -> list[str]:
        """Say in words what is not as in an older space; empty when nothing is."""
        return differences(old, self)
