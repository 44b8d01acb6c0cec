"""A patient's name and number in every odd place of a request, and of an upstream's answer: they are in no sink."""

from __future__ import annotations

import contextlib
import json
import logging
from collections.abc import AsyncGenerator, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client import generate_latest

from guard import audit
from guard.audit import words
from guard.errors import UpstreamError
from guard.policy import Action
from guard.proxy import tracing
from tests.guard.proxy.conftest import POLICY
from tests.guard.proxy.hostile import CANARY, Live, ask, chat, head, live, whole
from tests.guard.proxy.upstreams import Fake, answer, calling, chunk, event

NAME = "Quillfeather_123-45-6789"
TEXT = f"{CANARY} 123-45-6789"
FORBIDDEN = ("quillfeather", "zacharias", "123-45", "123456789")


def _tool(**function: Any) -> dict[str, Any]:
    return {"type": "function", "function": {"name": "book"} | function}


def _called(**function: Any) -> list[dict[str, Any]]:
    call = {"id": NAME, "type": "function", "function": {"name": "book", "arguments": "{}"} | function}
    return [
        {"role": "user", "content": "well"}, {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": NAME, "content": "ok"},
    ]  # fmt: skip


WELL = [{"role": "user", "content": "I have a cold"}]
KEYED = json.dumps({TEXT: TEXT})
FORM = {"type": "json_schema", "json_schema": {"name": NAME, "schema": {TEXT: TEXT}}}
BODIES: dict[str, dict[str, Any]] = {
    "the model": {"model": TEXT}, "a text": {}, "a system text": {"messages": [{"role": "system", "content": TEXT}, *WELL]},
    "a role": {"messages": [{"role": TEXT, "content": "a"}]}, "a field": {"messages": WELL, TEXT: TEXT},
    "a name": {"messages": [{"role": "user", "content": "a", "name": NAME}]},
    "a field of a message": {"messages": [{"role": "user", "content": "a", TEXT: 1}]},
    "the kind of a part": {"messages": [{"role": "user", "content": [{"type": TEXT, "text": "a"}]}]},
    "the user": {"messages": WELL, "user": TEXT}, "the user as an object": {"messages": WELL, "user": {TEXT: TEXT}},
    "metadata": {"messages": WELL, "metadata": {TEXT: TEXT}}, "a stop text": {"messages": WELL, "stop": [TEXT]},
    "a tool's name": {"messages": WELL, "tools": [_tool(name=NAME)]},
    "no tool's name": {"messages": WELL, "tools": [_tool(name=TEXT)]},
    "a description": {"messages": WELL, "tools": [_tool(description=TEXT)]},
    "a key of a schema": {"messages": WELL, "tools": [_tool(parameters={TEXT: {TEXT: 1}})]},
    "a tool that is chosen": {"messages": WELL, "tool_choice": {"type": "function", "function": {"name": NAME}}},
    "a field of a tool": {"messages": WELL, "tools": [_tool(**{TEXT: 1})]},
    "a form": {"messages": WELL, "response_format": FORM},
    "the kind of a form": {"messages": WELL, "response_format": {"type": TEXT}},
    "an id of a call": {"messages": _called()}, "a name of a call": {"messages": _called(name=NAME)},
    "arguments of a call": {"messages": _called(arguments=json.dumps({TEXT: TEXT}))},
    "arguments that are none": {"messages": _called(arguments=TEXT)},
    "a number": {"messages": WELL, "seed": 123456789123456789123456789},
    "a wrong type": {"messages": TEXT}, "a stream's options": {"messages": WELL, "stream_options": {TEXT: TEXT}},
}  # fmt: skip
OTHERS = {
    "/v1/responses": [
        {"model": "phantom", "input": TEXT}, {"model": TEXT, "input": TEXT}, {"model": "phantom", "input": [{"type": TEXT}]},
        {"model": "phantom", "input": "a", "previous_response_id": TEXT},
        {"model": "phantom", "input": "a", "metadata": {TEXT: TEXT}},
        {"model": "phantom", "input": "a", "instructions": TEXT},
        {"model": "phantom", "input": "a", "text": {"format": {"type": TEXT}}},
        {"model": "phantom", "input": [{"type": "function_call", "call_id": NAME, "name": NAME, "arguments": TEXT}]},
    ],
    "/v1/moderations": [{"input": TEXT}, {"input": "a", "model": TEXT}, {"input": [{"type": TEXT}]}, {"input": "a", TEXT: 1}],
    "/beta/litellm_basic_guardrail_api": [
        {"input_type": "request", "texts": [TEXT]}, {"input_type": "response", "texts": [TEXT]},
        {"input_type": TEXT, "texts": []},
        {"input_type": "request", "texts": ["a"], "litellm_call_id": TEXT, "request_headers": {TEXT: TEXT}, "model": TEXT},
        {"input_type": "request", "texts": ["a"], "structured_messages": [{"role": TEXT, "content": TEXT}]},
        {"input_type": "response", "texts": [], "tool_calls": [{"function": {"name": NAME, "arguments": KEYED}}]},
    ],
}  # fmt: skip
HEADERS = (
    "User-Agent", "Referer", "Cookie", "X-Forwarded-For", "X-Request-Id", "traceparent", "baggage", "Authorization",
    "Auscult-Require", "Auscult-Receipt", "Accept", "Content-Encoding", TEXT.replace(" ", "-"),
)  # fmt: skip
ANSWERS = {
    "an id and a model": [event({"id": TEXT, "model": TEXT, "system_fingerprint": TEXT, "choices": []}), *answer(["Rest."])],
    "a reason": [chunk({"content": "Rest."}), chunk(finish=TEXT), b"data: [DONE]\n\n"],
    "an error": [event({"error": {"message": TEXT, "type": TEXT, "code": TEXT}})],
    "no JSON": [f"data: {TEXT}\n\n".encode()],
    "a field of an event": [f"event: {TEXT}\nid: {TEXT}\n: {TEXT}\n\n".encode(), *answer(["Rest."])],
    "reasoning": [chunk({"reasoning_content": TEXT}), *answer(["Rest."])],
    "a tool that nobody defined": calling((NAME, "{}")),
    "arguments": calling(("book", json.dumps({TEXT: TEXT}))),
    "arguments that are none": calling(("book", TEXT)),
    "a role": [chunk({"role": TEXT}), *answer(["Rest."])],
    "a text that is withheld": answer(["My number is ", "123-", "45-6789", f" says {CANARY}"]),
}


@dataclass
class Odd(Fake):
    """An upstream that says what it is told to by the test, or raises what an HTTP library might."""

    now: list[bytes] | None = None

    async def chat(self, body: bytes) -> AsyncGenerator[bytes, None]:
        """Answer."""
        self.parts = self.now or answer(["Rest", " and", " drink", " water."])
        async for part in super().chat(body):
            yield part


@contextlib.contextmanager
def _sinks(folder: Path) -> Iterator[tuple[Live, list[str]]]:
    """A guard, and everything that it told anybody; complete when the block has ended."""
    kept, told = InMemorySpanExporter(), []
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(kept))
    policy = replace(POLICY, requires=(), rules={"identifiers": Action.BLOCK, "doses": Action.NOTICE})
    with live(folder, upstream=Odd(), policy=policy) as on:
        on.guard.store.listen(tracing.Traces(provider).event)
        yield on, told
        events = [audit.decode(line)[0] for line in on.guard.store.lines()]
        told += ["\n".join(words.story([one])) for one in events]
    told += [on.logged.getvalue(), generate_latest(on.numbers.registry).decode()]
    told += [span.to_json() for span in kept.get_finished_spans()]
    told += [path.read_bytes().decode("latin-1") for path in folder.iterdir()]
    assert on.logged.getvalue().count("\n") > 1
    assert kept.get_finished_spans()


