"""Study: space + direction + method + all its trials, kept in a store; ask and tell.

The trials themselves, in step with the store, are the `ledger`; the loop that runs an objective is `run.py`.

    ask    take a WAITING trial if there is one, else let the method propose the next number from the history
           and offer it to the store; if another process took that number, look again and propose anew
    tell   check the value, then finish the trial in the store
"""

import os
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, overload

from tunesmith.errors import (
    NoFinishedTrial,
    OptionError,
    SpaceUsedUp,
    StudyError,
    TellError,
    message,
    not_one_of,
)
from tunesmith.execution.base import Answer
from tunesmith.execution.handle import TrialHandle
from tunesmith.execution.limits import parse_seconds
from tunesmith.fidelity import Fidelity
from tunesmith.history import Direction, History
from tunesmith.methods.base import Method
from tunesmith.methods.registry import make_method, method_settings
from tunesmith.on_class import on_class
from tunesmith.schedulers.base import Action, Decision, Scheduler
from tunesmith.schedulers.registry import make_scheduler, scheduler_settings
from tunesmith.seeds import check_seed
from tunesmith.space import Parameter, Space
from tunesmith.store import Store, StudyRecord, StudySummary, open_store
from tunesmith.store.stored_json import copied
from tunesmith.study import opening, words
from tunesmith.study.frame import to_frame
from tunesmith.study.insights import Insights
from tunesmith.study.intake import Intake
from tunesmith.study.ledger import Ledger
from tunesmith.study.listing import listed
from tunesmith.study.pacing import Pacing
from tunesmith.study.steering import Steering
from tunesmith.study.telling import (
    NOTHING,
    check_own,
    check_same,
    read_reason,
    read_result,
    unknown_trial,
)
from tunesmith.trial import State, Trial
from tunesmith.whole import whole

if TYPE_CHECKING:
    import pandas as pd

RECLAIM_EVERY = 5.0  # seconds between looks for trials of dead workers


