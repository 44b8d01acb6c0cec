"""What stands around every request and every response, before anything is read.

Of a request: whose name it is sent to, how many there are, how slow it may be. On every response: security headers, an id of
our own, and where the time went.

A web page that a browser on this machine shows can name this machine as its own (DNS rebinding), and then ask us; so the
`Host` of a request must be a name that we go by, on loopback, too. Health probes come by address and may be asked by any name.
"""

from __future__ import annotations

import asyncio
import re
import secrets
import time
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import unquote

from litestar.types import ASGIApp, Message, Receive, Scope, Send

from guard.errors import RequestRefused
from guard.proxy import reply, timing
from guard.proxy.auth import is_loopback

PROBES = frozenset({"/healthz", "/readyz"})
"""Asked by whoever looks after the process."""
LOOPBACK = "loopback"
"""Among hosts: every name and address of this machine alone."""
request_id: ContextVar[str] = ContextVar("auscult_request_id", default="")
"""Id of the present request, for logs; ours, never the client's."""
# Nothing else: `127.0.0.1:x@other` and `[::1].other` only begin as ours.
_HOST = re.compile(r"(?:\[([^\[\]@]+)\]|([^\[\]@:]*))(?::[0-9]*)?")
_CLOSING = frozenset({408, 413})
_LENGTHS = frozenset({b"content-length", b"transfer-encoding"})
HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
"""Of every response."""
_HSTS = (b"strict-transport-security", b"max-age=31536000")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What a request must keep to."""

    hosts: frozenset[str] | None = frozenset({LOOPBACK})
    """Names in lower case that it may be sent to; None takes every one."""
    most: int = 512
    """Requests at once; the next is told to come again."""
    seconds: float = 30.0
    """For a whole body to come, however slowly."""
    encrypted: bool = False
    """Whether connections are encrypted, so that clients can be told to insist on it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One request, as seen from outside; nothing in it is the client's but the route, if it is one of ours."""

    id: str
    """The id in `X-Request-Id`."""
    request: str
    """The id in the audit trail; empty where there is none."""
    route: str
    """Path of a route that is served, or `other`."""
    status: int
    """HTTP status; 0 where the client went away before there was one."""
    seconds: float
    """In all."""
    overhead: float
    """Until the response began, without the waiting for the model."""
    spent: dict[str, float]
    """Seconds by phase."""


Watcher = Callable[[Seen], None]


class Outer:
    """Wraps the application."""

    def __init__(self, app: ASGIApp, bounds: Bounds, routes: frozenset[str], watchers: Sequence[Watcher]) -> None:
        """Wrap `app`, whose routes are `routes`; tell `watchers` of each request that has ended."""
        self._app, self._bounds, self._routes, self._watchers = app, bounds, routes, watchers
        self._under_way = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if str(scope["type"]) != "http":
            await self._app(scope, receive, send)
            return
        times = timing.begin(cast("dict[str, Any]", scope).get("auscult_arrived"))
        sent = _Sent(send, times, secure=self._bounds.encrypted)
        request_id.set(sent.id)
        _take_apart(scope)
        # One spelling for all that reads the path, and not only behind the router, which takes `//v1/models/` for `/v1/models`.
        scope["path"] = "/" + "/".join(filter(None, scope["path"].split("/")))
        self._under_way += 1
        try:
            refused = self._refusal(scope)
            if refused is None:
                await self._app(scope, self._patient(receive, times), sent)
            else:
                await _refuse(refused, sent)
        finally:
            self._under_way -= 1
            self._tell(scope["path"], sent, times)

    def _refusal(self, scope: Any) -> RequestRefused | None:
        if scope["path"] in PROBES:
            return None
        if not _known(scope["headers"], self._bounds.hosts):
            return RequestRefused("this server does not go by that name", code="unknown_host", status=421)
        if {name for name, _ in scope["headers"]} >= _LENGTHS:  # two readers may each believe another one
            return RequestRefused("the request has two lengths", code="ambiguous_length")
        if self._under_way > self._bounds.most:
            return RequestRefused("too many requests are under way", code="server_busy", status=429)
        return None

    def _patient(self, receive: Receive, times: timing.Times) -> Receive:
        """Wait for a body, but not for ever: it counts as a whole, so that a byte now and then does not help."""
        started = time.monotonic()
        complete = False

        async def next_message() -> Any:
            nonlocal complete
            if complete:
                return await receive()
            left = max(0.0, started + self._bounds.seconds - time.monotonic())
            try:
                async with asyncio.timeout(left):
                    message = await receive()
            except TimeoutError:
                problem = "the request took too long to arrive"
                raise RequestRefused(problem, code="request_timeout", status=408) from None
            if message["type"] == "http.disconnect":
                raise RequestRefused("the client has gone", code="disconnected", status=499)
            if message["type"] == "http.request" and not message["more_body"]:
                complete = True
                times.add("body", time.monotonic() - started)
            return message

        return next_message

    def _tell(self, path: str, sent: _Sent, times: timing.Times) -> None:
        overhead = times.overhead if sent.overhead is None else sent.overhead
        seen = Seen(
            id=sent.id, request=sent.request, route=path if path in self._routes else "other", status=sent.status,
            seconds=times.total, overhead=overhead, spent=dict(times.spent),
        )  # fmt: skip
        for watcher in self._watchers:
            watcher(seen)


