"""A real server, real clients: the format holds, streams stream, and a client that goes away stops the model."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import openai
import pytest
import uvicorn

from guard.audit import Outcome, Phase
from guard.proxy.app import create_app

Serve = Callable[[Any], str]
WELL = "I have a cold, what should I do?"
PATIENCE = 5.0


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Serve a guard on a free port of this machine and return the address."""
    running: list[tuple[uvicorn.Server, threading.Thread]] = []

    def start(made: Any) -> str:
        listening = socket.socket()
        listening.bind(("127.0.0.1", 0))
        config = uvicorn.Config(create_app(made.guard), log_level="critical", access_log=False, lifespan="off")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        running.append((server, thread))
        while not server.started:
            time.sleep(0.005)
        return f"http://127.0.0.1:{listening.getsockname()[1]}"

    yield start
    for server, thread in running:
        server.should_exit = True
        thread.join()


@pytest.fixture
def client(make: Callable[..., Any], serve: Serve) -> Iterator[openai.OpenAI]:
    """An OpenAI client of an ordinary guard."""
    with openai.OpenAI(base_url=serve(make()) + "/v1", api_key="none", max_retries=0) as opened:
        yield opened


def test_the_openai_client_gets_an_answer(client: openai.OpenAI) -> None:
    """Whole: text, reason and usage as its own types."""
    answer = client.chat.completions.create(model="phantom", messages=[{"role": "user", "content": WELL}])
    assert answer.choices[0].message.content == "Rest and drink water."
    assert answer.choices[0].message.role == "assistant"
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage is not None
    assert answer.usage.total_tokens == 11


def test_the_openai_client_gets_a_stream(client: openai.OpenAI) -> None:
    """Streamed: role, pieces, reason, usage."""
    stream = client.chat.completions.create(
        model="phantom",
        messages=[{"role": "user", "content": WELL}],
        stream=True,
        stream_options={"include_usage": True},
    )
    chunks = list(stream)
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text == "Rest and drink water."
    assert chunks[0].choices[0].delta.role == "assistant"
    assert chunks[-2].choices[0].finish_reason == "stop"
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.completion_tokens == 4


def test_the_openai_client_sees_a_block_and_a_refusal(client: openai.OpenAI) -> None:
    """A block is an answer; a bad request is an error with its code; models are listed."""
    blocked = client.chat.completions.create(model="phantom", messages=[{"role": "user", "content": "poison"}])
    assert blocked.choices[0].finish_reason == "content_filter"
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(model="phantom", messages=[{"role": "user", "content": WELL}], n=2)
    assert caught.value.code == "unsupported_parameter"
    assert [model.id for model in client.models.list()] == ["phantom"]
    with pytest.raises(openai.NotFoundError):
        client.embeddings.create(model="phantom", input="x")


def test_the_openai_client_sees_a_broken_stream(make: Callable[..., Any], serve: Serve) -> None:
    """An answer that can't be completed raises in the client instead of looking complete."""
    made = make()

    async def before_step(index: int) -> None:
        if index == 2:
            made.guard.store.close()

    made.engine.before_step = before_step
    with openai.OpenAI(base_url=serve(made) + "/v1", api_key="none", max_retries=0) as client:
        stream = client.chat.completions.create(model="phantom", messages=[{"role": "user", "content": WELL}], stream=True)
        with pytest.raises(openai.APIError):
            list(stream)


