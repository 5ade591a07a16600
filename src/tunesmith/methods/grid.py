"""Grid search: every combination of levels, each once, by number; nothing is ever enumerated.

Which levels a parameter gets is `levels.py`; how configs are numbered is `space/counting.py`.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tunesmith.errors import OptionError
from tunesmith.history import History
from tunesmith.learning.caching import PerHistory
from tunesmith.methods.base import Outcome, Proposal, UsedUp
from tunesmith.methods.levels import Given, check_levels, levels_of
from tunesmith.methods.values import to_json
from tunesmith.space import Config, Space
from tunesmith.space.counting import Counter
from tunesmith.space.expression import Expression
from tunesmith.wording import all_of, counted, percent

LEVELS = 5
MAX_FORBIDDEN = (
    100_000  # configs in a row that break a constraint before a grid is given up; about two seconds
)
SURE = 0.95  # probability with which random search lands among the best
GOOD, VERY_GOOD = 0.05, 0.01  # share of configs that count as the best
HOPELESS = 20  # times as many trials as random search needs for a good config
MODEL_TRIALS = 10  # by parameter: a usual budget of a method with a model


class Grid:
    """Tries every combination of levels in order, the last parameter turning fastest.

    Conditions are kept to exactly: an inactive parameter multiplies nothing. Configs that break a constraint
    and those that were run before, whoever asked for them, are left out.

    Args:
        levels: Number of levels of every Float and of every Int or stepped Float with more than twice as
            many values; a parameter with fewer takes them all, and a Choice takes all its options. Or a
            mapping from parameter to a number of levels or a list of values; the others get 5.

    Raises:
        OptionError: A number of levels is below 1, or a list of values is empty.

    Example:
        >>> from tunesmith.space import Float, Int
        >>> Grid(levels={"lr": 3}).total(Space(lr=Float(0, 1), layers=Int(1, 4)))
        12
    """

    name = "grid"

    def __init__(self, levels: int | Mapping[str, int | Sequence[Any]] = LEVELS) -> None:
        self._usual, self._given = _read(levels, to_json)
        self._scans: PerHistory[_Scan] = PerHistory()

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> "Grid":
        """Make the method of these settings, or of what a file holds."""
        made = cls()
        made._usual, made._given = _read(settings.get("levels", LEVELS), lambda value: value)
        return made

    @property
    def settings(self) -> dict[str, Any]:
        """The levels, as JSON values."""
        return {"levels": dict(self._given) if self._given else self._usual}

    def total(self, space: Space) -> int:
        """Number of configs of the grid, conditions included and constraints aside."""
        return _total(self._counter(space))

    def propose(self, history: History, number: int, seed: int) -> Outcome:
        """Propose the config of trial `number`, see `Method`."""
        constraints = len(history.space.constraints)
        scan = self._scans.get(
            history,
            lambda: _Scan(self._counter(history.space), constraints),
            lambda scan: scan.constraints == constraints,
        )
        config = scan.advance(history)
        if config is not None:
            return Proposal(config, f"number {scan.next + 1:,} of {scan.total:,} of the grid")
        return UsedUp(scan.words())

    def plan(self, space: Space) -> str | None:
        """Say how many configs the grid has, and what would need fewer trials when there are too many.

        Raises:
            OptionError: The levels do not fit the space.
        """
        counter = self._counter(space)
        total = _total(counter)
        text = f"The grid has {counted(total, 'config')} ({self._sizes(space)})."
        if space.constraints:
            text += " Those that break a constraint are left out."
        if total > HOPELESS * _random_trials(GOOD):
            text += "\n" + _warning(total, len(space))
        return text

    def _counter(self, space: Space) -> Counter:
        return space.counter(levels_of(space, self._given, self._usual))

    def _sizes(self, space: Space) -> str:
        levels = levels_of(space, self._given, self._usual)
        sizes = {n: len(levels[n]) if n in levels else p.size for n, p in space.parameters.items()}
        shown = [f"{n} {size}" for n, size in list(sizes.items())[:8]]
        more = f" and {len(sizes) - 8} more" if len(sizes) > 8 else ""
        conditional = "; conditions make it fewer than the product" if space.rules else ""
        return f"levels: {', '.join(shown)}{more}{conditional}"


@dataclass
class _Scan:
    """How far along the grid every config is known to be tried or forbidden; that never changes again."""

    counter: Counter
    constraints: int
    next: int = 0
    forbidden: int = 0
    in_a_row: int = 0  # forbidden ones just before `next` that were looked at

    @property
    def total(self) -> int:
        """Number of configs of the grid."""
        return _total(self.counter)

    def advance(self, history: History) -> Config | None:
        """Go on to the first config that is new and allowed."""
        space = history.space
        while self.next < self.total and self.in_a_row < MAX_FORBIDDEN:
            config = self.counter.config(self.next)
            broken = [c for c in space.constraints if not c.holds(config)]
            if broken:
                behind = self.next + 1
                for constraint in broken:
                    if isinstance(constraint.test, Expression):  # all that share its values break it as well
                        behind = max(behind, self.counter.after(self.next, constraint.test.names))
                self.forbidden += behind - self.next
                self.in_a_row += 1
                self.next = behind
                continue
            self.in_a_row = 0
            if space.key(config) not in history:
                return config
            self.next += 1
        return None

    def words(self) -> str:
        """Why there is nothing left."""
        if self.next < self.total:
            return (
                f"The grid was given up at config {self.next:,} of {self.total:,}: "
                f"{MAX_FORBIDDEN:,} configs in a row break a constraint."
            )
        if self.forbidden == self.total:
            return f"None of the {counted(self.total, 'config')} of the grid meets the constraints."
        breaks = "breaks" if self.forbidden == 1 else "break"
        left_out = f" ({self.forbidden:,} {breaks} a constraint)" if self.forbidden else ""
        tried = ("of the grid has been tried", "of the grid have been tried")
        return f"{all_of(self.total - self.forbidden, 'config', *tried).capitalize()}{left_out}."


def _read(levels: object, convert: Callable[[Any], Any]) -> tuple[int, dict[str, Given]]:
    """Usual number of levels, and what is given by parameter, in JSON form."""
    if not isinstance(levels, Mapping):
        return check_levels(None, levels), {}
    return LEVELS, {str(name): _read_one(str(name), value, convert) for name, value in levels.items()}


def _read_one(name: str, value: object, convert: Callable[[Any], Any]) -> Given:
    if getattr(value, "ndim", 0) == 1:  # of NumPy or pandas, as numpy.linspace gives it
        value = list(value)  # type: ignore[call-overload]
    if isinstance(value, (str, bytes)) or not isinstance(value, Sequence) or not value:
        return check_levels(name, value)
    try:
        return [convert(v) for v in value]
    except OptionError as error:
        raise OptionError(f"method 'grid', levels of {name!r}: {error}") from error


def _total(counter: Counter) -> int:
    if counter.total is None:
        raise OptionError("method 'grid': the conditions of this space are too entangled to count a grid.")
    return counter.total


def _random_trials(share: float) -> int:
    """Trials with which random search lands among the best `share` of configs with probability SURE."""
    return math.ceil(math.log(1 - SURE) / math.log(1 - share))


def _warning(total: int, parameters: int) -> str:
    return (
        f"Warning: {total:,} configs are more than a grid can be worth. With probability {percent(SURE)}, "
        f"random search needs {_random_trials(GOOD)} trials to land among the best {percent(GOOD)} of "
        f"configs and {_random_trials(VERY_GOOD)} for the best {percent(VERY_GOOD)}, however many parameters "
        f"there are; bayes is usually given {MODEL_TRIALS} trials a parameter, here "
        f'{MODEL_TRIALS * parameters}. Use method="auto", or fewer levels.'
    )
