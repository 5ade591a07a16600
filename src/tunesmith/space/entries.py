"""What may stand in a space: a parameter under its name. Errors say what was meant."""

from collections.abc import Mapping
from numbers import Number

from tunesmith.errors import SpaceError, message
from tunesmith.space.parameters import Choice, Float, Int


def check_entry(name: object, parameter: object) -> None:
    """Check one entry of a space.

    Raises:
        SpaceError: The name cannot be one, this is no parameter, or an option of it holds parameters.
    """
    if not isinstance(name, str) or not name or "`" in name:
        raise SpaceError(message("a parameter's name must be text without backticks", given=repr(name)))
    if not isinstance(parameter, (Float, Int, Choice)):
        raise SpaceError(
            message(
                f"{name!r} is no parameter",
                allowed="Float, Int or Choice",
                given=repr(parameter),
                fix=_meant(name, parameter),
            )
        )
    if isinstance(parameter, Choice) and (held := next(filter(_holds_parameter, parameter.options), None)):
        raise SpaceError(
            message(
                f"{name!r} has an option that is a parameter or holds one; no values of it would be drawn",
                given=repr(held),
                fix="Give it a name of its own, and the condition under which it is active: "
                f"Space({name}=Choice([...]), other=Float(0, 1, when={{{name!r}: ...}})).",
            )
        )


def _meant(name: str, given: object) -> str | None:
    """What to write in place of something that is no parameter."""
    if isinstance(given, type) and issubclass(given, (Float, Int, Choice)):
        return f"Write {name}={given.__name__}(...)."
    if isinstance(given, (list, tuple)) and len(given) > 1:
        fix = f"For one of several options write {name}=Choice({list(given)!r})"
        if len(given) == 2 and all(isinstance(end, (int, float)) for end in given) and given[0] < given[1]:
            kind = "Int" if all(isinstance(end, int) for end in given) else "Float"
            return f"{fix}; for a range {name}={kind}({given[0]!r}, {given[1]!r})."
        return f"{fix}."
    if hasattr(given, "ppf"):
        return f"Write {name}=Float(prior=...), or Int(prior=...)."
    if isinstance(given, Mapping) and given:
        first = f"{name}.{next(iter(given))}"
        return f"A space has no levels: give each parameter a name, such as Space({{{first!r}: ...}})."
    plain = given is None or isinstance(given, (str, Number))
    return f"For a fixed value write {name}=Choice([{given!r}])." if plain else None


def _holds_parameter(value: object) -> bool:
    if isinstance(value, (list, tuple, dict)):
        return any(map(_holds_parameter, value.values() if isinstance(value, dict) else value))
    return isinstance(value, (Float, Int, Choice))
