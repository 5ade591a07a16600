"""Memory of a trial: the limit set inside its process, and the use seen from outside. Linux only.

Two nets. Inside, RLIMIT_DATA makes an allocation beyond the limit fail, which Python sees as MemoryError and
the trial's process survives. It counts private memory that can be written to, and so, unlike RLIMIT_AS, not
the address space that CUDA, thread pools and allocators only reserve. Outside, the parent looks at what the
process and its descendants really hold (anonymous and shared memory, not mapped files) and ends the trial.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from tunesmith.errors import OptionError, message

IS_SUPPORTED = sys.platform == "linux"
_COUNTED = ("RssAnon:", "RssShmem:")
_COUNTED_SHARES = ("Pss_Anon:", "Pss_Shmem:")


def check_supported() -> None:
    """Refuse a memory limit where there is no way to keep it.

    Raises:
        OptionError: The system is not Linux.
    """
    if not IS_SUPPORTED:
        raise OptionError(
            message(
                "trial_memory cannot be kept on this system",
                allowed="Linux",
                given=sys.platform,
                fix="Leave trial_memory out.",
            )
        )


def resident() -> int:
    """Bytes of this process that are in memory, at little cost; 0 where the system does not tell."""
    try:
        with open("/proc/self/statm", "rb") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


@contextmanager
def limited(extra: int) -> Iterator[None]:
    """Let this process allocate `extra` bytes more than it has, until the end of the block."""
    import resource

    with open("/proc/self/statm", "rb") as file:
        data = int(file.read().split()[5]) * resource.getpagesize()
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    most = min(data + extra, sys.maxsize)  # what the system's own type can hold
    wanted = min(x for x in (most, soft, hard) if x != resource.RLIM_INFINITY)
    resource.setrlimit(resource.RLIMIT_DATA, (wanted, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


def used_by(pid: int, at_most: int) -> int:
    """Bytes that a process and its descendants hold.

    Args:
        pid: The process.
        at_most: Below this sum the cheap count is good enough; above it, pages that forked processes share
            are counted once, which takes longer.

    Returns:
        Bytes; 0 when the process is gone.
    """
    members = list(family(pid))
    total = sum(held_by(p) for p in members)
    if total > at_most and len(members) > 1:
        shares = sum(_kilobytes(f"/proc/{p}/smaps_rollup", _COUNTED_SHARES) for p in members) * 1024
        total = shares or total  # kernels before 5.14 do not say
    return total


def held_by(pid: int) -> int:
    """Bytes that one process holds; 0 when it is gone."""
    return _kilobytes(f"/proc/{pid}/status", _COUNTED) * 1024


def family(pid: int) -> Iterator[int]:
    """A process and its descendants, as far as the system tells."""
    yield pid
    try:
        threads = os.listdir(f"/proc/{pid}/task")
    except OSError:
        return
    for thread in threads:
        try:
            with open(f"/proc/{pid}/task/{thread}/children", "rb") as file:
                children = file.read().split()
        except OSError:  # ended just now, or a kernel without this file
            continue
        for child in children:
            yield from family(int(child))


def _kilobytes(path: str, names: tuple[str, ...]) -> int:
    try:
        with open(path) as file:
            return sum(int(line.split()[1]) for line in file if line.startswith(names))
    except (OSError, ValueError, IndexError):
        return 0
