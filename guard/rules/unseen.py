"""Characters that nobody sees: they neither part what stands around them nor count towards its length."""

from __future__ import annotations

import unicodedata

MOST = 20_000
"""Characters of an unsettled text, seen or not; nothing written for people comes near it."""
# Variation selectors, and a joiner, that Unicode does not count among its format characters.
_SELECTORS = frozenset(map(chr, (0x034F, *range(0x180B, 0x180E), 0x180F, *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))))


def is_unseen(character: str) -> bool:
    """Tell whether a character is a format character or a variation selector."""
    return not character.isascii() and (unicodedata.category(character) == "Cf" or character in _SELECTORS)


def back(text: str, end: int, count: int) -> int:
    """Return where the last `count` seen characters before `end` begin, at most `MOST` characters away."""
    least = max(0, end - MOST)
    while end > least and count:
        end -= 1
        count -= not is_unseen(text[end])
    return end
