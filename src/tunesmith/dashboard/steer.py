"""What a person asks of a study through the page. Nothing else of the page writes to the store.

The store is opened for writing when the first thing is asked, not before, and a config is enqueued as
`tunesmith enqueue` does it.
"""

import threading
from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

from tunesmith.dashboard import form
from tunesmith.dashboard.watch import Watched
from tunesmith.errors import ConfigError, TunesmithError, message
from tunesmith.store import Store, open_store
from tunesmith.study.study import Study
from tunesmith.trial import State

Wish: TypeAlias = Literal["pause", "resume", "stop"]


class Steering:
    """Changes studies for a person.

    Args:
        path: The store.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._store: Store | None = None
        self._lock = threading.Lock()

    def _opened(self) -> Store:
        with self._lock:
            if self._store is None:
                self._store = open_store(self._path, must_exist=True)
            return self._store

    def enqueue(self, watched: Watched, values: Mapping[str, str]) -> dict[str, Any]:
        """Put a config first in line.

        Raises:
            ConfigError: It cannot be run.
        """
        typed = form.read(watched.history.space, values)
        if not typed.is_whole:
            wrong = [f"{name}: {words}" for name, words in typed.errors.items()]
            raise ConfigError(" ".join(wrong) or message(f"the config breaks {'; '.join(typed.broken)}"))
        trial = Study.open(self._opened(), watched.record.name).enqueue(typed.config)
        return {"number": trial.number, "state": trial.state.value, "is_new": trial.state is State.WAITING}

    def ask(self, watched: Watched, wish: Wish) -> dict[str, Any]:
        """Pause, resume or stop the study."""
        store, study = self._opened(), watched.record.id
        if wish == "stop":
            store.stop_study(study)
        else:
            store.pause_study(study, wish == "pause")
        control = store.get_control(study)
        return {"is_paused": control.is_paused, "stops": control.stops}

    def note(self, watched: Watched, number: int, text: str) -> dict[str, Any]:
        """Replace the note on a trial.

        Raises:
            TunesmithError: There is no such trial.
        """
        if not self._opened().note(watched.record.id, number, text):
            raise TunesmithError(message("the trial is unknown", given=number))
        return {"number": number, "note": text}

    def close(self) -> None:
        """Let go of the store."""
        if self._store is not None:
            self._store.close()
