"""The contract of a store: where studies are kept. All that makes "nothing is lost" true is a rule here.

1. Every method is atomic: after a kill at any moment it has happened wholly or not at all, and when it has
   returned, it has happened.
2. Trial numbers of a study run from 0 without gaps. `create_trial` succeeds only when its number is the next;
   of several processes that offer the same number, one wins and the others are told NUMBER_TAKEN.
3. States change only as `trial.LEGAL_CHANGES` says. Of two processes that would change the same trial, one
   wins; the other is answered False (or None) and nothing happens.
4. A RUNNING trial belongs to one worker. `finish`, `report` and `release` name the attempt; an attempt that
   is no longer the current one is answered False, except that `finish` is still taken for a trial that is
   WAITING to be run again: a result is never thrown away. When the next attempt of a WAITING trial starts,
   the reports of the attempt that was lost are dropped, unless `keeps_reports` says that it goes on from
   where they end; those from before a pause stay.
5. `limit` bounds how many trials of a study may ever have been started here: `Trial.counts`, and those given
   back to be run again, which keep their place and may be claimed when the limit is reached. It is checked
   within the same step as the start, so that many processes together never overshoot, not even when a result
   comes late.
6. `changes` returns every trial created or changed after the given revision, each once, by number, as copies.
   A reader never blocks a writer.
7. `reclaim` gives back the RUNNING trials of workers that are dead, and of nobody else: on the same machine
   and boot the process decides, across a reboot every process is dead, elsewhere a heartbeat that is older
   than `leases.EXPIRY` is, by the clock of the store where it has one. A trial lost `leases.MAX_LOST` times
   becomes FAILED (crash).
8. `create_study` makes a study or returns the one of that name; any number of processes may call it at once,
   also on a store that does not exist yet. The id of a deleted study is never given again; whoever still
   uses it is told StudyNotFound.
9. Configs are stored forms (`Space.to_stored`): JSON values only. Values keep their type and every bit.
10. What people ask of the runs of a study is kept beside its trials (`Control`) and changes none of them. A
    note on a trial is a change of that trial (rule 6) in any state, and changes nothing else about it.

`tunesmith.testing.StoreContract` checks these on any store.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from tunesmith.store.leases import Worker
from tunesmith.trial import Failure, Report, State, Trial


class Created(StrEnum):
    """What came of `create_trial`."""

    YES = "yes"
    NUMBER_TAKEN = "number taken"
    LIMIT_REACHED = "limit reached"


@dataclass(frozen=True, slots=True)
class StudyRecord:
    """A study as it is stored.

    Args:
        name: Name, unique within the store.
        direction: "minimize" or "maximize".
        space: Space as JSON values (`Space.to_dict`).
        method: Method's name and settings, as JSON values.
        scheduler: Scheduler's name and settings; None for none.
        seed: Seed, 0 to 2**63 - 1.
        info: What else belongs to the study, as JSON values: metric, data set, command.
        created: Unix time in seconds.
        elapsed: Wall time spent running so far, all sessions together, in seconds.
        id: Given by the store; -1 before.
    """

    name: str
    direction: str
    space: dict[str, Any]
    method: dict[str, Any]
    scheduler: dict[str, Any] | None
    seed: int
    info: dict[str, Any] = field(default_factory=dict)
    created: float = 0.0
    elapsed: float = 0.0
    id: int = -1


@dataclass(frozen=True, slots=True)
class StudySummary:
    """One line of the list of studies; made without reading trials one by one.

    The best of a store's own list is that of all complete trials, those that a later space no longer allows
    included; `tunesmith.studies` leaves them out.
    """

    record: StudyRecord
    states: dict[State, int]
    best_value: float | None
    last_change: float | None
    best_config: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Control:
    """What people ask of the runs of a study, wherever they are.

    Args:
        is_paused: Whether no run may start a trial.
        stops: How often all runs were told to end; a run that starts later does not mind earlier ones.
    """

    is_paused: bool = False
    stops: int = 0


class Store(Protocol):
    """Keeps studies; the rules are at the top of this file."""

    @property
    def url(self) -> str:
        """Where it is, as a user would write it, without a password; "memory" for the one that forgets."""

    @property
    def files(self) -> str:
        """Directory for what trials keep in files, absolute; empty where nothing outlives the process."""

    @property
    def is_lasting(self) -> bool:
        """Whether studies are still there when the process has ended."""

    def create_study(self, record: StudyRecord) -> StudyRecord:
        """Create a study, or return the stored one of the same name, unchanged."""

    def get_study(self, name: str) -> StudyRecord:
        """Read a study.

        Raises:
            StudyNotFound: There is none of that name; the error offers close matches.
        """

    def list_studies(self) -> list[StudySummary]:
        """Summaries of all studies, by name."""

    def update_study(
        self,
        study_id: int,
        *,
        space: dict[str, Any] | None = None,
        method: dict[str, Any] | None = None,
        scheduler: dict[str, Any] | None = None,
        info: dict[str, Any] | None = None,
    ) -> None:
        """Replace parts of a study."""

    def add_elapsed(self, study_id: int, seconds: float) -> float:
        """Add to the wall time spent and return the new total."""

    def get_control(self, study_id: int) -> Control:
        """What is asked of the runs of a study."""

    def pause_study(self, study_id: int, is_paused: bool) -> None:
        """Have no run start a trial, or let them again."""

    def stop_study(self, study_id: int) -> None:
        """Have every run that is under way end after its trials in hand; a pause ends, too."""

    def delete_study(self, name: str) -> None:
        """Delete a study with all its trials.

        Raises:
            StudyNotFound: There is none of that name.
        """

    def changes(self, study_id: int, since: int = 0) -> tuple[list[Trial], int]:
        """Trials created or changed after revision `since`, by number, and the newest revision."""

    def create_trial(
        self, study_id: int, trial: Trial, *, worker: Worker | None = None, limit: int | None = None
    ) -> Created:
        """Add a trial under its number, in its state; `worker` is required for RUNNING."""

    def claim(
        self,
        study_id: int,
        worker: Worker,
        *,
        number: int | None = None,
        limit: int | None = None,
        keeps_reports: bool = False,
        reason: str | None = None,
    ) -> Trial | None:
        """Start the next attempt of the lowest WAITING trial, or of trial `number`, WAITING or PAUSED.

        `reason`, unless None, takes the place of the trial's.

        Returns:
            The trial, now RUNNING; None when there is none to be had, or the limit is reached.
        """

    def report(self, study_id: int, number: int, attempt: int, report: Report) -> bool:
        """Add an intermediate value to a RUNNING trial; a step at or below the last is answered False."""

    def finish(
        self,
        study_id: int,
        number: int,
        attempt: int,
        state: State,
        *,
        value: float | None = None,
        failure: Failure | None = None,
        reason: str | None = None,
    ) -> bool:
        """End a trial as COMPLETE, STOPPED or FAILED, or lay it aside as PAUSED."""

    def release(self, study_id: int, number: int, attempt: int) -> bool:
        """Give a RUNNING trial back: it is WAITING again. Used when a run is interrupted."""

    def note(self, study_id: int, number: int, text: str) -> bool:
        """Replace the note on a trial; False when there is no such trial."""

    def reclaim(self, study_id: int) -> list[int]:
        """Give back the trials of dead workers, and return their numbers."""

    def orphans(self, study_id: int) -> list[int]:
        """Numbers of the trials that `reclaim` would give back; nothing is changed."""

    def check(self) -> list[str]:
        """Look the whole store over, and return what is wrong with it, one sentence each."""

    def heartbeat(self, worker: Worker) -> None:
        """Note that a worker is alive."""

    def close(self) -> None:
        """Let go of files and connections; the store may be used again and then opens them anew."""
