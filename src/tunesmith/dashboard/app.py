"""The page as one application, and serving it.

What is not here: the routes (`api.py`), and who may call them (`guard.py`).
"""

import contextlib
import gzip
import secrets
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from types import FrameType

import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response
from fastapi.staticfiles import StaticFiles

from tunesmith.analysis.figures.library import plotly_script
from tunesmith.dashboard.analyst import Analyst
from tunesmith.dashboard.api import make_router
from tunesmith.dashboard.guard import Guard, Rules
from tunesmith.dashboard.steer import Steering
from tunesmith.dashboard.watch import Watch
from tunesmith.errors import (
    MissingExtra,
    OptionError,
    StoreError,
    StudyNotFound,
    TunesmithError,
    message,
)
from tunesmith.store import open_store
from tunesmith.store.addresses import shown
from tunesmith.version import __version__

STATIC = Path(str(files("tunesmith.dashboard") / "static"))
STATUS: tuple[tuple[type[TunesmithError], int], ...] = (
    (StudyNotFound, 404),
    (StoreError, 503),
    (MissingExtra, 501),
    (TunesmithError, 422),
)
PORTS = range(8787, 8807)  # tried in turn where none is asked for
GRACE = 3  # seconds that open connections are given at the end


def make_app(store: str, token: str, host: str = "127.0.0.1") -> FastAPI:
    """The application.

    Args:
        store: The store; opened once for writing, to bring it up to date, and then only read.
        token: What who changes something has to send.
        host: Address that is listened on.

    Raises:
        StoreError: There is no such store.
    """
    open_store(store, must_exist=True).close()
    watch = Watch(open_store(store, read_only=True))
    analyst, steering = Analyst(store), Steering(store)

    def hush() -> None:
        """Let no answer take longer: the page is about to end."""
        watch.is_closing = True
        analyst.close()

    @asynccontextmanager
    async def life(_: FastAPI) -> AsyncIterator[None]:
        yield
        hush()
        steering.close()
        watch.store.close()

    app = FastAPI(
        title="tunesmith", version=__version__, lifespan=life, docs_url=None, redoc_url=None,
        openapi_url="/api/openapi.json",
    )  # fmt: skip
    app.state.hush = hush
    app.add_middleware(Guard, rules=Rules(token, host))
    app.add_exception_handler(TunesmithError, _say_error)
    app.include_router(make_router(watch, analyst, steering))

    @app.get("/", include_in_schema=False)
    def page() -> Response:
        return HTMLResponse((STATIC / "index.html").read_text(encoding="utf-8"))

    @app.get("/plotly.js", include_in_schema=False)
    def plotly() -> Response:
        head = {"cache-control": "public, max-age=31536000, immutable", "content-encoding": "gzip"}
        return Response(_plotly(), media_type="text/javascript", headers=head)

    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    return app


def _say_error(_: Request, error: Exception) -> Response:
    status = next(code for kind, code in STATUS if isinstance(error, kind))
    return JSONResponse({"error": str(error)}, status)


@lru_cache(maxsize=1)
def _plotly() -> bytes:
    return gzip.compress(plotly_script("dashboard", "the page").encode(), 5)


def serve(store: str, host: str, port: int | None) -> None:
    """Serve the page until Ctrl+C.

    Args:
        store: The store.
        host: Address to listen on.
        port: Port; None for the first free one of `PORTS`, 0 for any.

    Raises:
        StoreError: There is no such store.
        OptionError: The address cannot be listened on.
    """
    token = secrets.token_urlsafe(24)
    app = make_app(store, token, host)
    listening = _listen(host, port)
    named = f"[{host}]" if ":" in host else host
    print(f"The page of {shown(store)} is at", file=sys.stderr)
    print(f"http://{named}:{listening.getsockname()[1]}/#token={token}", flush=True)
    words = "Whoever has this address may steer the studies; it is shown only here."
    print(words, "Ctrl+C ends the page, not the runs.", file=sys.stderr)
    config = uvicorn.Config(
        app, log_level="warning", access_log=False, server_header=False, timeout_graceful_shutdown=GRACE
    )
    with contextlib.suppress(KeyboardInterrupt):  # uvicorn raises it again once all is closed
        _Server(config, app.state.hush).run(sockets=[listening])


class _Server(uvicorn.Server):
    """Ends answers that have no end of their own before it waits for all of them."""

    def __init__(self, config: uvicorn.Config, hush: Callable[[], None]) -> None:
        super().__init__(config)
        self._hush = hush

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Take Ctrl+C and its like."""
        self._hush()
        super().handle_exit(sig, frame)


def _listen(host: str, port: int | None) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    wrong: OSError | None = None
    for candidate in PORTS if port is None else [port]:
        made = socket.socket(family, socket.SOCK_STREAM)
        try:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            made.bind((host, candidate))
            made.listen(128)  # who calls before all is up waits instead of being refused
            return made
        except OSError as error:
            made.close()
            wrong = error
    given = f"{host}:{port if port is not None else f'{PORTS[0]} to {PORTS[-1]}'}"
    fix = "Choose another with --port or --host."
    raise OptionError(message(f"cannot listen there: {wrong}", given=given, fix=fix)) from wrong
