"""Checking whether a config fits the parameters and conditions of a space; constraints are apart."""

from collections.abc import Mapping
from typing import Any

from tunesmith.errors import ConfigError, message
from tunesmith.space.conditions import Rule
from tunesmith.space.labels import unknown_name
from tunesmith.space.parameters import Parameter, describe

MISSING = frozenset({"None", "nan", "<NA>", "NaT"})  # how rows of tables say so, in words


def check_values(
    config: Mapping[str, Any],
    parameters: Mapping[str, Parameter],
    rules: Mapping[str, Rule],
    *,
    partial: bool,
) -> dict[str, Any]:
    """Check a config and return it with plain values, in the order of the space.

    Args:
        config: Values by name.
        parameters: Parameters of the space.
        rules: Its conditions.
        partial: Parameters may be missing. Conditions that cannot be decided yet are not checked; a missing
            parent is added where a given child leaves it one value only.

    Raises:
        ConfigError: A name is unknown, missing or inactive, or a value is not allowed.
    """
    if not isinstance(config, Mapping):
        is_trial = isinstance(getattr(config, "config", None), Mapping)
        fix = "Give the config of it: trial.config." if is_trial else None
        if hasattr(config, "to_dict"):  # a row of a data frame
            fix = "Give it as a dict: row.to_dict()."
        raise ConfigError(
            message("a config is a mapping from parameter to value", given=repr(config), fix=fix)
        )
    for name in config:
        if name not in parameters:
            raise ConfigError(str(unknown_name(name, list(parameters), "the config")))
    result: dict[str, Any] = {}
    for name, parameter in parameters.items():
        rule = rules.get(name)
        undecided = partial and rule is not None and _is_undecided(rule, config, rules)
        if rule is not None and not undecided and not rule.holds(result):
            if name in config:
                raise ConfigError(
                    message(
                        f"the parameter {name!r} is not active in this config",
                        given=repr(dict(config)),
                        fix=f"It is active when {rule.describe()}; leave it out.",
                    )
                )
            continue
        if name in config:
            try:
                result[name] = parameter.check(config[name])
            except ConfigError as error:
                is_missing = partial and str(config[name]) in MISSING
                hint = " Leave it out to have it filled in." if is_missing else ""
                raise ConfigError(f"parameter {name!r}: {error}{hint}") from None
        elif not partial:
            raise ConfigError(
                message(
                    f"the config lacks the parameter {name!r}",
                    allowed=describe(parameter),
                    given=repr(dict(config)),
                )
            )
    return _with_parents(result, parameters, rules) if partial else result


def _is_undecided(rule: Rule, config: Mapping[str, Any], rules: Mapping[str, Rule]) -> bool:
    # A parent that a method has yet to fill in leaves its children open, and theirs.
    return any(
        p not in config
        and (p not in rules or _is_undecided(rules[p], config, rules) or rules[p].holds(config))
        for p in rule.parents
    )


def _with_parents(
    result: dict[str, Any], parameters: Mapping[str, Parameter], rules: Mapping[str, Rule]
) -> dict[str, Any]:
    for name in reversed(list(parameters)):
        if name in result and name in rules:
            for parent, values in rules[name].allowed:
                if len(values) == 1:
                    result.setdefault(parent, values[0])
    return {name: result[name] for name in parameters if name in result}


def fits(config: Mapping[str, Any], parameters: Mapping[str, Parameter], rules: Mapping[str, Rule]) -> bool:
    """Whether `check_values` would accept a complete config; much faster for one that it made itself."""
    found = 0
    for name, parameter in parameters.items():
        if name in config:
            if not parameter.is_plain(config[name]) or (name in rules and not rules[name].holds(config)):
                break
            found += 1
        elif name not in rules or rules[name].holds(config):
            break
    else:
        if found == len(config):
            return True
    try:
        check_values(config, parameters, rules, partial=False)
    except ConfigError:
        return False
    return True
