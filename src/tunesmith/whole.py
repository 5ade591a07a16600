"""Whole numbers as people give them."""

import operator


def whole(value: object) -> int | None:
    """A whole number as a plain int, NumPy's too; None for anything else, bools included.

    Example:
        >>> whole(3), whole(True), whole("3")
        (3, None, None)
    """
    if isinstance(value, bool):
        return None
    try:
        return operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        return None
