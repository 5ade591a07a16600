"""JSON text of configs, spaces and settings, and text that any database takes; the same for every store."""

import json
from typing import Any

from tunesmith.errors import StoreError, message


def dump(what: str, value: Any) -> str:
    """JSON text of a value; keeps the order of keys, int and float apart, and every bit of a float.

    Args:
        what: Name of the value, for the error.
        value: JSON values only: rule 9 of the contract.

    Raises:
        StoreError: It holds something that JSON has not.
    """
    try:
        text = json.dumps(value)
    except (TypeError, ValueError) as error:
        raise StoreError(message(f"{what} cannot be stored: {error}", allowed="JSON values")) from error
    return text


def load(text: str) -> Any:
    """Value of a JSON text."""
    return json.loads(text)


def copied(what: str, value: Any) -> Any:
    """Copy of a value by way of its JSON text, so that it is what any store would give back."""
    return None if value is None else load(dump(what, value))


def plain_text(text: str) -> str:
    r"""Text that any database takes: what cannot be encoded, as in the output of a command, is spelled out.

    Example:
        >>> print(plain_text("caf\udce9 \0"))
        caf\udce9 \x00
    """
    text = text.replace("\0", r"\x00")  # PostgreSQL has no such character
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode(errors="backslashreplace").decode()
    return text
