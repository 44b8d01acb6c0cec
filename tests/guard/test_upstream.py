"""The client of an upstream, over real sockets: time limits, attempts, refusals, and a connection that ends with its reader."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import socket
from typing import Any

import pytest

from guard.errors import InputError, UpstreamError
from guard.upstream import Timeouts, Upstream
from tests.guard.proxy.upstreams import Server, answer

QUICK = Timeouts(connect=1.0, first=0.15, between=0.15, total=0.6)


@contextlib.asynccontextmanager
async def asking(server: Server, **fields: Any) -> Any:
    """An upstream client of a running server."""
    async with server.running():
        upstream = Upstream(url=server.url, again=(0.01, 0.02), **fields)
        try:
            yield upstream
        finally:
            await upstream.close()


async def whole(upstream: Upstream, body: bytes = b"{}") -> bytes:
    """All bytes of an answer."""
    async with contextlib.aclosing(upstream.chat(body)) as parts:
        return b"".join([part async for part in parts])


async def test_an_answer_comes_as_it_was_sent() -> None:
    """The body goes as it is, with the key and nothing of a client's; the bytes come back as they are."""
    server = Server()
    async with asking(server, key="sk-secret") as upstream:
        assert await whole(upstream, b'{"model":"m"}') == b"".join(server.parts)
        assert await whole(upstream) == b"".join(server.parts)
    head = server.heads[0].lower()
    assert head.startswith(b"post /v1/chat/completions http/1.1")
    assert b"authorization: bearer sk-secret" in head
    assert server.bodies[0] == b'{"model":"m"}'
    # Cookies of one answer never go with another request.
    assert b"cookie" not in server.heads[1].lower()
    assert "sk-secret" not in repr(upstream)


async def test_models_are_plain_names() -> None:
    """What could carry anything else is left out."""
    async with asking(Server(models=("a-1", "org/b:7", "x" * 200, "<script>", "with space"))) as upstream:
        assert await upstream.models() == ("a-1", "org/b:7")


class Pieces(Server):
    """A server whose list of models comes in pieces."""

    pieces: tuple[bytes, ...] = ()

    async def _answer(self, head: bytes, writer: asyncio.StreamWriter, reader: asyncio.StreamReader) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
        for piece in self.pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0.05)


async def test_a_list_of_models_in_two_pieces_is_read_to_its_end() -> None:
    """The first piece is no JSON without the second."""
    server = Pieces()
    server.pieces = (b'{"data": [{"id": "a-1"}, {"i', b'd": "b-2"}]}')
    async with asking(server) as upstream:
        assert await upstream.models() == ("a-1", "b-2")


async def test_a_list_of_models_has_a_longest_length(monkeypatch: pytest.MonkeyPatch) -> None:
    """The longest is read, one byte more is refused, also where no single piece is too long."""
    pieces = (b'{"data": [{"id": "a-1"}, {"i', b'd": "b-2"}]}')
    for most, fits in ((sum(map(len, pieces)), True), (sum(map(len, pieces)) - 1, False)):
        monkeypatch.setattr("guard.upstream._MOST_MODELS", most)
        server = Pieces()
        server.pieces = pieces
        async with asking(server) as upstream:
            with contextlib.nullcontext() if fits else pytest.raises(UpstreamError, match="more models than"):
                assert len(await upstream.models()) == 2


@pytest.mark.parametrize(
    ("status", "code", "told"),
    [
        ("400 Bad", "upstream_refused", 400), ("401 No", "upstream_error", 502), ("404 None", "upstream_refused", 400),
        ("429 Slow", "upstream_busy", 429), ("500 Oh", "upstream_error", 502), ("302 Away", "upstream_error", 502),
    ],
)  # fmt: skip
async def test_a_refusal_is_told_in_our_words(status: str, code: str, told: int) -> None:
    """Asked once; nothing of its body or headers is in the error."""
    server = Server([b'{"error": {"message": "zebra"}}'], status=status, headers=["Location: http://127.0.0.1:1/zebra"])
    async with asking(server) as upstream:
        with pytest.raises(UpstreamError) as caught:
            await whole(upstream)
    assert (caught.value.code, caught.value.status) == (code, told)
    assert "zebra" not in str(caught.value)
    assert len(server.bodies) == 1


