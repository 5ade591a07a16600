"""The errors for a study that a store does not have, worded the same by every store."""

from collections.abc import Iterable

from tunesmith.errors import StudyNotFound, did_you_mean, message


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
