"""Reopening a stored study: what has to agree, what may change, and what is said about it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tunesmith.errors import OptionError, StoreError, StudyMismatch, StudyNotFound, message
from tunesmith.fidelity import Fidelity, fidelity_of
from tunesmith.history import Direction, History
from tunesmith.schedulers.base import Scheduler
from tunesmith.schedulers.registry import default_scheduler, make_scheduler
from tunesmith.space import Choice, Parameter, Space
from tunesmith.space.expression import Expression
from tunesmith.space.stored import space_from_dict
from tunesmith.store import Store, StudyRecord, open_store
from tunesmith.store.names import check_name as check_stored_name
from tunesmith.store.stored_json import copied
from tunesmith.trial import State
from tunesmith.wording import counted

if TYPE_CHECKING:
    from tunesmith.study.ledger import Ledger

NAME_LENGTH = 200  # characters


def settle(
    ledger: "Ledger", wanted: StudyRecord, *, has_direction: bool, has_seed: bool, has_method: bool
) -> list[str]:
    """Bring a reopened study and what was asked for together.

    Args:
        ledger: The reopened study, as it is stored but with the new space.
        wanted: What was asked for.
        has_direction: Whether a direction was asked for at all.
        has_seed: Whether a seed was.
        has_method: Whether a method was.

    Returns:
        What has changed, in sentences for the user.

    Raises:
        StudyMismatch: The stored study has another direction, seed or info; the error names both values.
    """
    stored, space, notes = ledger.record, ledger.history.space, []
    if has_direction and stored.direction != wanted.direction:
        raise _mismatch(stored, "direction", stored.direction, wanted.direction)
    if has_seed and stored.seed != wanted.seed:
        raise _mismatch(stored, "seed", stored.seed, wanted.seed)
    for key, value in wanted.info.items():
        if key != "fidelity" and key in stored.info and not _is_same(stored.info[key], value):
            raise _mismatch(stored, key, stored.info[key], value)
    notes += _settle_fidelity(ledger, wanted)  # the first that writes: nothing after it is refused
    # What a store cannot hold, such as a prior of one's own, is not a change.
    is_other = wanted.space != stored.space
    changes = space.differences(stored_space(stored)) if is_other else []
    if is_other:
        ledger.store.update_study(stored.id, space=wanted.space)
    if changes:
        fit = sum(not space.unfit(t.config) and space.is_allowed(t.config) for t in ledger.history.trials)
        notes.append(f"The space has changed: {'; '.join(changes)}.")
        if len(ledger.history):
            fits = "fits and is used" if fit == 1 else "fit and are used"
            notes[-1] += f" {fit} of {counted(len(ledger.history), 'earlier trial')} {fits}."
        kept = len(ledger.misfits)
        if kept:
            wait = "does not fit, and waits" if kept == 1 else "do not fit, and wait"
            notes[-1] += f" {counted(kept, 'enqueued config')} {wait} until the space allows it."
    if has_method and wanted.method != stored.method:
        ledger.store.update_study(stored.id, method=wanted.method)
        now, before = (r.method.get("name") for r in (wanted, stored))
        notes.append(f"From here on the method is {now}; it was {before}.")
    if wanted.scheduler is not None and wanted.scheduler != stored.scheduler:
        ledger.store.update_study(stored.id, scheduler=wanted.scheduler)
        before = (stored.scheduler or {}).get("name", "none")
        notes.append(f"From here on the scheduler is {wanted.scheduler.get('name')}; it was {before}.")
    ledger.record = replace(
        ledger.record,
        space=wanted.space,
        method=wanted.method if has_method else stored.method,
        scheduler=wanted.scheduler or stored.scheduler,
    )
    return notes


def _settle_fidelity(ledger: "Ledger", wanted: StudyRecord) -> list[str]:
    """Go on with another fidelity where that does not change what finished trials mean."""
    before = ledger.history.fidelity
    after = fidelity_of(wanted.info.get("fidelity"))
    if after is None or after == before:
        return []
    if before is not None and len(ledger.history):
        if after.name != before.name:
            raise _mismatch(ledger.record, "fidelity", before.name, after.name)
        if after.high != before.high and ledger.history.states[State.COMPLETE]:
            raise _other_end(ledger.record, before, after)
    info = {**ledger.record.info, "fidelity": after.to_dict()}
    ledger.store.update_study(ledger.record.id, info=info)
    ledger.record = replace(ledger.record, info=info)
    known = ledger.history  # what it counts depends on the fidelity
    ledger.history = History(known.space, known.direction, known.trials, fidelity=after, seed=known.seed)
    return [f"From here on the fidelity is {after}; it was {before}."] if len(ledger.history) else []


def find_study(where: Any, name: str) -> tuple[Store | None, StudyRecord | None]:
    """A study that may be stored, and its store, without making either.

    Args:
        where: Path or store, as `open_store` takes it.
        name: Name of the study.

    Returns:
        The store, None where it is yet to be made (or to be refused); the study, None where there is none.
    """
    try:
        store = open_store(where, must_exist=True)
    except StoreError:
        return None, None
    try:
        return store, store.get_study(name)
    except StudyNotFound:
        return store, None


def choose_scheduler(
    stored: StudyRecord | None, scheduler: "str | Scheduler | None", fidelity: Fidelity | None, method: str
) -> Scheduler | None:
    """Scheduler that a study is asked to have, before anything is made of it.

    Args:
        stored: The study as it is stored; None for a new one.
        scheduler: The one that was given, or its name.
        fidelity: How far trials may be trained, as given.
        method: Name of the study's method.

    Returns:
        The given one; the default where a fidelity is given to a study that has no scheduler; else None, for
        the stored one or none.

    Raises:
        OptionError: A scheduler is unknown, has no fidelity to decide about, or cannot work with the one
            there is.
    """
    made = None if scheduler is None else make_scheduler(scheduler)
    if fidelity is not None and not isinstance(fidelity, Fidelity):
        fix = 'Write ts.Fidelity("epoch", 1, 50).'
        raise OptionError(message("fidelity is no fidelity", given=repr(fidelity), fix=fix))
    if made is None and fidelity is None:
        return None
    known = fidelity or (None if stored is None else fidelity_of(stored.info.get("fidelity")))
    if made is None:
        has_one = stored is not None and stored.scheduler is not None
        made = None if has_one else make_scheduler(default_scheduler(method, known))
    if made is None or made.name == "none":
        return made
    if known is None:
        fix = (
            'Say for example fidelity=ts.Fidelity("epoch", 1, 50), in a study file '
            'fidelity = {name = "epoch", low = 1, high = 50}; or leave the scheduler out.'
        )
        raise OptionError(message(f"scheduler {made.name!r} needs a fidelity", fix=fix))
    made.plan(known)
    return made


def own_space(space: "Space | Mapping[str, Parameter]") -> Space:
    """A study's own copy of a space, so that nothing changes under it.

    Raises:
        OptionError: It is neither a Space nor a mapping from name to parameter.
    """
    if isinstance(space, Space):
        return space.copy()
    if isinstance(space, Mapping):
        return Space(space)
    raise OptionError(
        message(
            "space must be a Space",
            given=type(space).__name__,
            fix="Write ts.Space(lr=ts.Float(1e-5, 0.1, log=True)).",
        )
    )


def own_info(info: Mapping[str, Any] | None) -> dict[str, Any]:
    """A study's own copy of what else belongs to it, as it will be read again.

    Raises:
        OptionError: It is no mapping.
        StoreError: It holds what is no JSON value.
    """
    if info is not None and not isinstance(info, Mapping):
        fix = 'Write info={"data": "iris.csv"}.'
        raise OptionError(
            message("info must be a mapping from text to JSON values", given=repr(info), fix=fix)
        )
    if info and "fidelity" in info:
        fix = 'Give it as an argument of its own: fidelity=ts.Fidelity("epoch", 1, 50).'
        raise OptionError(message("info has no place for a fidelity", given=repr(info["fidelity"]), fix=fix))
    known: dict[str, Any] = copied("info", dict(info or {}))
    return known


def stored_space(record: StudyRecord) -> Space:
    """Space of a stored study; options that are no plain values are their labels."""
    return space_from_dict(record.space, known_constraints=False)


def lost_options(record: StudyRecord, space: Space) -> list[str]:
    """What of a space is not as it was given, since a store cannot hold it, in sentences for the user.

    Args:
        record: The study as it is stored.
        space: What `stored_space` made of it.
    """
    stored = record.space["parameters"]
    missing = [
        f"of {name} only labels, which stand for its objects ({', '.join(sorted(p.absent))})"
        for name, p in space.parameters.items()
        if isinstance(p, Choice) and p.absent
    ]
    missing += [
        f"of {name} no prior"
        for name, p in space.parameters.items()
        if not isinstance(p, Choice) and p.prior is None and stored[name].get("prior") is not None
    ]
    missing += [
        f"of the constraint {c.text!r} only the name, so that it forbids nothing"
        for c in space.constraints
        if not isinstance(c.test, Expression)
    ]
    choices = {n: p.labels for n, p in space.parameters.items() if isinstance(p, Choice)}
    lost = {
        n: [one for one in stored[n].get("labels", ()) if one not in labels] for n, labels in choices.items()
    }
    notes = [
        f"Options of {name} that are equal to another one count as that one: {', '.join(labels)}. "
        "No result is lost; a script or study file to go on with can have only one of them."
        for name, labels in lost.items()
        if labels
    ]
    if missing:
        fix = "To go on as before, give the space: ts.Study(space, store=..., name=...)."
        notes.append(f"A store holds no Python objects. It has {'; '.join(missing)}. {fix}")
    return notes


def direction_of(record: StudyRecord) -> Direction:
    """Direction of a stored study."""
    return "maximize" if record.direction == "maximize" else "minimize"


def check_name(name: object) -> str:
    """Name of a study; "default" for None.

    Raises:
        OptionError: It is no text, empty or too long.
    """
    if name is None:
        return "default"
    if not isinstance(name, str) or not name.strip() or len(name) > NAME_LENGTH:
        raise OptionError(message(f"name must be text of 1 to {NAME_LENGTH} characters", given=repr(name)))
    check_stored_name(name)
    return name


def only_name(store: Store) -> str:
    """Name of the only study in a store; "default" when there is none, or one of that name among several.

    Raises:
        StudyNotFound: There are several, and none is called "default".
    """
    names = [s.record.name for s in store.list_studies()]
    if len(names) > 1 and "default" not in names:
        shown = ", ".join(map(repr, names[:10])) + (", ..." if len(names) > 10 else "")
        fix = 'On the command line: --study NAME; in Python: name="NAME".'
        raise StudyNotFound(message("there are several studies; name one of them", allowed=shown, fix=fix))
    return names[0] if len(names) == 1 else "default"


def _is_same(one: object, other: object) -> bool:
    return one == other or repr(one) == repr(other)  # NaN is what it is, too


_WORDS = {  # for what is kept under a key that "another" does not go with
    "columns": "number of columns",
    "data": "set of data",
    "drop": "set of left-out columns",
    "folds": "set of folds",
    "groups": "column of groups",
    "rows": "number of rows",
    "weights": "set of weights or groups",
}


def _other_end(record: StudyRecord, before: Fidelity, after: Fidelity) -> StudyMismatch:
    """A complete trial never changes again, so that its value would pass for one at the new end."""
    wrong = (
        f"study {record.name!r} has complete trials, which with another high of the fidelity {before.name!r} "
        "would pass for trained up to there"
    )
    fix = (
        "Keep to what is stored, or give the other trainings a study of another name, and let it begin with "
        "the best configs of this one: new.enqueue(old.best.config), in a study file enqueue = [{...}]."
    )
    return StudyMismatch(message(wrong, allowed=f"high={before.high}", given=f"high={after.high}", fix=fix))


def _mismatch(record: StudyRecord, what: str, stored: object, given: object) -> StudyMismatch:
    return StudyMismatch(
        message(
            f"study {record.name!r} exists with another {_WORDS.get(what, what)}",
            allowed=repr(stored),
            given=repr(given),
            fix="Keep to what is stored, or give a new study another name: name=... in Python, --study NAME "
            "on the command line.",
        )
    )
