"""Random generators made from (study seed, trial number, purpose), so that a resumed study goes on alike.

Nothing in tunesmith draws from a global generator, and no generator's state is ever saved: whoever needs
randomness asks for a generator by naming what it is for.
"""

import secrets
import zlib

import numpy as np

from tunesmith.errors import OptionError, message

MAX_SEED = 2**63 - 1  # fits a signed 64-bit column of any store


def generator(seed: int, number: int, purpose: str) -> np.random.Generator:
    """Make the generator for one purpose within one trial.

    Args:
        seed: Seed of the study, 0 to 2**63 - 1.
        number: Number of the trial, 0 or more.
        purpose: What the draws are for; another purpose gives an independent stream.

    Returns:
        A fresh generator; the same arguments give the same draws on every machine.

    Example:
        >>> a, b = generator(0, 5, "config"), generator(0, 5, "config")
        >>> bool(a.random() == b.random())
        True
    """
    return np.random.Generator(np.random.PCG64([seed, number, zlib.crc32(purpose.encode())]))


def check_seed(seed: object) -> int:
    """Turn a user's seed into a plain int, drawing one from the system when it is None.

    Args:
        seed: None, an int of 0 or more (NumPy ints too), or a `numpy.random.Generator`, from which one
            draw is taken.

    Raises:
        OptionError: The seed is of another type or negative.

    Example:
        >>> check_seed(np.int64(7))
        7
    """
    if seed is None:
        return secrets.randbelow(2**31)
    if isinstance(seed, np.random.Generator):
        return int(seed.integers(2**31))
    if isinstance(seed, (int, np.integer)) and not isinstance(seed, bool) and 0 <= seed <= MAX_SEED:
        return int(seed)
    raise OptionError(
        message(
            "seed cannot be used",
            allowed=f"None, an int from 0 to {MAX_SEED}, or a numpy.random.Generator",
            given=repr(seed),
        )
    )
