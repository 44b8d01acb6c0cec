"""Real clients and real sockets on both sides: the contract with the `openai` package, and clients that go away."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import re
import threading
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any

import openai
import pytest
import uvicorn

from guard.proxy import wishes
from guard.proxy.app import create_app
from guard.proxy.listen import listening
from guard.proxy.names import Names
from guard.proxy.relay import Relay
from guard.upstream import Timeouts, Upstream
from tests.guard.proxy.conftest import POLICY
from tests.guard.proxy.upstreams import Server, answer, calling

Make = Callable[..., Any]
WELL = "I have a cold, what should I do?"
SSN = "123-45-6789"
ASKED: Any = [{"role": "user", "content": WELL}]
TOOL: Any = {"type": "function", "function": {"name": "book", "parameters": {"type": "object", "properties": {}}}}


class Fronted:
    """A guard on a socket before an upstream on a socket."""

    def __init__(self, made: Any, url: str, server: Server) -> None:
        """Keep them together."""
        self.made, self.url, self.upstream = made, url, server


@contextlib.asynccontextmanager
async def serving(make: Make, server: Server, *, timeouts: Timeouts | None = None) -> AsyncIterator[Fronted]:
    """Serve a guard with rules only before a server, in this loop."""
    async with server.running():
        upstream = Upstream(url=server.url, key="sk-upstream", timeouts=timeouts or Timeouts(), again=(0.01,))
        names = Names(given={"clinic": "their-phantom"}, ask=upstream.models)
        source = Relay(chat=upstream.chat, theirs=names.theirs)
        policy = replace(POLICY, requires=())
        made = make(source, policy=policy, certified=False, can=wishes.ALL, offered=names.offered)
        with listening("127.0.0.1", 0) as on:
            config = uvicorn.Config(create_app(made.guard), log_level="critical", access_log=False, lifespan="off")
            running = uvicorn.Server(config)
            running.install_signal_handlers = lambda: None  # type: ignore[method-assign]
            task = asyncio.create_task(running.serve(sockets=[on]))
            try:
                yield Fronted(made, f"http://127.0.0.1:{on.getsockname()[1]}/v1", server)
            finally:
                running.should_exit = True
                await task
                await upstream.close()


def client(fronted: Fronted) -> openai.AsyncOpenAI:
    """The real client."""
    return openai.AsyncOpenAI(base_url=fronted.url, api_key="client-key", max_retries=0)


async def test_the_openai_client_chats_with_an_upstream(make: Make) -> None:
    """Whole and streamed, with counts and probabilities; the key that goes on is the guard's, never the client's."""
    async with serving(make, Server()) as fronted, client(fronted) as ask:
        whole = await ask.chat.completions.create(model="clinic", messages=ASKED, presence_penalty=0.5)
        assert whole.choices[0].message.content == "Rest and drink water."
        assert whole.model == "clinic"
        stream = await ask.chat.completions.create(
            model="clinic", messages=ASKED, stream=True, stream_options={"include_usage": True}
        )
        chunks = [chunk async for chunk in stream]
        assert "".join(c.choices[0].delta.content or "" for c in chunks if c.choices) == "Rest and drink water."
        assert chunks[-1].usage is not None
        assert chunks[-1].usage.total_tokens == 16
        assert [model.id async for model in ask.models.list()] == ["clinic"]
        with pytest.raises(openai.NotFoundError):
            await ask.chat.completions.create(model="their-phantom", messages=ASKED)
        with pytest.raises(openai.BadRequestError):
            await ask.chat.completions.create(model="clinic", messages=ASKED, top_logprobs=2)
    for head, body in zip(fronted.upstream.heads, fronted.upstream.bodies, strict=True):
        assert b"bearer sk-upstream" in head.lower()
        assert b"client-key" not in head + body
        assert json.loads(body)["model"] == "their-phantom"
        assert b"x-stainless" not in head.lower()
    assert json.loads(fronted.upstream.bodies[0])["presence_penalty"] == 0.5


async def test_nothing_of_an_upstreams_response_comes_through(make: Make) -> None:
    """Neither its headers nor its error bodies."""
    async with serving(make, Server()) as fronted, client(fronted) as ask:
        raw = await ask.chat.completions.with_raw_response.create(model="clinic", messages=ASKED)
        assert "x-secret" not in raw.headers
        assert "set-cookie" not in raw.headers
    failing = Server([b'{"error": {"message": "zebra"}}'], status="500 Oh")
    async with serving(make, failing) as fronted, client(fronted) as ask:
        with pytest.raises(openai.InternalServerError) as caught:
            await ask.chat.completions.create(model="clinic", messages=ASKED)
        assert caught.value.status_code == 502
        assert "zebra" not in str(caught.value)
    slow = Server(pause=lambda number: 5.0)
    async with serving(make, slow, timeouts=Timeouts(first=0.2)) as fronted, client(fronted) as ask:
        with pytest.raises(openai.InternalServerError) as late:
            await ask.chat.completions.create(model="clinic", messages=ASKED, stream=True)
        assert (late.value.status_code, late.value.code) == (504, "upstream_timeout")


async def test_the_openai_client_calls_tools(make: Make) -> None:
    """Whole and streamed; and its own helper puts a stream together."""
    async with serving(make, Server(calling(("book", '{"day": "monday"}')))) as fronted, client(fronted) as ask:
        whole = await ask.chat.completions.create(model="clinic", messages=ASKED, tools=[TOOL])
        (call,) = whole.choices[0].message.tool_calls or []
        assert isinstance(call, openai.types.chat.ChatCompletionMessageFunctionToolCall)
        assert (call.function.name, json.loads(call.function.arguments)) == ("book", {"day": "monday"})
        assert whole.choices[0].finish_reason == "tool_calls"
        async with ask.chat.completions.stream(model="clinic", messages=ASKED, tools=[TOOL]) as stream:
            final = await stream.get_final_completion()
        assert (final.choices[0].message.tool_calls or [])[0].function.name == "book"
        # The answer goes back as it came, with what the tool gave.
        history = [*ASKED, whole.choices[0].message.to_dict(), {"role": "tool", "tool_call_id": call.id, "content": "booked"}]
        fronted.upstream.parts = answer(["Done."])
        again = await ask.chat.completions.create(model="clinic", messages=history, tools=[TOOL])
        assert again.choices[0].message.content == "Done."


async def test_the_openai_client_asks_for_a_form(make: Make) -> None:
    """A schema goes on, and the answer comes whole."""
    form: Any = {"type": "json_schema", "json_schema": {"name": "form", "schema": {"type": "object"}, "strict": True}}
    async with serving(make, Server(answer(['{"a":', " 1}"]))) as fronted, client(fronted) as ask:
        stream = await ask.chat.completions.create(model="clinic", messages=ASKED, response_format=form, stream=True)
        texts = [c.choices[0].delta.content async for c in stream if c.choices and c.choices[0].delta.content]
        assert texts == ['{"a": 1}']
    assert json.loads(fronted.upstream.bodies[0])["response_format"] == form


async def test_the_openai_client_moderates(make: Make) -> None:
    """Flags per text."""
    async with serving(make, Server()) as fronted, client(fronted) as ask:
        told = await ask.moderations.create(input=[WELL, f"my ssn is {SSN}"], model="omni-moderation-latest")
        assert [result.flagged for result in told.results] == [False, True]
        assert told.results[1].categories.model_extra == {"identifiers": True}
    assert fronted.upstream.bodies == []


async def test_the_openai_client_asks_for_responses(make: Make) -> None:
    """Whole, streamed by its own helper, with a tool; and what needs state is refused."""
    async with serving(make, Server()) as fronted, client(fronted) as ask:
        whole = await ask.responses.create(model="clinic", input=WELL, instructions="Be kind.", store=False)
        assert whole.output_text == "Rest and drink water."
        async with ask.responses.stream(model="clinic", input=WELL) as stream:
            kinds = [event.type async for event in stream]
            final = await stream.get_final_response()
        assert final.output_text == "Rest and drink water."
        assert kinds[0] == "response.created"
        assert kinds[-1] == "response.completed"
        fronted.upstream.parts = calling(("book", '{"day": "monday"}'))
        tool: Any = {"type": "function", "name": "book", "parameters": {"type": "object"}, "strict": False}
        called = await ask.responses.create(model="clinic", input=WELL, tools=[tool])
        (call,) = called.output
        assert call.type == "function_call"
        assert json.loads(call.arguments) == {"day": "monday"}
        with pytest.raises(openai.BadRequestError) as caught:
            await ask.responses.create(model="clinic", input=WELL, previous_response_id=whole.id)
        assert caught.value.param == "previous_response_id"


async def _raw(url: str, **fields: Any) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    host, port = url.removeprefix("http://").removesuffix("/v1").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    body = json.dumps({"model": "clinic", "messages": ASKED} | fields).encode()
    head = "POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
    await writer.drain()
    return reader, writer


async def _until(reached: Callable[[], Any]) -> None:
    async with asyncio.timeout(10):
        while not reached():
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("stream", [True, False], ids=["stream", "whole"])
async def test_a_client_that_goes_away_ends_the_upstreams_work(make: Make, stream: bool) -> None:
    """The connection to the upstream is closed in the middle of its answer, streamed to the client or not."""
    endless = Server(answer(["word "] * 10_000), pause=lambda number: 0.005)
    async with serving(make, endless) as fronted:
        reader, writer = await _raw(fronted.url, stream=stream)
        await _until(lambda: endless.bodies)
        if stream:
            await reader.readuntil(b"word ")
        writer.transport.abort()
        await _until(lambda: endless.gone == 1)
        await _until(lambda: b'"outcome":"disconnected"' in fronted.made.all_lines())


async def test_many_streams_that_break_off_leave_nothing_behind(make: Make) -> None:
    """Sixty-four at a time, most hanging up somewhere: no task is left, and each has ended in the trail."""
    generator = random.Random(64)
    busy = Server(answer([f"w{number} " for number in range(60)]), pause=lambda number: 0.002)
    async with serving(make, busy) as fronted:
        before = len(asyncio.all_tasks())

        async def one(hangs_up: bool) -> None:
            reader, writer = await _raw(fronted.url, stream=True)
            if hangs_up:
                with contextlib.suppress(asyncio.IncompleteReadError):
                    await reader.readexactly(generator.randint(1, 3_000))
                writer.transport.abort()
            else:
                async with asyncio.timeout(30):
                    assert b"w59 " in await reader.readuntil(b"[DONE]")
                writer.close()

        await asyncio.gather(*(one(number % 4 != 0) for number in range(64)))
        await _until(lambda: fronted.made.all_lines().count(b'"phase":"ended"') == 64)
        await _until(lambda: len(asyncio.all_tasks()) <= before)
        lines = fronted.made.all_lines()
        assert lines.count(b'"outcome":"served"') >= 16
        assert lines.count(b'"outcome":"disconnected"') > 20
    assert threading.active_count() < 40


async def test_no_forbidden_character_over_real_sockets(make: Make) -> None:
    """A few of the leak test's answers over loopback, a character's bytes in two packets included."""
    text = "Høj feber æøå 🤒 " + SSN + " and more"
    data = b"".join(answer([text[at : at + 3] for at in range(0, len(text), 3)]))
    for size in (1, 7, 64, 5_000):
        parts = [data[at : at + size] for at in range(0, len(data), size)]
        server = Server(parts if size > 1 else [bytes([byte]) for byte in data])
        async with serving(make, server) as fronted:
            for stream in (True, False):
                reader, writer = await _raw(fronted.url, stream=stream)
                told = b""
                async with asyncio.timeout(20):
                    while b"content_filter" not in told:
                        part = await reader.read(65_536)
                        assert part
                        told += part
                writer.close()
                said = re.sub(rb"[0-9a-f]{10,}", b"", told.partition(b"\r\n\r\n")[2])  # ids and times are digits, too
                assert b"123" not in said.split(b"emergency")[0]
                assert b"6789" not in said
