"""Ctrl+C in the middle of a change, in every kind of database."""

from pathlib import Path

import pytest
from sqlalchemy import event

from tunesmith.store import SqlStore
from tunesmith.testing.store_tools import start, study_of

BEGINS = {"sqlite": "BEGIN IMMEDIATE", "postgres": "BEGIN ISOLATION LEVEL READ COMMITTED"}


class _Interrupted(KeyboardInterrupt):
    """As from Ctrl+C."""


@pytest.mark.parametrize("kind", BEGINS)
@pytest.mark.parametrize("words", ["", "INSERT INTO trials", "UPDATE studies"])  # the first: as it begins
def test_an_interrupt_in_the_middle_undoes_all_and_leaves_no_lock(
    kind: str, words: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    where = tmp_path / "tune.db" if kind == "sqlite" else request.getfixturevalue("url")
    words = words or BEGINS[kind]
    store = SqlStore(where)
    study = study_of(store)
    engine = store._database._ready().writing

    def interrupt(*arguments: object) -> None:
        if str(arguments[2]).startswith(words):
            event.remove(engine, "after_cursor_execute", interrupt)
            raise _Interrupted

    event.listen(engine, "after_cursor_execute", interrupt)
    with pytest.raises(_Interrupted) as kept:  # with the frames of its traceback
        start(store, study)
    other = SqlStore(where)
    assert other.changes(study) == ([], 0)
    start(other, study)
    start(store, study, 1)
    assert kept.value.__traceback__ is not None
    store.close()
    other.close()
