"""Responses as the server takes them, written straight to it, and an end to the work when the client goes away."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from types import TracebackType

from litestar.types import ASGIApp, Receive, Scope, Send

GRACE = 0.02
"""Seconds until somebody looks whether the client is still there; nearly every quick answer needs no look."""


class Present:
    """Stops the work of a block when the client goes away: the block then ends without an error, and `gone` says why."""

    def __init__(self, receive: Receive) -> None:
        """Prepare; the request's body has been read."""
        self.gone = False
        """Whether the client has gone."""
        self._receive = receive
        self._listening: asyncio.Task[None] | None = None

    def __enter__(self) -> Present:
        """Begin to listen, after a while."""
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("only a task can be stopped")
        self._task = task
        self._timer = asyncio.get_running_loop().call_later(GRACE, self._begin)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> bool:
        """Listen no more."""
        self._timer.cancel()
        if self._listening is not None:
            self._listening.cancel()
        # Whoever else has cancelled the task meanwhile is not kept from it.
        return self.gone and self._task.uncancel() == 0 and kind is asyncio.CancelledError

    def _begin(self) -> None:
        self._listening = asyncio.get_running_loop().create_task(self._listen())

    async def _listen(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self.gone = True
        self._task.cancel()


def whole(body: bytes, kind: str, headers: Mapping[str, str], after: Callable[[bool], Awaitable[None]]) -> ASGIApp:
    """Return a response with a whole body; `after` is told whether the server has taken all of it."""

    async def respond(_scope: Scope, _receive: Receive, send: Send) -> None:
        """Send it."""
        taken = False
        try:
            length = (b"content-length", b"%d" % len(body))
            await send({"type": "http.response.start", "status": 200, "headers": [*_raw(kind, headers), length]})
            await send({"type": "http.response.body", "body": body, "more_body": False})
            taken = True
        finally:
            await after(taken)

    return respond


def stream(
    parts: AsyncGenerator[bytes, None], kind: str, headers: Mapping[str, str], after: Callable[[], Awaitable[None]]
) -> ASGIApp:
    """Return a response that is sent as it comes, until the client goes away."""

    async def respond(_scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        try:
            with Present(receive):
                await send({"type": "http.response.start", "status": 200, "headers": _raw(f"{kind}; charset=utf-8", headers)})
                async with contextlib.aclosing(parts):
                    async for part in parts:
                        await send({"type": "http.response.body", "body": part, "more_body": True})
                await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            await after()

    return respond


def _raw(kind: str, headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    named = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    return [(b"content-type", kind.encode("latin-1")), *named]