async def test_what_does_not_stream_is_refused() -> None:
    """A whole JSON answer is not what was asked for."""
    async with asking(Server([b"{}"], headers=["Content-Type: application/json"])) as upstream:
        with pytest.raises(UpstreamError, match="no answer that streams"):
            await whole(upstream)


async def test_it_is_asked_again_before_the_first_byte_only() -> None:
    """Three times when it is down for a moment; never once something of an answer has come."""
    down = Server(status="503 Busy")
    async with asking(down) as upstream:
        with pytest.raises(UpstreamError):
            await whole(upstream)
    assert len(down.bodies) == 3
    breaking = Server(answer(["one", "two"])[:2], headers=["Content-Type: text/event-stream", "Content-Length: 9999"])
    async with asking(breaking) as upstream:
        with pytest.raises(UpstreamError) as caught:
            await whole(upstream)
    assert caught.value.code == "upstream_broken"
    assert len(breaking.bodies) == 1


async def test_nobody_there() -> None:
    """A port on which nobody listens: three attempts, one line."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        upstream = Upstream(url=f"http://127.0.0.1:{taken.getsockname()[1]}/v1", again=(0.01,))
        with pytest.raises(UpstreamError, match="can't be reached"):
            await whole(upstream)
        await upstream.close()


@pytest.mark.parametrize(
    ("slow", "least"), [(lambda n: 5.0 if n == 0 else 0, 0), (lambda n: 5.0 if n == 2 else 0, 1), (lambda n: 0.1, 3)],
    ids=["first byte", "between", "total"],
)  # fmt: skip
async def test_each_time_limit_holds(slow: Any, least: int) -> None:
    """Until the first byte, between two pieces, in total; what came before was given out."""
    got = []
    async with asking(Server(answer(["x"] * 20), pause=slow), timeouts=QUICK) as upstream:
        async with asyncio.timeout(3):
            with pytest.raises(UpstreamError) as caught:
                async with contextlib.aclosing(upstream.chat(b"{}")) as parts:
                    async for part in parts:
                        got.append(part)
    assert (caught.value.code, caught.value.status) == ("upstream_timeout", 504)
    assert len(got) >= least


async def test_a_slow_reader_does_not_run_into_the_limit_between_pieces() -> None:
    """The limits are about the upstream, not about whoever reads; a reader that stops ends the connection."""
    server = Server(answer(["x"] * 3))
    async with asking(server, timeouts=QUICK) as upstream:
        async with contextlib.aclosing(upstream.chat(b"{}")) as parts:
            got = []
            async for part in parts:
                got.append(part)
                await asyncio.sleep(0.2 if len(got) == 1 else 0)
        assert b"".join(got) == b"".join(server.parts)
    endless = Server([b": more\n\n"] * 100_000, pause=lambda number: 0.001)
    async with asking(endless) as upstream:
        async with contextlib.aclosing(upstream.chat(b"{}")) as parts:
            await anext(parts)
        async with asyncio.timeout(3):
            while not endless.gone:
                await asyncio.sleep(0.01)
    gc.collect()


@pytest.mark.parametrize(
    "url",
    ["ftp://host/v1", "host/v1", "http://", "http://u:p@host/v1", "http://host/v1?key=1", "http://host:x/v1", "http://h/#a"],
)
def test_what_is_no_address(url: str) -> None:
    """One line at the start, and no password in it."""
    with pytest.raises(InputError, match="not an address"):
        Upstream(url=url)


@pytest.mark.parametrize("key", ["a b", "a\r\nX-Header: 1", "æ"])
def test_what_is_no_key(key: str) -> None:
    """A key can't smuggle a header in; it is not quoted."""
    with pytest.raises(InputError) as caught:
        Upstream(url="http://host/v1", key=key)
    assert key not in str(caught.value)


