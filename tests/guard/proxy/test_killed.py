"""The process is killed at any moment: no event of an answer that somebody got is missing, and the chain goes on."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import pytest

from guard.audit import Phase
from guard.chain import Intact
from guard.store import Store
from tests.guard.proxy.upstreams import Server, answer
from tests.theory.populations import NIGHTLY

ROOT = Path(__file__).parents[3]
TIMES = 200 if NIGHTLY else 10
CLIENTS = 8


@dataclass
class Got:
    """What clients of one guard got."""

    begun: set[str] = field(default_factory=set)
    """Requests whose response had begun."""
    complete: set[str] = field(default_factory=set)
    """Requests whose answer had come to its end."""


async def _client(session: aiohttp.ClientSession, url: str, number: int, got: Got) -> None:
    """Ask until the guard is gone."""
    body = {"model": "m", "messages": [{"role": "user", "content": f"I have a cold {number}"}], "stream": number % 2 == 0}
    with contextlib.suppress(aiohttp.ClientError, OSError):
        while True:
            async with session.post(url + "/chat/completions", json=body) as response:
                if response.status != 200:
                    continue
                got.begun.add(response.headers["auscult-request"])
                data = await response.read()
                if b"[DONE]" in data or (not body["stream"] and json.loads(data)["choices"]):
                    got.complete.add(response.headers["auscult-request"])


@contextlib.asynccontextmanager
async def _forking(upstream: str, store: str) -> AsyncIterator[asyncio.subprocess.Process]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AUSCULT_")}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.guard.proxy.killed", upstream, store,
        cwd=ROOT, env=environment, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        yield process
    finally:
        assert process.stdin is not None
        process.stdin.close()
        await process.wait()


async def _round(process: asyncio.subprocess.Process, wait: float) -> Got:
    """Start a guard, ask it from many sides, kill it after a while."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(b"\n")
    pid, port = map(int, (await process.stdout.readline()).split())
    got = Got()
    # Each guard has its own port, so that no connection outlives it.
    async with aiohttp.ClientSession() as session:
        clients = [_client(session, f"http://127.0.0.1:{port}/v1", number, got) for number in range(CLIENTS)]
        asking = asyncio.gather(*clients)
        while not got.begun:
            await asyncio.sleep(0.005)
        await asyncio.sleep(wait)
        os.kill(pid, signal.SIGKILL)
        await asking
    assert await process.stdout.readline() == b"gone\n"
    return got


@pytest.mark.parametrize("seed", [5])
async def test_nothing_that_was_acknowledged_is_lost_when_the_process_is_killed(tmp_path: Path, seed: int) -> None:
    """Of each begun response the verdict on the prompt is there, of each complete one that on the answer, too."""
    generator = random.Random(seed)
    url = f"sqlite:///{tmp_path}/audit.sqlite"
    begun, complete, cut = 0, 0, 0
    upstream = Server(parts=answer(["Rest", " and", " drink", " water."]), pause=lambda number: 0.002)
    async with upstream.running() as there, _forking(there.url, url) as process:
        for _ in range(TIMES):
            got = await _round(process, generator.uniform(0.0, 0.15))
            store = Store(url, create=False)
            assert isinstance(store.verify(), Intact)
            phases = {request: [(one.phase, one.role) for one in store.events(request)] for request in got.begun}
            store.close()
            for request in got.begun:
                assert phases[request][:2] == [(Phase.BEGUN, ""), (Phase.JUDGED, "user")]
            for request in got.complete:
                assert (Phase.JUDGED, "assistant") in phases[request]
            begun, complete = begun + len(got.begun), complete + len(got.complete)
            cut += sum((Phase.ENDED, "") not in known for known in phases.values())
    # It was killed in the middle of something, and not only then.
    assert begun > complete > TIMES
    assert cut > 0
