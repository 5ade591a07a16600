"""Names of studies: what may be one, and the errors for a study that a store does not have."""

from collections.abc import Iterable

from tunesmith.errors import OptionError, StudyNotFound, did_you_mean, message
from tunesmith.store.stored_json import plain_text


def check_name(name: object) -> None:
    """Refuse what cannot be the name of a study in every store.

    Raises:
        OptionError: It is no text, empty, or cannot be encoded.
    """
    is_name = isinstance(name, str) and bool(name.strip()) and "\0" not in name and plain_text(name) == name
    if not is_name:
        raise OptionError(
            message("name cannot be that of a study", allowed='text such as "mnist"', given=repr(name))
        )


def no_study(name: str, known: Iterable[str]) -> StudyNotFound:
    """Error for a name that no study has; offers close matches."""
    names = sorted(known)
    shown = ", ".join(map(repr, names[:10])) + (", ..." if len(names) > 10 else "")
    return StudyNotFound(
        message(
            "the store has no study of this name",
            allowed=shown or "none yet",
            given=repr(name),
            fix=did_you_mean(name, names),
        )
    )


def deleted_study(study_id: int) -> StudyNotFound:
    """Error for a study that was there and is no more."""
    return StudyNotFound(
        message(
            "the study is no longer in the store: it was deleted",
            given=f"study id {study_id}",
            fix="Start it again under its name to make a new one.",
        )
    )
