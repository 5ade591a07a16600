"""Configs that come from the user instead of the method: enqueued ones, and results known from elsewhere."""

import time

from tunesmith.errors import SpaceError, message
from tunesmith.history import History
from tunesmith.seeds import generator
from tunesmith.space import Config, Space
from tunesmith.study.telling import Result
from tunesmith.trial import Origin, Trial

FILL_TRIES = 1000  # draws for missing values before the constraints count as unmeetable


def enqueued(history: History, seed: int, number: int, partial: Config) -> Trial:
    """Waiting trial for a config from the user, or the trial that has this config already.

    Args:
        history: Trials so far.
        seed: Seed of the study.
        number: Number of the next trial.
        partial: Checked values; parameters may be missing.

    Raises:
        SpaceError: No values of the missing parameters meet the constraints.
    """
    known = _find(history, partial)
    if known is not None:
        return known
    full = _fill(history.space, partial, seed, number)
    return Trial(number, full, origin=Origin.ENQUEUED, reason="enqueued", created=time.time())


def added(history: History, number: int, config: Config, result: Result) -> Trial:
    """Finished trial for a known result, or the trial that has this result already."""
    for known in history.same(history.space.key(config)):
        trial = history[known]
        if trial.origin is Origin.ADDED and (trial.state, trial.value) == (result.state, result.value):
            return trial
    now = time.time()
    return Trial(
        number,
        config,
        result.state,
        result.value,
        failure=result.failure,
        origin=Origin.ADDED,
        reason="added",
        created=now,
        finished=now,
    )


def _find(history: History, partial: Config) -> Trial | None:
    if not history.space.unfit(partial):
        same = history.same(history.space.key(partial))
        return history[same[0]] if same else None
    for trial in history.trials:  # a partial config is filled in once, and found again by what was given
        if trial.origin is Origin.ENQUEUED and all(
            n in trial.config and trial.config[n] == v for n, v in partial.items()
        ):
            return trial
    return None


def _fill(space: Space, partial: Config, seed: int, number: int) -> Config:
    rng = generator(seed, number, "enqueue")
    defaults = {n: p.default for n, p in space.parameters.items() if p.has_default and n not in partial}
    for attempt in range(FILL_TRIES):
        config = space.draw(rng.random(len(space)), {**partial, **(defaults if attempt == 0 else {})})
        if partial.keys() <= config.keys() and space.is_allowed(config):
            return space.check(config)
    raise SpaceError(
        message(
            "no values of the missing parameters meet the constraints",
            allowed="; ".join(c.text for c in space.constraints),
            given=repr(partial),
        )
    )
