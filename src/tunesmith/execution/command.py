"""CommandObjective: any command, in any language, as an objective.

How a config gets into the command is `placeholders.py`, how its metric is found `metric.py`. The command
shares the process group of the process that runs it, so that whatever ends a worker ends the command too;
run it in a `ProcessExecutor`, also with one worker, and a kill -9 of the main process leaves nothing behind.
"""

import codecs
import json
import os
import re
import selectors
import shlex
import shutil
import signal
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from tunesmith.errors import ObjectiveError, OptionError, message, printable
from tunesmith.execution.handle import TrialHandle
from tunesmith.execution.memory import family
from tunesmith.execution.metric import Search, make_source
from tunesmith.execution.placeholders import VARIABLES, as_text, parse, parse_command
from tunesmith.execution.values import TrialFailed
from tunesmith.execution.words import of_signal, signal_of_exit_code
from tunesmith.trial import Failure, FailureKind

TAIL = 4000  # characters of stdout and stderr that are kept for a failure
LONGEST_LINE = 1_000_000  # characters; what is longer is no line with a metric
LOOK_EVERY = 0.1  # seconds between looks whether the command has ended while its pipes are still open
GRACE = 5.0  # seconds that a command gets to leave after SIGTERM
_END_OF_LINE = re.compile(r"[\r\n]")  # progress bars end theirs with \r
_NO_MEMORY = re.compile(r"MemoryError|bad_alloc|out of memory|cannot allocate memory", re.IGNORECASE)


class CommandFailed(TrialFailed):
    """A command failed; its failure holds the tail of what it wrote in place of a traceback."""


class CommandObjective:
    """An objective that runs a command.

    The command gets the trial in its environment as well: TUNESMITH_TRIAL and TUNESMITH_ATTEMPT (numbers),
    TUNESMITH_SEED, TUNESMITH_FOLDER (for checkpoints; only if the study has a place for files) and
    TUNESMITH_CONFIG (JSON). Its exit code must be 0.

    Args:
        command: Text, split into arguments as a shell would but run without one, or a list of arguments;
            {name} stands for a parameter's value.
        names: Parameters of the space.
        metric: Key in the last JSON line on stdout, or in `file`. Lines that also have a "step" are reports.
        regex: Regular expression for stdout instead; the last match counts, group 1 of it.
        file: File that the command leaves the metric in; may hold placeholders.
        fidelity: Name of the study's fidelity, another placeholder: {epoch} stands for how far to train, and
            the command ends there by itself. Without it, a command that is to end is ended.

    Raises:
        OptionError: A placeholder is unknown, the program is not there, or the metric is not said.

    Example:
        >>> from tunesmith.execution.base import Answer
        >>> objective = CommandObjective("awk 'BEGIN {{ print {x} * 2 }}'", ["x"], regex="[0-9.]+")
        >>> objective.shown({"x": 1.5})
        "awk 'BEGIN { print 1.5 * 2 }'"
        >>> objective({"x": 1.5}, TrialHandle(0, 1, {"x": 1.5}, send=lambda step, value: Answer.CONTINUE))
        3.0
    """

    def __init__(
        self,
        command: str | Sequence[str],
        names: Iterable[str],
        *,
        metric: str | None = None,
        regex: str | None = None,
        file: str | None = None,
        fidelity: str | None = None,
    ) -> None:
        names = tuple(names)
        if fidelity in names:
            wrong = f"the fidelity {fidelity!r} has the name of a parameter"
            raise OptionError(message(wrong, fix="Call one of them otherwise, or leave the parameter out."))
        placeholders = names if fidelity is None else (*names, fidelity)
        self._arguments = parse_command(command, placeholders)
        self._file = None if file is None else parse(file, placeholders, "file")
        self._source = make_source(metric, regex, self._file)
        self._check_program()
        used = self._arguments.names
        anywhere = used | set(self._file.names if self._file else ())
        self._needs_folder = "TUNESMITH_FOLDER" in anywhere
        self._fidelity = fidelity if fidelity in anywhere else None
        reads_all = "TUNESMITH_CONFIG" in used
        self.unused: tuple[str, ...] = () if reads_all else tuple(n for n in names if n not in used)
        """Parameters that the command line does not mention; the command may read TUNESMITH_CONFIG."""

    @property
    def shares_file(self) -> bool:
        """Whether trials that run at once would write their metric to the same file."""
        own = {"TUNESMITH_TRIAL", "TUNESMITH_FOLDER"}
        return self._file is not None and not own & set(self._file.names)

    def _check_program(self) -> None:
        program = self._arguments.templates[0]
        if program.names or shutil.which(program.parts[0]):
            return
        raise OptionError(
            message(
                "the command's program is not there, or is not executable",
                given=repr(program.parts[0]),
                fix="Give its path, or name the interpreter of a script: bash train.sh.",
            )
        )

    def shown(self, config: Mapping[str, Any], steps: int | None = None) -> str:
        """The command for a config as one would type it, for so many steps of the fidelity."""
        later = {name: f"${name}" for name in VARIABLES}
        if self._fidelity is not None:
            later[self._fidelity] = "N" if steps is None else str(steps)
        return shlex.join(self._arguments.fill({**later, **{n: as_text(v) for n, v in config.items()}}))

    def __call__(self, config: dict[str, Any], trial: TrialHandle) -> float:
        """Run the command.

        Raises:
            CommandFailed: Its exit code is not 0, or it ended without the metric.
            ObjectiveError: It cannot be started at all.
        """
        variables = _variables(config, trial, self._needs_folder)
        texts = {**variables, **{n: as_text(v) for n, v in config.items()}}
        until = None
        if self._fidelity is not None:
            until = trial.fidelity
            texts[self._fidelity] = str(until)
        file = None if self._file is None else Path(os.path.expanduser(self._file.fill(texts)))
        search = self._source.start(file)
        run = _Run(self._start(self._arguments.fill(texts), variables), search, trial, until)
        try:
            run.listen()
        finally:
            run.end()
            if trial.has_folder:
                with suppress(OSError):  # something is in it
                    trial.folder.rmdir()
        if trial.stop_requested:
            return 0.0  # not used
        return self._result(run, search)

    def _start(self, arguments: list[str], variables: dict[str, str]) -> "subprocess.Popen[bytes]":
        try:
            return subprocess.Popen(
                arguments,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env={**os.environ, **variables},
            )
        except (OSError, ValueError) as error:
            wrong = f"the command cannot be started: {error}"
            raise ObjectiveError(message(wrong, given=shlex.join(arguments))) from error

    def _result(self, run: "_Run", search: Search) -> float:
        code = run.process.returncode
        if code != 0:
            raise CommandFailed(_failure(code, run))
        value = search.result()
        if value is None:
            wrong = f"the command ended without its metric; looked for: {self._source.words}"
            wrong += f"; found: {search.seen}"
            raise CommandFailed(Failure(FailureKind.ERROR, wrong, "stdout ends with:\n" + run.stdout.tail))
        return value


