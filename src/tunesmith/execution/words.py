"""Words for how a process died."""

import signal

_SIGNALS = {
    "SIGSEGV": "a segmentation fault (SIGSEGV)",
    "SIGBUS": "a bus error (SIGBUS)",
    "SIGABRT": "an abort (SIGABRT)",
    "SIGFPE": "a floating-point exception (SIGFPE)",
    "SIGILL": "an illegal instruction (SIGILL)",
    "SIGKILL": "SIGKILL, perhaps from the system's out-of-memory killer",
}


def signal_of_exit_code(code: int) -> int:
    """Which signal ended a command, by its exit code; 0 for none.

    A shell says with 128 + n that signal n ended what it ran; for other signals than these, programs use
    such codes for reasons of their own.
    """
    if code < 0:
        return -code
    known = [getattr(signal, name) for name in (*_SIGNALS, "SIGTERM") if hasattr(signal, name)]
    return code - 128 if code - 128 in known else 0


def of_signal(number: int) -> str:
    """Say which signal ended a process.

    Example:
        >>> of_signal(11), of_signal(15)
        ('a segmentation fault (SIGSEGV)', 'SIGTERM')
    """
    try:
        name = signal.Signals(number).name
    except ValueError:  # a real-time signal
        name = f"signal {number}"
    return _SIGNALS.get(name, name)
