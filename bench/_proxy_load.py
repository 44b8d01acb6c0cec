"""The load: so many clients that each ask again as soon as they have been answered. Started by `proxy.py`, not by hand.

Reads one JSON object a line, {"port", "path", "headers", "body", "clients", "requests"}, and answers with another.
Written on bare sockets, so that it takes as little of the machine as it can.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time
from typing import Any

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


class Client(asyncio.Protocol):
    """One connection, kept alive."""

    def __init__(self) -> None:
        """Begin without one."""
        self.transport: asyncio.Transport | None = None
        self._done: asyncio.Future[bytes] | None = None
        self._data = bytearray()
        self._need = -1
        self.first = 0.0
        """When the first bytes of an answer's body came."""

    def connection_made(self, transport: Any) -> None:
        """Keep it."""
        self.transport = transport

    def connection_lost(self, error: Exception | None) -> None:
        """Tell whoever waits."""
        self.transport = None
        if self._done and not self._done.done():
            self._done.set_exception(ConnectionError("closed early"))

    def data_received(self, data: bytes) -> None:
        """Take bytes until an answer is whole: by its length, or by the last chunk."""
        self._data += data
        if self._need < 0:
            end = self._data.find(b"\r\n\r\n")
            if end < 0:
                return
            length = _LENGTH.search(self._data, 0, end)
            self._need = end + 4 + int(length[1]) if length else 0
            self._body = end + 4
        if not self.first and len(self._data) > self._body:
            self.first = time.perf_counter()
        whole = len(self._data) >= self._need if self._need else self._data.endswith(b"0\r\n\r\n")
        if whole and self._done and not self._done.done():
            self._done.set_result(bytes(self._data))

    async def ask(self, request: bytes) -> bytes:
        """Send a request and return all bytes of its answer."""
        self._data.clear()
        self._need, self.first = -1, 0.0
        self._done = asyncio.get_running_loop().create_future()
        assert self.transport is not None
        self.transport.write(request)
        return await self._done


def encoded(job: dict[str, Any]) -> bytes:
    """Return a request's bytes."""
    body = json.dumps(job["body"]).encode()
    headers = {"Host": "127.0.0.1", "Content-Type": "application/json", "Content-Length": str(len(body))} | job.get(
        "headers", {}
    )
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"POST {job['path']} HTTP/1.1\r\n{head}\r\n".encode() + body


async def _client(job: dict[str, Any], request: bytes, left: list[int], found: dict[str, Any]) -> None:
    loop, client = asyncio.get_running_loop(), None
    while left[0] > 0:
        left[0] -= 1
        if client is None or client.transport is None:
            _, client = await loop.create_connection(Client, "127.0.0.1", job["port"])
        began = time.perf_counter()
        try:
            answer = await client.ask(request)
        except ConnectionError:
            found["failed"] += 1
            continue
        ended = time.perf_counter()
        if not answer.startswith(b"HTTP/1.1 200") or b"water" not in answer:
            found["failed"] += 1
            found["example"] = answer[:600].decode("latin-1")
            continue
        found["times"].append(ended - began)
        found["firsts"].append(client.first - began)
    if client and client.transport:
        client.transport.close()


async def run(job: dict[str, Any]) -> dict[str, Any]:
    """Do one job: requests in all, shared by clients."""
    request, left = encoded(job), [job["requests"]]
    found: dict[str, Any] = {"times": [], "firsts": [], "failed": 0}
    began = time.perf_counter()
    await asyncio.gather(*(_client(job, request, left, found) for _ in range(job["clients"])))
    seconds = time.perf_counter() - began
    times, firsts = sorted(found["times"]), sorted(found["firsts"])
    if not times:
        return {"failed": found["failed"], "example": found.get("example", "")}
    return {
        "p50_ms": 1000 * times[len(times) // 2],
        "p99_ms": 1000 * times[min(len(times) - 1, int(len(times) * 0.99))],
        "first_p50_ms": 1000 * firsts[len(firsts) // 2],
        "rate": len(times) / seconds,
        "failed": found["failed"],
    } | ({"example": found["example"]} if "example" in found else {})


def main() -> None:
    """Read jobs, do them, say what was measured."""
    try:
        import uvloop
    except ImportError:
        runner = asyncio.Runner()
    else:
        runner = asyncio.Runner(loop_factory=uvloop.new_event_loop)
    with runner:
        for line in sys.stdin:
            print(json.dumps(runner.run(run(json.loads(line)))), flush=True)


if __name__ == "__main__":
    main()