def _variables(config: Mapping[str, Any], trial: TrialHandle, needs_folder: bool) -> dict[str, str]:
    variables = {
        "TUNESMITH_TRIAL": str(trial.number),
        "TUNESMITH_ATTEMPT": str(trial.attempt),
        "TUNESMITH_SEED": str(trial.seed),
        "TUNESMITH_CONFIG": json.dumps(dict(config), default=str),
    }
    if trial.has_folder or needs_folder:
        variables["TUNESMITH_FOLDER"] = str(trial.folder.resolve())
    return variables


def _failure(code: int, run: "_Run") -> Failure:
    tail = run.stderr.tail.strip()
    last = printable(tail.splitlines()[-1].strip()) if tail else "nothing on stderr"
    kind = FailureKind.MEMORY if _NO_MEMORY.search(tail) else FailureKind.ERROR
    ended_by = signal_of_exit_code(code)
    if ended_by:
        kind = kind if kind is FailureKind.MEMORY else FailureKind.CRASH
        return Failure(kind, f"the command was ended by {of_signal(ended_by)}: {last}", tail)
    return Failure(kind, f"the command ended with exit code {code}: {last}", tail)


class _Stream:
    """One output of a command: handed on line by line, its tail kept."""

    def __init__(self) -> None:
        self.tail = ""
        self._rest = ""
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def feed(self, data: bytes) -> list[str]:
        text = self._decoder.decode(data)
        self.tail = (self.tail + text)[-TAIL:]
        *lines, rest = _END_OF_LINE.split(self._rest + text)
        self._rest = rest[:LONGEST_LINE]
        return lines

    def last_line(self) -> list[str]:
        rest, self._rest = self._rest, ""
        return [rest] if rest else []


class _Run:
    """One run of a command, listened to until it ends."""

    def __init__(
        self, process: "subprocess.Popen[bytes]", search: Search, trial: TrialHandle, until: int | None
    ) -> None:
        self.process = process
        self.stdout = _Stream()
        self.stderr = _Stream()
        self._search = search
        self._trial = trial
        self._until = until
        self._step = 0

    @property
    def _is_over(self) -> bool:
        """Whether nothing more is wanted; a command that is where it was to go may still save its work."""
        return self._trial.stop_requested and (self._until is None or self._step < self._until)

    def listen(self) -> None:
        """Read both outputs as they come, until both are closed or the command has ended."""
        with selectors.DefaultSelector() as selector:
            assert self.process.stdout is not None
            assert self.process.stderr is not None
            selector.register(self.process.stdout, selectors.EVENT_READ, self.stdout)
            selector.register(self.process.stderr, selectors.EVENT_READ, self.stderr)
            while selector.get_map() and not self._is_over:
                ready = selector.select(LOOK_EVERY)
                if not ready and self.process.poll() is not None:
                    break  # something that it left running holds the pipes
                for key, _ in ready:
                    data = os.read(key.fd, 65536)
                    self._take(key.data, key.data.feed(data) if data else key.data.last_line())
                    if not data:
                        selector.unregister(key.fileobj)
        if not self._is_over:
            self._take(self.stdout, self.stdout.last_line())
            self.process.wait()

    def _take(self, stream: _Stream, lines: list[str]) -> None:
        if stream is self.stderr:
            return
        for line in lines:
            report = self._search.line(line)
            if report is not None and not self._trial.stop_requested:
                step, value = report
                self._step = step
                self._trial.report(value, step)

    def end(self) -> None:
        """End the command with all that it started, if it has not ended by itself."""
        if self.process.poll() is None:
            pids = list(family(self.process.pid))
            _signal_all(pids, signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(GRACE)
            _signal_all(pids, signal.SIGKILL)
            self.process.wait()
        for stream in (self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()


def _signal_all(pids: list[int], number: int) -> None:
    for pid in pids:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)
