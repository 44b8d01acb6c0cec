"""Whatever JSON an upstream sends, it is read or it is an error of ours: never another exception, never half a character."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from typing import Any

import pytest

from guard.errors import UpstreamError
from guard.proxy import chunks
from guard.upstream import Upstream
from tests.guard.proxy.upstreams import Server

ODD = {
    "deep lists": "[" * 50_000, "deep objects": '{"a":' * 50_000, "closed deep": "[" * 50_000 + "]" * 50_000, "NaN": "NaN",
    "infinity": "1e999", "long number": "9" * 5_000, "negative": "-1", "fraction": "0.5", "half a pair": '"\\ud800"',
    "control": '"\x00"', "null": "null", "list": "[]", "object": "{}", "twice": '"a","content":"b"', "nothing": "",
}  # fmt: skip
SHAPES = [
    "%s",
    '{"choices":%s}',
    '{"choices":[{"delta":{"content":%s}}]}',
    '{"choices":[{"index":%s}]}',
    '{"choices":[{"finish_reason":%s}]}',
    '{"choices":[{"delta":{"content":"a"},"logprobs":{"content":[{"token":%s,"logprob":-1}]}}]}',
    '{"choices":[{"delta":{"content":"a"},"logprobs":{"content":[{"token":"a","logprob":%s}]}}]}',
    '{"choices":[{"delta":{"tool_calls":[{"index":%s,"function":{"name":"f"}}]}}]}',
    '{"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"name":"f","arguments":%s}}]},"finish_reason":"stop"}]}',
    '{"usage":{"prompt_tokens":%s}}',
    '{"error":%s}',
    '{"unknown":%s,"choices":[]}',
]
FUNCTIONS = frozenset({"f"})


async def streamed(data: bytes) -> list[Any]:
    """Read a stream of one odd event and an end."""

    async def parts() -> AsyncGenerator[bytes, None]:
        yield b"data: " + data + b'\n\ndata: {"choices":[{"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'

    return [one async for group in chunks.read(parts(), functions=FUNCTIONS, call_id=lambda: "c") for one in group]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("odd", ODD)
def test_an_odd_answer_is_read_or_refused(shape: str, odd: str) -> None:
    """In a stream and whole."""
    data = (shape % ODD[odd]).encode()
    for read in (
        lambda: asyncio.run(streamed(data)),
        lambda: chunks.whole(data.replace(b'"delta"', b'"message"'), functions=FUNCTIONS, call_id=lambda: "c"),
    ):
        try:
            said = read()
        except UpstreamError as error:
            assert error.status == 502
            continue
        for one in said:
            for text in (getattr(one, "text", ""), *(call.arguments for call in getattr(one, "calls", ()))):
                assert text.encode().decode() == text


@dataclass
class Odd(Server):
    """A server whose list of models is what a test says."""

    body: bytes = b""

    async def _answer(self, head: bytes, writer: asyncio.StreamWriter, reader: asyncio.StreamReader) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%b" % (len(self.body), self.body))
        await writer.drain()


@pytest.mark.parametrize("shape", ["%s", '{"data":%s}', '{"data":[{"id":%s}]}', '{"data":[{"id":"a","x":%s}]}'])
async def test_an_odd_list_of_models_is_read_or_refused(shape: str) -> None:
    """By a real client from a real socket."""
    for odd in ODD.values():
        async with Odd(body=(shape % odd).encode()).running() as server:
            upstream = Upstream(url=server.url)
            try:
                assert set(await upstream.models()) <= {"a"}
            except UpstreamError as error:
                assert error.status == 502
            finally:
                await upstream.close()


def test_a_list_of_models_that_can_t_be_read_is_an_error_in_our_shape(make: Callable[..., Any]) -> None:
    """At the address that lists them, and where a request names one."""

    async def offered() -> tuple[str, ...]:
        async with Odd(body=b"[" * 50_000).running() as server:
            upstream = Upstream(url=server.url)
            try:
                return await upstream.models()
            finally:
                await upstream.close()

    made = make(offered=offered)
    for response in (made.client.get("/v1/models"), made.ask("hello")):
        assert response.status_code == 502
        assert response.json()["error"]["code"] == "upstream_error"
