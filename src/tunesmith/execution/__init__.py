"""Where trials run. The contract is `base.py`; this file imports nothing early: a worker must start fast.

- `serial.py`: in this process. `processes.py`: in warm worker processes, with `warm.py` (a worker seen from
  outside), `process_worker.py` (from inside), `pickling.py`, `limits.py` and `memory.py`.
- `worker.py`: one job from start to event. `handle.py` and `values.py`: what goes in and what comes out.
- `command.py`: an objective made from a shell command.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tunesmith.execution.base import Executor


def make_executor(
    objective: Callable[..., Any],
    *,
    workers: int = 1,
    trial_time: float | str | None = None,
    trial_memory: int | str | None = None,
) -> "Executor":
    """Make the executor for an objective: this process for one worker without limits, else processes.

    Args:
        objective: A function of (config) or (config, trial).
        workers: How many trials run at once.
        trial_time: Longest run of one trial, in seconds or as text; only a process can be ended.
        trial_memory: Memory that one trial may take, in bytes or as text.

    Raises:
        ObjectiveError: The objective cannot be called with a config, or cannot be sent to a process.
        OptionError: A limit or the number of workers cannot be used.
    """
    if workers == 1 and trial_time is None and trial_memory is None:
        from tunesmith.execution.serial import SerialExecutor

        return SerialExecutor(objective)
    from tunesmith.execution.processes import ProcessExecutor

    return ProcessExecutor(objective, workers, trial_time, trial_memory)
