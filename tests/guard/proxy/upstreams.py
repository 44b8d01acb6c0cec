"""Upstreams for tests: bytes from a function, and a small real server on this machine."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from guard.policy import Policy
from guard.proxy import wishes
from guard.proxy.relay import Reader, Relay
from guard.store import Store

DONE = b"data: [DONE]\n\n"


def event(value: Any, *, end: bytes = b"\n\n") -> bytes:
    """One event of a stream."""
    return b"data: " + json.dumps(value, ensure_ascii=False).encode() + end


def chunk(delta: dict[str, Any] | None = None, finish: str | None = None, **more: Any) -> bytes:
    """One chunk as OpenAI writes it, with much that nobody may see."""
    choice = {"index": 0, "delta": delta or {}, "finish_reason": finish, "logprobs": None} | more
    return event(
        {"id": "chatcmpl-UPSTREAM", "object": "chat.completion.chunk", "model": "secret-model", "system_fingerprint": "fp",
         "choices": [choice], "usage": None}
    )  # fmt: skip


def answer(pieces: Sequence[str], finish: str = "stop", usage: tuple[int, int] | None = (11, 5)) -> list[bytes]:
    """A whole answer as chunks."""
    chunks = [chunk({"role": "assistant", "content": ""}), *(chunk({"content": piece}) for piece in pieces)]
    chunks.append(chunk(finish=finish))
    if usage:
        counts = {"prompt_tokens": usage[0], "completion_tokens": usage[1], "total_tokens": sum(usage)}
        chunks.append(event({"id": "x", "choices": [], "usage": counts}))
    return [*chunks, DONE]


def calling(*calls: tuple[str, str], cut: int = 3) -> list[bytes]:
    """An answer that calls tools, the arguments in pieces."""
    chunks = [chunk({"role": "assistant", "content": None})]
    for number, (name, arguments) in enumerate(calls):
        head = {"index": number, "id": f"call_upstream_{number}", "type": "function"}
        chunks.append(chunk({"tool_calls": [head | {"function": {"name": name, "arguments": ""}}]}))
        chunks += [
            chunk({"tool_calls": [{"index": number, "function": {"arguments": arguments[at : at + cut]}}]})
            for at in range(0, len(arguments), cut)
        ]
    return [*chunks, chunk(finish="tool_calls"), DONE]


def cut(data: bytes, generator: random.Random, most: int = 40) -> list[bytes]:
    """Cut bytes anywhere, in the middle of characters, too."""
    parts, at = [], 0
    while at < len(data):
        size = generator.randint(1, most)
        parts.append(data[at : at + size])
        at += size
    return parts


@dataclass
class Fake:
    """An upstream that is a function: it says what a test tells it to, and remembers what it was asked."""

    parts: Sequence[bytes] = field(default_factory=lambda: answer(["Rest", " and", " drink", " water."]))
    error: Exception | None = None
    before: Callable[[int], Any] | None = None
    asked: list[dict[str, Any]] = field(default_factory=list)
    closed: int = 0

    async def chat(self, body: bytes) -> AsyncGenerator[bytes, None]:
        """Answer."""
        self.asked.append(json.loads(body))
        try:
            for number, part in enumerate(self.parts):
                if self.before:
                    await self.before(number)
                yield part
            if self.error:
                raise self.error
        finally:
            self.closed += 1


async def _same(name: str) -> str:
    return f"their-{name}"


def relay(fake: Fake, *, reader: Reader | None = None, system: str | None = None) -> Relay:
    """What answers with the fake's words."""
    return Relay(chat=fake.chat, theirs=_same, reader=reader, system=system, call_id=lambda: "call00001")


def fronted(make: Callable[..., Any], fake: Fake, *, reader: Reader | None = None, **fields: Any) -> Any:
    """A guard under test before a fake; with a reader it is certified, without one only rules act."""
    policy: Policy | None = fields.get("policy")
    source = relay(fake, reader=reader, system=policy.system_prompt if policy else None)
    return make(source, certified=reader is not None, can=wishes.ALL, **fields)


@dataclass
class Server:
    """A real server: raw bytes on a socket, so that a test decides about every one of them."""

    parts: Sequence[bytes] = field(default_factory=lambda: answer(["Rest", " and", " drink", " water."]))
    status: str = "200 OK"
    headers: Sequence[str] = ("Content-Type: text/event-stream", "Set-Cookie: upstream=1", "X-Secret: upstream")
    models: Sequence[str] = ("their-phantom", "two")
    pause: Callable[[int], float] = lambda number: 0.0
    heads: list[bytes] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    gone: int = 0
    url: str = ""
    tasks: list[asyncio.Task[None]] = field(default_factory=list)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[Server]:
        """Serve while the block runs."""
        server = await asyncio.start_server(self._one, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
        try:
            yield self
        finally:
            server.close()
            for task in self.tasks:
                task.cancel()
            await asyncio.gather(*self.tasks, return_exceptions=True)

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.tasks.append(asyncio.current_task())  # type: ignore[arg-type]
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            self.heads.append(head)
            length = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
            self.bodies.append(await reader.readexactly(int(length[0].split(b":")[1])) if length else b"")
            await self._answer(head, writer, reader)
        except (OSError, asyncio.IncompleteReadError):
            self.gone += 1
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def _answer(self, head: bytes, writer: asyncio.StreamWriter, reader: asyncio.StreamReader) -> None:
        if head.startswith(b"GET"):
            body = json.dumps({"data": [{"id": name} for name in self.models]}).encode()
            writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
            await writer.drain()
            return
        lines = [f"HTTP/1.1 {self.status}", "Connection: close", *self.headers, "", ""]
        writer.write("\r\n".join(lines).encode())
        for number, part in enumerate(self.parts):
            await asyncio.sleep(self.pause(number))
            if reader.at_eof() or writer.is_closing():
                raise ConnectionResetError
            writer.write(part)
            await writer.drain()


def stores(folder: Any) -> Iterator[Store]:
    """Fresh stores in a folder."""
    number = 0
    while True:
        number += 1
        yield Store(f"sqlite:///{folder}/upstream{number}.sqlite")
