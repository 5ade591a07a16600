"""Manual search: a list of configs, in order.

`Manual.walk` makes a walk of one parameter (`walk.py`), which is what people do by hand. To add single
configs while a study runs, there is `study.enqueue`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from tunesmith.errors import ConfigError, OptionError, message
from tunesmith.methods.listed import Listed, ListMethod
from tunesmith.methods.values import config_from_json, to_json
from tunesmith.methods.walk import Walk
from tunesmith.space import Space


class Manual(ListMethod):
    """Proposes given configs in order; equal ones once.

    Args:
        configs: Complete configs, one or more. An object that was given to `Choice` under a label may be
            given by that label.

    Raises:
        OptionError: This is no list of configs, or holds an object without a readable name.

    Example:
        >>> from tunesmith.history import History
        >>> from tunesmith.space import Float
        >>> Manual([{"lr": 0.1}, {"lr": 0.01}]).propose(History(Space(lr=Float(0, 1))), 0, seed=0).config
        {'lr': 0.1}
    """

    name = "manual"
    noun = "manual list"

    def __init__(self, configs: Sequence[Mapping[str, Any]]) -> None:
        super().__init__()
        if isinstance(configs, (str, Mapping)) or not isinstance(configs, Sequence) or not configs:
            raise _no_configs(configs)
        self._stored = [_to_json(number, config) for number, config in enumerate(configs)]

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> "Manual":
        """Make the method of these settings, or of what a file holds."""
        made = cls([{}])
        configs = settings.get("configs")
        if not isinstance(configs, list) or not configs or not all(isinstance(c, Mapping) for c in configs):
            raise _no_configs(configs)
        made._stored = [dict(c) for c in configs]
        return made

    @staticmethod
    def walk(
        base: Mapping[str, Any] | None,
        parameter: str,
        *,
        step: float | None = None,
        factor: float | None = None,
    ) -> Walk:
        """Make a walk of one parameter up and down from a base config, see `Walk`.

        Example:
            >>> Manual.walk({"lr": 1e-3}, "lr", factor=2).settings
            {'base': {'lr': 0.001}, 'parameter': 'lr', 'factor': 2}
        """
        return Walk(base, parameter, step=step, factor=factor)

    @property
    def settings(self) -> dict[str, Any]:
        """The configs, as JSON values."""
        return {"configs": [dict(c) for c in self._stored]}

    def entries(self, space: Space) -> list[Listed]:
        """Check the configs against the space.

        Raises:
            ConfigError: A config does not fit the space; the error says which.
        """
        made = []
        for number, stored in enumerate(self._stored):
            try:
                config = space.check(config_from_json(space, stored))
            except ConfigError as error:
                raise ConfigError(f"method 'manual', config {number}: {error}") from None
            reason = f"number {number + 1} of {len(self._stored)} given by hand"
            made.append(Listed(config, reason, space.key(config)))
        return made


def _to_json(number: int, config: object) -> dict[str, Any]:
    if not isinstance(config, Mapping):
        raise _no_configs(config)
    try:
        return {str(name): to_json(value) for name, value in config.items()}
    except OptionError as error:
        raise OptionError(f"method 'manual', config {number}: {error}") from error


def _no_configs(given: object) -> OptionError:
    return OptionError(
        message(
            "method 'manual' needs a list of configs",
            given=repr(given),
            fix='For example Manual([{"lr": 0.1}, {"lr": 0.01}]).',
        )
    )
