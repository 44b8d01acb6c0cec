"""Make every letter of a text visible: with the fonts that the typesetter carries, or as its code point.

A PDF for archives may hold no letter without a shape. One that no font has, and one that is invisible or turns the order
of others round, is therefore written as `[U+1F600]`: never dropped, and never able to make a name look like another.
"""

from __future__ import annotations

import unicodedata
from functools import cache

from certify.report.pdf.typesetter import ARCHIVE, compiled, load

_PLAIN = frozenset(chr(code) for code in range(0x20, 0x7F)) | frozenset("\n\xa0")
_INVISIBLE = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"})
_PROBE = "#set text(font: json(bytes(sys.inputs.fonts)))\n#sys.inputs.letter"


def visible(text: str) -> str:
    """Write letters that can't be shown as their code points."""
    return "".join(letter if letter in _PLAIN or _shown(letter) else f"[U+{ord(letter):04X}]" for letter in text)


@cache
def _shown(letter: str) -> bool:
    if unicodedata.category(letter) in _INVISIBLE:
        return False
    carrier = "a" if unicodedata.combining(letter) else ""
    try:
        compiled(_PROBE, {"letter": carrier + letter}, [ARCHIVE])
    except load().TypstError:
        return False
    return True
