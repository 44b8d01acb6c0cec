"""The application: the one place where routes, limits and error shapes are wired together."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, Callable, Coroutine, Sequence
from functools import partial
from typing import Any

from litestar import Litestar, Request, Response
from litestar.exceptions import HTTPException
from litestar.types import ASGIApp, Scope

from guard.errors import AuscultError, RateLimited, RequestRefused
from guard.proxy import health, reply, routes, serving
from guard.proxy.auth import NO_KEYS, KnowsCallers
from guard.proxy.direct import Direct
from guard.proxy.guard import Guard
from guard.proxy.limits import Rates
from guard.proxy.outer import Bounds, Outer, Watcher

_log = logging.getLogger("auscult.proxy")
Watch = Callable[[], Coroutine[Any, Any, None]]
"""Starts something that runs beside the server."""
BODY = 1_048_576
"""Longest request in bytes, unless said otherwise."""
BOUNDS = Bounds()
"""Of a guard that only this machine can reach."""


def create_app(
    guard: Guard,
    *,
    keys: KnowsCallers = NO_KEYS,
    body: int = BODY,
    watches: Sequence[Watch] = (),
    bounds: Bounds = BOUNDS,
    rate: int = 0,
    watchers: Sequence[Watcher] = (),
) -> Litestar:
    """Make the ASGI application of a guard.

    Args:
        guard: What it runs.
        keys: API keys; without them, see `auth.check_bind` before listening.
        body: Longest request in bytes.
        watches: What runs beside the server, and is cancelled with it.
        bounds: What a request must keep to before anything of it is read.
        rate: Requests a minute for each key that has no number of its own; 0 for as many as it likes.
        watchers: Told of each request that has ended.
    """
    served = routes.handlers(guard, keys, Rates(usual=rate))
    app = Litestar(
        route_handlers=[*served, *health.handlers(guard)],
        openapi_config=None,
        logging_config=None,
        debug=False,
        request_max_body_size=body,
        lifespan=[partial(_beside, watches)],
        exception_handlers={
            RequestRefused: _refused,
            AuscultError: _failed,
            HTTPException: _http,
            Exception: _failed,
        },
    )
    # Around everything, also around what no route takes.
    paths = frozenset(route.path for route in app.routes)
    busiest = {path: one.fn for one in served for path in one.paths if path in routes.BUSIEST}
    app.asgi_handler = Outer(Direct(app.asgi_handler, busiest, body, _told), bounds, paths, watchers)
    return app


@contextlib.asynccontextmanager
async def _beside(watches: Sequence[Watch], _: Litestar) -> AsyncGenerator[None, None]:
    """Run watches while the application runs."""
    tasks = [asyncio.create_task(one()) for one in watches]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


_Any = Request[Any, Any, Any]


def _refused(_: _Any, error: RequestRefused) -> Response[bytes]:
    headers = {"WWW-Authenticate": "Bearer"} if error.status == 401 else {}
    if isinstance(error, RateLimited):
        headers["Retry-After"] = str(error.wait)
    if error.request:
        headers["Auscult-Request"] = error.request
    return Response(reply.refusal(error), status_code=error.status, media_type=serving.JSON, headers=headers)


def _told(scope: Scope, error: Exception) -> ASGIApp:
    request: _Any = Request(scope)
    response = _refused(request, error) if isinstance(error, RequestRefused) else _failed(request, error)
    return response.to_asgi_response(app=None, request=request)


_PROBLEMS = {
    404: ("there is nothing at this address", "not_found"),
    405: ("this address is not asked in that way", "method_not_allowed"),
    413: ("the request is too long", "request_too_large"),
}


def _http(request: _Any, error: HTTPException) -> Response[bytes]:
    # The framework's own text may quote the request.
    problem, code = _PROBLEMS.get(error.status_code, ("the request is not served", "bad_request"))
    answer = _refused(request, RequestRefused(problem, code=code, status=error.status_code))
    if error.status_code == 405:
        here = (route.methods for route in request.app.routes if route.path == request.scope["path"])
        answer.headers["Allow"] = ", ".join(sorted(map(str, next(here, ()))))
    return answer


def _failed(_: _Any, error: Exception) -> Response[bytes]:
    # Only its kind: a message may hold what somebody wrote.
    _log.error("a request failed: %s", type(error).__name__)
    return _refused(_, RequestRefused("the guard could not serve this", code="guard_error", status=503))
