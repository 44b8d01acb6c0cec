"""The floor: a bare pass-through of Litestar and aiohttp, which reads nothing and records nothing. Run by uvicorn."""

from __future__ import annotations

import contextlib
import os
from collections.abc import AsyncGenerator
from typing import Any

import aiohttp
from litestar import Litestar, Request, Response, get, post
from litestar.response import Stream

UPSTREAM = os.environ["BENCH_UPSTREAM"]
_HEADERS = {"Content-Type": "application/json"}


@contextlib.asynccontextmanager
async def _session(app: Litestar) -> AsyncGenerator[None, None]:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), timeout=aiohttp.ClientTimeout(total=None)) as one:
        app.state.session = one
        yield


@post("/v1/chat/completions", status_code=200)
async def chat(request: Request[Any, Any, Any]) -> Response[Any]:
    """Pass a request on, and its answer back."""
    session: aiohttp.ClientSession = request.app.state.session
    body = await request.body()
    answer = await session.post(UPSTREAM + "/chat/completions", data=body, headers=_HEADERS)
    if answer.content_type == "text/event-stream":
        return Stream(_pieces(answer), media_type=answer.content_type)
    async with answer:
        return Response(await answer.read(), media_type=answer.content_type)


async def _pieces(answer: aiohttp.ClientResponse) -> AsyncGenerator[bytes, None]:
    async with answer:
        async for data in answer.content.iter_any():
            yield data


@get("/healthz")
async def health() -> dict[str, str]:
    """Say that it runs."""
    return {"status": "ok"}


app = Litestar([chat, health], lifespan=[_session], openapi_config=None, logging_config=None)
