"""As much of DER as a request for a time stamp and its answer need: values written, split, and set in order."""

from __future__ import annotations

SEQUENCE, INTEGER, OCTETS, BOOLEAN, IDENTIFIER, FIRST = 0x30, 0x02, 0x04, 0x01, 0x06, 0xA0
"""Tags; FIRST is the context-specific, constructed tag [0]."""


def value(tag: int, content: bytes) -> bytes:
    """Write one value."""
    size = len(content)
    if size < 0x80:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content


def identifier(dotted: str) -> bytes:
    """Write an object identifier: two numbers in the first byte, then seven bits a byte."""
    first, second, *rest = (int(number) for number in dotted.split("."))
    encoded = b""
    for number in (40 * first + second, *rest):
        groups = [number >> shift & 0x7F for shift in range(0, max(number.bit_length(), 1), 7)][::-1]
        encoded += bytes([*(group | 0x80 for group in groups[:-1]), groups[-1]])
    return value(IDENTIFIER, encoded)


def split(data: bytes) -> list[tuple[int, bytes]]:
    """Return the values that stand one after the other, by tag and content.

    Raises:
        ValueError: They are cut off, or of a length that is not stated.
    """
    found = []
    while data:
        if len(data) < 2 or data[1] == 0x80:
            raise ValueError("cut off, or without a length")
        start = 2 if data[1] < 0x80 else 2 + (data[1] & 0x7F)
        size = data[1] if data[1] < 0x80 else int.from_bytes(data[2:start], "big")
        if len(data) < start + size:
            raise ValueError("cut off")
        found.append((data[0], data[start : start + size]))
        data = data[start + size :]
    return found


def in_order(reply: bytes) -> bytes:
    """Sort the certificates that travel in an authority's reply, as DER wants it and not every authority does it.

    They are not signed, and their order means nothing; strict readers refuse a set that is out of order. What is no such
    reply comes back as it is.
    """
    try:
        ((outer, body),) = split(reply)
        status, (token_tag, token) = split(body)
        kind, (content_tag, content) = split(token)
        ((signed_tag, signed),) = split(content)
        parts = [(tag, _sorted(inner) if tag == FIRST else inner) for tag, inner in split(signed)]
    except ValueError:
        return reply
    data = value(content_tag, value(signed_tag, b"".join(value(*part) for part in parts)))
    return value(outer, value(*status) + value(token_tag, value(*kind) + data))


def _sorted(contents: bytes) -> bytes:
    return b"".join(sorted(value(*one) for one in split(contents)))
