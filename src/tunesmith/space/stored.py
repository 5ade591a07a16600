"""Spaces and configs as JSON values, for a store and for files.

A plain option (text, number, bool, None) is stored as itself, a tuple, list or dict of such as {"tuple":
[...]}, and every other object as {"label": "..."}: whoever opens the store with the objects at hand gets them
back, anybody else sees the labels (`Choice.absent`). NaN and infinity are stored by label too, since JSON has
neither.
"""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tunesmith.errors import SpaceError, did_you_mean, message
from tunesmith.space.expression import Expression
from tunesmith.space.labels import UNSET, first_equals
from tunesmith.space.naming import defining
from tunesmith.space.parameters import Choice, Float, Int, Parameter

if TYPE_CHECKING:
    from tunesmith.space.space import Space

_KINDS: dict[str, type[Float] | type[Int]] = {"float": Float, "int": Int}
_RANGE_KEYS = ("low", "high", "log", "step", "default", "prior", "when")
_NOT_IN_JSON = ("nan", "inf", "-inf")
_CHOICE_KEYS = ("options", "ordered", "default", "when")


def store_value(parameter: Parameter, value: Any) -> Any:
    """Stored form of one checked value."""
    if not isinstance(parameter, Choice):
        return value
    label = parameter.labels[parameter.index(value)]
    return {"label": label} if label in parameter.absent else _store_option(value, label)


def load_value(parameter: Parameter | None, stored: Any) -> Any:
    """Value of a stored form: the very option where the space has it, else what can be told from it."""
    if isinstance(stored, Mapping):
        if isinstance(parameter, Choice):
            label = stored.get("label")
            if label in parameter.labels:
                return parameter.options[parameter.labels.index(label)]
        if set(stored) == {"label"}:
            return _label_value(str(stored["label"]))
        stored = _from_json(stored)
    if isinstance(parameter, Choice):
        for option in parameter.options:
            if type(option) is type(stored) and option == stored:
                return option
    return stored


def _store_option(option: Any, label: str) -> Any:
    try:
        stored = _to_json(option)
    except TypeError:
        return {"label": label}
    return stored | {"label": label} if isinstance(stored, dict) else stored


def _to_json(value: Any) -> Any:
    """Form of a plain value, or of a tuple, list or dict of such; a TypeError where there is none."""
    kind = type(value)
    if kind in (str, bool, int, type(None)) or (kind is float and math.isfinite(value)):
        return value
    if kind in (tuple, list):
        return {kind.__name__: [_to_json(v) for v in value]}
    if kind is dict and all(type(k) is str for k in value):
        return {"dict": {k: _to_json(v) for k, v in value.items()}}
    raise TypeError


def _from_json(stored: Any) -> Any:
    if not isinstance(stored, Mapping):
        return stored
    for kind in (tuple, list):
        if kind.__name__ in stored:
            return kind(map(_from_json, stored[kind.__name__]))
    if "dict" in stored:
        return {k: _from_json(v) for k, v in stored["dict"].items()}
    return stored  # a table in a file, which is itself an option


def _label_value(label: str) -> Any:
    return float(label) if label in _NOT_IN_JSON else label


def space_to_dict(space: "Space") -> dict[str, Any]:
    """Space as JSON values."""
    return {
        "parameters": {n: _parameter_to_dict(space, n) for n in space},
        "require": [
            c.text if isinstance(c.test, Expression) else {"function": c.text} for c in space.constraints
        ],
    }


def _parameter_to_dict(space: "Space", name: str) -> dict[str, Any]:
    p = space[name]
    made: dict[str, Any]
    if isinstance(p, Choice):
        made = {
            "type": "choice",
            "options": [store_value(p, o) for o in p.options],
            "labels": list(p.labels),
        }
        if p.ordered:
            made["ordered"] = True
        if p.default is not UNSET:
            made["default"] = store_value(p, p.default)
    else:
        made = {"type": "int" if isinstance(p, Int) else "float", "low": p.low, "high": p.high}
        if p.log:
            made["log"] = True
        if p.step is not None and not (isinstance(p, Int) and p.step == 1):
            made["step"] = p.step
        if p.default is not None:
            made["default"] = p.default
        if p.prior is not None:
            made["prior"] = prior_to_dict(p.prior)
    rule = space.rules.get(name)
    if rule is not None and rule.expression is not None:
        made["when"] = rule.expression.text
    elif rule is not None:
        made["when"] = {k: [store_value(space[k], v) for v in values] for k, values in rule.allowed}
    return made


def prior_to_dict(prior: Any) -> dict[str, Any]:
    """A prior as its name and numbers; of one that is not scipy's, or has other arguments, only a label."""
    dist = getattr(prior, "dist", None)
    if dist is None:
        return {"label": f"{type(prior).__name__}"}
    try:
        args = [float(a) for a in getattr(prior, "args", ())]
        kwds = {k: float(v) for k, v in getattr(prior, "kwds", {}).items()}
    except (TypeError, ValueError):  # arguments that are no numbers
        return {"label": str(dist.name)}
    return {"name": dist.name, "args": args, **kwds}