class _Sent:
    """Sends a response with our headers, and remembers what it was."""

    def __init__(self, send: Send, times: timing.Times, *, secure: bool) -> None:
        self._send, self._times, self._secure = send, times, secure
        self.id = secrets.token_hex(16)
        self.request, self.status = "", 0
        self.overhead: float | None = None

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status, self.overhead = message["status"], self._times.overhead
            headers = list(message["headers"])
            self.request = next((value.decode() for name, value in headers if name.lower() == b"auscult-request"), "")
            message["headers"] = [*headers, *self._headers(message["status"])]
        await self._send(message)

    def _headers(self, status: int) -> list[tuple[bytes, bytes]]:
        own = [
            *HEADERS,
            (b"x-request-id", self.id.encode()),
            (b"server-timing", self._times.header().encode()),
            (b"auscult-overhead-ms", f"{1000 * self._times.overhead:.2f}".encode()),
        ]
        if self._secure:
            own.append(_HSTS)
        if status in _CLOSING:  # the rest of what the client sends is not waited for
            own.append((b"connection", b"close"))
        return own


async def _refuse(error: RequestRefused, send: _Sent) -> None:
    headers = [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]
    if error.status == 429:
        headers.append((b"retry-after", b"1"))
    if error.status == 400:  # nobody knows where the next request begins
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": error.status, "headers": headers})
    await send({"type": "http.response.body", "body": reply.refusal(error), "more_body": False})


def _take_apart(scope: Any) -> None:
    """Read a target that is a whole address: the name in it then counts, and not that of the header (RFC 9112, 3.2.2)."""
    scheme, found, rest = scope.get("raw_path", b"").partition(b"://")
    if not found or scheme.lower() not in (b"http", b"https"):
        return
    authority, _, path = rest.partition(b"/")
    scope["raw_path"] = b"/" + path
    scope["path"] = unquote(scope["raw_path"].decode("ascii"))
    scope["headers"] = [(b"host", authority), *(one for one in scope["headers"] if one[0] != b"host")]


def _known(headers: Sequence[tuple[bytes, bytes]], hosts: frozenset[str] | None) -> bool:
    if hosts is None:
        return True
    named = [value.decode("latin-1").lower() for name, value in headers if name == b"host"]
    found = _HOST.fullmatch(named[0]) if len(named) == 1 else None
    if found is None:
        return False
    name = found[1] or found[2]
    return name in hosts or (LOOPBACK in hosts and is_loopback(name))
