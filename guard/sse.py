"""Server-sent events out of raw bytes, however they were cut on the way. Pure.

Comes in: bytes. Goes out: the data of each event, as text. Lines end in a line feed, a return or both; comments and fields
that are not data are left out; a character whose bytes came in two pieces is whole again.
"""

from __future__ import annotations

from guard.errors import UpstreamError

LONGEST = 1_048_576
"""Bytes of one event, beyond which nobody waits for its end."""
_MARK = b"\xef\xbb\xbf"
_PLAIN, _END = b"data: ", b"\n\n"


class Reader:
    """The state of one stream."""

    def __init__(self, longest: int = LONGEST) -> None:
        """Begin with no bytes."""
        self._longest = longest
        self._rest = b""
        self._data: list[bytes] = []
        self._size = 0
        self._after_return = False
        self._first = True

    def feed(self, data: bytes) -> list[str]:
        """Take the next bytes and return the data of the events that they complete.

        Raises:
            UpstreamError: An event is too long, or is not UTF-8.
        """
        if self._after_return and data.startswith(b"\n"):
            data, self._after_return = data[1:], False
        if not data:
            return []
        if not self._data and b"\r" not in data and (plain := self._plain(self._rest + data)) is not None:
            return plain
        self._after_return = data.endswith(b"\r")
        if b"\r" in data:
            data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        *lines, self._rest = (self._rest + data).split(b"\n")
        found = [text for line in lines if (text := self._line(line)) is not None]
        if len(self._rest) + self._size > self._longest:
            raise UpstreamError("the model behind the guard sent an event without an end", code="upstream_garbage")
        return found

    def _plain(self, data: bytes) -> list[str] | None:
        """Take whole events of one line of data each, which is what nearly all are; None if there is anything else."""
        end = data.rfind(_END)
        if end < 0 or not data.startswith(_PLAIN) or len(data) - end > self._longest:
            return None
        try:
            events = data[len(_PLAIN) : end].decode().split("\n\ndata: ")
        except UnicodeDecodeError:
            return None
        if data.count(b"\n", 0, end) != 2 * len(events) - 2:  # another line in some event
            return None
        self._rest, self._first, self._after_return = data[end + len(_END) :], False, False
        return events

    def _line(self, line: bytes) -> str | None:
        """Take one line; return the data of the event that it ends, if it ends one with data."""
        if self._first:
            line, self._first = line.removeprefix(_MARK), False
        if not line:
            return self._event()
        name, _, value = line.partition(b":")
        if name == b"data":
            self._data.append(value.removeprefix(b" "))
            self._size += len(value)
        return None

    def _event(self) -> str | None:
        if not self._data:
            return None
        data, self._data, self._size = b"\n".join(self._data), [], 0
        try:
            return data.decode()
        except UnicodeDecodeError:
            raise UpstreamError("the model behind the guard sent what is no text", code="upstream_garbage") from None
