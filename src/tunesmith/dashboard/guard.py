"""Who may call the page's API, decided from the request's head alone, and the headers of every answer.

| attack | what stops it |
|---|---|
| another site's page calls the API | no CORS; Origin must be ours; changes need a header with the token |
| a name that is rebound to this machine | Host must be ours: an address, or a name that is known |
| another person on this machine or network | changes need the token; beyond loopback, so does reading |
| text of a study that is HTML or script | no inline script is run; the page writes text nodes only |

The token travels in the fragment of the address that the command prints, which browsers never send, and then
in a header. It is in no cookie, so that no request carries it by itself.
"""

import ipaddress
import json
import secrets
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

TOKEN_HEADER = "x-tunesmith-token"
READING = frozenset({"GET", "HEAD"})
HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data: blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
}


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request is not answered."""

    status: int
    words: str


def is_loopback(host: str) -> bool:
    """Whether an address to listen on can be reached from this machine only.

    Example:
        >>> [is_loopback(host) for host in ("127.0.0.1", "::1", "localhost", "0.0.0.0", "box")]
        [True, True, True, False, False]
    """
    if host == "localhost":
        return True
    address = _address(host)
    return address is not None and address.is_loopback


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return None


def name_of(authority: str) -> str:
    """Host of a Host header, without its port.

    Example:
        >>> name_of("LOCALHOST:8787"), name_of("[::1]:8787"), name_of("10.0.0.2")
        ('localhost', '::1', '10.0.0.2')
    """
    text = authority.strip().lower()
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0]


class Rules:
    """Decides about requests.

    Args:
        token: The token.
        host: Address that is listened on.
    """

    def __init__(self, token: str, host: str) -> None:
        self._token = token
        self._is_local = is_loopback(host)
        self._names = {
            "localhost",
            host.lower(),
            *(() if self._is_local else (socket.gethostname().lower(),)),
        }

    def refuse(self, method: str, path: str, headers: Mapping[str, str]) -> Refusal | None:
        """Why a request is refused; None for going on.

        Args:
            method: Its method.
            path: Its path.
            headers: Its headers, names in small letters.
        """
        authority = headers.get("host", "")
        if not self._knows(name_of(authority)):
            return Refusal(421, f"This page is not served under the name {name_of(authority)!r}.")
        if not path.startswith("/api/"):
            return None if method in READING else Refusal(405, "There is nothing to change here.")
        origin = headers.get("origin")
        if origin is not None and origin.lower().partition("://")[2] != authority.strip().lower():
            return Refusal(403, "Another site's page may not call this one.")
        if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            return Refusal(403, "Another site's page may not call this one.")
        if self._is_local and method in READING:
            return None
        given = headers.get(TOKEN_HEADER, "")
        if secrets.compare_digest(given.encode(), self._token.encode()):
            return None
        return Refusal(401, "This needs the token of the address that `tunesmith dashboard` printed.")

    def _knows(self, name: str) -> bool:
        # A name can be rebound to this machine by whoever owns it; an address cannot.
        address = _address(name)
        if address is not None:
            return address.is_loopback or not self._is_local
        return name in self._names


class Guard:
    """ASGI middleware: refuses what `Rules` refuses, and adds the headers.

    Args:
        app: The application.
        rules: The rules.
    """

    def __init__(self, app: ASGIApp, rules: Rules) -> None:
        self.app = app
        self.rules = rules

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or pass it on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                named = {name.decode("latin-1").lower() for name, _ in message["headers"]}
                cache = {"cache-control": "no-store"} if scope["path"].startswith("/api/") else {}
                added = [
                    (name.encode(), value.encode())
                    for name, value in (HEADERS | cache).items()
                    if name not in named
                ]
                message = {**message, "headers": [*message["headers"], *added]}
            await send(message)

        headers = {
            name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]
        }
        refusal = self.rules.refuse(scope["method"], scope["path"], headers)
        if refusal is None:
            await self.app(scope, receive, send_guarded)
        else:
            await _answer(refusal, send_guarded)


async def _answer(refusal: Refusal, send: Send) -> None:
    body = json.dumps({"error": refusal.words}).encode()
    head: list[tuple[bytes, bytes]] = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
    ]
    start: dict[str, Any] = {"type": "http.response.start", "status": refusal.status, "headers": head}
    await send(start)
    await send({"type": "http.response.body", "body": body})