def _check(told: list[str]) -> None:
    for sink in told:
        found = [part for part in FORBIDDEN if part in sink.lower()]
        assert not found, sink[max(0, sink.lower().index(found[0]) - 300) :][:500]


def test_odd_places_of_a_request(tmp_path: Path) -> None:
    """Names of models, tools, fields and speakers, keys of schemas, ids, headers, queries and paths, streamed or not."""
    with _sinks(tmp_path) as (on, told):
        for fields in BODIES.values():
            for stream in (False, True):
                came = ask(
                    on.port, whole(chat(**({"messages": [{"role": "user", "content": TEXT}], "stream": stream} | fields)))
                )
                assert came.status in (200, 400, 404)
                told += [came.body.decode(), str(came.headers)]
        for path, bodies in OTHERS.items():
            for one in bodies:
                came = ask(on.port, whole(json.dumps(one).encode(), target=path))
                assert came.status in (200, 400, 404)
                told += [came.body.decode(), str(came.headers)]
        for name in HEADERS:
            came = ask(on.port, whole(chat(messages=WELL), f"{name}: {TEXT}"))
            told += [came.body.decode(), str(came.headers)]
        for target in (f"/v1/{NAME}", f"/{NAME}", f"/v1/models?{NAME}={NAME}", f"http://{NAME}/v1/models"):
            for method in ("GET", "POST", NAME):
                came = ask(on.port, head(method, target, "Content-Length: 0"))
                told += [came.body.decode(), str(came.headers)]
    _check(told)


@pytest.mark.parametrize("name", ANSWERS)
def test_odd_places_of_an_answer(tmp_path: Path, name: str) -> None:
    """Ids, reasons, errors, names of tools and what can't be read: none of it goes on, or stays anywhere."""
    with _sinks(tmp_path) as (on, told):
        assert isinstance(on.upstream, Odd)
        on.upstream.now = ANSWERS[name]
        for stream in (False, True):
            came = ask(on.port, whole(chat(messages=WELL, stream=stream, tools=[_tool()])))
            told += [came.body.decode(), str(came.headers)]
        on.upstream.now, on.upstream.error = None, UpstreamError("broke")
        ask(on.port, whole(chat(messages=WELL)))
    _check(told)


def test_the_sweep_sees_a_leak(tmp_path: Path) -> None:
    """With one line in the log that quotes, the check fails."""
    with _sinks(tmp_path) as (on, told):
        ask(on.port, whole(chat(messages=WELL)))
        logging.getLogger("auscult.proxy").warning("asked by %s", TEXT)
    with pytest.raises(AssertionError):
        _check(told)
