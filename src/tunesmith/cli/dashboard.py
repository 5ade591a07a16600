"""dashboard: the live page of a store, in the browser."""

from typing import Annotated

import typer

from tunesmith.cli.common import DEFAULT_STORE, StoreOption
from tunesmith.errors import missing_extra


def dashboard(
    file: Annotated[str | None, typer.Argument(help="Store to show; the same as --store.")] = None,
    store: StoreOption = DEFAULT_STORE,
    host: Annotated[
        str, typer.Option(help="Address to listen on; any but this machine's own needs the token to read.")
    ] = "127.0.0.1",
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Port; by default the first free one from 8787.")
    ] = None,
) -> None:
    """Show studies live in the browser: trials, learning curves, the model; try, enqueue, pause, stop."""
    try:
        from tunesmith.dashboard.app import serve
    except ModuleNotFoundError as error:
        if error.name in ("fastapi", "uvicorn", "starlette", "pydantic"):
            raise missing_extra(error.name, "dashboard", "the page") from error
        raise
    serve(file or store, host, port)
