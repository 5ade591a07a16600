"""Study: space + direction + method + all its trials, kept in a store; ask and tell.

The loop that runs an objective is `run.py`. What the store promises (numbers without gaps, one winner among
processes, leases) is `store/base.py`; here those promises are turned into ask and tell:

    ask    take a WAITING trial if there is one, else let the method propose the next number from the history
           and offer it to the store; if another process took that number, look again and propose anew
    tell   check the value, then finish the trial in the store
"""

import os
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, overload
from urllib.parse import quote

from tunesmith.errors import (
    NoFinishedTrial,
    OptionError,
    SpaceUsedUp,
    StoreError,
    TellError,
    message,
)
from tunesmith.execution.base import Answer
from tunesmith.execution.handle import TrialHandle
from tunesmith.history import Direction, History
from tunesmith.methods.base import Method, UsedUp
from tunesmith.methods.registry import make_method, method_settings
from tunesmith.schedulers.base import Action, Decision, Scheduler
from tunesmith.seeds import check_seed, generator
from tunesmith.space import Space
from tunesmith.store import Store, StudyRecord, StudySummary, open_store
from tunesmith.store.base import Created
from tunesmith.store.leases import Worker, this_worker
from tunesmith.study.frame import to_frame
from tunesmith.study.intake import added, enqueued
from tunesmith.study.opening import check_name, direction_of, only_name, settle, stored_space
from tunesmith.study.telling import read_result
from tunesmith.trial import Failure, Report, State, Trial

if TYPE_CHECKING:
    import pandas as pd

    from tunesmith.study.recommend import Recommendation

RECLAIM_EVERY = 5.0  # seconds between looks for trials of dead workers


