"""Limits of a trial: how they are written, and what share of the machine a worker gets.

Reading and enforcing memory is `memory.py`; ending a trial that took too long is `processes.py`.
"""

import math
import os
import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from tunesmith.errors import OptionError, message

SECONDS = {
    "ms": 0.001,
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), 1.0),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), 60.0),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), 3600.0),
    **dict.fromkeys(("d", "day", "days"), 86400.0),
}
BYTES = {
    "b": 1,
    **{f"{p}b": 1000 ** (i + 1) for i, p in enumerate("kmgt")},
    **{f"{p}ib": 1024 ** (i + 1) for i, p in enumerate("kmgt")},
    **{p: 1024 ** (i + 1) for i, p in enumerate("kmgt")},
}
THREADS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "LOKY_MAX_CPU_COUNT",
)
"""Environment variables by which numerical libraries learn how many threads to use."""
CPU_QUOTA = Path("/sys/fs/cgroup/cpu.max")  # how much CPU time a container gets in a period
_PART = re.compile(r"\s*(\d+(?:\.\d*)?|\.\d+)\s*([a-z]*)\s*")


def parse_seconds(value: Any, name: str = "time") -> float:
    """Read a length of time.

    Args:
        value: Seconds as a number, a `timedelta`, or text: "90s", "10m", "30 minutes", "1h30m", "2d",
            "500ms".
        name: Name of the option, for the error.

    Returns:
        Seconds, above 0.

    Raises:
        OptionError: It cannot be read, or is not above 0.

    Example:
        >>> parse_seconds("1h30m"), parse_seconds(2)
        (5400.0, 2.0)
    """
    if isinstance(value, timedelta):
        value = value.total_seconds()
    number = _sum_of_parts(value, SECONDS, "s")
    if number is None or not 0 < number < math.inf:
        raise OptionError(
            message(
                f"{name} cannot be used",
                allowed='seconds above 0, or text such as "90s", "10m" or "1h30m"',
                given=repr(value),
            )
        )
    return number


def parse_bytes(value: Any, name: str = "memory") -> int:
    """Read an amount of memory.

    Args:
        value: Bytes as a number, or text: "500MB" (powers of 1000), "2GiB" or "2G" (powers of 1024).
        name: Name of the option, for the error.

    Returns:
        Bytes, 1 or more.

    Raises:
        OptionError: It cannot be read, or is below one byte.

    Example:
        >>> parse_bytes("2GB"), parse_bytes("1.5GiB")
        (2000000000, 1610612736)
    """
    number = _sum_of_parts(value, BYTES, "b")
    if number is None or not 1 <= number < math.inf:
        raise OptionError(
            message(
                f"{name} cannot be used",
                allowed='bytes above 0, or text such as "500MB" or "2GiB"',
                given=repr(value),
            )
        )
    return int(number)


def _sum_of_parts(value: Any, units: Mapping[str, float], plain: str) -> float | None:
    # "1h30m" is a sum; a number without a unit may stand only alone.
    if isinstance(value, bool):
        return None
    if not isinstance(value, str):
        try:
            return float(value)
        except (TypeError, ValueError, OverflowError):
            return None
    text, total, at = value.strip().lower(), 0.0, 0
    while at < len(text):
        part = _PART.match(text, at)
        if part is None:
            return None
        unit = part[2]
        if not unit and at == 0 and part.end() == len(text):
            unit = plain
        if unit not in units:
            return None
        total += float(part[1]) * units[unit]
        at = part.end()
    return total if text else None


def usable_cores() -> int:
    """Number of CPU cores that this process may use: the machine's, its affinity's, its container's."""
    has_affinity = hasattr(os, "sched_getaffinity")
    cores = len(os.sched_getaffinity(0)) if has_affinity else os.cpu_count() or 1
    quota = _container_quota()
    return max(1, cores if quota is None else min(cores, math.ceil(quota)))


def _container_quota() -> float | None:
    try:
        quota, period = CPU_QUOTA.read_text().split()
        return None if quota == "max" else int(quota) / int(period)
    except (OSError, ValueError):
        return None


def thread_shares(environment: Mapping[str, str], workers: int) -> dict[str, str]:
    """Variables that share the cores out among workers; what the user set stays.

    Args:
        environment: Environment of this process.
        workers: Number of workers, 1 or more.

    Example:
        >>> thread_shares({"OMP_NUM_THREADS": "2"}, 1000)
        {'LOKY_MAX_CPU_COUNT': '1'}
    """
    share = str(max(1, usable_cores() // workers))
    # Most libraries follow OMP_NUM_THREADS unless their own is set: where the user set it, it goes for all.
    names = THREADS[-1:] if "OMP_NUM_THREADS" in environment else THREADS
    return {name: share for name in names if name not in environment}
