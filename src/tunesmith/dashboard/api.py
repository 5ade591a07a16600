"""The routes of the page's API. Thin: each asks one function and sends what it says as JSON.

Reading is GET; POST and PUT change something, and only they do. Who may call is `guard.py`.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response, StreamingResponse
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool

from tunesmith.dashboard import data, insights
from tunesmith.dashboard.analyst import Analyst
from tunesmith.dashboard.steer import Steering, Wish
from tunesmith.dashboard.watch import Watch, Watched
from tunesmith.errors import OptionError, StudyNotFound, TunesmithError, message

POLL = 0.5  # seconds between looks at a study that somebody watches
ALIVE = 15.0  # seconds after which something is sent even if nothing has changed

StudyId = Annotated[int, Path(ge=0, le=2**31 - 1)]
Number = Annotated[int, Path(ge=0, le=2**31 - 1)]
Name = Annotated[str, Query(max_length=1000)]


class Problem(BaseModel):
    """Why a request could not be answered."""

    error: str


class Typed(BaseModel):
    """A config as it was typed."""

    values: dict[str, str] = Field(max_length=10_000)


class Noted(BaseModel):
    """A note on a trial."""

    text: str = Field(max_length=10_000)


class Asked(BaseModel):
    """What is asked of a study."""

    wish: Wish


PROBLEMS: dict[int | str, dict[str, Any]] = {code: {"model": Problem} for code in (401, 403, 404, 421)}


class JsonText(Response):
    """An answer that is JSON already."""

    media_type = "application/json"


def sent(made: Any) -> JsonText:
    """JSON without FastAPI's copying, which would walk through every value once more."""
    return JsonText(data.text_of(made))


def make_router(watch: Watch, analyst: Analyst, steering: Steering) -> APIRouter:
    """All routes.

    Args:
        watch: The studies, only read.
        analyst: What takes long.
        steering: What changes them.
    """
    router = APIRouter(prefix="/api", responses=PROBLEMS, default_response_class=JsonText)
    _add_reading(router, watch)
    _add_insights(router, watch)
    _add_slow(router, watch, analyst)
    _add_steering(router, watch, steering)
    return router


def _add_reading(router: APIRouter, watch: Watch) -> None:
    @router.get("/studies")
    def studies() -> Response:
        """All studies of the store."""
        return sent({"studies": [data.study_line(*found) for found in watch.studies()]})

    @router.get("/studies/{study_id}")
    def study(study_id: StudyId) -> Response:
        """A study's settings and parameters, and how it stands."""
        watched = watch.study(study_id)
        with watched.lock:
            return sent({**data.study_facts(watched), "pulse": data.pulse(watched)})

    @router.get("/studies/{study_id}/trials")
    def trials(
        study_id: StudyId,
        since: Annotated[int, Query(ge=0, le=2**53)] = 0,
        epoch: Annotated[str, Query(max_length=100)] = "",
    ) -> Response:
        """Trials that have changed after a mark, as rows."""
        watched = watch.study(study_id)
        with watched.lock:
            return sent(data.trials_since(watched, since, epoch))

    @router.get("/studies/{study_id}/trials/{number}")
    def trial(study_id: StudyId, number: Number) -> Response:
        """All that is known of one trial."""
        watched = watch.study(study_id)
        with watched.lock:
            if number >= len(watched.history):
                raise _unknown_trial(number)
            return sent(data.trial_detail(watched.history, watched.history[number]))

    @router.get("/studies/{study_id}/failures")
    def failures(study_id: StudyId) -> Response:
        """Failed trials by cause."""
        watched = watch.study(study_id)
        with watched.lock:
            return sent({"causes": data.failures(watched.history)})

    @router.get("/studies/{study_id}/workers")
    def workers(study_id: StudyId) -> Response:
        """Workers that have or had a trial."""
        watched = watch.study(study_id)
        with watched.lock:
            return sent({"workers": data.workers(watched)})

    @router.get("/studies/{study_id}/events", response_class=StreamingResponse)
    async def events(study_id: StudyId, request: Request) -> Response:
        """How the study stands, as server-sent events: once now, and whenever it changes."""
        watched = await run_in_threadpool(watch.study, study_id)
        made = _events(watch, watched.record.id, request)
        return StreamingResponse(made, media_type="text/event-stream", headers={"x-accel-buffering": "no"})


