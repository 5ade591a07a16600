"""The list of studies in a store, each with the best value that its space allows now."""

from dataclasses import replace

from tunesmith.store import Store, StudySummary
from tunesmith.study.ledger import Ledger
from tunesmith.study.opening import stored_space
from tunesmith.trial import State


def listed(store: Store) -> list[StudySummary]:
    """Summaries of all studies in a store, by name; trials are read one by one only where they have to be."""
    return [_judged(store, summary) for summary in store.list_studies()]


def _judged(store: Store, summary: StudySummary) -> StudySummary:
    if summary.best_config is None:
        return summary
    space = stored_space(summary.record)
    config = space.complete(space.from_stored(summary.best_config))
    if not space.unfit(config) and space.is_allowed(config):
        return summary
    # The space was changed since, or constraints were required.
    best = Ledger(store, summary.record, space).history.best
    if best is None or best.state is not State.COMPLETE:
        return replace(summary, best_value=None, best_config=None)
    return replace(summary, best_value=best.value, best_config=space.to_stored(best.config))
