"""Characters that nobody sees: they neither part what stands around them nor count towards its length."""

from __future__ import annotations

import re
import unicodedata

MOST = 20_000
"""Characters of an unsettled text, seen or not; nothing written for people comes near it."""
# Variation selectors, a joiner, and letters without a form, which Unicode does not count among its format characters.
_SELECTORS = frozenset(
    map(
        chr,
        (0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, *range(0x180B, 0x180E), 0x180F, 0x3164, *range(0xFE00, 0xFE10), 0xFFA0,
         *range(0xE0100, 0xE01F0)),
    )
)  # fmt: skip

_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1b\x7f]")


def is_ascii(text: str) -> bool:
    """Tell whether a text is plain ASCII, all of it seen."""
    return text.isascii() and not _CONTROLS.search(text)


def is_unseen(character: str) -> bool:
    """Tell whether a character is a format or control character, other than a space, or a variation selector."""
    if character.isascii():
        return not character.isprintable() and not character.isspace()
    return (unicodedata.category(character) in ("Cf", "Cc") and not character.isspace()) or character in _SELECTORS


def seen(text: str) -> list[int] | None:
    """Return where the characters stand that are seen, each by itself; None if all are."""
    if is_ascii(text):
        return None
    hidden = {one for one in set(text) if is_unseen(one) or unicodedata.combining(one)}
    return [place for place, one in enumerate(text) if one not in hidden] if hidden else None


def back(text: str, end: int, count: int) -> int:
    """Return where the last `count` seen characters before `end` begin, at most `MOST` characters away."""
    least = max(0, end - MOST)
    if is_ascii(text[max(least, end - count) : end]):
        return max(least, end - count)
    while end > least and count:
        end -= 1
        count -= not is_unseen(text[end])
    return end
