"""Reading ahead, names of models, and probabilities of tokens: the small parts of the upstream's path."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guard.errors import InputError, UpstreamError
from guard.proxy import names
from guard.proxy.ahead import batches
from guard.proxy.marks import Marks
from guard.proxy.names import Names


async def counting(given_out: list[int], closed: list[bool], fail_at: int | None = None) -> AsyncGenerator[int, None]:
    """Numbers up to a hundred, or to where it fails."""
    try:
        for number in range(100):
            if number == fail_at:
                raise UpstreamError("it failed")
            given_out.append(number)
            yield number
    finally:
        closed.append(True)


async def test_no_more_than_a_few_wait_and_nothing_is_lost() -> None:
    """Whoever reads slowly holds up the source; what comes out is what went in, in order, and the source is closed."""
    given_out: list[int] = []
    closed: list[bool] = []
    found: list[int] = []
    async for batch in batches(counting(given_out, closed), most=5):
        assert 1 <= len(batch) <= 5
        found += batch
        await asyncio.sleep(0.001)
        assert len(given_out) <= len(found) + 6
    assert found == list(range(100))
    assert closed == [True]


@pytest.mark.parametrize("fail_at", [0, 1, 7])
async def test_what_came_before_an_error_comes_out(fail_at: int) -> None:
    """Then the error does."""
    found: list[int] = []
    with pytest.raises(UpstreamError):
        async for batch in batches(counting([], [], fail_at)):
            found += batch
    assert found == list(range(fail_at))


async def test_a_reader_that_leaves_closes_the_source() -> None:
    """No task is left behind."""
    closed: list[bool] = []
    before = asyncio.all_tasks()
    async with contextlib.aclosing(batches(counting([], closed), most=3)) as reading:
        await anext(reading)
    assert closed == [True]
    assert asyncio.all_tasks() == before


async def test_an_upstreams_names_are_asked_for_now_and_then() -> None:
    """Once in five minutes; with a map never, and then only what stands in it is offered."""
    asked: list[float] = []
    now = [0.0]

    async def ask() -> tuple[str, ...]:
        asked.append(now[0])
        return ("a", "b")

    known = Names(given={}, ask=ask, clock=lambda: now[0])
    assert [await known.offered() for _ in range(3)] == [("a", "b")] * 3
    assert await known.theirs("a") == "a"
    now[0] = names.LASTS + 1
    await known.offered()
    assert asked == [0.0, names.LASTS + 1]
    mapped = Names(given=names.read_map("clinic=a, other=b"), ask=ask)
    assert await mapped.offered() == ("clinic", "other")
    assert await mapped.theirs("clinic") == "a"
    with pytest.raises(UpstreamError) as caught:
        await mapped.theirs("a")
    assert caught.value.status == 404
    assert len(asked) == 2


@pytest.mark.parametrize("text", ["a", "=b", "a=", "a=b,a=c"])
def test_a_map_that_is_none(text: str) -> None:
    """One line at the start."""
    with pytest.raises(InputError, match="ours=theirs"):
        names.read_map(text)


@given(st.lists(st.text(min_size=1, max_size=6).filter(lambda text: text.isprintable()), min_size=1, max_size=12), st.data())
def test_tokens_come_out_with_their_text_and_never_before(texts: list[str], data: st.DataObject) -> None:
    """However text is held back, the tokens given out are a beginning of all tokens, and lie in the released text."""
    marks, held, released, told = Marks(), "", "", b""
    for text in texts:
        encoded = text.encode()
        at = data.draw(st.integers(0, len(encoded)))
        marks.take(text, ((at, -1.0), (len(encoded) - at, -2.0)))
        held += text
        size = data.draw(st.integers(0, len(held)))
        now, held = held[:size], held[size:]
        released += now
        told += b"".join(mark.data for mark in marks.release(now))
        assert released.encode().startswith(told)
    told += b"".join(mark.data for mark in marks.release(held))
    assert told == "".join(texts).encode()
