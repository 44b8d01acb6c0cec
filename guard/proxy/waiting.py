"""Waiting in a task for what another thread writes."""

from __future__ import annotations

import asyncio
import contextlib
from concurrent.futures import Future

from guard.digest import Digest


async def written(future: Future[Digest]) -> Digest:
    """Wait for a future of `Store.submit`; cancelling whoever waits does not cancel the write.

    Raises:
        StoreError: Nothing was written.
    """
    if not future.done():
        loop = asyncio.get_running_loop()
        waiting = loop.create_future()

        def told(_: Future[Digest]) -> None:
            with contextlib.suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(_wake, waiting)

        future.add_done_callback(told)
        await waiting
    return future.result()


def _wake(waiting: asyncio.Future[None]) -> None:
    if not waiting.done():
        waiting.set_result(None)
