"""Configs that come from the user instead of the method: enqueued ones, and results known from elsewhere."""

import time
from collections.abc import Mapping
from typing import Any

from tunesmith.errors import OptionError, SpaceError, message
from tunesmith.history import History
from tunesmith.seeds import generator
from tunesmith.space import Config, Space
from tunesmith.study.ledger import Ledger
from tunesmith.study.telling import Result, read_result
from tunesmith.trial import Origin, Trial

FILL_TRIES = 1000  # draws for missing values before the constraints count as unmeetable


class Intake:
    """The part of Study that takes configs from the user."""

    ledger: Ledger

    def enqueue(self, config: Mapping[str, Any], reason: str = "") -> Trial:
        """Put a config first in line; each is run once, however often it is enqueued.

        Args:
            config: Values of the active parameters. Missing ones take their default, else are drawn.
            reason: Why it is worth a try, kept in the trial's reason.

        Returns:
            The waiting trial, or the trial that has this config already.

        Raises:
            ConfigError: A name is unknown, a value is not allowed, or a constraint is broken.
            OptionError: The reason is no text.
        """
        if not isinstance(reason, str):
            raise OptionError(message("the reason to enqueue a config must be text", given=repr(reason)))
        history, seed = self.ledger.history, self.ledger.record.seed
        partial = history.space.check(config, partial=True)
        if not any(history.space.is_active(n, partial) for n in history.space if n not in partial):
            history.space.check(partial)  # nothing is left to be filled in that could meet the constraints
        return self.ledger.create(lambda number: enqueued(history, seed, number, partial, reason)).copied()

    def add(self, config: Mapping[str, Any], value: object) -> Trial:
        """Add a result known from elsewhere; it informs the method and does not count towards `trials`.

        Args:
            config: Values of all active parameters.
            value: As for `tell`.

        Returns:
            The trial; adding the same result twice gives the same one.

        Raises:
            ConfigError: The config does not fit.
            TellError: The value is no result.
        """
        history = self.ledger.history
        full = history.space.check(config)
        result = read_result(value, Trial(len(history), full))
        return self.ledger.create(lambda number: added(history, number, full, result)).copied()


def enqueued(history: History, seed: int, number: int, partial: Config, why: str) -> Trial:
    """Waiting trial for a config from the user, or the trial that has this config already.

    Args:
        history: Trials so far.
        seed: Seed of the study.
        number: Number of the next trial.
        partial: Checked values; parameters may be missing.
        why: Why it is worth a try; may be empty.

    Raises:
        SpaceError: No values of the missing parameters meet the constraints.
    """
    full, is_drawn = _fill(history.space, partial, seed, number)
    how = f"enqueued, with {', '.join(partial) or 'nothing'} given" if is_drawn else "enqueued"
    known = _find(history, partial, how) if is_drawn else _same(history, full)
    if known is not None:
        return known
    reason = f"{how}: {why}" if why else how
    return Trial(number, full, origin=Origin.ENQUEUED, reason=reason, created=time.time())


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


def _same(history: History, config: Config) -> Trial | None:
    same = history.same(history.space.key(config))
    return history[same[0]] if same else None


def _find(history: History, partial: Config, how: str) -> Trial | None:
    # A config of which a part was drawn is known by what was given, and found again by that.
    wanted = history.space.key(partial)
    for trial in history.enqueued:
        if f"{trial.reason}: ".startswith(f"{how}: ") and partial.keys() <= trial.config.keys():
            given = {n: trial.config[n] for n in partial}
            if not history.space.unfit(trial.config) and history.space.key(given) == wanted:
                return trial
    return None


def _fill(space: Space, partial: Config, seed: int, number: int) -> tuple[Config, bool]:
    """Fill in a partial config, and say whether anything had to be drawn."""
    rng = generator(seed, number, "enqueue")
    defaults = {n: p.default for n, p in space.parameters.items() if p.has_default and n not in partial}
    for attempt in range(FILL_TRIES):
        fixed = {**partial, **(defaults if attempt == 0 else {})}
        config = space.draw(rng.random(len(space)), fixed)
        if partial.keys() <= config.keys() and space.is_allowed(config):
            return space.check(config), not config.keys() <= fixed.keys()
    raise SpaceError(
        message(
            "no values of the missing parameters meet the constraints",
            allowed="; ".join(c.text for c in space.constraints),
            given=repr(partial),
        )
    )
