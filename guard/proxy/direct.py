"""The two busiest addresses, reached past the framework: the same handlers, with a request that is read no further than needed.

Comes in: whatever `Outer` lets through. Goes out: an answer, or a refusal in the shape of all others. Everything else, other
methods at these addresses included, goes to the framework.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from litestar.types import ASGIApp, Receive, Scope, Send

from guard.errors import RequestRefused


class Headers:
    """Headers of a request, by their names in lower case."""

    def __init__(self, raw: list[tuple[bytes, bytes]]) -> None:
        """Take them as they came."""
        self._raw = raw

    def getall(self, name: str, default: list[str] | None = None) -> list[str]:
        """Return every value of a header, in order."""
        wanted = name.encode("latin-1")
        return [value.decode("latin-1") for key, value in self._raw if key == wanted] or (default or [])

    def get(self, name: str, default: str | None = None) -> Any:
        """Return the first value of a header."""
        wanted = name.encode("latin-1")
        return next((value.decode("latin-1") for key, value in self._raw if key == wanted), default)


class Asked:
    """A request, as much of it as handlers look at."""

    def __init__(self, scope: Scope, receive: Receive, most: int) -> None:
        """Take it; its body may have `most` bytes."""
        self.scope, self.receive = scope, receive
        """As the server gave them."""
        self.headers = Headers(scope["headers"])  # type: ignore[arg-type]
        """As they came."""
        self._most = most

    @property
    def content_type(self) -> tuple[str, dict[str, str]]:
        """The type of its body; what else the header says is left out."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower(), {}

    async def body(self) -> bytes:
        """Read the body.

        Raises:
            RequestRefused: It is too long, or says that it will be.
        """
        told = self.headers.get("content-length", "0")
        if not told.isdecimal() or int(told) > self._most:
            raise self._long()
        parts: list[bytes] = []
        size, more = 0, True
        while more:
            message: Any = await self.receive()
            parts.append(message.get("body", b""))
            size, more = size + len(parts[-1]), bool(message.get("more_body"))
            if size > self._most:
                raise self._long()
        return b"".join(parts)

    def _long(self) -> RequestRefused:
        return RequestRefused("the request is too long", code="request_too_large", status=413)


Handler = Callable[[Any], Awaitable[ASGIApp]]
"""From a request to what answers it."""


class Direct:
    """Wraps the framework."""

    def __init__(
        self, app: ASGIApp, handlers: Mapping[str, Handler], most: int, refuse: Callable[[Scope, Exception], ASGIApp]
    ) -> None:
        """Wrap `app`.

        Args:
            app: The framework.
            handlers: What answers a POST, by its path.
            most: Longest request in bytes.
            refuse: Turns an error into what tells of it.
        """
        self._app, self._handlers, self._most, self._refuse = app, handlers, most, refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        asked: Any = scope
        is_post = str(scope["type"]) == "http" and asked["method"] == "POST"
        handler = self._handlers.get(scope["path"]) if is_post else None
        if handler is None:
            await self._app(scope, receive, send)
            return
        try:
            respond = await handler(Asked(scope, receive, self._most))
        except Exception as error:
            respond = self._refuse(scope, error)
        await respond(scope, receive, send)
