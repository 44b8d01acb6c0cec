"""A guard with rules only on a socket, with its logs and numbers, and requests to it byte by byte."""

from __future__ import annotations

import contextlib
import io
import json
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import uvicorn

from guard.proxy import logs, wishes
from guard.proxy.app import create_app
from guard.proxy.auth import NO_KEYS, Keys
from guard.proxy.guard import Guard
from guard.proxy.listen import config
from guard.proxy.metrics import Metrics
from guard.proxy.outer import Bounds
from guard.store import Store
from tests.guard.proxy.conftest import POLICY
from tests.guard.proxy.upstreams import Fake, relay

CANARY = "Zacharias Quillfeather"
"""Stands in requests, and must stand nowhere else."""


@dataclass
class Live:
    """A guard that listens."""

    guard: Guard
    port: int
    logged: io.StringIO
    numbers: Metrics
    upstream: Fake


@contextlib.contextmanager
def live(folder: Path, *, upstream: Fake | None = None, policy: Any = None, keys: Keys = NO_KEYS) -> Iterator[Live]:
    """Serve on a free port while the block runs, with the real protocol and logs at level info."""
    fake = upstream or Fake()
    rules_only = policy or replace(POLICY, requires=())
    store = Store(f"sqlite:///{folder}/audit.sqlite")
    guard = Guard(
        policy=rules_only, engine=relay(fake), model="phantom", store=store, secret=b"s" * 32, can=wishes.ALL
    )  # fmt: skip
    logged, numbers = io.StringIO(), Metrics()
    store.listen(numbers.event)
    handler = logs.to(logged, "info")
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    app = create_app(guard, bounds=Bounds(seconds=5.0), watchers=[logs.seen, numbers.seen], keys=keys)
    server = uvicorn.Server(config(app))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.005)
        yield Live(guard, listening.getsockname()[1], logged, numbers, fake)
    finally:
        server.should_exit = True
        thread.join()
        logs.stop(handler)
        store.close()


def head(method: str = "POST", target: str = "/v1/chat/completions", *more: str, host: str = "127.0.0.1") -> bytes:
    """The head of a request; `more` are further lines."""
    lines = [f"{method} {target} HTTP/1.1", f"Host: {host}", "Content-Type: application/json", *more, "", ""]
    return "\r\n".join(lines).encode("latin-1")


def chat(**fields: Any) -> bytes:
    """The body of a chat."""
    return json.dumps({"model": "phantom", "messages": [{"role": "user", "content": f"I am {CANARY}"}]} | fields).encode()


def whole(body: bytes, *more: str, target: str = "/v1/chat/completions") -> bytes:
    """A request with a body and its length."""
    return head("POST", target, f"Content-Length: {len(body)}", *more) + body


@dataclass(frozen=True)
class Came:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes
    closed: bool


def ask(port: int, data: bytes, *, seconds: float = 10.0) -> Came:
    """Send bytes and read one response."""
    with socket.create_connection(("127.0.0.1", port), timeout=seconds) as connection:
        with contextlib.suppress(OSError):  # it may have been answered already
            connection.sendall(data)
        with connection.makefile("rb") as file:
            status, headers = _head(file)
            while status == 100:
                status, headers = _head(file)
            body = file.read(int(headers["content-length"])) if "content-length" in headers else _chunks(file)
        return Came(status, headers, body, headers.get("connection") == "close")


def _head(file: Any) -> tuple[int, dict[str, str]]:
    status = int(file.readline().split()[1])
    headers: dict[str, str] = {}
    while (line := file.readline().strip()) != b"":
        name, _, value = line.decode("latin-1").partition(":")
        headers[name.lower()] = value.strip()
    return status, headers


def _chunks(file: Any) -> bytes:
    body = b""
    while size := int(file.readline() or b"0", 16):
        body += file.read(size)
        file.readline()
    return body
