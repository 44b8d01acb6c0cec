"""Server-sent events: whatever the cuts and line ends, the same data come out; what is none is one of our errors."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guard.errors import UpstreamError
from guard.sse import Reader

STREAM = 'data: {"a": "æ🤒"}\n\n: a comment\ndata:no space\ndata:  two\n\nevent: x\nid: 1\n\ndata: [DONE]\n\n'
EVENTS = ['{"a": "æ🤒"}', "no space\n two", "[DONE]"]


@given(st.lists(st.integers(1, len(STREAM.encode()) + 20), max_size=12), st.sampled_from(["\n", "\r\n", "\r"]), st.booleans())
def test_cuts_and_line_ends_do_not_matter(cuts: list[int], end: str, marked: bool) -> None:
    """A character, a return and its line feed, a field's name: all may be cut."""
    data = (b"\xef\xbb\xbf" if marked else b"") + STREAM.replace("\n", end).encode()
    reader, found = Reader(), []
    places = [0, *sorted(set(cuts)), len(data)]
    for first, last in pairwise(places):
        found += reader.feed(data[first:last])
    assert found == EVENTS


def test_an_event_that_has_not_ended_is_not_given_out() -> None:
    """A stream that breaks off in the middle of an event told nothing with it."""
    assert Reader().feed(b"data: half\n") == []


@pytest.mark.parametrize("data", [b"data: \xff\n\n", b"data: " + b"x" * 50, b"data: xxxxxxxxxxxxxxxxxxxxxx\n" * 3])
def test_what_is_no_text_or_has_no_end(data: bytes) -> None:
    """One of our errors, which holds nothing of it."""
    with pytest.raises(UpstreamError, match="behind the guard") as caught:
        Reader(longest=40).feed(data)
    assert "xx" not in str(caught.value)


@given(st.binary(max_size=80))
def test_nothing_but_our_error_comes_out(data: bytes) -> None:
    """Of any bytes."""
    try:
        Reader().feed(data)
    except UpstreamError as error:
        assert error.code == "upstream_garbage"


PIECES = [
    "data: a\n\n", "data: b c\n\n", "data: \n\n", "data:x\n\n", "data: a\ndata: b\n\n", "event: e\ndata: d\n\n", ": c\n\n",
    "\n", "data: a\r\n\r\n", "data: a\r\r", "data: æ🤒\n\n", "data: a\n: c\n\n", "data: a\n\n\n",
]  # fmt: skip


class Slow(Reader):
    """A reader that takes every line by itself."""

    def _plain(self, data: bytes) -> None:
        return None


@given(st.lists(st.sampled_from(PIECES), max_size=8), st.lists(st.integers(0, 120), max_size=6))
def test_the_quick_way_says_what_the_slow_one_does(pieces: list[str], cuts: list[int]) -> None:
    """Whatever stands between plain events, and wherever they are cut."""
    data = "".join(pieces).encode()
    places = [0, *sorted(set(cuts) & set(range(len(data)))), len(data)]
    quick, slow = Reader(), Slow()
    for first, last in pairwise(places):
        assert quick.feed(data[first:last]) == slow.feed(data[first:last])
