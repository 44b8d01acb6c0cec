"""The client of an OpenAI-compatible server: one request out, the bytes of its answer in, streamed or whole.

Nothing of the server's headers or error bodies goes on to anybody, and the key is in no error and no log. A request is sent
again only while not one byte of an answer has come.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import msgspec

from guard.errors import InputError, UpstreamError

STREAM = "text/event-stream"
"""What a streamed answer is."""
JSON = "application/json"
"""What a whole one is."""
MOST_BYTES = 33_554_432
"""Of a whole answer."""
_AGAIN = frozenset({502, 503, 504})
_TAKES_NOT = frozenset({400, 404, 413, 422})
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,127}")
_MOST_MODELS = 4_194_304
_MANY = "the model behind the guard says of more models than anybody reads"
_ENDLESS = "the model behind the guard sent an answer without an end"


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """How long an upstream may take, in seconds."""

    connect: float = 5.0
    """Until there is a connection."""
    first: float = 60.0
    """Until the first byte of an answer."""
    between: float = 30.0
    """From one piece of an answer to the next."""
    total: float = 600.0
    """For a whole answer, whether it comes in pieces or at once."""

    @classmethod
    def read(cls, text: str) -> Timeouts:
        """Read four numbers: `connect,first,between,total`.

        Raises:
            InputError: They are not four numbers above 0.
        """
        try:
            connect, first, between, total = map(float, text.split(","))
        except ValueError as error:
            raise InputError("the time-outs of the upstream are not four numbers", "write 5,60,30,600") from error
        if not all(0 < number < float("inf") for number in (connect, first, between, total)):
            raise InputError("the time-outs of the upstream must be more than 0")
        return cls(connect=connect, first=first, between=between, total=total)


class _Model(msgspec.Struct):
    id: str


class _Models(msgspec.Struct):
    data: list[_Model]


@dataclass(slots=True, kw_only=True)
class Upstream:
    """One server; its connections are opened when they are needed first, and closed by `close`."""

    url: str
    """Up to and with `/v1`."""
    key: str = field(default="", repr=False)
    """Sent as a bearer token; empty for none."""
    timeouts: Timeouts = field(default_factory=Timeouts)
    """How long it may take."""
    again: tuple[float, ...] = (0.1, 0.5)
    """Seconds to wait before each further attempt."""
    _session: aiohttp.ClientSession | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        """Refuse what is no address.

        Raises:
            InputError: It is not an http or https URL, or holds a password, a query or a fragment.
        """
        self.url = self.url.rstrip("/")
        try:
            parts = urlsplit(self.url)
            odd = not parts.hostname or "@" in parts.netloc or parts.query or parts.fragment or parts.port == 0
        except ValueError:
            odd = True
        if odd or parts.scheme not in ("http", "https"):
            raise InputError(
                "the upstream is not an address", "write --upstream https://host/v1; keys come by AUSCULT_UPSTREAM_KEY"
            )
        if not self.key.isascii() or not (self.key.isprintable()) or " " in self.key:
            raise InputError("the upstream's key holds what no key holds", "check AUSCULT_UPSTREAM_KEY")

    async def chat(self, body: bytes) -> AsyncGenerator[bytes, None]:
        """Send a chat request and yield the bytes of its answer as they come; closing ends the connection.

        Raises:
            UpstreamError: It can't be reached, is late, refuses, or does not stream.
        """
        # Measured, not one time-out around it all: that would fire in whoever reads, between two pieces.
        clock = asyncio.get_running_loop().time
        end = clock() + self.timeouts.total
        async with contextlib.AsyncExitStack() as stack:
            try:
                response = await self._answered(stack, body, (STREAM,), self.timeouts.first)
                wait = self.timeouts.first
                while True:
                    async with asyncio.timeout(min(wait, max(0.0, end - clock()))):
                        data = await response.content.readany()
                    if not data:
                        return
                    wait = self.timeouts.between
                    yield data
            except TimeoutError:
                raise _late() from None
            except aiohttp.ClientError:
                raise UpstreamError("the model behind the guard broke off", code="upstream_broken") from None

    async def whole(self, body: bytes) -> tuple[bytes, bool]:
        """Send a chat request that asks for no stream; return its answer, and whether that came as a stream all the same.

        Raises:
            UpstreamError: It can't be reached, is late, refuses, or says more than anybody reads.
        """
        # One time-out around it all: whoever waits for a whole answer hears nothing of it before its end.
        try:
            async with asyncio.timeout(self.timeouts.total), contextlib.AsyncExitStack() as stack:
                response = await self._answered(stack, body, (JSON, STREAM), self.timeouts.total)
                return await _whole(response.content, MOST_BYTES, _ENDLESS), response.content_type == STREAM
        except TimeoutError:
            raise _late() from None
        except aiohttp.ClientError:
            raise UpstreamError("the model behind the guard broke off", code="upstream_broken") from None

    async def models(self) -> tuple[str, ...]:
        """Return the names of its models; what is no plain name is left out.

        Raises:
            UpstreamError: It does not say.
        """
        try:
            async with asyncio.timeout(self.timeouts.first), self._get_session().get(self.url + "/models") as response:
                if response.status != 200:
                    raise _refused(response.status)
                data = await _whole(response.content, _MOST_MODELS, _MANY)
            return tuple(one.id for one in msgspec.json.decode(data, type=_Models).data if _NAME.fullmatch(one.id))
        except TimeoutError:
            raise _late() from None
        except (aiohttp.ClientError, msgspec.MsgspecError, UnicodeError, RecursionError):
            raise UpstreamError("the model behind the guard does not say which models there are") from None

    async def close(self) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _answered(
        self, stack: contextlib.AsyncExitStack, body: bytes, kinds: tuple[str, ...], patience: float
    ) -> aiohttp.ClientResponse:
        """Ask until there is an answer of some kinds, or no attempt is left.

        A connection that breaks long after it was asked has cost a model's work, which isn't had again.
        """
        late = asyncio.get_running_loop().time() + self.timeouts.first
        for wait in (*self.again, None):
            try:
                async with asyncio.timeout(patience):
                    response = await self._post(body, kinds[0])
            except aiohttp.ConnectionTimeoutError:
                raise _late() from None
            except aiohttp.ClientError:
                if wait is None or asyncio.get_running_loop().time() > late:
                    raise UpstreamError("the model behind the guard can't be reached", code="upstream_unreachable") from None
            else:
                stack.callback(response.close)
                if response.status == 200 and response.content_type in kinds:
                    return response
                response.close()
                # A gateway that gave up on a whole answer would only have it made again.
                if wait is None or response.status not in _AGAIN - ({504} if JSON in kinds else frozenset()):
                    raise _refused(response.status, "that streams" if kinds == (STREAM,) else "that can be read")
            await asyncio.sleep(wait)
        raise AssertionError("the last attempt returns or raises")

    async def _post(self, body: bytes, kind: str) -> aiohttp.ClientResponse:
        headers = {"Content-Type": JSON, "Accept": kind}
        return await self._get_session().post(self.url + "/chat/completions", data=body, headers=headers, allow_redirects=False)

    def _get_session(self) -> aiohttp.ClientSession:
        if self._session is None:
            headers: dict[str, Any] = {"Authorization": f"Bearer {self.key}"} if self.key else {}
            self._session = aiohttp.ClientSession(
                headers=headers,
                # Its own time-outs would also end a stream that is fine; cookies of one answer must not go with the next.
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=self.timeouts.connect, connect=self.timeouts.total),
                cookie_jar=aiohttp.DummyCookieJar(),
                connector=aiohttp.TCPConnector(limit=0),
                auto_decompress=True,
            )
        return self._session


async def _whole(content: aiohttp.StreamReader, most: int, problem: str) -> bytes:
    """Read to the end: a body comes in as many pieces as the network likes."""
    data = bytearray()
    async for part in content.iter_any():
        data += part
        if len(data) > most:
            raise UpstreamError(problem)
    return bytes(data)


def _late() -> UpstreamError:
    return UpstreamError("the model behind the guard took too long", code="upstream_timeout", status=504)


def _refused(status: int, wanted: str = "that can be read") -> UpstreamError:
    if status in _TAKES_NOT:
        return UpstreamError("the model behind the guard does not take this request", code="upstream_refused", status=400)
    if status == 429:
        return UpstreamError("the model behind the guard is asked too often", code="upstream_busy", status=429)
    return UpstreamError(f"the model behind the guard gave no answer {wanted}")