async def _events(watch: Watch, study_id: int, request: Request) -> AsyncIterator[str]:
    before, sent_at = "", 0.0
    while not (watch.is_closing or await request.is_disconnected()):
        try:
            now = await run_in_threadpool(_pulse_text, watch, study_id)
        except StudyNotFound:
            yield "event: gone\ndata: {}\n\n"
            return
        except TunesmithError as error:
            yield f"event: problem\ndata: {json.dumps({'error': str(error)})}\n\n"
            return
        if now != before:
            before, sent_at = now, time.monotonic()
            yield f"data: {now}\n\n"
        elif time.monotonic() - sent_at > ALIVE:
            sent_at = time.monotonic()
            yield ": still here\n\n"
        await asyncio.sleep(POLL)


def _pulse_text(watch: Watch, study_id: int) -> str:
    watched = watch.study(study_id)
    with watched.lock:
        return data.text_of(data.pulse(watched))


def _add_insights(router: APIRouter, watch: Watch) -> None:
    @router.get("/studies/{study_id}/figures/{kind}")
    def figure(
        study_id: StudyId, kind: Annotated[str, Path(pattern="^(history|curves|timeline)$")]
    ) -> Response:
        """A drawing of how the study went."""
        return sent(insights.drawn(watch.study(study_id), kind))

    @router.get("/studies/{study_id}/model")
    def model(study_id: StudyId, first: Name, second: Name | None = None) -> Response:
        """The model along one parameter, or over two."""
        return sent(insights.believed(*_looked_at(watch, study_id, first, second)))

    @router.get("/studies/{study_id}/expectation")
    def expectation(study_id: StudyId, values: Annotated[str, Query(max_length=100_000)]) -> Response:
        """What the model expects of a config: a JSON object of text by parameter."""
        return sent(insights.expected(watch.study(study_id), _object(values)))


def _add_slow(router: APIRouter, watch: Watch, analyst: Analyst) -> None:
    def ask(kind: str, study_id: int, *arguments: str | None) -> Response:
        watch.study(study_id)  # an unknown one need not wait
        return JsonText(analyst.ask(kind, study_id, *arguments))

    @router.get("/studies/{study_id}/importance")
    def importance(study_id: StudyId) -> Response:
        """Which parameters matter."""
        return ask("importance", study_id)

    @router.get("/studies/{study_id}/effect")
    def effect(study_id: StudyId, first: Name, second: Name | None = None) -> Response:
        """How the value changes with one parameter, or with two."""
        _looked_at(watch, study_id, first, second)
        return ask("effect", study_id, first, second)

    @router.get("/studies/{study_id}/advice")
    def advice(study_id: StudyId) -> Response:
        """Which config to ship, and what is wrong with the study."""
        return ask("advice", study_id)

    @router.get("/studies/{study_id}/forecast")
    def forecast(study_id: StudyId) -> Response:
        """What more trials would bring."""
        return ask("forecast", study_id)


def _looked_at(
    watch: Watch, study_id: int, first: str, second: str | None
) -> tuple[Watched, str, str | None]:
    if first == second:
        raise OptionError(message("two different parameters are looked at together", given=repr(first)))
    return watch.study(study_id), first, second


def _object(text: str) -> dict[str, str]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise OptionError(message("values are not valid JSON", given=repr(text[:100]))) from error
    if not isinstance(found, dict) or not all(isinstance(v, str) for v in found.values()):
        raise OptionError(message("values must be an object of text by parameter", given=repr(text[:100])))
    return found


def _add_steering(router: APIRouter, watch: Watch, steering: Steering) -> None:
    @router.post("/studies/{study_id}/trials")
    def enqueue(study_id: StudyId, typed: Typed) -> Response:
        """Put a config first in line."""
        return sent(steering.enqueue(watch.study(study_id), typed.values))

    @router.put("/studies/{study_id}/trials/{number}/note")
    def note(study_id: StudyId, number: Number, noted: Noted) -> Response:
        """Replace the note on a trial."""
        watched = watch.study(study_id)
        if number >= len(watched.history):
            raise _unknown_trial(number)
        return sent(steering.note(watched, number, noted.text))

    @router.put("/studies/{study_id}/control")
    def control(study_id: StudyId, asked: Asked) -> Response:
        """Pause, resume or stop the study, wherever it runs."""
        return sent(steering.ask(watch.study(study_id), asked.wish))


def _unknown_trial(number: int) -> StudyNotFound:
    return StudyNotFound(message("the study has no such trial", given=number))
