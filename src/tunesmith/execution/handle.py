"""TrialHandle: what an objective gets as its second argument.

It knows nothing of studies or stores: whoever runs the objective gives it a function that takes a report and
answers it. How the objective is called is in `values.py`, how a job is run in `worker.py`.
"""

import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from tunesmith.errors import ObjectiveError, message
from tunesmith.execution.base import Answer, Course, Job, Use
from tunesmith.execution.values import as_float
from tunesmith.whole import whole

LARGEST_STEP = 2**63 - 1  # that a database can hold

Send: TypeAlias = Callable[[int, float], Answer]
"""Takes (step, value) of a report and answers it."""


class TrialHandle:
    """A running trial as its objective sees it.

    Args:
        number: Number of the trial.
        attempt: Which attempt to run it this is, from 1.
        config: Values of the active parameters.
        seed: A number for the objective's own randomness; the same for every attempt.
        folder: Directory for checkpoints; empty when there is none.
        course: How far it is to go; None where the study has no fidelity.
        direction: "minimize" or "maximize", as the study has it; empty when it is not known.
        send: Takes a report and answers it.
        created: When the trial came into its study, Unix time; None when it is not known.

    Example:
        >>> handle = TrialHandle(0, 1, {"x": 2}, send=lambda step, value: Answer.END)
        >>> handle.report(0.5)
        >>> handle.stop_requested
        True
    """

    def __init__(
        self,
        number: int,
        attempt: int,
        config: Mapping[str, Any],
        seed: int = 0,
        folder: str | Path = "",
        course: Course | None = None,
        direction: str = "",
        *,
        send: Send,
        created: float | None = None,
    ) -> None:
        self.number = number
        self.attempt = attempt
        self.config: dict[str, Any] = dict(config)
        self.seed = seed
        self.direction = direction
        self.created = created
        self._folder = str(folder)
        self._send = send
        self._course = course
        self._used: set[Use] = set()
        self._last_step = 0  # of the reports of this attempt
        self._step = 0  # that `steps` gave out last
        self._stop_requested = False
        self._has_ended = False
        self._error: ObjectiveError | None = None
        self._lock = threading.Lock()  # training libraries report from threads of their own

    @classmethod
    def of(cls, job: Job, send: Send, created: float | None = None) -> "TrialHandle":
        """Handle of a job, for its objective."""
        return cls(
            job.number,
            job.attempt,
            job.config,
            job.seed,
            job.folder,
            job.course,
            job.direction,
            send=send,
            created=created,
        )

    @property
    def has_folder(self) -> bool:
        """Whether there is a place for the trial's files."""
        return bool(self._folder)

    @property
    def folder(self) -> Path:
        """Directory for checkpoints, the same for every attempt; it is made when first asked for.

        Save under another name, then rename, so that a kill leaves the old checkpoint or the new one:

            new = trial.folder / "model.new"
            torch.save(model.state_dict(), new)
            new.replace(trial.folder / "model.pt")

        Raises:
            ObjectiveError: The study has no place for files.
        """
        if not self._folder:
            raise ObjectiveError(
                message(
                    f"trial {self.number} has no folder, as its study has no place for files",
                    fix='Give the study a store, for example store="tune.db".',
                )
            )
        self._used.add(Use.FOLDER)
        path = Path(self._folder)
        path.mkdir(parents=True, exist_ok=True)
        return path

    @property
    def used(self) -> frozenset[Use]:
        """What the objective has used so far."""
        return frozenset(self._used)

    @property
    def fidelity(self) -> int:
        """How far to go in this call: rows, folds or trees to use. The value that you return belongs to it.

        The scheduler may call the objective again, for the same config, with more.

        Raises:
            ObjectiveError: The study has no fidelity, or nobody knows how far.
        """
        course = self._course
        if course is None:
            fix = 'Give the study one, for example fidelity=ts.Fidelity("row", 500, 20_000).'
            raise ObjectiveError(message("trial.fidelity: the study has no fidelity", fix=fix))
        until = course.until or course.high
        if until is None:
            fix = "Give the fidelity a high, or use a scheduler."
            raise ObjectiveError(message(f"trial.fidelity: how many {course.name}s is not known", fix=fix))
        self._used.add(Use.FIDELITY)
        return until

    @property
    def at(self) -> int | None:
        """Step that the returned value belongs to; None unless the objective goes there in one go."""
        if Use.FIDELITY not in self._used or Use.STEPS in self._used or self._course is None:
            return None
        return self._course.until or self._course.high

    @property
    def paid(self) -> int | None:
        """Step that a failure costs: where it was to go in one go; None where it reports on the way."""
        return None if Use.REPORT in self._used else self.at

    def steps(self, *, after: int | None = None) -> Iterator[int]:
        """Give the next step to train, again and again, until the scheduler stops or pauses the trial.

        The first is the one behind the last that was reported, in this or an earlier attempt; 1 where
        the fidelity says that training is not resumable.

        Args:
            after: Step that the checkpoint you loaded was saved after; 0 when there was none.

        Raises:
            ObjectiveError: The study has no fidelity, or `after` is no step.

        Example:
            >>> course = Course("epoch", last=3, until=9, high=27)
            >>> handle = TrialHandle(0, 2, {}, course=course, send=lambda step, value: Answer.CONTINUE)
            >>> next(handle.steps())
            4
        """
        course = self._course
        if course is None:
            fix = 'Give the study one: fidelity=ts.Fidelity("epoch", 1, 50).'
            raise ObjectiveError(message("trial.steps(): the study has no fidelity", fix=fix))
        self._used.add(Use.STEPS)
        begun = whole(after)
        if after is None:
            begun = course.last if course.resumes else 0
        elif begun is None or begun < 0:
            allowed = "the step of your checkpoint, or 0"
            raise ObjectiveError(
                message("trial.steps(): after is no step", allowed=allowed, given=repr(after))
            )
        assert begun is not None
        return self._count(max(begun, self._last_step), course.high)

    def _count(self, step: int, high: int | None) -> Iterator[int]:
        while not self._stop_requested and (high is None or step < high):
            step += 1
            self._step = step
            yield step

    @property
    def stop_requested(self) -> bool:
        """Whether the objective should return now; what it returns then is not used."""
        return self._stop_requested

    def report(self, value: Any, step: int | None = None) -> None:
        """Report an intermediate value, so that it is kept and a scheduler can judge the trial.

        Args:
            value: What was measured, a number in the direction of the study; may be NaN.
            step: How far the trial is, 1 or more and above the last step; None for the one that `steps` gave,
                else the step after the last.

        Raises:
            ObjectiveError: The value is no number, the step does not rise, or the trial has ended.
        """
        try:
            number = as_float(value, "trial.report() was given")
        except ObjectiveError as error:
            raise self.refuse(error) from None
        self._used.add(Use.REPORT)
        with self._lock:
            if self._has_ended:  # or the value would be taken for one of the trial that runs now
                fix = "Make callbacks anew in each trial, and join threads before it ends."
                raise ObjectiveError(message(f"trial {self.number} has ended: it takes no reports", fix=fix))
            step = self._next_step(step)
            # What an earlier attempt reported is there already: it is neither kept nor judged twice.
            is_known = self._course is not None and step <= self._course.last
            if not self._stop_requested and not is_known:
                self._stop_requested = self._send(step, number) is Answer.END
            self._last_step = step

    def end(self) -> None:
        """Take no more reports; one under way is answered first."""
        with self._lock:
            self._has_ended = True

    def _next_step(self, step: int | None) -> int:
        if step is None:
            return max(self._last_step + 1, self._step)
        plain = whole(step)
        if plain is None or not self._last_step < plain <= LARGEST_STEP:
            most = f", at most {LARGEST_STEP}" if plain is not None and plain > LARGEST_STEP else ""
            raise self.refuse(
                ObjectiveError(
                    message(
                        f"trial {self.number}: the steps of reports must rise",
                        allowed=f"a whole number of {self._last_step + 1} or more{most}",
                        given=repr(step),
                        fix="Steps count from 1: the value after the first epoch belongs to step 1.",
                    )
                )
            )
        return plain

    def refuse(self, error: ObjectiveError) -> ObjectiveError:
        """Keep a mistake in the use of the trial, which some training libraries would swallow.

        Returns:
            The error, to be raised; the run ends with the first one, whatever became of it on the way.
        """
        self._error = self._error or error
        return error

    @property
    def error(self) -> ObjectiveError | None:
        """The first mistake that was refused; None for none."""
        return self._error

    def __reduce__(self) -> str:
        """Refuse to be pickled."""
        raise TypeError(
            message(
                "a running trial cannot be sent to another process",
                fix="Send its config, return values from there, and report them here.",
            )
        )

    def __repr__(self) -> str:
        """Number, attempt and config."""
        return f"TrialHandle(number={self.number}, attempt={self.attempt}, config={self.config!r})"
