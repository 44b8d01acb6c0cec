"""A client that asks and then does not read: real sockets, a real server, and an end to its patience."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import uvicorn

from guard.audit import Outcome, Phase
from guard.policy import Policy
from guard.proxy.app import create_app
from guard.proxy.listen import config
from guard.proxy.patience import Patient

STALL = 0.5
SMALL = 8_192


@pytest.fixture
def serve() -> Iterator[Callable[[Any], int]]:
    """Serve a guard as in use, but with little patience and little room on the way; return the port."""
    running: list[tuple[uvicorn.Server, threading.Thread]] = []

    def start(made: Any) -> int:
        listening = socket.socket()
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SMALL)
        listening.bind(("127.0.0.1", 0))
        about = config(create_app(made.guard))
        about.http = type("Hasty", (Patient,), {"stall_seconds": STALL})
        server = uvicorn.Server(about)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        running.append((server, thread))
        while not server.started:
            time.sleep(0.005)
        return int(listening.getsockname()[1])

    yield start
    for server, thread in running:
        server.should_exit = True
        thread.join()


@pytest.fixture
def long(make: Callable[..., Any], policy_with: Callable[..., Policy]) -> Any:
    """A guard whose answers may be long."""
    return make(policy=policy_with(requires=()))


def ask(port: int, *, stream: bool) -> socket.socket:
    """Send a chat and read nothing."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL)
    client.settimeout(20)
    client.connect(("127.0.0.1", port))
    body = json.dumps({"model": "phantom", "messages": [{"role": "user", "content": "hello"}], "stream": stream}).encode()
    head = (
        b"POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    )
    client.sendall(head % len(body) + body)
    return client


def until(reached: Callable[[], Any]) -> None:
    """Wait until something holds."""
    ends = time.monotonic() + 15
    while not reached():
        assert time.monotonic() < ends
        time.sleep(0.02)


def ended(made: Any) -> Any:
    """The last event of the one request, once it is there."""
    until(lambda: b'"phase":"ended"' in made.all_lines())
    request = made.all_lines().split(b'"request":"')[1].split(b'"')[0].decode()
    event = made.guard.store.events(request)[-1]
    assert event.phase is Phase.ENDED
    return event


def until_done(client: socket.socket) -> bytes:
    """Read a stream to its end."""
    data = b""
    while b"[DONE]" not in data and (more := client.recv(65_536)):
        data += more
    return data


def left(client: socket.socket) -> bytes:
    """Read until the other side has had enough."""
    data = b""
    try:
        while more := client.recv(65_536):
            data += more
    except ConnectionResetError:
        pass
    return data


def test_a_client_that_stops_reading_a_stream_is_sent_away(long: Any, serve: Callable[[Any], int]) -> None:
    """The model is stopped, the last event says why, and the connection is over."""
    made = long
    made.engine.pieces = ["rest well " * 100] * 2_000
    client = ask(serve(made), stream=True)
    until(lambda: made.engine.closed)
    event = ended(made)
    assert (event.outcome, event.reason) == (Outcome.DISCONNECTED, "stalled")
    assert b"[DONE]" not in left(client)
    client.close()


def test_a_client_that_reads_slowly_is_served(long: Any, serve: Callable[[Any], int]) -> None:
    """Every piece is waited for, longer in all than the patience for one."""
    made = long
    made.engine.pieces = ["rest well " * 100] * 300
    client = ask(serve(made), stream=True)
    begun, data = time.monotonic(), b""
    while b"[DONE]" not in data[-4_096:]:
        more = client.recv(4_096)
        assert more
        data += more
        time.sleep(0.012)
    assert time.monotonic() - begun > STALL
    assert ended(made).outcome is Outcome.SERVED
    client.close()


def test_a_whole_answer_that_nobody_takes_is_dropped(long: Any, serve: Callable[[Any], int]) -> None:
    """It has been handed over, but does not lie here for ever."""
    made = long
    made.engine.pieces = ["rest well " * 100_000]
    client = ask(serve(made), stream=False)
    assert ended(made).outcome is Outcome.SERVED
    time.sleep(2 * STALL)
    assert len(left(client)) < 900_000
    client.close()


async def test_a_model_that_is_slow_is_no_stall(long: Any, serve: Callable[[Any], int]) -> None:
    """Who has read everything is waited with."""
    made = long

    async def before_step(index: int) -> None:
        if index == 2:
            await asyncio.sleep(3 * STALL)

    made.engine.before_step = before_step
    client = ask(serve(made), stream=True)
    assert b'"content":" water."' in await asyncio.to_thread(until_done, client)
    assert (await asyncio.to_thread(ended, made)).outcome is Outcome.SERVED
    client.close()
