"""The HTTP protocol with an end to patience.

A connection whose request head does not come, or comes a byte now and then, is closed. The time at which a request's bytes
were read is noted, so that waiting for the event loop counts as ours.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_SECONDS = 10.0
"""For a whole head, from the connection or the end of the last response on."""
HEAD_BYTES = 32_768
"""Longest head."""


class Patient(H11Protocol):
    """One connection."""

    seconds = HEAD_SECONDS
    _late: asyncio.TimerHandle | None = None

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
        if self._late is not None:
            self._late.cancel()
        super().connection_lost(exc)

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
