"""The door between an objective and us: how it is called, and how what it returns becomes a plain float.

Every value, final or intermediate, comes through `as_float`. A value that is no number is a mistake in the
objective (`ObjectiveError`, it ends the run); one that is not finite is a failed trial.
"""

import functools
import inspect
import math
import reprlib
from collections.abc import Callable, Mapping
from decimal import Decimal
from numbers import Real
from typing import Any, TypeAlias

from tunesmith.errors import ObjectiveError, message
from tunesmith.trial import Failure, FailureKind

Call: TypeAlias = Callable[[dict[str, Any], Any], Any]
"""Calls an objective with (config, handle), whether it takes the handle or not."""


_short = reprlib.Repr()
_short.maxother = _short.maxstring = 60


class TrialFailed(Exception):
    """Raised by objectives of our own that know best how their trial failed.

    Args:
        failure: What to record; no traceback is added.
    """

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure

    def __reduce__(self) -> tuple[type, tuple[Failure]]:
        """Pickle the failure, not the text that BaseException keeps."""
        return type(self), (self.failure,)


def as_float(value: object, whose: str = "the objective returned") -> float:
    """Turn what an objective gave us into a plain float, which may be NaN or infinite.

    Args:
        value: An int, float, Decimal, Fraction, NumPy scalar, or an array or tensor without dimensions.
        whose: Where the value came from, the beginning of the error's sentence.

    Raises:
        ObjectiveError: It is anything else; the error names the type.

    Example:
        >>> as_float(Decimal("0.5"))
        0.5
        >>> as_float(None)
        Traceback (most recent call last):
        ...
        tunesmith.errors.ObjectiveError: the objective returned None; allowed: a number. Is a return missing?
    """
    plain = _scalar(value)
    if isinstance(plain, bool) or not isinstance(plain, (Real, Decimal)):
        raise ObjectiveError(_wrong_type(value, whose))
    try:
        return float(plain)
    except OverflowError:  # an int or Fraction beyond the range of floats
        return math.inf if str(plain)[:1] != "-" else -math.inf
    except ValueError:  # a signalling NaN of decimal
        return math.nan


def _scalar(value: object) -> object:
    # Arrays and tensors of any library: no dimensions, and a method that gives the plain Python value.
    # A shape of (1,) is refused, since a metric that was meant to be averaged hides behind it.
    shape = getattr(value, "shape", None)
    item = getattr(value, "item", None)
    if shape is None or tuple(shape) or not callable(item):
        return value
    # A masked number is missing, whatever stands below the mask.
    is_masked = type(value).__module__.startswith("numpy.ma") and bool(getattr(value, "mask", False))
    return math.nan if is_masked else item()


def _wrong_type(value: object, whose: str) -> str:
    kind = type(value).__name__
    shape = getattr(value, "shape", None)
    shown = _short.repr(value)
    shown = "" if "\n" in shown else shown
    article = "an" if kind[0].lower() in "aeiou" or kind == "ndarray" else "a"
    given = "None" if value is None else f"{article} {kind}"
    if isinstance(shape, tuple) and shape:
        given += f" of shape {shape}"
    elif shown and value is not None:
        given += f": {shown}"
    fix = "Return one number, for example with float(...)."
    if value is None:
        fix = "Is a return missing?"
    elif isinstance(value, (tuple, list)):
        fix = "Return the number alone; keep the rest in a file in trial.folder."
    elif isinstance(value, Mapping):
        fix = "Return one of its values, the one to be optimised."
    elif isinstance(value, (bool, str)) or kind in ("bool_", "str_"):
        fix = "If it is meant as a number, return float(...) of it."
    elif shape:
        fix = "Return its mean, or .item() if it holds one number."
    elif inspect.isgenerator(value) or inspect.isasyncgen(value):
        fix = "A yield makes the objective a generator: give values on the way to trial.report(...)."
    elif inspect.isawaitable(value):
        fix = "The objective is an async function; write one that calls asyncio.run(...)."
        if inspect.iscoroutine(value):
            value.close()  # or Python warns that it was never awaited
    return message(f"{whose} {given}", allowed="a number", fix=fix)


def not_finite(value: float) -> Failure | None:
    """Failure of a trial whose value is NaN or infinite; None for any other value."""
    if math.isfinite(value):
        return None
    what = "NaN" if math.isnan(value) else f"an infinite value ({value})"
    return Failure(FailureKind.NAN, f"the objective returned {what}")


def adapt(objective: Callable[..., Any]) -> Call:
    """Make any objective callable with (config, handle), deciding once whether it takes the handle.

    It does if it has a second positional parameter without a default, or a parameter named `trial`.

    Raises:
        ObjectiveError: It is not callable, or takes neither (config) nor (config, trial).

    Example:
        >>> adapt(lambda config: config["x"])({"x": 1}, None)
        1
    """
    if not callable(objective):
        raise ObjectiveError(
            message(
                "the objective cannot be called",
                allowed="a function of (config) or (config, trial)",
                given=repr(objective),
            )
        )
    try:
        parameters = list(inspect.signature(objective).parameters.values())
    except (ValueError, TypeError):  # some functions written in C have no signature
        return functools.partial(_without_handle, objective)
    positional = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    required = [p for p in positional if p.default is p.empty]
    keywords = [p for p in parameters if p.kind is p.KEYWORD_ONLY and p.name == "trial"]
    must = [p.name for p in parameters if p.kind is p.KEYWORD_ONLY and p.default is p.empty]
    takes_any = any(p.kind is p.VAR_POSITIONAL for p in parameters)
    is_swapped = len(required) == 2 and required[0].name == "trial"
    if len(required) > 2 or (not positional and not takes_any) or set(must) - {"trial"} or is_swapped:
        name = getattr(objective, "__qualname__", type(objective).__name__)
        raise ObjectiveError(
            message(
                f"the objective {name} cannot be called with a config",
                allowed="a function of (config) or (config, trial), where config is a dict",
                given=f"{name}{inspect.signature(objective)}",
                fix="The config comes first."
                if is_swapped
                else "Bind other arguments first, with functools.partial or a lambda.",
            )
        )
    is_bound = isinstance(objective, functools.partial) and "trial" in objective.keywords
    if keywords and not is_bound:
        return functools.partial(_with_keyword, objective)
    if len(required) == 2 or (len(positional) > 1 and positional[1].name == "trial"):
        return objective
    return functools.partial(_without_handle, objective)


def _without_handle(objective: Callable[..., Any], config: dict[str, Any], handle: Any) -> Any:
    return objective(config)


def _with_keyword(objective: Callable[..., Any], config: dict[str, Any], handle: Any) -> Any:
    return objective(config, trial=handle)
