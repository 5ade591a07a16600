"""What a study has learnt, as methods of Study: each calls one function of `tunesmith.analysis`.

The functions are loaded when they are first used: they need SciPy, some of them Plotly and Jinja2.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from tunesmith.errors import NoFinishedTrial
from tunesmith.history import History
from tunesmith.study import words
from tunesmith.study.ledger import Ledger
from tunesmith.version import __version__

if TYPE_CHECKING:
    from tunesmith.analysis.finding import Limits
    from tunesmith.analysis.forecast import Forecast
    from tunesmith.analysis.health import Finding
    from tunesmith.analysis.identity import Identity
    from tunesmith.analysis.importance import Importances, Region
    from tunesmith.analysis.recommend import Recommendation

T = TypeVar("T")


class Insights:
    """The part of Study that looks at its trials as a whole."""

    ledger: Ledger

    def recommend(self) -> "Recommendation":
        """Config to ship: the best by what a model of all results expects of each config that was run.

        On noisy objectives the best value seen is often luck; without noise this is the config of `best`.

        Raises:
            NoFinishedTrial: There is none, as for `best`.
        """
        from tunesmith.analysis.recommend import recommend  # loads scipy, which is not needed before

        return self._known(recommend(self._synced()))

    def _synced(self) -> History:
        self.ledger.sync()
        return self.ledger.history

    def _known(self, found: T | None) -> T:
        if found is None:
            raise NoFinishedTrial(words.why_no_best(self.ledger.record.name, self.ledger.history))
        return found

    def importance(self, region: "Region" = "all") -> "Importances":
        """Which parameters matter: name to share with interval, most important first.

        Args:
            region: "all" of the space, or among the "best" configs of it.
        """
        from tunesmith.analysis.importance import importance

        return importance(self._synced(), region)

    def forecast(self, trials: Sequence[int] = (10, 20, 50)) -> "Forecast":
        """What more trials would bring, how likely, and how long they would take.

        Args:
            trials: Numbers of further trials, each 1 to 200.

        Raises:
            NoFinishedTrial: There is none, as for `best`.
        """
        from tunesmith.analysis.forecast import forecast

        return self._known(forecast(self._synced(), trials))

    def health(self) -> "tuple[Finding, ...]":
        """What is wrong with the study, and what to change in code or on the command line; often empty."""
        from tunesmith.analysis.health import health

        return health(self._synced(), self._limits(), self.ledger.record.info)

    def _limits(self) -> "Limits":
        from tunesmith.rules.tables import limits

        return limits(str(self.ledger.record.info.get("model")))  # a space of one's own has none

    def report(self, path: "str | os.PathLike[str]") -> Path:
        """Write everything that is known into one HTML file, which needs nothing else to be shown.

        Args:
            path: File to write; its folder must exist.

        Returns:
            The path.

        Raises:
            MissingExtra: Plotly or Jinja2 is not installed.
            OptionError: The file cannot be written, or its ending promises another format, as .pdf does.
        """
        from tunesmith.analysis.report import write_report

        return write_report(self._synced(), path, self._identity())

    def _identity(self) -> "Identity":
        from tunesmith.analysis.identity import Identity

        store, record = self.ledger.store, self.ledger.record
        elapsed = store.get_study(record.name).elapsed
        return Identity(
            record.name,
            store.url if store.is_lasting else None,
            record.method,
            record.seed,
            elapsed,
            record.info,
            __version__,
            self._limits(),
            record.scheduler,
        )

    def _repr_html_(self) -> str:
        """Summary for notebooks."""
        from tunesmith.analysis.summary import summary_html

        return summary_html(self._synced(), self._identity())