class Study:
    """A search: its space, direction, method and trials.

    A study of a name that the store already has is reopened: it goes on with its stored seed and method.

    Args:
        space: What is searched.
        direction: "minimize" or "maximize"; None for that of the stored study, or "minimize".
        method: Name of a method, or a method; "auto" goes on with the stored one.
        scheduler: How far each trial goes; None for all the way.
        store: None for memory, a path such as "tune.db", or a store.
        name: Name within the store.
        seed: Int of 0 or more; None for the stored one, or one drawn from the system.
        info: What else belongs to the study, as JSON values (metric, data set); checked on reopening.

    Raises:
        StudyMismatch: The stored study has another direction, seed or info.
        OptionError: An argument is not allowed.
        StoreError: The store cannot be opened.

    Example:
        >>> from tunesmith.space import Float, Space
        >>> study = Study(Space(x=Float(-1, 1)), method="random", seed=0)
        >>> for _ in range(20):
        ...     trial = study.ask()
        ...     study.tell(trial, trial.config["x"] ** 2)
        >>> study.best.value < 0.1
        True
    """

    def __init__(
        self,
        space: Space,
        *,
        direction: Direction | None = None,
        method: "str | Method" = "auto",
        scheduler: "Scheduler | None" = None,
        store: str | os.PathLike[str] | Store | None = None,
        name: str | None = None,
        seed: Any = None,
        info: Mapping[str, Any] | None = None,
    ) -> None:
        if not isinstance(space, Space):
            raise OptionError(
                message(
                    "space must be a Space",
                    given=type(space).__name__,
                    fix="Write ts.Space(lr=ts.Float(1e-5, 0.1, log=True)).",
                )
            )
        if direction not in (None, "minimize", "maximize"):
            raise OptionError(
                message("direction is unknown", allowed="minimize, maximize", given=repr(direction))
            )
        self.store = open_store(store)
        self.space = space
        made = make_method(method)
        wanted = StudyRecord(
            name=check_name(name),
            direction=direction or "minimize",
            space=space.to_dict(),
            method=method_settings(made),
            scheduler=None,
            seed=check_seed(seed),
            info=dict(info or {}),
            created=time.time(),
        )
        record = self.store.create_study(wanted)
        self.notes: list[str] = []
        """What reopening changed, in words."""
        self._attach(record, scheduler)
        if record.created != wanted.created or record.seed != wanted.seed:  # it was there before
            self.notes = settle(
                self,
                wanted,
                has_direction=direction is not None,
                has_seed=seed is not None,
                has_method=method != "auto",
            )

    @classmethod
    def open(cls, store: str | os.PathLike[str] | Store, name: str | None = None) -> "Study":
        """Open a stored study with everything as it was stored; a missing file or study is an error.

        Args:
            store: Path or store.
            name: Name of the study; None for the only one there is.

        Raises:
            StoreError: There is no such store.
            StudyNotFound: There is no such study, or several and no name was given.
        """
        opened = open_store(store, must_exist=True)
        record = opened.get_study(name if name is not None else only_name(opened))
        self = cls.__new__(cls)
        self.store = opened
        self.space = stored_space(record)
        self.notes = []
        self._attach(record, None)
        return self

    def _attach(self, record: StudyRecord, scheduler: Scheduler | None) -> None:
        self.record = record
        self.scheduler = scheduler
        self.method: Method = make_method(record.method)
        self.history = History(self.space, direction_of(record))
        self.stop_reason = ""
        """Why the last run ended, in words."""
        self._revision = 0
        self._lock = threading.RLock()
        self._plain = self.space.is_stored_plainly
        self._last_reclaim = 0.0
        self._stop_requested = ""
        self.sync()

    # -- what is known -----------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        """Name within the store."""
        return self.record.name

    @property
    def direction(self) -> Direction:
        """Whether low or high values are good."""
        return self.history.direction

    @property
    def seed(self) -> int:
        """Seed of everything random."""
        return self.record.seed

    @property
    def trials(self) -> tuple[Trial, ...]:
        """All trials by number, as they are now, those of other processes included."""
        self.sync()
        return tuple(self.history.trials)

    @property
    def best(self) -> Trial:
        """The complete trial with the best value that meets the constraints; the earliest of equals.

        Raises:
            NoFinishedTrial: There is none; the error says how many failed, and how the first did.
        """
        self.sync()
        if self.history.best is None:
            raise NoFinishedTrial(self._why_no_best())
        return self.history.best

    def recommend(self) -> "Recommendation":
        """Config to ship: the best by what a model of all results expects of each config that was run.

        On noisy objectives the best value seen is often luck; without noise this is the config of `best`.

        Raises:
            NoFinishedTrial: There is none, as for `best`.
        """
        from tunesmith.study.recommend import recommend  # loads scipy, which is not needed before

        self.sync()
        found = recommend(self.history)
        if found is None:
            raise NoFinishedTrial(self._why_no_best())
        return found

    def _why_no_best(self) -> str:
        states = self.history.states
        counts = ", ".join(f"{c} {s.value}" for s, c in states.items() if c) or "no trials at all"
        text = message(f"study {self.name!r} has no finished trial yet", given=counts)
        if states[State.COMPLETE]:
            text = message(f"no finished trial of study {self.name!r} meets the constraints", given=counts)
        first = next((t for t in self.history.trials if t.failure), None)
        if first is not None and first.failure is not None:
            text += f" Trial {first.number} failed first: {first.failure.message}"
        return text

    def to_frame(self) -> "pd.DataFrame":
        """All trials as a pandas data frame: one row a trial, one column a parameter (`config.NAME`).

        Raises:
            MissingExtra: pandas is not installed.
        """
        self.sync()
        return to_frame(self.history)

    def sync(self) -> None:
        """Read what other processes have changed; done by itself wherever it matters."""
        with self._lock:
            changed, self._revision = self.store.changes(self.record.id, self._revision)
            for trial in changed:
                if not self._plain:
                    trial = replace(trial, config=self.space.from_stored(trial.config))
                self.history.record(trial)

    # -- ask and tell ------------------------------------------------------------------------------------

    @overload
    def ask(self, n: None = None) -> TrialHandle: ...
    @overload
    def ask(self, n: int) -> list[TrialHandle]: ...
    def ask(self, n: int | None = None) -> TrialHandle | list[TrialHandle]:
        """Take the next trial, or the next n, to be run by you and told.

        Args:
            n: None for one trial; else how many, 1 or more: configs that are useful together.

        Returns:
            The trial, or a list of up to n (fewer when the space is used up).

        Raises:
            SpaceUsedUp: There is no config left to try.
        """
        if n is None:
            return self._handle(self._next(None))
        if isinstance(n, bool) or not isinstance(n, int) or n < 1:
            raise OptionError(message("n must be a whole number of 1 or more", given=repr(n)))
        taken: list[TrialHandle] = []
        for _ in range(n):
            try:
                taken.append(self._handle(self._next(None)))
            except SpaceUsedUp:
                if not taken:
                    raise
                break
        return taken

    def next_trial(self, limit: int | None) -> Trial | None:
        """Take the next trial for a run: None when `limit` trials have been started.

        Raises:
            SpaceUsedUp: There is no config left to try.
        """
        try:
            return self._next(limit)
        except _LimitReached:
            return None

    def _next(self, limit: int | None) -> Trial:
        with self._lock:
            self.reclaim(every=RECLAIM_EVERY)
            self.sync()
            if limit is not None and self.history.counted >= limit:
                raise _LimitReached
            if self.history.states[State.WAITING]:
                claimed = self.store.claim(self.record.id, this_worker(), limit=limit)
                if claimed is not None:
                    self.sync()
                    return self.history[claimed.number]
            return self._create(self._propose, this_worker(), limit)

    def _propose(self, number: int) -> Trial:
        proposal = self.method.propose(self.history, number, self.seed)
        if isinstance(proposal, UsedUp):
            raise SpaceUsedUp(proposal.words)
        now = time.time()
        return Trial(
            number,
            proposal.config,
            State.RUNNING,
            reason=proposal.reason,
            is_repeat=proposal.is_repeat,
            attempt=1,
            created=now,
            started=now,
        )

    def _handle(self, trial: Trial) -> TrialHandle:
        return TrialHandle(
            number=trial.number,
            attempt=trial.attempt,
            config=dict(trial.config),
            seed=self.objective_seed(trial.number),
            folder=self.folder(trial.number),
            send=self.reporter(trial.number, trial.attempt),
        )

    def objective_seed(self, number: int) -> int:
        """A number for the objective's own randomness, the same for every attempt of a trial."""
        return int(generator(self.seed, number, "objective").integers(2**31))

    def folder(self, number: int) -> str:
        """Directory for a trial's checkpoints, beside the store; empty for a study in memory.

        It is made when the objective first asks for it (`trial.folder`), and the same for every attempt.
        """
        if self.store.url == "memory":
            return ""
        return os.path.abspath(f"{self.store.url}.files/{quote(self.name, safe=' ')}/{number}")

    def tell(self, trial: "TrialHandle | Trial | int", told: object) -> None:
        """Tell the result of a trial.

        Args:
            trial: What `ask` returned, or its number.
            told: A number; NaN or infinity, which is a failure; State.FAILED or "failed"; State.STOPPED or
                "stopped" (its value is the last report); or the exception that it raised.

        Raises:
            TellError: The trial is unknown, was told something else before, or this is no result. The trial
                can still be told.
        """
        number = (
            trial
            if isinstance(trial, int) and not isinstance(trial, bool)
            else getattr(trial, "number", None)
        )
        with self._lock:
            if number is None or not 0 <= number < len(self.history):
                self.sync()
            if number is None or not 0 <= number < len(self.history):
                raise TellError(
                    message(
                        "the trial is unknown",
                        given=repr(trial),
                        allowed=f"0 to {len(self.history) - 1}",
                        fix="For the result of a config never asked for, use study.add(config, value).",
                    )
                )
            result = read_result(told, self.history[number])
            attempt = getattr(trial, "attempt", self.history[number].attempt)
            if not self.finish(number, attempt, result.state, value=result.value, failure=result.failure):
                self._check_same(self.history[number], result.state, result.value)

    def _check_same(self, trial: Trial, state: State, value: float | None) -> None:
        if trial.is_finished:
            if (trial.state, trial.value) == (state, value):
                return
            kept = trial.value if trial.value is not None else trial.state.value
            raise TellError(
                message(
                    f"trial {trial.number} was told before",
                    given=repr(value if value is not None else state.value),
                    allowed=f"{kept!r} again",
                    fix="The first result is kept.",
                )
            )
        raise TellError(
            message(
                f"trial {trial.number} was taken over by another worker (attempt {trial.attempt})",
                fix="Its result will come from there.",
            )
        )

    def finish(
        self,
        number: int,
        attempt: int,
        state: State,
        *,
        value: float | None = None,
        failure: Failure | None = None,
        reason: str | None = None,
    ) -> bool:
        """End a trial in the store; False when it is not this attempt's any more."""
        with self._lock:
            done = self.store.finish(
                self.record.id, number, attempt, state, value=value, failure=failure, reason=reason
            )
            self.sync()
            return done

    def release(self, number: int, attempt: int) -> bool:
        """Give a running trial back, to be run again."""
        with self._lock:
            done = self.store.release(self.record.id, number, attempt)
            self.sync()
            return done

    def report(self, number: int, attempt: int, step: int, value: float) -> Decision:
        """Keep an intermediate value and let the scheduler decide."""
        with self._lock:
            started = self.history[number].started or time.time()
            kept = self.store.report(
                self.record.id, number, attempt, Report(step, value, time.time() - started)
            )
            self.sync()
            if not kept:
                return Decision(Action.STOP, "another worker has this trial now")
            if self.scheduler is None:
                return Decision()
            return self.scheduler.after_report(self.history, self.history[number])

    def reporter(self, number: int, attempt: int) -> Callable[[int, float], Answer]:
        """What a trial's handle calls for each report."""

        def send(step: int, value: float) -> Answer:
            decision = self.report(number, attempt, step, value)
            return Answer.CONTINUE if decision.action is Action.CONTINUE else Answer.END

        return send

    def reclaim(self, every: float = 0.0) -> list[int]:
        """Give back the trials of dead workers, unless that was done within the last `every` seconds."""
        now = time.monotonic()
        if self._last_reclaim and now - self._last_reclaim < every:
            return []
        self._last_reclaim = now
        numbers = self.store.reclaim(self.record.id)
        if numbers:
            self.sync()
        return numbers

    # -- configs from the user ---------------------------------------------------------------------------

    def enqueue(self, config: Mapping[str, Any]) -> Trial:
        """Put a config first in line; each is run once, however often it is enqueued.

        Args:
            config: Values of the active parameters. Missing ones take their default, else are drawn.

        Returns:
            The waiting trial, or the trial that has this config already.

        Raises:
            ConfigError: A name is unknown, a value is not allowed, or a constraint is broken.
        """
        partial = self.space.check(config, partial=True)
        return self._create(lambda number: enqueued(self.history, self.seed, number, partial))

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
        full = self.space.check(config)
        result = read_result(value, Trial(len(self.history), full))
        return self._create(lambda number: added(self.history, number, full, result))

    def _create(
        self, build: Callable[[int], Trial], worker: Worker | None = None, limit: int | None = None
    ) -> Trial:
        """Offer what `build` makes of the next number to the store, anew while others take that number."""
        with self._lock:
            self.sync()
            while True:
                trial = build(len(self.history))
                if trial.number < len(self.history):
                    return trial  # it is there already
                stored = replace(trial, config=self.space.to_stored(trial.config))
                created = self.store.create_trial(self.record.id, stored, worker=worker, limit=limit)
                if created is Created.LIMIT_REACHED:
                    raise _LimitReached
                self.sync()
                if created is Created.YES:
                    return self.history[trial.number]
                if len(self.history) <= trial.number:
                    raise StoreError(
                        message(
                            f"store {self.store.url!r} is damaged: trial {trial.number} is taken "
                            f"and does not show it",
                            fix="Look at it: tunesmith doctor",
                        )
                    )

    # -- running -----------------------------------------------------------------------------------------

    def run(self, objective: Callable[..., Any], **options: Any) -> "Study":
        """Run an objective until `trials`, `time` or the space is used up; see `tunesmith.minimize`.

        Returns:
            The study itself.
        """
        from tunesmith.study.run import run

        return run(self, objective, **options)

    def stop(self, reason: str = "stopped by a callback") -> None:
        """End the run under way after the trials in hand; for callbacks."""
        self._stop_requested = reason

    def take_stop_request(self) -> str:
        """Reason given to `stop` since the last call; empty when there is none."""
        reason, self._stop_requested = self._stop_requested, ""
        return reason

    def __repr__(self) -> str:
        """One line: name, direction, trials, best."""
        best = self.history.best
        shown = f", best {best.value!r} (trial {best.number})" if best else ""
        return f"<Study {self.name!r}: {self.direction}, {len(self.history)} trials{shown}>"


class _LimitReached(Exception):
    """As many trials as were asked for have been started."""


def studies(store: str | os.PathLike[str] | Store) -> list[StudySummary]:
    """Summaries of all studies in a store, by name.

    Raises:
        StoreError: There is no such store.
    """
    return open_store(store, must_exist=True).list_studies()
