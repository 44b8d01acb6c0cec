"""Reading ahead: while what came is judged, more may come, up to a bound; then all of it is judged at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import TypeVar

T = TypeVar("T")
_END = object()


async def batches(source: AsyncGenerator[T, None], most: int = 64) -> AsyncGenerator[list[T], None]:
    """Yield what a source gives in lists of at most `most`, each with all that had come when it was asked for.

    Whoever is slower holds the other up: no more than `most` items wait. The source is closed with this.

    Raises:
        Exception: Whatever the source raises, after what came before it.
    """
    waiting: asyncio.Queue[T | BaseException | object] = asyncio.Queue(most)
    reading = asyncio.create_task(_read(source, waiting))
    try:
        while True:
            taken = [await waiting.get()]
            while not waiting.empty() and len(taken) < most:
                taken.append(waiting.get_nowait())
            last = taken.pop() if taken[-1] is _END or isinstance(taken[-1], BaseException) else None
            if taken:
                yield taken  # type: ignore[misc]
            if isinstance(last, BaseException):
                raise last
            if last is _END:
                return
    finally:
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
        await source.aclose()


async def _read(source: AsyncGenerator[T, None], waiting: asyncio.Queue[T | BaseException | object]) -> None:
    try:
        async for item in source:
            await waiting.put(item)
    except Exception as error:
        await waiting.put(error)
    else:
        await waiting.put(_END)