def test_time_limits_are_read() -> None:
    """Four numbers above 0."""
    assert Timeouts.read("1,2.5,3,4") == Timeouts(connect=1, first=2.5, between=3, total=4)
    for text in ("1,2,3", "1,2,3,x", "1,2,3,0", "1,2,3,inf", "nan,1,1,1", ""):
        with pytest.raises(InputError):
            Timeouts.read(text)


JSON = ("Content-Type: application/json",)


async def test_a_whole_answer_comes_as_it_was_sent() -> None:
    """In pieces or not; one that streams all the same is told as one."""
    server = Server([b'{"a":', b"1}"], headers=JSON)
    async with asking(server) as upstream:
        assert await upstream.whole(b'{"model":"m"}') == (b'{"a":1}', False)
    assert b"accept: application/json" in server.heads[0].lower()
    assert server.bodies == [b'{"model":"m"}']
    async with asking(Server()) as upstream:
        assert await upstream.whole(b"{}") == (b"".join(Server().parts), True)


async def test_a_whole_answer_may_take_all_the_time_there_is_and_no_more() -> None:
    """Its first byte comes when all of it is made."""
    quick = Timeouts(connect=1.0, first=0.1, between=0.1, total=0.6)
    async with asking(Server([b"{}"], headers=JSON, pause=lambda number: 0.3), timeouts=quick) as upstream:
        assert await upstream.whole(b"{}") == (b"{}", False)
    async with asking(Server([b"{}"], headers=JSON, pause=lambda number: 5.0), timeouts=quick) as upstream:
        with pytest.raises(UpstreamError) as caught:
            await upstream.whole(b"{}")
    assert (caught.value.code, caught.value.status) == ("upstream_timeout", 504)


@pytest.mark.parametrize(("status", "times"), [("503 Busy", 3), ("504 Late", 1)])
async def test_a_gateway_that_gave_up_is_not_asked_for_the_whole_again(status: str, times: int) -> None:
    """It would have all of it made once more."""
    server = Server(status=status)
    async with asking(server) as upstream:
        with pytest.raises(UpstreamError, match="no answer that can be read"):
            await upstream.whole(b"{}")
    assert len(server.bodies) == times


class Silent(Server):
    """A server that takes a request and hangs up after a while, without a word."""

    after: float = 0.0

    async def _answer(self, head: bytes, writer: asyncio.StreamWriter, reader: asyncio.StreamReader) -> None:
        await asyncio.sleep(self.after)


@pytest.mark.parametrize(("after", "times"), [(0.0, 3), (0.3, 1)])
async def test_work_that_was_lost_with_its_connection_is_not_asked_for_again(after: float, times: int) -> None:
    """Only a connection that breaks before a first byte was due is taken for one that never carried the request."""
    server = Silent()
    server.after = after
    async with asking(server, timeouts=Timeouts(connect=1.0, first=0.2, between=0.2, total=5.0)) as upstream:
        with pytest.raises(UpstreamError) as caught:
            await upstream.whole(b"{}")
    assert caught.value.code == "upstream_unreachable"
    assert len(server.bodies) == times


async def test_a_whole_answer_has_a_longest_length_and_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody reads more than that, and half of one is none."""
    monkeypatch.setattr("guard.upstream.MOST_BYTES", 10)
    async with asking(Server([b"x" * 11], headers=JSON)) as upstream:
        with pytest.raises(UpstreamError, match="without an end"):
            await upstream.whole(b"{}")
    async with asking(Server([b"{}"], headers=(*JSON, "Content-Length: 9"))) as upstream:
        with pytest.raises(UpstreamError) as caught:
            await upstream.whole(b"{}")
    assert caught.value.code == "upstream_broken"