async def _send(address: str, **fields: Any) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Send a chat by hand, so that the connection can be dropped at any point."""
    host, port = address.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    body = json.dumps({"model": "phantom", "messages": [{"role": "user", "content": WELL}]} | fields).encode()
    writer.write(
        b"POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        b"Content-Length: %d\r\n\r\n%b" % (len(body), body)
    )
    await writer.drain()
    return reader, writer


async def _until(reached: Callable[[], Any]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not reached():
            await asyncio.sleep(0.01)


async def test_the_first_text_leaves_before_the_last_token_exists(make: Callable[..., Any], serve: Serve) -> None:
    """Nothing on the way collects the stream."""
    last = threading.Event()

    async def before_step(index: int) -> None:
        while index == 3 and not last.is_set():
            await asyncio.sleep(0.005)

    made = make()
    made.engine.before_step = before_step
    reader, writer = await _send(serve(made), stream=True)
    async with asyncio.timeout(PATIENCE):
        await reader.readuntil(b'"content":" and"')
        last.set()
        await reader.readuntil(b"[DONE]")
    writer.close()


@pytest.mark.parametrize("stream", [True, False], ids=["stream", "whole"])
async def test_a_client_that_goes_away_stops_the_model_and_is_recorded(
    make: Callable[..., Any], serve: Serve, stream: bool
) -> None:
    """In the middle of an answer, streamed or not: the engine is stopped, and the last event says why."""
    reached = threading.Event()

    async def before_step(index: int) -> None:
        if index == 3:
            reached.set()
            await asyncio.sleep(60)

    made = make()
    made.engine.before_step = before_step
    reader, writer = await _send(serve(made), stream=stream)
    await _until(reached.is_set)
    if stream:
        await reader.readuntil(b'"content":" and"')
    writer.transport.abort()
    await _until(lambda: made.engine.closed)
    await _until(lambda: b'"phase":"ended"' in made.all_lines())
    request = made.all_lines().split(b'"request":"')[1].split(b'"')[0].decode()
    ended = made.guard.store.events(request)[-1]
    assert ended.phase is Phase.ENDED
    assert (ended.outcome, ended.reason) == (Outcome.DISCONNECTED, "disconnected")
    assert ended.counts.released_characters <= ended.counts.judged_characters == len("Rest and")


async def test_a_client_that_goes_away_before_the_answer_is_recorded(make: Callable[..., Any], serve: Serve) -> None:
    """While the prompt is read, too."""
    reached = threading.Event()

    async def before_prefill() -> None:
        reached.set()
        await asyncio.sleep(60)

    made = make()
    made.engine.before_prefill = before_prefill
    _, writer = await _send(serve(made))
    await _until(reached.is_set)
    writer.transport.abort()
    await _until(lambda: b'"outcome":"disconnected"' in made.all_lines())
    assert made.engine.closed == [True]


async def test_concurrent_streams_never_mix(make: Callable[..., Any], serve: Serve, scripted: Any) -> None:
    """Each of many clients gets its own words only, and each has its own trail."""
    made = make(_Echo(scripted))
    address = serve(made)

    async def one(number: int) -> tuple[int, bytes]:
        messages = [{"role": "user", "content": f"what do I do, my word is w{number}w"}]
        reader, writer = await _send(address, stream=True, messages=messages)
        async with asyncio.timeout(30):
            data = await reader.readuntil(b"[DONE]")
        writer.close()
        return number, data

    for number, data in await asyncio.gather(*(one(number) for number in range(40))):
        words = {piece.split('"')[0] for piece in data.decode().split('"content":"')[1:]}
        said = "".join(words)
        assert said
        assert set(said.replace(f"w{number}w", "").strip()) <= set(" ")
    await _until(lambda: made.all_lines().count(b'"phase":"ended"') == 40)
    lines = made.all_lines()
    assert lines.count(b'"phase":"begun"') == lines.count(b'"phase":"ended"') == 40
    assert lines.count(b'"outcome":"served"') == 40


class _Echo:
    """An engine that says the last word of the prompt, again and again."""

    def __init__(self, scripted: Any) -> None:
        self._scripted = scripted

    async def generate(self, conversation: Any, sampling: Any, wishes: Any) -> Any:
        """Answer with an engine of its own for each chat."""
        word = conversation.messages[-1].content.split()[-1]
        async for event in self._scripted(pieces=[f" {word}"] * 20).generate(conversation, sampling):
            yield event
