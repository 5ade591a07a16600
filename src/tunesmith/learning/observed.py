"""A history as the arrays that a model of the loss is made from, kept up to date at a cost by new trial.

| symbol | meaning | shape |
|---|---|---|
| n | trials of the history, in any state | |
| U, A, Z | positions, activity and encoded configs of all trials, see `encoding` | (n, d), (n, d), (n, p) |
| status | what is known of each trial | (n,) |

What is not here: anything that a method decides.
"""

# ruff: noqa: N802, N806 - symbols of the notation in `encoding`

from collections.abc import Iterable
from enum import IntEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from tunesmith.history import History
from tunesmith.learning.encoding import Encoding
from tunesmith.learning.scales import Bools, Floats, Ints
from tunesmith.space import Space
from tunesmith.trial import FailureKind, State, Trial


class Status(IntEnum):
    """What is known of a trial."""

    MISFIT = 0
    """Its config no longer fits the space."""
    OPEN = 1
    """Waiting, running or paused, and without a loss."""
    FINITE = 2
    """It has a finite loss; where there is a fidelity it need not be finished."""
    SILENT = 3
    """It ended without a loss and did not fail: stopped before its first report."""
    FAILED = 4
    """It failed; which way is in `kinds`."""


KINDS = tuple(FailureKind)
FURTHEST = 1e150  # losses beyond count as this: people return the largest float, which overflows in sums


class Observed:
    """Arrays of one history; `update` before use.

    Args:
        history: The history, which must not change its space.
        scales: The same space with some numbers on other scales; None for the history's own.
    """

    def __init__(self, history: History, scales: Space | None = None) -> None:
        self.encoding = Encoding(scales or history.space)
        self._other = [
            (j, name, parameter)
            for j, (name, parameter) in enumerate(self.encoding.space.parameters.items())
            if parameter is not history.space[name]
        ]
        self.rescaled = [name for _, name, _ in self._other]
        """Parameters on another scale than the history's own."""
        self.n = 0
        self._U: Floats = np.empty((0, self.encoding.d))
        self._A: Bools = np.empty((0, self.encoding.d), dtype=bool)
        self._Z: Floats = np.empty((0, self.encoding.p))
        self._status: npt.NDArray[np.int8] = np.empty(0, dtype=np.int8)
        self._kinds: npt.NDArray[np.int8] = np.empty(0, dtype=np.int8)
        self._open: list[int] = []
        self.loss: Floats = np.empty(0)
        self.seen: set[bytes] = set()
        self.kept: dict[Any, Any] = {}
        """What is made from finished trials, by whoever makes it."""

    def update(self, history: History) -> None:
        """Take in what is new; trials that have finished never change again."""
        n = len(history)
        loss = history.loss
        self.loss = np.where(np.isfinite(loss), np.clip(loss, -FURTHEST, FURTHEST), loss)
        if n > self.n:
            self._grow(n)
            X = self._points(history, self.n)
            fits = ~np.isnan(X).all(axis=1)
            U, A = self.encoding.settle(self.encoding.positions(X))
            rows = slice(self.n, n)
            self._U[rows], self._A[rows], self._Z[rows] = U, A, self.encoding.encode(U)
            self._status[rows] = np.where(fits, Status.OPEN, Status.MISFIT)
            self.seen.update(self.encoding.keys(U[fits]))
            self._open.extend((np.flatnonzero(fits) + self.n).tolist())
            self.n = n
        self._look_at(history[number] for number in self._open)
        self._open = [number for number in self._open if not history[number].is_finished]

    def _points(self, history: History, first: int) -> Floats:
        """Points of the unit cube of the trials from a number on."""
        X = history.X[first:]
        if self._other:
            X = X.copy()
        for j, name, parameter in self._other:
            for row in np.flatnonzero(~np.isnan(X[:, j])).tolist():
                X[row, j] = parameter.encode(history[first + row].config[name])
        return X

    def _grow(self, n: int) -> None:
        if n <= len(self._U):
            return
        size = max(64, 2 * n)
        for name in ("_U", "_A", "_Z", "_status", "_kinds"):
            old = getattr(self, name)
            new = np.zeros((size, *old.shape[1:]), dtype=old.dtype)
            new[: len(old)] = old
            setattr(self, name, new)

    def _look_at(self, trials: Iterable[Trial]) -> None:
        for trial in trials:
            if np.isfinite(self.loss[trial.number]):
                status = Status.FINITE
            elif not trial.is_finished:
                continue
            elif trial.state is State.STOPPED:
                status = Status.SILENT
            else:
                status = Status.FAILED
                kind = trial.failure.kind if trial.failure else FailureKind.NAN
                self._kinds[trial.number] = KINDS.index(kind)
            self._status[trial.number] = status

    # -- arrays ------------------------------------------------------------------------------------------

    @property
    def U(self) -> Floats:
        """Positions of all trials, (n, d)."""
        return self._U[: self.n]

    @property
    def A(self) -> Bools:
        """Activity of all trials, (n, d)."""
        return self._A[: self.n]

    @property
    def Z(self) -> Floats:
        """Encoded configs of all trials, (n, p)."""
        return self._Z[: self.n]

    @property
    def status(self) -> npt.NDArray[np.int8]:
        """What is known of each trial, (n,)."""
        return self._status[: self.n]

    @property
    def kinds(self) -> npt.NDArray[np.int8]:
        """Position in `KINDS` of how a failed trial failed, (n,)."""
        return self._kinds[: self.n]

    def numbers(self, *statuses: Status) -> Ints:
        """Numbers of the trials of some status, rising."""
        return np.flatnonzero(np.isin(self.status, statuses)).astype(np.int64)

    @property
    def tried(self) -> int:
        """Trials, in any state, whose config fits the space."""
        return int(np.count_nonzero(self.status != Status.MISFIT))