class Study(Intake, Insights, Steering):
    """A search: its space, direction, method and trials.

    A study of a name that the store already has is reopened: it goes on with its stored seed and method.

    Args:
        space: What is searched; constraints that it is given later do not reach the study.
        direction: "minimize" or "maximize"; None for that of the stored study, or "minimize".
        method: Name of a method, or a method; "auto" goes on with the stored one.
        scheduler: How far each trial goes: a name, or a scheduler; None for the stored one, or
            "curves" ("hyperband" with the method "bohb").
        fidelity: How far trials may be trained; None for the stored one, or for all the way every time.
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
        space: Space | Mapping[str, Parameter],
        *,
        direction: Direction | None = None,
        method: "str | Method" = "auto",
        scheduler: "str | Scheduler | None" = None,
        fidelity: Fidelity | None = None,
        store: str | os.PathLike[str] | Store | None = None,
        name: str | None = None,
        seed: Any = None,
        info: Mapping[str, Any] | None = None,
    ) -> None:
        space = opening.own_space(space)
        if direction not in (None, "minimize", "maximize"):
            raise OptionError(not_one_of("direction is unknown", direction, ("minimize", "maximize")))
        made, name = make_method(method), opening.check_name(name)
        seed = None if seed is None else check_seed(seed)
        opened, stored = opening.find_study(store, name)
        made_scheduler = opening.choose_scheduler(stored, scheduler, fidelity, made.name)
        if stored is None or method != "auto":
            made.plan(space)  # refuses a space that the method cannot search
        wanted = StudyRecord(
            name=name,
            direction=direction or "minimize",
            space=space.to_dict(),
            method=copied("the method's settings", method_settings(made)),
            scheduler=None if made_scheduler is None else scheduler_settings(made_scheduler),
            seed=check_seed(seed),
            info=opening.own_info(info) | ({} if fidelity is None else {"fidelity": fidelity.to_dict()}),
            created=time.time(),
        )
        opened = opened or open_store(store)  # which makes a file, after all that can be refused was
        record = opened.create_study(wanted)
        is_new = (record.created, record.seed) == (wanted.created, wanted.seed)
        goes_on = not is_new and method == "auto"
        self._attach(opened, record, space, make_method(record.method) if goes_on else made, made_scheduler)
        if is_new:
            self.notes += self.ledger.set_files_aside()
        else:
            self.notes += opening.settle(
                self.ledger,
                wanted,
                has_direction=direction is not None,
                has_seed=seed is not None,
                has_method=not goes_on,
            )

    @on_class
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
        record = opened.get_study(opening.only_name(opened) if name is None else opening.check_name(name))
        self = cls.__new__(cls)
        self._attach(opened, record, opening.stored_space(record), make_method(record.method), None)
        self.notes += opening.lost_options(record, self.space)
        return self

    def _attach(
        self, store: Store, record: StudyRecord, space: Space, method: Method, scheduler: Scheduler | None
    ) -> None:
        self.ledger = Ledger(store, record, space)
        self.method = method
        self.scheduler = make_scheduler(record.scheduler or "none") if scheduler is None else scheduler
        self.pacing = Pacing(self.ledger, self.scheduler, method)
        self.notes: list[str] = []
        """What reopening changed, in words."""
        self.stop_reason = ""
        """Why the last run ended, in words."""
        self._stop_requested = ""

    # -- what is known -----------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        """Name within the store."""
        return self.ledger.record.name

    @property
    def space(self) -> Space:
        """What is searched."""
        return self.history.space

    @property
    def store(self) -> Store:
        """Where the study is kept."""
        return self.ledger.store

    @property
    def history(self) -> History:
        """All trials as arrays, as they were when last read; `trials` reads anew."""
        return self.ledger.history

    @property
    def direction(self) -> Direction:
        """Whether low or high values are good."""
        return self.history.direction

    @property
    def seed(self) -> int:
        """Seed of everything random."""
        return self.ledger.record.seed

    @property
    def trials(self) -> tuple[Trial, ...]:
        """All trials by number, as they are now, those of other processes included."""
        self.ledger.sync()
        return tuple(t.copied() for t in self.history.trials)

    @property
    def best(self) -> Trial:
        """The complete trial with the best value that meets the constraints; the earliest of equals.

        Raises:
            NoFinishedTrial: There is none; the error says how many failed, and how the first did.
        """
        self.ledger.sync()
        if self.history.best is None:
            raise NoFinishedTrial(words.why_no_best(self.name, self.history, self.stop_reason))
        return self.history.best.copied()

    def to_frame(self) -> "pd.DataFrame":
        """All trials as a pandas data frame: one row a trial, one column a parameter (`config.NAME`).

        Raises:
            MissingExtra: pandas is not installed.
        """
        self.ledger.sync()
        return to_frame(self.history)

    # -- ask and tell ------------------------------------------------------------------------------------

    @overload
    def ask(self, n: None = None, *, keep: float | str | None = None) -> TrialHandle: ...
    @overload
    def ask(self, n: int, *, keep: float | str | None = None) -> list[TrialHandle]: ...
    def ask(
        self, n: int | None = None, *, keep: float | str | None = None
    ) -> TrialHandle | list[TrialHandle]:
        """Take the next trial, or the next n, to be run by you and told.

        Args:
            n: None for one; else how many, 1 or more: configs that are useful together.
            keep: How long it waits to be told by its number, from any process: "12h", or seconds. None: as
                long as this process lives. Later the next ask takes it again.

        Returns:
            The trial, or a list of up to n (fewer when the space is used up).

        Raises:
            SpaceUsedUp: There is no config left to try.
        """
        count = 1 if n is None else whole(n)
        if count is None or count < 1:
            raise OptionError(message("n must be a whole number of 1 or more", given=repr(n)))
        taken: list[TrialHandle] = []
        with self.ledger.keeping(None if keep is None else parse_seconds(keep, "keep")):
            while len(taken) < count:
                try:
                    if (trial := self.next_trial(None)) is None:
                        raise SpaceUsedUp("nothing can be started before a trial under way is told")
                    taken.append(self.handle(trial))
                except SpaceUsedUp:
                    if not taken:
                        raise
                    break
        return taken[0] if n is None else taken

    def next_trial(self, limit: int | None) -> Trial | None:
        """Take the next trial for a run: None when `limit` are started and none of them can go on now.

        Raises:
            SpaceUsedUp: There is no config left to try.
        """
        with self.ledger.lock:
            self.ledger.reclaim(every=RECLAIM_EVERY)
            return self.pacing.next(limit)

    def handle(self, trial: Trial) -> TrialHandle:
        """What the objective of a trial that was taken is given; `ask` takes one and makes it."""
        send = self._reporter(trial.number, trial.attempt)
        return TrialHandle.of(self.pacing.job(trial), send, trial.created)

    def tell(
        self, trial: "TrialHandle | Trial | int", value: object = NOTHING, *, state: object = NOTHING
    ) -> None:
        """Tell the result of a trial.

        Args:
            trial: What `ask` returned, or its number.
            value: A number; NaN or infinity, which is a failure; State.FAILED or "failed"; State.STOPPED or
                "stopped" (its value is the last report); or the exception that it raised.
            state: The same for a state, by keyword.

        Raises:
            TellError: The trial is unknown or another study's, was told something else before, or this is no
                result. The trial can still be told.
        """
        if (value is NOTHING) == (state is NOTHING):
            raise TellError(message("a trial is told one thing", allowed="a value, or a state"))
        number = whole(getattr(trial, "number", trial))
        with self.ledger.lock:
            if number is None or not 0 <= number < len(self.history):
                self.ledger.sync()
            if number is None or not 0 <= number < len(self.history):
                raise TellError(unknown_trial(trial, number, len(self.history)))
            check_own(trial, self.history[number], self.name)
            result = read_result(state if value is NOTHING else value, self.history[number])
            attempt = getattr(trial, "attempt", self.history[number].attempt)
            if result.state is State.COMPLETE and self._take(trial, number, attempt, result.value):
                return
            if result.state is State.FAILED:
                at = trial.paid if isinstance(trial, TrialHandle) else None
                told_now = self.pacing.fail(number, attempt, result.failure, at)
            else:
                told_now = self.ledger.finish(number, attempt, result.state, value=result.value)
            if not told_now:
                check_same(self.history[number], result)

    def _take(self, trial: object, number: int, attempt: int, value: float | None) -> bool:
        """Take a value told for a trial that the scheduler ended, or that went to its target in one go."""
        known = self.history[number]
        at = trial.at if isinstance(trial, TrialHandle) else None
        if known.attempt != attempt or known.state not in (State.RUNNING, State.PAUSED):
            return False
        if known.state is State.PAUSED:  # told again, it is no further than it was
            return isinstance(trial, TrialHandle) and (trial.stop_requested or at is not None)
        if self.pacing.decided(number, attempt) is not None:
            self.pacing.end(number, attempt)
        elif at is not None and value is not None:
            self.pacing.take(number, attempt, value, at)
        else:
            return False
        return True

    def take_report(self, number: int, attempt: int, step: int, value: float) -> Decision:
        """Keep an intermediate value and let the scheduler decide; what `trial.report` comes to."""
        return self.pacing.report(number, attempt, step, value)

    def _reporter(self, number: int, attempt: int) -> Callable[[int, float], Answer]:
        def send(step: int, value: float) -> Answer:
            decision = self.take_report(number, attempt, step, value)
            return Answer.CONTINUE if decision.action is Action.CONTINUE else Answer.END

        return send

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
        self._stop_requested = read_reason(reason)

    def take_stop_request(self) -> str:
        """Reason given to `stop` since the last call; empty when there is none."""
        reason, self._stop_requested = self._stop_requested, ""
        return reason

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle a stored study as its store and name; one in memory cannot leave its process."""
        if not self.store.is_lasting:
            raise StudyError(
                message(
                    f"study {self.name!r} lives in memory and cannot be copied or pickled",
                    fix='Give it a store, for example store="tune.db".',
                )
            )
        return _reopen, (self.store, self.name, self.space)

    def __repr__(self) -> str:
        """One line: name, direction, trials, best."""
        best = self.history.best
        shown = f", best {best.value!r} (trial {best.number})" if best else ""
        return f"<Study {self.name!r}: {self.direction}, {words.counted(len(self.history), 'trial')}{shown}>"


def _reopen(store: Store, name: str, space: Space) -> Study:
    return Study(space, store=store, name=name)


def studies(store: str | os.PathLike[str] | Store) -> list[StudySummary]:
    """Summaries of all studies in a store, by name, each with the best value that its space allows.

    Raises:
        StoreError: There is no such store.
    """
    return listed(open_store(store, must_exist=True))
