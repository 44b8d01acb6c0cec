"""From an exchange to a response, streamed or whole, in whatever form: the one way on which text leaves the guard."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import AsyncGenerator, Coroutine
from functools import partial
from typing import Any, TypeVar, cast

from litestar import Request
from litestar.types import ASGIApp, Receive

from guard.errors import RequestRefused
from guard.policy import HEADER
from guard.proxy import sending
from guard.proxy.auth import Caller
from guard.proxy.exchange import Exchange
from guard.proxy.guard import Guard
from guard.proxy.marks import Mark
from guard.proxy.parts import Calls, Said, Withheld
from guard.proxy.patience import STALLED
from guard.proxy.reply import Whole, Writer

_log = logging.getLogger("auscult.proxy")
JSON = "application/json"
SSE = "text/event-stream"
HEADERS = {"Cache-Control": "no-store"}
"""Of every response."""
T = TypeVar("T")
AnyRequest = Request[Any, Any, Any]


async def body_of(request: AnyRequest) -> bytes:
    """Return a request's body.

    Raises:
        RequestRefused: It is not sent as JSON: a web page can send other types to this address without asking; or compressed.
    """
    if request.content_type[0] != JSON:
        raise RequestRefused("the body must be sent as application/json", code="invalid_type", status=415)
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise RequestRefused("a compressed body is not read", code="unsupported_encoding", status=415)
    return await request.body()


def current(guard: Guard, caller: Caller, request: AnyRequest) -> Guard:
    """Return the guard as it serves this request: by the policy in force for its tenant and route, or a stricter one.

    Raises:
        RequestRefused: What the client demands can't be read, or names what is not there.
    """
    demanded = ",".join(request.headers.getall(HEADER.lower(), []))
    return guard.serving(caller.tenant, request.scope["path"], demanded)


def headers(guard: Guard, exchange: Exchange) -> dict[str, str]:
    """Return the headers that say what was decided."""
    return HEADERS | {
        "Auscult-Request": exchange.id,
        "Auscult-Certificate": guard.certificate,
        "Auscult-Action": str(exchange.action),
        "Auscult-Status": str(exchange.status),
    }


async def serve(guard: Guard, exchange: Exchange, writer: Writer, request: AnyRequest, *, stream: bool) -> ASGIApp:
    """Answer a request.

    Raises:
        RequestRefused: Nothing has been sent, and nothing can be.
        StoreError: The audit trail can't be written.
    """
    with_receipt = request.headers.get("auscult-receipt") == "1"
    exchange.stalled = partial(cast("dict[str, Any]", request.scope).get, STALLED)
    if stream:
        return await _streamed(guard, exchange, writer, request.receive, with_receipt)
    return await _whole(guard, exchange, writer, request.receive, with_receipt)


async def _streamed(guard: Guard, exchange: Exchange, writer: Writer, receive: Receive, with_receipt: bool) -> ASGIApp:
    await unless_gone(exchange.open(), exchange, receive)
    sent = headers(guard, exchange) | {"X-Accel-Buffering": "no"}
    return sending.stream(_events(exchange, writer, with_receipt), SSE, sent, exchange.finish)


async def _events(exchange: Exchange, writer: Writer, with_receipt: bool) -> AsyncGenerator[bytes, None]:
    calls, last = b"", "\n\n"
    try:
        yield writer.begin()
        async with contextlib.aclosing(exchange.parts()) as parts:
            async for part in parts:
                if isinstance(part, Calls):
                    calls = writer.calls(part.calls)
                    continue
                apart = "\n\n" if isinstance(part, Withheld) and not last.endswith("\n\n") else ""
                last = part.text
                if last:
                    yield writer.text(apart + last, part.marks if isinstance(part, Said) else ())
        end = writer.end(exchange.finish_reason, exchange.usage, exchange.receipt if with_receipt else None)
        yield calls + end + writer.done()
        exchange.delivered()
    except Exception as error:
        _log.error("an answer broke off: %s", type(error).__name__)
        yield writer.broken()
    finally:
        await exchange.finish()


async def _whole(guard: Guard, exchange: Exchange, writer: Writer, receive: Receive, with_receipt: bool) -> ASGIApp:
    body = await unless_gone(_written(exchange, writer, with_receipt), exchange, receive)
    return delivered(guard, exchange, body)


def delivered(guard: Guard, exchange: Exchange, body: bytes) -> ASGIApp:
    """Return a whole response, after which the exchange is over."""

    async def after(taken: bool) -> None:
        """End the exchange after the last byte."""
        if taken:
            exchange.delivered()
        await exchange.finish()

    return sending.whole(body, JSON, headers(guard, exchange), after)


async def _written(exchange: Exchange, writer: Writer, with_receipt: bool) -> bytes:
    answer = await _collect(exchange)
    return writer.whole(answer, exchange.finish_reason, exchange.usage, exchange.receipt if with_receipt else None)


async def _collect(exchange: Exchange) -> Whole:
    """Put an answer together; where its rest is withheld, nothing of it has to leave at all."""
    await exchange.open()
    said: list[str] = []
    marks: list[Mark] = []
    calls = Calls(())
    async with contextlib.aclosing(exchange.parts()) as parts:
        async for part in parts:
            match part:
                case Calls():
                    calls = part
                case Withheld():
                    said, marks = [part.text], []
                case Said():
                    said.append(part.text)
                    marks += part.marks
    return Whole("".join(said), tuple(marks), calls.calls)


async def unless_gone(asked: Coroutine[Any, Any, T], exchange: Exchange, receive: Receive) -> T:
    """Wait for something, and stop it when the client goes away.

    Raises:
        RequestRefused: The client has gone; nobody will read this.
    """
    try:
        with sending.Present(receive):
            return await asked
        raise RequestRefused("the client has gone", code="disconnected", status=499)
    except BaseException:
        await exchange.finish()
        raise
