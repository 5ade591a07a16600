"""A callback that ends a run when more trials are not worth it."""

from typing import TYPE_CHECKING, Any

from tunesmith.errors import OptionError, message
from tunesmith.trial import Trial
from tunesmith.whole import whole

if TYPE_CHECKING:
    from tunesmith.history import History

EVERY = 5  # finished trials between two forecasts
LEAST_TRIALS, LEAST_BY_PARAMETER = 15, 4  # finished trials before the first forecast, and for each parameter
IN_A_ROW = 3  # forecasts that have to agree


class StopWhenNotWorthIt:
    """Ends the run once further trials have little chance to beat the best by more than the noise.

    Three forecasts in a row have to say so. None is made before there are 15 results, and 4 for each
    parameter.

    Args:
        trials: How many further trials are looked at, 1 to 200.
        chance: Chance of a real gain below which they are not worth it, above 0 and below 1.

    Raises:
        OptionError: An argument is not allowed.

    Example:
        >>> import tunesmith as ts
        >>> space = ts.Space(x=ts.Float(-1, 1))
        >>> study = ts.minimize(lambda c: c["x"] ** 2, space, trials=100, seed=0, progress=False,
        ...                     callbacks=[ts.StopWhenNotWorthIt()])
        >>> len(study.trials) < 60, study.stop_reason[:14]
        (True, '20 more trials')
    """

    def __init__(self, trials: int = 20, chance: float = 0.2) -> None:
        number = whole(trials)
        if number is None or not 1 <= number <= 200:
            raise OptionError(message("trials must be a whole number from 1 to 200", given=repr(trials)))
        if isinstance(chance, bool) or not isinstance(chance, (int, float)) or not 0.0 < chance < 1.0:
            raise OptionError(message("chance must be a number above 0 and below 1", given=repr(chance)))
        self.trials, self.chance = number, float(chance)
        self._looked_at, self._agreed = 0, 0

    def __call__(self, study: Any, trial: Trial) -> None:
        """Look at the study after a finished trial, now and then."""
        from tunesmith.analysis.forecast import forecast  # loads scipy

        history: History = study.history
        n = history.finished
        if n < max(LEAST_TRIALS, LEAST_BY_PARAMETER * len(history.space)) or n < self._looked_at + EVERY:
            return
        self._looked_at = n
        found = forecast(history, (self.trials,))
        if found is None or found.outlooks[-1].chance >= self.chance:
            self._agreed = 0
            return
        self._agreed += 1
        if self._agreed >= IN_A_ROW:
            study.stop(found.sentence)
