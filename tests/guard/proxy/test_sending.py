"""A client that goes away stops the work, once; whoever else stops it is not kept from it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from guard.proxy.direct import Asked, Headers
from guard.proxy.sending import GRACE, Present


def leaving(after: float) -> Any:
    """What a server tells of a client that leaves after some seconds."""

    async def receive() -> dict[str, Any]:
        """Tell it."""
        await asyncio.sleep(after)
        return {"type": "http.disconnect"}

    return receive


async def test_work_ends_when_the_client_goes_away() -> None:
    """Without an error; the task itself goes on."""
    reached = []
    with Present(leaving(0.0)) as client:
        await asyncio.sleep(5)
        reached.append("the end")
    assert client.gone
    assert reached == []
    await asyncio.sleep(0)  # no cancellation is left over
    task = asyncio.current_task()
    assert task
    assert task.cancelling() == 0


async def test_work_that_is_quick_needs_no_look() -> None:
    """Nobody asks the server anything before `GRACE` is over, and nothing listens afterwards."""
    asked = []

    async def receive() -> Any:
        """Note that somebody asked."""
        asked.append(1)
        await asyncio.sleep(5)
        return {"type": "http.disconnect"}

    with Present(receive) as quick:
        await asyncio.sleep(0)
    await asyncio.sleep(2 * GRACE)
    assert asked == []
    before = len(asyncio.all_tasks())
    with Present(receive) as slow:
        await asyncio.sleep(2 * GRACE)
    await asyncio.sleep(0)
    assert asked == [1]
    assert len(asyncio.all_tasks()) == before
    assert not quick.gone
    assert not slow.gone


async def test_another_who_stops_the_work_is_heard() -> None:
    """A server that shuts down, at the same time as the client leaves."""

    async def work() -> None:
        """Wait for ever."""
        with Present(leaving(GRACE)):
            await asyncio.sleep(5)

    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_an_error_of_the_work_comes_out() -> None:
    """It is nobody's going away."""
    with pytest.raises(ValueError, match="ours"), Present(leaving(5)):
        raise ValueError("ours")


def asked(body: list[bytes], headers: list[tuple[bytes, bytes]], most: int = 10) -> Asked:
    """A request whose body comes in pieces."""
    pieces = iter(body)
    left = len(body)

    async def receive() -> dict[str, Any]:
        """Give the next piece."""
        nonlocal left
        left -= 1
        return {"type": "http.request", "body": next(pieces), "more_body": left > 0}

    return Asked({"headers": headers}, receive, most)  # type: ignore[arg-type]


async def test_a_body_is_read_up_to_its_longest_length() -> None:
    """Whatever the client says of it, and not at all where it says that it is longer."""
    from guard.errors import RequestRefused

    assert await asked([b"12345", b"67890"], []).body() == b"1234567890"
    for pieces, headers in (
        ([b"12345", b"67890", b"1"], []),
        ([b"1"], [(b"content-length", b"11")]),
        ([b""], [(b"content-length", b"x")]),
    ):
        with pytest.raises(RequestRefused) as caught:
            await asked(pieces, headers).body()
        assert (caught.value.status, caught.value.code) == (413, "request_too_large")


def test_headers_are_found_by_name() -> None:
    """The first of several, or all of them."""
    headers = Headers([(b"a", b"1"), (b"b", b"2"), (b"a", b"3")])
    assert (headers.get("a"), headers.get("c"), headers.get("c", "x")) == ("1", None, "x")
    assert (headers.getall("a"), headers.getall("c", [])) == (["1", "3"], [])
    assert asked([b""], [(b"content-type", b"Application/JSON; charset=utf-8")]).content_type[0] == "application/json"
