"""The HTTP protocol with an end to patience.

A connection whose request head does not come, or comes a byte now and then, is closed; so is one whose client does not read
what it asked for, because an answer that nobody takes holds a place that others wait for. The time at which a request's bytes
were read is noted, so that waiting for the event loop counts as ours. What is no HTTP gets an error in the shape of all others.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any, cast

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from guard.errors import RequestRefused
from guard.proxy import reply
from guard.proxy.outer import HEADERS

HEAD_SECONDS = 10.0
"""For a whole head, from the connection or the end of the last response on."""
HEAD_BYTES = 32_768
"""Longest head."""
STALL_SECONDS = 30.0
"""For a client to take what waits for it, once that is more than the server keeps for one connection (64 KiB)."""
STALLED = "auscult_stalled"
"""Stands in the scope of a request whose client did not."""


class Patient(H11Protocol):
    """One connection."""

    seconds = HEAD_SECONDS
    stall_seconds = STALL_SECONDS
    _late: asyncio.TimerHandle | None = None
    _unread: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Begin to wait for a head."""
        super().connection_made(transport)
        self._watch()

    def data_received(self, data: bytes) -> None:
        """Take bytes, and note when the request that they begin was read."""
        arrived, before = time.monotonic(), self.cycle
        super().data_received(data)
        if self.cycle is not before:
            # The task that serves it has not run yet.
            self.scope["auscult_arrived"] = arrived  # type: ignore[typeddict-unknown-key]
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        for timer in (self._late, self._unread):
            if timer is not None:
                timer.cancel()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Begin to wait for a client that does not read."""
        super().pause_writing()
        self._expect_reading()

    def resume_writing(self) -> None:
        """Stop waiting: it has taken most of what waited."""
        super().resume_writing()
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None

    def send_400_response(self, msg: str) -> None:
        """Say that this is no HTTP, if an answer can still begin, and close the connection."""
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            body = reply.refusal(RequestRefused("this is not a request in HTTP that can be read", code="invalid_http"))
            headers = [
                (b"content-type", b"application/json"), (b"content-length", b"%d" % len(body)), (b"connection", b"close"),
                (b"cache-control", b"no-store"), *HEADERS,
            ]  # fmt: skip
            for event in (h11.Response(status_code=400, headers=headers), h11.Data(data=body), h11.EndOfMessage()):
                self.transport.write(self.conn.send(event) or b"")
        self.transport.close()

    def _watch(self) -> None:
        waiting = self.cycle is None or self.cycle.response_complete
        if not waiting and self._late is not None:
            self._late.cancel()
            self._late = None
        elif waiting and self._late is None:
            self._late = self.loop.call_later(self.seconds, self._close)

    def _close(self) -> None:
        self._late = None
        if (self.cycle is None or self.cycle.response_complete) and not self.transport.is_closing():
            self.transport.close()
            self._expect_reading()  # closing waits for what was not taken yet

    def _expect_reading(self) -> None:
        if self._unread is None:
            self._unread = self.loop.call_later(self.stall_seconds, self._stalled)

    def _stalled(self) -> None:
        self._unread = None
        if self.cycle is not None:
            cast("dict[str, Any]", self.cycle.scope)[STALLED] = True
        self.transport.abort()
