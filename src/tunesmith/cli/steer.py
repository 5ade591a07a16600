"""pause, resume, stop: steering the runs of a study from another terminal; the page does the same."""

import shlex

from tunesmith.cli.common import DEFAULT_STORE, JsonOption, StoreOption, StudyOption, open_study, print_json
from tunesmith.study.study import Study
from tunesmith.trial import State
from tunesmith.wording import counted


def pause(
    store: StoreOption = DEFAULT_STORE,
    study: StudyOption = None,
    as_json: JsonOption = False,
) -> None:
    """Have no run of a study start a trial before it is resumed; trials in hand go on."""
    opened = open_study(store, study)
    opened.pause()
    where = shlex.join(["--study", opened.name, "--store", opened.store.url])
    _tell(opened, f"is paused{_in_hand(opened, ' still')}; to go on: tunesmith resume {where}", as_json)


def resume(
    store: StoreOption = DEFAULT_STORE,
    study: StudyOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let the runs of a paused study go on."""
    opened = open_study(store, study)
    was_paused = opened.store.get_control(opened.ledger.record.id).is_paused
    opened.resume()
    _tell(opened, "goes on" if was_paused else "was not paused", as_json)


def stop(
    store: StoreOption = DEFAULT_STORE,
    study: StudyOption = None,
    as_json: JsonOption = False,
) -> None:
    """End every run of a study that is under way, after its trials in hand; nothing is lost."""
    opened = open_study(store, study)
    opened.stop_all()
    _tell(opened, f"is told to stop{_in_hand(opened, '')}; a later run goes on with it", as_json)


def _in_hand(study: Study, still: str) -> str:
    running = study.history.states[State.RUNNING]
    return f" ({counted(running, 'trial')} in hand{still})" if running else ""


def _tell(study: Study, what: str, as_json: bool) -> None:
    if not as_json:
        print(f"Study {study.name!r} {what}.")
        return
    control = study.store.get_control(study.ledger.record.id)
    running = study.history.states[State.RUNNING]
    print_json({"study": study.name, "paused": control.is_paused, "stops": control.stops, "running": running})