def space_from_dict(data: Mapping[str, Any], *, known_constraints: bool = True) -> "Space":
    """Space from JSON, TOML or YAML values.

    Args:
        data: {"parameters": {name: {...}}, "require": [...]}; the names may also stand at the top level.
        known_constraints: False for what comes from a store, where a constraint that was a function, and a
            prior that is not of scipy, are names only: the constraint is kept as one that always holds, the
            prior is left out. Of options that are equal, which no version takes any more, the first is kept.

    Raises:
        SpaceError: A key is unknown or a definition cannot be; the error names the parameter.
    """
    from tunesmith.space.space import Space

    if not isinstance(data, Mapping):
        raise SpaceError(message("a space is a table of parameters", given=repr(data)))
    parameters = data.get("parameters")
    if parameters is None:
        parameters = {k: v for k, v in data.items() if k != "require"}
    if not isinstance(parameters, Mapping):
        raise SpaceError(message("a space is a table of parameters", given=repr(parameters)))
    made: dict[str, Parameter] = {}
    for name, definition in parameters.items():
        made[str(name)] = _parameter_from_dict(str(name), definition, known_constraints, made)
    space = Space(made)
    require = data.get("require", [])
    if not isinstance(require, (str, list, tuple)):
        fix = 'For example ["layers * lr < 0.2"].'
        raise SpaceError(message("require is no list of expressions", given=repr(require), fix=fix))
    for one in [require] if isinstance(require, str) else require:
        _require(space, one, is_known=known_constraints)
    return space


def _require(space: "Space", given: Any, *, is_known: bool) -> None:
    """Add a constraint; of one that was a function the name is known, and it holds."""
    name = given["function"] if isinstance(given, Mapping) and set(given) == {"function"} else None
    if name is not None and is_known:
        wrong = f"the constraint {name!r} was a function, which no table holds"
        raise SpaceError(message(wrong, fix='Write it as an expression, such as "layers * lr < 0.2".'))
    if name is None:
        try:
            space.require(given)
            return
        except SpaceError:  # older versions stored the text of a function as they did an expression
            if is_known:
                raise
    space.require(lambda config: True, text=str(given if name is None else name))


def _parameter_from_dict(
    name: str, data: Any, known_priors: bool, before: Mapping[str, Parameter]
) -> Parameter:
    if not isinstance(data, Mapping):
        raise SpaceError(
            message(
                f"parameter {name!r} cannot be read",
                given=repr(data),
                allowed='a table such as {type = "float", low = 0, high = 1}',
            )
        )
    kind = str(data.get("type", "choice" if "options" in data else "")).lower()
    allowed = _CHOICE_KEYS if kind == "choice" else _RANGE_KEYS
    if kind != "choice" and kind not in _KINDS:
        has_type = "type" in data
        raise SpaceError(
            message(
                f"parameter {name!r} has {'an unknown' if has_type else 'no'} type",
                allowed="float, int, choice",
                given=repr(data["type"] if has_type else dict(data)),
                fix=did_you_mean(kind, [*_KINDS, "choice"]) if has_type else _typed(name, data),
            )
        )
    extra = [k for k in data if k not in (*allowed, "type", "labels")]
    if extra:
        raise SpaceError(
            message(
                f"parameter {name!r} has an unknown key",
                allowed=", ".join(allowed),
                given=repr(extra[0]),
                fix=did_you_mean(extra[0], allowed),
            )
        )
    given = {k: v for k, v in data.items() if k in allowed}
    if "when" in given and isinstance(given["when"], Mapping):
        given["when"] = {k: _when_from(before.get(k), v) for k, v in given["when"].items()}
    if given.get("prior") is not None:
        try:
            given["prior"] = _prior_from_dict(given["prior"])
        except SpaceError as error:
            if known_priors:
                raise SpaceError(f"parameter {name!r}: {error}") from error.__cause__
            del given["prior"]
    with defining(name):
        if kind != "choice":
            return _KINDS[kind](**given)
        return _choice_from(given, data.get("labels"), keeps_equals=known_priors)


def _typed(name: str, data: Mapping[str, Any]) -> str:
    """What to write in place of a table without a type."""
    if data and all(isinstance(part, Mapping) for part in data.values()):
        return f"A space has no levels: name it {f'{name}.{next(iter(data))}'!r}."
    return 'Write {type = "float", low = 0, high = 1} or {options = ["a", "b"]}.'


def _choice_from(given: dict[str, Any], labels: Any, *, keeps_equals: bool) -> Choice:
    stored: Any = given.pop("options", [])
    if labels is None:
        return Choice(stored, **given)
    named = dict(zip(labels, stored, strict=True))
    absent = {n for n, o in named.items() if isinstance(o, Mapping) and set(o) == {"label"}}
    absent -= set(_NOT_IN_JSON)
    options = {n: load_value(None, o) for n, o in named.items()}
    # What stands for an object must not be taken for the option that is its label's text.
    options |= {
        n: f"<{options[n]}>" for n in absent if options[n] in [o for o in stored if isinstance(o, str)]
    }
    if not keeps_equals:  # older versions took them, and stored each as the first of them
        firsts = first_equals(list(options.values()))
        options = {n: o for k, (n, o) in enumerate(options.items()) if firsts[k] == k}
    if isinstance(given.get("default"), Mapping):
        given["default"] = load_value(Choice(options), given["default"])
    made = Choice(options, **given)
    object.__setattr__(made, "absent", frozenset(absent & set(options)))
    return made


def _when_from(parameter: Parameter | None, value: Any) -> Any:
    if isinstance(value, list):
        return [load_value(parameter, v) for v in value]
    return load_value(parameter, value)


def _prior_from_dict(data: Any) -> Any:
    from scipy import stats

    if not isinstance(data, Mapping) or not isinstance(
        getattr(stats, str(data.get("name")), None), (stats.rv_continuous, stats.rv_discrete)
    ):
        raise SpaceError(
            message(
                "prior is no distribution of scipy.stats",
                given=repr(data),
                allowed='a table such as {name = "norm", loc = 0, scale = 1}',
            )
        )
    rest = {k: v for k, v in data.items() if k not in ("name", "args")}
    try:
        return getattr(stats, data["name"])(*data.get("args", ()), **rest)
    except (TypeError, ValueError) as error:
        raise SpaceError(
            message(f"prior {data['name']} cannot be made: {error}", given=repr(rest))
        ) from error
