"""Many streams at once, most of which nobody reads to their end: nothing is left behind, and the trail knows how each ended."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import random
import socket
import struct
import time
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from pathlib import Path

from guard import audit
from guard.audit import Outcome, Phase
from guard.chain import Intact
from tests.guard.proxy.hostile import Live, ask, chat, live, whole
from tests.guard.proxy.upstreams import DONE, Fake, answer

AT_ONCE = 64
WELL = [{"role": "user", "content": "I have a cold"}]
HOW = ("stays", "before the head", "after the head", "in the middle", "with a reset")


@dataclass
class Slow(Fake):
    """An upstream that takes its time, and knows on which loop it is asked."""

    loop: asyncio.AbstractEventLoop | None = None
    complete: int = 0
    parts: list[bytes] = field(default_factory=lambda: answer([f" word{number}" for number in range(30)]))

    async def chat(self, body: bytes) -> AsyncGenerator[bytes, None]:
        """Answer."""
        self.loop = asyncio.get_running_loop()
        async for part in super().chat(body):
            await asyncio.sleep(0.01)
            self.complete += part == DONE
            yield part


def _files() -> int:
    gc.collect()
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


async def _one(port: int, how: str, wait: float, stream: bool) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(whole(chat(messages=WELL, stream=stream), "Connection: close"))
    try:
        if how == "stays":
            came = await reader.read()
            assert b"[DONE]" in came or b'"chat.completion"' in came
            return
        if how == "before the head":
            await asyncio.sleep(wait / 10)
            return
        with contextlib.suppress(TimeoutError, asyncio.IncompleteReadError):
            await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 1.0 + wait)
        if how != "after the head":
            await asyncio.sleep(wait)
        if how == "with a reset":
            # To linger for no time at all means to send RST.
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    finally:
        writer.close()


async def _storm(port: int, generator: random.Random) -> None:
    plan = [(HOW[number % len(HOW)], generator.uniform(0.0, 0.3), number % 4 != 0) for number in range(AT_ONCE)]
    await asyncio.gather(*(_one(port, *one) for one in plan))


def _until(what: str, holds: object) -> None:
    deadline = time.monotonic() + 20
    while not holds():  # type: ignore[operator]
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


def _outcomes(on: Live) -> dict[str, tuple[Outcome, str]]:
    """How each request ended, after checking that each that began has ended."""
    begun: set[str] = set()
    ended: dict[str, tuple[Outcome, str]] = {}
    for line in on.guard.store.lines():
        event = audit.decode(line)[0]
        if event.phase is Phase.BEGUN:
            begun.add(event.request)
        if event.phase is Phase.ENDED:
            ended[event.request] = (event.outcome, event.reason)
    assert ended.keys() == begun
    return ended


def test_streams_that_are_dropped_leave_nothing_behind(tmp_path: Path) -> None:
    """No task, no connection, no file; each upstream call was closed, and the chain is whole."""
    upstream, generator = Slow(), random.Random(11)
    with live(tmp_path, upstream=upstream) as on:
        assert ask(on.port, whole(chat(messages=WELL), "Connection: close")).status == 200
        _until("the first request is over", lambda: upstream.closed == 1)
        loop = upstream.loop
        assert loop is not None
        time.sleep(0.2)
        files, tasks = _files(), len(asyncio.all_tasks(loop))
        for _ in range(2):
            asyncio.run(_storm(on.port, generator))
        _until("every upstream call is closed", lambda: upstream.closed == len(upstream.asked))
        _until("no task is left", lambda: len(asyncio.all_tasks(loop)) <= tasks)
        _until("no file is left", lambda: _files() <= files)
        ended = _outcomes(on)
        assert isinstance(on.guard.store.verify(), Intact)
        assert ask(on.port, whole(chat(messages=WELL))).status == 200
    assert set(ended.values()) == {(Outcome.SERVED, "stop"), (Outcome.DISCONNECTED, "disconnected")}
    assert len(upstream.asked) - upstream.complete > AT_ONCE / 2
    served = sum(outcome is Outcome.SERVED for outcome, _ in ended.values())
    assert 2 * AT_ONCE // len(HOW) <= served <= upstream.complete
    assert '"level": "error"' not in on.logged.getvalue()
