"""The routes. Each hands bytes to a reader, a request to `Exchange`, and what comes back to a writer; nothing else."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.types import ASGIApp

from guard.errors import RequestRefused
from guard.proxy import guardrail, moderations, reply, responses, serving, wire
from guard.proxy.auth import Caller, KnowsCallers
from guard.proxy.exchange import Exchange
from guard.proxy.guard import Guard
from guard.proxy.limits import Rates
from guard.proxy.overheard import Overheard
from guard.proxy.reply import ChatWriter
from guard.proxy.response_writer import ResponseWriter
from guard.proxy.serving import HEADERS, JSON, AnyRequest
from guard.proxy.wire import ChatRequest

BUSIEST = frozenset({"/v1/chat/completions", "/v1/responses"})
"""Paths of handlers that only need what `direct.Asked` tells of a request, and answer for themselves."""


def handlers(guard: Guard, keys: KnowsCallers, rates: Rates | None = None) -> list[HTTPRouteHandler]:
    """Return the route handlers of a guard."""
    limits = rates or Rates()

    def admitted(request: AnyRequest) -> Caller:
        # Before the body is read: who may not ask costs nothing.
        caller = keys.caller(request.headers.get("authorization", ""), request.scope["path"])
        limits.admit(caller)
        return caller

    async def read(request: AnyRequest) -> tuple[Caller, Guard, dict[str, Any]]:
        """Return who asks, the guard as it serves them, and what they sent."""
        caller = admitted(request)
        return caller, serving.current(guard, caller, request), wire.read_object(await serving.body_of(request))

    def chat_of(now: Guard, value: dict[str, Any]) -> ChatRequest:
        """Read a chat."""
        defaults = replace(now.sampling, seed=now.seed())
        return wire.read_value(value, defaults=defaults, allow=frozenset(now.policy.fields.allow), can=now.can)

    @post("/v1/chat/completions", status_code=200)
    async def chat(request: AnyRequest) -> ASGIApp:
        """Complete a chat."""
        caller, now, value = await read(request)
        asked = chat_of(now, value)
        exchange = await _begin(now, caller, asked)
        writer = ChatWriter(
            id=exchange.id,
            created=int(now.clock().timestamp()),
            model=asked.model,
            with_marks=bool(asked.wishes.fields.get("logprobs")),
            with_usage=asked.include_usage,
        )
        return await serving.serve(now, exchange, writer, request, stream=asked.stream)

    @post("/v1/responses", status_code=200)
    async def respond(request: AnyRequest) -> ASGIApp:
        """Complete a chat in the form of responses, without state."""
        caller, now, value = await read(request)
        asked = chat_of(now, responses.to_chat(value, frozenset(now.policy.fields.allow)))
        exchange = await _begin(now, caller, asked)
        repeated = {name: value[name] for name in ("tools", "tool_choice", "parallel_tool_calls") if value.get(name)}
        created = int(now.clock().timestamp())
        writer = ResponseWriter(id=exchange.id, created=created, model=asked.model, asked=repeated)
        return await serving.serve(now, exchange, writer, request, stream=asked.stream)

    @post("/v1/moderations", status_code=200)
    async def moderate(request: AnyRequest) -> Response[bytes]:
        """Judge texts."""
        caller, now, value = await read(request)
        heard = [moderations.exchange_of(now, caller, text) for text in moderations.read(value)]
        for one in heard:
            await _hear(one)
        body = moderations.body(now, caller, heard)
        return Response(body, media_type=JSON, headers=moderations.headers(now, heard))

    @post("/beta/litellm_basic_guardrail_api", status_code=200)
    async def guardrails(request: AnyRequest) -> Response[bytes]:
        """Judge what a LiteLLM gateway sends."""
        caller, now, value = await read(request)
        sent = guardrail.read(value, frozenset(now.policy.fields.allow))
        if sent is None:
            body = guardrail.blocked("this holds something that can't be judged: only text can")
            return Response(body, media_type=JSON, headers=HEADERS)
        if sent.is_answer:
            return await _overhear(now, caller, sent)
        exchange = Exchange(now, caller, guardrail.asked(now, sent))
        await _hear(exchange)
        languages = exchange.judgements[-1].cell.languages
        body = guardrail.body(now, sent, exchange.verdict, languages)
        return Response(body, media_type=JSON, headers=serving.headers(now, exchange))

    @get("/v1/models")
    async def models(request: AnyRequest) -> Response[bytes]:
        """List the models."""
        admitted(request)
        return Response(reply.models(await guard.names()), media_type=JSON, headers=HEADERS)

    return [chat, respond, moderate, guardrails, models]


async def _begin(guard: Guard, caller: Caller, asked: ChatRequest) -> Exchange:
    if asked.model not in await guard.names():
        raise RequestRefused("no such model is served", code="model_not_found", status=404, param="model")
    return Exchange(guard, caller, asked)


async def _hear(exchange: Exchange) -> None:
    """Judge what was sent, with nobody to answer it."""
    try:
        await exchange.hear()
        exchange.delivered()
    finally:
        await exchange.finish()


async def _overhear(guard: Guard, caller: Caller, sent: guardrail.Sent) -> Response[bytes]:
    overheard = Overheard(guard, caller, sent.conversation)
    try:
        verdict = await overheard.judge("\n".join(sent.texts), sent.calls)
    finally:
        await overheard.finish()
    body = guardrail.body(guard, sent, verdict, overheard.languages)
    headers = HEADERS | {
        "Auscult-Request": overheard.id,
        "Auscult-Certificate": guard.certificate,
        "Auscult-Action": str(overheard.action),
        "Auscult-Status": str(overheard.status),
    }
    return Response(body, media_type=JSON, headers=headers)
