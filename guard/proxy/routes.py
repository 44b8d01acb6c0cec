"""The routes. Each hands bytes to `wire`, a request to `Exchange`, and what comes back to `reply`; nothing else."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import AsyncGenerator
from dataclasses import replace
from typing import Any

from litestar import Request, Response, get, post
from litestar.background_tasks import BackgroundTask
from litestar.handlers import HTTPRouteHandler
from litestar.response import Stream
from litestar.types import Receive

from guard.errors import RequestRefused
from guard.proxy import reply, wire
from guard.proxy.auth import Keys
from guard.proxy.exchange import Exchange, Withheld
from guard.proxy.guard import Guard
from guard.proxy.reply import Frame
from guard.proxy.wire import ChatRequest

_log = logging.getLogger("auscult.proxy")
JSON = "application/json"
SSE = "text/event-stream"
_HEADERS = {"Cache-Control": "no-store"}


def handlers(guard: Guard, keys: Keys) -> list[HTTPRouteHandler]:
    """Return the route handlers of a guard."""

    @post("/v1/chat/completions", status_code=200)
    async def chat(request: Request[Any, Any, Any]) -> Response[Any]:
        """Complete a chat."""
        caller = keys.caller(request.headers.get("authorization", ""))
        # A web page can send other types to this address without asking; JSON it can't.
        if request.content_type[0] != JSON:
            raise RequestRefused("the body must be sent as application/json", code="invalid_type", status=415)
        defaults = replace(guard.sampling, seed=guard.seed())
        asked = wire.read(await request.body(), defaults=defaults, allow=guard.policy.fields.allow)
        if asked.model != guard.model:
            raise RequestRefused("no such model is served", code="model_not_found", status=404, param="model")
        exchange = Exchange(guard, caller, asked)
        with_receipt = request.headers.get("auscult-receipt") == "1"
        frame = Frame(exchange.id, int(guard.clock().timestamp()), guard.model)
        if asked.stream:
            return await _streamed(guard, exchange, frame, asked, with_receipt)
        return await _whole(guard, exchange, frame, request.receive, with_receipt)

    @get("/v1/models")
    async def models(request: Request[Any, Any, Any]) -> Response[bytes]:
        """List the one model."""
        keys.caller(request.headers.get("authorization", ""))
        return Response(reply.models(guard.model), media_type=JSON, headers=_HEADERS)

    @get("/healthz")
    async def health() -> Response[bytes]:
        """Say that the process lives, and what its certificate is worth."""
        body = json.dumps({"status": "ok", "certificate": guard.certificate, "state": guard.state or "none"})
        return Response(body.encode(), media_type=JSON, headers=_HEADERS)

    return [chat, models, health]


def _headers(guard: Guard, exchange: Exchange) -> dict[str, str]:
    return _HEADERS | {
        "Auscult-Request": exchange.id,
        "Auscult-Certificate": guard.certificate,
        "Auscult-Action": str(exchange.action),
        "Auscult-Status": str(exchange.status),
    }


async def _streamed(guard: Guard, exchange: Exchange, frame: Frame, asked: ChatRequest, with_receipt: bool) -> Response[Any]:
    try:
        await exchange.open()
    except BaseException:
        await exchange.finish()
        raise
    body = _events(exchange, frame, asked.include_usage, with_receipt)
    headers = _headers(guard, exchange) | {"X-Accel-Buffering": "no"}
    return Stream(body, media_type=SSE, headers=headers, background=BackgroundTask(exchange.finish))


async def _events(exchange: Exchange, frame: Frame, include_usage: bool, with_receipt: bool) -> AsyncGenerator[bytes, None]:
    try:
        last = "\n\n"
        yield frame.role()
        async with contextlib.aclosing(exchange.parts()) as parts:
            async for part in parts:
                apart = "\n\n" if isinstance(part, Withheld) and not last.endswith("\n\n") else ""
                last = part.text
                if last:
                    yield frame.text(apart + last)
        yield frame.finish(exchange.finish_reason, exchange.receipt if with_receipt else None)
        if include_usage:
            yield frame.usage(exchange.usage)
        # All text and the reason have been handed over; a client may hang up at the mark.
        exchange.delivered()
        yield reply.DONE
    except Exception as error:
        _log.error("an answer broke off: %s", type(error).__name__)
        yield reply.error_event("the answer could not be completed", code="guard_error")
    finally:
        await exchange.finish()


async def _whole(guard: Guard, exchange: Exchange, frame: Frame, receive: Receive, with_receipt: bool) -> Response[bytes]:
    work = asyncio.ensure_future(_collect(exchange))
    gone = asyncio.ensure_future(_disconnected(receive))
    try:
        await asyncio.wait((work, gone), return_when=asyncio.FIRST_COMPLETED)
        content = await work if work.done() else await _cancelled(work)
    except BaseException:
        await exchange.finish()
        raise
    finally:
        gone.cancel()
        work.cancel()
    receipt = exchange.receipt if with_receipt else None
    body = frame.completion(content, exchange.finish_reason, exchange.usage, receipt)

    async def sent() -> None:
        exchange.delivered()
        await exchange.finish()

    return Response(body, media_type=JSON, headers=_headers(guard, exchange), background=BackgroundTask(sent))


async def _collect(exchange: Exchange) -> str:
    """Put an answer together; where its rest is withheld, nothing of it has to leave at all."""
    await exchange.open()
    said: list[str] = []
    async with contextlib.aclosing(exchange.parts()) as parts:
        async for part in parts:
            if isinstance(part, Withheld):
                said = []
            said.append(part.text)
    return "".join(said)


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _cancelled(work: asyncio.Future[str]) -> str:
    work.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await work
    raise RequestRefused("the client has gone", code="disconnected", status=499)
