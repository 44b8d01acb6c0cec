"""Text as its reader sees it, with the way back to where each character stands.

Comes in: text as it was written. Goes out: the same with plain digits, dashes, spaces and letters, without characters that
nobody sees or that only stand on others; and for each character the place that it came from. Whatever is found in the plain
text is then found however it was written, and its span stands in the text that was written.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from guard.rules import unseen

GROUPING = "\u00a0"
"""Stands in plain text for a narrow or unbreakable space before a group of three digits; any other space is a plain one."""

_NARROW = frozenset("\u00a0\u2007\u2008\u2009\u202f")
_NOT_GROUPING = re.compile(rf"(?<![0-9]){GROUPING}|{GROUPING}(?![0-9]{{3}}(?![0-9]))")
_DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d"
# Letters of other scripts that nobody can tell from Latin ones; the rules know no other script.
_LOOKS = dict(
    zip(
        "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456\u0458\u0455\u04bb\u0501\u051b\u0410\u0412\u0415\u041a\u041c\u041d"
        "\u041e\u0420\u0421\u0422\u0425\u0406\u0408\u0405\u03bf\u0391\u0392\u0395\u0397\u0399\u039a\u039c\u039d\u039f\u03a1"
        "\u03a4\u03a7\u0396\u0131\u0261",
        "aeopcyxijshdqABEKMHOPCTXIJSoABEHIKMNOPTXZig",
        strict=True,
    )
)
_OTHER_FORMS = ("<font>", "<wide>", "<narrow>", "<square>", "<small>", "<compat>")


@dataclass(frozen=True, slots=True)
class Plain:
    """A text as its reader sees it."""

    text: str
    """What is seen."""
    _places: tuple[list[int], list[int]] | None = None
    """Where each of its characters begins and ends in what was written; None if each stands where it stood."""

    def back(self, first: int, last: int) -> tuple[int, int]:
        """Return where a part of the plain text, which is not empty, stands in what was written."""
        return (first, last) if self._places is None else (self._places[0][first], self._places[1][last - 1])


def of(text: str) -> Plain:
    """Return a text as its reader sees it, in time that grows with its length only."""
    if unseen.is_ascii(text):
        return Plain(text.replace("\t", " "))
    forms = {character: _form(character) for character in set(text)}
    if all(len(form) == 1 for form in forms.values()):
        return Plain(_spaced("".join(map(forms.__getitem__, text))))
    shown: list[str] = []
    begins: list[int] = []
    ends: list[int] = []
    for place, character in enumerate(text):
        if shown and unicodedata.combining(character):
            joined = unicodedata.normalize("NFC", shown[-1] + character)
            shown[-1] = joined if len(joined) == 1 else shown[-1]
            ends[-1] = place + 1
            continue
        for one in forms[character]:
            shown.append(one)
            begins.append(place)
            ends.append(place + 1)
    return Plain(_spaced("".join(shown)), (begins, ends))


def _spaced(text: str) -> str:
    return _NOT_GROUPING.sub(" ", text) if GROUPING in text else text


@lru_cache(65_536)
def _form(character: str) -> str:
    """Return how a character is written plainly; "" for one that is not seen, or stands on the one before it."""
    if unseen.is_unseen(character) or unicodedata.combining(character):
        return ""
    if character in _NARROW:
        return GROUPING
    if character == "\t" or unicodedata.category(character) == "Zs" or character == "\u2800":
        return " "
    if character.isascii():
        return character
    if character.isdecimal():
        return str(unicodedata.decimal(character))
    if character in _DASHES:
        return "-"
    if unicodedata.decomposition(character).startswith(_OTHER_FORMS):
        other = unicodedata.normalize("NFKC", character)
        if other.isascii() or other.isalnum():
            return other
    return _LOOKS.get(character, character)
